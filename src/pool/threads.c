/* SPDX-License-Identifier: MIT */
/*
 * threads.c - a pool's threads: started when a job finds none idle, up to the limit; each runs jobs
 * until the pool is closed and nothing is in line. Those that are told of a job and have not looked
 * yet count as idle; hence a job starts a thread when more jobs are in line than threads are idle.
 */
#include <errno.h>
#include <stdio.h>

#include "pool/pool.h"

/* The pool whose thread this is. */
static _Thread_local const eddy_pool *here;

bool eddy__pool_is_here(const eddy_pool *self)
{
    return here == self;
}

/* The number is not cut off, the name before it is. */
static void name_thread(const eddy__pool_thread *self)
{
    char number[16], name[64];
    int len = snprintf(number, sizeof number, "%u", (unsigned)self->number);

    (void)snprintf(name, sizeof name, "%.*s%s", EDDY__WORKER_NAME_MAX - len, self->pool->name,
                   number);
    eddy__worker_set_name(name);
}

/* Inside the monitor. NULL: the pool has ended. */
static eddy__job *next_job(eddy_pool *pool)
{
    eddy__job *job;

    while ((job = eddy__job_take(pool)) == NULL && !pool->closed) {
        pool->stats.idle++;
        eddy__monitor_wait(&pool->monitor);
        pool->stats.idle--;
    }
    return job;
}

static void run_jobs(eddy_pool *pool)
{
    eddy__job *job;

    eddy__monitor_enter(&pool->monitor);
    while ((job = next_job(pool)) != NULL) {
        eddy__monitor_leave(&pool->monitor);
        eddy__job_run(job);
        eddy__monitor_enter(&pool->monitor);
    }
    eddy__monitor_leave(&pool->monitor);
}

static void thread_main(void *arg)
{
    eddy__pool_thread *self = arg;
    eddy_pool *pool = self->pool;
    const eddy_pool_options *options = &pool->options;

    here = pool;
    name_thread(self);
    if (options->on_start != NULL)
        options->on_start(options->hook_arg, self->number);
    run_jobs(pool);
    if (options->on_stop != NULL)
        options->on_stop(options->hook_arg, self->number);
    here = NULL;
    eddy__pool_let_go(pool);
}

static int start_one(eddy_pool *pool)
{
    uint32_t number = pool->stats.threads;
    eddy__pool_thread *thread = &pool->threads[number];
    int error;

    thread->pool = pool;
    thread->number = number;
    eddy__pool_keep(pool);
    error = eddy__worker_start(&thread->worker, thread_main, thread, pool->options.stack_bytes);
    if (error == 0)
        pool->stats.threads++;
    else
        eddy__pool_let_go(pool); /* the job's reference is left */
    return error;
}

int eddy__pool_summon(eddy_pool *self)
{
    const eddy_pool_stats *stats = &self->stats;
    int error = 0;

    if (stats->idle > 0)
        eddy__monitor_tell_one(&self->monitor);
    if (stats->queued > stats->idle && stats->threads < self->options.threads && !self->closed)
        error = start_one(self);
    return stats->threads > 0 ? 0 : error;
}
