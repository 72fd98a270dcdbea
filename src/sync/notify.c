/* SPDX-License-Identifier: MIT */
/*
 * notify.c - notifications without content: the units of a line that keeps one when nobody waits.
 *
 * notify_one adds a unit, which goes the way of all units: promised to the first in line, passed on
 * if that one goes. notify_waiters lets go of the whole line; those need no unit.
 */
#include "eddy/notify.h"

#include "sync/ask.h"
#include "sync/boxed.h"

struct eddy_notify {
    eddy__sync sync;
    eddy__line line;
};

int eddy_notify_new(eddy_handle *handle, const eddy_allocator *allocator, eddy_notify **out)
{
    int error;
    eddy_notify *self = eddy__sync_new(handle, allocator, "eddy_notify", sizeof *self, &error);

    if (self == NULL)
        return error;
    eddy__line_init(&self->line, &self->sync, 0);
    self->line.keep_max = 1;
    *out = self;
    return 0;
}

void eddy_notify_free(eddy_notify *self)
{
    if (self != NULL)
        eddy__line_free_object(&self->line, "eddy_notify_free");
}

static bool notify_ready(const eddy__ask *ask)
{
    return eddy__ticket_was_let_go(ask->ticket) || eddy__line_ready(ask->line, ask->ticket, 1);
}

static eddy_result notify_take(eddy__ask *ask, eddy__wakeups *wakeups)
{
    (void)wakeups;
    if (!eddy__ticket_was_let_go(ask->ticket))
        eddy__line_take(ask->line, ask->ticket, 1);
    return 0;
}

static const eddy__ask_type notify_type = {
    .wait = EDDY__ASK_WAIT("notify"),
    .verb = "eddy_notify_wait",
    .ready = notify_ready,
    .take = notify_take,
};

static eddy__ask asking(eddy_notify *self, eddy_ticket *ticket)
{
    return (eddy__ask){.type = &notify_type, .line = &self->line, .ticket = ticket, .need = 1};
}

eddy_result eddy_notify_poll(eddy_notify *self, eddy_task *task, eddy_ticket *ticket)
{
    eddy__ask ask = asking(self, ticket);

    return eddy__ask_poll(&ask, task);
}

int eddy_notify_try(eddy_notify *self)
{
    eddy__ask ask = asking(self, NULL);

    return (int)eddy__ask_try(&ask);
}

void eddy_notify_wait(eddy_notify *self)
{
    eddy__ask ask = asking(self, NULL);

    (void)eddy__ask_wait(&ask);
}

void eddy_notify_one(eddy_notify *self)
{
    eddy__wakeups wakeups;

    eddy__wakeups_init(&wakeups);
    eddy__sync_lock(&self->sync);
    eddy__line_add(&self->line, 1, &wakeups);
    eddy__sync_leave(&self->sync, &wakeups);
}

/* Those who were notified one by one need no more. */
void eddy_notify_waiters(eddy_notify *self)
{
    eddy__wakeups wakeups;

    eddy__wakeups_init(&wakeups);
    eddy__sync_lock(&self->sync);
    eddy__wakeups_rest(&wakeups, &self->line);
    eddy__sync_leave(&self->sync, &wakeups);
}

/* ---- as a future ---- */

static eddy_result notified_poll(eddy_future *future, eddy_task *task)
{
    struct eddy__boxed *self = eddy__boxed_of(future);

    return eddy_notify_poll(self->object, task, &self->ticket);
}

static const eddy_type notified_future = EDDY__BOXED_TYPE(notified_poll, "notified");

eddy_future *eddy_notified(eddy_handle *handle, eddy_notify *notify)
{
    return eddy__boxed_new(handle, &notified_future, (struct eddy__boxed){.object = notify});
}
