/* SPDX-License-Identifier: MIT */
/*
 * next.c - a future of one item, to which the stream is lent: it is handed back however that ends.
 */
#include "eddy/stream_collect.h"
#include "reactor/loan.h"
#include "stream/stream.h"

struct next {
    eddy_future frame;
    eddy_stream *stream; /* borrowed */
    void *item;
    eddy_waiter guard;
};

static eddy_result next_poll(eddy_future *frame, eddy_task *task)
{
    struct next *self = (struct next *)(void *)frame;
    uint32_t linked = eddy__loan_begin(&self->stream->frame);
    eddy_result result = eddy_stream_poll_next(self->stream, task, self->item);

    eddy__loan_end(&self->stream->frame, linked);
    if (result == EDDY_PENDING)
        result = eddy__loan_park(&self->guard, task);
    if (result != EDDY_PENDING)
        eddy__loan_return(&self->stream->frame, task);
    return result;
}

static eddy_future *next_take_child(eddy_future *frame)
{
    struct next *self = (struct next *)(void *)frame;

    eddy__loan_dropped(&self->stream->frame, &self->guard);
    return NULL;
}

static const eddy_type next_type = {
    .poll = next_poll,
    .done = eddy__done_nothing,
    .size_bytes = sizeof(struct next),
    .name = "stream_next",
    .take_child = next_take_child,
};

eddy_future *eddy_stream_next(eddy_handle *handle, eddy_stream *stream, void *item)
{
    struct next *self;

    eddy__core_check(handle->core, "eddy_stream_next");
    if (eddy__stream_is_failed(stream))
        return eddy__stream_failed_future(stream);
    self = eddy__future_new(handle->core, &next_type);
    if (self == NULL)
        return eddy__future_failed(handle->core);
    self->stream = stream;
    self->item = item;
    return &self->frame;
}
