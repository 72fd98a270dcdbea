/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_read.c - so many bytes, all to the end, as far as a delimiter: whatever the pieces in which they
 * come, and up to which limit.
 */
#include "../support/death.h"
#include "../support/heap.h"
#include "../support/net.h"
#include "reads.h"

/* ---- one read ---- */

static void check_read(eddy_core *core, struct script *script)
{
    unsigned char memory[10];
    size_t have = 0;
    eddy_result n;

    while ((n = script_run(core, eddy_io_read(handle_of(core), &script->io, memory, sizeof memory),
                           script, NULL)) > 0) {
        assert_in_range(n, 1, sizeof memory);
        assert_memory_equal(memory, text + have, (size_t)n);
        have += (size_t)n;
    }
    assert_int_equal(n, 0);
    assert_int_equal(have, TEXT_LEN);
}

static void read_takes_what_is_there_until_the_end(void **state)
{
    (void)state;
    with_each_piece(check_read);
}

/* ---- so many bytes ---- */

static void check_exact(eddy_core *core, struct script *script)
{
    unsigned char memory[20];
    eddy_room rest = {memory, 17};

    assert_int_equal(
        script_run(core, eddy_io_read_exact(handle_of(core), &script->io, &rest), script, NULL), 0);
    assert_memory_equal(memory, text, 17);
    assert_int_equal(rest.len, 0);
    assert_ptr_equal(rest.data, memory + 17);
    assert_int_equal(script->consumed, 17);
}

static void read_exact_takes_just_so_many(void **state)
{
    (void)state;
    with_each_piece(check_exact);
}

static void check_early_end(eddy_core *core, struct script *script)
{
    unsigned char memory[TEXT_LEN + 5];
    eddy_room rest = {memory, sizeof memory};

    for (int i = 0; i < 2; i++) /* and so it stays */
        assert_int_equal(
            script_run(core, eddy_io_read_exact(handle_of(core), &script->io, &rest), script, NULL),
            EDDY_UNEXPECTED_END);
    assert_int_equal(rest.len, 5);
    assert_memory_equal(memory, text, TEXT_LEN);
}

static void read_exact_tells_an_end_that_is_too_early_and_what_came(void **state)
{
    (void)state;
    with_each_piece(check_early_end);
    assert_string_equal(eddy_error_name(EDDY_UNEXPECTED_END), "EDDY_UNEXPECTED_END");
}

static void read_exact_of_nothing_succeeds_at_once(void **state)
{
    eddy_core *core = test_core();
    struct script script = script_reading("", 1);
    eddy_room rest = {NULL, 0};

    (void)state;
    script.endless = true; /* nothing has come, and nothing has ended */
    (void)script_init(&script);
    assert_int_equal(eddy_core_run(core, eddy_io_read_exact(handle_of(core), &script.io, &rest)),
                     0);
    assert_int_equal(script.fills, 0);
    test_core_end(core);
}

static void errors_come_behind_the_bytes_before_them(void **state)
{
    unsigned char memory[TEXT_LEN + 1];
    eddy_room rest = {memory, sizeof memory};
    eddy_core *core = test_core();
    struct script script = script_reading(text, 5);
    eddy_gathered into = {NULL, 0};

    (void)state;
    script.ending = -ECONNRESET;
    (void)script_init(&script);
    assert_int_equal(
        script_run(core, eddy_io_read_exact(handle_of(core), &script.io, &rest), &script, NULL),
        -ECONNRESET);
    assert_int_equal(rest.len, 1);
    script.came = script.consumed = 0;
    assert_int_equal(script_run(core, eddy_io_read_to_end(handle_of(core), &script.io, 1000, &into),
                                &script, NULL),
                     -ECONNRESET);
    assert_gathered(&into, text, TEXT_LEN);
    eddy_buf_release(into.buf);
    test_core_end(core);
}

/* ---- to the end ---- */

static void check_to_end(eddy_core *core, struct script *script)
{
    eddy_gathered into = {NULL, 0};

    for (int i = 0; i < 2; i++) { /* the end stays the end */
        assert_int_equal(script_run(core,
                                    eddy_io_read_to_end(handle_of(core), &script->io, 1000, &into),
                                    script, NULL),
                         TEXT_LEN);
        assert_gathered(&into, text, TEXT_LEN);
    }
    eddy_buf_release(into.buf);
}

static void read_to_end_takes_all(void **state)
{
    (void)state;
    with_each_piece(check_to_end);
}

static void check_limit(eddy_core *core, struct script *script)
{
    for (size_t limit = 0; limit <= TEXT_LEN; limit++) {
        eddy_gathered into = {NULL, 0};
        eddy_result n;

        script->came = script->piece == 0 ? TEXT_LEN : 0;
        script->consumed = 0;
        n = script_run(core, eddy_io_read_to_end(handle_of(core), &script->io, limit, &into),
                       script, NULL);
        assert_int_equal(n, limit < TEXT_LEN ? -EMSGSIZE : (eddy_result)TEXT_LEN);
        assert_gathered(&into, text, limit);
        assert_int_equal(script->consumed, limit);
        if (limit < TEXT_LEN) /* go on with more */
            assert_int_equal(
                script_run(core, eddy_io_read_to_end(handle_of(core), &script->io, TEXT_LEN, &into),
                           script, NULL),
                TEXT_LEN);
        assert_gathered(&into, text, TEXT_LEN);
        eddy_buf_release(into.buf);
    }
}

static void read_to_end_above_its_limit_loses_nothing(void **state)
{
    (void)state;
    with_each_piece(check_limit);
}

static void memory_grows_by_doubling_up_to_the_limit(void **state)
{
    static char long_text[100000];
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    struct script script = {.in = long_text, .in_len = sizeof long_text, .piece = 100};
    eddy_gathered into = {NULL, 0};
    eddy_core *core;
    long calls;

    (void)state;
    test_heap_init(&heap, -1);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    memset(long_text, 'm', sizeof long_text);
    (void)script_init(&script);
    calls = atomic_load(&heap.calls);
    assert_int_equal(
        script_run(core,
                   eddy_io_read_to_end(handle_of(core), &script.io, sizeof long_text + 7, &into),
                   &script, NULL),
        sizeof long_text);
    assert_in_range(atomic_load(&heap.calls) - calls, 1, 15);
    assert_gathered(&into, long_text, sizeof long_text);
    assert_in_range(eddy_buf_len(into.buf), sizeof long_text, sizeof long_text + 7);
    eddy_buf_release(into.buf);
    test_core_end(core);
    assert_int_equal(atomic_load(&heap.blocks), 0);
}

/* ---- as far as a delimiter ---- */

static void check_until(eddy_core *core, struct script *script)
{
    static const size_t ends[] = {16, 34, TEXT_LEN, TEXT_LEN};
    size_t from = 0;
    eddy_gathered into = {NULL, 0};

    for (size_t i = 0; i < 4; i++) {
        into.len = 0;
        assert_int_equal(
            script_run(core, eddy_io_read_until(handle_of(core), &script->io, ';', 100, &into),
                       script, NULL),
            ends[i] - from);
        assert_gathered(&into, text + from, ends[i] - from);
        assert_int_equal(script->consumed, ends[i]);
        from = ends[i];
    }
    eddy_buf_release(into.buf);
}

static void read_until_takes_the_delimiter_and_nothing_behind_it(void **state)
{
    (void)state;
    with_each_piece(check_until);
}

static void check_until_limit(eddy_core *core, struct script *script)
{
    eddy_gathered into = {NULL, 0};

    assert_int_equal(script_run(core,
                                eddy_io_read_until(handle_of(core), &script->io, ';', 15, &into),
                                script, NULL),
                     -EMSGSIZE);
    assert_gathered(&into, text, 15);
    assert_int_equal(script->consumed, 15);
    assert_int_equal(script_run(core,
                                eddy_io_read_until(handle_of(core), &script->io, ';', 16, &into),
                                script, NULL),
                     16);
    assert_gathered(&into, text, 16);
    eddy_buf_release(into.buf);
}

static void read_until_above_its_limit_loses_nothing(void **state)
{
    (void)state;
    with_each_piece(check_until_limit);
}

/* ---- over TCP ---- */

static void over_tcp_all_of_them_follow_each_other(void **state)
{
    eddy_core *core = test_core();
    unsigned char memory[4];
    eddy_room rest = {memory, 4};
    eddy_gathered into = {NULL, 0};
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_io *io = eddy_tcp_io(tcp);

    (void)state;
    for (size_t i = 0; i < TEXT_LEN; i++)
        test_peer_send(peer, text + i, 1);
    test_peer_shutdown(peer);
    assert_int_equal(eddy_core_run(core, eddy_io_read_exact(handle_of(core), io, &rest)), 0);
    assert_memory_equal(memory, "now ", 4);
    assert_int_equal(eddy_core_run(core, eddy_io_read_until(handle_of(core), io, ';', 100, &into)),
                     12);
    assert_gathered(&into, "is the time;", 12);
    assert_int_equal(eddy_core_run(core, eddy_io_read(handle_of(core), io, memory, 1)), 1);
    assert_int_equal(memory[0], ' ');
    assert_int_equal(eddy_core_run(core, eddy_io_read_to_end(handle_of(core), io, 100, &into)),
                     12 + TEXT_LEN - 17);
    assert_memory_equal(eddy_buf_data(into.buf) + 12, text + 17, TEXT_LEN - 17);
    eddy_buf_release(into.buf);
    eddy_tcp_free(tcp);
    test_peer_close(peer);
    test_core_end(core);
}

/* ---- misuse ---- */

static void limit_above_any(void *arg)
{
    eddy_core *core = test_core();
    struct script script = script_reading("abc", 0);
    eddy_gathered into = {NULL, 0};

    (void)arg;
    (void)script_init(&script);
    (void)eddy_core_run(core, eddy_io_read_to_end(handle_of(core), &script.io, SIZE_MAX, &into));
}

static void more_than_the_buffer_has(void *arg)
{
    eddy_core *core = test_core();
    struct script script = script_reading("abc", 0);
    eddy_gathered into = {NULL, 1};

    (void)arg;
    (void)script_init(&script);
    (void)eddy_core_run(core, eddy_io_read_until(handle_of(core), &script.io, 'b', 9, &into));
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    assert_dies(limit_above_any, NULL, "at most 2^31 - 1 are possible");
    assert_dies(more_than_the_buffer_has, NULL, "1 bytes are said to be in a buffer of 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_takes_what_is_there_until_the_end),
        cmocka_unit_test(read_exact_takes_just_so_many),
        cmocka_unit_test(read_exact_tells_an_end_that_is_too_early_and_what_came),
        cmocka_unit_test(read_exact_of_nothing_succeeds_at_once),
        cmocka_unit_test(errors_come_behind_the_bytes_before_them),
        cmocka_unit_test(read_to_end_takes_all),
        cmocka_unit_test(read_to_end_above_its_limit_loses_nothing),
        cmocka_unit_test(memory_grows_by_doubling_up_to_the_limit),
        cmocka_unit_test(read_until_takes_the_delimiter_and_nothing_behind_it),
        cmocka_unit_test(read_until_above_its_limit_loses_nothing),
        cmocka_unit_test(over_tcp_all_of_them_follow_each_other),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
