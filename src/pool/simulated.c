/* SPDX-License-Identifier: MIT */
/*
 * simulated.c - jobs of simulated loops. No thread: all that happens is decided by the seed. A job
 * runs inside a poll of its own future, when it is the first in line and one of the pool's virtual
 * workers is free; it is over when an alarm of the loop fires. A worker that comes free wakes the
 * first in line, and whoever leaves passes that on.
 */
#include "eddy/explore.h"
#include "pool/pool.h"

/* The longest a job takes, in units of the shortest, less one. */
#define LONGER 4

/* Is a worker free for the first in line? Then have its future polled. */
static void kick(eddy_pool *pool)
{
    if (pool->sim_busy < pool->sim_threads && !eddy__list_empty(&pool->sim_line))
        (void)eddy_waker_wake(&EDDY__CONTAINER(pool->sim_line.next, eddy__job, node)->waker);
}

static void over(eddy__alarm *alarm)
{
    eddy__blocking *self = EDDY__CONTAINER(alarm, eddy__blocking, alarm);
    eddy__job *job = self->job;

    job->state = EDDY__JOB_OVER;
    job->pool->sim_busy--;
    kick(job->pool);
    (void)eddy_waker_wake(&job->waker);
}

void eddy__simulated_job_init(eddy__blocking *self)
{
    eddy__alarm_init(&self->alarm, over);
}

/* The monitor is for the numbers, and for kernel loops that use the same pool. */
int eddy__simulated_job_put(eddy__job *self)
{
    eddy_pool *pool = self->pool;
    bool closed;

    eddy__monitor_enter(&pool->monitor);
    closed = pool->closed;
    if (!closed) {
        self->state = EDDY__JOB_WAITING;
        eddy__list_append(&pool->sim_line, &self->node);
        pool->stats.waiting++;
    }
    eddy__monitor_leave(&pool->monitor);
    return closed ? EDDY_CLOSED : 0;
}

static void get_out_of_line(eddy__job *self, eddy__job_state state)
{
    eddy_pool *pool = self->pool;

    eddy__monitor_enter(&pool->monitor);
    eddy__list_remove(&self->node);
    pool->stats.waiting--;
    pool->stats.jobs_run += state == EDDY__JOB_RUNNING;
    self->state = (uint8_t)state;
    eddy__monitor_leave(&pool->monitor);
}

static int64_t draw_duration(eddy__sim *sim, int64_t least_ns)
{
    if (!eddy__sim_happens(sim, EDDY_CHAOS_IN_FLIGHT))
        return least_ns;
    EDDY_SOMETIMES("pool: a simulated job takes longer than others");
    return eddy__time_add(least_ns,
                          eddy__sim_draw_ns(sim, EDDY_CHAOS_IN_FLIGHT, LONGER * least_ns));
}

static void run(eddy__blocking *self)
{
    eddy__job *job = self->job;
    eddy_pool *pool = job->pool;

    get_out_of_line(job, EDDY__JOB_RUNNING);
    pool->sim_busy++;
    kick(pool);
    job->result = job->work->run(job->arg);
    EDDY_ASSERT(job->result != EDDY_PENDING,
                "a job of pool '%s' returns EDDY_PENDING: it may block", pool->name);
    eddy__alarm_start(self->core, &self->alarm,
                      draw_duration(self->core->sim, pool->options.sim_job_ns));
}

void eddy__simulated_job_go_on(eddy__blocking *self)
{
    eddy__job *job = self->job;
    eddy_pool *pool = job->pool;

    if (job->state == EDDY__JOB_WAITING && pool->sim_line.next == &job->node &&
        pool->sim_busy < pool->sim_threads)
        run(self);
}

void eddy__simulated_job_stop(eddy__blocking *self)
{
    eddy__job *job = self->job;
    eddy_pool *pool = job->pool;

    if (job->state == EDDY__JOB_WAITING) {
        get_out_of_line(job, EDDY__JOB_NEW);
        kick(pool);
    } else if (job->state == EDDY__JOB_RUNNING) {
        eddy__alarm_stop(self->core, &self->alarm);
        job->state = EDDY__JOB_OVER; /* its result is destroyed */
        pool->sim_busy--;
        kick(pool);
    }
}
