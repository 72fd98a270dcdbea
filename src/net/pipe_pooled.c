/* SPDX-License-Identifier: MIT */
/*
 * pipe_pooled.c - what cannot be polled, on the threads of a pool: one job at a time reads ahead, one
 * writes. Towards the pipe it behaves as a descriptor that can be polled: -EAGAIN while a job is under
 * way, and an eventfd that is signalled when one has ended.
 *
 * A lane's memory is the loop's while it is idle or done, the job's while it is busy; the state says
 * which, and is the only thing that both write. Jobs and the pipe hold a reference each: the last one
 * closes everything, on whatever thread it is.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "net/pipe.h"
#include "pool/pool.h"
#include "sys/wakefd.h"

enum { LANE_BYTES = 64 * 1024 };

enum { LANE_IDLE, LANE_BUSY, LANE_DONE };

typedef struct pooled_lane {
    eddy__atomic_u32 state; /* release and acquire: a change hands over all else in here */
    int stop;               /* an eventfd that ends what it waits for; -1: it never waits */
    uint32_t at, len;       /* of memory */
    int64_t result;         /* of the job */
    unsigned char *memory;  /* LANE_BYTES of it, or NULL */
} pooled_lane;

struct eddy__pooled {
    eddy_pool *pool; /* one reference to its memory */
    eddy__atomic_u32 refs;
    int fd, wake;
    bool own;
    pooled_lane in, out;
};

/* ---- life ---- */

static void free_memory(eddy__pooled *self, pooled_lane *lane)
{
    eddy__free(&self->pool->allocator, lane->memory, LANE_BYTES);
    lane->memory = NULL;
}

static void close_lane(eddy__pooled *self, pooled_lane *lane)
{
    free_memory(self, lane);
    if (lane->stop >= 0)
        eddy__wakefd_close(lane->stop);
}

static void release(eddy__pooled *self)
{
    eddy_pool *pool = self->pool;

    /* acq_rel: pairs with itself. The last one comes after all that the others did. */
    if (eddy__atomic_fetch_sub(&self->refs, 1, memory_order_acq_rel) != 1)
        return;
    close_lane(self, &self->in);
    close_lane(self, &self->out);
    if (self->wake >= 0)
        eddy__wakefd_close(self->wake);
    if (self->own)
        eddy__pipe_close(self->fd);
    eddy__free(&pool->allocator, self, sizeof *self);
    eddy__pool_let_go(pool);
}

static int open_lane(pooled_lane *lane, const eddy__pipe_facts *facts)
{
    eddy__atomic_init(&lane->state, LANE_IDLE);
    lane->stop = -1;
    if (facts->sort == EDDY__PIPE_FILE)
        return 0;
    lane->stop = eddy__wakefd_open();
    return lane->stop < 0 ? lane->stop : 0;
}

eddy__pooled *eddy__pooled_new(eddy_pool *pool, int fd, const eddy__pipe_facts *facts, int *error)
{
    eddy__pooled *self = eddy__calloc(&pool->allocator, sizeof *self);
    int failed[3];

    if (self == NULL) {
        *error = -ENOMEM;
        return NULL;
    }
    eddy__pool_keep(pool);
    self->pool = pool;
    self->fd = fd;
    eddy__atomic_init(&self->refs, 1);
    self->wake = eddy__wakefd_open();
    failed[0] = self->wake < 0 ? self->wake : 0;
    failed[1] = open_lane(&self->in, facts);
    failed[2] = open_lane(&self->out, facts);
    *error = failed[0] != 0 ? failed[0] : failed[1] != 0 ? failed[1] : failed[2];
    if (*error == 0)
        return self;
    release(self);
    return NULL;
}

void eddy__pooled_own(eddy__pooled *self)
{
    self->own = true;
}

int eddy__pooled_wake(const eddy__pooled *self)
{
    return self->wake;
}

/* A child of fork(2) has the descriptors of its parent's jobs, and none of the jobs. */
void eddy__pooled_leave(eddy__pooled *self)
{
    bool mine = !eddy__pool_is_forked(self->pool);

    if (mine && self->in.stop >= 0)
        eddy__wakefd_signal(self->in.stop);
    if (mine && self->out.stop >= 0)
        eddy__wakefd_signal(self->out.stop);
    release(self);
}

/* ---- jobs, on a thread of the pool ---- */

static eddy_result run_read(void *arg)
{
    eddy__pooled *self = arg;

    self->in.result = eddy__pipe_read_waiting(self->fd, self->in.stop, self->in.memory, LANE_BYTES);
    return 0;
}

static eddy_result run_write(void *arg)
{
    eddy__pooled *self = arg;

    self->out.result =
        eddy__pipe_write_waiting(self->fd, self->out.stop, self->out.memory, self->out.len);
    return 0;
}

/* Also of a job that never ran, because the pool has ended before that. */
static void finish(eddy__pooled *self, pooled_lane *lane)
{
    /* Release: pairs with state_of(). Memory and result are the loop's from here on. */
    eddy__atomic_store(&lane->state, LANE_DONE, memory_order_release);
    eddy__wakefd_signal(self->wake);
    release(self);
}

static void release_read(void *arg)
{
    eddy__pooled *self = arg;

    finish(self, &self->in);
}

static void release_write(void *arg)
{
    eddy__pooled *self = arg;

    finish(self, &self->out);
}

static const eddy_work read_work = {.run = run_read, .release = release_read};
static const eddy_work write_work = {.run = run_write, .release = release_write};

/* ---- jobs, on the loop's thread ---- */

static uint32_t state_of(const pooled_lane *lane)
{
    /* Acquire: pairs with the release of finish(). */
    return eddy__atomic_load(&lane->state, memory_order_acquire);
}

/* The lane is idle, and has memory. -EBUSY: there is no room for a job now. */
static int start(eddy__pooled *self, pooled_lane *lane, const eddy_work *work)
{
    int error;

    lane->result = EDDY_CLOSED; /* unless it runs */
    /* Relaxed: handing the job over orders it. */
    eddy__atomic_store(&lane->state, LANE_BUSY, memory_order_relaxed);
    (void)eddy__atomic_fetch_add(&self->refs, 1, memory_order_relaxed);
    error = eddy_pool_submit(self->pool, work, self);
    if (error == 0)
        return 0;
    eddy__atomic_store(&lane->state, LANE_IDLE, memory_order_relaxed);
    release(self);
    return error == -EAGAIN ? -EBUSY : error;
}

static bool find_memory(eddy__pooled *self, pooled_lane *lane)
{
    if (lane->memory == NULL)
        lane->memory = eddy__alloc(&self->pool->allocator, LANE_BYTES);
    lane->at = 0;
    return lane->memory != NULL;
}

/* ---- reading ---- */

/* The job has ended: the next part of what it has read, or how it failed. */
static int64_t take(eddy__pooled *self, pooled_lane *lane, void *memory, size_t len)
{
    int64_t result = lane->result;

    if (result > 0) {
        size_t left = (size_t)result - lane->at;

        if (len > left)
            len = left;
        memcpy(memory, lane->memory + lane->at, len);
        lane->at += (uint32_t)len;
        if (len < left)
            return (int64_t)len;
        result = (int64_t)len;
    }
    free_memory(self, lane);
    eddy__atomic_store(&lane->state, LANE_IDLE, memory_order_relaxed); /* there is no job */
    return result;
}

int64_t eddy__pooled_read(eddy__pooled *self, void *memory, size_t len)
{
    int error;

    switch (state_of(&self->in)) {
    case LANE_DONE:
        return take(self, &self->in, memory, len);
    case LANE_BUSY:
        return -EAGAIN;
    default:
        break;
    }
    if (!find_memory(self, &self->in))
        return -ENOMEM;
    error = start(self, &self->in, &read_work);
    if (error == 0)
        return -EAGAIN;
    free_memory(self, &self->in);
    return error;
}

/* ---- writing ---- */

bool eddy__pooled_is_writing(const eddy__pooled *self)
{
    return state_of(&self->out) != LANE_IDLE;
}

/* 0, or how the last job has failed; then the lane is idle. */
static int64_t settle(eddy__pooled *self)
{
    int64_t result;

    if (state_of(&self->out) != LANE_DONE)
        return 0;
    result = self->out.result;
    free_memory(self, &self->out);
    eddy__atomic_store(&self->out.state, LANE_IDLE, memory_order_relaxed); /* there is no job */
    return result < 0 ? result : 0;
}

static size_t gather(pooled_lane *lane, const eddy_bytes *parts, size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count && len < LANE_BYTES; i++) {
        size_t part = parts[i].len < LANE_BYTES - len ? parts[i].len : LANE_BYTES - len;

        if (part > 0) /* an empty one may be nowhere */
            memcpy(lane->memory + len, parts[i].data, part);
        len += part;
    }
    return len;
}

int64_t eddy__pooled_write(eddy__pooled *self, const eddy_bytes *parts, size_t count)
{
    int64_t failed = settle(self);
    int error;

    if (failed != 0)
        return failed;
    if (state_of(&self->out) == LANE_BUSY)
        return -EAGAIN;
    if (count == 0)
        return 0;
    if (!find_memory(self, &self->out))
        return -ENOMEM;
    self->out.len = (uint32_t)gather(&self->out, parts, count);
    error = start(self, &self->out, &write_work);
    if (error == 0)
        return (int64_t)self->out.len;
    free_memory(self, &self->out);
    return error;
}
