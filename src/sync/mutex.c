/* SPDX-License-Identifier: MIT */
/*
 * mutex.c - a lock: a line with one unit.
 */
#include "eddy/mutex.h"

#include "sync/ask.h"
#include "sync/boxed.h"

struct eddy_mutex {
    eddy__sync sync;
    eddy__line line;
};

int eddy_mutex_new(eddy_handle *handle, const eddy_allocator *allocator, eddy_mutex **out)
{
    int error;
    eddy_mutex *self = eddy__sync_new(handle, allocator, "eddy_mutex", sizeof *self, &error);

    if (self == NULL)
        return error;
    eddy__line_init(&self->line, &self->sync, 1);
    *out = self;
    return 0;
}

void eddy_mutex_free(eddy_mutex *self)
{
    if (self != NULL)
        eddy__line_free_object(&self->line, "eddy_mutex_free");
}

static bool lock_ready(const eddy__ask *ask)
{
    return eddy__line_ready(ask->line, ask->ticket, 1);
}

static eddy_result lock_take(eddy__ask *ask, eddy__wakeups *wakeups)
{
    (void)wakeups;
    eddy__line_take(ask->line, ask->ticket, 1);
    return 0;
}

static const eddy__ask_type lock_type = {
    .wait = EDDY__ASK_WAIT("mutex: lock"),
    .verb = "eddy_mutex_wait_lock",
    .ready = lock_ready,
    .take = lock_take,
};

static eddy__ask locking(eddy_mutex *self, eddy_ticket *ticket)
{
    return (eddy__ask){.type = &lock_type, .line = &self->line, .ticket = ticket, .need = 1};
}

eddy_result eddy_mutex_poll_lock(eddy_mutex *self, eddy_task *task, eddy_ticket *ticket)
{
    eddy__ask ask = locking(self, ticket);

    return eddy__ask_poll(&ask, task);
}

int eddy_mutex_try_lock(eddy_mutex *self)
{
    eddy__ask ask = locking(self, NULL);

    return (int)eddy__ask_try(&ask);
}

void eddy_mutex_wait_lock(eddy_mutex *self)
{
    eddy__ask ask = locking(self, NULL);

    (void)eddy__ask_wait(&ask);
}

void eddy_mutex_unlock(eddy_mutex *self)
{
    eddy__wakeups wakeups;

    eddy__wakeups_init(&wakeups);
    eddy__sync_lock(&self->sync);
    EDDY_ASSERT(self->line.units == 0, "eddy_mutex_unlock: the mutex is not locked");
    eddy__line_add(&self->line, 1, &wakeups);
    eddy__sync_leave(&self->sync, &wakeups);
}

/* ---- as a future ---- */

static eddy_result lock_poll(eddy_future *future, eddy_task *task)
{
    struct eddy__boxed *self = eddy__boxed_of(future);

    return eddy_mutex_poll_lock(self->object, task, &self->ticket);
}

static const eddy_type lock_future = EDDY__BOXED_TYPE(lock_poll, "lock");

eddy_future *eddy_lock(eddy_handle *handle, eddy_mutex *mutex)
{
    return eddy__boxed_new(handle, &lock_future, (struct eddy__boxed){.object = mutex});
}
