/* SPDX-License-Identifier: MIT */
/*
 * ready.h - the readiness of one descriptor, and two places to wait for it: what foreign
 * descriptors, datagram sockets and pipes stand on. First member of each of them.
 *
 * Readiness is told by the edge, latched here, and taken back only by whoever has found that it is
 * no longer so: poll; call the system; told -EAGAIN, clear and poll again. What comes between the
 * call and the clear is an event of a later wait(), so nothing is lost.
 */
#ifndef EDDY__READY_H
#define EDDY__READY_H

#include "reactor/core.h"

/* Where a task waits: one may read while another writes. */
typedef enum eddy__side { EDDY__SIDE_READ, EDDY__SIDE_WRITE } eddy__side;

typedef struct eddy__ready {
    eddy__source source;
    uint32_t is;       /* EDDY__IS_*, latched */
    uint32_t wants[2]; /* of the same, that who waits there is woken by */
    eddy_waiter waiters[2];
} eddy__ready;

static inline eddy__ready *eddy__ready_of(eddy__source *source)
{
    return EDDY__CONTAINER(source, eddy__ready, source);
}

/* A source of the type over `fd`, which it closes in the end unless slot.keep_fd is set. 0 or
 * -errno: then the descriptor is the caller's. `is`: what it is taken for until the first event. */
int eddy__ready_new(eddy_core *core, const eddy__source_type *type, int fd, uint32_t is,
                    eddy__ready **out);
/* `event` of the object's source type. */
void eddy__ready_event(eddy__source *source, const eddy__event *event);
/* > 0: those of `wants` that it is (one unit of budget is spent); EDDY_PENDING, or a request to
 * end; EDDY_LOOP_GONE. */
eddy_result eddy__ready_poll(eddy__ready *self, eddy_task *task, eddy__side side, uint32_t wants,
                             const eddy_wait_type *type);
/* It is no longer so. */
static inline void eddy__ready_clear(eddy__ready *self, uint32_t bits)
{
    self->is &= ~bits;
}
/* Whoever waits is woken, to find out why. */
void eddy__ready_wake(eddy__ready *self);
/* The user gives it back: nobody else may wait (asserted). Detaches and releases the source; once
 * the loop is gone from any thread. */
void eddy__ready_free(eddy__ready *self);

#endif
