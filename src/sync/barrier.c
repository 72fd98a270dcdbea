/* SPDX-License-Identifier: MIT */
/*
 * barrier.c - a line that is let go as soon as the last one comes, who does not stand in it.
 */
#include "eddy/barrier.h"

#include <errno.h>

#include "sync/ask.h"
#include "sync/boxed.h"

struct eddy_barrier {
    eddy__sync sync;
    eddy__line line;
    uint32_t count;
};

int eddy_barrier_new(eddy_handle *handle, const eddy_allocator *allocator, uint32_t count,
                     eddy_barrier **out)
{
    eddy_barrier *self;
    int error;

    if (count == 0)
        return -EINVAL;
    self = eddy__sync_new(handle, allocator, "eddy_barrier", sizeof *self, &error);
    if (self == NULL)
        return error;
    eddy__line_init(&self->line, &self->sync, 0);
    self->count = count;
    *out = self;
    return 0;
}

void eddy_barrier_free(eddy_barrier *self)
{
    if (self != NULL)
        eddy__line_free_object(&self->line, "eddy_barrier_free");
}

static bool barrier_ready(const eddy__ask *ask)
{
    const eddy_barrier *self = ask->object;

    if (ask->ticket != NULL && ask->ticket->state != EDDY__TICKET_IDLE)
        return eddy__ticket_was_let_go(ask->ticket);
    return self->line.length == self->count - 1;
}

static eddy_result barrier_take(eddy__ask *ask, eddy__wakeups *wakeups)
{
    if (eddy__ticket_was_let_go(ask->ticket))
        return 0;
    eddy__wakeups_all(wakeups, ask->line);
    return 1;
}

static const eddy__ask_type barrier_type = {
    .wait = EDDY__ASK_WAIT("barrier"),
    .verb = "eddy_barrier_wait",
    .ready = barrier_ready,
    .take = barrier_take,
    .by_last = true,
};

static eddy__ask asking(eddy_barrier *self, eddy_ticket *ticket)
{
    return (eddy__ask){
        .type = &barrier_type, .line = &self->line, .ticket = ticket, .object = self, .need = 1};
}

eddy_result eddy_barrier_poll(eddy_barrier *self, eddy_task *task, eddy_ticket *ticket)
{
    eddy__ask ask = asking(self, ticket);

    return eddy__ask_poll(&ask, task);
}

int eddy_barrier_try(eddy_barrier *self)
{
    eddy__ask ask = asking(self, NULL);

    return (int)eddy__ask_try(&ask);
}

int eddy_barrier_wait(eddy_barrier *self)
{
    eddy__ask ask = asking(self, NULL);

    return (int)eddy__ask_wait(&ask);
}

/* ---- as a future ---- */

static eddy_result pass_poll(eddy_future *future, eddy_task *task)
{
    struct eddy__boxed *self = eddy__boxed_of(future);

    return eddy_barrier_poll(self->object, task, &self->ticket);
}

static const eddy_type pass_future = EDDY__BOXED_TYPE(pass_poll, "barrier");

eddy_future *eddy_barrier_pass(eddy_handle *handle, eddy_barrier *barrier)
{
    return eddy__boxed_new(handle, &pass_future, (struct eddy__boxed){.object = barrier});
}
