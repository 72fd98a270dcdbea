/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_limits.c - groups: their number of tasks has a limit, their results are handed out or told.
 */
#include "group_world.h"

#include "../support/death.h"
#include "../support/drop.h"

/* ---- limits ---- */

/* Waits for room, then spawns; `count` times. */
struct feeder {
    EDDY_FRAME;
    eddy_group *group;
    struct test_gate *gates;
    int count, *spawned, *order;
    int i;
    eddy_ticket place;
};
EDDY_ASYNC(feeder, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->i = 0; self->i < self->count; self->i++) {
            EDDY_POLL(n, eddy_group_poll_room(self->group, task, &self->place));
            if (n < 0)
                EDDY_RETURN(n);
            spawn(self->group, test_wait, .gate = &self->gates[*self->spawned]);
            (*self->spawned)++;
        }
        EDDY_END(0);
}

static void room_is_waited_for_at_the_limit(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.tasks_max = 2});
    struct test_gate gates[4] = {0};
    int spawned = 0;
    eddy_join *join = test_spawn_join(core, feeder, .group = group, .gates = gates, .count = 4,
                                      .spawned = &spawned);

    (void)state;
    test_settle(core);
    assert_int_equal(spawned, 2);
    assert_int_equal(eddy_group_spawn(group, EDDY_FUTURE(test_value, .value = 0)), EDDY_TASKS_FULL);
    test_gate_open(&gates[1], 0);
    test_settle(core);
    assert_int_equal(spawned, 3);
    test_gate_open(&gates[0], 0);
    test_settle(core);
    assert_int_equal(spawned, 4);
    assert_int_equal(test_join_end(core, join), 0);
    eddy_group_free(group);
    test_core_end(core);
}

static void dropped_waiter_for_room_passes_it_on(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.tasks_max = 1});
    struct test_gate gates[3] = {0};
    int spawned = 1;
    eddy_join *first, *second;

    (void)state;
    spawn(group, test_wait, .gate = &gates[0]);
    first = test_spawn_join(core, feeder, .group = group, .gates = gates, .count = 1,
                            .spawned = &spawned);
    test_settle(core);
    second = test_spawn_join(core, feeder, .group = group, .gates = gates, .count = 1,
                             .spawned = &spawned);
    test_settle(core);
    test_gate_open(&gates[0], 0);
    while (eddy_group_tasks(group) > 0) /* the room is told to the first ... */
        test_turn(core);
    eddy_join_abort(first); /* ... which is gone before it can take it, or has taken it */
    test_settle(core);
    assert_int_equal(spawned, 2);
    eddy_join_free(first);
    eddy_join_abort(second);
    eddy_join_free(second);
    eddy_group_free(group);
    test_core_end(core);
}

static void closed_group_refuses_and_tells_those_who_wait(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.tasks_max = 1});
    struct test_gate gate = {0};
    struct test_trace trace = {0};
    int spawned = 0;
    eddy_join *join = test_spawn_join(core, feeder, .group = group, .gates = &gate, .count = 2,
                                      .spawned = &spawned);

    (void)state;
    test_settle(core);
    eddy_group_close(group);
    assert_int_equal(test_join_end(core, join), EDDY_CLOSED);
    assert_int_equal(eddy_group_spawn(group, EDDY_FUTURE(test_value, .trace = &trace)),
                     EDDY_CLOSED);
    assert_int_equal(trace.dones, 1);
    assert_int_equal(eddy_group_tasks(group), 1); /* who is there goes on */
    eddy_group_free(group);
    test_core_end(core);
}

struct drop_world {
    eddy_group *group;
    struct test_gate gates[3];
    int spawned;
};

static eddy_future *drop_begin(void *arg, eddy_core *core)
{
    struct drop_world *world = arg;

    *world = (struct drop_world){0};
    world->group = new_group(core, (eddy_group_options){.tasks_max = 1});
    return eddy_box(eddy_core_handle(core),
                    EDDY_FUTURE(feeder, .group = world->group, .gates = world->gates, .count = 3,
                                .spawned = &world->spawned));
}

static void drop_step(void *arg, eddy_core *core)
{
    struct drop_world *world = arg;

    (void)core;
    if (world->spawned > 0)
        test_gate_open(&world->gates[world->spawned - 1], 0);
}

static void drop_end(void *arg, eddy_core *core, eddy_result result)
{
    struct drop_world *world = arg;

    (void)core;
    (void)result;
    eddy_group_free(world->group);
}

static void waiter_for_room_dropped_anywhere_leaves_nothing(void **state)
{
    struct drop_world world;
    struct test_drop drop = {
        .begin = drop_begin, .step = drop_step, .end = drop_end, .world = &world};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= 2);
}

/* ---- results ---- */

/* Takes results until none is left. */
struct taker {
    EDDY_FRAME;
    eddy_group *group;
    int64_t *sum;
    int *count;
    eddy_ended ended;
};
EDDY_ASYNC(taker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_group_poll_next(self->group, task, &self->ended));
            if (n <= 0)
                break;
            assert_string_equal(self->ended.name, "test_value");
            *self->sum += self->ended.result;
            ++*self->count;
        }
        EDDY_END(n);
}

static void results_are_taken_as_they_end(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.keep_results = true});
    int64_t sum = 0;
    int count = 0;

    (void)state;
    for (int i = 0; i < 10; i++)
        spawn(group, test_value, .value = 1 << i, .yields = 10 - i);
    assert_int_equal(test_run(core, taker, .group = group, .sum = &sum, .count = &count), 0);
    assert_int_equal(sum, 1023);
    assert_int_equal(count, 10);
    eddy_group_free(group);
    test_core_end(core);
}

static void results_not_taken_count_against_the_limit(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.keep_results = true, .tasks_max = 1});
    int64_t sum = 0;
    int count = 0;

    (void)state;
    spawn(group, test_value, .value = 5);
    test_settle(core);
    assert_int_equal(eddy_group_spawn(group, EDDY_FUTURE(test_value)), EDDY_TASKS_FULL);
    assert_int_equal(test_run(core, taker, .group = group, .sum = &sum, .count = &count), 0);
    spawn(group, test_value, .value = 6);
    test_settle(core);
    eddy_group_free(group); /* the second result is thrown away */
    assert_int_equal(sum, 5);
    test_core_end(core);
}

static void hook(void *arg, const eddy_ended *ended)
{
    *(eddy_result *)arg = ended->result;
}

static void error_that_is_not_kept_goes_to_the_loops_hook(void **state)
{
    eddy_result told = 0;
    eddy_core *core = test_core_with((eddy_core_options){.on_task_error = hook, .hook_arg = &told});
    eddy_group *group = new_group(core, (eddy_group_options){0});

    (void)state;
    spawn(group, test_value, .value = -EIO);
    spawn(group, test_value, .value = 3);
    test_settle(core);
    assert_int_equal(told, -EIO);
    assert_int_equal(report_of(group).errors, 1);
    assert_int_equal(report_of(group).ended, 2);
    assert_int_equal(report_of(group).first_error.result, -EIO);
    eddy_group_free(group);
    test_core_end(core);
}

static void die_by_next_without_results(void *arg)
{
    eddy_core *core = test_core();
    int64_t sum;
    int count;

    (void)arg;
    (void)test_run(core, taker, .group = new_group(core, (eddy_group_options){0}), .sum = &sum,
                   .count = &count);
}

static void next_of_a_group_that_keeps_nothing_is_asserted(void **state)
{
    (void)state;
    assert_dies(die_by_next_without_results, NULL, "results that it does not keep");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(room_is_waited_for_at_the_limit),
        cmocka_unit_test(dropped_waiter_for_room_passes_it_on),
        cmocka_unit_test(closed_group_refuses_and_tells_those_who_wait),
        cmocka_unit_test(results_are_taken_as_they_end),
        cmocka_unit_test(results_not_taken_count_against_the_limit),
        cmocka_unit_test(error_that_is_not_kept_goes_to_the_loops_hook),
        cmocka_unit_test(next_of_a_group_that_keeps_nothing_is_asserted),
        cmocka_unit_test(waiter_for_room_dropped_anywhere_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
