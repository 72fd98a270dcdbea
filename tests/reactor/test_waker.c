/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance threads */
/*
 * test_waker.c - wakers: from any thread, at any time, also after the task or the loop is gone;
 * none is lost, many are one.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/loop.h"

/* Parks until `stop`, counting its polls; hands out a waker at its first. */
struct shared {
    eddy_waker waker;
    atomic_int polls;
    atomic_bool stop;
};

struct parker {
    EDDY_FRAME;
    struct shared *shared;
};
static eddy_result parker_step(struct shared *shared, eddy_task *task)
{
    if (atomic_load(&shared->stop))
        return 1;
    return eddy_task_park(task, "test: a thread");
}
static eddy_result count_and_step(struct shared *shared, eddy_task *task)
{
    atomic_fetch_add(&shared->polls, 1);
    return parker_step(shared, task);
}
EDDY_ASYNC(parker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_task_waker(task, &self->shared->waker);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, count_and_step(self->shared, task));
        EDDY_END(n);
}

static void wake_polls_the_task_again(void **state)
{
    eddy_core *core = test_core();
    struct shared shared = {0};

    (void)state;
    test_spawn(core, parker, .shared = &shared);
    test_settle(core);
    assert_int_equal(atomic_load(&shared.polls), 1);
    for (int i = 0; i < 5; i++) {
        assert_true(eddy_waker_wake(&shared.waker));
        assert_int_equal(atomic_load(&shared.polls), i + 1); /* not inside the call */
        assert_int_equal(test_settle(core), 1);
    }
    eddy_waker_release(&shared.waker);
    test_core_end(core);
}

static void thousand_wakes_before_the_poll_are_one(void **state)
{
    eddy_core *core = test_core();
    struct shared shared = {0};

    (void)state;
    test_spawn(core, parker, .shared = &shared);
    test_settle(core);
    for (int i = 0; i < 1000; i++)
        assert_true(eddy_waker_wake(&shared.waker));
    assert_int_equal(test_settle(core), 1);
    assert_int_equal(atomic_load(&shared.polls), 2);
    assert_int_equal(test_stats(core).kernel_wakes, 0); /* it was not asleep */
    eddy_waker_release(&shared.waker);
    test_core_end(core);
}

/* Wakes itself while it is being polled: before it parks, or after. */
struct hasty {
    EDDY_FRAME;
    bool after;
    int polls;
    eddy_waker waker;
};
static void hasty_done(struct hasty *self)
{
    eddy_waker_release(&self->waker);
}
static eddy_result hasty_step(struct hasty *self, eddy_task *task)
{
    eddy_result n;

    if (self->polls++ == 3)
        return self->polls;
    if (!self->after)
        assert_true(eddy_waker_wake(&self->waker));
    n = eddy_task_park(task, "test: itself");
    if (self->after)
        assert_true(eddy_waker_wake(&self->waker));
    return n;
}
EDDY_ASYNC(hasty, hasty_done)
{
    eddy_result n;

    EDDY_BEGIN
        assert_int_equal(eddy_task_waker(task, &self->waker), 0);
        EDDY_POLL(n, hasty_step(self, task));
        EDDY_END(n);
}

static void wake_while_being_polled_polls_again(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    assert_int_equal(test_run(core, hasty, .after = false), 4);
    assert_int_equal(test_run(core, hasty, .after = true), 4);
    test_core_end(core);
}

/* Is woken after it made its waker and before it parks, a poll later. */
struct late_parker {
    EDDY_FRAME;
    eddy_waker waker;
};
static void late_done(struct late_parker *self)
{
    eddy_waker_release(&self->waker);
}
static eddy_result park_once(struct late_parker *self, eddy_task *task)
{
    if (self->waker.inbox == NULL)
        return 2;
    eddy_waker_release(&self->waker);
    return eddy_task_park(task, "test: late");
}
EDDY_ASYNC(late_parker, late_done)
{
    eddy_result n;

    EDDY_BEGIN
        assert_int_equal(eddy_task_waker(task, &self->waker), 0);
        assert_true(eddy_waker_wake(&self->waker));
        EDDY_POLL(n, park_once(self, task));
        EDDY_END(n);
}

static void wake_between_the_waker_and_the_park_is_not_lost(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    assert_int_equal(test_run(core, late_parker), 2);
    test_core_end(core);
}

static void wake_of_a_task_that_is_gone_is_false_and_does_nothing(void **state)
{
    eddy_core *core = test_core();
    struct shared shared = {0};
    eddy_join *join = test_spawn_join(core, parker, .shared = &shared);

    (void)state;
    test_settle(core);
    assert_true(eddy_waker_wake(&shared.waker));
    eddy_join_abort(join);
    assert_false(eddy_waker_wake(&shared.waker));
    assert_int_equal(test_settle(core), 0);
    eddy_join_free(join);
    eddy_waker_release(&shared.waker);
    test_core_end(core);
}

static void wake_of_a_task_that_has_ended_is_false(void **state)
{
    eddy_core *core = test_core();
    struct shared shared = {0};

    (void)state;
    test_spawn(core, parker, .shared = &shared);
    test_settle(core);
    atomic_store(&shared.stop, true);
    assert_true(eddy_waker_wake(&shared.waker));
    test_settle(core);
    assert_false(eddy_waker_wake(&shared.waker));
    eddy_waker_release(&shared.waker);
    test_core_end(core);
}

static void old_waker_does_not_wake_the_task_that_came_after(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int i = 0; i < 50; i++) {
        struct shared old = {0};
        struct shared young = {0};
        eddy_join *join = test_spawn_join(core, parker, .shared = &old);

        test_settle(core);
        assert_true(eddy_waker_wake(&old.waker)); /* queued when the task goes */
        eddy_join_abort(join);
        eddy_join_free(join);
        join = test_spawn_join(core, parker, .shared = &young);
        test_settle(core);
        assert_false(eddy_waker_wake(&old.waker));
        assert_int_equal(test_settle(core), 0);
        assert_int_equal(atomic_load(&young.polls), 1);
        eddy_join_abort(join);
        eddy_join_free(join);
        eddy_waker_release(&old.waker);
        eddy_waker_release(&young.waker);
    }
    test_core_end(core);
}

static void wake_after_the_loop_is_gone_is_false(void **state)
{
    eddy_core *core = test_core();
    struct shared shared = {0};
    eddy_waker second;

    (void)state;
    test_spawn(core, parker, .shared = &shared);
    test_settle(core);
    test_core_end(core);
    assert_false(eddy_waker_wake(&shared.waker));
    second = eddy_waker_retain(&shared.waker);
    eddy_waker_release(&shared.waker);
    assert_false(eddy_waker_wake(&second));
    eddy_waker_release(&second);
}

static void waker_that_is_all_zero_is_left_alone(void **state)
{
    eddy_waker none = {0};
    eddy_waker copy = eddy_waker_retain(&none);

    (void)state;
    assert_false(eddy_waker_wake(&none));
    eddy_waker_release(&none);
    eddy_waker_release(&copy);
}

static void release_zeroes_the_waker_and_leaves_its_copies(void **state)
{
    eddy_core *core = test_core();
    struct shared shared = {0};
    eddy_waker copy;

    (void)state;
    test_spawn(core, parker, .shared = &shared);
    test_settle(core);
    copy = eddy_waker_retain(&shared.waker);
    eddy_waker_release(&shared.waker);
    assert_null(shared.waker.inbox);
    assert_int_equal(shared.waker.slot, 0);
    assert_int_equal(shared.waker.generation, 0);
    assert_true(eddy_waker_wake(&copy));
    assert_int_equal(test_settle(core), 1);
    eddy_waker_release(&copy);
    test_core_end(core);
}

/* Asks for a waker a thousand times. */
struct asker {
    EDDY_FRAME;
    int i;
};
EDDY_ASYNC(asker, eddy_nothing)
{
    eddy_waker waker;

    EDDY_BEGIN
        for (self->i = 0; self->i < 1000; self->i++) {
            assert_int_equal(eddy_task_waker(task, &waker), 0);
            eddy_waker_release(&waker);
        }
        EDDY_END(0);
}

static void asking_for_wakers_allocates_once(void **state)
{
    eddy_core *core = test_core();
    uint64_t calls;

    (void)state;
    assert_int_equal(test_run(core, asker), 0);
    calls = test_stats(core).heap_calls;
    for (int i = 0; i < 10; i++)
        assert_int_equal(test_run(core, asker), 0);
    assert_int_equal(test_stats(core).heap_calls, calls);
    test_core_end(core);
}

/* ---- threads ---- */

enum { THREADS = 8, WAKES = 100000 };

struct crew {
    struct shared shared;
    eddy_waker wakers[THREADS];
    atomic_int left;
};

struct member {
    struct crew *crew;
    int number;
};

static void *wake_often(void *arg)
{
    struct member *self = arg;
    eddy_waker *waker = &self->crew->wakers[self->number];

    for (int i = 0; i < WAKES; i++)
        eddy_waker_wake(waker);
    if (atomic_fetch_sub(&self->crew->left, 1) == 1)
        atomic_store(&self->crew->shared.stop, true);
    eddy_waker_wake(waker);
    eddy_waker_release(waker);
    return NULL;
}

static void start_crew(struct crew *crew, struct member *members, pthread_t *threads)
{
    atomic_store(&crew->left, THREADS);
    for (int i = 0; i < THREADS; i++) {
        members[i] = (struct member){crew, i};
        crew->wakers[i] = eddy_waker_retain(&crew->shared.waker);
        assert_int_equal(pthread_create(&threads[i], NULL, wake_often, &members[i]), 0);
    }
}

static void end_crew(struct crew *crew, pthread_t *threads)
{
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    eddy_waker_release(&crew->shared.waker);
}

static void storm_of_wakes_from_threads_is_one_poll_when_the_loop_comes_to_it(void **state)
{
    eddy_core *core = test_core();
    struct crew crew = {0};
    struct member members[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    test_spawn(core, parker, .shared = &crew.shared);
    test_settle(core);
    start_crew(&crew, members, threads);
    end_crew(&crew, threads); /* the loop did something else all the while */
    assert_int_equal(test_settle(core), 1);
    assert_int_equal(test_stats(core).tasks_live, 0);
    assert_int_equal(test_stats(core).kernel_wakes, 0);
    test_core_end(core);
}

static void storm_of_wakes_on_a_sleeping_loop_costs_one_system_call_per_sleep(void **state)
{
    eddy_core *core = test_core();
    struct crew crew = {0};
    struct member members[THREADS];
    pthread_t threads[THREADS];
    eddy_join *join;
    eddy_core_stats stats;

    (void)state;
    join = test_spawn_join(core, parker, .shared = &crew.shared);
    test_settle(core);
    start_crew(&crew, members, threads);
    assert_int_equal(test_run(core, test_join, .join = join), 1);
    end_crew(&crew, threads);
    eddy_join_free(join);
    stats = test_stats(core);
    assert_true(stats.kernel_wakes <= stats.turns); /* a turn sleeps at most once */
    assert_true((uint64_t)atomic_load(&crew.shared.polls) <= stats.turns + 2);
    test_core_end(core);
}

/* A thread wakes, waits until the task has seen it, wakes again: one lost wake and it hangs. */
enum { ROUNDS = 2000 };

static void *ping(void *arg)
{
    struct shared *shared = arg;

    for (int i = 1; i <= ROUNDS; i++) {
        while (atomic_load(&shared->polls) < i)
            sched_yield();
        if (i == ROUNDS)
            atomic_store(&shared->stop, true);
        eddy_waker_wake(&shared->waker);
    }
    eddy_waker_release(&shared->waker);
    return NULL;
}

static void no_wake_is_lost_between_awake_and_asleep(void **state)
{
    eddy_core *core = test_core();
    struct shared shared = {0};
    pthread_t thread;
    eddy_join *join = test_spawn_join(core, parker, .shared = &shared);

    (void)state;
    test_settle(core);
    assert_int_equal(pthread_create(&thread, NULL, ping, &shared), 0);
    assert_int_equal(test_join_end(core, join), 1);
    pthread_join(thread, NULL);
    assert_in_range(atomic_load(&shared.polls), ROUNDS, ROUNDS + 1);
    test_core_end(core);
}

static void *wake_until_gone(void *arg)
{
    eddy_waker *waker = arg;

    while (eddy_waker_wake(waker))
        continue;
    eddy_waker_release(waker);
    return NULL;
}

static void wakes_during_the_end_of_a_task_and_of_the_loop_are_safe(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        eddy_core *core = test_core();
        struct shared shared = {0};
        eddy_waker wakers[2];
        pthread_t threads[2];
        eddy_join *join = test_spawn_join(core, parker, .shared = &shared);

        test_settle(core);
        for (int i = 0; i < 2; i++) {
            wakers[i] = eddy_waker_retain(&shared.waker);
            assert_int_equal(pthread_create(&threads[i], NULL, wake_until_gone, &wakers[i]), 0);
        }
        for (int i = 0; i < 20; i++)
            test_turn(core);
        if (round % 2 == 0) {
            eddy_join_abort(join);
            test_turn(core);
        }
        eddy_join_free(join);
        test_core_end(core);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        eddy_waker_release(&shared.waker);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wake_polls_the_task_again),
        cmocka_unit_test(thousand_wakes_before_the_poll_are_one),
        cmocka_unit_test(wake_while_being_polled_polls_again),
        cmocka_unit_test(wake_between_the_waker_and_the_park_is_not_lost),
        cmocka_unit_test(wake_of_a_task_that_is_gone_is_false_and_does_nothing),
        cmocka_unit_test(wake_of_a_task_that_has_ended_is_false),
        cmocka_unit_test(old_waker_does_not_wake_the_task_that_came_after),
        cmocka_unit_test(wake_after_the_loop_is_gone_is_false),
        cmocka_unit_test(waker_that_is_all_zero_is_left_alone),
        cmocka_unit_test(release_zeroes_the_waker_and_leaves_its_copies),
        cmocka_unit_test(asking_for_wakers_allocates_once),
    };
    /* A simulated loop is of one thread. */
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(storm_of_wakes_from_threads_is_one_poll_when_the_loop_comes_to_it),
        cmocka_unit_test(storm_of_wakes_on_a_sleeping_loop_costs_one_system_call_per_sleep),
        cmocka_unit_test(no_wake_is_lost_between_awake_and_asleep),
        cmocka_unit_test(wakes_during_the_end_of_a_task_and_of_the_loop_are_safe),
    };

    return TEST_GROUPS(tests, kernel);
}
