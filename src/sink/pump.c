/* SPDX-License-Identifier: MIT */
/*
 * pump.c - all items of a stream into a sink. One item is in hand at most: the one that the stream has
 * given and the sink not taken yet.
 */
#include "eddy/sink_adapt.h"
#include "reactor/loan.h"
#include "sink/sink.h"

struct pump {
    eddy_future frame;
    eddy_stream *stream;
    eddy_sink *sink;
    eddy_waiter guard;
    void *item;
    size_t item_bytes;
    void (*drop_item)(void *item);
    bool lent;    /* both ends are; else they are children from the beginning */
    bool in_hand; /* *item is something */
    bool closing; /* the stream has ended */
    bool hungry;  /* the stream has spent all the budget and given nothing: the sink comes first */
};

static struct pump *pump_of(eddy_future *frame)
{
    return (struct pump *)(void *)frame;
}

/* Nothing to send right now: have what was sent go on its way. */
static eddy_result flush_meanwhile(struct pump *self, eddy_task *task)
{
    eddy_result result = eddy_sink_poll_flush(self->sink, task);

    return eddy_is_error(result) ? result : EDDY_PENDING;
}

/* Get an item in hand. 0: it is, or the stream has ended. */
static eddy_result take(struct pump *self, eddy_task *task)
{
    bool had_budget = task->budget > 0;
    eddy_result result = eddy_stream_poll_next(self->stream, task, self->item);

    if (result == EDDY_PENDING) {
        self->hungry = had_budget && task->budget == 0;
        return flush_meanwhile(self, task);
    }
    self->in_hand = result > 0;
    self->closing = result == 0;
    return result < 0 ? result : 0;
}

static eddy_result pump(struct pump *self, eddy_task *task)
{
    if (self->hungry) {
        eddy_result result = flush_meanwhile(self, task);

        self->hungry = false;
        if (result != EDDY_PENDING)
            return result;
    }
    while (!self->closing) {
        eddy_result result;

        if (self->in_hand) {
            result = eddy_sink_poll_send(self->sink, task, self->item);
            if (result != 0)
                return result;
            self->in_hand = false;
            if (!eddy__task_spend(task))
                return eddy__task_yield(task);
        }
        result = take(self, task);
        if (result != 0)
            return result;
    }
    return eddy_sink_poll_close(self->sink, task);
}

static eddy_result pump_lent(struct pump *self, eddy_task *task)
{
    uint32_t of_stream = eddy__loan_begin(&self->stream->frame);
    uint32_t of_sink = eddy__loan_begin(&self->sink->frame);
    eddy_result result = pump(self, task);

    eddy__loan_end(&self->sink->frame, of_sink);
    eddy__loan_end(&self->stream->frame, of_stream);
    if (result == EDDY_PENDING)
        result = eddy__loan_park(&self->guard, task);
    if (result == EDDY_PENDING)
        return EDDY_PENDING;
    eddy__loan_return(&self->stream->frame, task);
    eddy__loan_return(&self->sink->frame, task);
    return result;
}

static eddy_result pump_poll(eddy_future *frame, eddy_task *task)
{
    struct pump *self = pump_of(frame);

    return self->lent ? pump_lent(self, task) : pump(self, task);
}

static eddy_future *pump_take_child(eddy_future *frame)
{
    struct pump *self = pump_of(frame);

    if (self->lent) {
        eddy__loan_dropped(&self->stream->frame, &self->guard);
        eddy__loan_dropped(&self->sink->frame, &self->guard);
    }
    return NULL;
}

static void pump_done(eddy_future *frame)
{
    struct pump *self = pump_of(frame);

    if (self->in_hand)
        eddy__item_drop(self->drop_item, self->item);
    eddy__items_free(frame, self->item, self->item_bytes, 1);
}

static const eddy_type forward_type = {pump_poll, pump_done, sizeof(struct pump), "stream_forward",
                                       pump_take_child};
static const eddy_type send_all_type = {pump_poll, pump_done, sizeof(struct pump), "sink_send_all",
                                        pump_take_child};

/* NULL: no memory. */
static struct pump *pump_new(eddy_core *core, const eddy_type *type, eddy_stream *stream,
                             eddy_sink *sink)
{
    struct pump *self;

    eddy__core_check(core, type->name);
    EDDY_ASSERT(eddy__stream_is_failed(stream) || stream->item_bytes == sink->item_bytes,
                "%s: stream '%s' gives items of %zu bytes, sink '%s' takes items of %zu",
                type->name, stream->frame.type->name, stream->item_bytes, sink->frame.type->name,
                sink->item_bytes);
    self = eddy__future_new(core, type);
    if (self == NULL)
        return NULL;
    self->stream = stream;
    self->sink = sink;
    self->lent = type == &send_all_type;
    self->drop_item = stream->drop_item != NULL ? stream->drop_item : sink->drop_item;
    self->item_bytes = sink->item_bytes;
    self->item = eddy__items_new(core, self->item_bytes, 1);
    if (self->item != NULL)
        return self;
    eddy_future_drop(&self->frame);
    return NULL;
}

eddy_future *eddy_sink_send_all(eddy_sink *sink, eddy_stream *stream)
{
    eddy_core *core = eddy__lent_core(&sink->frame, "eddy_sink_send_all");
    struct pump *self;

    (void)eddy__lent_core(&stream->frame, "eddy_sink_send_all");
    if (core == NULL)
        return eddy__sink_failed_future(sink);
    self = pump_new(core, &send_all_type, stream, sink);
    return self != NULL ? &self->frame : eddy__future_failed(core);
}

static void drop_both(eddy_stream *stream, eddy_sink *sink)
{
    eddy_stream_drop(stream, NULL);
    eddy_sink_drop(sink, NULL);
}

eddy_future *eddy_stream_forward(eddy_stream *stream, eddy_sink *sink)
{
    eddy_core *core = eddy__given_core(&sink->frame, "eddy_stream_forward");
    struct pump *self = NULL;

    (void)eddy__given_core(&stream->frame, "eddy_stream_forward");
    if (core != NULL)
        self = pump_new(core, &forward_type, stream, sink);
    if (self == NULL) {
        eddy_future *failed =
            core != NULL ? eddy__future_failed(core) : eddy__sink_failed_future(sink);

        drop_both(stream, sink);
        return failed;
    }
    eddy__given_adopt(&self->frame, &sink->frame);
    eddy__given_adopt(&self->frame, &stream->frame);
    return &self->frame;
}
