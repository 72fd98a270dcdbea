/* SPDX-License-Identifier: MIT */
/*
 * source.c - what a sink can be made of: three functions, memory.
 */
#include <string.h>

#include "sink/sink.h"

/* ---- functions ---- */

struct fn_sink {
    eddy_sink sink;
    eddy_sink_fns fns;
    void *arg;
    bool flushed; /* on the way to the close */
    bool paid;    /* the item that is being sent has cost its unit of budget */
};

/* Functions that are always ready must not keep the task for ever; those that wait have leaves of their
 * own, which may find the budget spent, so what was paid counts until the item is taken. */
static eddy_result fn_send(eddy_sink *sink, eddy_task *task, const void *item)
{
    struct fn_sink *self = (struct fn_sink *)(void *)sink;
    eddy_result result;

    if (!self->paid && !eddy__task_spend(task))
        return eddy__task_yield(task);
    result = self->fns.send(self->arg, task, item);
    self->paid = result == EDDY_PENDING;
    return result;
}

static eddy_result fn_flush(eddy_sink *sink, eddy_task *task)
{
    const struct fn_sink *self = (const struct fn_sink *)(const void *)sink;

    return self->fns.flush != NULL ? self->fns.flush(self->arg, task) : 0;
}

static eddy_result fn_close(eddy_sink *sink, eddy_task *task)
{
    struct fn_sink *self = (struct fn_sink *)(void *)sink;

    if (!self->flushed) {
        eddy_result result = fn_flush(sink, task);

        if (result != 0)
            return result;
        self->flushed = true;
    }
    return self->fns.close != NULL ? self->fns.close(self->arg, task) : 0;
}

static const eddy_sink_type fn_type = {
    .base = {eddy_sink_no_future, eddy__done_nothing, sizeof(struct fn_sink), "sink_poll_fn", NULL},
    .start_send = fn_send,
    .flush = fn_flush,
    .close = fn_close,
};

eddy_sink *eddy_sink_poll_fn(eddy_handle *handle, size_t item_bytes, const eddy_sink_fns *fns,
                             void *arg)
{
    struct fn_sink *self;

    eddy__core_check(handle->core, "eddy_sink_poll_fn");
    EDDY_ASSERT(fns->send != NULL, "eddy_sink_poll_fn is given no function that sends");
    self = eddy__sink_new(handle->core, &fn_type, item_bytes);
    if (self == NULL)
        return eddy__sink_failed(handle->core);
    self->fns = *fns;
    self->arg = arg;
    return &self->sink;
}

/* ---- memory ---- */

struct array_sink {
    eddy_sink sink;
    unsigned char *memory;
    size_t capacity;
    size_t *count;
};

static eddy_result array_send(eddy_sink *sink, eddy_task *task, const void *item)
{
    const struct array_sink *self = (const struct array_sink *)(const void *)sink;

    if (*self->count == self->capacity)
        return -ENOSPC;
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    memcpy(self->memory + *self->count * sink->item_bytes, item, sink->item_bytes);
    ++*self->count;
    return 0;
}

static const eddy_sink_type array_type = {
    .base = {eddy_sink_no_future, eddy__done_nothing, sizeof(struct array_sink), "sink_array",
             NULL},
    .start_send = array_send,
    .flush = eddy__sink_flush_nothing,
    .close = eddy__sink_flush_nothing,
};

eddy_sink *eddy_sink_array(eddy_handle *handle, void *memory, size_t capacity, size_t item_bytes,
                           size_t *count)
{
    struct array_sink *self;

    eddy__core_check(handle->core, "eddy_sink_array");
    *count = 0;
    self = eddy__sink_new(handle->core, &array_type, item_bytes);
    if (self == NULL)
        return eddy__sink_failed(handle->core);
    self->memory = memory;
    self->capacity = capacity;
    self->count = count;
    return &self->sink;
}
