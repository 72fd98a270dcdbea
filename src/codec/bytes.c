/* SPDX-License-Identifier: MIT */
/*
 * bytes.c - bytes as they come: a stream of them as a stream of items.
 */
#include "codec/codec.h"

static eddy_result bytes_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    (void)state;
    *used = in.len;
    return eddy__codec_give(item, in.data, in.len);
}

const eddy_decoder eddy_bytes_decoder = {
    .name = "bytes",
    .item_bytes = sizeof(eddy_bytes),
    .decode = bytes_decode,
};

static eddy_result bytes_encode(void *state, const void *from, unsigned char *out, size_t room)
{
    eddy_bytes item = eddy__codec_item(from);

    (void)state;
    if (item.len <= room)
        (void)eddy__codec_put(out, item.data, item.len);
    return (eddy_result)item.len;
}

const eddy_encoder eddy_bytes_encoder = {
    .name = "bytes",
    .item_bytes = sizeof(eddy_bytes),
    .encode = bytes_encode,
};
