/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers threads slow */
/*
 * test_threads_locks.c - thread-safe locks, permits, notifications, barriers and initialisation
 * between real threads and loops, with drops while others give.
 */
#include "threads.h"

/* ---- locks and permits ---- */

enum { ADDS = 10000 };

struct counter {
    eddy_mutex *mutex;
    eddy_semaphore *semaphore;
    long value; /* only with the lock */
    atomic_int inside, most, wrong;
};

static void add_blocking(void *arg, int index)
{
    struct counter *self = arg;

    (void)index;
    for (int i = 0; i < ADDS; i++) {
        eddy_mutex_wait_lock(self->mutex);
        self->value++;
        eddy_mutex_unlock(self->mutex);
    }
}

struct adder {
    EDDY_FRAME;
    struct counter *counter;
    int left;
    eddy_ticket ticket;
};
EDDY_ASYNC(adder, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->left > 0; self->left--) {
            EDDY_POLL(n, eddy_mutex_poll_lock(self->counter->mutex, task, &self->ticket));
            if (n != 0)
                EDDY_RETURN(n);
            self->counter->value++;
            eddy_mutex_unlock(self->counter->mutex);
        }
        EDDY_END(0);
}

static eddy_future *make_adder(void *arg, eddy_handle *handle)
{
    return eddy_box(handle, EDDY_FUTURE(adder, .counter = arg, .left = ADDS));
}

static void add_on_a_loop(void *arg, int index)
{
    struct counter *self = arg;

    (void)index;
    if (run_alone(make_adder, self) != 0)
        atomic_fetch_add(&self->wrong, 1);
}

/* upstream: bilock::concurrent (2 x 10,000) */
static void concurrent_increments_are_all_counted(void **state)
{
    struct counter counter = {0};
    struct crowd crowd = {0};

    (void)state;
    assert_int_equal(eddy_mutex_new(NULL, NULL, &counter.mutex), 0);
    crowd_add(&crowd, 2, add_blocking, &counter);
    crowd_add(&crowd, 2, add_on_a_loop, &counter);
    crowd_run(&crowd);
    assert_int_equal(counter.value, 4L * ADDS);
    assert_int_equal(atomic_load(&counter.wrong), 0);
    eddy_mutex_free(counter.mutex);
}

enum { PERMITS = 5, ACQUIRES = 3000 };

static void use_permits(void *arg, int index)
{
    struct counter *self = arg;
    uint32_t need = (uint32_t)index % PERMITS + 1;

    for (int i = 0; i < ACQUIRES; i++) {
        if (eddy_semaphore_wait_acquire(self->semaphore, need) != 0)
            atomic_fetch_add(&self->wrong, 1);
        if (atomic_fetch_add(&self->inside, (int)need) + (int)need > PERMITS)
            atomic_fetch_add(&self->wrong, 1);
        atomic_fetch_sub(&self->inside, (int)need);
        eddy_semaphore_add(self->semaphore, need);
    }
}

static void there_are_never_more_permits_out_than_there_are(void **state)
{
    struct counter counter = {0};
    struct crowd crowd = {0};

    (void)state;
    assert_int_equal(eddy_semaphore_new(NULL, NULL, PERMITS, &counter.semaphore), 0);
    crowd_add(&crowd, 8, use_permits, &counter);
    crowd_run(&crowd);
    assert_int_equal(atomic_load(&counter.wrong), 0);
    assert_int_equal(eddy_semaphore_permits(counter.semaphore), PERMITS);
    eddy_semaphore_free(counter.semaphore);
}

/* ---- drops while others give: nothing is lost ---- */

enum { GIVEN = 5000, DROPPERS = 6 };

static void give_permits(void *arg, int index)
{
    struct counter *self = arg;

    (void)index;
    for (int i = 0; i < GIVEN; i++)
        eddy_semaphore_add(self->semaphore, 1);
}

/* On a loop: tasks that acquire are dropped, woken or not, and made anew, until all permits are
 * got. */
static void take_and_drop(void *arg, int index)
{
    struct counter *self = arg;
    eddy_core *core = test_core();
    struct asked asked[DROPPERS] = {{0}};
    unsigned chance = 1;
    int got = 0;

    (void)index;
    while (got < GIVEN) {
        for (int i = 0; i < DROPPERS; i++) {
            chance = chance * 1103515245u + 12345u;
            if (asked[i].join != NULL && asked[i].result != EDDY_PENDING) {
                got += asked[i].result == 0;
                asked_drop(&asked[i]);
            } else if (asked[i].join != NULL && chance >> 16 & 1) {
                asked_drop(&asked[i]);
            }
            if (asked[i].join == NULL)
                ask_later(core, &asked[i],
                          eddy_acquire(eddy_core_handle(core), self->semaphore, 1));
        }
        (void)test_turn(core);
    }
    for (int i = 0; i < DROPPERS; i++)
        asked_drop(&asked[i]);
    self->value = got;
    test_core_end(core);
}

static void waits_that_are_dropped_while_a_thread_gives_lose_no_permit(void **state)
{
    struct counter counter = {0};
    struct crowd crowd = {0};

    (void)state;
    assert_int_equal(eddy_semaphore_new(NULL, NULL, 0, &counter.semaphore), 0);
    crowd_add(&crowd, 1, give_permits, &counter);
    crowd_add(&crowd, 1, take_and_drop, &counter);
    crowd_run(&crowd);
    assert_int_equal(counter.value + (long)eddy_semaphore_permits(counter.semaphore), GIVEN);
    eddy_semaphore_free(counter.semaphore);
}

/* ---- notify: two threads toss a ball ---- */

enum { TOSSES = 5000 };

struct ball {
    eddy_notify *there, *back;
    int tosses; /* handed over by the notifications alone */
    atomic_int wrong;
};

static void toss(void *arg, int index)
{
    struct ball *self = arg;

    (void)index;
    for (int i = 0; i < TOSSES; i++) {
        self->tosses++;
        eddy_notify_one(self->there);
        eddy_notify_wait(self->back);
    }
}

struct catch_ball {
    EDDY_FRAME;
    struct ball *ball;
    int left;
    eddy_ticket ticket;
};
EDDY_ASYNC(catch_ball, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->left > 0; self->left--) {
            EDDY_POLL(n, eddy_notify_poll(self->ball->there, task, &self->ticket));
            if (n != 0)
                EDDY_RETURN(n);
            self->ball->tosses++;
            eddy_notify_one(self->ball->back);
        }
        EDDY_END(0);
}

static eddy_future *make_catch(void *arg, eddy_handle *handle)
{
    return eddy_box(handle, EDDY_FUTURE(catch_ball, .ball = arg, .left = TOSSES));
}

static void catch_on_a_loop(void *arg, int index)
{
    struct ball *self = arg;

    (void)index;
    if (run_alone(make_catch, self) != 0)
        atomic_fetch_add(&self->wrong, 1);
}

static void a_thread_and_a_task_notify_each_other(void **state)
{
    struct ball ball = {0};
    struct crowd crowd = {0};

    (void)state;
    assert_int_equal(eddy_notify_new(NULL, NULL, &ball.there), 0);
    assert_int_equal(eddy_notify_new(NULL, NULL, &ball.back), 0);
    crowd_add(&crowd, 1, toss, &ball);
    crowd_add(&crowd, 1, catch_on_a_loop, &ball);
    crowd_run(&crowd);
    assert_int_equal(atomic_load(&ball.wrong), 0);
    assert_int_equal(ball.tosses, 2 * TOSSES);
    eddy_notify_free(ball.there);
    eddy_notify_free(ball.back);
}

/* ---- barrier, once ---- */

enum { MEETERS = 6, MEETINGS = 1000 };

struct meeting {
    eddy_barrier *barrier;
    eddy_once *onces[MEETINGS];
    int made[MEETINGS]; /* only by whoever has the turn */
    atomic_int leaders[MEETINGS], wrong;
};

/* At each meeting one leads, and one does what is to be done once; half of them fail at first. */
static void meet_blocking(void *arg, int index)
{
    struct meeting *self = arg;

    for (int i = 0; i < MEETINGS; i++) {
        if (eddy_barrier_wait(self->barrier) == 1)
            atomic_fetch_add(&self->leaders[i], 1);
        if (eddy_once_wait(self->onces[i]) == 1)
            eddy_once_finish(self->onces[i], NULL, ++self->made[i] > 1 || index % 2 == 0);
        else if (self->made[i] == 0 || !eddy_once_is_done(self->onces[i]))
            atomic_fetch_add(&self->wrong, 1);
    }
}

struct meet {
    EDDY_FRAME;
    struct meeting *meeting;
    int at;
    eddy_ticket ticket;
};
EDDY_ASYNC(meet, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->at < MEETINGS; self->at++) {
            EDDY_POLL(n, eddy_barrier_poll(self->meeting->barrier, task, &self->ticket));
            if (n < 0)
                EDDY_RETURN(n);
            if (n == 1)
                atomic_fetch_add(&self->meeting->leaders[self->at], 1);
            EDDY_POLL(n, eddy_once_poll(self->meeting->onces[self->at], task, &self->ticket));
            if (n < 0)
                EDDY_RETURN(n);
            if (n == 1) {
                self->meeting->made[self->at]++;
                eddy_once_finish(self->meeting->onces[self->at], &self->ticket, true);
            }
        }
        EDDY_END(0);
}

static eddy_future *make_meet(void *arg, eddy_handle *handle)
{
    return eddy_box(handle, EDDY_FUTURE(meet, .meeting = arg));
}

static void meet_on_a_loop(void *arg, int index)
{
    struct meeting *self = arg;

    (void)index;
    if (run_alone(make_meet, self) != 0)
        atomic_fetch_add(&self->wrong, 1);
}

static void threads_and_tasks_meet_and_one_of_them_leads_and_one_does_it(void **state)
{
    struct meeting *meeting = test_calloc(1, sizeof *meeting);
    struct crowd crowd = {0};

    (void)state;
    assert_non_null(meeting);
    assert_int_equal(eddy_barrier_new(NULL, NULL, MEETERS, &meeting->barrier), 0);
    for (int i = 0; i < MEETINGS; i++)
        assert_int_equal(eddy_once_new(NULL, NULL, &meeting->onces[i]), 0);
    crowd_add(&crowd, MEETERS / 2, meet_blocking, meeting);
    crowd_add(&crowd, MEETERS / 2, meet_on_a_loop, meeting);
    crowd_run(&crowd);
    assert_int_equal(atomic_load(&meeting->wrong), 0);
    for (int i = 0; i < MEETINGS; i++) {
        assert_int_equal(atomic_load(&meeting->leaders[i]), 1);
        assert_in_range(meeting->made[i], 1, 2);
        eddy_once_free(meeting->onces[i]);
    }
    eddy_barrier_free(meeting->barrier);
    test_free(meeting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(concurrent_increments_are_all_counted),
        cmocka_unit_test(there_are_never_more_permits_out_than_there_are),
        cmocka_unit_test(waits_that_are_dropped_while_a_thread_gives_lose_no_permit),
        cmocka_unit_test(a_thread_and_a_task_notify_each_other),
        cmocka_unit_test(threads_and_tasks_meet_and_one_of_them_leads_and_one_does_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
