/* SPDX-License-Identifier: MIT */
/*
 * input.c - see input.h. Who holds a stream in the tree: before its first poll take_child lets go of
 * it; from then on it is in the list of children, and `stream` must not be looked at once its owner
 * is being ended. It is marked as linked all the time, so that nobody else takes it over.
 */
#include "stream/input.h"

#include <string.h>

static void mark(eddy_stream *stream)
{
    if (!eddy__stream_is_failed(stream))
        stream->frame.state |= EDDY__FUTURE_LINKED;
}

/* Before its first poll, which links it, or its drop. */
static void unmark(eddy_stream *stream)
{
    if (!eddy__stream_is_failed(stream))
        stream->frame.state &= ~(uint32_t)EDDY__FUTURE_LINKED;
}

bool eddy__input_init(eddy__input *self, eddy_core *core, eddy_stream *stream, bool with_item)
{
    *self = (eddy__input){
        .core = core,
        .stream = stream,
        .drop_item = stream->drop_item,
        .item_bytes = stream->item_bytes,
    };
    mark(stream);
    if (with_item)
        self->item = eddy__slab_alloc(&core->slab, self->item_bytes);
    return !with_item || self->item != NULL;
}

eddy_result eddy__input_next_to(eddy__input *self, eddy_task *task, void *item)
{
    eddy_result result;

    if (self->stream == NULL)
        return 0;
    if (!self->begun)
        unmark(self->stream);
    self->begun = true;
    result = eddy_stream_poll_next(self->stream, task, item);
    if (result == 0 || (eddy__stream_is_failed(self->stream) && result != EDDY_PENDING))
        eddy__input_drop(self, task);
    return result;
}

eddy_result eddy__input_next(eddy__input *self, eddy_task *task)
{
    eddy_result result = eddy__input_next_to(self, task, self->item);

    self->holds = result > 0;
    return result;
}

void eddy__input_give(eddy__input *self, void *item)
{
    memcpy(item, self->item, self->item_bytes);
    self->holds = false;
}

void eddy__input_drop_item(eddy__input *self)
{
    if (!self->holds)
        return;
    self->holds = false;
    eddy__item_drop(self->drop_item, self->item);
}

void eddy__input_drop(eddy__input *self, eddy_task *task)
{
    eddy_stream *stream = self->stream;

    self->stream = NULL;
    if (stream != NULL && !self->begun)
        unmark(stream);
    eddy_stream_drop(stream, task);
}

eddy_future *eddy__input_take_child(eddy__input *self)
{
    eddy_stream *stream = self->stream;

    self->stream = NULL;
    return stream != NULL && !self->begun ? &stream->frame : NULL;
}

void eddy__input_done(eddy__input *self)
{
    eddy__input_drop_item(self);
    if (self->item != NULL)
        eddy__core_object_free(self->core, self->item, self->item_bytes);
}

eddy_core *eddy__stream_core_of_both(eddy_stream *first, eddy_stream *second, const char *verb,
                                     eddy_stream **instead)
{
    eddy_core *core = eddy__stream_core(first, verb);

    EDDY_ASSERT(first != second || core == NULL, "%s is given stream '%s' twice", verb,
                first->frame.type->name);
    if (core != NULL && eddy__stream_core(second, verb) != NULL) {
        eddy__core_check(core, verb);
        return core;
    }
    *instead = core == NULL ? first : second;
    eddy_future_drop(&first->frame);
    eddy_future_drop(&second->frame);
    return NULL;
}

/* ---- adaptors ---- */

eddy_future *eddy__adaptor_take_child(eddy_future *frame)
{
    return eddy__input_take_child(&((eddy__adaptor *)(void *)frame)->input);
}

void eddy__adaptor_done(eddy_future *frame)
{
    eddy__input_done(&((eddy__adaptor *)(void *)frame)->input);
}

void *eddy__adaptor_new(eddy_stream **input, const eddy_stream_type *type, size_t out_bytes,
                        enum eddy__item_memory memory)
{
    eddy_stream *stream = *input;
    eddy_core *core = eddy__stream_core(stream, type->base.name);
    eddy__adaptor *self;

    if (core == NULL)
        return NULL;
    eddy__core_check(core, type->base.name);
    *input = eddy__stream_failed(core);
    self = eddy__stream_new(core, type, out_bytes != 0 ? out_bytes : stream->item_bytes);
    if (self == NULL) {
        eddy_future_drop(&stream->frame);
        return NULL;
    }
    if (out_bytes == 0)
        self->stream.drop_item = stream->drop_item;
    if (!eddy__input_init(&self->input, core, stream, memory == EDDY__ITEM_HELD)) {
        eddy_future_drop(&self->stream.frame);
        return NULL;
    }
    return self;
}

/* ---- adaptors of two ---- */

eddy_future *eddy__pair_take_child(eddy_future *frame)
{
    eddy__pair *self = (eddy__pair *)(void *)frame;
    eddy_future *child = eddy__input_take_child(&self->sides[0]);

    return child != NULL ? child : eddy__input_take_child(&self->sides[1]);
}

void eddy__pair_done(eddy_future *frame)
{
    eddy__pair *self = (eddy__pair *)(void *)frame;

    eddy__input_done(&self->sides[0]);
    eddy__input_done(&self->sides[1]);
}

void *eddy__pair_new(eddy_core *core, const eddy_stream_type *type, size_t out_bytes,
                     eddy_stream *first, eddy_stream *second, enum eddy__item_memory memory)
{
    eddy__pair *self = eddy__stream_new(core, type, out_bytes);
    bool held = memory == EDDY__ITEM_HELD;
    bool complete;

    if (self == NULL) {
        eddy_future_drop(&first->frame);
        eddy_future_drop(&second->frame);
        return NULL;
    }
    complete = eddy__input_init(&self->sides[0], core, first, held);
    complete = eddy__input_init(&self->sides[1], core, second, held && complete) && complete;
    if (complete)
        return self;
    eddy_future_drop(&self->stream.frame);
    return NULL;
}

/* ---- consumers ---- */

eddy_future *eddy__consumer_take_child(eddy_future *frame)
{
    return eddy__input_take_child(&((eddy__consumer *)(void *)frame)->input);
}

void eddy__consumer_done(eddy_future *frame)
{
    eddy__input_done(&((eddy__consumer *)(void *)frame)->input);
}

void *eddy__consumer_new(eddy_stream *input, const eddy_type *type, eddy_future **instead)
{
    eddy_core *core = eddy__stream_core(input, type->name);
    eddy__consumer *self;

    if (core == NULL) {
        *instead = eddy__stream_failed_future(input);
        return NULL;
    }
    eddy__core_check(core, type->name);
    *instead = eddy__future_failed(core);
    self = eddy__future_new(core, type);
    if (self == NULL) {
        eddy_future_drop(&input->frame);
        return NULL;
    }
    if (!eddy__input_init(&self->input, core, input, true)) {
        eddy_future_drop(&self->frame);
        return NULL;
    }
    return self;
}
