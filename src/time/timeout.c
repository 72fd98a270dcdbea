/* SPDX-License-Identifier: MIT */
/*
 * timeout.c - a time limit around a whole future, which is dropped when the time is over. The inner
 * future is polled first, and the deadline is looked at in the same poll: neither a busy inner
 * future nor a spent budget hides it.
 */
#include "eddy/time.h"
#include "reactor/core.h"
#include "time/sleep.h"

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
    result = eddy__limit_poll(&self->limit, task);
    if (result == EDDY_PENDING)
        return EDDY_PENDING;
    eddy_future_drop_child(future, self->inner, task);
    self->inner = NULL;
    return result;
}

/* An inner future that was never polled is no child yet. */
static eddy_future *timeout_take_child(eddy_future *future)
{
    struct eddy_timeout *self = (struct eddy_timeout *)(void *)future;
    eddy_future *inner = self->limit.started ? NULL : self->inner;

    self->inner = NULL;
    return inner;
}

const eddy_type eddy_timeout_type = {
    .poll = timeout_poll,
    .done = eddy__done_nothing,
    .size_bytes = sizeof(struct eddy_timeout),
    .name = "timeout",
    .take_child = timeout_take_child,
};
