/* SPDX-License-Identifier: MIT */
/*
 * with.c - an item for each item, made by a future. One at a time: while the future runs, or what it
 * has made waits to be taken, the next item is refused.
 */
#include <string.h>

#include "eddy/sink_adapt.h"
#include "sink/sink.h"

struct with_sink {
    eddy__maker maker;
    eddy_future *(*make)(void *arg, eddy_handle *handle, const void *item, void *out);
    void *arg;
    eddy_future *future; /* a child; NULL: none runs */
};

static eddy_result run(struct with_sink *self, eddy_task *task)
{
    eddy_result result = eddy__owned_poll(&self->maker.over.sink.frame, &self->future, task);

    if (result < 0)
        return result;
    self->maker.holds = true;
    return 0;
}

/* 0: room for an item. */
static eddy_result with_pass(eddy_sink *sink, eddy_task *task)
{
    struct with_sink *self = (struct with_sink *)(void *)sink;
    eddy_result result = eddy__maker_pass(sink, task);

    if (result != 0 || self->future == NULL)
        return result;
    result = run(self, task);
    return result != 0 ? result : eddy__maker_pass(sink, task);
}

static eddy_result with_send(eddy_sink *sink, eddy_task *task, const void *item)
{
    struct with_sink *self = (struct with_sink *)(void *)sink;
    eddy__maker *maker = &self->maker;
    eddy_result result = with_pass(sink, task);

    if (result != 0)
        return result;
    memcpy(maker->in, item, sink->item_bytes);
    self->future = self->make(self->arg, eddy_task_handle(task), maker->in, maker->out);
    EDDY_ASSERT(self->future != NULL, "the function of eddy_sink_with gives no future");
    eddy_future_adopt(&sink->frame, self->future);
    return eddy__maker_taken(maker, with_pass(sink, task));
}

static const eddy_sink_type with_type = {
    .base = {eddy_sink_no_future, eddy__maker_done, sizeof(struct with_sink), "sink_with", NULL},
    .start_send = with_send,
    .flush = eddy__over_flush,
    .close = eddy__over_close,
};

eddy_sink *eddy_sink_with(eddy_sink *sink, size_t item_bytes,
                          eddy_future *(*make)(void *arg, eddy_handle *handle, const void *item,
                                               void *out),
                          void *arg)
{
    eddy_sink *outer =
        eddy__maker_new_slow(sink, &with_type, item_bytes, with_pass, "eddy_sink_with");
    struct with_sink *self = (struct with_sink *)(void *)outer;

    if (eddy__sink_is_failed(outer))
        return outer;
    self->make = make;
    self->arg = arg;
    return outer;
}
