/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers threads */
/*
 * test_set_threads.c - children that other threads wake.
 */
#include <pthread.h>
#include <sched.h>

#include "sets.h"

enum { THREADS = 10, ROUNDS = 300 };

/* A shot per thread and round. */
struct range {
    pthread_mutex_t lock;
    eddy_waker wakers[THREADS];
    bool here[THREADS], fired[THREADS];
};

struct target {
    EDDY_FRAME;
    struct range *range;
    int at;
};
static eddy_result target_poll(eddy_future *frame, eddy_task *task)
{
    struct target *self = (struct target *)(void *)frame;
    struct range *range = self->range;
    bool fired;

    pthread_mutex_lock(&range->lock);
    fired = range->fired[self->at];
    if (!range->here[self->at]) {
        assert_int_equal(eddy_task_waker(task, &range->wakers[self->at]), 0);
        range->here[self->at] = true;
    }
    pthread_mutex_unlock(&range->lock);
    return fired ? self->at : eddy_task_park(task, "test: target");
}
static void target_done(eddy_future *frame)
{
    struct target *self = (struct target *)(void *)frame;

    pthread_mutex_lock(&self->range->lock);
    eddy_waker_release(&self->range->wakers[self->at]);
    self->range->here[self->at] = self->range->fired[self->at] = false;
    pthread_mutex_unlock(&self->range->lock);
}
static const eddy_type target_type = {target_poll, target_done, sizeof(struct target), "target",
                                      NULL};

struct shooter {
    struct range *range;
    int at;
};

static void *shoot(void *arg)
{
    const struct shooter *self = arg;
    struct range *range = self->range;

    for (int shots = 0; shots < ROUNDS;) {
        pthread_mutex_lock(&range->lock);
        if (range->here[self->at] && !range->fired[self->at]) {
            range->fired[self->at] = true;
            (void)eddy_waker_wake(&range->wakers[self->at]);
            shots++;
        }
        pthread_mutex_unlock(&range->lock);
        sched_yield();
    }
    return NULL;
}

/* The stress of futures 0.1's ready_queue. */
static void children_ended_by_ten_threads_all_come(void **state)
{
    eddy_core *core = test_core();
    struct range range = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct shooter shooters[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        shooters[i] = (struct shooter){&range, i};
        assert_int_equal(pthread_create(&threads[i], NULL, shoot, &shooters[i]), 0);
    }
    for (int round = 0; round < ROUNDS; round++) {
        eddy_stream *set = sets[round % 2](eddy_core_handle(core));
        eddy_result sum = 0;

        for (int i = 0; i < THREADS; i++)
            push(set, box(core, EDDY_FUTURE(target, .range = &range, .at = i)), 0);
        assert_int_equal(eddy_core_run(core, eddy_futures_for_each(set, add, &sum)), THREADS);
        assert_int_equal(sum, THREADS * (THREADS - 1) / 2);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_ended_by_ten_threads_all_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
