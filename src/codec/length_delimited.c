/* SPDX-License-Identifier: MIT */
/*
 * length_delimited.c - frames with a length field in their head.
 *
 * A frame is `skip` bytes and the item; the length field lies anywhere in that. The head of a frame is
 * judged once, when its length field is there: a limit that changes later is for the next.
 */
#include "eddy/length_delimited.h"

#include <errno.h>

#include "base/assert.h"
#include "codec/codec.h"

/* Where the length field is, and what comes in front of the item. */
struct shape {
    size_t offset, width, skip;
};

static struct shape shape_of(const eddy_length_delimited *self)
{
    struct shape shape = {self->length_offset, self->length_bytes, self->skip};

    EDDY_ASSERT(self->length_bytes <= 8, "a length field of %d bytes: 1 to 8",
                (int)self->length_bytes);
    EDDY_ASSERT(self->length_offset <= INT32_MAX,
                "a length field behind %zu bytes: at most 2^31 - 1", self->length_offset);
    if (shape.width == 0)
        shape.width = 4;
    if (shape.skip == 0)
        shape.skip = shape.offset + shape.width;
    else if (shape.skip == EDDY_SKIP_NOTHING)
        shape.skip = 0;
    return shape;
}

static size_t frame_max_of(const eddy_length_delimited *self)
{
    return eddy__codec_max(self->frame_max, EDDY_CODEC_BLOCK_MAX);
}

/* ---- decoding ---- */

static uint64_t read_field(const unsigned char *field, size_t width, bool little_endian)
{
    uint64_t number = 0;

    for (size_t i = 0; i < width; i++)
        number = number << 8 | field[little_endian ? width - 1 - i : i];
    return number;
}

/* A sum that may be negative or too large for a frame: false. */
static bool adjust(uint64_t number, int64_t adjustment, uint64_t max, uint64_t *sum)
{
    uint64_t amount = adjustment < 0 ? 0 - (uint64_t)adjustment : (uint64_t)adjustment;

    if (adjustment < 0 ? number < amount : number > max || amount > max - number)
        return false;
    *sum = adjustment < 0 ? number - amount : number + amount;
    return *sum <= max;
}

/* > 0: self->frame is known; 0: the length field is not there yet, or a bad one now is in front. */
static eddy_result read_head(eddy_length_delimited *self, const struct shape *shape, eddy_bytes in,
                             size_t *used)
{
    uint64_t field, len;

    if (!eddy__codec_has(in, shape->offset + shape->width, used))
        return 0;
    field = read_field(in.data + shape->offset, shape->width, self->little_endian);
    if (field > frame_max_of(self))
        return eddy__codec_bad(&self->error, -EMSGSIZE, shape->offset, used);
    if (!adjust(field, self->adjustment, SIZE_MAX / 2, &len) || shape->skip > SIZE_MAX / 2 - len ||
        shape->skip + len < shape->offset + shape->width)
        return eddy__codec_bad(&self->error, -EBADMSG, shape->offset, used);
    self->frame = shape->skip + (size_t)len;
    return 1;
}

static eddy_result length_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    eddy_length_delimited *self = state;
    struct shape shape = shape_of(self);
    eddy_result result = self->error;

    if (result == 0 && self->frame == 0)
        result = read_head(self, &shape, in, used);
    if (self->frame == 0)
        return result;
    if (!eddy__codec_has(in, self->frame, used))
        return 0;
    self->frame = 0;
    return eddy__codec_give(item, in.data + shape.skip, *used - shape.skip);
}

const eddy_decoder eddy_length_delimited_decoder = {
    .name = "length-delimited",
    .item_bytes = sizeof(eddy_bytes),
    .decode = length_decode,
};

/* ---- encoding ---- */

static void write_field(unsigned char *field, size_t width, bool little_endian, uint64_t number)
{
    for (size_t i = 0; i < width; i++) {
        field[little_endian ? i : width - 1 - i] = (unsigned char)number;
        number >>= 8;
    }
}

/* What the length field says of an item of so many bytes. 0, or why that cannot be. */
static eddy_result field_of(const eddy_length_delimited *self, const struct shape *shape,
                            size_t len, uint64_t *field)
{
    int64_t adjustment = self->adjustment;

    /* The item's length minus the adjustment; INT64_MIN has no opposite, and no number lies so high. */
    if (adjustment == INT64_MIN || !adjust(len, -adjustment, UINT64_MAX, field))
        return -EOVERFLOW;
    if (*field > frame_max_of(self))
        return -EMSGSIZE;
    if (shape->width < 8 && *field >> (8 * shape->width) != 0)
        return -EOVERFLOW;
    if (shape->skip > SIZE_MAX / 2 || len > SIZE_MAX / 2 - shape->skip ||
        shape->skip + len < shape->offset + shape->width)
        return -EINVAL;
    return 0;
}

static unsigned char *write_head(const eddy_length_delimited *self, size_t skip, unsigned char *out)
{
    size_t given = self->head.len < skip ? self->head.len : skip;

    out = eddy__codec_put(out, self->head.data, given);
    memset(out, 0, skip - given);
    return out + (skip - given);
}

static eddy_result length_encode(void *state, const void *from, unsigned char *out, size_t room)
{
    const eddy_length_delimited *self = state;
    struct shape shape = shape_of(self);
    eddy_bytes item = eddy__codec_item(from);
    uint64_t field = 0;
    eddy_result result = field_of(self, &shape, item.len, &field);

    if (result < 0)
        return result;
    if (shape.skip + item.len <= room) {
        (void)eddy__codec_put(write_head(self, shape.skip, out), item.data, item.len);
        write_field(out + shape.offset, shape.width, self->little_endian, field);
    }
    return (eddy_result)(shape.skip + item.len);
}

const eddy_encoder eddy_length_delimited_encoder = {
    .name = "length-delimited",
    .item_bytes = sizeof(eddy_bytes),
    .encode = length_encode,
};
