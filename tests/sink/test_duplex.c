/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_duplex.c - a stream and a sink that belong together: split, reunited, used by two tasks; and both
 * directions of a TCP stream, framed.
 */
#include "sink_world.h"

#include "../stream/bridge_codecs.h"
#include "../support/drop.h"
#include "../support/heap.h"
#include "../support/net.h"
#include "eddy/stream_source.h"
#include "eddy/transport.h"

/* ---- halves ---- */

static void halves_are_split_reunited_and_split_again(void **state)
{
    static const int64_t items[] = {10, 20, 30};
    eddy_core *core = test_core();
    int64_t memory[3];
    size_t count;
    eddy_duplex whole = {
        eddy_stream_array(eddy_core_handle(core), items, 3, sizeof items[0]),
        eddy_sink_array(eddy_core_handle(core), memory, 3, sizeof memory[0], &count),
    };
    eddy_stream *in = whole.in;
    eddy_sink *out = whole.out;

    (void)state;
    whole = (eddy_duplex){in, out};
    in = whole.in;
    out = whole.out;
    assert_int_equal(run_now(core, eddy_sink_send_all(out, in)), 0);
    assert_numbers(memory, count, items, 3);
    whole = (eddy_duplex){in, out};
    eddy_duplex_drop(&whole, NULL);
    assert_null(whole.in);
    assert_null(whole.out);
    eddy_duplex_drop(&whole, NULL);
    test_core_end(core);
}

/* ---- blocks there and back ---- */

static eddy_duplex framed(eddy_core *core, eddy_tcp *tcp)
{
    return eddy_io_framed(eddy_core_handle(core), eddy_tcp_io(tcp), &block_decoder, NULL,
                          &block_encoder, NULL);
}

static void peer_sends_block(int peer, size_t len)
{
    unsigned char frame[2 + BLOCK_MAX] = {(unsigned char)(len >> 8), (unsigned char)len};

    memset(frame + 2, (int)len, len);
    test_peer_send(peer, frame, 2 + len);
}

static void peer_expects_block(int peer, size_t len)
{
    unsigned char frame[2 + BLOCK_MAX];

    test_peer_recv(peer, frame, 2 + len);
    assert_int_equal(frame[1], len);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(frame[2 + i], len);
}

static void echo_of_frames(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_duplex both = framed(core, tcp);
    eddy_result result;
    eddy_join *join = look_at(core, eddy_stream_forward(both.in, both.out), &result);

    (void)state;
    for (size_t len = 1; len < 50; len++)
        peer_sends_block(peer, len);
    test_peer_shutdown(peer);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(result, 0);
    for (size_t len = 1; len < 50; len++)
        peer_expects_block(peer, len);
    assert_int_equal(test_peer_ending(peer), 0);
    test_peer_close(peer);
    test_core_end(core);
}

/* A full line, an empty one, and one that the end cuts off; the task lives on between the runs of the
 * loop. */
static void echo_of_lines_in_a_task_between_runs(void **state)
{
    eddy_core *core = test_core();
    struct line_state lines = {0};
    char memory[5];
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_duplex both = eddy_io_framed(eddy_core_handle(core), eddy_tcp_io(tcp), &line_decoder,
                                      &lines, &line_encoder, NULL);
    eddy_join *join =
        test_spawn_join_future(core, eddy_stream_forward(both.in, both.out), __FILE__, __LINE__);

    (void)state;
    test_peer_send(peer, "a\n", 2);
    assert_int_equal(test_run(core, test_nap, .duration_ns = 5 * EDDY_MILLISECOND), 0);
    test_peer_recv(peer, memory, 2);
    assert_memory_equal(memory, "a\n", 2);
    test_peer_send(peer, "\n", 1);
    assert_int_equal(test_run(core, test_nap, .duration_ns = 5 * EDDY_MILLISECOND), 0);
    test_peer_recv(peer, memory, 1);
    assert_memory_equal(memory, "\n", 1);
    test_peer_send(peer, "b", 1);
    test_peer_shutdown(peer);
    assert_int_equal(test_join_end(core, join), 0);
    test_peer_recv(peer, memory, 2);
    assert_memory_equal(memory, "b\n", 2);
    assert_int_equal(test_peer_ending(peer), 0);
    test_peer_close(peer);
    test_core_end(core);
}

/* One task has the reading half, ... */
struct counting {
    EDDY_FRAME;
    eddy_stream *in;
    int *count;
    struct block block;
};

EDDY_ASYNC(counting, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_NEXT(n, self->in, &self->block);
            if (n <= 0)
                break;
            ++*self->count;
        }
        EDDY_END(n);
}

/* ... another the writing half. */
static eddy_future *send_block(eddy_sink *out, size_t len)
{
    struct block block = {.len = len};

    memset(block.bytes, (int)len, len);
    return eddy_sink_send(out, &block);
}

static void two_tasks_use_one_half_each(void **state)
{
    eddy_core *core = test_core();
    int count = 0;
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_duplex both = framed(core, tcp);
    eddy_join *reader = test_spawn_join(core, counting, .in = both.in, .count = &count);

    (void)state;
    test_settle(core);
    assert_int_equal(run_now(core, send_block(both.out, 9)), 0);
    peer_expects_block(peer, 9);
    peer_sends_block(peer, 3);
    test_until_count(core, &count, 1);
    eddy_sink_drop(both.out, NULL); /* FIN; reading goes on */
    test_pass(core, EDDY_MILLISECOND);
    assert_int_equal(test_peer_ending(peer), 0);
    peer_sends_block(peer, 4);
    test_until_count(core, &count, 2);
    test_peer_shutdown(peer);
    assert_int_equal(test_join_end(core, reader), 0);
    test_peer_close(peer);
    test_core_end(core);
}

static void writing_goes_on_without_the_reading_half(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_duplex both = framed(core, tcp);

    (void)state;
    eddy_stream_drop(both.in, NULL);
    both.in = NULL;
    peer_sends_block(peer, 3);
    assert_int_equal(run_now(core, send_block(both.out, 9)), 0);
    peer_expects_block(peer, 9);
    assert_int_equal(run_now(core, eddy_sink_close(both.out)), 0);
    eddy_duplex_drop(&both, NULL);
    assert_int_equal(test_peer_ending(peer), 0);
    test_peer_close(peer);
    test_core_end(core);
}

/* ---- drops, memory ---- */

struct world {
    int peer;
    size_t sent, have;
};

static eddy_future *begin_echo(void *arg, eddy_core *core)
{
    struct world *world = arg;
    eddy_tcp *tcp;
    eddy_duplex both;

    *world = (struct world){.peer = test_peer(core, &tcp)};
    both = framed(core, tcp);
    return eddy_stream_forward(both.in, both.out);
}

/* Bytes of blocks of 5, three at a time. */
static void talk(void *arg, eddy_core *core)
{
    static const unsigned char blocks[] = "\0\5abcde\0\5fghij\0\5klmno";
    struct world *world = arg;
    size_t left = sizeof blocks - 1 - world->sent;
    unsigned char memory[50];
    long n;

    (void)core;
    if (left > 0) {
        test_peer_send(world->peer, blocks + world->sent, left < 3 ? left : 3);
        world->sent += left < 3 ? left : 3;
        if (left <= 3)
            test_peer_shutdown(world->peer);
    }
    n = test_peer_try_recv(world->peer, memory, sizeof memory);
    if (n > 0) {
        assert_memory_equal(memory, blocks + world->have, (size_t)n);
        world->have += (size_t)n;
    }
}

static bool is_quiet(void *arg)
{
    return test_stats(arg).timers_live == 0;
}

/* The TCP stream went with its halves. */
static void end_echo(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    if (result != EDDY_DROPPED) {
        assert_int_equal(result, 0);
        test_peer_recv(world->peer, (unsigned char[50]){0}, world->sent - world->have);
        assert_int_equal(test_peer_ending(world->peer), 0);
    }
    test_peer_close(world->peer);
    if (core != NULL)
        test_until(core, is_quiet, core);
}

static void echo_can_be_dropped_anywhere(void **state)
{
    struct world world;
    const struct test_drop drop = {begin_echo, talk, end_echo, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= 3);
}

static void without_memory_both_directions_end(void **state)
{
    int fds = test_open_fds();

    (void)state;
    for (long at = 0, calls = 1; calls > at; at++) {
        struct test_heap heap;
        const eddy_allocator allocator = test_heap_allocator(&heap);
        eddy_core *core;
        eddy_duplex both;
        eddy_tcp *tcp;
        int peer, fds_of_core;

        test_heap_init(&heap, -1);
        core = test_core_with((eddy_core_options){.allocator = &allocator});
        fds_of_core = test_open_fds();
        peer = test_peer(core, &tcp);
        calls = atomic_load(&heap.calls);
        atomic_store(&heap.fail_at, calls + at);
        both = framed(core, tcp);
        calls = atomic_load(&heap.calls) - calls;
        atomic_store(&heap.fail_at, -1);
        if (calls > at)
            assert_int_equal(run_now(core, eddy_stream_forward(both.in, both.out)), -ENOMEM);
        else
            eddy_duplex_drop(&both, NULL);
        test_peer_close(peer);
        test_until(core, is_quiet, core);
        test_until_fds(core, fds_of_core);
        test_core_end(core);
        assert_int_equal(atomic_load(&heap.blocks), 0);
    }
    assert_int_equal(test_open_fds(), fds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_are_split_reunited_and_split_again),
        cmocka_unit_test(echo_of_frames),
        cmocka_unit_test(echo_of_lines_in_a_task_between_runs),
        cmocka_unit_test(two_tasks_use_one_half_each),
        cmocka_unit_test(writing_goes_on_without_the_reading_half),
        cmocka_unit_test(echo_can_be_dropped_anywhere),
        cmocka_unit_test(without_memory_both_directions_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
