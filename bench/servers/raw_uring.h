/* SPDX-License-Identifier: MIT */
/*
 * raw_uring.h - the hand-written io_uring server: its ring, and the pool of buffers that the kernel
 * receives into.
 *
 * The recipe: one io_uring_enter(2) a turn, for all that is submitted and all that has completed;
 * SINGLE_ISSUER and DEFER_TASKRUN; multishot accept into direct descriptors; multishot receive
 * into a ring of 64 KB buffers that the kernel fills bit by bit (incremental, Linux 6.12), which
 * packs the small messages of many streams side by side; everything that a stream has to send goes
 * out by one send behind the turn, out of the buffers it came into. A pool is walked through from one
 * end to the other however little is in it, so it starts with what the caches hold, 1 MB, and is
 * doubled when it runs dry.
 */
#ifndef BENCH_SERVERS_RAW_URING_H
#define BENCH_SERVERS_RAW_URING_H

#include <liburing.h>
#include <stdbool.h>

#include "common.h"

/* What an operation was, told by its completion beside the object it was for. */
enum op { OP_NOTHING, OP_ACCEPT, OP_RECV, OP_SEND, OP_CONNECT, OP_SHUTDOWN, OP_COUNT };

typedef void op_done(void *object, const struct io_uring_cqe *cqe);

struct mode_hooks {
    op_done *done[OP_COUNT]; /* OP_NOTHING's and OP_ACCEPT's are the loop's */
    void (*accepted)(int slot);
    void (*turn)(void);  /* after each wait; or NULL */
    void (*after)(void); /* behind the completions of a turn */
};

/* An operation to be prepared: it goes out with the turn's, or earlier when the queue is full. */
struct io_uring_sqe *ring_sqe(void);
/* Ring calls that need no completion, once they are prepared. */
void ring_quiet(struct io_uring_sqe *sqe);
void ring_accept(uint16_t port);
void ring_run(const struct mode_hooks *hooks);
/* Submit at once: what the operations so far were given need not live any longer. */
void ring_submit(void);
extern struct io_uring ring;

static inline uint64_t ring_tag(void *object, enum op op)
{
    return (uint64_t)(uintptr_t)object | (uint64_t)op;
}

/* ---- the pool ---- */

#define POOL_GROUP 1
#define POOL_MAX   1024 /* buffers; a power of two */

struct pool_shape {
    unsigned size;  /* of a buffer */
    unsigned first; /* buffers at the start, a power of two */
    unsigned most;  /* and at the end */
};

struct pool_buffer {
    unsigned users; /* views of it, and the kernel while it goes on filling it */
    unsigned used;  /* bytes the kernel has filled */
};

struct pool {
    struct io_uring_buf_ring *ring;
    char *memory;
    struct pool_shape shape;
    unsigned count;     /* buffers there are */
    unsigned given;     /* to the kernel in this turn, but it has not been told yet */
    unsigned at_kernel; /* buffers that it has, or goes on filling */
    struct pool_buffer buffers[POOL_MAX];
};

extern struct pool pool;

/* Newer than Debian 12's headers. */
#define POOL_RING_INCREMENTAL 2u        /* IOU_PBUF_RING_INC */
#define POOL_CQE_MORE         (1u << 4) /* IORING_CQE_F_BUF_MORE */

/* For streams: incremental buffers if the kernel has them, else plain ones, which it says. */
void pool_start_streams(void);
void pool_start(const struct pool_shape *shape);
void pool_grow(void);
void pool_give(unsigned buffer);
/* Tell the kernel of what has been given. */
void pool_publish(void);

static inline unsigned pool_buffer_of(const struct io_uring_cqe *cqe)
{
    return cqe->flags >> IORING_CQE_BUFFER_SHIFT;
}

/* The bytes that came; they stay until pool_drop(). */
static inline char *pool_take(const struct io_uring_cqe *cqe)
{
    unsigned id = pool_buffer_of(cqe);
    struct pool_buffer *buffer = &pool.buffers[id];
    char *bytes = pool.memory + (size_t)id * pool.shape.size + buffer->used;

    buffer->used += (unsigned)cqe->res;
    /* When the kernel is through with a buffer its part in it becomes the taker's. */
    if (cqe->flags & POOL_CQE_MORE)
        buffer->users++;
    else
        pool.at_kernel--;
    return bytes;
}

static inline void pool_drop(unsigned buffer)
{
    if (--pool.buffers[buffer].users == 0)
        pool_give(buffer);
}

/* A completion without bytes may have used up a buffer, too. */
static inline void pool_take_nothing(const struct io_uring_cqe *cqe)
{
    if (!(cqe->flags & IORING_CQE_F_BUFFER) || (cqe->flags & POOL_CQE_MORE))
        return;
    pool.at_kernel--;
    pool_drop(pool_buffer_of(cqe));
}

void raw_uring_echo(const struct server_args *args);
void raw_uring_http(const struct server_args *args);
void raw_uring_udp(const struct server_args *args);
void raw_uring_proxy(const struct server_args *args);
void raw_uring_source(const struct server_args *args);

#endif
