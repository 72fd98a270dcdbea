/* SPDX-License-Identifier: MIT */
/*
 * send.c - one use of a sink that is lent, as a future: send an item and flush; flush; close.
 */
#include <string.h>

#include "reactor/loan.h"
#include "sink/sink.h"

struct use {
    eddy_future frame;
    eddy_sink *sink; /* lent */
    eddy_waiter guard;
    void *item; /* to be sent yet; NULL: none, any more */
    size_t item_bytes;
    void (*drop_item)(void *item);
    bool closes; /* else: sends what there is to send, and flushes */
};

static struct use *use_of(eddy_future *frame)
{
    return (struct use *)(void *)frame;
}

static void drop_item(struct use *self, bool lost)
{
    if (self->item != NULL && lost)
        eddy__item_drop(self->drop_item, self->item);
    eddy__items_free(&self->frame, self->item, self->item_bytes, 1);
    self->item = NULL;
}

/* After a poll of the sink. */
static eddy_result told(struct use *self, eddy_task *task, eddy_result result)
{
    if (result == EDDY_PENDING)
        result = eddy__loan_park(&self->guard, task);
    if (result != EDDY_PENDING)
        eddy__loan_return(&self->sink->frame, task);
    return result;
}

static eddy_result send_then_flush(struct use *self, eddy_task *task)
{
    if (self->item != NULL) {
        eddy_result result = eddy_sink_poll_send(self->sink, task, self->item);

        if (result != 0)
            return result;
        drop_item(self, false);
    }
    return eddy_sink_poll_flush(self->sink, task);
}

static eddy_result use_poll(eddy_future *frame, eddy_task *task)
{
    struct use *self = use_of(frame);
    uint32_t linked = eddy__loan_begin(&self->sink->frame);
    eddy_result result =
        self->closes ? eddy_sink_poll_close(self->sink, task) : send_then_flush(self, task);

    eddy__loan_end(&self->sink->frame, linked);
    return told(self, task, result);
}

static eddy_future *use_take_child(eddy_future *frame)
{
    struct use *self = use_of(frame);

    eddy__loan_dropped(&self->sink->frame, &self->guard);
    return NULL;
}

static void use_done(eddy_future *frame)
{
    drop_item(use_of(frame), true);
}

static const eddy_type send_type = {use_poll, use_done, sizeof(struct use), "sink_send",
                                    use_take_child};
static const eddy_type flush_type = {use_poll, use_done, sizeof(struct use), "sink_flush",
                                     use_take_child};
static const eddy_type close_type = {use_poll, use_done, sizeof(struct use), "sink_close",
                                     use_take_child};

static struct use *use_new(eddy_sink *sink, const eddy_type *type, const char *verb)
{
    eddy_core *core = eddy__lent_core(&sink->frame, verb);
    struct use *self = NULL;

    if (core != NULL) {
        eddy__core_check(core, verb);
        self = eddy__future_new(core, type);
    }
    if (self == NULL)
        return NULL;
    self->sink = sink;
    self->closes = type == &close_type;
    return self;
}

static eddy_future *given(struct use *self, const eddy_sink *sink)
{
    if (self != NULL)
        return &self->frame;
    return eddy__sink_is_failed(sink) ? eddy__sink_failed_future(sink)
                                      : eddy__future_failed(eddy__boxed_core(&sink->frame));
}

/* What cannot be sent because memory is out is dropped as what cannot be sent later. */
eddy_future *eddy_sink_send(eddy_sink *sink, const void *item)
{
    struct use *self = use_new(sink, &send_type, "eddy_sink_send");

    if (self != NULL) {
        self->item = eddy__items_new(eddy__boxed_core(&self->frame), sink->item_bytes, 1);
        if (self->item != NULL) {
            memcpy(self->item, item, sink->item_bytes);
            self->item_bytes = sink->item_bytes;
            self->drop_item = sink->drop_item;
            return &self->frame;
        }
        eddy_future_drop(&self->frame);
    }
    eddy__item_drop(sink->drop_item, (void *)(uintptr_t)item);
    return given(NULL, sink);
}

eddy_future *eddy_sink_flush(eddy_sink *sink)
{
    return given(use_new(sink, &flush_type, "eddy_sink_flush"), sink);
}

eddy_future *eddy_sink_close(eddy_sink *sink)
{
    return given(use_new(sink, &close_type, "eddy_sink_close"), sink);
}
