/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance threads */
/*
 * test_deadlock.c - a loop that can never go on says so, and what each task waits for; one that may
 * still be reached from elsewhere does not.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../support/loop.h"

static struct test_text text;

static void run_that_nothing_can_end_is_a_deadlock(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct test_trace trace = {0};

    (void)state;
    assert_int_equal(test_run(core, test_wait, .gate = &gate, .trace = &trace), EDDY_DEADLOCK);
    assert_int_equal(trace.dones, 1); /* the future was dropped */
    assert_null(gate.waiter.branch);
    test_core_end(core);
    assert_int_equal(trace.dones, 1);
}

static void boxed_future_of_a_deadlocked_run_is_freed(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct test_trace trace = {0};

    (void)state;
    assert_int_equal(
        eddy_core_run(core, eddy_box(eddy_core_handle(core),
                                     EDDY_FUTURE(test_wait, .gate = &gate, .trace = &trace))),
        EDDY_DEADLOCK);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

/* Waits in a child of its child. */
struct outer_frame {
    EDDY_FRAME;
    struct test_gate *gate;
    struct test_wait inner;
};
EDDY_ASYNC(outer_frame, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_task_set_name(task, "client 12");
        self->inner = EDDY_INIT(test_wait, .gate = self->gate);
        EDDY_AWAIT(n, &self->inner);
        EDDY_END(n);
}

static void dump_names_the_task_its_wait_and_the_frame_that_waits(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[3] = {0};
    char id[24];

    (void)state;
    test_spawn(core, outer_frame, .gate = &gates[0]);
    test_spawn(core, test_nap, .duration_ns = 3600 * EDDY_SECOND);
    test_spawn(core, test_wait, .gate = &gates[1]);
    test_settle(core);
    test_dump(core, &text);
    assert_int_equal(text.lines, 3);
    assert_non_null(strstr(text.text, "client 12"));
    assert_non_null(strstr(text.text, "test: gate"));
    assert_non_null(strstr(text.text, "test_wait"));
    assert_non_null(strstr(text.text, "test_nap"));
    assert_non_null(strstr(text.text, "sleep"));
    for (int i = 1; i <= 3; i++) {
        snprintf(id, sizeof id, "%d", i);
        assert_non_null(strstr(text.text, id));
    }
    test_core_end(core);
}

static void dump_after_a_deadlock_includes_the_future_that_was_run(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};

    (void)state;
    test_spawn(core, test_wait, .gate = &gates[0]);
    assert_int_equal(test_run(core, outer_frame, .gate = &gates[1]), EDDY_DEADLOCK);
    test_dump(core, &text);
    assert_int_equal(text.lines, 2);
    assert_non_null(strstr(text.text, "client 12")); /* as it was then */
    assert_non_null(strstr(text.text, "test_wait"));

    test_gate_open(&gates[0], 0);
    assert_int_equal(test_run(core, test_value, .yields = 1), 0);
    test_dump(core, &text); /* and not for ever */
    assert_null(strstr(text.text, "client 12"));
    test_core_end(core);
}

static void dump_of_an_empty_loop_writes_nothing(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    test_dump(core, &text);
    assert_int_equal(text.lines, 0);
    test_core_end(core);
}

static void dump_tells_a_ready_task_from_one_that_waits(void **state)
{
    eddy_core *core = test_core();
    static struct test_text waiting;
    struct test_gate gate = {0};

    (void)state;
    test_spawn(core, test_wait, .gate = &gate);
    test_dump(core, &text); /* never polled */
    assert_int_equal(text.lines, 1);
    assert_null(strstr(text.text, "test: gate"));
    test_settle(core);
    test_dump(core, &waiting);
    assert_non_null(strstr(waiting.text, "test: gate"));
    test_core_end(core);
}

struct dumper {
    EDDY_FRAME;
    eddy_core *core;
};
EDDY_ASYNC(dumper, eddy_nothing)
{
    EDDY_BEGIN
        test_dump(self->core, &text);
        EDDY_END(text.lines);
}

static void dump_may_be_asked_for_within_a_task(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};

    (void)state;
    test_spawn(core, test_wait, .gate = &gate);
    test_settle(core);
    assert_in_range(test_run(core, dumper, .core = core), 1, 2);
    assert_non_null(strstr(text.text, "test_wait"));
    test_core_end(core);
}

static void spawned_tasks_survive_a_deadlock_and_go_on(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    struct test_trace trace = {0};
    eddy_join *join = test_spawn_join(core, test_wait, .gate = &gates[0], .trace = &trace);

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(test_run(core, test_join, .join = join), EDDY_DEADLOCK);
    assert_int_equal(trace.polls, 1);
    assert_int_equal(trace.dones, 0);
    test_gate_open(&gates[0], 8);
    assert_int_equal(test_join_end(core, join), 8);
    test_core_end(core);
}

static void tasks_that_join_each_other_are_a_deadlock(void **state)
{
    eddy_core *core = test_core();
    eddy_join *joins[2];
    struct test_join ring = EDDY_INIT(test_join);

    (void)state;
    joins[0] = test_spawn_join(core, test_wait, .gate = &(struct test_gate){.open = false});
    ring.join = joins[0];
    assert_int_equal(eddy_spawn_joinable(eddy_core_handle(core), &ring.frame, &joins[1]), 0);
    assert_int_equal(test_run(core, test_join, .join = joins[1]), EDDY_DEADLOCK);
    test_dump(core, &text);
    assert_non_null(strstr(text.text, "join"));
    for (int i = 1; i >= 0; i--) {
        eddy_join_abort(joins[i]);
        eddy_join_free(joins[i]);
    }
    test_core_end(core);
}

static void timer_that_is_live_anywhere_is_no_deadlock(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};

    (void)state;
    /* the timer wakes another task than the one that is stuck: waited for, then found */
    test_spawn(core, test_nap, .duration_ns = 2 * EDDY_MILLISECOND);
    assert_int_equal(test_run(core, test_wait, .gate = &gate), EDDY_DEADLOCK);
    assert_int_equal(test_stats(core).timers_fired, 1);
    test_core_end(core);
}

static void sleep_for_ever_alone_is_a_deadlock(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};

    (void)state;
    assert_int_equal(test_run(core, test_nap, .duration_ns = EDDY_FOREVER, .trace = &trace),
                     EDDY_DEADLOCK);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

/* ---- from elsewhere ---- */

struct holder {
    eddy_remote *remote;
    eddy_waker waker;
    atomic_bool released;
};

/* Hold the references for so long that the loop is most likely asleep, then give them back. (What
 * is asserted holds whenever that is.) */
static void *hold(void *arg)
{
    struct holder *self = arg;
    struct timespec begin, now;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        sched_yield();
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - begin.tv_sec) * 1000000000 + now.tv_nsec - begin.tv_nsec < 3000000);
    atomic_store(&self->released, true);
    eddy_remote_release(self->remote);
    eddy_waker_release(&self->waker);
    return NULL;
}

static void remote_elsewhere_prevents_the_report_until_it_is_released(void **state)
{
    eddy_core *core = test_core();
    struct holder holder = {0};
    struct test_gate gate = {0};
    pthread_t thread;

    (void)state;
    assert_int_equal(eddy_remote_new(eddy_core_handle(core), &holder.remote), 0);
    assert_int_equal(pthread_create(&thread, NULL, hold, &holder), 0);
    assert_int_equal(test_run(core, test_wait, .gate = &gate), EDDY_DEADLOCK);
    assert_true(atomic_load(&holder.released)); /* not before */
    pthread_join(thread, NULL);
    test_core_end(core);
}

static void turn_for_ever_also_ends_when_the_last_remote_is_released(void **state)
{
    eddy_core *core = test_core();
    struct holder holder = {0};
    pthread_t thread;
    eddy_result n = 0;

    (void)state;
    assert_int_equal(eddy_remote_new(eddy_core_handle(core), &holder.remote), 0);
    assert_int_equal(pthread_create(&thread, NULL, hold, &holder), 0);
    for (int turns = 0; n >= 0 && turns < 10; turns++)
        n = eddy_core_turn(core, EDDY_FOREVER);
    assert_int_equal(n, EDDY_DEADLOCK);
    assert_true(atomic_load(&holder.released));
    pthread_join(thread, NULL);
    test_core_end(core);
}

struct wakeable {
    EDDY_FRAME;
    eddy_waker *waker;
};
EDDY_ASYNC(wakeable, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_task_waker(task, self->waker);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_task_park(task, "test: a thread"));
        EDDY_END(n);
}

static void waker_elsewhere_prevents_the_report_until_it_is_released(void **state)
{
    eddy_core *core = test_core();
    struct holder holder = {0};
    struct test_gate gate = {0};
    pthread_t thread;

    (void)state;
    test_spawn(core, wakeable, .waker = &holder.waker);
    test_settle(core);
    assert_int_equal(pthread_create(&thread, NULL, hold, &holder), 0);
    assert_int_equal(test_run(core, test_wait, .gate = &gate), EDDY_DEADLOCK);
    assert_true(atomic_load(&holder.released));
    pthread_join(thread, NULL);
    test_dump(core, &text);
    assert_non_null(strstr(text.text, "test: a thread"));
    test_core_end(core);
}

static void park_without_any_waker_is_a_deadlock(void **state)
{
    eddy_core *core = test_core();
    eddy_waker waker = {0};

    (void)state;
    test_spawn(core, wakeable, .waker = &waker);
    test_settle(core);
    eddy_waker_release(&waker);
    assert_int_equal(eddy_core_turn(core, EDDY_FOREVER), EDDY_DEADLOCK);
    test_core_end(core);
}

static eddy_future *make_nothing(void *payload, eddy_handle *handle)
{
    (void)payload;
    (void)handle;
    return NULL;
}

static void job_that_is_queued_is_run_before_the_report(void **state)
{
    static const eddy_job job = {make_nothing, NULL, 0};
    eddy_core *core = test_core();
    eddy_remote *remote = NULL;
    struct test_gate gate = {0};

    (void)state;
    assert_int_equal(eddy_remote_new(eddy_core_handle(core), &remote), 0);
    assert_int_equal(eddy_remote_spawn(remote, &job, NULL), 0);
    eddy_remote_release(remote);
    assert_int_equal(test_run(core, test_wait, .gate = &gate), EDDY_DEADLOCK);
    assert_int_equal(test_stats(core).jobs_run, 1);
    test_core_end(core);
}

static void grace_time_under_way_is_no_deadlock(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    eddy_join *join = test_spawn_join(core, test_wait, .gate = &gate);
    eddy_join *outer = test_spawn_join(core, test_join, .join = join);

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, 2 * EDDY_MILLISECOND);
    assert_true(test_join_end(core, outer) != EDDY_DEADLOCK);
    eddy_join_free(join);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_that_nothing_can_end_is_a_deadlock),
        cmocka_unit_test(boxed_future_of_a_deadlocked_run_is_freed),
        cmocka_unit_test(dump_names_the_task_its_wait_and_the_frame_that_waits),
        cmocka_unit_test(dump_after_a_deadlock_includes_the_future_that_was_run),
        cmocka_unit_test(dump_of_an_empty_loop_writes_nothing),
        cmocka_unit_test(dump_tells_a_ready_task_from_one_that_waits),
        cmocka_unit_test(dump_may_be_asked_for_within_a_task),
        cmocka_unit_test(spawned_tasks_survive_a_deadlock_and_go_on),
        cmocka_unit_test(tasks_that_join_each_other_are_a_deadlock),
        cmocka_unit_test(timer_that_is_live_anywhere_is_no_deadlock),
        cmocka_unit_test(sleep_for_ever_alone_is_a_deadlock),
        cmocka_unit_test(park_without_any_waker_is_a_deadlock),
        cmocka_unit_test(job_that_is_queued_is_run_before_the_report),
        cmocka_unit_test(grace_time_under_way_is_no_deadlock),
    };
    /* A simulated loop is of one thread: nobody holds anything elsewhere. */
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(remote_elsewhere_prevents_the_report_until_it_is_released),
        cmocka_unit_test(turn_for_ever_also_ends_when_the_last_remote_is_released),
        cmocka_unit_test(waker_elsewhere_prevents_the_report_until_it_is_released),
    };

    return TEST_GROUPS(tests, kernel);
}
