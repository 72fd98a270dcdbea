/* SPDX-License-Identifier: MIT */
/*
 * fixed.c - items of one length.
 */
#include <errno.h>

#include "base/assert.h"
#include "codec/codec.h"

static size_t len_of(const eddy_fixed_codec *self)
{
    EDDY_ASSERT(self->item_len > 0, "a codec of items of one length needs item_len");
    return self->item_len;
}

static eddy_result fixed_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    size_t len = len_of(state);

    return eddy__codec_has(in, len, used) ? eddy__codec_give(item, in.data, len) : 0;
}

const eddy_decoder eddy_fixed_decoder = {
    .name = "fixed",
    .item_bytes = sizeof(eddy_bytes),
    .decode = fixed_decode,
};

static eddy_result fixed_encode(void *state, const void *from, unsigned char *out, size_t room)
{
    eddy_bytes item = eddy__codec_item(from);

    if (item.len != len_of(state))
        return -EINVAL;
    if (item.len <= room)
        (void)eddy__codec_put(out, item.data, item.len);
    return (eddy_result)item.len;
}

const eddy_encoder eddy_fixed_encoder = {
    .name = "fixed",
    .item_bytes = sizeof(eddy_bytes),
    .encode = fixed_encode,
};
