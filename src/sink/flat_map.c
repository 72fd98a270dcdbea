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
    unsigned char *item; /* what it is made of */
};

/* At its end, or when it could not be made. */
static void end_stream(struct flat_map_sink *self, eddy_task *task)
{
    if (!eddy__stream_is_failed(self->stream))
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
static eddy_result pass_all(struct flat_map_sink *self, eddy_task *task)
{
    eddy_result result = eddy__maker_pass(&self->maker, task);

    while (result == 0 && self->stream != NULL) {
        if (!eddy__task_spend(task))
            return eddy__task_yield(task);
        result = take(self, task);
        if (result == 0)
            result = eddy__maker_pass(&self->maker, task);
    }
    return result;
}

static eddy_result flat_map_send(eddy_sink *sink, eddy_task *task, const void *item)
{
    struct flat_map_sink *self = (struct flat_map_sink *)(void *)sink;
    eddy_result result = pass_all(self, task);

    if (result != 0)
        return result;
    memcpy(self->item, item, sink->item_bytes);
    self->stream = self->make(self->arg, eddy_task_handle(task), self->item);
    EDDY_ASSERT(self->stream != NULL, "the function of eddy_sink_with_flat_map gives no stream");
    EDDY_ASSERT(eddy__stream_is_failed(self->stream) ||
                    self->stream->item_bytes == self->maker.out_bytes,
                "the function of eddy_sink_with_flat_map gives items of %zu bytes to a sink of %zu",
                self->stream->item_bytes, self->maker.out_bytes);
    if (self->stream->drop_item != NULL)
        self->maker.drop_out = self->stream->drop_item;
    eddy__given_adopt(&sink->frame, &self->stream->frame);
    return eddy__maker_taken(&self->maker, pass_all(self, task));
}

static eddy_result flat_map_flush(eddy_sink *sink, eddy_task *task)
{
    eddy_result result = pass_all((struct flat_map_sink *)(void *)sink, task);

    return result != 0 ? result : eddy__over_flush(sink, task);
}

static eddy_result flat_map_close(eddy_sink *sink, eddy_task *task)
{
    eddy_result result = pass_all((struct flat_map_sink *)(void *)sink, task);

    return result != 0 ? result : eddy__over_close(sink, task);
}

static void flat_map_done(eddy_future *frame)
{
    struct flat_map_sink *self = (struct flat_map_sink *)(void *)frame;

    eddy__items_free(frame, self->item, self->maker.over.sink.item_bytes, 1);
    eddy__maker_done(&self->maker);
}

static const eddy_sink_type flat_map_type = {
    .base = {eddy_sink_no_future, flat_map_done, sizeof(struct flat_map_sink), "sink_with_flat_map",
             NULL},
    .start_send = flat_map_send,
    .flush = flat_map_flush,
    .close = flat_map_close,
};

eddy_sink *eddy_sink_with_flat_map(eddy_sink *sink, size_t item_bytes,
                                   eddy_stream *(*make)(void *arg, eddy_handle *handle,
                                                        const void *item),
                                   void *arg)
{
    eddy_sink *outer = eddy__maker_new(sink, &flat_map_type, item_bytes, "eddy_sink_with_flat_map");
    struct flat_map_sink *self = (struct flat_map_sink *)(void *)outer;
    eddy_core *core;

    if (eddy__sink_is_failed(outer))
        return outer;
    core = eddy__boxed_core(&outer->frame);
    self->make = make;
    self->arg = arg;
    self->item = eddy__items_new(core, item_bytes, 1);
    if (self->item != NULL)
        return outer;
    eddy_sink_drop(outer, NULL);
    return eddy__sink_failed(core);
}
