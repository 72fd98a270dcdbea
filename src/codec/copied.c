/* SPDX-License-Identifier: MIT */
/*
 * copied.c - items of another codec, copied into slices; and slices as items of another codec.
 */
#include "eddy/codec_copied.h"

#include <errno.h>

#include "base/assert.h"
#include "codec/codec.h"

static void drop_slice(void *item)
{
    eddy_slice slice;

    memcpy(&slice, item, sizeof slice);
    eddy_slice_release(&slice);
}

/* ---- decoding ---- */

static eddy_result copy(const eddy_copied_codec *self, eddy_bytes bytes, void *item)
{
    eddy_slice slice;
    int error = eddy_slice_copy(self->allocator, bytes.data, bytes.len, &slice);

    if (error != 0)
        return error;
    memcpy(item, &slice, sizeof slice);
    return 1;
}

/* The limit of the inner table, which whoever calls this one cannot know. */
static eddy_result decode_within(const eddy_copied_codec *self, eddy_bytes in, size_t *used,
                                 eddy_bytes *bytes)
{
    size_t max = self->decoder->frame_max;
    eddy_result result;

    if (max != 0 && in.len > max)
        in.len = max;
    result = self->decoder->decode(self->decoder_state, in, used, bytes);
    if (max == 0 || result != 0)
        return result;
    if (*used > max || (*used == 0 && in.len == max)) {
        *used = 0;
        return -EMSGSIZE;
    }
    return 0;
}

static const eddy_decoder *decoder_of(const eddy_copied_codec *self)
{
    EDDY_ASSERT(self->decoder != NULL && self->decoder->item_bytes == sizeof(eddy_bytes),
                "eddy_copied_decoder copies the items of a decoder of eddy_bytes");
    return self->decoder;
}

static eddy_result give(const eddy_copied_codec *self, eddy_result result, eddy_bytes bytes,
                        size_t *used, void *item)
{
    if (result <= 0)
        return result;
    result = copy(self, bytes, item);
    if (result < 0)
        *used = 0;
    return result;
}

static eddy_result copied_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    const eddy_copied_codec *self = state;
    eddy_bytes bytes = {NULL, 0};

    (void)decoder_of(self);
    return give(self, decode_within(self, in, used, &bytes), bytes, used, item);
}

static eddy_result copied_eof(void *state, eddy_bytes in, size_t *used, void *item)
{
    const eddy_copied_codec *self = state;
    const eddy_decoder *decoder = decoder_of(self);
    eddy_bytes bytes = {NULL, 0};

    if (decoder->eof == NULL)
        return in.len == 0 ? 0 : -EBADMSG;
    return give(self, decoder->eof(self->decoder_state, in, used, &bytes), bytes, used, item);
}

const eddy_decoder eddy_copied_decoder = {
    .name = "copied",
    .item_bytes = sizeof(eddy_slice),
    .decode = copied_decode,
    .eof = copied_eof,
    .drop_item = drop_slice,
};

/* ---- encoding ---- */

static const eddy_encoder *encoder_of(const eddy_copied_codec *self)
{
    EDDY_ASSERT(self->encoder != NULL && self->encoder->item_bytes == sizeof(eddy_bytes),
                "eddy_copied_encoder has its slices encoded by an encoder of eddy_bytes");
    return self->encoder;
}

static eddy_result within(const eddy_encoder *encoder, eddy_result frame)
{
    return encoder->frame_max != 0 && frame > (eddy_result)encoder->frame_max ? -EMSGSIZE : frame;
}

static eddy_result copied_encode(void *state, const void *item, unsigned char *out, size_t room)
{
    const eddy_copied_codec *self = state;
    const eddy_encoder *encoder = encoder_of(self);
    size_t max = encoder->frame_max;
    eddy_slice slice;
    eddy_bytes bytes;
    eddy_result frame;

    memcpy(&slice, item, sizeof slice);
    bytes = eddy_slice_bytes(&slice);
    if (max != 0 && room > max)
        room = max;
    frame = within(encoder, encoder->encode(self->encoder_state, &bytes, out, room));
    if (frame >= 0 && frame <= (eddy_result)room)
        eddy_slice_release(&slice);
    return frame;
}

static eddy_result copied_finish(void *state, unsigned char *out, size_t room)
{
    const eddy_copied_codec *self = state;
    const eddy_encoder *encoder = encoder_of(self);

    return encoder->finish != NULL
               ? within(encoder, encoder->finish(self->encoder_state, out, room))
               : 0;
}

const eddy_encoder eddy_copied_encoder = {
    .name = "copied",
    .item_bytes = sizeof(eddy_slice),
    .encode = copied_encode,
    .finish = copied_finish,
    .drop_item = drop_slice,
};
