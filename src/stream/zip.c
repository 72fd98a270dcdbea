/* SPDX-License-Identifier: MIT */
/*
 * zip.c - pairs of the items of two streams. Both are polled while either is not ready, and one item of
 * each may be held until the other's comes.
 */
#include <string.h>

#include "eddy/stream_combine.h"
#include "stream/input.h"

struct zip {
    eddy_stream stream;
    eddy__input sides[2];
    size_t second_offset;
};

static void hand_out(struct zip *self, void *item)
{
    memset(item, 0, self->stream.item_bytes);
    eddy__input_give(&self->sides[0], item);
    eddy__input_give(&self->sides[1], (char *)item + self->second_offset);
}

/* What either still holds goes to nobody. */
static void end(struct zip *self, eddy_task *task)
{
    for (int i = 0; i < 2; i++) {
        eddy__input_drop_item(&self->sides[i]);
        eddy__input_drop(&self->sides[i], task);
    }
}

/* An error of one keeps what the other holds. */
static eddy_result zip_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct zip *self = (struct zip *)(void *)stream;

    for (int i = 0; i < 2; i++) {
        eddy__input *side = &self->sides[i];
        eddy_result result = side->holds ? 1 : eddy__input_next(side, task);

        if (result == 0)
            end(self, task);
        if (result <= 0 && result != EDDY_PENDING)
            return result;
    }
    if (!self->sides[0].holds || !self->sides[1].holds)
        return EDDY_PENDING;
    hand_out(self, item);
    return 1;
}

static eddy_future *zip_take_child(eddy_future *frame)
{
    struct zip *self = (struct zip *)(void *)frame;
    eddy_future *child = eddy__input_take_child(&self->sides[0]);

    return child != NULL ? child : eddy__input_take_child(&self->sides[1]);
}

static void zip_done(eddy_future *frame)
{
    struct zip *self = (struct zip *)(void *)frame;

    eddy__input_done(&self->sides[0]);
    eddy__input_done(&self->sides[1]);
}

static const eddy_stream_type zip_type = {
    .base = {eddy_stream_no_future, zip_done, sizeof(struct zip), "stream_zip", zip_take_child},
    .poll_next = zip_next,
};

static void check_pair(const eddy_stream *first, const eddy_stream *second, size_t second_offset,
                       size_t pair_bytes)
{
    EDDY_ASSERT(first->item_bytes <= second_offset,
                "eddy_stream_zip: an item of the first, %zu bytes, does not fit in front of the "
                "second's, at %zu",
                first->item_bytes, second_offset);
    EDDY_ASSERT(second_offset <= pair_bytes && second->item_bytes <= pair_bytes - second_offset,
                "eddy_stream_zip: an item of the second, %zu bytes, does not fit at %zu of a pair "
                "of %zu",
                second->item_bytes, second_offset, pair_bytes);
}

eddy_stream *eddy_stream_zip(eddy_stream *first, eddy_stream *second, size_t second_offset,
                             size_t pair_bytes)
{
    eddy_stream *instead = NULL;
    eddy_core *core = eddy__stream_core_of_both(first, second, zip_type.base.name, &instead);
    struct zip *self;
    bool complete;

    if (core == NULL)
        return instead;
    check_pair(first, second, second_offset, pair_bytes);
    self = eddy__stream_new(core, &zip_type, pair_bytes);
    if (self == NULL) {
        eddy_future_drop(&first->frame);
        eddy_future_drop(&second->frame);
        return eddy__stream_failed(core);
    }
    self->second_offset = second_offset;
    complete = eddy__input_init(&self->sides[0], core, first, true);
    complete = eddy__input_init(&self->sides[1], core, second, complete) && complete;
    if (!complete) {
        eddy_future_drop(&self->stream.frame);
        return eddy__stream_failed(core);
    }
    return &self->stream;
}
