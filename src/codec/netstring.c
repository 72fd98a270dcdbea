/* SPDX-License-Identifier: MIT */
/*
 * netstring.c - "5:hello,": a length in decimal digits, a colon, so many bytes, and a comma.
 */
#include <errno.h>

#include "codec/codec.h"

/* What is known of a frame from its front. */
struct head {
    size_t len;   /* of the item */
    size_t bytes; /* through the colon; 0: it is not there yet */
    size_t bad_at;
    eddy_result error;
};

static struct head bad(eddy_result error, size_t at)
{
    return (struct head){.error = error, .bad_at = at};
}

/* A digit is taken only when the length stays within the limit. */
static struct head read_head(eddy_bytes in, size_t max)
{
    struct head head = {0};

    for (size_t i = 0; i < in.len; i++) {
        unsigned digit = in.data[i] - (unsigned)'0';

        if (in.data[i] == ':' && i > 0) {
            head.bytes = i + 1;
            return head;
        }
        if (digit > 9 || (i == 1 && in.data[0] == '0'))
            return bad(-EBADMSG, i);
        if (digit > max || head.len > (max - digit) / 10)
            return bad(-EMSGSIZE, i);
        head.len = head.len * 10 + digit;
    }
    return head;
}

static eddy_result netstring_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    eddy_netstring_codec *self = state;
    struct head head;
    size_t comma;

    if (self->error != 0)
        return self->error;
    head = read_head(in, eddy__codec_max(self->item_max, EDDY_CODEC_BLOCK_MAX));
    if (head.error != 0)
        return eddy__codec_bad(&self->error, head.error, head.bad_at, used);
    comma = head.bytes + head.len;
    if (head.bytes == 0 || !eddy__codec_has(in, comma + 1, used))
        return 0;
    if (in.data[comma] != ',')
        return eddy__codec_bad(&self->error, -EBADMSG, comma, used);
    return eddy__codec_give(item, in.data + head.bytes, head.len);
}

const eddy_decoder eddy_netstring_decoder = {
    .name = "netstring",
    .item_bytes = sizeof(eddy_bytes),
    .decode = netstring_decode,
};

static eddy_result netstring_encode(void *state, const void *from, unsigned char *out, size_t room)
{
    const eddy_netstring_codec *self = state;
    eddy_bytes item = eddy__codec_item(from);
    unsigned char digits[EDDY__DIGITS_MAX];
    size_t count = eddy__codec_digits(item.len, digits);
    size_t frame;

    if (item.len > eddy__codec_max(self->item_max, EDDY_CODEC_BLOCK_MAX))
        return -EMSGSIZE;
    frame = count + 1 + item.len + 1;
    if (frame <= room) {
        out = eddy__codec_put(out, digits, count);
        *out++ = ':';
        out = eddy__codec_put(out, item.data, item.len);
        *out = ',';
    }
    return (eddy_result)frame;
}

const eddy_encoder eddy_netstring_encoder = {
    .name = "netstring",
    .item_bytes = sizeof(eddy_bytes),
    .encode = netstring_encode,
};
