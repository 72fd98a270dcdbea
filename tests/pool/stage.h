/* SPDX-License-Identifier: MIT */
/*
 * stage.h - a job for tests: counts what is called, and on a thread stays on its stage until the test
 * lets it go. On a simulated loop it never blocks.
 */
#ifndef EDDY_TEST_STAGE_H
#define EDDY_TEST_STAGE_H

#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/loop.h"
#include "eddy/pool.h"

struct stage {
    eddy_result value; /* what run returns */
    bool blocks;
    sem_t started, go;
    atomic_int runs, tells, drops, releases;
    atomic_int order; /* which run it was, 1, 2, 3 ... */
    atomic_llong dropped;
};

static atomic_int stage_order;

static inline void stage_init(struct stage *self, eddy_result value, bool blocks)
{
    *self = (struct stage){.value = value, .blocks = blocks && !test_is_simulated()};
    assert_int_equal(sem_init(&self->started, 0, 0), 0);
    assert_int_equal(sem_init(&self->go, 0, 0), 0);
}

static inline void stage_wait(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        continue;
}

static inline eddy_result stage_run(void *arg)
{
    struct stage *self = arg;

    atomic_fetch_add(&self->runs, 1);
    atomic_store(&self->order, atomic_fetch_add(&stage_order, 1) + 1);
    sem_post(&self->started);
    if (self->blocks)
        stage_wait(&self->go);
    return self->value;
}

static inline void stage_tell(void *arg, eddy_result result)
{
    struct stage *self = arg;

    assert_int_equal(result, self->value);
    assert_int_equal(atomic_load(&self->releases), 0);
    atomic_fetch_add(&self->tells, 1);
}

static inline void stage_drop(void *arg, eddy_result result)
{
    struct stage *self = arg;

    atomic_store(&self->dropped, result);
    atomic_fetch_add(&self->drops, 1);
}

static inline void stage_release(void *arg)
{
    atomic_fetch_add(&((struct stage *)arg)->releases, 1);
}

static const eddy_work stage_work = {stage_run, stage_tell, stage_drop, stage_release};

/* Once released, whatever happened; at most one of tell and drop, and only after a run. */
static inline void stage_check(struct stage *self, int runs, int tells, int drops)
{
    assert_int_equal(atomic_load(&self->runs), runs);
    assert_int_equal(atomic_load(&self->tells), tells);
    assert_int_equal(atomic_load(&self->drops), drops);
    assert_int_equal(atomic_load(&self->releases), 1);
    sem_destroy(&self->started);
    sem_destroy(&self->go);
}

static inline eddy_pool *stage_pool(uint32_t threads, uint32_t queue_max)
{
    eddy_pool *pool = NULL;

    assert_int_equal(
        eddy_pool_new(EDDY_OPTIONS(eddy_pool_options, .threads = threads, .queue_max = queue_max),
                      &pool),
        0);
    return pool;
}

/* The end of a test of one stage. */
static inline void stage_end(eddy_core *core, eddy_pool *pool, struct stage *stage, int runs,
                             int tells, int drops)
{
    eddy_pool_release(pool);
    stage_check(stage, runs, tells, drops);
    test_core_end(core);
}

static inline eddy_future *stage_future(eddy_core *core, eddy_pool *pool, struct stage *stage)
{
    return eddy_blocking_work(eddy_core_handle(core), pool, &stage_work, stage);
}

/* Spawn its future, joinable. */
static inline eddy_join *stage_spawn(eddy_core *core, eddy_pool *pool, struct stage *stage)
{
    eddy_join *join = NULL;

    assert_int_equal(
        eddy_spawn_joinable(eddy_core_handle(core), stage_future(core, pool, stage), &join), 0);
    return join;
}

static inline eddy_pool_stats stage_stats(eddy_pool *pool)
{
    eddy_pool_stats stats;

    eddy_pool_stats_get(pool, &stats);
    return stats;
}

/* Let them end, one after the other. */
static inline void stage_run_all(eddy_core *core, struct stage *stages, eddy_join **joins, int n)
{
    for (int i = 0; i < n; i++) {
        sem_post(&stages[i].go);
        assert_int_equal(test_join_end(core, joins[i]), i);
    }
}

/* Futures of n jobs that block, each polled before the next; the first `running` of them run. */
static inline void stage_put_all(eddy_core *core, eddy_pool *pool, struct stage *stages,
                                 eddy_join **joins, int n, int running)
{
    for (int i = 0; i < n; i++) {
        stage_init(&stages[i], i, true);
        joins[i] = stage_spawn(core, pool, &stages[i]);
        test_settle(core);
        if (i < running)
            stage_wait(&stages[i].started);
    }
}

/* The same, of which only the first blocks: the others stand in line behind it, on one thread. */
static inline void stage_put_behind(eddy_core *core, eddy_pool *pool, struct stage *stages,
                                    eddy_join **joins, int n)
{
    for (int i = 0; i < n; i++) {
        stage_init(&stages[i], i, i == 0);
        joins[i] = stage_spawn(core, pool, &stages[i]);
        test_settle(core);
        if (i == 0)
            stage_wait(&stages[0].started);
    }
}

static inline void stage_check_all(struct stage *stages, int n, int runs, int tells, int drops)
{
    for (int i = 0; i < n; i++)
        stage_check(&stages[i], runs, tells, drops);
}

/* For tests that drop a future at any moment: keep the one thread of the pool, so that the job is in
 * line after its first poll, until the test makes a step. */
static inline void stage_block(struct stage *blocker, eddy_pool *pool)
{
    stage_init(blocker, 0, true);
    if (test_is_simulated())
        stage_release(blocker); /* not used */
    else
        assert_int_equal(eddy_pool_submit(pool, &stage_work, blocker), 0);
}

static inline void stage_unblock(struct stage *blocker, eddy_pool *pool)
{
    sem_post(&blocker->go);
    eddy_pool_release(pool);
    stage_check(blocker, !test_is_simulated(), 0, !test_is_simulated());
}

#endif
