/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_cancel.c - the polite end of a task: a request that its next wait tells once, shields, a
 * grace time, and then the drop.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/loop.h"

/* Waits at its gates one after the other and notes what each wait said. */
struct walker {
    EDDY_FRAME;
    struct test_gate *gates;
    int count;
    eddy_result *said;
    struct test_trace *trace;
    int i;
};
static void walker_done(struct walker *self)
{
    test_trace_done(self->trace);
}
EDDY_ASYNC(walker, walker_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->i = 0; self->i < self->count; self->i++) {
            EDDY_POLL(n, test_gate_poll(&self->gates[self->i], task));
            self->said[self->i] = n;
        }
        EDDY_END(self->i);
}

static void cancel_is_told_once_by_the_wait_that_is_under_way(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[3] = {0};
    eddy_result said[3] = {1, 1, 1};
    eddy_join *join = test_spawn_join(core, walker, .gates = gates, .count = 3, .said = said);

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(said[0], 1); /* a request: nothing runs inside the call */
    test_settle(core);
    assert_int_equal(said[0], -ECANCELED);
    assert_null(gates[0].waiter.branch);
    assert_int_equal(said[1], 1); /* waits again, for real */
    test_gate_open(&gates[1], 5);
    test_gate_open(&gates[2], 6);
    assert_int_equal(test_join_end(core, join), 3);
    assert_int_equal(said[1], 5);
    assert_int_equal(said[2], 6);
    test_core_end(core);
}

static void cancel_before_the_first_poll_is_told_by_the_first_wait(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    eddy_result said[2] = {1, 1};
    eddy_join *join = test_spawn_join(core, walker, .gates = gates, .count = 2, .said = said);

    (void)state;
    eddy_join_cancel(join, EDDY_FOREVER);
    test_settle(core);
    assert_int_equal(said[0], -ECANCELED);
    test_gate_open(&gates[1], 0);
    assert_int_equal(test_join_end(core, join), 2);
    test_core_end(core);
}

static void cancel_of_a_task_that_never_waits_changes_nothing(void **state)
{
    eddy_core *core = test_core();
    eddy_join *join = test_spawn_join(core, test_value, .yields = 5, .value = 4);

    (void)state;
    test_turn(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), 4);
    test_core_end(core);
}

static void cancel_of_a_task_that_has_ended_changes_nothing(void **state)
{
    eddy_core *core = test_core();
    eddy_join *join = test_spawn_join(core, test_value, .value = 4);

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, EDDY_MILLISECOND);
    assert_int_equal(test_stats(core).timers_live, 0);
    assert_int_equal(test_join_end(core, join), 4);
    test_core_end(core);
}

static void what_is_ready_beats_the_request(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    eddy_result said[2] = {1, 1};
    eddy_join *join = test_spawn_join(core, walker, .gates = gates, .count = 2, .said = said);

    (void)state;
    test_settle(core);
    test_gate_open(&gates[0], 9);
    eddy_join_cancel(join, EDDY_FOREVER);
    test_settle(core);
    assert_int_equal(said[0], 9);
    assert_int_equal(said[1], -ECANCELED); /* the request is not lost */
    assert_int_equal(test_join_end(core, join), 2);
    test_core_end(core);
}

static void task_that_does_not_end_is_dropped_after_the_grace_time(void **state)
{
    eddy_core *core = test_core();
    eddy_handle *handle = eddy_core_handle(core);
    struct test_gate gates[2] = {0};
    eddy_result said[2] = {1, 1};
    struct test_trace trace = {0};
    eddy_join *join =
        test_spawn_join(core, walker, .gates = gates, .count = 2, .said = said, .trace = &trace);
    int64_t begin_ns;

    (void)state;
    test_settle(core);
    begin_ns = eddy_now_ns(handle);
    eddy_join_cancel(join, 3 * EDDY_MILLISECOND);
    assert_int_equal(test_run(core, test_join, .join = join), EDDY_DROPPED);
    assert_true(eddy_now_ns(handle) - begin_ns >= 3 * EDDY_MILLISECOND);
    assert_int_equal(said[0], -ECANCELED);
    assert_int_equal(said[1], 1);
    assert_int_equal(trace.dones, 1);
    assert_null(gates[1].waiter.branch);
    assert_int_equal(test_stats(core).timers_live, 0);
    eddy_join_free(join);
    test_core_end(core);
}

static void task_that_ends_in_its_grace_time_gives_its_result(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    eddy_result said[1] = {1};
    eddy_join *join = test_spawn_join(core, walker, .gates = &gate, .count = 1, .said = said);

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, 3600 * EDDY_SECOND);
    assert_int_equal(test_run(core, test_join, .join = join), 1);
    assert_int_equal(said[0], -ECANCELED);
    assert_int_equal(test_stats(core).timers_live, 0); /* the grace time ended with the task */
    assert_int_equal(test_run(core, test_join, .join = join), 1);
    eddy_join_free(join);
    test_core_end(core);
}

static void grace_for_ever_never_drops(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    eddy_result said[2] = {1, 1};
    eddy_join *join = test_spawn_join(core, walker, .gates = gates, .count = 2, .said = said);

    (void)state;
    eddy_join_cancel(join, EDDY_SECOND);
    eddy_join_cancel(join, EDDY_FOREVER); /* the last word counts */
    test_settle(core);
    assert_int_equal(said[0], -ECANCELED);
    assert_int_equal(test_stats(core).timers_live, 0);
    assert_int_equal(test_run(core, test_join, .join = join), EDDY_DEADLOCK);
    test_gate_open(&gates[1], 0);
    assert_int_equal(test_join_end(core, join), 2);
    test_core_end(core);
}

static void grace_of_zero_drops_a_task_that_waits_on(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    eddy_result said[2] = {1, 1};
    struct test_trace trace = {0};
    eddy_join *join =
        test_spawn_join(core, walker, .gates = gates, .count = 2, .said = said, .trace = &trace);

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, 0);
    assert_int_equal(test_join_end(core, join), EDDY_DROPPED);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

static void abort_in_the_grace_time_drops_now(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    eddy_result said[2] = {1, 1};
    struct test_trace trace = {0};
    eddy_join *join =
        test_spawn_join(core, walker, .gates = gates, .count = 2, .said = said, .trace = &trace);

    (void)state;
    eddy_join_cancel(join, 3600 * EDDY_SECOND);
    test_settle(core);
    eddy_join_abort(join);
    assert_int_equal(trace.dones, 1);
    assert_int_equal(test_stats(core).timers_live, 0);
    eddy_join_free(join);
    test_core_end(core);
}

static void join_freed_in_the_grace_time_leaves_nothing_armed(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    eddy_result said[2] = {1, 1};
    struct test_trace trace = {0};
    eddy_join *join =
        test_spawn_join(core, walker, .gates = gates, .count = 2, .said = said, .trace = &trace);

    (void)state;
    eddy_join_cancel(join, EDDY_MILLISECOND);
    test_settle(core);
    eddy_join_free(join);
    test_pass(core, 4 * EDDY_MILLISECOND);
    test_gate_open(&gates[1], 0);
    test_settle(core);
    assert_int_equal(trace.dones, 1);
    assert_int_equal(test_stats(core).timers_live, 0);
    test_core_end(core);
}

/* ---- shields ---- */

/* Waits behind `shields` shields, takes them away, waits in the open. */
struct shielded {
    EDDY_FRAME;
    struct test_gate *gates;
    int shields;
    eddy_result *said;
    struct test_trace *trace;
    int i;
};
static void shielded_done(struct shielded *self)
{
    test_trace_done(self->trace);
}
EDDY_ASYNC(shielded, shielded_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->i = 0; self->i < self->shields; self->i++)
            eddy_task_shield(task, true);
        for (self->i = self->shields; self->i > 0; self->i--) {
            EDDY_POLL(n, test_gate_poll(&self->gates[self->i], task));
            self->said[self->i] = n;
            eddy_task_shield(task, false);
        }
        EDDY_POLL(n, test_gate_poll(&self->gates[0], task));
        self->said[0] = n;
        EDDY_END(0);
}

static void shield_holds_the_request_back_until_it_ends(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    eddy_result said[2] = {1, 1};
    eddy_join *join = test_spawn_join(core, shielded, .gates = gates, .shields = 1, .said = said);

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    test_settle(core);
    assert_int_equal(said[1], 1);
    test_gate_open(&gates[1], 7);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(said[1], 7);
    assert_int_equal(said[0], -ECANCELED);
    test_core_end(core);
}

static void shields_nest(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[4] = {0};
    eddy_result said[4] = {1, 1, 1, 1};
    eddy_join *join = test_spawn_join(core, shielded, .gates = gates, .shields = 3, .said = said);

    (void)state;
    eddy_join_cancel(join, EDDY_FOREVER);
    for (int i = 3; i > 0; i--) {
        test_settle(core);
        assert_int_equal(said[i], 1);
        assert_int_equal(said[0], 1);
        test_gate_open(&gates[i], i * 10);
        test_settle(core);
        assert_int_equal(said[i], i * 10);
    }
    assert_int_equal(said[0], -ECANCELED);
    assert_int_equal(test_join_end(core, join), 0);
    test_core_end(core);
}

static void shield_does_not_outlast_the_grace_time(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    eddy_result said[2] = {1, 1};
    struct test_trace trace = {0};
    eddy_join *join = test_spawn_join(core, shielded, .gates = gates, .shields = 1, .said = said,
                                      .trace = &trace);

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, 2 * EDDY_MILLISECOND);
    assert_int_equal(test_join_end(core, join), EDDY_DROPPED);
    assert_int_equal(said[1], 1);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

struct over {
    EDDY_FRAME;
};
EDDY_ASYNC(over, eddy_nothing)
{
    EDDY_BEGIN
        eddy_task_shield(task, true);
        eddy_task_shield(task, false);
        eddy_task_shield(task, false);
        EDDY_END(0);
}

static void shield_once_too_few(void *arg)
{
    (void)arg;
    (void)test_run(test_core(), over);
}

static void shield_taken_away_that_is_not_up_is_asserted(void **state)
{
    (void)state;
    assert_dies(shield_once_too_few, NULL, "task 'over' takes away a shield");
}

/* ---- every leaf tells it ---- */

enum leaf {
    LEAF_GATE,
    LEAF_SLEEP,
    LEAF_SLEEP_FOR_EVER,
    LEAF_JOIN,
    LEAF_INTERVAL,
    LEAF_PARK,
    LEAF_WITHIN,
    LEAF_TIMEOUT,
    LEAF_NESTED,
    LEAF_CHECK,
    LEAVES
};

struct leaves {
    EDDY_FRAME;
    enum leaf leaf;
    eddy_join *join;
    struct test_gate gate;
    eddy_sleep sleep;
    eddy_interval interval;
    struct test_wait child;
    struct eddy_timeout timeout;
    eddy_result said;
    bool begun;
};
static eddy_result leaf_poll(struct leaves *self, eddy_task *task)
{
    switch (self->leaf) {
    case LEAF_GATE:
        return test_gate_poll(&self->gate, task);
    case LEAF_SLEEP:
    case LEAF_SLEEP_FOR_EVER:
        return eddy_sleep_poll(&self->sleep, task);
    case LEAF_JOIN:
        return eddy_join_poll(self->join, task);
    case LEAF_INTERVAL:
        return eddy_interval_poll(&self->interval, task);
    case LEAF_PARK:
        return eddy_task_park(task, "test: a thread");
    case LEAF_WITHIN:
        return eddy_within(&self->sleep, task, test_gate_poll(&self->gate, task));
    case LEAF_TIMEOUT:
        return eddy_future_poll_child(&self->frame, &self->timeout.frame, task);
    case LEAF_NESTED:
        return eddy_future_poll_child(&self->frame, &self->child.frame, task);
    default:
        if (self->begun)
            return eddy_task_check_cancel(task);
        self->begun = true;
        eddy__yield(task);
        return EDDY_PENDING;
    }
}
EDDY_ASYNC(leaves, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task,
                         self->leaf == LEAF_SLEEP_FOR_EVER ? EDDY_FOREVER : 3600 * EDDY_SECOND);
        eddy_interval_start(&self->interval, task, 3600 * EDDY_SECOND, EDDY_MISSED_SKIP);
        self->child = EDDY_INIT(test_wait, .gate = &self->gate);
        self->timeout =
            EDDY_INIT(eddy_timeout, .inner = &self->child.frame, .duration_ns = 3600 * EDDY_SECOND);
        EDDY_POLL(n, leaf_poll(self, task));
        self->said = n;
        assert_int_equal(eddy_task_check_cancel(task), 0); /* told once */
        EDDY_YIELD();
        EDDY_END(self->said);
}

static void every_wait_tells_a_cancel_request(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    eddy_join *other = test_spawn_join(core, test_wait, .gate = &gate);

    (void)state;
    for (int leaf = 0; leaf < LEAVES; leaf++) {
        eddy_join *join = test_spawn_join(core, leaves, .leaf = (enum leaf)leaf, .join = other);

        test_turn(core);
        eddy_join_cancel(join, EDDY_FOREVER);
        assert_int_equal(test_join_end(core, join), -ECANCELED);
        assert_int_equal(test_stats(core).timers_live, 0);
    }
    test_gate_open(&gate, 0);
    assert_int_equal(test_join_end(core, other), 0);
    test_core_end(core);
}

struct checker {
    EDDY_FRAME;
    struct test_gate gate;
    bool shield;
};
EDDY_ASYNC(checker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        assert_int_equal(eddy_task_check_cancel(task), 0);
        if (self->shield)
            eddy_task_shield(task, true);
        EDDY_YIELD();
        if (self->shield) {
            assert_int_equal(eddy_task_check_cancel(task), 0);
            eddy_task_shield(task, false);
        }
        assert_int_equal(eddy_task_check_cancel(task), -ECANCELED);
        assert_int_equal(eddy_task_check_cancel(task), 0);
        EDDY_POLL(n, test_gate_poll(&self->gate, task)); /* not told a second time: waits */
        EDDY_END(n);
}

static void check_takes_the_request_without_a_wait(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int i = 0; i < 2; i++) {
        eddy_join *join = test_spawn_join(core, checker, .shield = i == 1);

        test_turn(core);
        eddy_join_cancel(join, EDDY_FOREVER);
        test_settle(core);
        assert_int_equal(test_run(core, test_join, .join = join), EDDY_DEADLOCK);
        eddy_join_abort(join);
        eddy_join_free(join);
    }
    test_core_end(core);
}

struct self_cancel {
    EDDY_FRAME;
    eddy_join **me;
    struct test_gate gate;
};
EDDY_ASYNC(self_cancel, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_join_cancel(*self->me, EDDY_FOREVER);
        EDDY_POLL(n, test_gate_poll(&self->gate, task));
        EDDY_END(n);
}

static void task_may_ask_itself_to_end(void **state)
{
    eddy_core *core = test_core();
    eddy_join *join;

    (void)state;
    join = test_spawn_join(core, self_cancel, .me = &join);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancel_is_told_once_by_the_wait_that_is_under_way),
        cmocka_unit_test(cancel_before_the_first_poll_is_told_by_the_first_wait),
        cmocka_unit_test(cancel_of_a_task_that_never_waits_changes_nothing),
        cmocka_unit_test(cancel_of_a_task_that_has_ended_changes_nothing),
        cmocka_unit_test(what_is_ready_beats_the_request),
        cmocka_unit_test(task_that_does_not_end_is_dropped_after_the_grace_time),
        cmocka_unit_test(task_that_ends_in_its_grace_time_gives_its_result),
        cmocka_unit_test(grace_for_ever_never_drops),
        cmocka_unit_test(grace_of_zero_drops_a_task_that_waits_on),
        cmocka_unit_test(abort_in_the_grace_time_drops_now),
        cmocka_unit_test(join_freed_in_the_grace_time_leaves_nothing_armed),
        cmocka_unit_test(shield_holds_the_request_back_until_it_ends),
        cmocka_unit_test(shields_nest),
        cmocka_unit_test(shield_does_not_outlast_the_grace_time),
        cmocka_unit_test(shield_taken_away_that_is_not_up_is_asserted),
        cmocka_unit_test(every_wait_tells_a_cancel_request),
        cmocka_unit_test(check_takes_the_request_without_a_wait),
        cmocka_unit_test(task_may_ask_itself_to_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
