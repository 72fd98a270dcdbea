/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_join.c - the join handle: result, abort, detach. Cancelling is in test_cancel.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/loop.h"

static void join_gives_what_the_task_returned(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    assert_int_equal(test_join_end(core, test_spawn_join(core, test_value, .value = 12)), 12);
    assert_int_equal(
        test_join_end(core, test_spawn_join(core, test_value, .value = 0, .yields = 5)), 0);
    assert_int_equal(test_join_end(core, test_spawn_join(core, test_value, .value = -EIO)), -EIO);
    test_core_end(core);
}

static void join_of_a_task_that_has_ended_is_ready(void **state)
{
    eddy_core *core = test_core();
    eddy_join *join = test_spawn_join(core, test_value, .value = 12);
    eddy_core_stats before;

    (void)state;
    test_settle(core);
    before = test_stats(core);
    assert_int_equal(test_join_end(core, join), 12);
    assert_int_equal(test_stats(core).polls, before.polls + 1);
    test_core_end(core);
}

static void join_gives_the_same_at_every_later_poll(void **state)
{
    eddy_core *core = test_core();
    eddy_join *join = test_spawn_join(core, test_value, .value = 12, .yields = 2);

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(test_run(core, test_join, .join = join), 12);
    eddy_join_abort(join); /* too late to matter */
    assert_int_equal(test_run(core, test_join, .join = join), 12);
    eddy_join_free(join);
    test_core_end(core);
}

static void done_has_run_when_the_join_is_ready(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};
    eddy_join *join = test_spawn_join(core, test_value, .trace = &trace, .yields = 1);

    (void)state;
    assert_int_equal(test_run(core, test_join, .join = join), 0);
    assert_int_equal(trace.dones, 1);
    eddy_join_free(join);
    test_core_end(core);
}

static void wait_for_a_join_can_be_dropped_and_begun_again(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    eddy_join *join = test_spawn_join(core, test_wait, .gate = &gate);
    eddy_join *waiting;

    (void)state;
    for (int i = 0; i < 3; i++) {
        waiting = test_spawn_join(core, test_join, .join = join);
        test_settle(core);
        eddy_join_abort(waiting);
        eddy_join_free(waiting);
    }
    test_gate_open(&gate, 4);
    assert_int_equal(test_join_end(core, join), 4);
    test_core_end(core);
}

static void abort_drops_the_task_at_once(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct test_trace trace = {0};
    eddy_join *join = test_spawn_join(core, test_wait, .gate = &gate, .trace = &trace);

    (void)state;
    test_settle(core);
    eddy_join_abort(join);
    assert_int_equal(trace.dones, 1);
    assert_null(gate.waiter.branch); /* nothing stays armed */
    test_gate_open(&gate, 1);
    assert_int_equal(test_settle(core), 0);
    assert_int_equal(test_join_end(core, join), EDDY_DROPPED);
    assert_int_equal(test_stats(core).tasks_live, 0);
    test_core_end(core);
}

static void abort_of_a_task_that_never_ran_runs_its_done(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};
    eddy_join *join = test_spawn_join(core, test_value, .trace = &trace);

    (void)state;
    eddy_join_abort(join);
    eddy_join_abort(join); /* once more changes nothing */
    assert_int_equal(trace.dones, 1);
    assert_int_equal(trace.polls, 0);
    test_settle(core);
    assert_int_equal(trace.polls, 0);
    assert_int_equal(test_join_end(core, join), EDDY_DROPPED);
    test_core_end(core);
}

static void abort_of_a_task_that_is_ready_drops_it_unpolled(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct test_trace trace = {0};
    eddy_join *join = test_spawn_join(core, test_wait, .gate = &gate, .trace = &trace);

    (void)state;
    test_settle(core);
    test_gate_open(&gate, 0);
    eddy_join_abort(join);
    assert_int_equal(test_settle(core), 0);
    assert_int_equal(trace.polls, 1);
    assert_int_equal(trace.dones, 1);
    eddy_join_free(join);
    test_core_end(core);
}

static void abort_wakes_the_one_who_joins(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    eddy_join *join = test_spawn_join(core, test_wait, .gate = &gate);
    eddy_join *joining = test_spawn_join(core, test_join, .join = join);

    (void)state;
    test_settle(core);
    eddy_join_abort(join);
    assert_int_equal(test_join_end(core, joining), EDDY_DROPPED);
    eddy_join_free(join);
    test_core_end(core);
}

/* Aborts a task, possibly itself, then goes on for a moment in the same poll. */
struct aborter {
    EDDY_FRAME;
    eddy_join **victim;
    struct test_trace *trace;
    bool free_it;
    int after;
    struct test_gate gate;
};
static void aborter_done(struct aborter *self)
{
    test_trace_done(self->trace);
}
EDDY_ASYNC(aborter, aborter_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_join_abort(*self->victim);
        if (self->free_it)
            eddy_join_free(*self->victim);
        self->trace->polls++;
        assert_int_equal(self->trace->dones, 0); /* not while it is being polled */
        EDDY_POLL(n, test_gate_poll(&self->gate, task));
        self->trace->polls += 100;
        EDDY_END(n);
}

static void task_that_aborts_itself_is_dropped_when_its_poll_returns(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};
    eddy_join *join;

    (void)state;
    join = test_spawn_join(core, aborter, .victim = &join, .trace = &trace);
    assert_int_equal(test_turn(core), 1);
    assert_int_equal(trace.polls, 1);
    assert_int_equal(trace.dones, 1);
    assert_int_equal(test_join_end(core, join), EDDY_DROPPED);
    test_core_end(core);
}

static void task_may_abort_itself_and_free_its_join(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};
    eddy_join *join;

    (void)state;
    join = test_spawn_join(core, aborter, .victim = &join, .trace = &trace, .free_it = true);
    assert_int_equal(test_turn(core), 1);
    assert_int_equal(trace.dones, 1);
    assert_int_equal(test_stats(core).tasks_live, 0);
    test_core_end(core);
}

static void task_may_abort_a_task_that_is_ready_in_the_same_turn(void **state)
{
    eddy_core *core = test_core();
    struct test_trace killer = {0};
    struct test_trace victim = {0};
    eddy_join *join = NULL;

    (void)state;
    test_spawn(core, aborter, .victim = &join, .trace = &killer, .free_it = true);
    join = test_spawn_join(core, test_value, .trace = &victim);
    assert_int_equal(test_turn(core), 1);
    assert_int_equal(victim.polls, 0);
    assert_int_equal(victim.dones, 1);
    test_core_end(core);
    assert_int_equal(killer.dones, 1);
}

static void freeing_the_join_detaches_the_task(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};

    (void)state;
    eddy_join_free(test_spawn_join(core, test_value, .trace = &trace, .yields = 3));
    assert_int_equal(trace.dones, 0);
    assert_int_equal(test_settle(core), 4);
    assert_int_equal(trace.dones, 1);
    eddy_join_free(NULL);
    test_core_end(core);
}

static void join_may_be_freed_after_the_task_ended(void **state)
{
    eddy_core *core = test_core();
    eddy_join *join = test_spawn_join(core, test_value, .value = 3);

    (void)state;
    test_settle(core);
    assert_int_equal(test_stats(core).tasks_live, 0);
    eddy_join_free(join);
    test_core_end(core);
}

static void two_tasks_join_one(void *arg)
{
    (void)arg;
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    eddy_join *join = test_spawn_join(core, test_wait, .gate = &gate);

    test_spawn(core, test_join, .join = join);
    test_spawn(core, test_join, .join = join);
    test_settle(core);
}

static void two_tasks_that_wait_for_one_join_are_asserted(void **state)
{
    (void)state;
    assert_dies(two_tasks_join_one, NULL, "two tasks would wait for join");
}

/* Joins a task in a frame that owns the handle: the usual shape of structured work. */
struct owner {
    EDDY_FRAME;
    struct test_gate *gate;
    struct test_trace *trace;
    eddy_join *join;
};
static void owner_done(struct owner *self)
{
    if (self->join != NULL)
        eddy_join_abort(self->join);
    eddy_join_free(self->join);
    test_trace_done(self->trace);
}
EDDY_ASYNC(owner, owner_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_spawn_joinable(eddy_task_handle(task), EDDY_FUTURE(test_wait, .gate = self->gate),
                                &self->join);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_join_poll(self->join, task));
        EDDY_END(n);
}

static void done_may_abort_and_free_a_join_that_was_waited_for(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct test_trace trace = {0};
    eddy_join *join = test_spawn_join(core, owner, .gate = &gate, .trace = &trace);

    (void)state;
    test_settle(core);
    assert_int_equal(test_stats(core).tasks_live, 2);
    eddy_join_abort(join);
    eddy_join_free(join);
    assert_int_equal(trace.dones, 1);
    assert_int_equal(test_stats(core).tasks_live, 0);
    assert_null(gate.waiter.branch);
    test_core_end(core);
}

static void join_across_loops(void *arg)
{
    eddy_join *join = test_spawn_join(test_core(), test_value, .value = 1);

    (void)arg;
    (void)test_run(test_core(), test_join, .join = join);
}

static void join_of_a_task_of_another_loop_is_asserted(void **state)
{
    (void)state;
    assert_dies(join_across_loops, NULL, "a task of another loop");
}

static void task_of_another_loop_on_the_same_thread_may_not_be_confused(void **state)
{
    eddy_core *one = test_core();
    eddy_core *two = test_core();
    eddy_join *join_one = test_spawn_join(one, test_value, .value = 1);
    eddy_join *join_two = test_spawn_join(two, test_value, .value = 2);

    (void)state;
    assert_int_equal(test_join_end(one, join_one), 1);
    assert_int_equal(test_join_end(two, join_two), 2);
    test_core_end(one);
    test_core_end(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(join_gives_what_the_task_returned),
        cmocka_unit_test(join_of_a_task_that_has_ended_is_ready),
        cmocka_unit_test(join_gives_the_same_at_every_later_poll),
        cmocka_unit_test(done_has_run_when_the_join_is_ready),
        cmocka_unit_test(wait_for_a_join_can_be_dropped_and_begun_again),
        cmocka_unit_test(abort_drops_the_task_at_once),
        cmocka_unit_test(abort_of_a_task_that_never_ran_runs_its_done),
        cmocka_unit_test(abort_of_a_task_that_is_ready_drops_it_unpolled),
        cmocka_unit_test(abort_wakes_the_one_who_joins),
        cmocka_unit_test(task_that_aborts_itself_is_dropped_when_its_poll_returns),
        cmocka_unit_test(task_may_abort_itself_and_free_its_join),
        cmocka_unit_test(task_may_abort_a_task_that_is_ready_in_the_same_turn),
        cmocka_unit_test(freeing_the_join_detaches_the_task),
        cmocka_unit_test(join_may_be_freed_after_the_task_ended),
        cmocka_unit_test(two_tasks_that_wait_for_one_join_are_asserted),
        cmocka_unit_test(done_may_abort_and_free_a_join_that_was_waited_for),
        cmocka_unit_test(join_of_a_task_of_another_loop_is_asserted),
        cmocka_unit_test(task_of_another_loop_on_the_same_thread_may_not_be_confused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
