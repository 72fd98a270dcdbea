/* SPDX-License-Identifier: MIT */
/* eddy-test: threads */
/*
 * test_submit.c - jobs that nobody waits for, and what a pool makes of mistakes and of fork(2).
 */
#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stage.h"

#include "../support/death.h"
#include "../support/heap.h"
#include "eddy/error.h"

/* ---- jobs that nobody waits for ---- */

static void submitted_job_runs_and_its_result_is_destroyed(void **state)
{
    eddy_pool *pool = stage_pool(1, 1);
    struct stage stages[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        stage_init(&stages[i], i, true);
    assert_int_equal(eddy_pool_submit(pool, &stage_work, &stages[0]), 0);
    stage_wait(&stages[0].started);
    assert_int_equal(eddy_pool_submit(pool, &stage_work, &stages[1]), 0);
    assert_int_equal(eddy_pool_submit(pool, &stage_work, &stages[2]), -EAGAIN); /* no room */
    assert_int_equal(atomic_load(&stages[2].releases), 0);
    sem_post(&stages[0].go);
    stage_wait(&stages[1].started);
    sem_post(&stages[1].go);
    assert_int_equal(eddy_pool_end(pool, EDDY_POOL_FINISH), 0);
    assert_int_equal(eddy_pool_submit(pool, &stage_work, &stages[2]), EDDY_CLOSED);
    assert_int_equal(atomic_load(&stages[2].releases), 0); /* still ours */
    eddy_pool_release(pool);
    stage_release(&stages[2]);
    stage_check(&stages[0], 1, 0, 1);
    stage_check(&stages[1], 1, 0, 1);
    stage_check(&stages[2], 0, 0, 0);
}

struct ender {
    eddy_pool *pool;
    uint64_t n;
};

static void *cut_off(void *arg)
{
    struct ender *self = arg;

    self->n = eddy_pool_end(self->pool, EDDY_POOL_CUT_OFF);
    return NULL;
}

static void submitted_job_that_is_cut_off_is_released(void **state)
{
    struct ender ender = {.pool = stage_pool(1, 0)};
    struct stage stages[2];
    pthread_t thread;

    (void)state;
    stage_init(&stages[0], 0, true);
    stage_init(&stages[1], 1, true);
    assert_int_equal(eddy_pool_submit(ender.pool, &stage_work, &stages[0]), 0);
    stage_wait(&stages[0].started);
    assert_int_equal(eddy_pool_submit(ender.pool, &stage_work, &stages[1]), 0);
    assert_int_equal(pthread_create(&thread, NULL, cut_off, &ender), 0);
    while (atomic_load(&stages[1].releases) == 0)
        sched_yield();
    sem_post(&stages[0].go);
    pthread_join(thread, NULL);
    assert_int_equal(ender.n, 1);
    eddy_pool_release(ender.pool);
    stage_check(&stages[0], 1, 0, 1);
    stage_check(&stages[1], 0, 0, 0);
}

struct submitter {
    eddy_pool *pool;
    struct stage next;
    int error;
};

static eddy_result submit_next(void *arg)
{
    struct submitter *self = arg;

    self->error = eddy_pool_submit(self->pool, &stage_work, &self->next);
    return 0;
}

static void job_may_submit_another(void **state)
{
    static const eddy_work first = {.run = submit_next};
    struct submitter self = {.pool = stage_pool(1, 0)};

    (void)state;
    stage_init(&self.next, 2, false);
    assert_int_equal(eddy_pool_submit(self.pool, &first, &self), 0);
    stage_wait(&self.next.started); /* or the end would come before it */
    eddy_pool_release(self.pool);
    assert_int_equal(self.error, 0);
    stage_check(&self.next, 1, 0, 1);
}

static void submit_without_memory_leaves_the_argument_with_the_caller(void **state)
{
    struct test_heap heap;
    eddy_allocator allocator;
    struct stage stage;
    eddy_pool *pool;

    (void)state;
    test_heap_init(&heap, 1);
    allocator = test_heap_allocator(&heap);
    assert_int_equal(
        eddy_pool_new(EDDY_OPTIONS(eddy_pool_options, .threads = 1, .allocator = &allocator),
                      &pool),
        0);
    stage_init(&stage, 2, false);
    assert_int_equal(eddy_pool_submit(pool, &stage_work, &stage), -ENOMEM);
    assert_int_equal(atomic_load(&stage.releases), 0);
    assert_int_equal(eddy_pool_submit(pool, &stage_work, &stage), 0);
    eddy_pool_release(pool);
    stage_check(&stage, 1, 0, 1);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
}

/* ---- mistakes ---- */

static eddy_result end_own_pool(void *arg)
{
    return (eddy_result)eddy_pool_end(arg, EDDY_POOL_FINISH);
}

static void run_end_own_pool(void *arg)
{
    static const eddy_work work = {.run = end_own_pool};
    eddy_pool *pool = stage_pool(1, 0);

    (void)arg;
    assert_int_equal(eddy_pool_submit(pool, &work, pool), 0);
    for (;;)
        (void)pause();
}

static eddy_result return_pending(void *arg)
{
    (void)arg;
    return EDDY_PENDING;
}

static void run_return_pending(void *arg)
{
    static const eddy_work work = {.run = return_pending};
    eddy_pool *pool = stage_pool(1, 0);

    (void)arg;
    assert_int_equal(eddy_pool_submit(pool, &work, NULL), 0);
    eddy_pool_release(pool);
}

static void submit_after_fork(void *arg)
{
    assert_int_equal(eddy_pool_submit(arg, &stage_work, NULL), 0);
}

static void mistakes_are_named(void **state)
{
    eddy_pool *pool = stage_pool(1, 0);

    (void)state;
    assert_dies(run_end_own_pool, NULL, "pool 'eddy-' is ended on one of its own threads");
    assert_dies(run_return_pending, NULL, "a job of pool 'eddy-' returns EDDY_PENDING");
    assert_dies(submit_after_fork, pool, "pool 'eddy-' was made before fork(2)");
    eddy_pool_release(pool);
}

/* ---- fork ---- */

/* The child frees what it has of the parent's; it neither hangs nor ends what the parent's threads
 * have. */
static void child_of_fork_can_free_its_copy(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    struct stage stages[2];
    eddy_join *joins[2];
    int status = -1;
    pid_t child;

    (void)state;
    for (int i = 0; i < 2; i++) {
        stage_init(&stages[i], i, true);
        joins[i] = stage_spawn(core, pool, &stages[i]);
    }
    test_settle(core);
    stage_wait(&stages[0].started);
    child = fork();
    if (child == 0) {
        (void)alarm(20);
        (void)eddy_core_free(core);
        eddy_pool_release(pool);
        _exit(atomic_load(&stages[0].releases) + atomic_load(&stages[1].releases));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    for (int i = 0; i < 2; i++) {
        sem_post(&stages[i].go);
        assert_int_equal(test_join_end(core, joins[i]), i);
    }
    eddy_pool_release(pool);
    stage_check(&stages[0], 1, 1, 0);
    stage_check(&stages[1], 1, 1, 0);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_named), /* first: it forks without other threads */
        cmocka_unit_test(submitted_job_runs_and_its_result_is_destroyed),
        cmocka_unit_test(submitted_job_that_is_cut_off_is_released),
        cmocka_unit_test(job_may_submit_another),
        cmocka_unit_test(submit_without_memory_leaves_the_argument_with_the_caller),
        cmocka_unit_test(child_of_fork_can_free_its_copy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
