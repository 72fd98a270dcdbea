/* SPDX-License-Identifier: MIT */
/*
 * pool.c - making a pool, counting who uses it, ending it. Its memory stays until the last of its
 * users, threads, jobs and files has let go, whichever that is.
 */
#include <errno.h>
#include <stdio.h>

#include "base/alloc.h"
#include "pool/pool.h"

enum { THREADS_MAX = 4096, SIMULATED_THREADS = 4, QUEUE_MAX = 1024 };

#define SIMULATED_JOB_NS INT64_C(1000000)

static int take_options(const eddy_pool_options *given, eddy_pool_options *options,
                        uint32_t *sim_threads)
{
    *options = (eddy_pool_options){.size_bytes = sizeof *options};
    if (given != NULL) {
        if (given->size_bytes != sizeof *given)
            return -EINVAL;
        *options = *given;
    }
    if (options->threads > THREADS_MAX || options->sim_job_ns < 0)
        return -EINVAL;
    /* Not the machine's: the same seed gives the same run everywhere. */
    *sim_threads = options->threads != 0 ? options->threads : SIMULATED_THREADS;
    if (options->threads == 0)
        options->threads = eddy__worker_processors();
    if (options->queue_max == 0)
        options->queue_max = QUEUE_MAX;
    if (options->sim_job_ns == 0)
        options->sim_job_ns = SIMULATED_JOB_NS;
    return 0;
}

static void init(eddy_pool *self, const eddy_pool_options *options)
{
    const char *name = options->name != NULL ? options->name : "eddy-";

    self->options = *options;
    (void)snprintf(self->name, sizeof self->name, "%s", name);
    self->fork_generation = eddy__fork_generation;
    eddy__atomic_init(&self->users, 1);
    eddy__atomic_init(&self->memory, 1);
    eddy__monitor_init(&self->monitor);
    eddy__list_init(&self->queue);
    eddy__list_init(&self->waiting);
    eddy__list_init(&self->running);
    eddy__list_init(&self->sim_line);
}

static size_t size_of(uint32_t threads)
{
    return sizeof(eddy_pool) + threads * sizeof(eddy__pool_thread);
}

int eddy_pool_new(const eddy_pool_options *options, eddy_pool **pool)
{
    eddy_pool_options taken;
    uint32_t sim_threads;
    int error = take_options(options, &taken, &sim_threads);
    const eddy_allocator *allocator = eddy__allocator_or_malloc(taken.allocator);
    eddy_pool *self;

    if (error != 0)
        return error;
    eddy__fork_watch();
    self = eddy__calloc(allocator, size_of(taken.threads));
    if (self == NULL)
        return -ENOMEM;
    self->allocator = *allocator;
    self->sim_threads = sim_threads;
    init(self, &taken);
    *pool = self;
    return 0;
}

bool eddy__pool_is_forked(const eddy_pool *self)
{
    return self->fork_generation != eddy__fork_generation;
}

void eddy__pool_keep(eddy_pool *self)
{
    /* Relaxed: whoever keeps it has been lent a reference. */
    eddy__atomic_fetch_add(&self->memory, 1, memory_order_relaxed);
}

void eddy__pool_let_go(eddy_pool *self)
{
    eddy_allocator allocator = self->allocator;

    /* acq_rel: pairs with itself. The last one comes after all that the others did. */
    if (eddy__atomic_fetch_sub(&self->memory, 1, memory_order_acq_rel) != 1)
        return;
    if (!eddy__pool_is_forked(self))
        eddy__monitor_deinit(&self->monitor);
    eddy__free(&allocator, self, size_of(self->options.threads));
}

eddy_pool *eddy_pool_retain(eddy_pool *self)
{
    /* Relaxed: as eddy__pool_keep(). */
    uint32_t before = eddy__atomic_fetch_add(&self->users, 1, memory_order_relaxed);

    EDDY_ASSERT(before != 0, "pool '%s' is retained after its last reference was given back",
                self->name);
    return self;
}

void eddy_pool_release(eddy_pool *self)
{
    uint32_t before;

    if (self == NULL)
        return;
    /* acq_rel: pairs with itself, as eddy__pool_let_go(). */
    before = eddy__atomic_fetch_sub(&self->users, 1, memory_order_acq_rel);
    EDDY_ASSERT(before != 0, "pool '%s' is released more often than retained", self->name);
    if (before != 1)
        return;
    if (!eddy__pool_is_forked(self))
        (void)eddy_pool_end(self, EDDY_POOL_FINISH);
    eddy__pool_let_go(self);
}

/* ---- the end ---- */

static uint64_t cut_off(eddy_pool *self, bool running)
{
    uint64_t n = 0;

    while (eddy__job_cut_off_one(self, running))
        n++;
    return n;
}

/* Inside the monitor, which is left meanwhile. Closed: no thread is started any more. */
static void end_threads(eddy_pool *self, eddy_pool_how how)
{
    uint32_t threads = self->stats.threads;

    self->life = EDDY__POOL_ENDING;
    eddy__monitor_leave(&self->monitor);
    for (uint32_t i = 0; i < threads; i++) {
        if (how == EDDY_POOL_ABANDON)
            eddy__worker_forget(&self->threads[i].worker);
        else
            eddy__worker_join(&self->threads[i].worker);
    }
    eddy__monitor_enter(&self->monitor);
    self->life = EDDY__POOL_ENDED;
    eddy__monitor_tell_all(&self->monitor);
}

uint64_t eddy_pool_end(eddy_pool *self, eddy_pool_how how)
{
    uint64_t n = 0;

    EDDY_ASSERT(!eddy__pool_is_here(self),
                "pool '%s' is ended on one of its own threads: it would wait for itself",
                self->name);
    EDDY_ASSERT(!eddy__pool_is_forked(self),
                "pool '%s' was made before fork(2); the child may only release it", self->name);
    eddy__monitor_enter(&self->monitor);
    self->closed = true;
    eddy__monitor_tell_all(&self->monitor);
    eddy__monitor_leave(&self->monitor);
    if (how != EDDY_POOL_FINISH)
        n = cut_off(self, how == EDDY_POOL_ABANDON);
    eddy__monitor_enter(&self->monitor);
    if (self->life == EDDY__POOL_OPEN)
        end_threads(self, how);
    while (self->life != EDDY__POOL_ENDED && how != EDDY_POOL_ABANDON)
        eddy__monitor_wait(&self->monitor);
    eddy__monitor_leave(&self->monitor);
    return n;
}

void eddy_pool_stats_get(eddy_pool *self, eddy_pool_stats *stats)
{
    eddy__monitor_enter(&self->monitor);
    *stats = self->stats;
    eddy__monitor_leave(&self->monitor);
}
