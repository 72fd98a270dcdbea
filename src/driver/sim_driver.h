/* SPDX-License-Identifier: MIT */
/*
 * sim_driver.h - what the files of the simulated driver share. Nobody else includes it.
 *
 *   sim.c        open, close, attach, detach, credit
 *   sim_ready.c  slots that are told of their readiness alone
 *   sim_io.c     receiving, connecting, accepting, and the events that this makes
 *   sim_send.c   sending
 *   sim_wait.c   the wait: who is served, in which order, and how time goes on
 *
 * Where the other drivers ask a kernel, this one asks the machine room of src/sim. The room tells
 * that a socket has changed; what it is ready for is asked each time, so nothing is latched here.
 * A slot that may have something to give is in the queue, one that lacks a buffer in the FIFO of
 * the starved; it may be in both, as it need not lack a buffer for what else it has to tell.
 *
 * What the contract leaves open is left to the room's dice: how much a read gives, how much the
 * system takes, whether a send finishes at once, how many slots a wait serves and in which order.
 */
#ifndef EDDY__SIM_DRIVER_H
#define EDDY__SIM_DRIVER_H

#include "driver/driver.h"
#include "driver/slots.h"

/* slot->state */
enum {
    EDDY__SIMULATED_OVER = 1 << 0,         /* end or error has been told, or connecting failed */
    EDDY__SIMULATED_HANGUP_TOLD = 1 << 1,  /* EDDY__HANGUP has been told */
    EDDY__SIMULATED_BLOCKED = 1 << 2,      /* a send is in flight */
    EDDY__SIMULATED_PUT_OFF = 1 << 3,      /* and its time has not come */
    EDDY__SIMULATED_CONNECTING = 1 << 4,   /* the room is connecting */
    EDDY__SIMULATED_CONNECT_DONE = 1 << 5, /* it failed at once, slot->result tells how */
    EDDY__SIMULATED_STOPPED = 1 << 6,      /* listener: accepting failed, credit() goes on */
    EDDY__SIMULATED_DETACHED = 1 << 7,     /* EDDY__ENDED is due */
    EDDY__SIMULATED_CHANGED = 1 << 8,      /* readiness: there may be something new to tell */
};

typedef struct eddy__simulated eddy__simulated;

/* What the driver knows of a slot besides the slot: one for each index, made when it is first
 * used, so that nothing after attach() needs memory. */
typedef struct eddy__simulated_record {
    eddy__sim_watcher watcher;
    eddy__sim_event later; /* when a send that was put off goes on */
    eddy__simulated *driver;
    eddy__slot *slot;
    eddy__node queued;  /* in driver->queue, or alone */
    eddy__node starved; /* in driver->starved, or alone */
    uint32_t parts_n;   /* of a send in flight that the room has not been offered yet */
    eddy__iov parts[EDDY__IOV_MAX];
} eddy__simulated_record;

struct eddy__simulated {
    eddy__driver base;
    const eddy_allocator *allocator;
    eddy__pool *pool;
    eddy__sim *sim;
    eddy__sim_host *host;
    eddy__slots slots;
    eddy__simulated_record **records; /* by the index of the slot */
    uint32_t records_n;
    uint32_t room_min;          /* a block with less room than this is full */
    uint32_t used;              /* bytes of `block` that have been received into */
    eddy__block *block;         /* where the next bytes go; one reference is held */
    bool waiting;               /* inside wait(): it looks at the queue before it returns */
    bool left_over;             /* the last wait did not get through the queue */
    eddy__node queue;           /* records of slots that may have something to give */
    eddy__node starved;         /* records of those that lack a buffer, first come first served */
    eddy__event *out, *out_end; /* room left in the caller's array, during wait() */
};

static inline eddy__simulated_record *eddy__simulated_record_of(const eddy__simulated *self,
                                                                const eddy__slot *slot)
{
    return self->records[slot->index];
}

static inline bool eddy__simulated_full(const eddy__simulated *self)
{
    return self->out == self->out_end;
}

/* sim.c */
void eddy__simulated_enqueue(eddy__simulated_record *);
/* Would serving the slot give an event? */
bool eddy__simulated_has_work(const eddy__simulated *, const eddy__slot *);
/* Is there something to read, or somebody to accept? */
bool eddy__simulated_is_readable(const eddy__simulated *, const eddy__slot *);

/* sim_io.c */
void eddy__simulated_connect(eddy__driver *, eddy__slot *, const eddy_addr *to);
eddy__event *eddy__simulated_emit(eddy__simulated *, eddy__slot *, eddy__event_type,
                                  int32_t result);
/* Take the pending error of the socket: 0 or -errno. */
int eddy__simulated_take_error(eddy__simulated *, const eddy__slot *);
/* Turn what the slot is ready for into events; queue it when more is left. */
void eddy__simulated_serve(eddy__simulated *, eddy__simulated_record *);
/* The same for one that was starved, when there is a buffer. */
void eddy__simulated_revive(eddy__simulated *, eddy__simulated_record *);
/* Make sure that `block` has room. False: the pool is dry. */
bool eddy__simulated_find_room(eddy__simulated *);

/* sim_ready.c */
/* Turn what has changed into an event, if it shows. */
void eddy__simulated_tell_ready(eddy__simulated *, eddy__slot *);

/* sim_send.c */
eddy_result eddy__simulated_send(eddy__driver *, eddy__slot *, const eddy__iov *iov, uint32_t n);
int eddy__simulated_shutdown(eddy__driver *, eddy__slot *);
/* Tell what a send that is in flight has come to, when it has. */
void eddy__simulated_finish_send(eddy__simulated *, eddy__simulated_record *);

/* sim_wait.c */
int eddy__simulated_wait(eddy__driver *, int64_t deadline_ns, eddy__event *events,
                         uint32_t events_max);

#endif
