/* SPDX-License-Identifier: MIT */
/*
 * fanout.c - each item to two sinks. What one of them does not take at once is kept, one item for
 * both, and until both have it the next is refused: the pace is that of the slower one.
 */
#include <string.h>

#include "eddy/sink_adapt.h"
#include "sink/sink.h"

struct side {
    eddy_sink *sink;   /* a child from the beginning */
    eddy_result error; /* to be told next; 0: none */
    bool owed;         /* has not taken the item that is kept */
};

struct fanout_sink {
    eddy_sink sink;
    struct side sides[2];
    unsigned char *item;
};

/* The item is lost to a side that fails on it; a request to end loses nothing. */
static void give(struct side *side, eddy_task *task, const void *item)
{
    eddy_result result = eddy_sink_poll_send(side->sink, task, item);

    side->owed = result == EDDY_PENDING || eddy__is_request(result);
    if (result != EDDY_PENDING)
        side->error = result;
}

/* The error that a side has met, told once. */
static eddy_result take_error(struct fanout_sink *self)
{
    for (int i = 0; i < 2; i++) {
        eddy_result error = self->sides[i].error;

        self->sides[i].error = 0;
        if (error != 0)
            return error;
    }
    return 0;
}

/* 0: both have what was taken. */
static eddy_result settle(struct fanout_sink *self, eddy_task *task)
{
    eddy_result error = take_error(self);

    if (error != 0)
        return error;
    for (int i = 0; i < 2; i++)
        if (self->sides[i].owed)
            give(&self->sides[i], task, self->item);
    error = take_error(self);
    if (error != 0)
        return error;
    return self->sides[0].owed || self->sides[1].owed ? EDDY_PENDING : 0;
}

static eddy_result fanout_send(eddy_sink *sink, eddy_task *task, const void *item)
{
    struct fanout_sink *self = (struct fanout_sink *)(void *)sink;
    eddy_result result = settle(self, task);

    if (result != 0)
        return result;
    give(&self->sides[0], task, item);
    give(&self->sides[1], task, item);
    if (self->sides[0].owed || self->sides[1].owed)
        memcpy(self->item, item, sink->item_bytes);
    return 0;
}

/* The same with both sides, whatever the other says: 0 when both have it, else the first error (a second
 * one is told next) or pending. */
static eddy_result with_both(struct fanout_sink *self, eddy_task *task,
                             eddy_result (*poll)(eddy_sink *sink, eddy_task *task))
{
    eddy_result result = settle(self, task);
    eddy_result other;

    if (result != 0)
        return result;
    result = poll(self->sides[0].sink, task);
    other = poll(self->sides[1].sink, task);
    if (!eddy_is_error(result))
        return other != 0 ? other : result;
    if (eddy_is_error(other))
        self->sides[1].error = other;
    return result;
}

static eddy_result fanout_flush(eddy_sink *sink, eddy_task *task)
{
    return with_both((struct fanout_sink *)(void *)sink, task, eddy_sink_poll_flush);
}

static eddy_result fanout_close(eddy_sink *sink, eddy_task *task)
{
    return with_both((struct fanout_sink *)(void *)sink, task, eddy_sink_poll_close);
}

static void fanout_done(eddy_future *frame)
{
    struct fanout_sink *self = (struct fanout_sink *)(void *)frame;

    eddy__items_free(frame, self->item, self->sink.item_bytes, 1);
}

static const eddy_sink_type fanout_type = {
    .base = {eddy_sink_no_future, fanout_done, sizeof(struct fanout_sink), "sink_fanout", NULL},
    .start_send = fanout_send,
    .flush = fanout_flush,
    .close = fanout_close,
};

static eddy_sink *give_up(eddy_core *core, eddy_sink *a, eddy_sink *b)
{
    eddy_sink_drop(a, NULL);
    eddy_sink_drop(b, NULL);
    return eddy__sink_failed(core);
}

eddy_sink *eddy_sink_fanout(eddy_sink *a, eddy_sink *b)
{
    eddy_core *core = eddy__given_core(&a->frame, "eddy_sink_fanout");
    eddy_core *core_b = eddy__given_core(&b->frame, "eddy_sink_fanout");
    struct fanout_sink *self;

    if (core == NULL || core_b == NULL) {
        eddy_sink_drop(core == NULL ? b : a, NULL);
        return core == NULL ? a : b;
    }
    eddy__core_check(core, "eddy_sink_fanout");
    EDDY_ASSERT(a->item_bytes == b->item_bytes,
                "eddy_sink_fanout is given sinks of items of %zu and of %zu bytes", a->item_bytes,
                b->item_bytes);
    self = eddy__sink_new(core, &fanout_type, a->item_bytes);
    if (self == NULL)
        return give_up(core, a, b);
    self->sides[0].sink = a;
    self->sides[1].sink = b;
    self->item = eddy__items_new(core, a->item_bytes, 1);
    if (self->item == NULL) {
        eddy_sink_drop(&self->sink, NULL);
        return give_up(core, a, b);
    }
    eddy__given_adopt(&self->sink.frame, &a->frame);
    eddy__given_adopt(&self->sink.frame, &b->frame);
    return &self->sink;
}
