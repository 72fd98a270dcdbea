/* SPDX-License-Identifier: MIT */
/*
 * source.c - the futures that others are put on: ready, lazy, loop, which are chains from the
 * beginning; never and poll_fn.
 */
#include "future/future.h"

/* ---- chains ---- */

eddy_future *eddy_ready(eddy_handle *handle, eddy_result value)
{
    eddy_core *core = handle->core;
    eddy__chain *self;

    eddy__core_check(core, "eddy_ready");
    EDDY_ASSERT(value != EDDY_PENDING, "eddy_ready is given EDDY_PENDING: see eddy_never()");
    self = eddy__chain_new(core, &eddy__ready_type, value);
    return self != NULL ? &self->frame : eddy__future_failed(core);
}

/* A chain of nothing but a callback. */
static eddy_future *made_by(eddy_handle *handle, const eddy_type *type, eddy_result value,
                            const eddy__step *step, const char *verb)
{
    eddy_core *core = handle->core;
    eddy__chain *self;

    eddy__core_check(core, verb);
    self = eddy__chain_new(core, type, value);
    return self != NULL ? eddy__chain_add(&self->frame, *step, verb) : eddy__future_failed(core);
}

eddy_future *eddy_lazy(eddy_handle *handle, eddy_future *(*make)(void *arg, eddy_handle *handle),
                       void *arg)
{
    const eddy__step step = {
        .fn.make = make, .arg = arg, .action = EDDY__STEP_MAKE, .on = EDDY__ON_BOTH};

    return made_by(handle, &eddy__lazy_type, 0, &step, "eddy_lazy");
}

eddy_future *eddy_loop(eddy_handle *handle, eddy_future *(*body)(void *arg, eddy_handle *handle),
                       void *arg)
{
    const eddy__step step = {.fn.make = body, .arg = arg, .action = EDDY__STEP_LOOP};

    return made_by(handle, &eddy__loop_type, EDDY_CONTINUE, &step, "eddy_loop");
}

/* ---- never ---- */

struct never {
    EDDY_FRAME;
    eddy_waiter waiter;
};

static const eddy_wait_type never_wait = {.why = "never"};

static eddy_result never_poll(eddy_future *future, eddy_task *task)
{
    struct never *self = (struct never *)(void *)future;

    return eddy_waiter_park(&self->waiter, task, &never_wait);
}

static const eddy_type never_type = {
    .poll = never_poll,
    .done = eddy__done_nothing,
    .size_bytes = sizeof(struct never),
    .name = "never",
};

eddy_future *eddy_never(eddy_handle *handle)
{
    struct never *self;

    eddy__core_check(handle->core, "eddy_never");
    self = eddy__future_new(handle->core, &never_type);
    return self != NULL ? &self->frame : eddy__future_failed(handle->core);
}

/* ---- poll_fn ---- */

struct poll_fn {
    EDDY_FRAME;
    eddy_result (*poll)(void *arg, eddy_task *task);
    void *arg;
};

static eddy_result poll_fn_poll(eddy_future *future, eddy_task *task)
{
    struct poll_fn *self = (struct poll_fn *)(void *)future;

    return self->poll(self->arg, task);
}

static const eddy_type poll_fn_type = {
    .poll = poll_fn_poll,
    .done = eddy__done_nothing,
    .size_bytes = sizeof(struct poll_fn),
    .name = "poll_fn",
};

eddy_future *eddy_poll_fn(eddy_handle *handle, eddy_result (*poll)(void *arg, eddy_task *task),
                          void *arg)
{
    struct poll_fn *self;

    eddy__core_check(handle->core, "eddy_poll_fn");
    self = eddy__future_new(handle->core, &poll_fn_type);
    if (self == NULL)
        return eddy__future_failed(handle->core);
    self->poll = poll;
    self->arg = arg;
    return &self->frame;
}
