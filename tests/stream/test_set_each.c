/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_set_each.c - sets of futures as one future; what is left of them when they are dropped, or
 * memory is out.
 */
#include <errno.h>

#include "../support/death.h"
#include "../support/drop.h"
#include "../support/heap.h"
#include "sets.h"
#include "stream/stream.h"

/* ---- all of them ---- */

struct tally {
    int calls;
    uint64_t keys;
    eddy_result sum;
    int stop_at; /* the call that ends it; 0: none */
};
static eddy_result count_outcome(void *arg, const struct eddy_outcome *outcome)
{
    struct tally *tally = arg;

    tally->calls++;
    tally->keys += outcome->key;
    tally->sum += outcome->result;
    return tally->calls == tally->stop_at ? -EINTR : 0;
}

static void for_each_takes_all_outcomes(void **state)
{
    eddy_core *core = test_core();
    struct tally tally = {0};
    eddy_stream *set = eddy_futures_unordered(eddy_core_handle(core));

    (void)state;
    for (int i = 0; i < 5; i++)
        push(set, value_of(core, i, -i, NULL), 100);
    assert_int_equal(eddy_core_run(core, eddy_futures_for_each(set, count_outcome, &tally)), 5);
    assert_int_equal(tally.calls, 5);
    assert_int_equal(tally.keys, 500);
    assert_int_equal(tally.sum, -10);
    set = eddy_futures_ordered(eddy_core_handle(core));
    assert_int_equal(eddy_core_run(core, eddy_futures_for_each(set, count_outcome, &tally)), 0);
    test_core_end(core);
}

static void for_each_ends_by_an_error_of_its_callback(void **state)
{
    eddy_core *core = test_core();
    struct tally tally = {.stop_at = 2};
    struct test_gate gate = {0};
    struct test_trace trace = {0};
    eddy_stream *set = eddy_futures_unordered(eddy_core_handle(core));

    (void)state;
    push(set, wait_at(core, &gate, &trace), 0);
    for (int i = 0; i < 5; i++)
        push(set, value_of(core, i, 1, &trace), 0);
    assert_int_equal(eddy_core_run(core, eddy_futures_for_each(set, count_outcome, &tally)),
                     -EINTR);
    assert_int_equal(tally.calls, 2);
    assert_int_equal(trace.dones, 6);
    assert_null(gate.waiter.branch);
    test_core_end(core);
}

/* ---- dropped, and without memory ---- */

/* What is pushed, and what is left of it. */
struct world {
    eddy_core *core;
    struct test_gate gates[2];
    struct test_trace trace;
    struct tally tally;
    int leaves, sets, steps;
};

static void push_leaf(struct world *world, eddy_stream *set, int yields, eddy_result value)
{
    world->leaves++;
    (void)eddy_futures_push(set, value_of(world->core, yields, value, &world->trace), 1);
}

static eddy_stream *fill(struct world *world, eddy_stream *set)
{
    push_leaf(world, set, 3, 1);
    push_leaf(world, set, 0, -EIO);
    world->leaves++;
    (void)eddy_futures_push(set, wait_at(world->core, &world->gates[world->sets++], &world->trace),
                            1);
    push_leaf(world, set, 1, 2);
    return set;
}

static eddy_future *begin(void *arg, eddy_core *core, eddy_stream *outer, eddy_stream *inner)
{
    struct world *world = arg;

    *world = (struct world){.core = core};
    (void)fill(world, outer);
    (void)eddy_futures_push(
        outer, eddy_futures_for_each(fill(world, inner), count_outcome, &world->tally), 1);
    return eddy_futures_for_each(outer, count_outcome, &world->tally);
}

static eddy_future *begin_unordered(void *arg, eddy_core *core)
{
    eddy_handle *handle = eddy_core_handle(core);

    return begin(arg, core, eddy_futures_unordered(handle), eddy_futures_ordered(handle));
}

static eddy_future *begin_ordered(void *arg, eddy_core *core)
{
    eddy_handle *handle = eddy_core_handle(core);

    return begin(arg, core, eddy_futures_ordered(handle), eddy_futures_unordered(handle));
}

static void step(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    if (++world->steps == 3 || world->steps == 4)
        test_gate_open(&world->gates[world->steps - 3], 7);
}

static void end(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)core;
    assert_int_equal(world->trace.dones, world->leaves);
    if (result >= 0)
        assert_int_equal(world->tally.calls, 9);
}

static void sets_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin_unordered, step, end, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 3, 14);
    drop.begin = begin_ordered;
    assert_in_range(test_drop_anywhere(&drop), 3, 14);
}

/* Returns whether it came to the failure. All that was made ends once, whatever fails. */
static bool fail_once(eddy_future *(*begin_fn)(void *, eddy_core *), long at)
{
    struct world world;
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    eddy_future *future;
    eddy_core *core;
    bool failed;
    long calls;

    test_heap_init(&heap, -1);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    calls = atomic_load(&heap.calls);
    atomic_store(&heap.fail_at, calls + at);
    future = begin_fn(&world, core);
    test_gate_open(&world.gates[0], 1);
    test_gate_open(&world.gates[1], 1);
    (void)eddy_core_run(core, future);
    failed = atomic_load(&heap.calls) > calls + at;
    assert_int_equal(world.trace.dones, world.leaves);
    test_core_end(core);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    return failed;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    for (long at = 0; fail_once(begin_unordered, at);)
        at++;
    for (long at = 0; fail_once(begin_ordered, at);)
        at++;
}

/* ---- a set that could not be made ---- */

static void failed_set_drops_what_is_pushed_and_says_why(void **state)
{
    eddy_core *core = test_core();
    eddy_stream *set = eddy__stream_failed(core);
    struct test_trace trace = {0};
    struct tally tally = {0};

    (void)state;
    assert_int_equal(eddy_futures_push(set, value_of(core, 0, 1, &trace), 0), -ENOMEM);
    assert_int_equal(trace.dones, 1);
    assert_int_equal(eddy_futures_len(set), 0);
    assert_int_equal(eddy_core_run(core, eddy_futures_for_each(set, count_outcome, &tally)),
                     -ENOMEM);
    test_core_end(core);
}

static void set_outlives_its_loop_and_refuses_then(void **state)
{
    eddy_core *core = test_core();
    eddy_stream *set = eddy_futures_unordered(eddy_core_handle(core));
    struct test_trace trace = {0};
    eddy_future *late = value_of(core, 0, 1, &trace);

    (void)state;
    push(set, value_of(core, 0, 1, &trace), 0);
    test_core_end(core);
    assert_int_equal(eddy_futures_push(set, late, 0), EDDY_LOOP_GONE);
    assert_int_equal(trace.dones, 1);
    eddy_stream_drop(set, NULL);
    assert_int_equal(trace.dones, 2);
}

/* ---- mistakes ---- */

static void push_unboxed(void *arg)
{
    eddy_stream *set = eddy_futures_unordered(eddy_core_handle(test_core()));

    (void)arg;
    (void)eddy_futures_push(set, EDDY_FUTURE(test_value), 0);
}

static void push_twice(void *arg)
{
    eddy_core *core = test_core();
    eddy_stream *set = eddy_futures_unordered(eddy_core_handle(core));
    eddy_future *future = value_of(core, 0, 0, NULL);

    (void)arg;
    push(set, future, 0);
    push(set, future, 0);
}

static void push_into_no_set(void *arg)
{
    eddy_core *core = test_core();
    eddy_stream no_set = {.frame = {.type = &test_value_type}};

    (void)arg;
    (void)eddy_futures_push(&no_set, value_of(core, 0, 0, NULL), 0);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    assert_dies(push_unboxed, NULL, "eddy_futures_push is given future 'test_value', which is not");
    assert_dies(push_twice, NULL, "eddy_futures_push is given future 'test_value' after");
    assert_dies(push_into_no_set, NULL, "stream 'test_value', which is no set of futures");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(for_each_takes_all_outcomes),
        cmocka_unit_test(for_each_ends_by_an_error_of_its_callback),
        cmocka_unit_test(sets_can_be_dropped_at_any_moment),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(failed_set_drops_what_is_pushed_and_says_why),
        cmocka_unit_test(set_outlives_its_loop_and_refuses_then),
        cmocka_unit_test(mistakes_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
