/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_source.c - the sinks that stand on nothing else: memory, and three functions.
 */
#include "sink_world.h"

#include "../support/drop.h"

/* ---- arrays ---- */

static void array_takes_items_in_order(void **state)
{
    eddy_core *core = test_core();
    int64_t memory[4] = {0};
    size_t count = 99;
    eddy_sink *sink = eddy_sink_array(eddy_core_handle(core), memory, 4, sizeof memory[0], &count);

    (void)state;
    assert_int_equal(count, 0);
    assert_int_equal(send_now(core, sink, 7), 0);
    assert_int_equal(send_now(core, sink, 8), 0);
    assert_int_equal(run_now(core, eddy_sink_flush(sink)), 0);
    assert_numbers(memory, count, (const int64_t[]){7, 8}, 2);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void array_that_is_full_refuses_and_stays_as_it_is(void **state)
{
    eddy_core *core = test_core();
    int64_t memory[2] = {0, -1};
    size_t count;
    eddy_sink *sink = eddy_sink_array(eddy_core_handle(core), memory, 1, sizeof memory[0], &count);

    (void)state;
    assert_int_equal(send_now(core, sink, 7), 0);
    assert_int_equal(send_now(core, sink, 8), -ENOSPC);
    assert_int_equal(send_now(core, sink, 9), -ENOSPC);
    assert_int_equal(run_now(core, eddy_sink_close(sink)), 0);
    assert_int_equal(count, 1);
    assert_int_equal(memory[1], -1);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

/* ---- functions ---- */

struct told {
    int sends, flushes, closes;
    int64_t last;
    struct test_gate flush, close;
};

static eddy_result told_send(void *arg, eddy_task *task, const void *item)
{
    struct told *told = arg;

    (void)task;
    told->sends++;
    memcpy(&told->last, item, sizeof told->last);
    return told->last < 0 ? told->last : 0;
}

static eddy_result told_flush(void *arg, eddy_task *task)
{
    ((struct told *)arg)->flushes++;
    return test_gate_poll(&((struct told *)arg)->flush, task);
}

static eddy_result told_close(void *arg, eddy_task *task)
{
    ((struct told *)arg)->closes++;
    return test_gate_poll(&((struct told *)arg)->close, task);
}

static void poll_fn_is_its_three_functions(void **state)
{
    static const eddy_sink_fns fns = {told_send, told_flush, told_close};
    eddy_core *core = test_core();
    struct told told = {.flush.open = true, .close.open = true};
    eddy_sink *sink = eddy_sink_poll_fn(eddy_core_handle(core), sizeof(int64_t), &fns, &told);

    (void)state;
    assert_int_equal(send_now(core, sink, 5), 0);
    assert_int_equal(told.last, 5);
    assert_int_equal(told.flushes, 1);
    assert_int_equal(send_now(core, sink, -EPIPE), -EPIPE);
    assert_int_equal(told.sends, 2);
    assert_int_equal(told.flushes, 1);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void poll_fn_flushes_once_before_it_closes(void **state)
{
    static const eddy_sink_fns fns = {told_send, told_flush, told_close};
    eddy_core *core = test_core();
    struct told told = {0};
    eddy_sink *sink = eddy_sink_poll_fn(eddy_core_handle(core), sizeof(int64_t), &fns, &told);
    eddy_result result;
    eddy_join *join = look_at(core, eddy_sink_close(sink), &result);

    (void)state;
    test_settle(core);
    assert_int_equal(told.closes, 0);
    test_gate_open(&told.flush, 0);
    test_settle(core);
    assert_int_equal(told.flushes, 2);
    assert_int_equal(told.closes, 1);
    test_gate_open(&told.close, 0);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(result, 0);
    assert_int_equal(told.flushes, 2);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void poll_fn_needs_only_the_function_that_sends(void **state)
{
    static const eddy_sink_fns fns = {.send = told_send};
    eddy_core *core = test_core();
    struct told told = {0};
    eddy_sink *sink = eddy_sink_poll_fn(eddy_core_handle(core), sizeof(int64_t), &fns, &told);

    (void)state;
    assert_int_equal(send_now(core, sink, 1), 0);
    assert_int_equal(run_now(core, eddy_sink_close(sink)), 0);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

/* ---- dropped anywhere ---- */

enum { ITEMS = 4 };

struct world {
    struct slow slow; /* what came of the items */
    struct numbers numbers;
    int turns;
};

static int dropped_items;

static void drop_number(void *item)
{
    (void)item;
    dropped_items++;
}

static eddy_future *forward_to(struct world *world, eddy_core *core, eddy_sink *sink)
{
    eddy_stream *stream = eddy_stream_owning(numbers_stream(core, &world->numbers), drop_number);

    return eddy_stream_forward(stream, eddy_sink_owning(sink, drop_number));
}

static struct world *fresh(void *arg)
{
    struct world *world = arg;

    *world = (struct world){.numbers = {.end = ITEMS, .allowed = 1}, .slow.holds = true};
    dropped_items = 0;
    return world;
}

static eddy_future *begin_array(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg);

    return forward_to(world, core,
                      eddy_sink_array(eddy_core_handle(core), world->slow.items, ITEMS,
                                      sizeof world->slow.items[0], &world->slow.count));
}

static eddy_result send_to_slow(void *arg, eddy_task *task, const void *item)
{
    struct slow_sink at = {.state = arg};

    return slow_start_send(&at.sink, task, item);
}

static eddy_result flush_slow(void *arg, eddy_task *task)
{
    struct slow_sink at = {.state = arg};

    return slow_poll_flush(&at.sink, task);
}

static eddy_result close_slow(void *arg, eddy_task *task)
{
    struct slow_sink at = {.state = arg};

    return slow_close(&at.sink, task);
}

static eddy_future *begin_functions(void *arg, eddy_core *core)
{
    static const eddy_sink_fns fns = {send_to_slow, flush_slow, close_slow};
    struct world *world = fresh(arg);

    return forward_to(
        world, core,
        eddy_sink_poll_fn(eddy_core_handle(core), sizeof(int64_t), &fns, &world->slow));
}

/* Numbers, room for them, and the flush, one after the other. */
static void step(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    if (world->turns % 3 == 0)
        numbers_allow(&world->numbers, 1);
    else if (world->turns % 3 == 1)
        slow_allow(&world->slow, 1);
    else
        slow_flush(&world->slow);
    world->turns++;
}

/* Each item that the stream gave has arrived, in order, or was dropped; nothing waits, though what was
 * parked at is no part of the sink. */
static void end_source(void *arg, eddy_core *core, eddy_result result)
{
    const struct world *world = arg;

    (void)core;
    if (result != EDDY_DROPPED)
        assert_int_equal(result, 0);
    if (result == 0)
        assert_int_equal(world->slow.count, ITEMS);
    for (size_t i = 0; i < world->slow.count; i++)
        assert_int_equal(world->slow.items[i], i);
    assert_int_equal(world->slow.count + (size_t)dropped_items, world->numbers.first);
    assert_int_equal(world->numbers.dones, 1);
    assert_null(world->slow.sender.branch);
    assert_null(world->slow.flusher.branch);
}

static void array_can_be_dropped_anywhere(void **state)
{
    struct world world;
    const struct test_drop drop = {begin_array, step, end_source, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= ITEMS - 1);
}

static void poll_fn_can_be_dropped_anywhere(void **state)
{
    struct world world;
    const struct test_drop drop = {begin_functions, step, end_source, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) > ITEMS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(array_takes_items_in_order),
        cmocka_unit_test(array_that_is_full_refuses_and_stays_as_it_is),
        cmocka_unit_test(poll_fn_is_its_three_functions),
        cmocka_unit_test(poll_fn_flushes_once_before_it_closes),
        cmocka_unit_test(poll_fn_needs_only_the_function_that_sends),
        cmocka_unit_test(array_can_be_dropped_anywhere),
        cmocka_unit_test(poll_fn_can_be_dropped_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
