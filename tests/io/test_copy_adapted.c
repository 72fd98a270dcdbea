/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_copy_adapted.c - the verbs over byte streams in memory, byte by byte, and over adaptors: limited,
 * chained, buffered ones.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/drop.h"
#include "../support/net.h"
#include "eddy/io_adapt.h"
#include "eddy/io_copy.h"
#include "eddy/io_memory.h"
#include "eddy/io_read.h"
#include "eddy/io_write.h"

static const char text[] = "one\ntwo and more;three";
#define TEXT_LEN (sizeof text - 1)

static eddy_handle *handle_of(eddy_core *core)
{
    return eddy_core_handle(core);
}

static eddy_join *spawn(eddy_core *core, eddy_future *future)
{
    return test_spawn_join_future(core, future, __FILE__, __LINE__);
}

/* Two ends, between which bytes arrive one by one. */
static void pair(eddy_core *core, int64_t delay_ns, eddy_io **a, eddy_io **b)
{
    const eddy_io_memory_options options = {
        .size_bytes = sizeof options, .split_bytes = 1, .delay_ns = delay_ns};

    assert_int_equal(eddy_io_memory_pair(handle_of(core), &options, a, b), 0);
}

/* Write a text, and the end behind it. */
static void say(eddy_core *core, eddy_io *io, const char *what, size_t len)
{
    eddy_bytes rest = {(const unsigned char *)what, len};

    assert_int_equal(eddy_core_run(core, eddy_io_write_all(handle_of(core), io, &rest)), 0);
    assert_int_equal(eddy_core_run(core, eddy_io_shutdown(handle_of(core), io)), 0);
}

/* ---- byte by byte ---- */

static void every_read_takes_bytes_that_come_one_by_one(void **state)
{
    (void)state;
    for (int64_t delay_ns = 0; delay_ns <= EDDY_MILLISECOND; delay_ns += EDDY_MILLISECOND) {
        eddy_core *core = test_core();
        unsigned char memory[8];
        eddy_room rest = {memory, 4};
        eddy_gathered into = {NULL, 0};
        eddy_io *a, *b;

        pair(core, delay_ns, &a, &b);
        say(core, a, text, TEXT_LEN);
        assert_int_equal(eddy_core_run(core, eddy_io_read_exact(handle_of(core), b, &rest)), 0);
        assert_memory_equal(memory, "one\n", 4);
        assert_int_equal(
            eddy_core_run(core, eddy_io_read_until(handle_of(core), b, ';', 100, &into)), 13);
        assert_memory_equal(eddy_buf_data(into.buf), "two and more;", 13);
        assert_int_equal(eddy_core_run(core, eddy_io_read(handle_of(core), b, memory, 8)), 1);
        into.len = 0;
        assert_int_equal(eddy_core_run(core, eddy_io_read_to_end(handle_of(core), b, 100, &into)),
                         4);
        assert_memory_equal(eddy_buf_data(into.buf), "hree", 4);
        rest = (eddy_room){memory, 1};
        assert_int_equal(eddy_core_run(core, eddy_io_read_exact(handle_of(core), b, &rest)),
                         EDDY_UNEXPECTED_END);
        eddy_buf_release(into.buf);
        eddy_io_free(a);
        eddy_io_free(b);
        test_core_end(core);
    }
}

/* ---- both ways, in memory ---- */

/* client = near[0] | near[1] - copy - far[0] | far[1] = server */
struct world {
    eddy_io *near[2], *far[2];
    size_t said;
    eddy_copied copied;
};

static eddy_future *begin(void *arg, eddy_core *core)
{
    struct world *world = arg;

    memset(world, 0, sizeof *world);
    pair(core, 0, &world->near[0], &world->near[1]);
    pair(core, 0, &world->far[0], &world->far[1]);
    say(core, world->far[1], text, 9);
    return eddy_io_copy_bidirectional(handle_of(core), world->near[1], world->far[0], NULL,
                                      &world->copied);
}

/* The client says three bytes more, or that this was all. */
static void say_more(void *arg, eddy_core *core)
{
    struct world *world = arg;
    size_t left = TEXT_LEN - world->said;
    eddy_bytes rest = {(const unsigned char *)text + world->said, left < 3 ? left : 3};

    world->said += rest.len;
    if (left > 0)
        assert_int_equal(
            eddy_core_run(core, eddy_io_write_all(handle_of(core), world->near[0], &rest)), 0);
    else
        assert_int_equal(eddy_core_run(core, eddy_io_shutdown(handle_of(core), world->near[0])), 0);
}

static void assert_hears(eddy_core *core, eddy_io *io, size_t len)
{
    eddy_gathered into = {NULL, 0};

    assert_int_equal(eddy_core_run(core, eddy_io_read_to_end(handle_of(core), io, 100, &into)),
                     len);
    assert_memory_equal(eddy_buf_data(into.buf), text, len);
    eddy_buf_release(into.buf);
}

/* What was not copied is, by another, but an end that was passed on is passed on. */
static void end(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == TEXT_LEN + 9 || result == EDDY_DROPPED);
    if (core != NULL) {
        eddy_copied more;

        while (world->said < TEXT_LEN)
            say_more(world, core);
        say_more(world, core);
        assert_true(eddy_core_run(core, eddy_io_copy_bidirectional(handle_of(core), world->near[1],
                                                                   world->far[0], NULL, &more)) >=
                    0);
        assert_int_equal(world->copied.a_to_b + more.a_to_b, TEXT_LEN);
        assert_int_equal(world->copied.b_to_a + more.b_to_a, 9);
        assert_hears(core, world->near[0], 9);
        assert_hears(core, world->far[1], TEXT_LEN);
    }
    for (int i = 0; i < 2; i++) {
        eddy_io_free(world->near[i]);
        eddy_io_free(world->far[i]);
    }
}

static void copy_both_ways_in_memory_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    const struct test_drop drop = {begin, say_more, end, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= 5);
}

static void client_without_a_server_behind_hears_its_own_end(void **state)
{
    eddy_core *core = test_core();
    eddy_io *near[2], *far[2];
    eddy_copied copied;
    eddy_join *join;

    (void)state;
    pair(core, 0, &near[0], &near[1]);
    pair(core, 0, &far[0], &far[1]);
    join = spawn(core, eddy_io_copy_bidirectional(handle_of(core), near[1], far[0], NULL, &copied));
    (void)test_settle(core);
    eddy_io_memory_break(far[0], -ECONNRESET);
    assert_int_equal(test_join_end(core, join), -ECONNRESET);
    assert_ptr_equal(copied.failed, far[0]);
    eddy_io_abort(near[1]);
    assert_int_equal(
        eddy_core_run(core, eddy_io_read(handle_of(core), near[0], (unsigned char[1]){0}, 1)),
        -ECONNRESET);
    eddy_io_free(near[0]);
    eddy_io_free(far[0]);
    eddy_io_free(far[1]);
    test_core_end(core);
}

/* ---- limited, chained ---- */

static void read_to_end_of_a_limited_stream_stops_though_more_is_there(void **state)
{
    eddy_core *core = test_core();
    eddy_gathered into = {NULL, 0};
    eddy_io *limited;
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);

    (void)state;
    test_peer_send(peer, text, TEXT_LEN);
    limited = eddy_io_take(handle_of(core), eddy_tcp_io(tcp), 4);
    assert_int_equal(eddy_core_run(core, eddy_io_read_to_end(handle_of(core), limited, 100, &into)),
                     4);
    assert_memory_equal(eddy_buf_data(into.buf), text, 4);
    assert_ptr_equal(eddy_io_unwrap(limited), eddy_tcp_io(tcp));
    test_expect(core, tcp, text + 4, TEXT_LEN - 4);
    eddy_buf_release(into.buf);
    eddy_tcp_free(tcp);
    test_peer_close(peer);
    test_core_end(core);
}

static void three_clients_in_a_chain_are_read_to_the_end_in_order(void **state)
{
    static const char *const words[] = {"foo ", "bar baz", "bar"};
    eddy_core *core = test_core();
    eddy_handle *handle = handle_of(core);
    eddy_gathered into = {NULL, 0};
    eddy_tcp *tcp[3];
    eddy_io *chain;
    int peers[3];

    (void)state;
    for (int i = 2; i >= 0; i--) { /* the last is there first */
        peers[i] = test_peer(core, &tcp[i]);
        test_peer_send(peers[i], words[i], strlen(words[i]));
        test_peer_shutdown(peers[i]);
    }
    chain = eddy_io_chain(handle, eddy_io_chain(handle, eddy_tcp_io(tcp[0]), eddy_tcp_io(tcp[1])),
                          eddy_tcp_io(tcp[2]));
    assert_int_equal(eddy_core_run(core, eddy_io_read_to_end(handle, chain, 100, &into)), 14);
    assert_memory_equal(eddy_buf_data(into.buf), "foo bar bazbar", 14);
    eddy_buf_release(into.buf);
    eddy_io_free(chain);
    for (int i = 0; i < 3; i++)
        test_peer_close(peers[i]);
    test_pass(core, EDDY_MILLISECOND);
    test_core_end(core);
}

/* ---- buffered ---- */

/* Two clients; what one says goes to the other through buffers. */
static void copy_between_buffered_streams_moves_all(void **state)
{
    enum { ROUNDS = 1024, MESSAGE = 11 };
    eddy_core *core = test_core();
    eddy_handle *handle = handle_of(core);
    unsigned char memory[MESSAGE];
    eddy_tcp *tcp[2];
    int source = test_peer(core, &tcp[0]), drain = test_peer(core, &tcp[1]);
    eddy_io *from = eddy_io_buffered(handle, eddy_tcp_io(tcp[0]), 8192, 0);
    eddy_io *to = eddy_io_buffered(handle, eddy_tcp_io(tcp[1]), 0, 8192);
    eddy_join *join = spawn(core, eddy_io_copy(handle, from, to, NULL));

    (void)state;
    for (size_t i = 0; i < ROUNDS; i++) {
        test_pattern_fill(memory, MESSAGE, i * MESSAGE);
        test_peer_send(source, memory, MESSAGE);
        if (i % 50 == 0)
            (void)test_turn(core);
    }
    test_peer_shutdown(source);
    test_peer_expect(core, drain, 0, ROUNDS * MESSAGE);
    assert_int_equal(test_join_end(core, join), ROUNDS * MESSAGE);
    eddy_io_free(from);
    eddy_io_free(to);
    test_peer_close(source);
    test_peer_close(drain);
    test_pass(core, EDDY_MILLISECOND);
    test_core_end(core);
}

/* Nobody says more before it has heard what was said: a buffer that kept it would stop all. */
static void buffer_is_flushed_while_nothing_more_comes(void **state)
{
    eddy_core *core = test_core();
    eddy_handle *handle = handle_of(core);
    eddy_tcp *tcp[2];
    int a = test_peer(core, &tcp[0]), b = test_peer(core, &tcp[1]);
    eddy_io *io[2] = {eddy_io_buffered(handle, eddy_tcp_io(tcp[0]), 0, 8192),
                      eddy_io_buffered(handle, eddy_tcp_io(tcp[1]), 0, 8192)};
    eddy_copied copied;
    eddy_join *join = spawn(core, eddy_io_copy_bidirectional(handle, io[0], io[1], NULL, &copied));
    unsigned char byte;

    (void)state;
    for (size_t i = 0; i < 20; i++) {
        byte = test_pattern(i);
        test_peer_send(i % 2 == 0 ? a : b, &byte, 1);
        test_peer_expect(core, i % 2 == 0 ? b : a, i, i + 1);
    }
    test_peer_shutdown(a);
    test_peer_shutdown(b);
    assert_int_equal(test_join_end(core, join), 20);
    assert_int_equal(copied.a_to_b, 10);
    eddy_io_free(io[0]);
    eddy_io_free(io[1]);
    assert_int_equal(test_peer_ending(a), 0);
    assert_int_equal(test_peer_ending(b), 0);
    test_peer_close(a);
    test_peer_close(b);
    test_pass(core, EDDY_MILLISECOND);
    test_core_end(core);
}

/* ---- without end ---- */

static void bytes_without_end_are_copied_up_to_a_limit_and_let_others_go_first(void **state)
{
    enum { BYTES = 10 * 1024 * 1024 };
    eddy_core *core = test_core();
    eddy_handle *handle = handle_of(core);
    eddy_io *from = eddy_io_take(handle, eddy_io_repeat(handle, 'x'), BYTES);
    eddy_io *to = eddy_io_sink(handle);
    struct test_trace trace = {0};
    uint64_t copied = 0;
    eddy_join *join = spawn(core, eddy_io_copy(handle, from, to, &copied));

    (void)state;
    test_spawn(core, test_value, .trace = &trace, .yields = 10);
    while (trace.dones == 0)
        (void)test_turn(core);
    assert_in_range(copied, 1, BYTES - 1);
    assert_int_equal(test_join_end(core, join), BYTES);
    assert_int_equal(copied, BYTES);
    eddy_io_free(from);
    eddy_io_free(to);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_read_takes_bytes_that_come_one_by_one),
        cmocka_unit_test(copy_both_ways_in_memory_can_be_dropped_at_any_moment),
        cmocka_unit_test(client_without_a_server_behind_hears_its_own_end),
        cmocka_unit_test(read_to_end_of_a_limited_stream_stops_though_more_is_there),
        cmocka_unit_test(three_clients_in_a_chain_are_read_to_the_end_in_order),
        cmocka_unit_test(copy_between_buffered_streams_moves_all),
        cmocka_unit_test(buffer_is_flushed_while_nothing_more_comes),
        cmocka_unit_test(bytes_without_end_are_copied_up_to_a_limit_and_let_others_go_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
