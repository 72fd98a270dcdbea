/* SPDX-License-Identifier: MIT */
/*
 * over.c - sinks that are given or lent to others, what adaptors of one sink have in common, and
 * memory for items.
 */
#include "sink/sink.h"

/* ---- given and lent ---- */

eddy_core *eddy__lent_core(const eddy_future *frame, const char *verb)
{
    if ((frame->state & EDDY__FUTURE_STATIC) != 0)
        return NULL;
    EDDY_ASSERT((frame->state & EDDY__FUTURE_BOXED) != 0,
                "%s is given '%s', which is not boxed: eddy_sink_box() it first", verb,
                frame->type->name);
    EDDY_ASSERT((frame->state & EDDY__FUTURE_ENDED) == 0, "%s is given '%s' after its drop", verb,
                frame->type->name);
    return eddy__boxed_core(frame);
}

eddy_core *eddy__given_core(const eddy_future *frame, const char *verb)
{
    EDDY_ASSERT((frame->state & EDDY__FUTURE_LINKED) == 0,
                "%s is given '%s', which another future has taken over or polls", verb,
                frame->type->name);
    return eddy__lent_core(frame, verb);
}

/* One that was lent before has been polled: it is beyond eddy_future_adopt(). */
void eddy__given_adopt(eddy_future *parent, eddy_future *frame)
{
    if ((frame->state & EDDY__FUTURE_STATIC) != 0)
        return;
    if ((frame->state & EDDY__FUTURE_STARTED) != 0)
        eddy__future_begin_child(parent, frame);
    else
        eddy_future_adopt(parent, frame);
}

/* ---- memory for items ---- */

void *eddy__items_new(eddy_core *core, size_t item_bytes, size_t count)
{
    if (core->gone || count > SIZE_MAX / 2 / item_bytes)
        return NULL;
    return eddy__slab_alloc(&core->slab, item_bytes * count);
}

eddy_sink *eddy__sink_with_room(eddy_sink *self, unsigned char **room, size_t item_bytes,
                                size_t count)
{
    eddy_core *core = eddy__boxed_core(&self->frame);

    *room = eddy__items_new(core, item_bytes, count);
    if (*room != NULL)
        return self;
    eddy_sink_drop(self, NULL);
    return eddy__sink_failed(core);
}

void eddy__items_free(const eddy_future *owner, void *items, size_t item_bytes, size_t count)
{
    if (items != NULL)
        eddy__core_object_free(eddy__boxed_core(owner), items, item_bytes * count);
}

/* ---- in front of another ---- */

eddy_sink *eddy__over_new(eddy_sink *inner, const eddy_sink_type *type, size_t item_bytes,
                          const char *verb)
{
    eddy_core *core = eddy__given_core(&inner->frame, verb);
    bool same = item_bytes == EDDY__SAME_ITEMS;
    eddy__over *self;

    if (core == NULL)
        return inner;
    eddy__core_check(core, verb);
    self = eddy__sink_new(core, type, same ? inner->item_bytes : item_bytes);
    if (self == NULL) {
        eddy_sink_drop(inner, NULL);
        return eddy__sink_failed(core);
    }
    if (same)
        self->sink.drop_item = inner->drop_item;
    self->inner = inner;
    eddy__given_adopt(&self->sink.frame, &inner->frame);
    return &self->sink;
}

/* What it holds goes first; then the same with the inner sink. */
static eddy_result pass_then(eddy_sink *sink, eddy_task *task,
                             eddy_result (*poll)(eddy_sink *inner, eddy_task *task))
{
    eddy__over *self = (eddy__over *)(void *)sink;
    eddy_result result = self->pass != NULL ? self->pass(sink, task) : 0;

    return result != 0 ? result : poll(self->inner, task);
}

eddy_result eddy__over_flush(eddy_sink *self, eddy_task *task)
{
    return pass_then(self, task, eddy_sink_poll_flush);
}

eddy_result eddy__over_close(eddy_sink *self, eddy_task *task)
{
    return pass_then(self, task, eddy_sink_poll_close);
}

/* ---- in front of another, holding one item for it ---- */

eddy_sink *eddy__maker_new(eddy_sink *inner, const eddy_sink_type *type, size_t item_bytes,
                           const char *verb)
{
    size_t out_bytes = inner->item_bytes;
    void (*drop_out)(void *item) = inner->drop_item;
    eddy_sink *sink = eddy__over_new(inner, type, item_bytes, verb);
    eddy__maker *self = (eddy__maker *)(void *)sink;

    if (eddy__sink_is_failed(sink))
        return sink;
    self->over.pass = eddy__maker_pass;
    self->out_bytes = out_bytes;
    self->drop_out = drop_out;
    return eddy__sink_with_room(sink, &self->out, out_bytes, 1);
}

eddy_sink *eddy__maker_new_slow(eddy_sink *inner, const eddy_sink_type *type, size_t item_bytes,
                                eddy_result (*pass)(eddy_sink *self, eddy_task *task),
                                const char *verb)
{
    eddy_sink *sink = eddy__maker_new(inner, type, item_bytes, verb);
    eddy__maker *self = (eddy__maker *)(void *)sink;

    if (eddy__sink_is_failed(sink))
        return sink;
    self->over.pass = pass;
    return eddy__sink_with_room(sink, &self->in, item_bytes, 1);
}

eddy_result eddy__maker_pass(eddy_sink *sink, eddy_task *task)
{
    eddy__maker *self = (eddy__maker *)(void *)sink;
    eddy_result result = self->error;

    self->error = 0;
    if (result != 0 || !self->holds)
        return result;
    result = eddy_sink_poll_send(self->over.inner, task, self->out);
    if (result == EDDY_PENDING || eddy__is_request(result))
        return result;
    self->holds = false;
    if (result < 0)
        eddy__item_drop(self->drop_out, self->out);
    return result;
}

void eddy__maker_done(eddy_future *frame)
{
    eddy__maker *self = (eddy__maker *)(void *)frame;

    if (self->holds)
        eddy__item_drop(self->drop_out, self->out);
    eddy__items_free(frame, self->out, self->out_bytes, 1);
    eddy__items_free(frame, self->in, self->over.sink.item_bytes, 1);
}
