/* SPDX-License-Identifier: MIT */
/*
 * chain.c - one stream after the other: two of them, or those that are the items of another.
 */
#include "eddy/stream_combine.h"
#include "stream/input.h"

/* ---- chain ---- */

static eddy_result chain_next(eddy_stream *stream, eddy_task *task, void *item)
{
    eddy__pair *self = (eddy__pair *)(void *)stream;
    eddy_result result = eddy__input_next_to(&self->sides[0], task, item);

    return result != 0 ? result : eddy__input_next_to(&self->sides[1], task, item);
}

static const eddy_stream_type chain_type = {
    .base = {eddy_stream_no_future, eddy__pair_done, sizeof(eddy__pair), "stream_chain",
             eddy__pair_take_child},
    .poll_next = chain_next,
};

eddy_stream *eddy_stream_chain(eddy_stream *first, eddy_stream *second)
{
    eddy_stream *instead = NULL;
    eddy_core *core = eddy__stream_core_of_both(first, second, chain_type.base.name, &instead);
    eddy__pair *self;

    if (core == NULL)
        return instead;
    EDDY_ASSERT(first->item_bytes == second->item_bytes,
                "eddy_stream_chain: items of %zu and of %zu bytes", first->item_bytes,
                second->item_bytes);
    self = eddy__pair_new(core, &chain_type, first->item_bytes, first, second, EDDY__ITEM_PASSES);
    if (self == NULL)
        return eddy__stream_failed(core);
    eddy__stream_agree(&self->stream.drop_item, first, chain_type.base.name);
    eddy__stream_agree(&self->stream.drop_item, second, chain_type.base.name);
    return &self->stream;
}

/* ---- flatten ---- */

struct flatten {
    eddy__adaptor head;
    eddy__input inner; /* the one whose items are told now */
};

static void take_inner(struct flatten *self)
{
    eddy__input *outer = &self->head.input;
    eddy_stream *inner = *(eddy_stream **)outer->item;

    outer->holds = false;
    EDDY_ASSERT(inner != NULL, "eddy_stream_flatten: an item is NULL, no stream");
    EDDY_ASSERT(eddy__stream_is_failed(inner) || inner->item_bytes == self->head.stream.item_bytes,
                "eddy_stream_flatten: a stream of items of %zu bytes, not of %zu as was said",
                inner->item_bytes, self->head.stream.item_bytes);
    (void)eddy__input_init(&self->inner, outer->core, inner, false);
}

static eddy_result flatten_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct flatten *self = (struct flatten *)(void *)stream;
    eddy_result result;

    for (;;) {
        if (self->inner.stream == NULL) {
            result = eddy__input_next(&self->head.input, task);
            if (result <= 0)
                return result;
            take_inner(self);
        }
        result = eddy__input_next_to(&self->inner, task, item);
        if (result != 0)
            return result;
        if (!eddy__task_spend(task))
            return eddy__task_yield(task);
    }
}

/* The inner one was polled as soon as it came: it is in the list of children. */
static void flatten_done(eddy_future *frame)
{
    eddy__input_done(&((struct flatten *)(void *)frame)->inner);
    eddy__adaptor_done(frame);
}

static const eddy_stream_type flatten_type =
    EDDY__ADAPTOR_TYPE(flatten_next, flatten_done, struct flatten, "stream_flatten");

eddy_stream *eddy_stream_flatten(eddy_stream *input, size_t out_bytes)
{
    struct flatten *self;

    EDDY_ASSERT(eddy__stream_is_failed(input) || input->item_bytes == sizeof(eddy_stream *),
                "eddy_stream_flatten: items of %zu bytes are no streams", input->item_bytes);
    eddy__stream_check_bytes(out_bytes, flatten_type.base.name);
    self = eddy__adaptor_new(&input, &flatten_type, out_bytes, EDDY__ITEM_HELD);
    return self != NULL ? &self->head.stream : input;
}
