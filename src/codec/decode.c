/* SPDX-License-Identifier: MIT */
/*
 * decode.c - a decoder at work on bytes in memory, without a loop; and the digits that codecs write.
 */
#include <errno.h>

#include "base/assert.h"
#include "codec/codec.h"

/* What the decoder may see. */
static eddy_bytes within_limit(const eddy_decoder *decoder, eddy_bytes in)
{
    if (decoder->frame_max != 0 && in.len > decoder->frame_max)
        in.len = decoder->frame_max;
    return in;
}

static void cut(const eddy_decoder *decoder, eddy_bytes *rest, size_t used)
{
    EDDY_ASSERT(used <= rest->len, "decoder '%s' has used %zu bytes of %zu", decoder->name, used,
                rest->len);
    rest->data += used;
    rest->len -= used;
}

static eddy_result wait_for(const eddy_decoder *decoder, size_t frame, size_t *need)
{
    if (decoder->frame_max != 0 && frame > decoder->frame_max)
        return -EMSGSIZE;
    *need = frame;
    return 0;
}

eddy_result eddy_decode(const eddy_decoder *decoder, void *state, eddy_bytes *rest, size_t *need,
                        void *item)
{
    while (rest->len > 0) {
        eddy_bytes in = within_limit(decoder, *rest);
        size_t used = 0;
        eddy_result result = decoder->decode(state, in, &used, item);

        if (result == 0 && (used == 0 || used > in.len))
            return wait_for(decoder, used == 0 ? in.len + 1 : used, need);
        cut(decoder, rest, used);
        if (result != 0)
            return result;
    }
    *need = 1;
    return 0;
}

eddy_result eddy_decode_eof(const eddy_decoder *decoder, void *state, eddy_bytes *rest, void *item)
{
    size_t used = 0;
    eddy_result result;

    if (decoder->eof == NULL)
        return rest->len == 0 ? 0 : -EBADMSG;
    result = decoder->eof(state, *rest, &used, item);
    if (result == 0)
        used = rest->len; /* what is left is thrown away */
    cut(decoder, rest, used);
    return result;
}

size_t eddy__codec_digits(uint64_t number, unsigned char *out)
{
    unsigned char text[EDDY__DIGITS_MAX];
    size_t at = sizeof text;

    do {
        text[--at] = (unsigned char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(out, text + at, sizeof text - at);
    return sizeof text - at;
}
