/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_bridge_sources.c - the streams of intervals and of listeners.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/clock.h"
#include "../support/death.h"
#include "../support/drop.h"
#include "../support/heap.h"
#include "../support/net.h"
#include "eddy/bridge.h"

/* ---- intervals ---- */

/* Takes `stop_after` ticks and adds up what they say. */
struct ticker {
    EDDY_FRAME;
    eddy_stream *stream;
    int stop_after, ticks;
    uint64_t count;
    uint64_t *sum;
};

static void ticker_done(struct ticker *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_stream_drop(self->stream, NULL);
}

EDDY_ASYNC(ticker, ticker_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->ticks < self->stop_after; self->ticks++) {
            EDDY_NEXT(n, self->stream, &self->count);
            if (n <= 0)
                EDDY_RETURN(n);
            *self->sum += self->count;
        }
        EDDY_END(0);
}

/* A loop whose timers are exact. */
static eddy_core *fine_core(struct test_clock **clock)
{
    eddy_core *core = test_core_with((eddy_core_options){.timer_tick_shift = 1});

    *clock = test_clock_take(core, 0);
    (*clock)->now_ns += (*clock)->now_ns % 2;
    return core;
}

static void ticks_come_one_each_period(void **state)
{
    struct test_clock *clock;
    eddy_core *core = fine_core(&clock);
    uint64_t sum = 0;
    eddy_stream *stream =
        eddy_interval_stream(eddy_core_handle(core), 10 * EDDY_MILLISECOND, EDDY_MISSED_BURST);
    eddy_join *join = test_spawn_join(core, ticker, .stream = stream, .stop_after = 5, .sum = &sum);

    (void)state;
    for (uint64_t i = 1; i <= 5; i++) {
        test_settle(core);
        assert_int_equal(sum, i - 1);
        clock->now_ns += 10 * EDDY_MILLISECOND;
        test_settle(core);
        assert_int_equal(sum, i);
    }
    assert_int_equal(test_join_end(core, join), 0);
    test_core_end(core);
}

static void ticks_that_were_missed_are_counted(void **state)
{
    struct test_clock *clock;
    eddy_core *core = fine_core(&clock);
    uint64_t sum = 0;
    eddy_stream *stream =
        eddy_interval_stream(eddy_core_handle(core), 10 * EDDY_MILLISECOND, EDDY_MISSED_SKIP);
    eddy_join *join = test_spawn_join(core, ticker, .stream = stream, .stop_after = 1, .sum = &sum);

    (void)state;
    test_settle(core);
    clock->now_ns += 75 * EDDY_MILLISECOND;
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(sum, 7);
    test_core_end(core);
}

struct ticking {
    struct test_clock *clock;
    uint64_t sum;
};

static eddy_future *begin_ticks(void *arg, eddy_core *core)
{
    struct ticking *world = arg;
    eddy_handle *handle = eddy_core_handle(core);

    *world = (struct ticking){.clock = test_clock_take(core, 0)};
    return eddy_box(handle, EDDY_FUTURE(ticker,
                                        .stream = eddy_interval_stream(handle, EDDY_MILLISECOND,
                                                                       EDDY_MISSED_BURST),
                                        .stop_after = 5, .sum = &world->sum));
}

static void let_time_pass(void *arg, eddy_core *core)
{
    (void)core;
    ((struct ticking *)arg)->clock->now_ns += EDDY_MILLISECOND / 2;
}

static void interval_can_be_dropped_anywhere(void **state)
{
    struct ticking world;
    const struct test_drop drop = {
        begin_ticks, let_time_pass, NULL, &world, {.timer_tick_shift = 1}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= 3);
}

/* ---- listeners ---- */

/* Takes connections and frees them, until an error. */
struct doorman {
    EDDY_FRAME;
    eddy_stream *stream;
    int *count;
    int stop_after;
    eddy_tcp *client;
};

static void doorman_done(struct doorman *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_stream_drop(self->stream, NULL);
}

EDDY_ASYNC(doorman, doorman_done)
{
    eddy_result n;

    EDDY_BEGIN
        while (*self->count < self->stop_after) {
            EDDY_NEXT(n, self->stream, &self->client);
            if (n <= 0)
                EDDY_RETURN(n);
            eddy_tcp_free(self->client);
            ++*self->count;
        }
        EDDY_END(0);
}

static void connections_come_one_by_one(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    eddy_stream *stream = eddy_listener_incoming(eddy_core_handle(core), listener);
    int count = 0, peers[3];
    eddy_join *join =
        test_spawn_join(core, doorman, .stream = stream, .count = &count, .stop_after = 3);

    (void)state;
    for (int i = 0; i < 3; i++) {
        peers[i] = test_peer_connect(&addr);
        test_until_count(core, &count, i + 1);
    }
    assert_int_equal(test_join_end(core, join), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(test_peer_ending(peers[i]), 0);
        test_peer_close(peers[i]);
    }
    test_core_end(core);
}

static void listener_goes_with_its_stream(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();
    eddy_addr addr;

    (void)state;
    eddy_stream_drop(eddy_listener_incoming(eddy_core_handle(core), test_listener(core, &addr)),
                     NULL);
    test_until_fds(core, fds);
    test_core_end(core);
}

/* Holds a connection until it is dropped. */
static void (*drop_client)(void *item);

struct keeper {
    EDDY_FRAME;
    eddy_stream *stream;
    int *held;
    eddy_tcp *client;
    struct test_gate gate;
};

static void keeper_done(struct keeper *self)
{
    if (self->client != NULL)
        drop_client(&self->client);
}

EDDY_ASYNC(keeper, keeper_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_NEXT(n, self->stream, &self->client);
        ++*self->held;
        EDDY_POLL(n, test_gate_poll(&self->gate, task));
        EDDY_END(n);
}

static void connection_that_is_held_is_freed_as_the_stream_says(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    eddy_stream *stream = eddy_listener_incoming(eddy_core_handle(core), listener);
    int held = 0;
    int peer;
    eddy_join *join;

    (void)state;
    drop_client = stream->drop_item;
    assert_non_null(drop_client);
    join = test_spawn_join(core, keeper, .stream = stream, .held = &held);
    peer = test_peer_connect(&addr);
    test_until_count(core, &held, 1);
    eddy_join_abort(join);
    eddy_join_free(join);
    test_pass(core, EDDY_MILLISECOND);
    assert_int_equal(test_peer_ending(peer), 0);
    test_peer_close(peer);
    test_core_end(core);
}

struct door {
    eddy_addr addr;
    int peers[3];
    int connected, count;
};

static eddy_future *begin_incoming(void *arg, eddy_core *core)
{
    struct door *world = arg;
    eddy_handle *handle = eddy_core_handle(core);

    *world = (struct door){.connected = 0};
    return eddy_box(handle, EDDY_FUTURE(doorman,
                                        .stream = eddy_listener_incoming(
                                            handle, test_listener(core, &world->addr)),
                                        .count = &world->count, .stop_after = 3));
}

/* While somebody listens. */
static void connect_one(void *arg, eddy_core *core)
{
    struct door *world = arg;

    if (world->connected < 3 && test_stats(core).tasks_live > 0 && world->count == world->connected)
        world->peers[world->connected++] = test_peer_connect(&world->addr);
}

static bool is_quiet(void *arg)
{
    return test_stats(arg).timers_live == 0;
}

static void end_incoming(void *arg, eddy_core *core, eddy_result result)
{
    struct door *world = arg;

    (void)result;
    for (int i = 0; i < world->connected; i++)
        test_peer_close(world->peers[i]);
    if (core != NULL)
        test_until(core, is_quiet, core);
}

static void incoming_can_be_dropped_anywhere(void **state)
{
    struct door world;
    const struct test_drop drop = {begin_incoming, connect_one, end_incoming, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= 2);
}

/* ---- memory, mistakes ---- */

static void without_memory_the_streams_are_failed_ones(void **state)
{
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    uint64_t sum = 0;
    int count = 0;
    eddy_stream *ticks, *clients;
    eddy_listener *listener;
    eddy_addr addr;
    eddy_core *core;

    (void)state;
    if (!test_is_simulated())
        return; /* there a stream shares its memory with others */
    test_heap_init(&heap, -1);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    listener = test_listener(core, &addr);
    atomic_store(&heap.fail_at, atomic_load(&heap.calls));
    ticks = eddy_interval_stream(eddy_core_handle(core), 1, EDDY_MISSED_SKIP);
    atomic_store(&heap.fail_at, atomic_load(&heap.calls));
    clients = eddy_listener_incoming(eddy_core_handle(core), listener);
    assert_int_equal(test_run(core, ticker, .stream = ticks, .stop_after = 1, .sum = &sum),
                     -ENOMEM);
    assert_int_equal(test_run(core, doorman, .stream = clients, .count = &count, .stop_after = 1),
                     -ENOMEM);
    test_core_end(core);
    assert_int_equal(atomic_load(&heap.blocks), 0);
}

static void no_period(void *arg)
{
    (void)arg;
    (void)eddy_interval_stream(eddy_core_handle(test_core()), 0, EDDY_MISSED_SKIP);
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    assert_dies(no_period, NULL, "the period must be above 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_come_one_each_period),
        cmocka_unit_test(ticks_that_were_missed_are_counted),
        cmocka_unit_test(interval_can_be_dropped_anywhere),
        cmocka_unit_test(connections_come_one_by_one),
        cmocka_unit_test(listener_goes_with_its_stream),
        cmocka_unit_test(connection_that_is_held_is_freed_as_the_stream_says),
        cmocka_unit_test(incoming_can_be_dropped_anywhere),
        cmocka_unit_test(without_memory_the_streams_are_failed_ones),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
