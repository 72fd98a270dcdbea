/* SPDX-License-Identifier: MIT */
/*
 * fuse.c - a future that may be polled after its end. Not a future itself: the end of a future is the
 * end of its memory, when it is boxed.
 */
#include "eddy/compose.h"
#include "reactor/core.h"

static const eddy_wait_type fuse_wait = {.why = "fuse: ended"};

/* A request to end is left to whatever else is polled: this is pending for ever. */
static eddy_result wait_for_ever(eddy_fuse *self, eddy_task *task)
{
    eddy_result result;

    eddy_task_shield(task, true);
    result = eddy_waiter_park(&self->ended, task, &fuse_wait);
    eddy_task_shield(task, false);
    return result;
}

eddy_result eddy_fuse_poll(eddy_fuse *self, eddy_task *task)
{
    eddy_result result;

    if (self->inner == NULL)
        return wait_for_ever(self, task);
    result = eddy_future_poll_child(task->at, self->inner, task);
    if (result != EDDY_PENDING)
        self->inner = NULL;
    return result;
}

bool eddy_fuse_is_done(const eddy_fuse *self)
{
    return self->inner == NULL;
}
