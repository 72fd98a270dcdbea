/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_adapt_buffered.c - small writes collected, and large views. The test of tokio-core's buffered.rs is
 * here under its name.
 */
#include "eddy/io_adapt.h"
#include "eddy/io_memory.h"
#include "io_verbs.h"
#include "reactor/core.h"
#include "support/death.h"
#include "support/drop.h"
#include "support/heap.h"

static eddy_core *core;
static eddy_io *a, *b;

static eddy_handle *handle(void)
{
    return eddy_core_handle(core);
}

/* `a` is buffered. */
static void begin(size_t room, size_t read_bytes, size_t write_bytes)
{
    core = test_core();
    assert_int_equal(eddy_io_memory_pair(handle(),
                                         EDDY_OPTIONS(eddy_io_memory_options, .room_bytes = room),
                                         &a, &b),
                     0);
    a = eddy_io_buffered(handle(), a, read_bytes, write_bytes);
}

static void end(void)
{
    eddy_io_free(a);
    eddy_io_free(b);
    test_settle(core);
    test_core_end(core);
}

/* ---- echo_server ---- */

enum { ROUNDS = 1024 };
static const char message[] = "foo bar baz";

struct copying {
    EDDY_FRAME;
    eddy_io *from, *to;
    uint64_t copied;
};

EDDY_ASYNC(copying, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (1) {
            EDDY_POLL(n, eddy_io_poll_fill(self->from, task, 1));
            if (n <= 0)
                break;
            EDDY_POLL(n, eddy_io_poll_forward(self->from, self->to, task));
            if (n < 0)
                break;
            self->copied += (uint64_t)n;
        }
        if (n == 0)
            EDDY_POLL(n, eddy_io_poll_shutdown(self->to, task));
        EDDY_END(n < 0 ? n : (eddy_result)self->copied);
}

struct talking {
    EDDY_FRAME;
    eddy_io *io;
    int round;
};

EDDY_ASYNC(talking, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->round = 0; self->round < ROUNDS; self->round++) {
            EDDY_POLL(n, eddy_io_poll_write(self->io, task, message, sizeof message - 1));
            assert_int_equal(n, sizeof message - 1);
        }
        EDDY_POLL(n, eddy_io_poll_shutdown(self->io, task));
        EDDY_END(n);
}

struct hearing {
    EDDY_FRAME;
    eddy_io *io;
    int round;
};

EDDY_ASYNC(hearing, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->round = 0; self->round < ROUNDS; self->round++) {
            EDDY_POLL(n, eddy_io_poll_fill(self->io, task, sizeof message - 1));
            assert_true(n >= (eddy_result)sizeof message - 1);
            assert_memory_equal(eddy_io_view(self->io).data, message, sizeof message - 1);
            eddy_io_consume(self->io, sizeof message - 1);
        }
        EDDY_POLL(n, eddy_io_poll_fill(self->io, task, 1));
        EDDY_END(n);
}

/* One client writes, the other reads; between them a copy with a buffer on both sides. */
static void buffered_echo_server(void **state)
{
    eddy_tcp *clients[2], *served[2];
    eddy_join *joins[2];
    eddy_io *from, *to;

    (void)state;
    core = test_core();
    for (int i = 0; i < 2; i++)
        assert_int_equal(eddy_tcp_pair(handle(), &clients[i], &served[i]), 0);
    from = eddy_io_buffered(handle(), eddy_tcp_io(served[0]), 8192, 0);
    to = eddy_io_buffered(handle(), eddy_tcp_io(served[1]), 0, 8192);
    joins[0] = test_spawn_join(core, talking, .io = eddy_tcp_io(clients[0]));
    joins[1] = test_spawn_join(core, hearing, .io = eddy_tcp_io(clients[1]));
    assert_int_equal(test_run(core, copying, .from = from, .to = to),
                     ROUNDS * (sizeof message - 1));
    for (int i = 0; i < 2; i++)
        assert_int_equal(test_join_end(core, joins[i]), 0);
    eddy_io_free(from);
    eddy_io_free(to);
    eddy_tcp_free(clients[0]);
    eddy_tcp_free(clients[1]);
    test_pass(core, EDDY_MILLISECOND);
    test_core_end(core);
}

/* ---- writing ---- */

static void small_writes_are_collected_until_a_flush(void **state)
{
    (void)state;
    begin(0, 0, 10);
    io_write_text(core, a, "abc");
    io_write_text(core, a, "def");
    assert_int_equal(eddy_io_view(b).len, 0);
    assert_int_equal(io_flush(core, a), 0);
    assert_int_equal(io_fill(core, b, 1), 6);
    io_expect_text(core, b, "abcdef");
    end();
}

static void what_does_not_fit_any_more_pushes_out_what_was_collected(void **state)
{
    (void)state;
    begin(0, 0, 10);
    io_write_text(core, a, "abcdef");
    io_write_text(core, a, "ghijk");
    io_expect_text(core, b, "abcdef");
    assert_int_equal(eddy_io_view(b).len, 0);
    io_write_text(core, a, "larger than the buffer");
    io_expect_text(core, b, "ghijklarger than the buffer");
    end();
}

static void more_than_there_is_room_for_is_passed_on_in_parts(void **state)
{
    size_t sent = 0, received = 0;
    eddy_join *sender;

    (void)state;
    begin(3 * EDDY_IO_WRITE_WHOLE / 2, 0, 10 * EDDY_IO_WRITE_WHOLE);
    sender =
        test_spawn_join(core, io_sender, .io = a, .have = &sent, .total = 200 * 1000, .shut = true);
    assert_int_equal(
        test_run(core, io_receiver, .io = b, .have = &received, .total = 200 * 1000, .min = 1), 0);
    assert_int_equal(test_join_end(core, sender), 0);
    io_expect_end(core, b);
    end();
}

static void buffers_are_collected_or_passed_on_whole(void **state)
{
    eddy_buf *buf = eddy_buf_new(NULL, 8);

    (void)state;
    assert_non_null(buf);
    memcpy(eddy_buf_data(buf), "12345678", 8);
    begin(0, 0, 10);
    io_write_text(core, a, "ab");
    assert_int_equal(io_write_buf(core, a, buf), 8);
    assert_int_equal(eddy_io_view(b).len, 0);
    assert_int_equal(io_write_buf(core, a, buf), 8);
    io_expect_text(core, b, "ab12345678");
    assert_int_equal(io_flush(core, a), 0);
    io_expect_text(core, b, "12345678");
    eddy_buf_release(buf);
    end();
}

static void a_shutdown_passes_on_what_was_collected(void **state)
{
    (void)state;
    begin(0, 0, 10);
    io_write_text(core, a, "abc");
    assert_int_equal(io_shutdown(core, a), 0);
    assert_int_equal(io_write(core, a, "x", 1), -EPIPE);
    io_expect_text(core, b, "abc");
    io_expect_end(core, b);
    end();
}

static void what_was_collected_is_delivered_though_the_stream_is_freed(void **state)
{
    (void)state;
    begin(3, 0, 10);
    io_write_text(core, a, "abcdefghij");
    io_write_text(core, a, "klm"); /* the first ten fill the room */
    eddy_io_free(a);
    a = NULL;
    io_expect_text(core, b, "abcdefghijklm");
    io_expect_end(core, b);
    end();
}

/* Writes until it has to wait, gives that up, and frees the stream, or its writing half. */
struct gives_up {
    EDDY_FRAME;
    eddy_io *io;
    eddy_io_writer *half;
    size_t *written;
    bool waits;
};

static eddy_result write_until_it_waits(struct gives_up *self, eddy_task *task)
{
    eddy_result n;

    do {
        n = eddy_io_poll_write(self->io, task, "abcd", 4);
        *self->written += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    self->waits = n == EDDY_PENDING && *self->written >= 12; /* else it was its budget */
    return n;
}

EDDY_ASYNC(gives_up, eddy_nothing)
{
    EDDY_BEGIN
        while (!self->waits) {
            assert_int_equal(write_until_it_waits(self, task), EDDY_PENDING);
            EDDY_YIELD();
        }
        if (self->half != NULL)
            eddy_io_writer_free(self->half);
        else
            eddy_io_free(self->io);
        EDDY_YIELD();
        EDDY_END(0);
}

/* What the buffered stream is put on. */
static eddy_io *put_on(int kind, eddy_io *io)
{
    if (kind == 1)
        return eddy_io_timed(handle(), io,
                             EDDY_OPTIONS(eddy_io_timed_options, .write_ns = EDDY_SECOND));
    if (kind == 2)
        return eddy_io_rate(
            handle(), io,
            EDDY_OPTIONS(eddy_io_rate_options, .write_per_s = 1000, .burst_bytes = 4));
    if (kind == 3)
        return eddy_io_take(handle(), eddy_io_borrow(handle(), io), 1);
    return io;
}

static void who_gave_up_writing_may_free_the_stream(void **state)
{
    char got[64];

    (void)state;
    for (int i = 0; i < 8; i++) {
        size_t written = 0, len = 0;
        eddy_io *inner;
        eddy_io_reader reader;
        eddy_io_writer writer;
        eddy_result n;

        begin(3, 0, 0);
        inner = eddy_io_unwrap(a);
        a = eddy_io_buffered(handle(), put_on(i / 2, inner), 0, 8);
        if (i % 2 == 1)
            eddy_io_split(a, &reader, &writer);
        assert_int_equal(test_run(core, gives_up, .io = a, .half = i % 2 == 1 ? &writer : NULL,
                                  .written = &written),
                         0);
        while (len < written) {
            n = io_read(core, b, got + len, sizeof got - len);
            assert_true(n > 0);
            len += (size_t)n;
        }
        assert_int_equal(len, written);
        for (size_t at = 0; at < len; at++)
            assert_int_equal(got[at], "abcd"[at % 4]);
        if (i % 2 == 1)
            eddy_io_reader_free(&reader);
        test_settle(core);
        a = i / 2 == 3 ? inner : NULL;
        end();
    }
}

static void what_was_collected_is_delivered_though_a_half_is_freed(void **state)
{
    eddy_io_reader reader;
    eddy_io_writer writer;

    (void)state;
    for (int i = 0; i < 2; i++) {
        begin(3, 0, 10);
        io_write_text(core, a, "abc");
        eddy_io_split(a, &reader, &writer);
        eddy_io_writer_free(&writer);
        if (i == 1) /* at once, or when that is over */
            eddy_io_reader_free(&reader);
        io_expect_text(core, b, "abc");
        io_expect_end(core, b);
        if (i == 0)
            io_write_text(core, b, "def");
        if (i == 0)
            io_expect_text(core, reader.io, "def");
        eddy_io_reader_free(&reader);
        a = NULL;
        end();
    }
}

static void an_abort_throws_away_what_was_collected(void **state)
{
    (void)state;
    begin(0, 0, 10);
    io_write_text(core, a, "abc");
    eddy_io_abort(a);
    a = NULL;
    assert_int_equal(io_fill(core, b, 1), -ECONNRESET);
    end();
}

static void what_was_collected_is_lost_with_the_loop_alone(void **state)
{
    (void)state;
    begin(3, 0, 10);
    io_write_text(core, b, "xyz");
    io_write_text(core, a, "abc");
    eddy_io_free(a); /* to be passed on by a task that never runs */
    (void)eddy_core_free(core);
    eddy_io_free(b);
}

/* ---- reading ---- */

static void more_contiguous_bytes_are_shown_than_the_inner_stream_can_hold(void **state)
{
    size_t sent = 0, received = 0;
    eddy_join *sender;

    (void)state;
    begin(10, 1000, 0);
    assert_int_equal(io_fill(core, a, 1001), -EMSGSIZE);
    sender = test_spawn_join(core, io_sender, .io = b, .have = &sent, .total = 5000, .shut = true);
    assert_int_equal(
        test_run(core, io_receiver, .io = a, .have = &received, .total = 5000, .min = 1000), 0);
    assert_int_equal(test_join_end(core, sender), 0);
    io_expect_end(core, a);
    a = eddy_io_unwrap(a);
    end();
}

static void the_end_within_a_large_fill_leaves_the_rest_in_view(void **state)
{
    (void)state;
    begin(10, 1000, 0);
    io_write_text(core, b, "abcdefghi");
    assert_int_equal(io_fill(core, a, 1), 9);
    assert_int_equal(io_shutdown(core, b), 0);
    assert_int_equal(io_fill(core, a, 100), 0);
    assert_int_equal(eddy_io_view(a).len, 9);
    assert_int_equal(io_fill(core, a, 9), 9);
    io_expect_text(core, a, "abcdefghi");
    io_expect_end(core, a);
    end();
}

/* ---- memory ---- */

static bool try_without_memory(long fail_at)
{
    struct test_heap heap;
    eddy_allocator allocator = test_heap_allocator(&heap);
    eddy_result n;
    long before;

    test_heap_init(&heap, -1);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    eddy__slab_keep_apart(&core->slab);
    before = atomic_load(&heap.calls) + fail_at;
    if (eddy_io_memory_pair(handle(), EDDY_OPTIONS(eddy_io_memory_options, .room_bytes = 600), &a,
                            &b) != 0)
        fail();
    before = atomic_load(&heap.calls) + fail_at;
    atomic_store(&heap.fail_at, before);
    a = eddy_io_buffered(handle(), a, 1000, 1000);
    n = io_write(core, a, "abc", 3);
    assert_true(n == 3 || n == -ENOMEM);
    n = io_fill(core, a, 700);
    assert_true(n == EDDY_DEADLOCK || n == -ENOMEM || n == 0);
    eddy_io_free(a);
    (void)io_fill(core, b, 1);
    fail_at = atomic_load(&heap.calls);
    eddy_io_free(b);
    test_settle(core);
    test_core_end(core);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    return fail_at > before;
}

static void without_memory_nothing_leaks(void **state)
{
    long fail_at = 0;

    (void)state;
    while (try_without_memory(fail_at))
        fail_at++;
    assert_true(fail_at >= 3);
}

/* ---- drops ---- */

enum { TOTAL = 6000 };

struct world {
    eddy_io *a, *b;
    size_t sent, have;
    eddy_join *receiver;
};

static eddy_future *begin_writing(void *arg, eddy_core *with)
{
    struct world *world = arg;
    eddy_handle *of = eddy_core_handle(with);

    *world = (struct world){0};
    assert_int_equal(eddy_io_memory_pair(of,
                                         EDDY_OPTIONS(eddy_io_memory_options, .room_bytes = 300),
                                         &world->a, &world->b),
                     0);
    world->a = eddy_io_buffered(of, world->a, 0, 2000);
    world->receiver = test_spawn_join(with, io_receiver, .io = world->b, .have = &world->have,
                                      .total = TOTAL, .min = 1);
    return eddy_box(of, EDDY_FUTURE(io_sender, .io = world->a, .have = &world->sent, .total = TOTAL,
                                    .shut = true));
}

/* Another writes the rest; freeing the stream, not a flush, delivers what was collected. */
static void end_writing(void *arg, eddy_core *with, eddy_result result)
{
    struct world *world = arg;
    unsigned char piece[100];

    (void)result;
    while (with != NULL && world->sent < TOTAL) {
        size_t len = TOTAL - world->sent < 100 ? TOTAL - world->sent : 100;
        eddy_result n;

        test_pattern_fill(piece, len, world->sent);
        n = io_write(with, world->a, piece, len);
        assert_true(n > 0);
        world->sent += (size_t)n;
    }
    eddy_io_free(world->a);
    if (with != NULL) {
        assert_int_equal(test_join_end(with, world->receiver), 0);
        assert_int_equal(world->have, TOTAL);
    } else {
        eddy_join_free(world->receiver);
    }
    eddy_io_free(world->b);
}

static void a_writer_can_be_dropped_at_any_moment_and_no_byte_is_lost(void **state)
{
    struct world world;
    struct test_drop drop = {begin_writing, NULL, end_writing, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 1, 1000);
}

/* ---- mistakes ---- */

static void unwrap_unflushed(void *arg)
{
    (void)arg;
    begin(0, 0, 10);
    io_write_text(core, a, "abc");
    (void)eddy_io_unwrap(a);
}

static void unwrap_unread(void *arg)
{
    (void)arg;
    begin(5, 10, 0);
    io_write_text(core, b, "abc");
    (void)io_shutdown(core, b);
    (void)io_fill(core, a, 6);
    (void)eddy_io_unwrap(a);
}

static void unwrapping_one_that_holds_bytes_is_an_assertion(void **state)
{
    (void)state;
    assert_dies(unwrap_unflushed, NULL, "has not passed on 3 bytes: flush them first");
    assert_dies(unwrap_unread, NULL, "holds 3 bytes: consume them first");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffered_echo_server),
        cmocka_unit_test(small_writes_are_collected_until_a_flush),
        cmocka_unit_test(what_does_not_fit_any_more_pushes_out_what_was_collected),
        cmocka_unit_test(more_than_there_is_room_for_is_passed_on_in_parts),
        cmocka_unit_test(buffers_are_collected_or_passed_on_whole),
        cmocka_unit_test(a_shutdown_passes_on_what_was_collected),
        cmocka_unit_test(what_was_collected_is_delivered_though_the_stream_is_freed),
        cmocka_unit_test(who_gave_up_writing_may_free_the_stream),
        cmocka_unit_test(what_was_collected_is_delivered_though_a_half_is_freed),
        cmocka_unit_test(an_abort_throws_away_what_was_collected),
        cmocka_unit_test(what_was_collected_is_lost_with_the_loop_alone),
        cmocka_unit_test(more_contiguous_bytes_are_shown_than_the_inner_stream_can_hold),
        cmocka_unit_test(the_end_within_a_large_fill_leaves_the_rest_in_view),
        cmocka_unit_test(without_memory_nothing_leaks),
        cmocka_unit_test(a_writer_can_be_dropped_at_any_moment_and_no_byte_is_lost),
        cmocka_unit_test(unwrapping_one_that_holds_bytes_is_an_assertion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
