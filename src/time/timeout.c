/* SPDX-License-Identifier: MIT */
/*
 * timeout.c - a time limit around a whole future, which is dropped when the time is over. The inner
 * future is polled first, and the deadline is looked at in the same poll: neither a busy inner
 * future nor a spent budget hides it.
 */
#include <errno.h>

#include "eddy/time.h"
#include "reactor/core.h"

/* A cancel request is left to the inner future, which may want to clean up. */
static eddy_result look_at_limit(struct eddy_timeout *self, eddy_task *task)
{
    eddy_result result;

    eddy_task_shield(task, true);
    result = eddy_within(&self->limit, task, EDDY_PENDING);
    eddy_task_shield(task, false);
    return result;
}

static eddy_result timeout_poll(eddy_future *future, eddy_task *task)
{
    struct eddy_timeout *self = (struct eddy_timeout *)(void *)future;
    eddy_result result;

    if (!self->limit.started)
        eddy_sleep_start(&self->limit, task, self->duration_ns);
    result = eddy_future_poll_child(future, self->inner, task);
    if (result != EDDY_PENDING) {
        self->inner = NULL;
        return result;
    }
    result = look_at_limit(self, task);
    if (result == EDDY_PENDING)
        return EDDY_PENDING;
    eddy_future_drop_child(future, self->inner, task);
    self->inner = NULL;
    return result;
}

/* An inner future that was never polled is no child yet. */
static void timeout_done(eddy_future *future)
{
    struct eddy_timeout *self = (struct eddy_timeout *)(void *)future;

    if (self->inner != NULL && !self->limit.started)
        eddy_future_drop(self->inner);
}

const eddy_type eddy_timeout_type = {
    .poll = timeout_poll,
    .done = timeout_done,
    .size_bytes = sizeof(struct eddy_timeout),
    .name = "timeout",
};
