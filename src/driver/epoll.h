/* SPDX-License-Identifier: MIT */
/*
 * epoll.h - what the files of the epoll driver share. Nobody else includes it.
 *
 *   epoll.c        open, close, attach, detach, credit; what a descriptor is registered for
 *   epoll_io.c     the system calls that move something, and the events they make
 *   epoll_wait.c   the wait: what may block and for how long, who is served, in which order
 *
 * epoll tells readiness once (edge-triggered); it is latched into the slot's state and taken back
 * only by a short read, by EAGAIN or at the end. Serving a slot turns latched readiness into
 * events, as far as credit, buffers and room in the caller's array allow; a slot that could give
 * more stays in the queue, one that lacks a buffer in the FIFO of the starved.
 */
#ifndef EDDY__EPOLL_H
#define EDDY__EPOLL_H

#include "driver/driver.h"
#include "driver/slots.h"

#include <sys/epoll.h>
#include <sys/types.h>

/* slot->state */
enum {
    EDDY__EPOLL_READABLE = 1 << 0,     /* there may be something to read */
    EDDY__EPOLL_WRITABLE = 1 << 1,     /* a blocked send or a connect may have moved */
    EDDY__EPOLL_HUNG = 1 << 2,         /* the peer closed or reset: read on until that is seen */
    EDDY__EPOLL_BROKEN = 1 << 3,       /* SO_ERROR may hold an error */
    EDDY__EPOLL_EXACT = 1 << 4,        /* urgent data was seen: a short read says nothing */
    EDDY__EPOLL_OVER = 1 << 5,         /* end or error has been told, or connecting failed */
    EDDY__EPOLL_HANGUP_TOLD = 1 << 6,  /* EDDY__HANGUP has been told */
    EDDY__EPOLL_BLOCKED = 1 << 7,      /* a send is in flight */
    EDDY__EPOLL_CONNECTING = 1 << 8,   /* the kernel is connecting */
    EDDY__EPOLL_CONNECT_DONE = 1 << 9, /* connect(2) finished at once, slot->result tells how */
    EDDY__EPOLL_STOPPED = 1 << 10,     /* listener: accepting failed, credit() goes on */
    EDDY__EPOLL_QUEUED = 1 << 11,      /* in the queue */
    EDDY__EPOLL_STARVED = 1 << 12,     /* in the FIFO of the starved */
    EDDY__EPOLL_DETACHED = 1 << 13,    /* EDDY__ENDED is due */
};

enum {
    EDDY__EPOLL_BATCH = 256,
    /* When one wait() has received so much, the others have their turn in the next: what is received
     * must still be in the cache when it is looked at and sent. */
    EDDY__EPOLL_WAIT_BYTES = 256 * 1024,
};

typedef struct eddy__epoll_list {
    eddy__slot *first, *last;
} eddy__epoll_list;

typedef struct eddy__epoll {
    eddy__driver base;
    const eddy_allocator *allocator;
    eddy__pool *pool;
    eddy__slots slots;
    int epoll_fd;
    int timer_fd;           /* -1: wait with a time-out */
    int wake_fd;            /* the loop's */
    int64_t armed_ns;       /* when the timer goes off; EDDY_FOREVER: it does not */
    bool coarse;            /* epoll_pwait2 is not there: time-outs in milliseconds */
    bool queue_first;       /* the last wait had no room left for the queue */
    bool starved_dirty;     /* a starved slot needs something other than a buffer */
    uint32_t room_min;      /* a block with less room than this is full */
    uint32_t used;          /* bytes of `block` that have been received into */
    eddy__block *block;     /* where the next bytes go; one reference is held */
    eddy__epoll_list queue; /* slots with something to give, or a registration to change */
    eddy__epoll_list starved;
    eddy__event *out, *out_end; /* room left in the caller's array, during wait() */
    uint32_t taken;             /* bytes received in this wait() */
    uint32_t ready_at, ready_count;
    struct epoll_event ready[EDDY__EPOLL_BATCH]; /* fetched; those from ready_at on not yet seen */
} eddy__epoll;

/* epoll.c */
void eddy__epoll_enqueue(eddy__epoll *, eddy__slot *);
/* Register the descriptor for what the slot needs now, unless it is so already. */
void eddy__epoll_sync(eddy__epoll *, eddy__slot *);
/* Is what the slot needs now beyond what it is registered for? */
bool eddy__epoll_unheard(const eddy__slot *);
int64_t eddy__epoll_now(eddy__driver *);

/* epoll_io.c */
eddy_result eddy__epoll_send(eddy__driver *, eddy__slot *, const eddy__iov *iov, uint32_t n);
void eddy__epoll_connect(eddy__driver *, eddy__slot *, const eddy_addr *to);
int eddy__epoll_shutdown(eddy__driver *, eddy__slot *);
/* Turn what is latched in the slot into events; queue it when more is left. */
void eddy__epoll_serve(eddy__epoll *, eddy__slot *);
/* Go on with a stream of which nothing was latched (state 0), after a read that gave `n`: all that
 * there was room for, or nothing. False: it is to be tried again. */
bool eddy__epoll_serve_on(eddy__epoll *, eddy__slot *, ssize_t n);
/* The next block to receive into. False: the pool is dry. */
bool eddy__epoll_next_block(eddy__epoll *);

/* epoll_wait.c */
int eddy__epoll_wait(eddy__driver *, int64_t deadline_ns, eddy__event *events, uint32_t events_max);
/* A loop inside another one: see driver.h. */
int eddy__epoll_expose(eddy__driver *);
bool eddy__epoll_settle(eddy__driver *, int64_t deadline_ns);

/* Make sure that `block` has room. False: the pool is dry. */
static inline bool eddy__epoll_find_room(eddy__epoll *self)
{
    eddy__block *block = self->block;

    if (block == NULL)
        return eddy__epoll_next_block(self);
    if (block->refs == 1)
        self->used = 0; /* all given back: start over while it is warm */
    return block->size_bytes - self->used >= self->room_min || eddy__epoll_next_block(self);
}

/* So many bytes were received to where the block's room begins. */
static inline void eddy__epoll_take_bytes(eddy__epoll *self, eddy__slot *slot, uint32_t n)
{
    eddy__block *block = self->block;

    *self->out++ = (eddy__event){.slot = slot,
                                 .type = EDDY__BYTES,
                                 .result = (int32_t)n,
                                 .block = block,
                                 .at = block->data + self->used};
    block->refs++; /* a pool's block is this thread's alone */
    self->used += n;
    self->taken += n;
    slot->credit -= (int32_t)n;
}

static inline bool eddy__epoll_full(const eddy__epoll *self)
{
    return self->out == self->out_end;
}

static inline void eddy__epoll_append(eddy__epoll_list *list, eddy__slot *slot)
{
    slot->next = NULL;
    if (list->last != NULL)
        list->last->next = slot;
    else
        list->first = slot;
    list->last = slot;
}

/* Take the first slot off a list that is not empty. */
static inline eddy__slot *eddy__epoll_shift(eddy__epoll_list *list)
{
    eddy__slot *slot = list->first;

    list->first = slot->next;
    if (list->first == NULL)
        list->last = NULL;
    return slot;
}

/* Would serving the slot give an event? (A listener is asked by the kernel each time.) */
static inline bool eddy__epoll_has_work(const eddy__slot *slot)
{
    uint32_t state = slot->state;

    if (state & (EDDY__EPOLL_DETACHED | EDDY__EPOLL_CONNECT_DONE))
        return true;
    if (slot->kind == EDDY__SLOT_LISTENER)
        return false;
    if ((state & EDDY__EPOLL_BLOCKED) && (state & (EDDY__EPOLL_WRITABLE | EDDY__EPOLL_BROKEN)))
        return true;
    if (state & (EDDY__EPOLL_CONNECTING | EDDY__EPOLL_OVER))
        return (state & EDDY__EPOLL_CONNECTING) &&
               (state & (EDDY__EPOLL_WRITABLE | EDDY__EPOLL_BROKEN));
    if ((state & EDDY__EPOLL_READABLE) && slot->credit > 0 && !(state & EDDY__EPOLL_STARVED))
        return true;
    return slot->watch &&
           (state & (EDDY__EPOLL_HUNG | EDDY__EPOLL_HANGUP_TOLD)) == EDDY__EPOLL_HUNG;
}

#endif
