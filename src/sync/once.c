/* SPDX-License-Identifier: MIT */
/*
 * once.c - initialisation by one: a line whose only unit is the turn to do it. A task that has the
 * turn holds it by its ticket, armed, so that its drop hands the turn on.
 */
#include "eddy/once.h"

#include "sync/ask.h"
#include "sync/boxed.h"

struct eddy_once {
    eddy__sync sync;
    eddy__line line;
    bool done;
};

int eddy_once_new(eddy_handle *handle, const eddy_allocator *allocator, eddy_once **out)
{
    int error;
    eddy_once *self = eddy__sync_new(handle, allocator, "eddy_once", sizeof *self, &error);

    if (self == NULL)
        return error;
    eddy__line_init(&self->line, &self->sync, 1);
    *out = self;
    return 0;
}

void eddy_once_free(eddy_once *self)
{
    if (self != NULL)
        eddy__line_free_object(&self->line, "eddy_once_free");
}

static bool once_ready(const eddy__ask *ask)
{
    const eddy_once *self = ask->object;

    return self->done || eddy__line_ready(&self->line, ask->ticket, 1);
}

static eddy_result once_take(eddy__ask *ask, eddy__wakeups *wakeups)
{
    eddy_once *self = ask->object;

    (void)wakeups;
    if (self->done)
        return 0;
    eddy__line_take(&self->line, ask->ticket, 1);
    if (ask->type->held != NULL)
        eddy__line_hold(&self->line, ask->ticket, 1);
    return 1;
}

static const eddy_wait_type does_it = EDDY__ASK_WAIT("once: does it");

static const eddy__ask_type once_type = {
    .wait = EDDY__ASK_WAIT("once"),
    .ready = once_ready,
    .take = once_take,
    .held = &does_it,
};

static const eddy__ask_type once_thread_type = {
    .wait = EDDY__ASK_WAIT("once"),
    .verb = "eddy_once_wait",
    .ready = once_ready,
    .take = once_take,
};

static eddy__ask asking(eddy_once *self, const eddy__ask_type *type, eddy_ticket *ticket)
{
    return (eddy__ask){
        .type = type, .line = &self->line, .ticket = ticket, .object = self, .need = 1};
}

eddy_result eddy_once_poll(eddy_once *self, eddy_task *task, eddy_ticket *ticket)
{
    eddy__ask ask = asking(self, &once_type, ticket);

    return eddy__ask_poll(&ask, task);
}

int eddy_once_try(eddy_once *self)
{
    eddy__ask ask = asking(self, &once_thread_type, NULL);

    return (int)eddy__ask_try(&ask);
}

int eddy_once_wait(eddy_once *self)
{
    eddy__ask ask = asking(self, &once_thread_type, NULL);

    return (int)eddy__ask_wait(&ask);
}

static void end_turn(eddy_once *self, eddy__wakeups *wakeups, bool done)
{
    EDDY_ASSERT(!self->done && self->line.units == 0,
                "eddy_once_finish: nobody has the turn to do it");
    if (done) {
        self->done = true;
        eddy__wakeups_all(wakeups, &self->line);
    } else {
        eddy__line_add(&self->line, 1, wakeups);
    }
}

void eddy_once_finish(eddy_once *self, eddy_ticket *ticket, bool done)
{
    eddy__wakeups wakeups;
    eddy_waker waker = {0};

    eddy__wakeups_init(&wakeups);
    eddy__sync_lock(&self->sync);
    EDDY_ASSERT(ticket == NULL || ticket->state == EDDY__TICKET_HOLDS,
                "eddy_once_finish: the ticket does not have the turn to do it");
    end_turn(self, &wakeups, done);
    if (ticket != NULL) {
        ticket->state = EDDY__TICKET_IDLE; /* what it held was dealt with */
        waker = eddy__ticket_detach(ticket, &wakeups);
    }
    eddy__sync_leave(&self->sync, &wakeups);
    eddy_waker_release(&waker);
    if (ticket != NULL)
        eddy_waiter_clear(&ticket->waiter);
}

bool eddy_once_is_done(eddy_once *self)
{
    bool done;

    eddy__sync_lock(&self->sync);
    done = self->done;
    eddy__sync_unlock(&self->sync);
    return done;
}

/* ---- as a future ---- */

struct once_run {
    eddy_future frame;
    eddy_once *once;
    eddy_future *(*make)(void *arg, eddy_handle *handle);
    void *arg;
    eddy_future *inner; /* while it has the turn; made in the poll in which it is polled first */
    eddy_ticket ticket;
};

static eddy_result once_run_poll(eddy_future *future, eddy_task *task)
{
    struct once_run *self = (struct once_run *)(void *)future;
    eddy_result result;

    if (self->inner == NULL) {
        result = eddy_once_poll(self->once, task, &self->ticket);
        if (result != 1)
            return result;
        self->inner = self->make(self->arg, eddy_task_handle(task));
    }
    result = eddy_future_poll_child(future, self->inner, task);
    if (result == EDDY_PENDING)
        return EDDY_PENDING;
    self->inner = NULL;
    eddy_once_finish(self->once, &self->ticket, result >= 0);
    return result < 0 ? result : 0;
}

static const eddy_type once_run_type = {
    .poll = once_run_poll,
    .done = eddy__boxed_done,
    .size_bytes = sizeof(struct once_run),
    .name = "once",
};

eddy_future *eddy_once_run(eddy_handle *handle, eddy_once *once,
                           eddy_future *(*make)(void *arg, eddy_handle *handle), void *arg)
{
    struct once_run *self;

    eddy__core_check(handle->core, "eddy_once_run");
    self = eddy__future_new(handle->core, &once_run_type);
    if (self == NULL)
        return eddy__future_failed(handle->core);
    self->once = once;
    self->make = make;
    self->arg = arg;
    return &self->frame;
}
