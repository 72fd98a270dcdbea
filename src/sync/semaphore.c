/* SPDX-License-Identifier: MIT */
/*
 * semaphore.c - permits: the units of a line.
 */
#include "eddy/semaphore.h"

#include "sync/ask.h"
#include "sync/boxed.h"

#define PERMITS_MAX (UINT64_C(1) << 63)

struct eddy_semaphore {
    eddy__sync sync;
    eddy__line line;
    bool closed;
};

int eddy_semaphore_new(eddy_handle *handle, const eddy_allocator *allocator, uint32_t permits,
                       eddy_semaphore **out)
{
    int error;
    eddy_semaphore *self =
        eddy__sync_new(handle, allocator, "eddy_semaphore", sizeof *self, &error);

    if (self == NULL)
        return error;
    eddy__line_init(&self->line, &self->sync, permits);
    *out = self;
    return 0;
}

void eddy_semaphore_free(eddy_semaphore *self)
{
    if (self != NULL)
        eddy__line_free_object(&self->line, "eddy_semaphore_free");
}

static bool acquire_ready(const eddy__ask *ask)
{
    const eddy_semaphore *self = ask->object;

    return self->closed || eddy__line_ready(&self->line, ask->ticket, ask->need);
}

static eddy_result acquire_take(eddy__ask *ask, eddy__wakeups *wakeups)
{
    eddy_semaphore *self = ask->object;

    (void)wakeups;
    if (self->closed)
        return EDDY_CLOSED;
    eddy__line_take(&self->line, ask->ticket, ask->need);
    return 0;
}

static const eddy__ask_type acquire_type = {
    .wait = EDDY__ASK_WAIT("semaphore: acquire"),
    .verb = "eddy_semaphore_wait_acquire",
    .ready = acquire_ready,
    .take = acquire_take,
};

static eddy__ask acquiring(eddy_semaphore *self, eddy_ticket *ticket, uint32_t permits)
{
    return (eddy__ask){.type = &acquire_type,
                       .line = &self->line,
                       .ticket = ticket,
                       .object = self,
                       .need = permits};
}

eddy_result eddy_semaphore_poll_acquire(eddy_semaphore *self, eddy_task *task, eddy_ticket *ticket,
                                        uint32_t permits)
{
    eddy__ask ask = acquiring(self, ticket, permits);

    return eddy__ask_poll(&ask, task);
}

int eddy_semaphore_try_acquire(eddy_semaphore *self, uint32_t permits)
{
    eddy__ask ask = acquiring(self, NULL, permits);

    return (int)eddy__ask_try(&ask);
}

int eddy_semaphore_wait_acquire(eddy_semaphore *self, uint32_t permits)
{
    eddy__ask ask = acquiring(self, NULL, permits);

    return (int)eddy__ask_wait(&ask);
}

void eddy_semaphore_add(eddy_semaphore *self, uint32_t permits)
{
    eddy__wakeups wakeups;

    eddy__wakeups_init(&wakeups);
    eddy__sync_lock(&self->sync);
    EDDY_ASSERT(self->line.units <= PERMITS_MAX - permits,
                "eddy_semaphore_add: more than 2^63 permits");
    eddy__line_add(&self->line, permits, &wakeups);
    eddy__sync_leave(&self->sync, &wakeups);
}

uint64_t eddy_semaphore_permits(eddy_semaphore *self)
{
    uint64_t permits;

    eddy__sync_lock(&self->sync);
    permits = self->line.units - self->line.promised;
    eddy__sync_unlock(&self->sync);
    return permits;
}

void eddy_semaphore_close(eddy_semaphore *self)
{
    eddy__wakeups wakeups;

    eddy__wakeups_init(&wakeups);
    eddy__sync_lock(&self->sync);
    self->closed = true;
    eddy__wakeups_all(&wakeups, &self->line);
    eddy__sync_leave(&self->sync, &wakeups);
}

/* ---- as a future ---- */

static eddy_result acquire_poll(eddy_future *future, eddy_task *task)
{
    struct eddy__boxed *self = eddy__boxed_of(future);

    return eddy_semaphore_poll_acquire(self->object, task, &self->ticket, self->need);
}

static const eddy_type acquire_future = EDDY__BOXED_TYPE(acquire_poll, "acquire");

eddy_future *eddy_acquire(eddy_handle *handle, eddy_semaphore *semaphore, uint32_t permits)
{
    return eddy__boxed_new(handle, &acquire_future,
                           (struct eddy__boxed){.object = semaphore, .need = permits});
}
