/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_chain_drop.c - every step, dropped at any moment and with each allocation failing: what was
 * made ends once, what is owed is released once. With a budget of one unit there is a moment between
 * any two steps.
 */
#include "boxed.h"

#include "../support/clock.h"
#include "../support/drop.h"

/* ---- callbacks, which make what has to be ended ---- */

static eddy_result plus_one(void *arg, eddy_result value)
{
    (void)arg;
    return value + 1;
}

static eddy_result to_value(void *arg, eddy_result error)
{
    (void)arg;
    return -error;
}

static void look(void *arg, eddy_result value)
{
    (void)arg;
    (void)value;
}

static eddy_future *next_leaf(void *arg, eddy_handle *handle, eddy_result value)
{
    (void)handle;
    return owing(arg, leaf(arg, 2, value + 1));
}

static eddy_future *next_good(void *arg, eddy_handle *handle, eddy_result error)
{
    (void)handle;
    (void)error;
    return owing(arg, leaf(arg, 2, 5));
}

static eddy_future *make_leaf(void *arg, eddy_handle *handle)
{
    (void)handle;
    return owing(arg, leaf(arg, 1, 5));
}

static eddy_future *next_gate(void *arg, eddy_handle *handle, eddy_result value)
{
    (void)handle;
    (void)value;
    return eddy_map(owing(arg, eddy_map(at_gate(arg), plus_one, NULL)), plus_one, NULL);
}

/* Three calls, one in the other, and something to do and to release after each. */
static eddy_future *next_deeper(void *arg, eddy_handle *handle, eddy_result value)
{
    eddy_future *work = leaf(arg, 1, value + 1);

    (void)handle;
    if (value < 3)
        work = owing(arg, eddy_and_then(work, next_deeper, arg));
    return owing(arg, eddy_map(work, plus_one, NULL));
}

static eddy_future *round_of_three(void *arg, eddy_handle *handle)
{
    struct world *world = arg;

    (void)handle;
    return owing(world, leaf(world, 1, ++world->rounds < 3 ? EDDY_CONTINUE : 5));
}

static eddy_result put_inner(void *arg, eddy_result value)
{
    struct world *world = arg;

    world->inner = owing(world, leaf(world, 2, 5));
    return value;
}

/* ---- scenarios ---- */

static eddy_future *begin_map(void *arg, eddy_core *core)
{
    (void)core;
    return owing(arg, eddy_map(owing(arg, leaf(arg, 2, 4)), plus_one, NULL));
}

static eddy_future *begin_map_err(void *arg, eddy_core *core)
{
    (void)core;
    return owing(arg, eddy_map_err(owing(arg, leaf(arg, 2, -5)), to_value, NULL));
}

static eddy_future *begin_inspect(void *arg, eddy_core *core)
{
    (void)core;
    return eddy_inspect_err(eddy_inspect(owing(arg, leaf(arg, 2, 5)), look, NULL), look, NULL);
}

static eddy_future *begin_and_then(void *arg, eddy_core *core)
{
    (void)core;
    return owing(arg, eddy_and_then(owing(arg, leaf(arg, 2, 4)), next_leaf, arg));
}

static eddy_future *begin_or_else(void *arg, eddy_core *core)
{
    (void)core;
    return owing(arg, eddy_or_else(owing(arg, leaf(arg, 2, -EIO)), next_good, arg));
}

static eddy_future *begin_then(void *arg, eddy_core *core)
{
    (void)core;
    return owing(arg, eddy_then(owing(arg, leaf(arg, 2, 4)), next_leaf, arg));
}

static eddy_future *begin_flatten(void *arg, eddy_core *core)
{
    struct world *world = arg;
    eddy_future *work = eddy_map(leaf(world, 1, 1), put_inner, world);

    (void)core;
    return owing(arg, eddy_flatten(eddy_inspect(work, look, NULL), &world->inner));
}

static eddy_future *begin_lazy(void *arg, eddy_core *core)
{
    return owing(arg, eddy_lazy(eddy_core_handle(core), make_leaf, arg));
}

static eddy_future *begin_loop(void *arg, eddy_core *core)
{
    struct world *world = arg;

    world->rounds = 0;
    return owing(world, eddy_loop(eddy_core_handle(core), round_of_three, world));
}

static eddy_future *begin_finally(void *arg, eddy_core *core)
{
    (void)core;
    return owing(arg, owing(arg, owing(arg, at_gate(arg))));
}

static eddy_future *begin_gate(void *arg, eddy_core *core)
{
    return owing(arg, eddy_and_then(owing(arg, ready(core, 1)), next_gate, arg));
}

static eddy_future *begin_deeper(void *arg, eddy_core *core)
{
    return owing(arg, eddy_and_then(ready(core, 0), next_deeper, arg));
}

static eddy_future *begin_all(void *arg, eddy_core *core)
{
    struct world *world = arg;
    eddy_future *work = owing(arg, ready(core, 1));

    work = owing(arg, eddy_and_then(work, next_gate, arg)); /* 9 */
    work = eddy_map(owing(arg, eddy_map(work, to_value, NULL)), plus_one, NULL);
    work = owing(arg, eddy_or_else(work, next_good, arg)); /* 5 */
    work = owing(arg, eddy_flatten(eddy_map(work, put_inner, arg), &world->inner));
    return eddy_inspect(eddy_and_then(work, next_leaf, arg), look, NULL);
}

static const struct {
    scenario_fn *begin;
    eddy_result expected;
} scenarios[] = {
    {begin_map, 5},     {begin_map_err, 5}, {begin_inspect, 5}, {begin_and_then, 5},
    {begin_or_else, 5}, {begin_then, 5},    {begin_flatten, 5}, {begin_lazy, 5},
    {begin_loop, 5},    {begin_finally, 7}, {begin_gate, 9},    {begin_deeper, 8},
    {begin_all, 6},
};

static const size_t scenarios_n = sizeof scenarios / sizeof *scenarios;

/* ---- dropped at any moment ---- */

static size_t at; /* the scenario */

static eddy_future *begin(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.core = core};
    (void)test_clock_take(core, 0); /* a wait in which nothing happens takes no time */
    return scenarios[at].begin(world, core);
}

static void end(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)core;
    assert_true(result == scenarios[at].expected || result == EDDY_DROPPED);
    check_world(world);
    assert_null(world->gate.waiter.branch);
}

static void chain_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin, step, end, &world, {0}};

    (void)state;
    for (at = 0; at < scenarios_n; at++)
        assert_in_range(test_drop_anywhere(&drop), 1, 20);
}

static void chain_can_be_dropped_between_any_two_steps(void **state)
{
    struct world world;
    struct test_drop drop = {begin, step, end, &world, {.task_budget = 1}};

    (void)state;
    for (at = 0; at < scenarios_n; at++)
        assert_in_range(test_drop_anywhere(&drop), 1, 60); /* chance may give more budget */
}

/* ---- without memory ---- */

static void chain_without_memory_releases_all_and_says_so(void **state)
{
    (void)state;
    for (at = 0; at < scenarios_n; at++)
        fail_each(scenarios[at].begin, scenarios[at].expected);
}

static eddy_future *refused_next(void *arg, eddy_handle *handle, eddy_result value)
{
    (void)arg;
    (void)handle;
    (void)value;
    fail_msg("a callback runs, though the chain has failed while it was made");
    return NULL;
}

static eddy_result refused_map(void *arg, eddy_result value)
{
    (void)refused_next(arg, NULL, value);
    return 0;
}

/* What was made without memory, and everything that is put on it. */
static void nothing_but_releases_runs_on_a_future_that_failed_when_it_was_made(void **state)
{
    struct world world = {0};
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    eddy_future *failed, *slot = NULL;

    (void)state;
    test_heap_init(&heap, -1);
    world.core = test_core_with((eddy_core_options){.allocator = &allocator});
    atomic_store(&heap.fail_at, atomic_load(&heap.calls));
    failed = ready(world.core, 1);
    assert_int_equal(atomic_load(&heap.calls), atomic_load(&heap.fail_at) + 1);
    assert_ptr_equal(eddy_map(failed, refused_map, NULL), failed);
    assert_ptr_equal(eddy_map_err(failed, refused_map, NULL), failed);
    assert_ptr_equal(eddy_then(failed, refused_next, NULL), failed);
    assert_ptr_equal(eddy_and_then(failed, refused_next, NULL), failed);
    assert_ptr_equal(eddy_or_else(failed, refused_next, NULL), failed);
    assert_ptr_equal(eddy_flatten(failed, &slot), failed);
    assert_ptr_equal(eddy_timeout_after(failed, 1), failed);
    assert_ptr_equal(eddy_deadline_at(failed, 1), failed);
    assert_ptr_equal(owing(&world, failed), failed);
    assert_int_equal(world.released, 1); /* in the call */
    assert_int_equal(eddy_core_run(world.core, failed), -ENOMEM);
    assert_int_equal(eddy_core_run(world.core, failed), -ENOMEM); /* nobody's, and everybody's */
    eddy_future_drop(failed);
    test_core_end(world.core);
}

static void chain_of_a_loop_that_is_gone_fails_and_releases(void **state)
{
    struct world world = {.core = test_core()};
    eddy_future *work = owing(&world, leaf(&world, 0, 1));
    eddy_future *kept = owing(&world, leaf(&world, 0, 1));

    (void)state;
    test_core_end(world.core);
    assert_int_equal(world.released, 0);
    eddy_future_drop(kept);
    assert_int_equal(world.released, 1);
    work = eddy_map(work, refused_map, NULL); /* the last that keeps the loop's memory */
    assert_int_equal(world.released, 2);
    assert_int_equal(work->type->poll(NULL, NULL), EDDY_LOOP_GONE);
    assert_ptr_equal(owing(&world, work), work);
    check_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chain_can_be_dropped_at_any_moment),
        cmocka_unit_test(chain_can_be_dropped_between_any_two_steps),
        cmocka_unit_test(chain_without_memory_releases_all_and_says_so),
        cmocka_unit_test(nothing_but_releases_runs_on_a_future_that_failed_when_it_was_made),
        cmocka_unit_test(chain_of_a_loop_that_is_gone_fails_and_releases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
