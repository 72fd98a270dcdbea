/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_fairness.c - budgets: whatever is always ready keeps neither other tasks, nor timers, nor
 * jobs from other threads waiting. Counted in turns, not in time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/loop.h"
#include "reactor/core.h"

/* ---- tasks that never leave off ----------------------------------------------------------------
 */

enum hog {
    HOG_YIELDS,     /* is always ready */
    HOG_WAKES_SELF, /* wakes itself by its waker, then parks */
    HOG_WAITER,     /* parks at a waiter that it wakes itself */
    HOG_LEAF,       /* loops over a leaf that is always ready */
    HOG_JOIN,       /* loops over the join of a task that has ended */
    HOG_ZERO,       /* loops over a timer of no delay, started anew each time */
    HOG_PAST,       /* loops over a timer whose time is past */
    HOG_BURST,      /* loops over an interval that is late for ever */
    HOG_CHILDREN,   /* loops over children that are ready at once, each with a leaf in it */
    HOGS
};

/* More steps than this in one poll: the loop is not asked any more, the hog gives up. */
enum { STEPS_MAX = 200000 };

struct hog_frame {
    EDDY_FRAME;
    enum hog hog;
    int *steps;
    int *polls;
    int *longest; /* steps of one poll */
    eddy_join *ended;
    eddy_waker waker;
    eddy_waiter waiter;
    eddy_sleep sleep;
    eddy_interval interval;
    struct test_nap child;
};
static void hog_frame_done(struct hog_frame *self)
{
    eddy_waker_release(&self->waker);
}

static const eddy_wait_type hog_wait = {"test: hog", NULL, false};

static eddy_result hog_step(struct hog_frame *self, eddy_task *task)
{
    eddy_result n;

    switch (self->hog) {
    case HOG_YIELDS:
        eddy__yield(task);
        return EDDY_PENDING;
    case HOG_WAKES_SELF:
        eddy_waker_wake(&self->waker);
        return eddy_task_park(task, "test: itself");
    case HOG_WAITER:
        n = eddy_waiter_park(&self->waiter, task, &hog_wait);
        eddy_waiter_wake(&self->waiter);
        return n;
    case HOG_JOIN:
        return eddy_join_poll(self->ended, task);
    case HOG_BURST:
        return eddy_interval_poll(&self->interval, task);
    case HOG_CHILDREN:
        return eddy_future_poll_child(&self->frame, &self->child.frame, task);
    default:
        return eddy_sleep_poll(&self->sleep, task);
    }
}

/* As many steps as are ready. */
static eddy_result hog_poll(struct hog_frame *self, eddy_task *task)
{
    ++*self->polls;
    for (int in_poll = 0; in_poll < STEPS_MAX; in_poll++) {
        eddy_result n = hog_step(self, task);

        ++*self->steps;
        if (in_poll > *self->longest)
            *self->longest = in_poll;
        if (n == EDDY_PENDING || n < 0)
            return n;
        if (self->hog == HOG_ZERO)
            eddy_sleep_start(&self->sleep, task, 0);
        if (self->hog == HOG_CHILDREN)
            self->child = EDDY_INIT(test_nap, .duration_ns = 0);
    }
    return -1;
}
EDDY_ASYNC(hog_frame, hog_frame_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_task_waker(task, &self->waker);
        if (n < 0)
            EDDY_RETURN(n);
        eddy_sleep_start(&self->sleep, task, 0);
        if (self->hog == HOG_PAST)
            eddy_sleep_start_at(&self->sleep, task, 1);
        eddy_interval_start(&self->interval, task, 1, EDDY_MISSED_BURST);
        self->child = EDDY_INIT(test_nap, .duration_ns = 0);
        EDDY_POLL(n, hog_poll(self, task));
        EDDY_END(n);
}

struct stable {
    eddy_core *core;
    eddy_join *ended;
    eddy_join *hog;
    int steps, polls, longest;
};

static void with_hog(enum hog hog, struct stable *self)
{
    *self = (struct stable){.core = test_core()};
    self->ended = test_spawn_join(self->core, test_value, .value = 1);
    test_settle(self->core);
    self->hog =
        test_spawn_join(self->core, hog_frame, .hog = hog, .ended = self->ended,
                        .steps = &self->steps, .polls = &self->polls, .longest = &self->longest);
    for (int i = 0; i < 5; i++)
        test_turn(self->core);
}

static void end_stable(struct stable *self)
{
    int polls = self->polls;

    for (int i = 0; i < 50; i++)
        test_turn(self->core);
    assert_in_range(self->polls - polls, 0, 60); /* about one poll a turn */
    eddy_join_abort(self->hog);
    assert_int_equal(test_run(self->core, test_join, .join = self->hog), EDDY_DROPPED);
    eddy_join_free(self->hog);
    eddy_join_free(self->ended);
    assert_int_equal(test_stats(self->core).timers_live, 0);
    test_core_end(self->core);
}

static void hog_keeps_no_other_task_waiting(void **state)
{
    (void)state;
    for (int hog = 0; hog < HOGS; hog++) {
        struct stable stable;
        struct test_trace trace = {0};
        int turns = 0;

        with_hog((enum hog)hog, &stable);
        test_spawn(stable.core, test_value, .trace = &trace, .yields = 9);
        for (; trace.dones == 0 && turns < 100; turns++)
            test_turn(stable.core);
        assert_in_range(turns, 10, 11);
        end_stable(&stable);
    }
}

static void hog_keeps_no_timer_waiting(void **state)
{
    (void)state;
    for (int hog = 0; hog < HOGS; hog++) {
        struct stable stable;
        struct test_trace trace = {0};
        int turns = 0;

        with_hog((enum hog)hog, &stable);
        test_spawn(stable.core, test_nap, .trace = &trace, .duration_ns = EDDY_MILLISECOND);
        test_turn(stable.core);
        test_spin(eddy_core_handle(stable.core), 4 * EDDY_MILLISECOND); /* it is due now */
        for (; trace.dones == 0 && turns < 100; turns++)
            test_turn(stable.core);
        assert_in_range(turns, 1, 3);
        end_stable(&stable);
    }
}

static eddy_future *make_mark(void *payload, eddy_handle *handle)
{
    (void)handle;
    **(bool **)payload = true;
    return NULL;
}

static void hog_keeps_no_job_waiting(void **state)
{
    static const eddy_job job = {make_mark, NULL, sizeof(bool *)};

    (void)state;
    for (int hog = 0; hog < HOGS; hog++) {
        struct stable stable;
        eddy_remote *remote = NULL;
        bool made = false;
        bool *mark = &made;
        int turns = 0;

        with_hog((enum hog)hog, &stable);
        assert_int_equal(eddy_remote_new(eddy_core_handle(stable.core), &remote), 0);
        assert_int_equal(eddy_remote_spawn(remote, &job, &mark), 0);
        for (; !made && turns < 100; turns++)
            test_turn(stable.core);
        assert_in_range(turns, 1, 2);
        eddy_remote_release(remote);
        end_stable(&stable);
    }
}

static void hog_does_not_keep_run_from_ending(void **state)
{
    (void)state;
    for (int hog = 0; hog < HOGS; hog++) {
        struct stable stable;

        with_hog((enum hog)hog, &stable);
        assert_int_equal(test_run(stable.core, test_nap, .duration_ns = EDDY_MILLISECOND), 0);
        end_stable(&stable);
    }
}

/* ---- the budgets, one by one ---- */

static void least_task_budget_is_four(void **state)
{
    eddy_core *core = test_core_with((eddy_core_options){.task_budget = 1});

    (void)state;
    assert_int_equal(core->options.task_budget, 4);
    test_core_end(core);
}

static void leaves_of_one_poll_are_bounded_by_the_task_budget(void **state)
{
    eddy_core *core = test_core_with((eddy_core_options){.task_budget = 10});
    int steps = 0;
    int polls = 0;
    int longest = 0;
    eddy_core_stats stats;

    (void)state;
    test_spawn(core, hog_frame, .hog = HOG_PAST, .steps = &steps, .polls = &polls,
               .longest = &longest);
    for (int i = 0; i < 20; i++)
        assert_int_equal(test_turn(core), 1);
    stats = test_stats(core);
    assert_in_range(longest, 9, 11);
    assert_int_equal(polls, 20);
    assert_in_range(stats.limit_task_budget, 19, 20);
    test_core_end(core);
}

static void polls_of_one_turn_are_bounded(void **state)
{
    eddy_core *core = test_core_with((eddy_core_options){.turn_polls = 4});
    struct test_trace traces[10] = {0};
    int polls;

    (void)state;
    for (int i = 0; i < 10; i++)
        test_spawn(core, test_value, .trace = &traces[i], .yields = 1);
    polls = test_turn(core);
    assert_int_equal(polls, 4);
    assert_int_equal(test_stats(core).limit_turn_polls, 1);
    polls += test_turn(core);
    polls += test_turn(core);
    /* all were polled once before any was polled twice */
    for (int i = 0; i < 10; i++)
        assert_in_range(traces[i].polls, 1, 2);
    assert_int_equal(polls, 12);
    assert_int_equal(test_settle(core), 8);
    for (int i = 0; i < 10; i++)
        assert_int_equal(traces[i].dones, 1);
    test_core_end(core);
}

struct burn {
    EDDY_FRAME;
    int64_t duration_ns;
};
EDDY_ASYNC(burn, eddy_nothing)
{
    EDDY_BEGIN
        test_spin(eddy_task_handle(task), self->duration_ns);
        EDDY_END(0);
}

static void time_of_one_turn_is_bounded(void **state)
{
    eddy_core *core = test_core_with((eddy_core_options){.turn_time_ns = EDDY_MILLISECOND});

    (void)state;
    for (int i = 0; i < 10; i++)
        test_spawn(core, burn, .duration_ns = 400 * EDDY_MICROSECOND);
    assert_in_range(test_turn(core), 1, 3);
    assert_int_equal(test_stats(core).limit_turn_time, 1);
    assert_in_range(test_settle(core), 7, 9);
    test_core_end(core);
}

static eddy_future *make_count(void *payload, eddy_handle *handle)
{
    (void)handle;
    ++**(int **)payload;
    return NULL;
}

static void jobs_of_one_turn_are_bounded_and_the_rest_is_not_slept_on(void **state)
{
    static const eddy_job job = {make_count, NULL, sizeof(int *)};
    eddy_core *core = test_core_with((eddy_core_options){.inbox_turn = 3});
    eddy_remote *remote = NULL;
    int made = 0;
    int before = 0;
    int *counter = &made;

    (void)state;
    assert_int_equal(eddy_remote_new(eddy_core_handle(core), &remote), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(eddy_remote_spawn(remote, &job, &counter), 0);
    for (int turns = 0; made < 20 && turns < 20; turns++) {
        assert_true(eddy_core_turn(core, EDDY_FOREVER) >= 0); /* returns: there is work */
        assert_in_range(made - before, 1, 6);
        before = made;
    }
    assert_int_equal(made, 20);
    assert_in_range(test_stats(core).limit_inbox_turn, 6, 7);
    eddy_remote_release(remote);
    test_core_end(core);
}

static void ready_tasks_take_turns(void **state)
{
    enum { COUNT = 300, ROUNDS = 20 };
    eddy_core *core = test_core(); /* more tasks than a turn polls */
    static struct test_trace traces[COUNT];
    uint64_t seen = 0;

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        traces[i] = (struct test_trace){0};
        test_spawn(core, test_value, .trace = &traces[i], .yields = ROUNDS);
    }
    while (seen < COUNT * ROUNDS) {
        int low, high;

        seen += (uint64_t)test_turn(core);
        low = high = traces[0].polls;
        for (int i = 1; i < COUNT; i++) {
            low = traces[i].polls < low ? traces[i].polls : low;
            high = traces[i].polls > high ? traces[i].polls : high;
        }
        assert_true(high - low <= 1);
    }
    test_settle(core);
    assert_int_equal(test_stats(core).tasks_live, 0);
    test_core_end(core);
}

static void options_that_are_zero_take_their_defaults(void **state)
{
    enum { COUNT = 300 };
    eddy_core *core = test_core();

    (void)state;
    for (int i = 0; i < COUNT; i++)
        test_spawn(core, test_value, .value = 0);
    assert_in_range(test_turn(core), 1, 256); /* or the time was over before */
    assert_int_equal(test_stats(core).limit_turn_polls + test_stats(core).limit_turn_time, 1);
    test_settle(core);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hog_keeps_no_other_task_waiting),
        cmocka_unit_test(hog_keeps_no_timer_waiting),
        cmocka_unit_test(hog_keeps_no_job_waiting),
        cmocka_unit_test(hog_does_not_keep_run_from_ending),
        cmocka_unit_test(least_task_budget_is_four),
        cmocka_unit_test(leaves_of_one_poll_are_bounded_by_the_task_budget),
        cmocka_unit_test(polls_of_one_turn_are_bounded),
        cmocka_unit_test(time_of_one_turn_is_bounded),
        cmocka_unit_test(jobs_of_one_turn_are_bounded_and_the_rest_is_not_slept_on),
        cmocka_unit_test(ready_tasks_take_turns),
        cmocka_unit_test(options_that_are_zero_take_their_defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
