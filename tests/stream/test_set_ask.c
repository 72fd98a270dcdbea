/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_set_ask.c - sets between two polls, when they are asked to end, and in the report.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "eddy/select.h"
#include "sets.h"

/* ---- between two polls ---- */

/* Takes one outcome, waits at a gate, takes the others. */
struct pauser {
    EDDY_FRAME;
    eddy_stream *set;
    struct test_gate *gate;
    struct test_trace *trace; /* of its own polls */
    struct eddy_outcome outcome;
    eddy_result sum;
};
static eddy_result pauser_next(struct pauser *self, eddy_task *task)
{
    self->trace->polls++;
    return eddy_stream_poll_next(self->set, task, &self->outcome);
}
static eddy_result pauser_wait(struct pauser *self, eddy_task *task)
{
    self->trace->polls++;
    return test_gate_poll(self->gate, task);
}
EDDY_ASYNC(pauser, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, pauser_next(self, task));
        self->sum = self->outcome.result;
        EDDY_POLL(n, pauser_wait(self, task));
        for (;;) {
            EDDY_POLL(n, pauser_next(self, task));
            if (n == 0)
                break;
            self->sum += self->outcome.result;
        }
        EDDY_END(self->sum);
}

static void wakes_between_two_polls_disturb_nobody_and_are_kept(void **state)
{
    eddy_core *core = test_core();
    eddy_stream *set = eddy_futures_unordered(eddy_core_handle(core));
    struct test_gate gates[4] = {0};
    struct test_trace trace = {0};
    struct test_text text;
    eddy_join *join;
    int polls;

    (void)state;
    for (int i = 0; i < 3; i++)
        push(set, wait_at(core, &gates[i], NULL), 0);
    join = test_spawn_join(core, pauser, .set = set, .gate = &gates[3], .trace = &trace);
    test_settle(core);
    test_gate_open(&gates[0], 1);
    test_settle(core);
    polls = trace.polls;
    test_dump(core, &text);
    assert_null(strstr(text.text, "futures")); /* nobody waits for the set now */
    test_gate_open(&gates[1], 2);
    test_gate_open(&gates[2], 4);
    push(set, wait_at(core, &gates[0], NULL), 0); /* ready at once, with 1 */
    assert_int_equal(test_settle(core), 0);
    assert_int_equal(trace.polls, polls);
    test_gate_open(&gates[3], 0);
    assert_int_equal(test_join_end(core, join), 8);
    test_core_end(core);
}

/* ---- requests ---- */

static void request_to_end_is_told_by_each_child(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int ordered = 0; ordered < 2; ordered++) {
        eddy_stream *set = sets[ordered](eddy_core_handle(core));
        eddy_stream *inner = sets[1 - ordered](eddy_core_handle(core));
        struct test_gate gates[4] = {0};
        eddy_result sum = 0, inner_sum = 0;
        eddy_join *join;

        push(inner, wait_at(core, &gates[0], NULL), 0);
        push(inner, eddy_race(wait_at(core, &gates[1], NULL), wait_at(core, &gates[2], NULL)), 1);
        push(set, eddy_futures_for_each(inner, add, &inner_sum), 0);
        push(set, wait_at(core, &gates[3], NULL), 1);
        join = spawn_sum(core, set, &sum);
        test_settle(core);
        eddy_join_cancel(join, EDDY_FOREVER);
        assert_int_equal(test_join_end(core, join), 2);
        assert_int_equal(inner_sum, -2 * ECANCELED);
        assert_int_equal(sum, 2 - ECANCELED);
    }
    test_core_end(core);
}

/* An outcome comes first; then it is the next wait, of the set's children or not. */
static void request_that_no_child_was_told_goes_on_to_the_next_wait(void **state)
{
    eddy_core *core = test_core();
    eddy_stream *set = eddy_futures_unordered(eddy_core_handle(core));
    struct test_gate gates[3] = {0};
    struct test_trace trace = {0};
    eddy_join *join;

    (void)state;
    push(set, wait_at(core, &gates[0], NULL), 0);
    push(set, wait_at(core, &gates[1], NULL), 0);
    join = test_spawn_join(core, pauser, .set = set, .gate = &gates[2], .trace = &trace);
    test_settle(core);
    test_gate_open(&gates[0], 1);
    eddy_join_cancel(join, EDDY_FOREVER);
    test_settle(core); /* told 1, then waits at gates[2] and is asked there: goes on */
    assert_null(gates[2].waiter.branch);
    assert_int_equal(test_join_end(core, join), 1 - ECANCELED);
    test_core_end(core);
}

/* Seconds for a request to so many, all of which end without a wait. */
static double request_cost(eddy_core *core, struct test_gate *gates, int many)
{
    eddy_stream *set = eddy_futures_unordered(eddy_core_handle(core));
    eddy_result sum = 0;
    eddy_join *join;
    clock_t start;

    memset(gates, 0, (size_t)many * sizeof *gates);
    for (int i = 0; i < many; i++)
        push(set, wait_at(core, &gates[i], NULL), 0);
    join = spawn_sum(core, set, &sum);
    test_settle(core);
    for (int i = 0; i < many; i++)
        test_gate_open(&gates[i], 1);
    eddy_join_cancel(join, EDDY_FOREVER);
    start = clock();
    assert_int_equal(test_join_end(core, join), many);
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/* One that was handed down anew with each outcome would cost a hundred times as much for ten times as
 * many. */
static void request_is_handed_down_once(void **state)
{
    enum { FEW = 4000, MANY = 40000 };
    eddy_core *core = test_core();
    struct test_gate *gates = calloc(MANY, sizeof *gates);
    double few, many;

    (void)state;
    (void)request_cost(core, gates, FEW);
    few = request_cost(core, gates, FEW);
    many = request_cost(core, gates, MANY);
    assert_true(many < 40 * few + 0.05);
    free(gates);
    test_core_end(core);
}

/* The others ready in the same poll are polled in it: no turn, and no poll of the task, in vain. */
struct opener {
    EDDY_FRAME;
    struct test_gate *gate, *opens;
};
EDDY_ASYNC(opener, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, test_gate_poll(self->gate, task));
        test_gate_open(self->opens, 1);
        EDDY_END(n);
}

static void wake_by_a_sibling_that_ends_costs_no_poll_in_vain(void **state)
{
    eddy_core *core = test_core();
    eddy_stream *set = eddy_futures_unordered(eddy_core_handle(core));
    struct test_gate gates[3] = {0};
    eddy_result sum = 0;
    eddy_join *join;

    (void)state;
    push(set, box(core, EDDY_FUTURE(opener, .gate = &gates[0], .opens = &gates[1])), 0);
    push(set, wait_at(core, &gates[1], NULL), 0);
    push(set, wait_at(core, &gates[2], NULL), 0);
    join = spawn_sum(core, set, &sum);
    test_settle(core);
    test_gate_open(&gates[0], 1);
    assert_int_equal(test_settle(core), 1);
    assert_int_equal(sum, 2);
    eddy_join_abort(join);
    eddy_join_free(join);
    test_core_end(core);
}

static void report_shows_what_children_wait_for(void **state)
{
    eddy_core *core = test_core();
    eddy_stream *set = eddy_futures_unordered(eddy_core_handle(core));
    struct test_gate gate = {0};
    struct test_text text;
    eddy_result sum = 0;
    eddy_join *join;

    (void)state;
    push(set, wait_at(core, &gate, NULL), 0);
    push(set, box(core, EDDY_FUTURE(eddy_sleep_for, .duration_ns = EDDY_SECOND)), 0);
    join = spawn_sum(core, set, &sum);
    test_settle(core);
    test_dump(core, &text);
    assert_non_null(strstr(text.text, "waits for futures (futures_unordered:0) [test: gate "
                                      "(test_wait:0), sleep (sleep_for:0)]"));
    eddy_join_abort(join);
    eddy_join_free(join);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(wakes_between_two_polls_disturb_nobody_and_are_kept),
        cmocka_unit_test(request_to_end_is_told_by_each_child),
        cmocka_unit_test(request_that_no_child_was_told_goes_on_to_the_next_wait),
        cmocka_unit_test(report_shows_what_children_wait_for),
    };
    const struct CMUnitTest kernel[] = {
        /* where budgets are not small by chance */
        cmocka_unit_test(wake_by_a_sibling_that_ends_costs_no_poll_in_vain),
        cmocka_unit_test(request_is_handed_down_once),
    };

    return TEST_GROUPS(everywhere, kernel);
}
