/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_join.c - all of some futures: every outcome, in any order, whatever becomes of the others.
 */
#include <stdlib.h>

#include "../support/death.h"
#include "reactor/core.h"
#include "selects.h"

/* ---- outcomes ---- */

static void join_tells_each_outcome_in_its_place(void **state)
{
    eddy_core *core = test_core();
    eddy_result results[3];
    eddy_future *all =
        eddy_join_all(handle_of(core),
                      EDDY_FUTURES(ready(core, 1), ready(core, -EPIPE), ready(core, 3)), results);

    (void)state;
    assert_int_equal(results[1], EDDY_DROPPED); /* until it ends */
    assert_int_equal(eddy_core_run(core, all), 1);
    assert_int_equal(results[0], 1);
    assert_int_equal(results[1], -EPIPE);
    assert_int_equal(results[2], 3);
    test_core_end(core);
}

/* The collect_collects of futures 0.1. */
static void join_of_two_one_and_none_ends(void **state)
{
    eddy_core *core = test_core();
    eddy_result results[2];
    eddy_future *both =
        eddy_join_all(handle_of(core), EDDY_FUTURES(ready(core, 1), ready(core, 2)), results);
    eddy_future *one = eddy_join_all(handle_of(core), EDDY_FUTURES(ready(core, 7)), &results[1]);

    (void)state;
    assert_int_equal(eddy_core_run(core, both), 0);
    assert_int_equal(results[0], 1);
    assert_int_equal(eddy_core_run(core, one), 0);
    assert_int_equal(results[1], 7);
    assert_int_equal(eddy_core_run(core, eddy_join_all(handle_of(core), NULL, 0, NULL)), 0);
    assert_int_equal(eddy_core_run(core, eddy_try_join_all(handle_of(core), NULL, 0, NULL)), 0);
    test_core_end(core);
}

static void join_ends_with_the_last_whatever_the_order(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int first = 0; first < 2; first++) {
        struct test_gate gates[2] = {0};
        eddy_result results[2];
        eddy_future *all = eddy_join_all(
            handle_of(core),
            EDDY_FUTURES(wait_at(core, &gates[0], NULL), wait_at(core, &gates[1], NULL)), results);
        eddy_join *join = spawn_boxed(core, all);

        test_settle(core);
        test_gate_open(&gates[first], 10 + first);
        test_settle(core);
        assert_int_equal(test_stats(core).tasks_live, 1);
        test_gate_open(&gates[1 - first], 11 - first);
        assert_int_equal(test_join_end(core, join), 0);
        assert_int_equal(results[0], 10);
        assert_int_equal(results[1], 11);
    }
    test_core_end(core);
}

/* The join_incomplete of futures 0.1. */
static void join_waits_for_the_missing_side_and_tells_its_error(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    eddy_result results[2];
    eddy_future *all = eddy_join_all(
        handle_of(core), EDDY_FUTURES(ready(core, 1), wait_at(core, &gate, NULL)), results);
    eddy_join *join = spawn_boxed(core, all);

    (void)state;
    test_settle(core);
    assert_int_equal(results[0], 1);
    assert_int_equal(results[1], EDDY_DROPPED);
    test_gate_open(&gate, -EIO);
    assert_int_equal(test_join_end(core, join), 1);
    assert_int_equal(results[1], -EIO);
    test_core_end(core);
}

static void joins_of_joins_end_in_any_order(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[3] = {0};
    eddy_result inner[2], outer[2];
    eddy_future *two = eddy_join_all(
        handle_of(core),
        EDDY_FUTURES(wait_at(core, &gates[0], NULL), wait_at(core, &gates[1], NULL)), inner);
    eddy_join *join =
        spawn_boxed(core, eddy_join_all(handle_of(core),
                                        EDDY_FUTURES(two, wait_at(core, &gates[2], NULL)), outer));

    (void)state;
    test_settle(core);
    for (int i = 2; i >= 0; i--) {
        test_gate_open(&gates[i], i + 1);
        test_settle(core);
    }
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(inner[0], 1);
    assert_int_equal(inner[1], 2);
    assert_int_equal(outer[0], 0);
    assert_int_equal(outer[1], 3);
    test_core_end(core);
}

static void join_with_what_never_ends_never_ends(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};
    eddy_future *value = box(core, EDDY_FUTURE(test_value, .trace = &trace));
    eddy_join *join =
        spawn_boxed(core, eddy_join_all(handle_of(core), EDDY_FUTURES(value, never(core)), NULL));

    (void)state;
    test_settle(core);
    assert_int_equal(trace.dones, 1);
    assert_int_equal(test_stats(core).tasks_live, 1);
    eddy_join_abort(join);
    eddy_join_free(join);
    test_core_end(core);
}

static void a_future_that_could_not_be_made_is_one_that_failed(void **state)
{
    eddy_core *core = test_core();
    eddy_future *failed = eddy__future_failed(core);
    eddy_result results[2];
    eddy_future *all =
        eddy_join_all(handle_of(core), EDDY_FUTURES(failed, ready(core, 2)), results);

    (void)state;
    assert_int_equal(eddy_core_run(core, all), 1);
    assert_int_equal(results[0], -ENOMEM);
    assert_int_equal(results[1], 2);
    eddy_future_drop(eddy_join_all(handle_of(core), EDDY_FUTURES(failed, failed), NULL));
    test_core_end(core);
}

/* ---- wakes and requests ---- */

static void join_of_a_hundred_thousand_polls_only_what_was_woken(void **state)
{
    enum { MANY = 100000 };
    eddy_core *core = test_core();
    struct test_gate *gates = calloc(MANY, sizeof *gates);
    eddy_future **futures = calloc(MANY, sizeof *futures);
    struct test_trace trace = {0};
    eddy_join *join;

    (void)state;
    for (int i = 0; i < MANY; i++)
        futures[i] = wait_at(core, &gates[i], &trace);
    join = spawn_boxed(core, eddy_join_all(handle_of(core), futures, MANY, NULL));
    free(futures);
    test_settle(core);
    assert_int_equal(trace.polls, MANY);
    test_gate_open(&gates[77777], 0);
    test_settle(core);
    test_gate_open(&gates[5], 0);
    test_gate_open(&gates[99999], 0);
    test_settle(core);
    assert_int_equal(trace.polls, MANY + 3);
    assert_int_equal(trace.dones, 3);
    eddy_join_abort(join);
    assert_int_equal(trace.dones, MANY);
    eddy_join_free(join);
    free(gates);
    test_core_end(core);
}

static void request_to_end_reaches_every_child(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[3] = {0};
    eddy_result results[3];
    eddy_future *two = eddy_join_all(
        handle_of(core),
        EDDY_FUTURES(wait_at(core, &gates[0], NULL), wait_at(core, &gates[1], NULL)), results);
    eddy_join *join =
        spawn_boxed(core, eddy_join_all(handle_of(core),
                                        EDDY_FUTURES(two, wait_at(core, &gates[2], NULL)), NULL));

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), 1); /* the inner one succeeds: two have failed */
    assert_int_equal(results[0], -ECANCELED);
    assert_int_equal(results[1], -ECANCELED);
    test_core_end(core);
}

/* Costs one unit of the budget. */
struct unit {
    EDDY_FRAME;
    struct test_trace *trace;
};
static eddy_result unit_poll(eddy_future *frame, eddy_task *task)
{
    ((struct unit *)(void *)frame)->trace->polls++;
    return eddy__task_spend(task) ? 0 : eddy__task_yield(task);
}
static void unit_done(eddy_future *frame)
{
    test_trace_done(((struct unit *)(void *)frame)->trace);
}
static const eddy_type unit_type = {unit_poll, unit_done, sizeof(struct unit), "unit", NULL};

/* One child finds the budget spent in each poll, not all of them. */
static void spent_budget_is_not_asked_of_every_child(void **state)
{
    enum { MANY = 10000 };
    eddy_core *core = test_core();
    eddy_future **futures = calloc(MANY, sizeof *futures);
    struct test_trace trace = {0};
    struct test_trace other = {0};
    eddy_join *join;

    (void)state;
    for (int i = 0; i < MANY; i++)
        futures[i] = box(core, EDDY_FUTURE(unit, .trace = &trace));
    join = spawn_boxed(core, eddy_join_all(handle_of(core), futures, MANY, NULL));
    free(futures);
    test_spawn(core, test_value, .trace = &other, .yields = 20);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(trace.dones, MANY);
    assert_true(trace.polls <= 3 * MANY / 2); /* in a world a budget may be tiny now and then */
    assert_int_equal(other.dones, 1);         /* it had its turns meanwhile */
    test_core_end(core);
}

/* ---- mistakes ---- */

static void join_null(void *arg)
{
    eddy_core *core = test_core();

    (void)arg;
    (void)eddy_join_all(handle_of(core), EDDY_FUTURES(ready(core, 1), NULL), NULL);
}

static void join_unboxed(void *arg)
{
    eddy_core *core = test_core();

    (void)arg;
    (void)eddy_join_all(handle_of(core), EDDY_FUTURES(EDDY_FUTURE(test_value)), NULL);
}

static void join_one_twice(void *arg)
{
    eddy_core *core = test_core();
    eddy_future *one = ready(core, 1);

    (void)arg;
    (void)eddy_try_join_all(handle_of(core), EDDY_FUTURES(one, one), NULL);
}

static void join_of_another_loop(void *arg)
{
    eddy_core *core = test_core();
    eddy_core *other = test_core();

    (void)arg;
    (void)eddy_join_all(handle_of(other), EDDY_FUTURES(ready(core, 1)), NULL);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    assert_dies(join_null, NULL, "eddy_join_all is given NULL as future 1");
    assert_dies(join_unboxed, NULL,
                "eddy_join_all is given future 'test_value', which is not boxed");
    assert_dies(join_one_twice, NULL, "eddy_try_join_all is given future 'ready' after");
    assert_dies(join_of_another_loop, NULL, "which is of another loop");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(join_tells_each_outcome_in_its_place),
        cmocka_unit_test(join_of_two_one_and_none_ends),
        cmocka_unit_test(join_ends_with_the_last_whatever_the_order),
        cmocka_unit_test(join_waits_for_the_missing_side_and_tells_its_error),
        cmocka_unit_test(joins_of_joins_end_in_any_order),
        cmocka_unit_test(join_with_what_never_ends_never_ends),
        cmocka_unit_test(a_future_that_could_not_be_made_is_one_that_failed),
        cmocka_unit_test(join_of_a_hundred_thousand_polls_only_what_was_woken),
        cmocka_unit_test(request_to_end_reaches_every_child),
        cmocka_unit_test(spent_budget_is_not_asked_of_every_child),
        cmocka_unit_test(mistakes_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
