/* SPDX-License-Identifier: MIT */
/*
 * jobs.c - what becomes of a job:
 *
 *     NEW - put - [WAITING -] QUEUED - taken by a thread - RUNNING - OVER - told - TOLD
 *                      \________\_______ cut off _________/\- abandoned - CUT_OFF
 *
 * At each state its future may go. In line, the job goes too; a job that runs is then the thread's
 * alone; of one that is over the result is destroyed. Who waits is woken after the state has changed
 * and the monitor was left, by a waker that the job holds: it does no harm to a dead task or loop.
 */
#include <errno.h>

#include "base/alloc.h"
#include "pool/pool.h"

eddy__job *eddy__job_new(eddy_pool *pool, const eddy_work *work, void *arg, size_t payload_bytes)
{
    eddy__job *self = eddy__calloc(&pool->allocator, sizeof *self + payload_bytes);

    if (self == NULL)
        return NULL;
    eddy__pool_keep(pool);
    eddy__list_init(&self->node);
    self->pool = pool;
    self->work = work;
    self->arg = arg != NULL || payload_bytes == 0 ? arg : self->payload;
    self->payload_bytes = (uint32_t)payload_bytes;
    self->holders = EDDY__JOB_OF_FUTURE;
    return self;
}

static void free_job(eddy__job *self)
{
    eddy_pool *pool = self->pool;

    if (self->work->release != NULL)
        self->work->release(self->arg);
    eddy__free(&pool->allocator, self, sizeof *self + self->payload_bytes);
    eddy__pool_let_go(pool);
}

/* Outside the monitor. */
static void let_go(eddy__job *self, uint8_t holder)
{
    eddy__monitor *monitor = &self->pool->monitor;
    bool last;

    eddy__monitor_enter(monitor);
    self->holders &= (uint8_t)~holder;
    last = self->holders == 0;
    eddy__monitor_leave(monitor);
    if (last)
        free_job(self);
}

static void destroy_result(const eddy__job *self, eddy_result result)
{
    if (result >= 0 && self->work->drop_result != NULL)
        self->work->drop_result(self->arg, result);
}

static eddy_waker take_waker(eddy__job *self)
{
    eddy_waker waker = self->waker;

    self->waker = (eddy_waker){0};
    return waker;
}

static void use_waker(eddy_waker *waker)
{
    (void)eddy_waker_wake(waker);
    eddy_waker_release(waker);
}

/* ---- in line ---- */

static void enqueue(eddy__job *self)
{
    eddy_pool *pool = self->pool;

    self->state = EDDY__JOB_QUEUED;
    eddy__list_append(&pool->queue, &self->node);
    pool->stats.queued++;
}

static bool has_room(const eddy_pool *pool)
{
    return pool->stats.queued < pool->options.queue_max;
}

static void wait_for_room(eddy__job *self)
{
    eddy_pool *pool = self->pool;

    self->state = EDDY__JOB_WAITING;
    eddy__list_append(&pool->waiting, &self->node);
    pool->stats.waiting++;
}

static void dequeue(eddy__job *self)
{
    eddy_pool *pool = self->pool;

    eddy__list_remove(&self->node);
    if (self->state == EDDY__JOB_QUEUED)
        pool->stats.queued--;
    else
        pool->stats.waiting--;
}

/* There may be room for one that waits. A thread has been started before there was none. */
static void refill(eddy_pool *pool)
{
    eddy__job *next;

    if (eddy__list_empty(&pool->waiting) || !has_room(pool))
        return;
    next = EDDY__CONTAINER(pool->waiting.next, eddy__job, node);
    dequeue(next);
    enqueue(next);
    (void)eddy__pool_summon(pool);
}

static int put(eddy__job *self, bool may_wait)
{
    eddy_pool *pool = self->pool;
    int error;

    if (pool->closed)
        return EDDY_CLOSED;
    if (!has_room(pool)) {
        pool->stats.limit_queue++;
        if (!may_wait)
            return -EAGAIN;
        wait_for_room(self);
        return 0;
    }
    enqueue(self);
    error = eddy__pool_summon(pool);
    if (error == 0)
        return 0;
    dequeue(self);
    self->state = EDDY__JOB_NEW;
    return error;
}

int eddy__job_put(eddy__job *self, bool may_wait)
{
    eddy_pool *pool = self->pool;
    int error;

    EDDY_ASSERT(!eddy__pool_is_forked(pool),
                "pool '%s' was made before fork(2): make a new one in the child", pool->name);
    eddy__monitor_enter(&pool->monitor);
    error = put(self, may_wait);
    if (error == 0)
        self->holders |= EDDY__JOB_OF_POOL;
    eddy__monitor_leave(&pool->monitor);
    return error;
}

int eddy_pool_submit(eddy_pool *self, const eddy_work *work, void *arg)
{
    eddy__job *job = eddy__job_new(self, work, arg, 0);
    int error;

    if (job == NULL)
        return -ENOMEM;
    job->holders = 0;
    error = eddy__job_put(job, false);
    if (error != 0) { /* without release: arg is still the caller's */
        eddy__free(&self->allocator, job, sizeof *job);
        eddy__pool_let_go(self);
    }
    return error;
}

/* ---- on a thread ---- */

eddy__job *eddy__job_take(eddy_pool *pool)
{
    eddy__job *job;

    if (eddy__list_empty(&pool->queue))
        return NULL;
    job = EDDY__CONTAINER(pool->queue.next, eddy__job, node);
    dequeue(job);
    refill(pool);
    job->state = EDDY__JOB_RUNNING;
    eddy__list_append(&pool->running, &job->node);
    pool->stats.running++;
    return job;
}

/* Inside the monitor. Will somebody be told? */
static bool finish(eddy__job *self, eddy_result result)
{
    eddy_pool *pool = self->pool;

    eddy__list_remove(&self->node);
    pool->stats.running--;
    pool->stats.jobs_run++;
    if (self->state == EDDY__JOB_CUT_OFF || (self->holders & EDDY__JOB_OF_FUTURE) == 0)
        return false;
    self->result = result;
    self->state = EDDY__JOB_OVER;
    return true;
}

void eddy__job_run(eddy__job *self)
{
    eddy_pool *pool = self->pool;
    eddy_result result = self->work->run(self->arg);
    eddy_waker waker;
    bool wanted;

    EDDY_ASSERT(result != EDDY_PENDING, "a job of pool '%s' returns EDDY_PENDING: it may block",
                pool->name);
    eddy__monitor_enter(&pool->monitor);
    wanted = finish(self, result);
    waker = take_waker(self);
    eddy__monitor_leave(&pool->monitor);
    use_waker(&waker);
    if (!wanted)
        destroy_result(self, result);
    let_go(self, EDDY__JOB_OF_POOL);
}

/* ---- by its future ---- */

eddy__job_state eddy__job_look(eddy__job *self, eddy_waker *waker)
{
    eddy__monitor *monitor = &self->pool->monitor;
    eddy__job_state state;

    eddy__monitor_enter(monitor);
    state = (eddy__job_state)self->state;
    if (waker->inbox != NULL && state != EDDY__JOB_OVER && state != EDDY__JOB_CUT_OFF) {
        eddy_waker old = self->waker;

        self->waker = *waker;
        *waker = old;
    }
    eddy__monitor_leave(monitor);
    return state;
}

eddy_result eddy__job_tell(eddy__job *self)
{
    /* OVER: the pool has no more to do with it. */
    self->state = EDDY__JOB_TOLD;
    if (self->result >= 0 && self->work->tell != NULL)
        self->work->tell(self->arg, self->result);
    return self->result;
}

/* Whether the result is the future's to destroy, or the thread's that will find nobody who wants it, is
 * decided at one stroke. In the first case the future still holds the job meanwhile. */
void eddy__job_leave(eddy__job *self)
{
    eddy_pool *pool = self->pool;
    eddy_waker waker;
    bool untold, last;

    if (eddy__pool_is_forked(pool))
        return; /* its thread is the parent's */
    eddy__monitor_enter(&pool->monitor);
    if (self->state == EDDY__JOB_WAITING || self->state == EDDY__JOB_QUEUED) {
        dequeue(self);
        refill(pool);
        self->holders &= (uint8_t)~EDDY__JOB_OF_POOL;
    }
    untold = self->state == EDDY__JOB_OVER;
    if (!untold)
        self->holders &= (uint8_t)~EDDY__JOB_OF_FUTURE;
    last = self->holders == 0;
    waker = take_waker(self);
    eddy__monitor_leave(&pool->monitor);
    eddy_waker_release(&waker);
    if (untold) {
        destroy_result(self, self->result);
        let_go(self, EDDY__JOB_OF_FUTURE);
    } else if (last) {
        free_job(self);
    }
}

/* ---- at the pool's end ---- */

/* Inside the monitor; out of its list. A running one stays the thread's. */
static eddy__job *take_any(eddy_pool *pool, bool running)
{
    eddy__node *lists[] = {&pool->queue, &pool->waiting, &pool->sim_line, &pool->running};
    eddy__job *job;

    for (int i = 0; i < (running ? 4 : 3); i++) {
        if (eddy__list_empty(lists[i]))
            continue;
        job = EDDY__CONTAINER(lists[i]->next, eddy__job, node);
        if (job->state == EDDY__JOB_RUNNING)
            eddy__list_remove(&job->node);
        else
            dequeue(job);
        return job;
    }
    return NULL;
}

bool eddy__job_cut_off_one(eddy_pool *pool, bool running)
{
    eddy__job *job;
    eddy_waker waker;
    bool runs;

    eddy__monitor_enter(&pool->monitor);
    job = take_any(pool, running);
    if (job == NULL) {
        eddy__monitor_leave(&pool->monitor);
        return false;
    }
    runs = job->state == EDDY__JOB_RUNNING;
    job->state = EDDY__JOB_CUT_OFF;
    pool->stats.jobs_cut_off++;
    waker = take_waker(job);
    eddy__monitor_leave(&pool->monitor);
    use_waker(&waker);
    if (!runs)
        let_go(job, EDDY__JOB_OF_POOL);
    return true;
}
