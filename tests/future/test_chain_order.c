/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_chain_order.c - in which order the parts of a chain run and go: what is over is freed before
 * the next begins, what is owed is released once, calls inside calls become a list. And what a chain
 * costs, and how it is asked to end.
 */
#include "boxed.h"

/* ---- what is over is gone ---- */

static eddy_future *next_when_gone(void *arg, eddy_handle *handle, eddy_result value)
{
    struct world *world = arg;

    assert_int_equal(world->trace.dones, world->leaves);
    assert_int_equal(world->released, world->owed);
    return eddy_ready(handle, value);
}

static eddy_result map_when_gone(void *arg, eddy_result value)
{
    struct world *world = arg;

    assert_int_equal(world->trace.dones, world->leaves);
    assert_int_equal(world->released, world->owed);
    return value;
}

/* futures 0.1: eager_drop, map, map_err, and_then_drops_eagerly */
static void what_is_over_is_released_before_the_next_callback_runs(void **state)
{
    struct world world = {.core = test_core()};

    (void)state;
    for (int yields = 0; yields < 3; yields++) {
        eddy_future *work = owing(&world, leaf(&world, yields, 1));

        work = eddy_map(work, map_when_gone, &world);
        assert_int_equal(eddy_core_run(world.core, eddy_and_then(work, next_when_gone, &world)), 1);
        work = owing(&world, owing(&world, leaf(&world, yields, -EIO)));
        work = eddy_map_err(work, map_when_gone, &world);
        assert_int_equal(eddy_core_run(world.core, eddy_or_else(work, next_when_gone, &world)),
                         -EIO);
    }
    check_world(&world);
    test_core_end(world.core);
}

/* The memory of a future and of its step is there again for what comes next. */
static eddy_future *next_counting(void *arg, eddy_handle *handle, eddy_result value)
{
    (void)arg;
    return eddy_box(handle, EDDY_FUTURE(test_value, .value = value + 1));
}

static void chain_that_goes_on_takes_no_more_memory(void **state)
{
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    eddy_core *core;
    eddy_future *work;
    long blocks;

    (void)state;
    test_heap_init(&heap, -1);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    work = ready(core, 0);
    for (int i = 0; i < 100; i++)
        work = eddy_and_then(work, next_counting, NULL);
    blocks = atomic_load(&heap.blocks);
    assert_int_equal(eddy_core_run(core, work), 100);
    assert_true(atomic_load(&heap.blocks) <= blocks);
    test_core_end(core);
}

/* ---- finally ---- */

enum { MARKS_MAX = 16 };

struct mark {
    char *text;
    char name;
};

static void put_mark(void *arg)
{
    struct mark *mark = arg;
    size_t at = 0;

    while (mark->text[at] != '\0')
        at++;
    mark->text[at] = mark->name;
}

static eddy_result map_mark(void *arg, eddy_result value)
{
    put_mark(arg);
    return value;
}

static void releases_come_in_the_order_of_the_steps(void **state)
{
    eddy_core *core = test_core();
    char text[MARKS_MAX] = "";
    struct mark a = {text, 'a'}, b = {text, 'b'}, c = {text, 'c'}, d = {text, 'd'};
    eddy_future *work;

    (void)state;
    work = eddy_map(eddy_finally(ready(core, 1), put_mark, &a), map_mark, &b);
    work = eddy_map_err(eddy_finally(work, put_mark, &c), map_mark, &d);
    assert_int_equal(eddy_core_run(core, work), 1);
    assert_string_equal(text, "abc");
    test_core_end(core);
}

static void dropped_chain_releases_in_the_order_of_its_steps(void **state)
{
    eddy_core *core = test_core();
    char text[MARKS_MAX] = "";
    struct mark a = {text, 'a'}, b = {text, 'b'}, c = {text, 'c'};
    eddy_future *work;

    (void)state;
    work = eddy_map(eddy_finally(never(core), put_mark, &a), map_mark, &b);
    eddy_future_drop(eddy_finally(work, put_mark, &c));
    assert_string_equal(text, "ac");
    test_core_end(core);
}

/* Every way in which a future can end; after each, all that it owed has been released once. */
static void what_is_owed_is_released_once_whatever_the_end(void **state)
{
    struct world world = {.core = test_core()};
    eddy_core *core = world.core;
    eddy_future *slot;
    eddy_join *join;

    (void)state;
    assert_int_equal(eddy_core_run(core, owing(&world, leaf(&world, 1, 3))), 3);
    check_world(&world);
    assert_int_equal(eddy_core_run(core, owing(&world, leaf(&world, 1, -EIO))), -EIO);
    check_world(&world);
    eddy_future_drop(owing(&world, leaf(&world, 0, 3)));
    check_world(&world);
    join = spawn_boxed(core, owing(&world, leaf(&world, 0, 3)));
    eddy_join_abort(join); /* spawned and never polled */
    assert_int_equal(test_join_end(core, join), EDDY_DROPPED);
    check_world(&world);
    join = spawn_boxed(core, owing(&world, never(core)));
    test_settle(core);
    assert_int_equal(world.owed - world.released, 1);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    check_world(&world);
    slot = owing(&world, never(core));
    assert_int_equal(eddy_core_run(core, eddy_timeout_after(slot, 0)), -ETIMEDOUT);
    check_world(&world);
    test_spawn_future(core, owing(&world, leaf(&world, 0, 3)), __FILE__, __LINE__);
    test_core_end(core); /* with the loop, never polled */
    check_world(&world);
}

/* Spawns from a release, also from that of a chain that is dropped. */
static void spawn_leaf(void *arg)
{
    struct world *world = arg;

    world->released++;
    assert_int_equal(eddy_spawn(eddy_core_handle(world->core), leaf(world, 0, 0)), 0);
}

static void release_may_spawn(void **state)
{
    struct world world = {.core = test_core()};

    (void)state;
    world.owed = 2;
    eddy_future_drop(eddy_finally(never(world.core), spawn_leaf, &world));
    assert_int_equal(
        eddy_core_run(world.core, eddy_finally(ready(world.core, 4), spawn_leaf, &world)), 4);
    test_settle(world.core);
    check_world(&world);
    test_core_end(world.core);
}

/* ---- calls inside calls ---- */

struct nest {
    struct world *world;
    struct mark marks[3];
};

static eddy_future *inner_chain(void *arg, eddy_handle *handle, eddy_result value)
{
    struct nest *nest = arg;
    eddy_future *work = leaf(nest->world, 1, value + 1);

    (void)handle;
    work = eddy_map(work, map_mark, &nest->marks[0]);
    return eddy_finally(work, put_mark, &nest->marks[1]);
}

static void chain_from_a_callback_runs_before_the_rest(void **state)
{
    struct world world = {.core = test_core()};
    char text[MARKS_MAX] = "";
    struct nest nest = {&world, {{text, 'a'}, {text, 'b'}, {text, 'c'}}};
    eddy_future *work = eddy_and_then(ready(world.core, 1), inner_chain, &nest);

    (void)state;
    work = eddy_map(work, map_mark, &nest.marks[2]);
    assert_int_equal(eddy_core_run(world.core, work), 2);
    assert_string_equal(text, "abc");
    work = eddy_and_then(ready(world.core, 1), inner_chain, &nest); /* as the last step, too */
    assert_int_equal(eddy_core_run(world.core, work), 2);
    assert_string_equal(text, "abcab");
    check_world(&world);
    test_core_end(world.core);
}

static eddy_future *count_down(void *arg, eddy_handle *handle, eddy_result value)
{
    return value > 0 ? eddy_and_then(eddy_ready(handle, value - 1), count_down, arg)
                     : eddy_ready(handle, 77);
}

/* futures 0.1: recurse, lots */
static void thousand_calls_of_a_callback_that_calls_itself(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    assert_int_equal(eddy_core_run(core, eddy_and_then(ready(core, 1000), count_down, NULL)), 77);
    test_core_end(core);
}

/* ---- an async function that calls itself ---- */

EDDY_ASYNC_DECLARE(sum);

/* n + (n - 1) + ... + 1: each awaits the next, which lies in a box. */
struct sum {
    EDDY_FRAME;
    struct world *world;
    int64_t n;
    eddy_future *rest;
};

static void sum_done(struct sum *self)
{
    test_trace_done(&self->world->trace);
}

EDDY_ASYNC(sum, sum_done)
{
    eddy_result n;

    EDDY_BEGIN
        if (self->n == 0)
            EDDY_RETURN(0);
        self->world->leaves++;
        self->rest = eddy_box(eddy_task_handle(task),
                              EDDY_FUTURE(sum, .world = self->world, .n = self->n - 1));
        if (self->n % 10 == 0)
            EDDY_YIELD();
        EDDY_AWAIT_FUTURE(n, self->rest);
        EDDY_END(n < 0 ? n : n + self->n);
}

static void async_function_recurses_through_a_box(void **state)
{
    struct world world = {.core = test_core(), .leaves = 1};

    (void)state;
    assert_int_equal(test_run(world.core, sum, .world = &world, .n = 100), 5050);
    check_world(&world);
    test_core_end(world.core);
}

/* ---- cost, and the request to end ---- */

static eddy_result plus_one(void *arg, eddy_result value)
{
    (void)arg;
    return value + 1;
}

static void steps_cost_budget_taken_or_left_out(void **state)
{
    eddy_core *core = test_core_with((eddy_core_options){.task_budget = 10});

    (void)state;
    for (int good = 0; good < 2; good++) {
        eddy_future *work = ready(core, good ? 0 : -EIO);
        uint64_t polls;

        for (int i = 0; i < 100; i++)
            work = eddy_map(work, plus_one, NULL);
        polls = test_stats(core).polls;
        assert_int_equal(eddy_core_run(core, work), good ? 100 : -EIO);
        assert_in_range(test_stats(core).polls - polls, 10, 200);
    }
    test_core_end(core);
}

/* futures 0.1: eventual, cancel1 */
static void request_to_end_goes_through_the_steps_as_an_error(void **state)
{
    struct world world = {.core = test_core()};
    eddy_result (*const maps[])(void *, eddy_result) = {map_mark, plus_one};
    char text[MARKS_MAX] = "";
    struct mark mark = {text, 'm'};

    (void)state;
    for (size_t recover = 0; recover < 2; recover++) {
        eddy_future *work = eddy_map(at_gate(&world), map_mark, &mark); /* left out */
        eddy_join *join =
            spawn_boxed(world.core, eddy_map_err(work, maps[recover], recover ? NULL : &mark));

        test_settle(world.core);
        eddy_join_cancel(join, EDDY_FOREVER);
        assert_int_equal(test_join_end(world.core, join), -ECANCELED + (int)recover);
    }
    assert_string_equal(text, "m");
    check_world(&world);
    test_core_end(world.core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_over_is_released_before_the_next_callback_runs),
        cmocka_unit_test(chain_that_goes_on_takes_no_more_memory),
        cmocka_unit_test(releases_come_in_the_order_of_the_steps),
        cmocka_unit_test(dropped_chain_releases_in_the_order_of_its_steps),
        cmocka_unit_test(what_is_owed_is_released_once_whatever_the_end),
        cmocka_unit_test(release_may_spawn),
        cmocka_unit_test(chain_from_a_callback_runs_before_the_rest),
        cmocka_unit_test(thousand_calls_of_a_callback_that_calls_itself),
        cmocka_unit_test(async_function_recurses_through_a_box),
        cmocka_unit_test(steps_cost_budget_taken_or_left_out),
        cmocka_unit_test(request_to_end_goes_through_the_steps_as_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
