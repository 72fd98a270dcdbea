/* SPDX-License-Identifier: MIT */
/*
 * source.c - streams out of memory and out of poll functions. A source is a leaf: it spends a unit of
 * budget before each item, when nothing has changed yet. One that calls the user's code for its items
 * notes what it has paid for, because that code may find the budget spent by its own leaves.
 */
#include <string.h>

#include "eddy/stream_function.h"
#include "eddy/stream_source.h"
#include "stream/stream.h"

/* ---- array ---- */

struct array {
    eddy_stream stream;
    const unsigned char *at;
    size_t left;
};

static eddy_result array_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct array *self = (struct array *)(void *)stream;

    if (self->left == 0)
        return 0;
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    memcpy(item, self->at, stream->item_bytes);
    self->at += stream->item_bytes;
    self->left--;
    return 1;
}

static const eddy_stream_type array_type = {
    .base = {eddy_stream_no_future, eddy__done_nothing, sizeof(struct array), "stream_array", NULL},
    .poll_next = array_next,
};

eddy_stream *eddy_stream_array(eddy_handle *handle, const void *items, size_t count,
                               size_t item_bytes)
{
    struct array *self = eddy__stream_new_source(handle, &array_type, item_bytes);

    if (self == NULL)
        return eddy__stream_failed(handle->core);
    self->at = items;
    self->left = count;
    return &self->stream;
}

/* ---- repeat ---- */

struct repeat {
    eddy_stream stream;
    eddy_core *core;
    void *item;
};

static eddy_result repeat_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct repeat *self = (struct repeat *)(void *)stream;

    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    memcpy(item, self->item, stream->item_bytes);
    return 1;
}

static void repeat_done(eddy_future *frame)
{
    struct repeat *self = (struct repeat *)(void *)frame;

    if (self->item != NULL)
        eddy__core_object_free(self->core, self->item, self->stream.item_bytes);
}

static const eddy_stream_type repeat_type = {
    .base = {eddy_stream_no_future, repeat_done, sizeof(struct repeat), "stream_repeat", NULL},
    .poll_next = repeat_next,
};

eddy_stream *eddy_stream_repeat(eddy_handle *handle, const void *item, size_t item_bytes)
{
    eddy_core *core = handle->core;
    struct repeat *self = eddy__stream_new_source(handle, &repeat_type, item_bytes);

    if (self == NULL)
        return eddy__stream_failed(core);
    self->core = core;
    self->item = eddy__slab_alloc(&core->slab, item_bytes);
    if (self->item == NULL) {
        eddy_future_drop(&self->stream.frame);
        return eddy__stream_failed(core);
    }
    memcpy(self->item, item, item_bytes);
    return &self->stream;
}

/* ---- empty ---- */

static eddy_result empty_next(eddy_stream *stream, eddy_task *task, void *item)
{
    (void)stream;
    (void)task;
    (void)item;
    return 0;
}

static const eddy_stream_type empty_type = {
    .base = {eddy_stream_no_future, eddy__done_nothing, sizeof(eddy_stream), "stream_empty", NULL},
    .poll_next = empty_next,
};

eddy_stream *eddy_stream_empty(eddy_handle *handle, size_t item_bytes)
{
    eddy_stream *self = eddy__stream_new_source(handle, &empty_type, item_bytes);

    return self != NULL ? self : eddy__stream_failed(handle->core);
}

/* ---- functions ---- */

eddy_result eddy__stream_resume(eddy_stream *stream, eddy_task *task)
{
    if (stream->frame.line == UINT32_MAX)
        return 0; /* it ended with an error, which was told */
    if ((stream->state & EDDY__STREAM_PAID) != 0)
        return 1;
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    stream->state |= EDDY__STREAM_PAID;
    return 1;
}

eddy_result eddy__stream_emitted(eddy_stream *stream, eddy_result result)
{
    EDDY_ASSERT(
        result <= 0 || stream->frame.line != UINT32_MAX,
        "stream function '%s' ends with %lld: it ends with 0 or an error, items are handed out "
        "by EDDY_EMIT()",
        stream->frame.type->name, (long long)result);
    if (result != EDDY_PENDING)
        stream->state &= ~(uint32_t)EDDY__STREAM_PAID;
    return result;
}

struct poll_fn {
    eddy_stream stream;
    eddy_result (*poll)(void *arg, eddy_task *task, void *item);
    void *arg;
};

static eddy_result poll_fn_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct poll_fn *self = (struct poll_fn *)(void *)stream;
    eddy_result ready = eddy__stream_resume(stream, task);

    if (ready <= 0)
        return ready;
    return eddy__stream_emitted(stream, self->poll(self->arg, task, item));
}

static const eddy_stream_type poll_fn_type = {
    .base = {eddy_stream_no_future, eddy__done_nothing, sizeof(struct poll_fn), "stream_poll_fn",
             NULL},
    .poll_next = poll_fn_next,
};

eddy_stream *eddy_stream_poll_fn(eddy_handle *handle, size_t item_bytes,
                                 eddy_result (*poll)(void *arg, eddy_task *task, void *item),
                                 void *arg)
{
    struct poll_fn *self = eddy__stream_new_source(handle, &poll_fn_type, item_bytes);

    if (self == NULL)
        return eddy__stream_failed(handle->core);
    self->poll = poll;
    self->arg = arg;
    return &self->stream;
}
