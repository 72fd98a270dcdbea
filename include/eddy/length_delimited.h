/* SPDX-License-Identifier: MIT */
/*
 * eddy/length_delimited.h - frames that say how long they are: a length field of 1 to 8 bytes somewhere
 * in the head, in either byte order, counting whatever the protocol counts. A pair of tables
 * (eddy/codec.h; items and errors as in eddy/codecs.h), with their state, of which each zero is a usual
 * choice: a length of four bytes, big endian, in front, that counts what follows it.
 *
 * The item is the `length + adjustment` bytes behind the first `skip` bytes of the frame. Some protocols:
 *
 *     bytes of a frame                          options
 *     LL LL | item                              length_bytes 2
 *     LL LL | item, the length counts its own   length_bytes 2, adjustment -2
 *     LL LL + rest, all of it is the item       length_bytes 2, adjustment 2, skip EDDY_SKIP_NOTHING
 *     H | LL LL | G + rest, item G + rest       length_offset 1, length_bytes 2, adjustment 1, skip 3
 */
#ifndef EDDY_LENGTH_DELIMITED_H
#define EDDY_LENGTH_DELIMITED_H

#include "eddy/codecs.h"

EDDY_EXTERN_C_BEGIN

/** For `skip`: the item is the whole frame. */
#define EDDY_SKIP_NOTHING SIZE_MAX

/** State of the codec of length-delimited frames. All but frame_max stay as they are from the first byte
    on. */
typedef struct eddy_length_delimited {
    /** The largest number that may stand in the length field, looked at before anything else; 0:
        EDDY_CODEC_BLOCK_MAX. May be changed at any time: what is decoded, it concerns from the next
        frame on, of which no head has been seen. */
    size_t frame_max;
    size_t length_offset; /* bytes in front of the length field, at most 2^31 - 1 (asserted) */
    uint8_t length_bytes; /* of the length field, 1..8 (asserted); 0: 4 */
    bool little_endian;
    int64_t adjustment; /* added to the length field gives the item's length */
    size_t skip;        /* bytes of the frame in front of the item; 0: through the length field */
    /** Encoder: what the bytes in front of the item are, but for the length field; where it ends,
        zeros. Outlives the state. */
    eddy_bytes head;
    size_t frame;      /* private */
    eddy_result error; /* private */
} eddy_length_delimited;

/**
 * Length-delimited frames. Errors: -EMSGSIZE: the length field says more than frame_max, or than
 * SIZE_MAX / 2; -EBADMSG: with the adjustment it is below zero, or the frame is beyond that, or would end
 * within its own length field. Both with the length field in front, and for ever. State:
 * eddy_length_delimited.
 * See: tokio_io codec::length_delimited
 */
EDDY_API extern const eddy_decoder eddy_length_delimited_decoder;

/**
 * Length-delimited frames: of an item, what the decoder makes that item of. An item that has the length
 * field in it (skip says so) gets it overwritten. Errors: -EMSGSIZE: the length field would say more than
 * frame_max; -EOVERFLOW: it has no room for the number, or the adjustment takes that below zero; -EINVAL:
 * the frame would end within its own length field. State: eddy_length_delimited.
 */
EDDY_API extern const eddy_encoder eddy_length_delimited_encoder;

EDDY_EXTERN_C_END

#endif
