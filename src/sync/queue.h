/* SPDX-License-Identifier: MIT */
/*
 * queue.h - lines of tickets, which all objects of this layer are made of.
 *
 * A line has units to be taken (permits, room, a lock); tickets stand in it in the order in which
 * they came, each with the number of units that it needs. Its front part is woken: as many tickets,
 * in order, as the units that are there suffice for. Those units are promised, not given: the
 * line's invariant is promised <= units, so that a woken ticket that is polled finds what it came
 * for, and a ticket that goes without taking hands its promise on to the next. A newcomer takes
 * units only when nobody in line waits for more, and beyond what is promised.
 *
 * Lines of those who wait for a condition (an item, a change, an end) have no units: all are let go
 * when it may hold, look again, and stand in line anew if it does not.
 *
 * Everything here happens under the object's lock. Who is to be woken is gathered in eddy__wakeups
 * and woken by eddy__sync_leave() after the lock: a wake of another thread, or of another loop, is
 * made without it. A woken ticket may be gone by then, so what is kept for the wake is a copy.
 */
#ifndef EDDY__SYNC_QUEUE_H
#define EDDY__SYNC_QUEUE_H

#include "eddy/ticket.h"
#include "sync/object.h"

/* eddy_ticket.state */
enum {
    EDDY__TICKET_IDLE,   /* in no line */
    EDDY__TICKET_QUEUED, /* waits */
    EDDY__TICKET_WOKEN,  /* waits, and what it needs is promised to it */
    EDDY__TICKET_LET_GO, /* was taken out of line by eddy__wakeups_all() */
    EDDY__TICKET_HOLDS,  /* has taken what it needs, and gives it back unless it is used */
};

typedef struct eddy__line {
    eddy__sync *sync;
    eddy__node tickets;  /* those that are woken come first */
    eddy__node *next_up; /* the first that is not woken; &tickets: none */
    uint64_t units;      /* that are there */
    uint64_t promised;   /* of them, to those that are woken */
    uint64_t keep_max;   /* of those not promised, kept when nobody waits; the rest is forgotten */
    uint32_t length;     /* tickets in `tickets` */
    uint32_t users;      /* tickets that are not idle */
    bool single;         /* one at a time may stand in it (asserted) */
} eddy__line;

/* Who is to be woken when the lock is left. */
typedef struct eddy__wakeups {
    eddy__node all;   /* tickets that were let go */
    eddy__line *line; /* whose front part may have grown; NULL: none */
} eddy__wakeups;

void eddy__line_init(eddy__line *self, eddy__sync *sync, uint64_t units);

/* May whoever has this ticket (NULL: none) take `need` units now? */
bool eddy__line_ready(const eddy__line *self, const eddy_ticket *ticket, uint32_t need);
/* Take them; ready was true. The ticket is idle then, but still the line's:
 * eddy__ticket_detach(). */
void eddy__line_take(eddy__line *self, eddy_ticket *ticket, uint32_t need);
/* Stand in line, at its end; a ticket that is in it stays where it is. */
void eddy__line_join(eddy__line *self, eddy_ticket *ticket, uint32_t need);
/* The ticket, which is idle, becomes a holder of what it has just taken. */
void eddy__line_hold(eddy__line *self, eddy_ticket *ticket, uint32_t need);
/* More units; `wakeups` will wake whom they suffice for. */
void eddy__line_add(eddy__line *self, uint32_t units, eddy__wakeups *wakeups);

static inline void eddy__wakeups_init(eddy__wakeups *self)
{
    eddy__list_init(&self->all);
    self->line = NULL;
}

/* Let go of all that stand in line now, woken or not. */
void eddy__wakeups_all(eddy__wakeups *self, eddy__line *line);
/* Let go of those that are not woken. */
void eddy__wakeups_rest(eddy__wakeups *self, eddy__line *line);
/* Unlock, and wake. */
void eddy__sync_leave(eddy__sync *sync, eddy__wakeups *wakeups);

/* The ticket has what it came for, or goes without: it is no line's any more. What it needed,
 * promised or held, goes to the next. Returns its waker, to be released without the lock. */
eddy_waker eddy__ticket_detach(eddy_ticket *self, eddy__wakeups *wakeups);
/* The same, with all that belongs to it, but for the waiter: not under the lock. */
void eddy__ticket_withdraw(eddy_ticket *self);
/* `disarm` of all wait types of this layer. */
void eddy__ticket_disarm(eddy_waiter *waiter);

static inline bool eddy__ticket_was_let_go(const eddy_ticket *self)
{
    return self != NULL && self->state == EDDY__TICKET_LET_GO;
}

/* Nobody may be in the line of an object that is freed (asserted). Under the lock. */
void eddy__line_check_empty(const eddy__line *self, const char *verb);
/* The same, then free the object, whose only line it is. */
void eddy__line_free_object(eddy__line *self, const char *verb);

#endif
