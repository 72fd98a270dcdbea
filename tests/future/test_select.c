/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_select.c - the first of some futures: who wins, and that the others are gone when it is told.
 */
#include "../support/death.h"
#include "reactor/core.h"
#include "selects.h"

/* ---- who wins ---- */

static void first_to_end_wins_wherever_it_stands(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (size_t at = 0; at < 3; at++) {
        for (int kind = 0; kind < SELECTS; kind++) {
            struct test_gate gates[3] = {0};
            size_t winner = 99;
            eddy_future *first = selects[kind](handle_of(core),
                                               EDDY_FUTURES(wait_at(core, &gates[0], NULL),
                                                            wait_at(core, &gates[1], NULL),
                                                            wait_at(core, &gates[2], NULL)),
                                               &winner);
            eddy_join *join = spawn_boxed(core, first);

            test_settle(core);
            assert_int_equal(winner, 99);
            test_gate_open(&gates[at], 40);
            assert_int_equal(test_join_end(core, join), 40);
            assert_int_equal(winner, at);
        }
    }
    test_core_end(core);
}

static void only_the_woken_child_is_polled(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int kind = 0; kind < SELECTS; kind++) {
        struct test_gate gates[3] = {0};
        struct test_trace traces[3] = {0};
        eddy_join *join =
            spawn_boxed(core, selects[kind](handle_of(core),
                                            EDDY_FUTURES(wait_at(core, &gates[0], &traces[0]),
                                                         wait_at(core, &gates[1], &traces[1]),
                                                         wait_at(core, &gates[2], &traces[2])),
                                            NULL));

        test_settle(core);
        eddy_waiter_nudge(&gates[1].waiter);
        test_settle(core);
        assert_int_equal(traces[0].polls, 1);
        assert_int_equal(traces[1].polls, 2);
        assert_int_equal(traces[2].polls, 1);
        eddy_join_abort(join);
        eddy_join_free(join);
    }
    test_core_end(core);
}

static void an_error_wins_too(void **state)
{
    eddy_core *core = test_core();
    size_t winner = 99;
    eddy_future *first =
        eddy_select(handle_of(core), EDDY_FUTURES(never(core), ready(core, -EPIPE)), &winner);

    (void)state;
    assert_int_equal(eddy_core_run(core, first), -EPIPE);
    assert_int_equal(winner, 1);
    test_core_end(core);
}

/* The select_all::smoke of futures 0.1, whose remainder is what is constructed anew here. */
static void select_of_what_is_ready_ends_at_once(void **state)
{
    eddy_core *core = test_core();
    size_t winner = 99;

    (void)state;
    for (eddy_result value = -2; value <= 1; value++) {
        eddy_future *first = eddy_select(
            handle_of(core), EDDY_FUTURES(ready(core, value), ready(core, value)), &winner);

        assert_int_equal(eddy_core_run(core, first), value);
        assert_in_range(winner, 0, 1);
    }
    test_core_end(core);
}

static void select_of_what_never_ends_never_ends(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int kind = 0; kind < SELECTS; kind++)
        assert_int_equal(
            eddy_core_run(
                core, selects[kind](handle_of(core), EDDY_FUTURES(never(core), never(core)), NULL)),
            EDDY_DEADLOCK);
    test_core_end(core);
}

static void race_finds_its_loop(void **state)
{
    eddy_core *core = test_core();
    eddy_future *failed = eddy__future_failed(core);

    (void)state;
    assert_int_equal(eddy_core_run(core, eddy_race(ready(core, 5), never(core))), 5);
    assert_int_equal(eddy_core_run(core, eddy_race(never(core), ready(core, -6))), -6);
    assert_int_equal(eddy_core_run(core, eddy_race(failed, never(core))), -ENOMEM);
    assert_int_equal(eddy_core_run(core, eddy_race(never(core), failed)), -ENOMEM);
    assert_int_equal(eddy_core_run(core, eddy_race(failed, failed)), -ENOMEM);
    test_core_end(core);
}

/* ---- the others ---- */

/* The select_cancels of futures 0.1: polled, or not. */
static void losers_are_dropped_before_it_is_told(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int kind = 0; kind < SELECTS; kind++) {
        for (int polled = 0; polled < 2; polled++) {
            struct test_gate gates[2] = {0};
            struct test_trace traces[2] = {0};
            eddy_join *join;

            if (!polled)
                test_gate_open(&gates[0], 3);
            join =
                spawn_boxed(core, selects[kind](handle_of(core),
                                                EDDY_FUTURES(wait_at(core, &gates[0], &traces[0]),
                                                             wait_at(core, &gates[1], &traces[1])),
                                                NULL));
            if (polled)
                test_settle(core);
            test_gate_open(&gates[0], 3);
            assert_int_equal(test_join_end(core, join), 3);
            assert_int_equal(traces[0].dones, 1);
            assert_int_equal(traces[1].dones, 1);
            assert_null(gates[1].waiter.branch);
        }
    }
    test_core_end(core);
}

/* Counts how many of the losers were done when the select was. */
struct looker {
    EDDY_FRAME;
    struct test_trace *traces;
    eddy_future *inner;
};
EDDY_ASYNC(looker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_AWAIT_FUTURE(n, self->inner);
        EDDY_END(n + self->traces[0].dones + self->traces[1].dones + self->traces[2].dones);
}

static void losers_are_done_when_the_poll_returns(void **state)
{
    eddy_core *core = test_core();
    struct test_trace traces[3] = {0};
    eddy_future *first = eddy_select(handle_of(core),
                                     EDDY_FUTURES(value_of(core, 3, 10, &traces[0]),
                                                  value_of(core, 9, 20, &traces[1]),
                                                  value_of(core, 9, 30, &traces[2])),
                                     NULL);

    (void)state;
    assert_int_equal(test_run(core, looker, .traces = traces, .inner = first), 13);
    test_core_end(core);
}

static void done_of_losers_may_wake_siblings_and_spawn(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int kind = 0; kind < SELECTS; kind++) {
        struct test_gate gates[3] = {0};
        struct test_trace traces[3] = {0};
        struct test_trace spawned = {0};
        eddy_future *child[3];
        size_t winner = 99;
        eddy_join *join;

        for (int i = 0; i < 3; i++)
            child[i] = box(core, EDDY_FUTURE(hook, .core = core, .gate = &gates[i],
                                             .other = &gates[(i + 1) % 3], .trace = &traces[i],
                                             .spawned = &spawned));
        join = spawn_boxed(core, selects[kind](handle_of(core), child, 3, &winner));
        test_settle(core);
        test_gate_open(&gates[1], 8);
        assert_int_equal(test_join_end(core, join), 8);
        assert_int_equal(winner, 1);
        test_settle(core);
        for (int i = 0; i < 3; i++)
            assert_int_equal(traces[i].dones, 1);
        assert_int_equal(spawned.dones, 3);
    }
    test_core_end(core);
}

/* ---- the first success ---- */

/* The ignore_err of futures 0.1. */
static void select_ok_passes_over_errors(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct test_trace trace = {0};
    size_t winner = 99;
    eddy_join *join = spawn_boxed(
        core, eddy_select_ok(handle_of(core),
                             EDDY_FUTURES(ready(core, -EIO), wait_at(core, &gate, NULL),
                                          ready(core, -EPIPE), value_of(core, 5, -1, &trace)),
                             &winner));

    (void)state;
    test_settle(core);
    assert_int_equal(trace.dones, 1);
    test_gate_open(&gate, 12);
    assert_int_equal(test_join_end(core, join), 12);
    assert_int_equal(winner, 1);
    test_core_end(core);
}

/* The last_err of futures 0.1. */
static void select_ok_tells_the_last_error_when_all_fail(void **state)
{
    eddy_core *core = test_core();
    size_t winner = 99;
    eddy_future *first = eddy_select_ok(
        handle_of(core),
        EDDY_FUTURES(ready(core, -1), value_of(core, 4, -2, NULL), ready(core, -3)), &winner);

    (void)state;
    assert_int_equal(eddy_core_run(core, first), -2);
    assert_int_equal(winner, 1);
    test_core_end(core);
}

/* ---- mistakes ---- */

static void select_nothing(void *arg)
{
    (void)eddy_select(handle_of(test_core()), arg, 0, NULL);
}

static void select_ok_nothing(void *arg)
{
    (void)eddy_select_ok(handle_of(test_core()), arg, 0, NULL);
}

static void race_null(void *arg)
{
    (void)eddy_race(ready(test_core(), 1), arg);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    assert_dies(select_nothing, NULL, "eddy_select is given no future");
    assert_dies(select_ok_nothing, NULL, "eddy_select_ok is given no future");
    assert_dies(race_null, NULL, "eddy_race is given NULL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_to_end_wins_wherever_it_stands),
        cmocka_unit_test(only_the_woken_child_is_polled),
        cmocka_unit_test(an_error_wins_too),
        cmocka_unit_test(select_of_what_is_ready_ends_at_once),
        cmocka_unit_test(select_of_what_never_ends_never_ends),
        cmocka_unit_test(race_finds_its_loop),
        cmocka_unit_test(losers_are_dropped_before_it_is_told),
        cmocka_unit_test(losers_are_done_when_the_poll_returns),
        cmocka_unit_test(done_of_losers_may_wake_siblings_and_spawn),
        cmocka_unit_test(select_ok_passes_over_errors),
        cmocka_unit_test(select_ok_tells_the_last_error_when_all_fail),
        cmocka_unit_test(mistakes_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
