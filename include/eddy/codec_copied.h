/* SPDX-License-Identifier: MIT */
/*
 * eddy/codec_copied.h - items that last: what a codec of eddy_bytes makes, copied into slices
 * (eddy/slice.h), for whoever keeps items beyond the next poll: to collect them, to hand them to another
 * task, to send them where there may be no room. And slices as the items of an encoder of eddy_bytes,
 * which it releases when it has encoded them.
 *
 *     eddy_lines_codec lines = {.line_max = 1000};
 *     eddy_copied_codec copied = {.decoder = &eddy_lines_decoder, .decoder_state = &lines};
 *     eddy_stream *stream = eddy_io_decoded(handle, io, &eddy_copied_decoder, &copied);
 */
#ifndef EDDY_CODEC_COPIED_H
#define EDDY_CODEC_COPIED_H

#include "eddy/codec.h"
#include "eddy/slice.h"

EDDY_EXTERN_C_BEGIN

/** State of the codec that copies: that of another, which makes eddy_bytes (asserted). All is borrowed,
    and outlives it; a direction that is not used may be NULL. */
typedef struct eddy_copied_codec {
    const eddy_decoder *decoder;
    void *decoder_state;
    const eddy_encoder *encoder;
    void *encoder_state;
    const eddy_allocator *allocator; /* of the copies; NULL: malloc(3) */
} eddy_copied_codec;

/**
 * Items as eddy_slice, owned by whoever gets them: eddy_slice_release(). Errors: those of the codec;
 * -ENOMEM: the item is there still, and made at the next call. State: eddy_copied_codec.
 * Allocates: once per item that is not empty.
 */
EDDY_API extern const eddy_decoder eddy_copied_decoder;

/** Items as eddy_slice, released when encoded. State: eddy_copied_codec. */
EDDY_API extern const eddy_encoder eddy_copied_encoder;

EDDY_EXTERN_C_END

#endif
