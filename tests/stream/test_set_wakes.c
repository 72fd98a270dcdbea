/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance slow */
/*
 * test_set_wakes.c - who is polled when something happens to one of many, how often, and what that
 * costs; wakers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "eddy/select.h"
#include "reactor/core.h"
#include "sets.h"

/* ---- one of many ---- */

static void wake_of_one_in_a_hundred_thousand_polls_one(void **state)
{
    enum { MANY = 100000 };
    eddy_core *core = test_core();
    struct test_gate *gates = calloc(MANY, sizeof *gates);
    struct test_trace trace = {0};
    eddy_result sum = 0;

    (void)state;
    for (int ordered = 0; ordered < 2; ordered++) {
        eddy_stream *set = sets[ordered](eddy_core_handle(core));
        eddy_join *join;

        memset(gates, 0, MANY * sizeof *gates);
        trace = (struct test_trace){0};
        for (int i = 0; i < MANY; i++)
            push(set, wait_at(core, &gates[i], &trace), 0);
        join = spawn_sum(core, set, &sum);
        test_settle(core);
        assert_int_equal(trace.polls, MANY);
        for (int i = 1; i <= 100; i++) {
            test_gate_open(&gates[(i * 7919) % MANY], 1);
            test_settle(core);
            assert_int_equal(trace.polls, MANY + i);
        }
        eddy_join_abort(join);
        eddy_join_free(join);
        assert_int_equal(trace.dones, MANY);
    }
    free(gates);
    test_core_end(core);
}

/* Seconds of this processor for 2,000 wakes in a set of so many. */
static double wakes_cost(eddy_core *core, struct test_gate *gates, int many)
{
    eddy_stream *set = eddy_futures_unordered(eddy_core_handle(core));
    eddy_result sum = 0;
    eddy_join *join;
    clock_t start;
    double cost;

    for (int i = 0; i < many; i++)
        push(set, wait_at(core, &gates[i], NULL), 0);
    join = spawn_sum(core, set, &sum);
    test_settle(core);
    start = clock();
    for (int i = 0; i < 2000; i++) {
        eddy_waiter_nudge(&gates[(i * 7919) % many].waiter); /* polled, and waits on */
        (void)test_turn(core);
    }
    cost = (double)(clock() - start) / CLOCKS_PER_SEC;
    eddy_join_abort(join);
    eddy_join_free(join);
    return cost;
}

/* One that looked at each child would cost a thousand times as much in the larger one. */
static void wake_costs_the_same_in_a_large_set(void **state)
{
    enum { MANY = 100000 };
    eddy_core *core = test_core();
    struct test_gate *gates = calloc(MANY, sizeof *gates);
    double few, many;

    (void)state;
    (void)wakes_cost(core, gates, 100);
    few = wakes_cost(core, gates, 100);
    many = wakes_cost(core, gates, MANY);
    assert_true(many < 100 * few + 0.05);
    free(gates);
    test_core_end(core);
}

/* The polled_only_once_at_most_per_iteration of futures 0.1: children that always wake themselves. */
static void child_that_wakes_itself_is_polled_once_a_poll(void **state)
{
    static const int counts[] = {10, 33, 0};
    eddy_core *core = test_core();

    (void)state;
    for (size_t at = 0; at < 3; at++) {
        eddy_stream *set = eddy_futures_unordered(eddy_core_handle(core));
        struct test_trace traces[33] = {{0}};
        eddy_result sum = 0;
        eddy_join *join;

        for (int i = 0; i < counts[at]; i++)
            push(set, box(core, EDDY_FUTURE(test_value, .trace = &traces[i], .yields = 100000)), 0);
        join = spawn_sum(core, set, &sum);
        for (int turn = 1; turn <= 20; turn++) {
            int least = turn, most = 0;

            (void)test_turn(core);
            for (int i = 0; i < counts[at]; i++) {
                most = traces[i].polls > most ? traces[i].polls : most;
                least = traces[i].polls < least ? traces[i].polls : least;
            }
            assert_true(most <= turn && most - least <= 1); /* fewer only for lack of budget */
        }
        eddy_join_abort(join);
        eddy_join_free(join);
    }
    test_core_end(core);
}

/* Pitfall: a budget makes a set spin, or one busy set starves all others. */
struct unit {
    EDDY_FRAME;
    struct test_trace *trace;
    int left; /* units to be spent */
};
static eddy_result unit_poll(eddy_future *frame, eddy_task *task)
{
    struct unit *self = (struct unit *)(void *)frame;

    self->trace->polls++;
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    if (--self->left <= 0)
        return 1;
    eddy__yield(task);
    return EDDY_PENDING;
}
static void unit_done(eddy_future *frame)
{
    test_trace_done(((struct unit *)(void *)frame)->trace);
}
static const eddy_type unit_type = {unit_poll, unit_done, sizeof(struct unit), "unit", NULL};

static void busy_set_is_linear_and_lets_others_go_first(void **state)
{
    enum { MANY = 20000 };
    eddy_core *core = test_core();

    (void)state;
    for (int ordered = 0; ordered < 2; ordered++) {
        eddy_stream *set = sets[ordered](eddy_core_handle(core));
        struct test_trace trace = {0};
        struct test_trace other = {0};
        eddy_result sum = 0;
        eddy_join *join;

        for (int i = 0; i < MANY; i++)
            push(set, box(core, EDDY_FUTURE(unit, .trace = &trace, .left = 3)), 0);
        join = spawn_sum(core, set, &sum);
        test_spawn(core, test_value, .trace = &other, .yields = 100);
        assert_int_equal(test_join_end(core, join), MANY);
        assert_int_equal(sum, MANY);
        assert_int_equal(trace.dones, MANY);
        assert_true(trace.polls <= 4 * MANY); /* 3 each, and one a turn in vain */
        assert_int_equal(other.dones, 1);
    }
    test_core_end(core);
}

/* ---- wakers ---- */

/* Ends when it is woken; its waker stays with the test. */
struct sleeper {
    EDDY_FRAME;
    eddy_waker *waker;
    struct test_trace *trace;
};
static eddy_result sleeper_poll(eddy_future *frame, eddy_task *task)
{
    struct sleeper *self = (struct sleeper *)(void *)frame;

    if (self->trace->polls++ == 0) {
        assert_int_equal(eddy_task_waker(task, self->waker), 0);
        return eddy_task_park(task, "test: waker");
    }
    return 1;
}
static void sleeper_done(eddy_future *frame)
{
    test_trace_done(((struct sleeper *)(void *)frame)->trace);
}
static const eddy_type sleeper_type = {sleeper_poll, sleeper_done, sizeof(struct sleeper),
                                       "sleeper", NULL};

/* The finished_future_ok of futures 0.1. */
static void wake_of_a_child_that_has_ended_does_no_harm(void **state)
{
    eddy_core *core = test_core();
    eddy_stream *set = eddy_futures_unordered(eddy_core_handle(core));
    struct test_trace traces[2] = {0};
    eddy_waker wakers[2] = {{0}};
    eddy_result sum = 0;
    eddy_join *join;

    (void)state;
    for (int i = 0; i < 2; i++)
        push(set, box(core, EDDY_FUTURE(sleeper, .waker = &wakers[i], .trace = &traces[i])), 0);
    join = spawn_sum(core, set, &sum);
    test_settle(core);
    assert_true(eddy_waker_wake(&wakers[0]));
    test_settle(core);
    assert_int_equal(traces[0].dones, 1);
    assert_int_equal(traces[1].polls, 1);
    assert_false(eddy_waker_wake(&wakers[0]));
    assert_int_equal(test_settle(core), 0);
    assert_true(eddy_waker_wake(&wakers[1]));
    assert_int_equal(test_join_end(core, join), 2);
    for (int i = 0; i < 2; i++) {
        assert_false(eddy_waker_wake(&wakers[i]));
        eddy_waker_release(&wakers[i]);
    }
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(wake_of_one_in_a_hundred_thousand_polls_one),
        cmocka_unit_test(child_that_wakes_itself_is_polled_once_a_poll),
        cmocka_unit_test(busy_set_is_linear_and_lets_others_go_first),
        cmocka_unit_test(wake_of_a_child_that_has_ended_does_no_harm),
    };
    const struct CMUnitTest kernel[] = {

        cmocka_unit_test(wake_costs_the_same_in_a_large_set),
    };

    return TEST_GROUPS(everywhere, kernel);
}
