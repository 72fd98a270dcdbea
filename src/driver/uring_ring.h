/* SPDX-License-Identifier: MIT */
/*
 * uring_ring.h - one io_uring: made, mapped, enabled, entered, closed, by raw system calls.
 *
 * A ring is made disabled: any thread may make it, entries may be written, nothing may be
 * submitted. The thread that enables it owns it from then on. This file knows nothing of sockets
 * or slots; the driver (uring.h) and the self-test (uring_probe.c) are its users.
 */
#ifndef EDDY__URING_RING_H
#define EDDY__URING_RING_H

#include "driver/uring_abi.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

typedef struct eddy__uring_ring {
    int fd;               /* -1: closed */
    int enter_fd;         /* what io_uring_enter is given: fd, or a place in the thread's table */
    uint32_t enter_flags; /* goes with every enter */
    uint32_t setup_flags; /* what the kernel took of what was tried */
    uint32_t features;
    bool enabled;

    uint32_t sq_tail;  /* entries written; the kernel learns of it at the next enter */
    uint32_t sq_limit; /* so far the tail may go, as last looked at */
    uint32_t sq_mask;
    eddy__uring_sqe *sqes;
    _Atomic uint32_t *ksq_head, *ksq_tail, *ksq_flags;

    uint32_t cq_head; /* entries read; the kernel learns of it in eddy__uring_ring_seen() */
    uint32_t cq_mask;
    const eddy__uring_cqe *cqes;
    _Atomic uint32_t *kcq_head, *kcq_tail;

    void *rings; /* mapped: both rings */
    size_t rings_bytes, sqes_bytes;
} eddy__uring_ring;

/* Make a ring of up to sq_entries. The best set of flags that the kernel takes, and the largest
 * size that memory limits allow, down to 64. 0 or -errno. */
int eddy__uring_ring_open(eddy__uring_ring *, uint32_t sq_entries, bool without_defer_taskrun);
/* `owner`: the caller is the thread that enabled it, or nobody has. */
void eddy__uring_ring_close(eddy__uring_ring *, bool owner);
/* The calling thread becomes the owner. 0 or -errno. */
int eddy__uring_ring_enable(eddy__uring_ring *);
/* Hand over all that was written and, with GETEVENTS, wait for `min` completions. What
 * io_uring_enter says, or -errno. */
int eddy__uring_ring_enter(eddy__uring_ring *, uint32_t min, uint32_t flags, const void *arg,
                           size_t arg_bytes);
/* The same with a time limit: -ETIME when it was reached. */
int eddy__uring_ring_enter_timeout(eddy__uring_ring *, uint32_t min, int64_t timeout_ns);
int eddy__uring_ring_register(const eddy__uring_ring *, uint32_t opcode, const void *arg,
                              uint32_t n);
/* Register memory of `entries` places as a ring of provided buffers, group 0. 0 or -errno. */
int eddy__uring_ring_add_buffers(const eddy__uring_ring *, eddy__uring_buf *places,
                                 uint32_t entries, uint16_t flags);

/* There is room for an entry, as far as is known without a look. */
static inline bool eddy__uring_ring_has_room(const eddy__uring_ring *self)
{
    return self->sq_tail != self->sq_limit;
}

/* The next entry to write, all zero. There is room for it. */
static inline eddy__uring_sqe *eddy__uring_ring_next(eddy__uring_ring *self)
{
    eddy__uring_sqe *sqe = &self->sqes[self->sq_tail++ & self->sq_mask];

    memset(sqe, 0, sizeof *sqe);
    return sqe;
}

/* The same after a look at how many the kernel has taken; NULL when the ring is full. */
static inline eddy__uring_sqe *eddy__uring_ring_sqe(eddy__uring_ring *self)
{
    /* Acquire pairs with the kernel's release: it has read the entries it says it took. */
    self->sq_limit = atomic_load_explicit(self->ksq_head, memory_order_acquire) + self->sq_mask + 1;
    return eddy__uring_ring_has_room(self) ? eddy__uring_ring_next(self) : NULL;
}

/* Entries written that the kernel has not taken yet. */
static inline uint32_t eddy__uring_ring_unsubmitted(const eddy__uring_ring *self)
{
    return self->sq_tail - atomic_load_explicit(self->ksq_head, memory_order_acquire);
}

/* The flags that the kernel sets for us. Relaxed: they are hints to enter, which orders all. */
static inline uint32_t eddy__uring_ring_flags(const eddy__uring_ring *self)
{
    return atomic_load_explicit(self->ksq_flags, memory_order_relaxed);
}

/* One behind the last completion. Acquire pairs with the kernel's release: they are written. */
static inline uint32_t eddy__uring_ring_cq_tail(const eddy__uring_ring *self)
{
    return atomic_load_explicit(self->kcq_tail, memory_order_acquire);
}

/* Completions up to cq_head have been read. Release pairs with the kernel's acquire: it may write
 * over them now. */
static inline void eddy__uring_ring_seen(eddy__uring_ring *self)
{
    atomic_store_explicit(self->kcq_head, self->cq_head, memory_order_release);
}

/* Put a buffer into place `tail` of a ring of provided buffers with mask + 1 places. */
static inline void eddy__uring_buf_put(eddy__uring_buf *places, uint32_t mask, uint16_t tail,
                                       void *memory, uint32_t len, uint16_t bid)
{
    eddy__uring_buf *place = &places[tail & mask];

    place->addr = (uint64_t)(uintptr_t)memory;
    place->len = len;
    place->bid = bid;
}

/* The kernel may use the buffers up to `tail`. Release pairs with its acquire. */
static inline void eddy__uring_buf_publish(eddy__uring_buf *places, uint16_t tail)
{
    atomic_store_explicit((_Atomic uint16_t *)&places[0].tail, tail, memory_order_release);
}

#endif
