/* SPDX-License-Identifier: MIT */
/*
 * eddy/ticket.h - a place in a line: what a task holds while it waits its turn for a lock, a
 * permit, room in a channel.
 *
 * The rules of every line in eddy: who came first is served first, and nobody overtakes those that
 * stand in line. A permit is never given to somebody who sleeps: those whose turn it is are woken,
 * and take it when they are polled. One that is woken and then dropped, or asked to end, passes its
 * turn on to the next; so no drop, at whatever moment, loses a wake. A place belongs to the ticket:
 * whoever stands in line and is not polled any more (see eddy_select_keep()) keeps those behind it
 * waiting, until it is polled, dropped, or leaves.
 *
 * Embed a ticket, all zero, in the frame of the future that waits, and hand the same one to each
 * poll of the same wait. Between two waits it may be used for another object. It must not move
 * while it stands in line, as its frame must not anyway.
 *
 * Two kinds of objects have lines. Those made with a handle are for the tasks of that loop: no
 * lock, no atomic operation, and a loop in which all wait for each other reports a deadlock. Those
 * made with handle NULL are for any task of any loop, and for plain threads by their wait_ forms;
 * while a task waits for one, its loop reports no deadlock, as the wake may come from anywhere.
 */
#ifndef EDDY_TICKET_H
#define EDDY_TICKET_H

#include "eddy/task.h"

EDDY_EXTERN_C_BEGIN

/** A place in a line. All zero: in none. Private members. */
typedef struct eddy_ticket {
    eddy_waiter waiter;
    struct {
        void *prev, *next;
    } in_line;
    struct eddy__line *line; /* NULL: in none */
    struct eddy__gate *gate; /* of a thread that waits */
    eddy_waker waker;        /* of a task that waits, when the object is thread-safe */
    uint32_t need;
    uint32_t state;
} eddy_ticket;

/**
 * Give up the place, or what the ticket holds for a later call (eddy_sender_poll_ready(),
 * eddy_once_poll()); the next in line has its turn. Dropping the future that waits does this by
 * itself: it is only for poll functions that change their mind, or that eddy_within() has told
 * -ETIMEDOUT and that go on.
 * @param self  ticket of the current task; one that is in no line is left alone
 * Thread: the loop of the task that waits. Allocates: no.
 */
EDDY_API void eddy_ticket_leave(eddy_ticket *self);

EDDY_EXTERN_C_END

#endif
