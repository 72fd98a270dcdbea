/* SPDX-License-Identifier: MIT */
/*
 * eddy/pool.h - threads for work that blocks: files, getaddrinfo(3), other people's libraries, long
 * computations. eddy_blocking() is a future whose function runs on one of them.
 *
 * One pool may serve many loops. Its threads start as jobs need them and stay; jobs begin in the
 * order in which their futures were first polled. A thread that runs a job cannot be stopped: what is
 * dropped meanwhile runs on, and its result is destroyed. So give what may hang for minutes (names of
 * a broken network) a pool of its own, and end that one by EDDY_POOL_ABANDON.
 *
 * On a simulated loop (eddy/sim.h) no thread is used: a job runs on the loop's thread, inside the
 * poll that finds one of `threads` virtual workers free, and its result is told after a virtual time
 * (sim_job_ns, and by chance, EDDY_CHAOS_IN_FLIGHT, up to four times that more). The same seed gives
 * the same run. The order of jobs is as on the kernel.
 */
#ifndef EDDY_POOL_H
#define EDDY_POOL_H

#include "eddy/alloc.h"
#include "eddy/future.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_pool eddy_pool;

/** Zero means the default, for every member but size_bytes. */
typedef struct eddy_pool_options {
    size_t size_bytes; /* sizeof(eddy_pool_options) */
    uint32_t threads;  /* at most so many; the processors that this process may use, simulated 4;
                           no more than 4096 */
    uint32_t
        queue_max;    /* jobs that are in line for a thread; 1024. Further futures wait for room */
    const char *name; /* of the threads, their number follows, 15 bytes in all; copied; "eddy-" */
    void (*on_start)(void *arg, uint32_t number); /* on each thread, first of all; 0, 1, 2 ... */
    void (*on_stop)(void *arg, uint32_t number);  /* on each thread, last of all */
    void *hook_arg;                               /* handed to both */
    size_t stack_bytes;                           /* of each thread; the system's default */
    const eddy_allocator *allocator; /* copied; malloc(3). Must outlive the pool and its jobs */
    int64_t sim_job_ns;              /* how long a job takes on a simulated loop; 1 ms */
} eddy_pool_options;

/** What is going on in a pool. */
typedef struct eddy_pool_stats {
    uint32_t threads; /* started, of those that options.threads allows */
    uint32_t idle;    /* of these, waiting for a job */
    uint32_t queued;  /* jobs in line for a thread, at most queue_max */
    uint32_t waiting; /* futures that wait for room in the line */
    uint32_t running; /* jobs on a thread, those nobody waits for any more included */
    uint64_t jobs_run, jobs_cut_off;
    uint64_t limit_queue; /* how often there was no room in the line */
} eddy_pool_stats;

/** What all jobs of one kind share. In this order: run, then tell or drop_result, then release. */
typedef struct eddy_work {
    /** On a thread of the pool, once or never. Any result but EDDY_PENDING. */
    eddy_result (*run)(void *arg);
    /** A result >= 0 is being told: hand over what else the job has made to memory of whoever waits,
        which is still there, because the future is. On the loop's thread. May be NULL. */
    void (*tell)(void *arg, eddy_result result);
    /** A result >= 0 that nobody will be told: destroy it. On the pool's thread or the loop's. May be
        NULL. */
    void (*drop_result)(void *arg, eddy_result result);
    /** Nobody will look at arg again: free what it still owns. Exactly once, whatever happened, also
        when run was never called. On the pool's thread, the loop's, or one that ends the pool. May be
        NULL. */
    void (*release)(void *arg);
} eddy_work;

/** How a pool ends. */
typedef enum eddy_pool_how {
    EDDY_POOL_FINISH,  /* run all jobs that are in line or wait for room, then stop */
    EDDY_POOL_CUT_OFF, /* remove those; wait only for what runs now */
    EDDY_POOL_ABANDON  /* remove those; do not wait: a job that runs is left to itself, with its
                          thread */
} eddy_pool_how;

/**
 * Make a pool. No thread is started yet: a job starts one when none is idle, up to options.threads.
 * @param options  NULL for all defaults                          borrowed for the call
 * @param pool     set; the caller has one reference
 * @return         0; -EINVAL: options of an unknown size, or impossible; -ENOMEM
 * Thread: any. Allocates: yes.
 */
EDDY_API int eddy_pool_new(const eddy_pool_options *options, eddy_pool **pool);

/**
 * Take one more reference.
 * @param self  pool
 * @return      the same pool
 * Thread: any. Allocates: no.
 */
EDDY_API eddy_pool *eddy_pool_retain(eddy_pool *self);

/**
 * Give a reference back. The last one ends the pool by EDDY_POOL_FINISH, which blocks, unless it was
 * ended before; futures and files that use it stay safe.
 * @param self  pool; NULL does nothing
 * Thread: any; the last one must not be given back on a thread of the pool (asserted). Allocates: no.
 */
EDDY_API void eddy_pool_release(eddy_pool *self);

/**
 * End the pool: from now on its new futures give EDDY_CLOSED, and its threads go. A future whose job
 * was removed, or left to itself, gives EDDY_DROPPED; one whose job ends is told its result as ever:
 * nobody waits in vain.
 * @param self  pool; may be ended again by another way: the threads that are left are then treated so
 * @param how   see eddy_pool_how
 * @return      how many jobs were removed or left to themselves by this call
 * Returns when all threads have gone (EDDY_POOL_ABANDON: at once). Jobs of simulated loops take
 * virtual time: they are not waited for. After fork(2) the child has no threads: there the pool may
 * only be released, which does nothing more, and jobs of futures that are dropped stay as they are.
 * Thread: any but those of the pool (asserted). Blocks. Allocates: no.
 */
EDDY_API uint64_t eddy_pool_end(eddy_pool *self, eddy_pool_how how);

/**
 * Read the counters.
 * @param self   pool
 * @param stats  filled; of one moment
 * Thread: any. Allocates: no.
 */
EDDY_API void eddy_pool_stats_get(eddy_pool *self, eddy_pool_stats *stats);

/**
 * Run a function on a thread of the pool.
 * @param handle  loop on which the result is wanted
 * @param pool    pool; may be ended or released before the job has run
 * @param run     may block as long as it likes; any result but EDDY_PENDING
 * @param arg     handed to run; must stay valid until the result is told, or, when the future is
 *                dropped, until the pool has ended: see eddy_blocking_work() for one that need not
 * @return        boxed future of what run returned; EDDY_DROPPED: the pool was ended first;
 *                EDDY_CLOSED: it had been ended; -EAGAIN: the system gives the pool no thread;
 *                -ENOMEM. Waits as "pool: job"
 * The job is in line from the first poll on; without room in the line it waits for that, first come
 * first served. A job that ends when the loop is gone or the task is dead harms nobody.
 * Dropping: before the function is called it takes the job out of the line; later the function runs
 * on and its result goes to drop_result. A cancel (-ECANCELED) ends the future and counts as a drop:
 * eddy_task_shield() waits the job out.
 * Thread: loop. Allocates: the future from the loop's slab, the job from the pool's allocator.
 */
EDDY_API eddy_future *eddy_blocking(eddy_handle *handle, eddy_pool *pool,
                                    eddy_result (*run)(void *arg), void *arg);

/**
 * The same for work that owns its argument: see eddy_work.
 * @param handle  loop on which the result is wanted
 * @param pool    pool
 * @param work    kind of work; outlives the job (make it static const)
 * @param arg     owned by the job, whatever becomes of it: work->release ends it, also when this call
 *                finds no memory
 * @return        as eddy_blocking()
 * Dropping: as eddy_blocking(). Thread: loop. Allocates: as eddy_blocking().
 */
EDDY_API eddy_future *eddy_blocking_work(eddy_handle *handle, eddy_pool *pool,
                                         const eddy_work *work, void *arg);

/**
 * Put a job in line whose result nobody waits for. Never waits.
 * @param self  pool
 * @param work  kind of work; outlives the job. tell is not called, a result goes to drop_result
 * @param arg   owned by the job from now on, unless this fails
 * @return      0: release will be called; -EAGAIN: no room in the line, or no thread; -ENOMEM;
 *              EDDY_CLOSED: the pool was ended. Then arg is still the caller's
 * Thread: any, those of the pool included. Allocates: the job from the pool's allocator. See:
 * futures Executor::execute
 */
EDDY_API EDDY_NODISCARD int eddy_pool_submit(eddy_pool *self, const eddy_work *work, void *arg);

EDDY_EXTERN_C_END

#endif
