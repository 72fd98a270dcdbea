/* SPDX-License-Identifier: MIT */
/*
 * flat_map.c - any number of items for each item, given by a stream, one of which is in hand at most.
 */
#include <string.h>

#include "eddy/sink_adapt.h"
#include "sink/sink.h"

struct flat_map_sink {
    eddy__maker maker;
    eddy_stream *(*make)(void *arg, eddy_handle *handle, const void *item);
    void *arg;
    eddy_stream *stream; /* a child; NULL: the last one has ended */
};

/* At its end, or when it could not be made. */
static void end_stream(struct flat_map_sink *self, eddy_task *task)
{
    eddy_stream_drop(self->stream, task);
    self->stream = NULL;
}

/* The next item of the stream. 0: it is in hand, or there is none any more. */
static eddy_result take(struct flat_map_sink *self, eddy_task *task)
{
    eddy_result result = eddy_stream_poll_next(self->stream, task, self->maker.out);

    if (result > 0)
        self->maker.holds = true;
    else if (result == 0 || (result != EDDY_PENDING && eddy__stream_is_failed(self->stream)))
        end_stream(self, task);
    return result > 0 ? 0 : result;
}

/* 0: the stream has ended, and the inner sink has all its items. */
static eddy_result pass_all(eddy_sink *sink, eddy_task *task)
{
    struct flat_map_sink *self = (struct flat_map_sink *)(void *)sink;
    eddy_result result = eddy__maker_pass(sink, task);

    while (result == 0 && self->stream != NULL) {
        result = take(self, task);
        if (result == 0)
            result = eddy__maker_pass(sink, task);
        if (result == 0 && !eddy__task_spend(task))
            return eddy__task_yield(task);
    }
    return result;
}

static eddy_result flat_map_send(eddy_sink *sink, eddy_task *task, const void *item)
{
    struct flat_map_sink *self = (struct flat_map_sink *)(void *)sink;
    eddy__maker *maker = &self->maker;
    eddy_result result = pass_all(sink, task);

    if (result != 0)
        return result;
    memcpy(maker->in, item, sink->item_bytes);
    self->stream = self->make(self->arg, eddy_task_handle(task), maker->in);
    EDDY_ASSERT(self->stream != NULL, "the function of eddy_sink_with_flat_map gives no stream");
    EDDY_ASSERT(eddy__stream_is_failed(self->stream) ||
                    self->stream->item_bytes == maker->out_bytes,
                "the function of eddy_sink_with_flat_map gives items of %zu bytes to a sink of %zu",
                self->stream->item_bytes, maker->out_bytes);
    if (self->stream->drop_item != NULL)
        maker->drop_out = self->stream->drop_item;
    eddy__given_adopt(&sink->frame, &self->stream->frame);
    return eddy__maker_taken(maker, pass_all(sink, task));
}

static const eddy_sink_type flat_map_type = {
    .base = {eddy_sink_no_future, eddy__maker_done, sizeof(struct flat_map_sink),
             "sink_with_flat_map", NULL},
    .start_send = flat_map_send,
    .flush = eddy__over_flush,
    .close = eddy__over_close,
};

eddy_sink *eddy_sink_with_flat_map(eddy_sink *sink, size_t item_bytes,
                                   eddy_stream *(*make)(void *arg, eddy_handle *handle,
                                                        const void *item),
                                   void *arg)
{
    eddy_sink *outer =
        eddy__maker_new_slow(sink, &flat_map_type, item_bytes, pass_all, "eddy_sink_with_flat_map");
    struct flat_map_sink *self = (struct flat_map_sink *)(void *)outer;

    if (eddy__sink_is_failed(outer))
        return outer;
    self->make = make;
    self->arg = arg;
    return outer;
}
