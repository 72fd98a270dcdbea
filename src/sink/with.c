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
    unsigned char *item; /* what it is made of */
};

static eddy_result run(struct with_sink *self, eddy_task *task)
{
    eddy_result result = eddy_future_poll_child(&self->maker.over.sink.frame, self->future, task);

    if (result == EDDY_PENDING)
        return EDDY_PENDING;
    self->future = NULL;
    if (result < 0)
        return result;
    self->maker.holds = true;
    return 0;
}

/* 0: room for an item. */
static eddy_result with_pass(struct with_sink *self, eddy_task *task)
{
    eddy_result result = eddy__maker_pass(&self->maker, task);

    if (result != 0 || self->future == NULL)
        return result;
    result = run(self, task);
    return result != 0 ? result : eddy__maker_pass(&self->maker, task);
}

static eddy_result with_send(eddy_sink *sink, eddy_task *task, const void *item)
{
    struct with_sink *self = (struct with_sink *)(void *)sink;
    eddy_result result = with_pass(self, task);

    if (result != 0)
        return result;
    memcpy(self->item, item, sink->item_bytes);
    self->future = self->make(self->arg, eddy_task_handle(task), self->item, self->maker.out);
    EDDY_ASSERT(self->future != NULL, "the function of eddy_sink_with gives no future");
    eddy_future_adopt(&sink->frame, self->future);
    return eddy__maker_taken(&self->maker, with_pass(self, task));
}

static eddy_result with_flush(eddy_sink *sink, eddy_task *task)
{
    eddy_result result = with_pass((struct with_sink *)(void *)sink, task);

    return result != 0 ? result : eddy__over_flush(sink, task);
}

static eddy_result with_close(eddy_sink *sink, eddy_task *task)
{
    eddy_result result = with_pass((struct with_sink *)(void *)sink, task);

    return result != 0 ? result : eddy__over_close(sink, task);
}

static void with_done(eddy_future *frame)
{
    struct with_sink *self = (struct with_sink *)(void *)frame;

    eddy__items_free(frame, self->item, self->maker.over.sink.item_bytes, 1);
    eddy__maker_done(&self->maker);
}

static const eddy_sink_type with_type = {
    .base = {eddy_sink_no_future, with_done, sizeof(struct with_sink), "sink_with", NULL},
    .start_send = with_send,
    .flush = with_flush,
    .close = with_close,
};

eddy_sink *eddy_sink_with(eddy_sink *sink, size_t item_bytes,
                          eddy_future *(*make)(void *arg, eddy_handle *handle, const void *item,
                                               void *out),
                          void *arg)
{
    eddy_sink *outer = eddy__maker_new(sink, &with_type, item_bytes, "eddy_sink_with");
    struct with_sink *self = (struct with_sink *)(void *)outer;
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
