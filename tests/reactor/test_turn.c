/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_turn.c - eddy_core_turn(): exactly what was ready, each once, and how long it waits.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

#include <cmocka.h>

#include "../support/loop.h"

static int64_t now_ns(eddy_core *core)
{
    return eddy_now_ns(eddy_core_handle(core));
}

static void turn_zero_does_not_block(void **state)
{
    eddy_core *core = test_core();
    int64_t begin_ns = now_ns(core);

    (void)state;
    assert_int_equal(eddy_core_turn(core, 0), 0);
    test_spawn(core, test_nap, .duration_ns = 3600 * EDDY_SECOND);
    assert_int_equal(eddy_core_turn(core, 0), 1);
    for (int i = 0; i < 100; i++)
        assert_int_equal(eddy_core_turn(core, 0), 0);
    assert_true(now_ns(core) - begin_ns < 5 * EDDY_SECOND);
    test_core_end(core);
}

static void turn_runs_the_tasks_that_are_ready_each_once(void **state)
{
    eddy_core *core = test_core();
    struct test_trace traces[3] = {0};

    (void)state;
    for (int i = 0; i < 3; i++)
        test_spawn(core, test_value, .trace = &traces[i], .yields = i);
    assert_int_equal(test_turn(core), 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(traces[i].polls, 1);
    assert_int_equal(test_turn(core), 2);
    assert_int_equal(test_turn(core), 1);
    assert_int_equal(test_turn(core), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(traces[i].polls, i + 1);
        assert_int_equal(traces[i].dones, 1);
    }
    test_core_end(core);
}

static void tasks_run_in_the_order_of_spawning(void **state)
{
    enum { COUNT = 20 };
    eddy_core *core = test_core();
    struct test_trace traces[COUNT] = {0};

    (void)state;
    for (int i = 0; i < COUNT; i++)
        test_spawn(core, test_value, .trace = &traces[i]);
    assert_int_equal(test_turn(core), COUNT);
    for (int i = 1; i < COUNT; i++)
        assert_int_equal(traces[i].order, traces[i - 1].order + 1);
    test_core_end(core);
}

struct parent {
    EDDY_FRAME;
    struct test_trace *child;
    struct test_gate *gate;
};
EDDY_ASYNC(parent, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_spawn(eddy_task_handle(task), EDDY_FUTURE(test_value, .trace = self->child));
        if (self->gate != NULL)
            test_gate_open(self->gate, 0);
        EDDY_END(n);
}

static void task_spawned_meanwhile_waits_for_the_next_turn(void **state)
{
    eddy_core *core = test_core();
    struct test_trace child = {0};

    (void)state;
    test_spawn(core, parent, .child = &child);
    assert_int_equal(test_turn(core), 1);
    assert_int_equal(child.polls, 0);
    assert_int_equal(test_turn(core), 1);
    assert_int_equal(child.dones, 1);
    assert_int_equal(test_turn(core), 0);
    test_core_end(core);
}

static void task_woken_meanwhile_waits_for_the_next_turn(void **state)
{
    eddy_core *core = test_core();
    struct test_trace waiting = {0};
    struct test_trace child = {0};
    struct test_gate gate = {0};

    (void)state;
    test_spawn(core, test_wait, .trace = &waiting, .gate = &gate);
    assert_int_equal(test_turn(core), 1);
    test_spawn(core, parent, .child = &child, .gate = &gate);
    assert_int_equal(test_turn(core), 1);
    assert_int_equal(waiting.polls, 1);
    assert_int_equal(test_turn(core), 2);
    assert_int_equal(waiting.dones, 1);
    test_core_end(core);
}

static void task_spawned_later_runs_only_in_the_next_turn(void **state)
{
    eddy_core *core = test_core();
    struct test_trace first = {0};
    struct test_trace second = {0};

    (void)state;
    test_spawn(core, test_value, .trace = &first);
    assert_int_equal(test_turn(core), 1);
    test_spawn(core, test_value, .trace = &second);
    assert_int_equal(first.dones, 1);
    assert_int_equal(second.dones, 0);
    assert_int_equal(test_turn(core), 1);
    assert_int_equal(second.dones, 1);
    test_core_end(core);
}

static void turn_waits_so_long_when_nothing_happens(void **state)
{
    eddy_core *core = test_core();
    int64_t begin_ns = now_ns(core);
    int64_t took_ns;

    (void)state;
    assert_int_equal(eddy_core_turn(core, 5 * EDDY_MILLISECOND), 0);
    took_ns = now_ns(core) - begin_ns;
    assert_in_range(took_ns, 4 * EDDY_MILLISECOND, 5 * EDDY_SECOND);
    test_core_end(core);
}

static void turn_does_not_wait_while_a_task_is_ready(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};

    (void)state;
    test_spawn(core, test_value, .trace = &trace, .yields = 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(eddy_core_turn(core, EDDY_FOREVER), 1);
    assert_int_equal(trace.polls, 100);
    test_core_end(core);
}

static void turn_that_could_wait_for_ever_ends_by_a_timer(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};

    (void)state;
    test_spawn(core, test_nap, .trace = &trace, .duration_ns = 2 * EDDY_MILLISECOND);
    for (int turns = 0; trace.dones == 0 && turns < 20; turns++)
        assert_true(eddy_core_turn(core, EDDY_FOREVER) >= 0);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

static void turn_for_ever_on_an_empty_loop_is_a_deadlock(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    assert_int_equal(eddy_core_turn(core, EDDY_FOREVER), EDDY_DEADLOCK);
    assert_int_equal(eddy_core_turn(core, EDDY_MILLISECOND), 0);
    test_core_end(core);
}

static void turn_for_ever_with_a_stuck_task_is_a_deadlock_and_keeps_the_task(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct test_trace trace = {0};
    eddy_result n = 0;

    (void)state;
    test_spawn(core, test_wait, .trace = &trace, .gate = &gate);
    for (int turns = 0; n >= 0 && turns < 5; turns++)
        n = eddy_core_turn(core, EDDY_FOREVER);
    assert_int_equal(n, EDDY_DEADLOCK);
    assert_int_equal(trace.dones, 0);
    test_gate_open(&gate, 0);
    test_settle(core);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

static volatile sig_atomic_t signals_seen;

static void see_signal(int number)
{
    (void)number;
    signals_seen++;
}

static void signal_may_end_the_wait_but_is_no_error(void **state)
{
    const struct itimerval storm = {{0, 1000}, {0, 1000}};
    const struct itimerval calm = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = see_signal};
    eddy_core *core = test_core();

    (void)state;
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &storm, NULL), 0);
    for (int turns = 0; signals_seen < 10 && turns < 100; turns++)
        assert_int_equal(eddy_core_turn(core, 20 * EDDY_MILLISECOND), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &calm, NULL), 0);
    assert_in_range(signals_seen, 10, 100000);
    test_core_end(core);
}

static void turns_alone_drive_a_loop_that_run_goes_on_with(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};

    (void)state;
    test_spawn(core, test_value, .trace = &trace, .yields = 3);
    assert_int_equal(test_turn(core), 1);
    assert_int_equal(test_run(core, test_value, .yields = 1), 0);
    assert_in_range(trace.polls, 2, 3);
    assert_in_range(test_settle(core), 1, 2);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

static void each_turn_is_counted(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(test_turn(core), 0);
    assert_int_equal(test_stats(core).turns, 5);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turn_zero_does_not_block),
        cmocka_unit_test(turn_runs_the_tasks_that_are_ready_each_once),
        cmocka_unit_test(tasks_run_in_the_order_of_spawning),
        cmocka_unit_test(task_spawned_meanwhile_waits_for_the_next_turn),
        cmocka_unit_test(task_woken_meanwhile_waits_for_the_next_turn),
        cmocka_unit_test(task_spawned_later_runs_only_in_the_next_turn),
        cmocka_unit_test(turn_waits_so_long_when_nothing_happens),
        cmocka_unit_test(turn_does_not_wait_while_a_task_is_ready),
        cmocka_unit_test(turn_that_could_wait_for_ever_ends_by_a_timer),
        cmocka_unit_test(turn_for_ever_on_an_empty_loop_is_a_deadlock),
        cmocka_unit_test(turn_for_ever_with_a_stuck_task_is_a_deadlock_and_keeps_the_task),
        cmocka_unit_test(turns_alone_drive_a_loop_that_run_goes_on_with),
        cmocka_unit_test(each_turn_is_counted),
    };
    /* No signal interrupts a simulated wait, which takes no time. */
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(signal_may_end_the_wait_but_is_no_error),
    };

    return TEST_GROUPS(tests, kernel);
}
