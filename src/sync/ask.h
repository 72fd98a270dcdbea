/* SPDX-License-Identifier: MIT */
/*
 * ask.h - the three ways to ask an object for something: poll it from a task, try, or block a
 * thread. An object says what is to be had by two functions, under its lock: is it there, and take
 * it.
 */
#ifndef EDDY__SYNC_ASK_H
#define EDDY__SYNC_ASK_H

#include "sync/queue.h"

typedef struct eddy__ask eddy__ask;

typedef struct eddy__ask_type {
    eddy_wait_type wait; /* `disarm` is eddy__ticket_disarm */
    const char *verb;    /* of the form that blocks, for messages */
    /* Is there an answer, be it an error? Changes nothing. */
    bool (*ready)(const eddy__ask *ask);
    /* Take it; ready was true. Whom that concerns goes to `wakeups`. */
    eddy_result (*take)(eddy__ask *ask, eddy__wakeups *wakeups);
    /* Not NULL: take() may make the ticket a holder (eddy__line_hold()), which then is armed as
       this while the task goes on, so that a drop gives back what it holds. */
    const eddy_wait_type *held;
    bool by_last; /* it is whoever comes last that finds it ready: not to be counted in line */
} eddy__ask_type;

/* A question, on the stack of whoever asks. */
struct eddy__ask {
    const eddy__ask_type *type;
    eddy__line *line;    /* where to wait */
    eddy_ticket *ticket; /* NULL: try */
    void *object;
    const void *in;
    void *out;
    uint32_t need; /* units; 1 */
};

#define EDDY__ASK_WAIT(why)                                                                        \
    {                                                                                              \
        (why), eddy__ticket_disarm, false                                                          \
    }

/* What take() gave; EDDY_PENDING, -ECANCELED, -ENOMEM. */
eddy_result eddy__ask_poll(eddy__ask *ask, eddy_task *task);
/* What take() gave, or -EAGAIN. */
eddy_result eddy__ask_try(eddy__ask *ask);
/* Blocks; the object is thread-safe (asserted). What take() gave. */
eddy_result eddy__ask_wait(eddy__ask *ask);

#endif
