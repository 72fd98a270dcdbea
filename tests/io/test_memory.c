/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_memory.c - what a pair of byte streams in memory does beyond what all do (test_contract.c): splits
 * and delays at will, room, ends that are broken.
 */
#include "eddy/io_memory.h"
#include "io_verbs.h"
#include "reactor/core.h"
#include "support/death.h"
#include "support/heap.h"

static eddy_core *core;
static eddy_io *a, *b;

static void begin(eddy_io_memory_options options)
{
    options.size_bytes = sizeof options;
    core = test_core();
    assert_int_equal(eddy_io_memory_pair(eddy_core_handle(core), &options, &a, &b), 0);
}

static void end(void)
{
    eddy_io_free(a);
    eddy_io_free(b);
    test_settle(core);
    assert_int_equal(test_stats(core).timers_live, 0);
    test_core_end(core);
}

/* The next view. */
static void assert_view(size_t min, const char *text)
{
    assert_int_equal(io_fill(core, b, min), strlen(text));
    assert_int_equal(eddy_io_view(b).len, strlen(text));
    assert_memory_equal(eddy_io_view(b).data, text, strlen(text));
    eddy_io_consume(b, strlen(text));
}

/* ---- splits ---- */

static void views_end_where_the_splits_are_whatever_the_writes(void **state)
{
    static const size_t splits[] = {1, 2, 3};

    (void)state;
    begin((eddy_io_memory_options){.splits = splits, .splits_count = 3});
    io_write_text(core, a, "abcd");
    io_write_text(core, a, "efghi");
    assert_view(1, "a");
    assert_int_equal(eddy_io_view(b).len, 0);
    assert_view(1, "bc");
    assert_view(1, "def");
    assert_view(1, "g"); /* from the beginning */
    assert_view(1, "hi");
    end();
}

static void a_fill_for_more_shows_whole_pieces(void **state)
{
    (void)state;
    begin((eddy_io_memory_options){.split_bytes = 3});
    io_write_text(core, a, "abcdefgh");
    assert_view(4, "abcdef");
    assert_view(1, "gh"); /* the rest of a piece that is not whole yet */
    io_write_text(core, a, "ijkl");
    assert_view(1, "i");
    assert_view(1, "jkl");
    end();
}

static void a_piece_may_be_consumed_in_parts(void **state)
{
    (void)state;
    begin((eddy_io_memory_options){.split_bytes = 4});
    io_write_text(core, a, "abcdefgh");
    assert_int_equal(io_fill(core, b, 1), 4);
    eddy_io_consume(b, 3);
    assert_int_equal(io_fill(core, b, 1), 1);
    assert_int_equal(io_fill(core, b, 2), 5);
    end();
}

static size_t one_more(void *arg)
{
    size_t *last = arg;

    return ++*last == 3 ? 0 : *last;
}

static void a_function_may_say_the_splits(void **state)
{
    size_t last = 0;

    (void)state;
    begin((eddy_io_memory_options){.next_split = one_more, .split_arg = &last});
    io_write_text(core, a, "abcdef");
    assert_view(1, "a");
    assert_view(1, "bc");
    assert_view(1, "def"); /* 0: all that is there */
    end();
}

/* ---- delays ---- */

static void bytes_and_the_end_arrive_after_the_delay(void **state)
{
    int64_t begun_ns;

    (void)state;
    begin((eddy_io_memory_options){.delay_ns = 50 * EDDY_MILLISECOND});
    begun_ns = eddy_now_ns(eddy_core_handle(core));
    io_write_text(core, a, "abc");
    assert_int_equal(eddy_io_view(b).len, 0);
    assert_view(1, "abc");
    assert_true(eddy_now_ns(eddy_core_handle(core)) - begun_ns >= 50 * EDDY_MILLISECOND);
    begun_ns = eddy_now_ns(eddy_core_handle(core));
    assert_int_equal(io_shutdown(core, a), 0);
    assert_int_equal(io_fill(core, b, 1), 0);
    assert_true(eddy_now_ns(eddy_core_handle(core)) - begun_ns >= 50 * EDDY_MILLISECOND);
    end();
}

static void a_flush_waits_until_all_has_arrived(void **state)
{
    (void)state;
    begin((eddy_io_memory_options){.delay_ns = 5 * EDDY_MILLISECOND});
    io_write_text(core, a, "abc");
    assert_int_equal(io_flush(core, a), 0);
    assert_int_equal(test_stats(core).timers_live, 0);
    assert_view(1, "abc");
    end();
}

/* More points of time than are told apart. */
static void many_writes_under_way_arrive_in_order(void **state)
{
    char text[2] = "a";
    size_t have = 0;

    (void)state;
    begin((eddy_io_memory_options){.delay_ns = 20 * EDDY_MILLISECOND});
    for (int i = 0; i < 40; i++) {
        text[0] = (char)('a' + i % 26);
        io_write_text(core, a, text);
        test_spin(eddy_core_handle(core), 10 * EDDY_MICROSECOND);
    }
    while (have < 40) {
        assert_true(io_fill(core, b, 1) > 0);
        assert_int_equal(eddy_io_view(b).data[0], 'a' + have % 26);
        eddy_io_consume(b, 1);
        have++;
    }
    end();
}

static void a_delay_keeps_what_a_freed_end_has_written(void **state)
{
    (void)state;
    begin((eddy_io_memory_options){.delay_ns = 5 * EDDY_MILLISECOND});
    io_write_text(core, a, "abc");
    eddy_io_free(a);
    a = NULL;
    assert_view(1, "abc");
    io_expect_end(core, b);
    end();
}

/* ---- room ---- */

static void a_write_waits_while_there_is_no_room(void **state)
{
    eddy_result n = EDDY_PENDING;

    (void)state;
    begin((eddy_io_memory_options){.room_bytes = 10});
    assert_int_equal(io_write(core, a, "123456789", 9), 9);
    assert_int_equal(io_write(core, a, "abcdef", 6), 6); /* there is some, so all of it */
    test_spawn(core, io_verb, .poll = io_verb_write, .io = a,
               .rest = {(const unsigned char *)"x", 1}, .result = &n);
    test_settle(core);
    assert_int_equal(n, EDDY_PENDING);
    eddy_io_consume(b, (size_t)io_fill(core, b, 1) - 6); /* more than half is left */
    test_settle(core);
    assert_int_equal(n, EDDY_PENDING);
    eddy_io_consume(b, 1);
    test_settle(core);
    assert_int_equal(n, 1);
    io_expect_text(core, b, "bcdefx");
    end();
}

/* A writer waits for half of the room, a reader for more than the other half. */
static void a_reader_that_wants_more_lets_the_writer_go_on(void **state)
{
    eddy_result n = EDDY_PENDING;

    (void)state;
    begin((eddy_io_memory_options){.room_bytes = 10});
    io_write_text(core, a, "1234567890");
    test_spawn(core, io_verb, .poll = io_verb_write, .io = a,
               .rest = {(const unsigned char *)"x", 1}, .result = &n);
    test_settle(core);
    assert_int_equal(io_fill(core, b, 1), 10);
    eddy_io_consume(b, 1);
    assert_int_equal(io_fill(core, b, 10), 10);
    assert_int_equal(n, 1);
    end();
}

/* ---- ends ---- */

static void nobody_who_could_write_is_a_deadlock_that_is_found(void **state)
{
    (void)state;
    begin((eddy_io_memory_options){0});
    assert_int_equal(io_fill(core, b, 1), EDDY_DEADLOCK);
    end();
}

static void an_abort_leaves_what_has_arrived_and_loses_what_is_under_way(void **state)
{
    (void)state;
    begin((eddy_io_memory_options){.delay_ns = 5 * EDDY_MILLISECOND});
    io_write_text(core, a, "abc");
    assert_int_equal(io_flush(core, a), 0);
    io_write_text(core, a, "def");
    eddy_io_abort(a);
    a = NULL;
    assert_view(1, "abc");
    assert_int_equal(io_fill(core, b, 1), -ECONNRESET);
    assert_int_equal(io_fill(core, b, 1), -ECONNRESET);
    assert_int_equal(io_write(core, b, "x", 1), -ECONNRESET);
    assert_int_equal(io_write(core, b, "x", 1), -EPIPE);
    assert_int_equal(io_flush(core, b), -EPIPE);
    assert_int_equal(io_shutdown(core, b), -EPIPE);
    end();
}

static void what_a_freed_end_has_not_read_is_lost_and_told(void **state)
{
    (void)state;
    begin((eddy_io_memory_options){0});
    io_write_text(core, b, "unread");
    assert_int_equal(io_flush(core, b), 0);
    eddy_io_free(a);
    a = NULL;
    assert_int_equal(io_flush(core, b), -EPIPE);
    assert_int_equal(io_write(core, b, "x", 1), -EPIPE);
    io_expect_end(core, b);
    end();
}

static void what_a_freed_half_has_not_read_is_no_error(void **state)
{
    eddy_io_reader reader;
    eddy_io_writer writer;

    (void)state;
    begin((eddy_io_memory_options){0});
    io_write_text(core, b, "abc");
    eddy_io_split(a, &reader, &writer);
    eddy_io_reader_free(&reader); /* as of TCP: it is thrown away */
    assert_int_equal(io_flush(core, b), 0);
    io_write_text(core, b, "def");
    assert_int_equal(io_flush(core, b), 0);
    eddy_io_writer_free(&writer);
    a = NULL;
    io_expect_end(core, b);
    end();
}

static void a_writer_goes_on_when_nobody_reads_any_more(void **state)
{
    eddy_io_reader reader;
    eddy_io_writer writer;
    eddy_result n = EDDY_PENDING;

    (void)state;
    begin((eddy_io_memory_options){.room_bytes = 3, .delay_ns = EDDY_MILLISECOND});
    io_write_text(core, a, "abc");
    test_spawn(core, io_verb, .poll = io_verb_write, .io = a,
               .rest = {(const unsigned char *)"x", 1}, .result = &n);
    test_settle(core);
    assert_int_equal(n, EDDY_PENDING);
    eddy_io_split(b, &reader, &writer);
    eddy_io_reader_free(&reader);
    test_settle(core);
    assert_int_equal(n, 1);
    for (int i = 0; i < 10; i++)
        io_write_text(core, a, "defg");
    eddy_io_writer_free(&writer);
    b = NULL;
    end();
}

static void waits_end_when_the_connection_breaks(void **state)
{
    eddy_result read = EDDY_PENDING, written = EDDY_PENDING;

    (void)state;
    begin((eddy_io_memory_options){.room_bytes = 3});
    io_write_text(core, a, "abc");
    test_spawn(core, io_verb, .poll = io_verb_write, .io = a,
               .rest = {(const unsigned char *)"x", 1}, .result = &written);
    test_spawn(core, io_verb, .poll = io_verb_fill, .io = a, .len = 1, .result = &read);
    test_settle(core);
    eddy_io_memory_break(b, -ETIMEDOUT);
    test_settle(core);
    assert_int_equal(read, -ETIMEDOUT);
    assert_int_equal(written, -ETIMEDOUT);
    assert_view(1, "abc");
    assert_int_equal(io_fill(core, b, 1), -ETIMEDOUT);
    assert_int_equal(io_write(core, b, "x", 1), -ETIMEDOUT);
    end();
}

static void an_error_is_noted_with_the_task(void **state)
{
    eddy_join *join;

    (void)state;
    begin((eddy_io_memory_options){0});
    eddy_io_memory_break(a, -ECONNRESET);
    join = test_spawn_join(core, io_verb, .poll = io_verb_fill, .io = a, .len = 1);
    test_settle(core);
    assert_string_equal(eddy_join_ended(join)->why.operation, "memory: read");
    eddy_join_free(join);
    end();
}

/* ---- making ---- */

static void options_that_make_no_sense_are_refused(void **state)
{
    eddy_io_memory_options options = {.size_bytes = sizeof options, .delay_ns = -1};

    (void)state;
    begin((eddy_io_memory_options){0});
    assert_int_equal(eddy_io_memory_pair(eddy_core_handle(core), &options, &a, &b), -EINVAL);
    options = (eddy_io_memory_options){.size_bytes = 1};
    assert_int_equal(eddy_io_memory_pair(eddy_core_handle(core), &options, &a, &b), -EINVAL);
    end();
}

/* Everything once; `fail_at`: the allocation that fails. False: none did. */
static bool try_without_memory(long fail_at)
{
    struct test_heap heap;
    eddy_allocator allocator = test_heap_allocator(&heap);
    long before;
    int error;

    test_heap_init(&heap, -1);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    eddy__slab_keep_apart(&core->slab);
    before = atomic_load(&heap.calls);
    atomic_store(&heap.fail_at, before + fail_at);
    error = eddy_io_memory_pair(eddy_core_handle(core), NULL, &a, &b);
    if (error == 0) {
        eddy_result n = io_write(core, a, "abc", 3);

        assert_true(n == 3 || n == -ENOMEM);
        if (n == -ENOMEM) /* it may be tried again */
            io_write_text(core, a, "abc");
        io_expect_text(core, b, "abc");
        eddy_io_free(a);
        eddy_io_free(b);
    } else {
        assert_int_equal(error, -ENOMEM);
    }
    fail_at += before;
    before = atomic_load(&heap.calls);
    test_core_end(core);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
    return before > fail_at;
}

static void without_memory_it_fails_and_can_be_tried_again(void **state)
{
    long fail_at = 0;

    (void)state;
    while (try_without_memory(fail_at))
        fail_at++;
    assert_true(fail_at >= 2);
}

static void break_something_else(void *arg)
{
    eddy_tcp *one, *other;

    (void)arg;
    core = test_core();
    (void)eddy_tcp_pair(eddy_core_handle(core), &one, &other);
    eddy_io_memory_break(eddy_tcp_io(one), -ECONNRESET);
}

static void break_with_nothing(void *arg)
{
    (void)arg;
    begin((eddy_io_memory_options){0});
    eddy_io_memory_break(a, 0);
}

static void breaking_what_is_no_memory_stream_is_an_assertion(void **state)
{
    (void)state;
    assert_dies(break_something_else, NULL, "eddy_io_memory_break: this is a tcp stream");
    assert_dies(break_with_nothing, NULL, "eddy_io_memory_break is given no error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_end_where_the_splits_are_whatever_the_writes),
        cmocka_unit_test(a_fill_for_more_shows_whole_pieces),
        cmocka_unit_test(a_piece_may_be_consumed_in_parts),
        cmocka_unit_test(a_function_may_say_the_splits),
        cmocka_unit_test(bytes_and_the_end_arrive_after_the_delay),
        cmocka_unit_test(a_flush_waits_until_all_has_arrived),
        cmocka_unit_test(many_writes_under_way_arrive_in_order),
        cmocka_unit_test(a_delay_keeps_what_a_freed_end_has_written),
        cmocka_unit_test(a_write_waits_while_there_is_no_room),
        cmocka_unit_test(a_reader_that_wants_more_lets_the_writer_go_on),
        cmocka_unit_test(nobody_who_could_write_is_a_deadlock_that_is_found),
        cmocka_unit_test(an_abort_leaves_what_has_arrived_and_loses_what_is_under_way),
        cmocka_unit_test(what_a_freed_end_has_not_read_is_lost_and_told),
        cmocka_unit_test(what_a_freed_half_has_not_read_is_no_error),
        cmocka_unit_test(a_writer_goes_on_when_nobody_reads_any_more),
        cmocka_unit_test(waits_end_when_the_connection_breaks),
        cmocka_unit_test(an_error_is_noted_with_the_task),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(without_memory_it_fails_and_can_be_tried_again),
        cmocka_unit_test(breaking_what_is_no_memory_stream_is_an_assertion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
