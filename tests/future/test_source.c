/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_source.c - the futures that others are put on: ready, never, lazy, poll_fn. The loop has a
 * file of its own.
 */
#include "boxed.h"

#include <string.h>

#include "../support/clock.h"
#include "../support/death.h"
#include "../support/drop.h"

/* ---- ready ---- */

/* futures 0.1: all, test_ok */
static void ready_future_gives_its_value_or_its_error(void **state)
{
    static const eddy_result values[] = {0, 1, INT64_MAX, -EIO, EDDY_CLOSED, INT64_MIN + 1};
    eddy_core *core = test_core();

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        assert_int_equal(eddy_core_run(core, ready(core, values[i])), values[i]);
    test_core_end(core);
}

/* futures 0.1: all, spawn_does_unsize */
static void boxed_future_is_spawned_whatever_it_is_made_of(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    assert_int_equal(test_join_end(core, spawn_boxed(core, ready(core, 3))), 3);
    assert_int_equal(
        test_join_end(core, spawn_boxed(core, box(core, EDDY_FUTURE(test_value, .value = 4)))), 4);
    test_core_end(core);
}

/* Polls ready futures until the poll's budget is spent. */
struct glutton {
    EDDY_FRAME;
    int left;
    int *polls;
    eddy_future *inner;
};

static eddy_result glutton_poll(eddy_future *frame, eddy_task *task)
{
    struct glutton *self = (struct glutton *)(void *)frame;

    ++*self->polls;
    while (self->left > 0) {
        eddy_result n;

        if (self->inner == NULL)
            self->inner = eddy_ready(eddy_task_handle(task), 1);
        n = eddy_future_poll_child(frame, self->inner, task);
        if (n == EDDY_PENDING)
            return EDDY_PENDING;
        self->inner = NULL;
        self->left--;
    }
    return 0;
}

static void glutton_done(eddy_future *frame)
{
    (void)frame;
}

static const eddy_type glutton_type = {glutton_poll, glutton_done, sizeof(struct glutton),
                                       "glutton", NULL};

static void ready_futures_cost_budget(void **state)
{
    eddy_core *core = test_core_with((eddy_core_options){.task_budget = 10});
    int polls = 0;

    (void)state;
    assert_int_equal(test_run(core, glutton, .left = 100, .polls = &polls), 0);
    assert_in_range(polls, 10, 100);
    test_core_end(core);
}

static void make_ready_of_pending(void *arg)
{
    (void)arg;
    (void)ready(test_core(), EDDY_PENDING);
}

static void ready_future_of_pending_is_a_mistake(void **state)
{
    (void)state;
    assert_dies(make_ready_of_pending, NULL, "eddy_ready is given EDDY_PENDING");
}

/* ---- never ---- */

static void never_is_found_to_be_a_deadlock(void **state)
{
    eddy_core *core = test_core();
    struct test_text text;

    (void)state;
    assert_int_equal(eddy_core_run(core, never(core)), EDDY_DEADLOCK);
    test_dump(core, &text);
    assert_non_null(strstr(text.text, "never"));
    test_core_end(core);
}

static void never_ends_when_it_is_asked_to(void **state)
{
    eddy_core *core = test_core();
    eddy_join *join = spawn_boxed(core, never(core));

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    test_core_end(core);
}

/* ---- lazy ---- */

static eddy_future *make_leaf(void *arg, eddy_handle *handle)
{
    struct world *world = arg;

    assert_ptr_equal(handle, eddy_core_handle(world->core));
    world->rounds++;
    return leaf(world, 2, 11);
}

static void lazy_makes_its_future_at_the_first_poll(void **state)
{
    struct world world = {.core = test_core()};
    eddy_handle *handle = eddy_core_handle(world.core);
    eddy_future *lazy = eddy_lazy(handle, make_leaf, &world);

    (void)state;
    assert_int_equal(world.rounds, 0);
    assert_int_equal(eddy_core_run(world.core, lazy), 11);
    assert_int_equal(world.rounds, 1);
    check_world(&world);
    test_core_end(world.core);
}

static void lazy_that_is_never_polled_makes_nothing(void **state)
{
    struct world world = {.core = test_core()};

    (void)state;
    eddy_future_drop(eddy_lazy(eddy_core_handle(world.core), make_leaf, &world));
    assert_int_equal(eddy_spawn(eddy_core_handle(world.core),
                                eddy_lazy(eddy_core_handle(world.core), make_leaf, &world)),
                     0);
    test_core_end(world.core);
    assert_int_equal(world.rounds, 0);
}

/* ---- poll_fn ---- */

static eddy_result poll_gate(void *arg, eddy_task *task)
{
    struct world *world = arg;

    world->rounds++;
    return test_gate_poll(&world->gate, task);
}

static void poll_function_is_a_future(void **state)
{
    struct world world = {.core = test_core()};
    eddy_handle *handle = eddy_core_handle(world.core);
    eddy_join *join = spawn_boxed(world.core, eddy_poll_fn(handle, poll_gate, &world));

    (void)state;
    test_settle(world.core);
    assert_int_equal(world.rounds, 1);
    test_gate_open(&world.gate, 5);
    assert_int_equal(test_join_end(world.core, join), 5);
    assert_int_equal(world.rounds, 2);
    test_core_end(world.core);
}

/* ---- dropped at any moment, and without memory ---- */

static eddy_future *begin_ready(void *arg, eddy_core *core)
{
    (void)arg;
    return ready(core, 7);
}

static eddy_future *begin_lazy(void *arg, eddy_core *core)
{
    return eddy_lazy(eddy_core_handle(core), make_leaf, arg);
}

static eddy_future *begin_poll_fn(void *arg, eddy_core *core)
{
    return eddy_poll_fn(eddy_core_handle(core), poll_gate, arg);
}

static const struct {
    scenario_fn *begin;
    eddy_result expected;
} scenarios[] = {{begin_ready, 7}, {begin_lazy, 11}, {begin_poll_fn, 7}};

static const size_t scenarios_n = sizeof scenarios / sizeof *scenarios;

static scenario_fn *scenario;

static eddy_future *begin(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.core = core};
    (void)test_clock_take(core, 0); /* a wait in which nothing happens takes no time */
    return scenario(world, core);
}

static void end(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)core;
    assert_true(result >= 0 || result == EDDY_DROPPED);
    check_world(world);
    assert_null(world->gate.waiter.branch);
}

static void sources_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin, step, end, &world, {0}};

    (void)state;
    for (size_t i = 0; i < scenarios_n; i++) {
        scenario = scenarios[i].begin;
        assert_in_range(test_drop_anywhere(&drop), 0, 10);
    }
}

static void never_can_be_dropped_at_its_moments(void **state)
{
    struct world world = {.core = test_core()};
    eddy_core *core = world.core;
    eddy_join *join;

    (void)state;
    eddy_future_drop(never(core));
    join = spawn_boxed(core, never(core));
    eddy_join_abort(join); /* not polled */
    assert_int_equal(test_join_end(core, join), EDDY_DROPPED);
    join = spawn_boxed(core, never(core));
    test_settle(core);
    eddy_join_abort(join); /* waits */
    assert_int_equal(test_join_end(core, join), EDDY_DROPPED);
    join = spawn_boxed(core, never(core));
    test_settle(core);
    test_core_end(core); /* with the loop */
    eddy_join_free(join);
}

static void source_without_memory_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < scenarios_n; i++)
        fail_each(scenarios[i].begin, scenarios[i].expected);
}

static void never_without_memory_ends_nevertheless(void **state)
{
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    eddy_core *core;

    (void)state;
    test_heap_init(&heap, -1);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    atomic_store(&heap.fail_at, atomic_load(&heap.calls));
    assert_int_equal(eddy_core_run(core, never(core)), -ENOMEM);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ready_future_gives_its_value_or_its_error),
        cmocka_unit_test(boxed_future_is_spawned_whatever_it_is_made_of),
        cmocka_unit_test(ready_futures_cost_budget),
        cmocka_unit_test(ready_future_of_pending_is_a_mistake),
        cmocka_unit_test(never_is_found_to_be_a_deadlock),
        cmocka_unit_test(never_ends_when_it_is_asked_to),
        cmocka_unit_test(lazy_makes_its_future_at_the_first_poll),
        cmocka_unit_test(lazy_that_is_never_polled_makes_nothing),
        cmocka_unit_test(poll_function_is_a_future),
        cmocka_unit_test(sources_can_be_dropped_at_any_moment),
        cmocka_unit_test(never_can_be_dropped_at_its_moments),
        cmocka_unit_test(source_without_memory_fails),
        cmocka_unit_test(never_without_memory_ends_nevertheless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
