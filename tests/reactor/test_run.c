/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance threads */
/*
 * test_run.c - eddy_core_run(): what it returns and when, what it leaves running, where it may be
 * called; and what eddy_core_new() refuses.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/time.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/loop.h"

static void run_returns_the_futures_result(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    assert_int_equal(test_run(core, test_value, .value = 42), 42);
    assert_int_equal(test_run(core, test_value, .value = 0), 0);
    assert_int_equal(test_run(core, test_value, .value = INT64_MAX), INT64_MAX);
    assert_int_equal(test_run(core, test_value, .yields = 3, .value = 7), 7);
    test_core_end(core);
}

static void run_returns_an_error_as_it_is(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    assert_int_equal(test_run(core, test_value, .value = -71), -71);
    assert_int_equal(test_run(core, test_value, .yields = 1, .value = EDDY_DROPPED), EDDY_DROPPED);
    assert_int_equal(test_stats(core).task_errors, 0); /* the caller has it: nobody else is told */
    test_core_end(core);
}

static void run_works_on_a_future_on_the_callers_stack(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};
    struct test_value here = EDDY_INIT(test_value, .trace = &trace, .yields = 5, .value = 9);

    (void)state;
    assert_int_equal(eddy_core_run(core, &here.frame), 9);
    assert_int_equal(here.yields, -1); /* this very struct was polled, not a copy */
    assert_int_equal(trace.polls, 6);
    assert_int_equal(trace.dones, 1); /* before run returned */
    test_core_end(core);
}

static void run_takes_over_a_boxed_future(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};
    eddy_future *boxed = eddy_box(
        eddy_core_handle(core), EDDY_FUTURE(test_value, .trace = &trace, .yields = 1, .value = 3));

    (void)state;
    assert_int_equal(eddy_core_run(core, boxed), 3);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

static void run_may_be_called_again_and_again(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(test_run(core, test_value, .yields = i % 3, .value = i), i);
    assert_int_equal(test_stats(core).tasks_live, 0);
    test_core_end(core);
}

/* Opens all gates, then ends. */
struct opener {
    EDDY_FRAME;
    struct test_gate *gates;
    int count;
};
EDDY_ASYNC(opener, eddy_nothing)
{
    int i;

    EDDY_BEGIN
        for (i = 0; i < self->count; i++)
            test_gate_open(&self->gates[i], i);
        EDDY_END(self->count);
}

static void run_returns_the_moment_its_future_is_done(void **state)
{
    enum { COUNT = 50 };
    eddy_core *core = test_core();
    struct test_gate gates[COUNT] = {0};
    struct test_trace traces[COUNT] = {0};

    (void)state;
    for (int i = 0; i < COUNT; i++)
        test_spawn(core, test_wait, .gate = &gates[i], .trace = &traces[i]);
    assert_int_equal(test_settle(core), COUNT);

    assert_int_equal(test_run(core, opener, .gates = gates, .count = COUNT), COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(traces[i].polls, 1); /* ready, but run did not stay for them */

    assert_int_equal(test_run(core, test_value, .yields = 1), 0);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(traces[i].dones, 1); /* they went on at the next run */
    test_core_end(core);
}

static void run_leaves_a_task_that_is_always_ready_for_the_next_run(void **state)
{
    eddy_core *core = test_core();
    struct test_trace busy = {0};
    int polls;

    (void)state;
    test_spawn(core, test_value, .trace = &busy, .yields = 1000000);
    assert_int_equal(test_run(core, test_value, .yields = 10, .value = 1), 1);
    polls = busy.polls;
    assert_in_range(polls, 5, 20);
    assert_int_equal(busy.dones, 0);
    assert_int_equal(test_run(core, test_value, .yields = 10, .value = 2), 2);
    assert_in_range(busy.polls, polls + 5, polls + 20);
    assert_int_equal(test_stats(core).tasks_live, 1);
    test_core_end(core);
    assert_int_equal(busy.dones, 1);
}

static void task_spawned_before_run_is_run(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};

    (void)state;
    test_spawn(core, test_value, .trace = &trace);
    assert_int_equal(trace.polls, 0);
    assert_int_equal(test_run(core, test_value, .yields = 1), 0);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

struct spawner {
    EDDY_FRAME;
    struct test_gate *gate;
    struct test_trace *trace;
};
EDDY_ASYNC(spawner, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_spawn(eddy_task_handle(task),
                       EDDY_FUTURE(test_wait, .gate = self->gate, .trace = self->trace));
        EDDY_END(n);
}

static void task_spawned_by_the_future_of_a_run_survives_that_run(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct test_trace trace = {0};

    (void)state;
    assert_int_equal(test_run(core, spawner, .gate = &gate, .trace = &trace), 0);
    assert_int_equal(trace.dones, 0);
    assert_int_equal(test_run(core, test_value, .yields = 1), 0);
    assert_int_equal(trace.polls, 1);
    test_gate_open(&gate, 0);
    assert_int_equal(test_run(core, test_value, .yields = 1), 0);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

struct nested {
    EDDY_FRAME;
    eddy_core *core;
    int64_t nap_ns;
};
EDDY_ASYNC(nested, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        n = test_run(self->core, test_nap, .duration_ns = self->nap_ns);
        EDDY_END(n == 0 ? 11 : n);
}

static void run_of_another_loop_works_inside_a_task(void **state)
{
    eddy_core *outer = test_core();
    eddy_core *inner = test_core();
    struct test_trace trace = {0};

    (void)state;
    test_spawn(outer, test_nap, .trace = &trace, .duration_ns = EDDY_MILLISECOND);
    assert_int_equal(test_run(outer, nested, .core = inner, .nap_ns = 2 * EDDY_MILLISECOND), 11);
    assert_int_equal(test_run(outer, nested, .core = inner, .nap_ns = 0), 11);
    test_pass(outer, 4 * EDDY_MILLISECOND);
    assert_int_equal(trace.dones, 1); /* the outer loop goes on as if nothing had been */
    test_core_end(inner);
    test_core_end(outer);
}

static void run_inside_itself(void *arg)
{
    (void)arg;
    eddy_core *core = test_core();

    test_run(core, nested, .core = core);
}

static void run_of_the_same_loop_inside_a_task_is_asserted(void **state)
{
    (void)state;
    assert_dies(run_inside_itself, NULL,
                "eddy_core_run is called inside a run or turn of the same loop");
}

struct turner {
    EDDY_FRAME;
    eddy_core *core;
};
EDDY_ASYNC(turner, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_core_turn(self->core, 0);
        EDDY_END(n);
}

static void turn_inside_run(void *arg)
{
    (void)arg;
    eddy_core *core = test_core();

    test_run(core, turner, .core = core);
}

static void turn_of_the_same_loop_inside_a_task_is_asserted(void **state)
{
    (void)state;
    assert_dies(turn_inside_run, NULL,
                "eddy_core_turn is called inside a run or turn of the same loop");
}

/* Three loops deep: the innermost may not run the outermost. */
struct deep {
    EDDY_FRAME;
    eddy_core *inner;
    eddy_core *outer;
};
EDDY_ASYNC(deep, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        n = test_run(self->inner, nested, .core = self->outer);
        EDDY_END(n);
}

static void run_through_another(void *arg)
{
    (void)arg;
    eddy_core *outer = test_core();
    eddy_core *inner = test_core();

    test_run(outer, deep, .inner = inner, .outer = outer);
}

static void run_of_the_same_loop_through_another_is_asserted(void **state)
{
    (void)state;
    assert_dies(run_through_another, NULL, "inside a run or turn of the same loop");
}

static void run_a_future_twice(void *arg)
{
    (void)arg;
    eddy_core *core = test_core();
    struct test_value once = EDDY_INIT(test_value, .value = 1);

    (void)eddy_core_run(core, &once.frame);
    (void)eddy_core_run(core, &once.frame);
}

static void run_of_a_future_that_has_ended_is_asserted(void **state)
{
    (void)state;
    assert_dies(run_a_future_twice, NULL, "test_value");
}

static atomic_int signals_seen;

static void see_signal(int number)
{
    (void)number;
    atomic_fetch_add_explicit(&signals_seen, 1, memory_order_relaxed);
}

static void catch_signal(int number)
{
    struct sigaction action = {.sa_handler = see_signal}; /* no SA_RESTART: waits see EINTR */

    assert_int_equal(sigaction(number, &action, NULL), 0);
    atomic_store(&signals_seen, 0);
}

static void run_goes_on_through_a_storm_of_signals(void **state)
{
    const struct itimerval storm = {{0, 1000}, {0, 1000}};
    const struct itimerval calm = {{0, 0}, {0, 0}};
    eddy_core *core = test_core();
    int64_t begin_ns = eddy_now_ns(eddy_core_handle(core));

    (void)state;
    catch_signal(SIGALRM);
    assert_int_equal(setitimer(ITIMER_REAL, &storm, NULL), 0);
    assert_int_equal(test_run(core, test_nap, .duration_ns = 30 * EDDY_MILLISECOND), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &calm, NULL), 0);
    assert_true(eddy_now_ns(eddy_core_handle(core)) - begin_ns >= 30 * EDDY_MILLISECOND);
    assert_in_range(atomic_load(&signals_seen), 3, 100000);
    test_core_end(core);
}

struct shooter {
    pthread_t target;
    atomic_bool stop;
};

static void *shoot(void *arg)
{
    struct shooter *self = arg;

    while (!atomic_load(&self->stop))
        pthread_kill(self->target, SIGUSR1);
    return NULL;
}

static void run_goes_on_while_a_thread_sends_signals(void **state)
{
    eddy_core *core = test_core();
    struct shooter shooter = {.target = pthread_self(), .stop = false};
    pthread_t thread;

    (void)state;
    catch_signal(SIGUSR1);
    assert_int_equal(pthread_create(&thread, NULL, shoot, &shooter), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(test_run(core, test_nap, .duration_ns = 3 * EDDY_MILLISECOND), 0);
    atomic_store(&shooter.stop, true);
    pthread_join(thread, NULL);
    assert_true(atomic_load(&signals_seen) > 0);
    test_core_end(core);
}

static void driver_of_the_environment_is_used_and_the_reason_told(void **state)
{
    const char *wanted = getenv("EDDY_DRIVER");
    eddy_core *core = test_core();

    (void)state;
    if (wanted != NULL)
        assert_string_equal(eddy_core_driver_name(core), wanted);
    assert_non_null(eddy_core_driver_reason(core));
    assert_true(eddy_core_driver_reason(core)[0] != '\0');
    test_core_end(core);
}

static void driver_named_in_the_options_wins_over_the_environment(void **state)
{
    eddy_core *core = test_core_with((eddy_core_options){.driver = "epoll"});

    (void)state;
    assert_string_equal(eddy_core_driver_name(core), "epoll");
    test_core_end(core);
}

static void new_refuses_options_it_does_not_know(void **state)
{
    eddy_core *core = NULL;
    eddy_core_options unknown_size = {.size_bytes = 3};
    eddy_core_options from_the_future = {.size_bytes = sizeof(eddy_core_options) + 8};

    (void)state;
    assert_int_equal(eddy_core_new(&unknown_size, &core), -EINVAL);
    assert_int_equal(eddy_core_new(&from_the_future, &core), -EINVAL);
    assert_int_equal(
        eddy_core_new(EDDY_OPTIONS(eddy_core_options, .driver = "carrier pigeon"), &core), -EINVAL);
    assert_int_equal(eddy_core_new(EDDY_OPTIONS(eddy_core_options, .timer_tick_shift = 64), &core),
                     -EINVAL);
    assert_int_equal(eddy_core_new(EDDY_OPTIONS(eddy_core_options, .inbox_max = UINT32_MAX), &core),
                     -EINVAL);
    assert_null(core);
}

static void stats_of_a_new_loop_are_zero(void **state)
{
    eddy_core *core = test_core();
    eddy_core_stats stats = test_stats(core);

    (void)state;
    assert_int_equal(stats.turns, 0);
    assert_int_equal(stats.polls, 0);
    assert_int_equal(stats.spawns, 0);
    assert_int_equal(stats.tasks_live, 0);
    assert_int_equal(stats.timers_live, 0);
    assert_int_equal(stats.bytes_received + stats.bytes_sent, 0);
    assert_int_equal(stats.stalls, 0);
    assert_int_equal(stats.closes_cut_off + stats.bytes_cut_off, 0);
    assert_true(stats.heap_calls > 0);
    assert_true(stats.heap_bytes > 0);
    test_core_end(core);
}

static void stats_count_what_was_done(void **state)
{
    eddy_core *core = test_core();
    eddy_core_stats stats;

    (void)state;
    for (int i = 0; i < 10; i++)
        test_spawn(core, test_value, .yields = 2);
    assert_int_equal(test_settle(core), 30);
    stats = test_stats(core);
    assert_int_equal(stats.spawns, 10);
    assert_int_equal(stats.polls, 30);
    assert_int_equal(stats.tasks_ended, 10);
    assert_int_equal(stats.tasks_live, 0);
    assert_int_equal(stats.turns, 4);
    assert_int_equal(stats.task_errors, 0);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_returns_the_futures_result),
        cmocka_unit_test(run_returns_an_error_as_it_is),
        cmocka_unit_test(run_works_on_a_future_on_the_callers_stack),
        cmocka_unit_test(run_takes_over_a_boxed_future),
        cmocka_unit_test(run_may_be_called_again_and_again),
        cmocka_unit_test(run_returns_the_moment_its_future_is_done),
        cmocka_unit_test(run_leaves_a_task_that_is_always_ready_for_the_next_run),
        cmocka_unit_test(task_spawned_before_run_is_run),
        cmocka_unit_test(task_spawned_by_the_future_of_a_run_survives_that_run),
        cmocka_unit_test(run_of_another_loop_works_inside_a_task),
        cmocka_unit_test(run_of_the_same_loop_inside_a_task_is_asserted),
        cmocka_unit_test(turn_of_the_same_loop_inside_a_task_is_asserted),
        cmocka_unit_test(run_of_the_same_loop_through_another_is_asserted),
        cmocka_unit_test(run_of_a_future_that_has_ended_is_asserted),
        cmocka_unit_test(driver_of_the_environment_is_used_and_the_reason_told),
        cmocka_unit_test(driver_named_in_the_options_wins_over_the_environment),
        cmocka_unit_test(new_refuses_options_it_does_not_know),
        cmocka_unit_test(stats_of_a_new_loop_are_zero),
        cmocka_unit_test(stats_count_what_was_done),
    };
    /* No signal interrupts a simulated wait, which takes no time. */
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(run_goes_on_through_a_storm_of_signals),
        cmocka_unit_test(run_goes_on_while_a_thread_sends_signals),
    };

    return TEST_GROUPS(tests, kernel);
}
