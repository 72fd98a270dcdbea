/* SPDX-License-Identifier: MIT */
/*
 * varint.c - items behind their length as a varint: seven bits a byte, the lowest first.
 */
#include <errno.h>

#include "codec/codec.h"

enum { VARINT_MAX = 10 }; /* bytes of the longest: ten times seven bits are enough for 64 */

/* Bytes of the number in front; 0: not all are there; an error, with *at at the byte that is bad: of one
 * beyond the limit the first that makes it so, whatever follows. */
static eddy_result read_varint(eddy_bytes in, uint64_t max, uint64_t *number, size_t *at)
{
    *number = 0;
    for (*at = 0; *at < in.len; ++*at) {
        uint64_t bits = in.data[*at] & 0x7f;

        if (*at == VARINT_MAX - 1 && in.data[*at] > 1)
            return -EBADMSG; /* more than 64 bits, or an eleventh byte */
        *number |= bits << (7 * *at);
        if (*number > max)
            return -EMSGSIZE;
        if (in.data[*at] < 0x80)
            return (eddy_result)*at + 1;
    }
    return 0;
}

static eddy_result varint_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    eddy_varint_codec *self = state;
    uint64_t len;
    size_t at;
    eddy_result head;

    if (self->error != 0)
        return self->error;
    head = read_varint(in, eddy__codec_max(self->item_max, EDDY_CODEC_BLOCK_MAX), &len, &at);
    if (head < 0)
        return eddy__codec_bad(&self->error, head, at, used);
    if (head == 0 || !eddy__codec_has(in, (size_t)head + (size_t)len, used))
        return 0;
    return eddy__codec_give(item, in.data + head, (size_t)len);
}

const eddy_decoder eddy_varint_decoder = {
    .name = "varint",
    .item_bytes = sizeof(eddy_bytes),
    .decode = varint_decode,
};

static size_t write_varint(uint64_t number, unsigned char *out)
{
    size_t count = 0;

    while (number >= 0x80) {
        out[count++] = (unsigned char)(number | 0x80);
        number >>= 7;
    }
    out[count++] = (unsigned char)number;
    return count;
}

static eddy_result varint_encode(void *state, const void *from, unsigned char *out, size_t room)
{
    const eddy_varint_codec *self = state;
    eddy_bytes item = eddy__codec_item(from);
    unsigned char head[VARINT_MAX];
    size_t count = write_varint(item.len, head);

    if (item.len > eddy__codec_max(self->item_max, EDDY_CODEC_BLOCK_MAX))
        return -EMSGSIZE;
    if (count + item.len <= room) {
        out = eddy__codec_put(out, head, count);
        (void)eddy__codec_put(out, item.data, item.len);
    }
    return (eddy_result)(count + item.len);
}

const eddy_encoder eddy_varint_encoder = {
    .name = "varint",
    .item_bytes = sizeof(eddy_bytes),
    .encode = varint_encode,
};
