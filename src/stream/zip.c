/* SPDX-License-Identifier: MIT */
/*
 * zip.c - pairs of the items of two streams. Both are polled while either is not ready, and one item of
 * each may be held until the other's comes.
 */
#include <string.h>

#include "eddy/stream_combine.h"
#include "stream/input.h"

struct zip {
    eddy__pair both;
    size_t second_offset;
};

static void hand_out(struct zip *self, void *item)
{
    memset(item, 0, self->both.stream.item_bytes);
    eddy__input_give(&self->both.sides[0], item);
    eddy__input_give(&self->both.sides[1], (char *)item + self->second_offset);
}

/* What either still holds goes to nobody. */
static void end(struct zip *self, eddy_task *task)
{
    for (int i = 0; i < 2; i++) {
        eddy__input_drop_item(&self->both.sides[i]);
        eddy__input_drop(&self->both.sides[i], task);
    }
}

/* An error of one keeps what the other holds. */
static eddy_result zip_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct zip *self = (struct zip *)(void *)stream;

    for (int i = 0; i < 2; i++) {
        eddy__input *side = &self->both.sides[i];
        eddy_result result = side->holds ? 1 : eddy__input_next(side, task);

        if (result == 0)
            end(self, task);
        if (result <= 0 && result != EDDY_PENDING)
            return result;
    }
    if (!self->both.sides[0].holds || !self->both.sides[1].holds)
        return EDDY_PENDING;
    hand_out(self, item);
    return 1;
}

static const eddy_stream_type zip_type = {
    .base = {eddy_stream_no_future, eddy__pair_done, sizeof(struct zip), "stream_zip",
             eddy__pair_take_child},
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

    if (core == NULL)
        return instead;
    check_pair(first, second, second_offset, pair_bytes);
    self = eddy__pair_new(core, &zip_type, pair_bytes, first, second, EDDY__ITEM_HELD);
    if (self == NULL)
        return eddy__stream_failed(core);
    self->second_offset = second_offset;
    return &self->both.stream;
}
