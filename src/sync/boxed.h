/* SPDX-License-Identifier: MIT */
/*
 * boxed.h - the futures beside the poll forms: one struct for all of them, and a type for each.
 */
#ifndef EDDY__SYNC_BOXED_H
#define EDDY__SYNC_BOXED_H

#include "sync/queue.h"

/* What a poll form is called with. */
struct eddy__boxed {
    eddy_future frame;
    void *object;
    const void *in;
    void *out;
    uint32_t need;
    eddy_ticket ticket;
};

/* The initialiser of a type: its poll, and its name in reports. */
#define EDDY__BOXED_TYPE(poll_form, name)                                                          \
    {                                                                                              \
        (poll_form), eddy__boxed_done, sizeof(struct eddy__boxed), (name), NULL                    \
    }

/* A boxed future of the type; the arguments are `of`'s. */
eddy_future *eddy__boxed_new(eddy_handle *handle, const eddy_type *type, struct eddy__boxed of);
/* Nothing to do: a ticket that is in line was disarmed before. */
void eddy__boxed_done(eddy_future *future);

static inline struct eddy__boxed *eddy__boxed_of(eddy_future *future)
{
    return (struct eddy__boxed *)(void *)future;
}

#endif
