/* SPDX-License-Identifier: MIT */
/*
 * delimited.c - items with a delimiter of one byte or more behind each.
 */
#include <errno.h>

#include "base/assert.h"
#include "codec/scan.h"

static struct eddy__scan_limits limits_of(const eddy_delimited_codec *self)
{
    EDDY_ASSERT(self->delimiter.len > 0, "a codec of delimited items needs a delimiter");
    return (struct eddy__scan_limits){
        .delimiter = self->delimiter,
        .max = eddy__codec_max(self->item_max, EDDY_CODEC_TEXT_MAX),
    };
}

static eddy_result delimited_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    eddy_delimited_codec *self = state;
    struct eddy__scan_limits limits = limits_of(self);
    eddy_result result = eddy__scan(&self->scan, &limits, in, used);

    if (result > 0)
        return eddy__codec_give(item, in.data, *used - limits.delimiter.len);
    return result;
}

/* What is left may end in a part of the delimiter, and so be longer than an item may be. */
static eddy_result delimited_eof(void *state, eddy_bytes in, size_t *used, void *item)
{
    eddy_delimited_codec *self = state;
    eddy_result result = eddy__scan_eof(&self->scan, in, used);

    if (result <= 0)
        return result;
    if (in.len > limits_of(self).max)
        return -EMSGSIZE;
    return eddy__codec_give(item, in.data, in.len);
}

const eddy_decoder eddy_delimited_decoder = {
    .name = "delimited",
    .item_bytes = sizeof(eddy_bytes),
    .decode = delimited_decode,
    .eof = delimited_eof,
};

/* Does a delimiter begin in the item's last bytes, and end in the one that is put behind it? */
static bool is_found_across(eddy_bytes item, eddy_bytes delimiter)
{
    for (size_t in_item = 1; in_item < delimiter.len && in_item <= item.len; in_item++)
        if (memcmp(item.data + item.len - in_item, delimiter.data, in_item) == 0 &&
            memcmp(delimiter.data, delimiter.data + in_item, delimiter.len - in_item) == 0)
            return true;
    return false;
}

static eddy_result delimited_encode(void *state, const void *from, unsigned char *out, size_t room)
{
    const eddy_delimited_codec *self = state;
    struct eddy__scan_limits limits = limits_of(self);
    eddy_bytes item = eddy__codec_item(from);
    size_t frame = item.len + limits.delimiter.len;

    if (item.len > limits.max)
        return -EMSGSIZE;
    if (eddy__scan_find(item, 0, limits.delimiter) < item.len ||
        is_found_across(item, limits.delimiter))
        return -EINVAL;
    if (frame <= room) {
        out = eddy__codec_put(out, item.data, item.len);
        (void)eddy__codec_put(out, limits.delimiter.data, limits.delimiter.len);
    }
    return (eddy_result)frame;
}

const eddy_encoder eddy_delimited_encoder = {
    .name = "delimited",
    .item_bytes = sizeof(eddy_bytes),
    .encode = delimited_encode,
};
