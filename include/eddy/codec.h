/* SPDX-License-Identifier: MIT */
/*
 * eddy/codec.h - how items are made of bytes, and bytes of items: the two tables that a protocol's
 * framing fills in. Bytes in, items out, and the other way round; no I/O, no waiting, no loop: the same
 * decoder serves a socket, a file and a test. eddy/transport.h makes streams and sinks of them.
 *
 * A table is shared by all that speak a protocol, and static; what one of them has to remember from
 * item to item is in a `state` of the caller's, handed to each call.
 */
#ifndef EDDY_CODEC_H
#define EDDY_CODEC_H

#include "eddy/base.h"

EDDY_EXTERN_C_BEGIN

/**
 * Bytes to items.
 *
 * `decode` looks at the bytes that are there and says one of four things:
 *   > 0                        *item is made, of the first *used bytes (0..in.len)
 *   0 and *used > in.len       nothing yet: a frame of *used bytes has begun, call again when all are
 *                              there
 *   0 and *used <= in.len      nothing yet: the first *used bytes are done with (skipped, remembered in
 *                              the state), call again with the rest, and when *used is 0 with at least
 *                              one byte more
 *   an error                   the first *used bytes are bad. 0 of them: there is no going on, every
 *                              later call would say the same
 * So a decoder that knows a frame's length puts it into *used and returns whether that is there.
 *
 * Whoever calls it does so only with in.len > 0, and hands in at most `frame_max` bytes; a frame that is
 * longer is its error -EMSGSIZE, not the decoder's. `in` has no alignment.
 */
typedef struct eddy_decoder {
    const char *name;  /* for reports; text that outlives what is made with the decoder */
    size_t item_bytes; /* > 0 */
    size_t frame_max;  /* bytes of the longest frame; 0: as much as there is room for */
    /** *used is 0 at the call. */
    eddy_result (*decode)(void *state, eddy_bytes in, size_t *used, void *item);
    /**
     * No bytes will come after `in`, of which `decode` made nothing; in.len may be 0. > 0: *item is made
     * of the first *used bytes, and it is called again with the rest; 0: the end, what is left is
     * thrown away; an error, as for decode. NULL: the end when in.len is 0, else -EBADMSG: the bytes
     * ended within a frame.
     */
    eddy_result (*eof)(void *state, eddy_bytes in, size_t *used, void *item);
    /** Releases what an item owns; NULL: nothing. See eddy_stream_owning(). */
    void (*drop_item)(void *item);
} eddy_decoder;

/**
 * Items to bytes.
 *
 * `encode` writes the frame of an item to `out`, and says how long it is:
 *   <= room   it is written, and the item is the encoder's: it releases what that owns
 *   > room    nothing is written or changed: it needs so many bytes, and is called again with as many
 *   an error  the item cannot be encoded: nothing is written or changed, it stays the caller's
 * A frame longer than `frame_max` is refused for it, by -EMSGSIZE.
 */
typedef struct eddy_encoder {
    const char *name;  /* for reports; text that outlives what is made with the encoder */
    size_t item_bytes; /* > 0 */
    size_t frame_max;  /* bytes of the longest frame; 0: no limit but memory */
    eddy_result (*encode)(void *state, const void *item, unsigned char *out, size_t room);
    /** What comes after the last item, when the sink is closed: as encode, without an item. NULL:
        nothing. */
    eddy_result (*finish)(void *state, unsigned char *out, size_t room);
    /** Releases what an item owns; NULL: nothing. See eddy_sink_owning(). */
    void (*drop_item)(void *item);
} eddy_encoder;

EDDY_EXTERN_C_END

#endif
