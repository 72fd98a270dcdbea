/* SPDX-License-Identifier: MIT */
/*
 * pool.h - the inside of a pool of threads: its struct, and jobs.
 *
 *   pool.c       making and ending a pool
 *   jobs.c       what becomes of a job
 *   threads.c    what its threads do
 *   blocking.c   the future of a job's result
 *   simulated.c  the same on a simulated loop, without threads
 *   file*.c      futures about files; resolve.c: about names
 *
 * Everything is guarded by the pool's monitor, inside which no user code runs and nobody is woken. A
 * job has up to two holders, its future and the pool; the last to let go frees it.
 */
#ifndef EDDY__POOL_H
#define EDDY__POOL_H

#include "base/atomic.h"
#include "base/list.h"
#include "eddy/pool.h"
#include "reactor/core.h"
#include "sys/monitor.h"
#include "sys/worker.h"

/* Where a job is. */
typedef enum eddy__job_state {
    EDDY__JOB_NEW,     /* its future's alone */
    EDDY__JOB_WAITING, /* in pool->waiting or pool->sim_line */
    EDDY__JOB_QUEUED,  /* in pool->queue */
    EDDY__JOB_RUNNING, /* in pool->running, or simulated */
    EDDY__JOB_OVER,    /* it has a result, which nobody was told */
    EDDY__JOB_TOLD,
    EDDY__JOB_CUT_OFF, /* removed, or left to itself: nobody will be told */
} eddy__job_state;

enum {
    EDDY__JOB_OF_FUTURE = 1 << 0,
    EDDY__JOB_OF_POOL = 1 << 1,
};

typedef struct eddy__job {
    eddy__node node;
    eddy_pool *pool; /* one reference to its memory */
    const eddy_work *work;
    void *arg;
    eddy_result result;
    eddy_waker waker; /* of whom waits; zero: nobody */
    uint32_t payload_bytes;
    uint8_t state;
    uint8_t holders;
    _Alignas(16) unsigned char payload[];
} eddy__job;

typedef struct eddy__pool_thread {
    eddy__worker worker;
    eddy_pool *pool; /* one reference to its memory */
    uint32_t number;
} eddy__pool_thread;

enum { EDDY__POOL_OPEN, EDDY__POOL_ENDING, EDDY__POOL_ENDED };

struct eddy_pool {
    eddy_allocator allocator;
    eddy_pool_options options; /* the name is in `name` */
    char name[EDDY__WORKER_NAME_MAX + 1];
    uint32_t fork_generation;
    eddy__atomic_u32 users;  /* the last one ends it */
    eddy__atomic_u32 memory; /* the users as one, each thread, job and file */
    eddy__monitor monitor;   /* guards all below; told of: jobs, the end, ENDED */
    eddy__node queue;        /* at most queue_max */
    eddy__node waiting;      /* for room in the queue, which is full */
    eddy__node running;
    eddy_pool_stats stats;
    bool closed;  /* takes no more jobs */
    uint8_t life; /* EDDY__POOL_*: of its threads */
    /* Jobs of simulated loops: each starts in a poll of its future's. */
    eddy__node sim_line;
    uint32_t sim_busy, sim_threads;
    eddy__pool_thread threads[];
};

/* ---- pool.c ---- */

void eddy__pool_keep(eddy_pool *self);   /* one more reference to its memory */
void eddy__pool_let_go(eddy_pool *self); /* one fewer */
/* It was made before fork(2): there are no threads, and the monitor may be locked for ever. */
bool eddy__pool_is_forked(const eddy_pool *self);

/* ---- threads.c ---- */

/* Inside the monitor: a job came into the queue. 0; -EAGAIN: there is no thread and none can be
 * started. */
int eddy__pool_summon(eddy_pool *self);
/* The calling thread is one of the pool's. */
bool eddy__pool_is_here(const eddy_pool *self);

/* ---- jobs.c ---- */

/* A job of its future, with zeroed payload; `arg` NULL: the payload is the argument. NULL: no
 * memory. */
eddy__job *eddy__job_new(eddy_pool *pool, const eddy_work *work, void *arg, size_t payload_bytes);
/* Get in line. 0, EDDY_CLOSED, -EAGAIN; then nothing happened. */
int eddy__job_put(eddy__job *self, bool may_wait);
/* Inside the monitor: the next job of the queue, now running; NULL: none. */
eddy__job *eddy__job_take(eddy_pool *pool);
/* On the thread that took it. */
void eddy__job_run(eddy__job *self);
/* What has become of it. As long as it is not over nor cut off, *waker is used when it is: the one
 * given (unless zero) takes the place of the old one, which comes back. */
eddy__job_state eddy__job_look(eddy__job *self, eddy_waker *waker);
/* Hand the result over: the state was OVER. */
eddy_result eddy__job_tell(eddy__job *self);
/* The future goes. The job is not simulated, or no longer in line nor running. */
void eddy__job_leave(eddy__job *self);
/* Take the first job out that is in line on kernel or simulated loops, or that runs, of those not cut
 * off yet. False: there is none. */
bool eddy__job_cut_off_one(eddy_pool *pool, bool running);

/* ---- blocking.c ---- */

typedef struct eddy__blocking {
    EDDY_FRAME;
    eddy_waiter waiter;
    eddy__alarm alarm; /* simulated: the job is over */
    eddy__job *job;
    const char *operation; /* for the note about an error */
    eddy_core *core;
    bool in_line; /* it was polled */
    bool settled; /* the result was known when it was made */
} eddy__blocking;

eddy_result eddy__blocking_poll(eddy_future *future, eddy_task *task);
void eddy__blocking_done(eddy_future *future);

/* The type of a future under another name. */
#define EDDY__BLOCKING_TYPE(text)                                                                  \
    {                                                                                              \
        eddy__blocking_poll, eddy__blocking_done, sizeof(eddy__blocking), text, NULL               \
    }

/* What kinds of blocking futures differ in. */
typedef struct eddy__blocking_kind {
    eddy_type type;
    eddy_work work;
    const char *operation;
} eddy__blocking_kind;

/* A future of the kind whose job's argument is a zeroed payload of so many bytes, *payload. NULL: no
 * memory or no loop: return eddy__future_failed(). */
eddy_future *eddy__blocking_new(eddy_handle *handle, eddy_pool *pool,
                                const eddy__blocking_kind *kind, size_t payload_bytes,
                                void **payload);
/* The result is known already: the job is not run. Before its first poll. */
void eddy__blocking_settle(eddy_future *future, eddy_result result);

/* ---- simulated.c ---- */

/* First poll: get in line. 0, EDDY_CLOSED. */
int eddy__simulated_job_put(eddy__job *self);
/* Run the job when it is its turn. */
void eddy__simulated_job_go_on(eddy__blocking *self);
/* The future goes: out of the line; the virtual worker is free. */
void eddy__simulated_job_stop(eddy__blocking *self);
void eddy__simulated_job_init(eddy__blocking *self);

#endif
