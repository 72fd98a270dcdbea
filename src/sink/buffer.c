/* SPDX-License-Identifier: MIT */
/*
 * buffer.c - a queue of items in front of a sink: a ring of fixed size, so that sending allocates
 * nothing.
 */
#include <string.h>

#include "eddy/sink_adapt.h"
#include "sink/sink.h"

struct buffer_sink {
    eddy__over over;
    unsigned char *ring;
    size_t size, first, count; /* in items */
};

static unsigned char *at(const struct buffer_sink *self, size_t index)
{
    return self->ring + (self->first + index) % self->size * self->over.sink.item_bytes;
}

/* 0: the inner sink has taken all. */
static eddy_result pass(eddy_sink *sink, eddy_task *task)
{
    struct buffer_sink *self = (struct buffer_sink *)(void *)sink;

    while (self->count > 0) {
        eddy_result result;

        result = eddy_sink_poll_send(self->over.inner, task, at(self, 0));
        if (result == EDDY_PENDING || eddy__is_request(result))
            return result;
        if (result < 0)
            eddy__item_drop(self->over.sink.drop_item, at(self, 0));
        self->first = (self->first + 1) % self->size;
        self->count--;
        if (result < 0)
            return result;
        if (self->count > 0 && !eddy__task_spend(task))
            return eddy__task_yield(task);
    }
    return 0;
}

static eddy_result buffer_send(eddy_sink *sink, eddy_task *task, const void *item)
{
    struct buffer_sink *self = (struct buffer_sink *)(void *)sink;
    eddy_result result = pass(sink, task);

    if (result == 0)
        result = eddy_sink_poll_send(self->over.inner, task, item);
    if (result != EDDY_PENDING || self->count == self->size)
        return result;
    memcpy(at(self, self->count++), item, sink->item_bytes);
    return 0;
}

static void buffer_done(eddy_future *frame)
{
    struct buffer_sink *self = (struct buffer_sink *)(void *)frame;

    for (size_t i = 0; i < self->count; i++)
        eddy__item_drop(self->over.sink.drop_item, at(self, i));
    eddy__items_free(frame, self->ring, self->over.sink.item_bytes, self->size);
}

static const eddy_sink_type buffer_type = {
    .base = {eddy_sink_no_future, buffer_done, sizeof(struct buffer_sink), "sink_buffer", NULL},
    .start_send = buffer_send,
    .flush = eddy__over_flush,
    .close = eddy__over_close,
};

eddy_sink *eddy_sink_buffer(eddy_sink *sink, size_t items)
{
    struct buffer_sink *self;
    eddy_sink *outer;

    if (items == 0)
        return sink;
    outer = eddy__over_new(sink, &buffer_type, EDDY__SAME_ITEMS, "eddy_sink_buffer");
    if (eddy__sink_is_failed(outer))
        return outer;
    self = (struct buffer_sink *)(void *)outer;
    self->over.pass = pass;
    self->size = items;
    return eddy__sink_with_room(outer, &self->ring, outer->item_bytes, items);
}
