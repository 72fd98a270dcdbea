/* SPDX-License-Identifier: MIT */
/*
 * eddy/codecs.h - the usual ways to cut a stream of bytes into items: lines, any delimiter, a fixed
 * length, a length in front (netstrings; a varint; everything else: eddy/length_delimited.h), or no cut
 * at all. Each is a pair of tables (eddy/codec.h), and the struct that is their `state`.
 *
 *     eddy_lines_codec in = {.line_max = 1000};
 *     eddy_stream *lines = eddy_io_decoded(handle, io, &eddy_lines_decoder, &in);
 *
 * The items of all are eddy_bytes that point to the bytes they were made of: valid until the next poll.
 * eddy_copied_decoder makes items of them that last.
 *
 * A state is all zero but for the options, and stands at one place of one byte stream: whoever reads
 * around the decoder begins with a new one. One may serve both directions. No frame is longer than the
 * byte stream can show at once (TCP: eddy_tcp_limits.recv_window_bytes), whatever the options say.
 *
 * Errors say where: what comes before the bad byte is done with first, then the error is told with that
 * byte in front. -EBADMSG: the bytes break the rules; -EMSGSIZE: an item is longer than the option
 * allows, told before its bytes are waited for. Both are for ever, but of lines and delimiters, which go
 * on behind the next one. Encoders: -EMSGSIZE likewise; -EINVAL: the decoder would make something else
 * of it.
 */
#ifndef EDDY_CODECS_H
#define EDDY_CODECS_H

#include "eddy/codec.h"

EDDY_EXTERN_C_BEGIN

/** What an option of 0 stands for: bytes of an item of lines and delimiters; of all others. */
#define EDDY_CODEC_TEXT_MAX  ((size_t)65536)
#define EDDY_CODEC_BLOCK_MAX ((size_t)8 << 20)

/* ---- without a loop ---- */

/**
 * Make the next item of bytes that are in memory.
 * @param decoder  table
 * @param state    handed to it
 * @param rest     bytes, of which this was not told before; what was used is cut off its front. The
 *                 item may point there
 * @param need     set when the result is 0: so many bytes must be in `rest` before it is worth asking
 *                 again; for eddy_io_poll_fill(), for instance
 * @param item     decoder->item_bytes; set when the result is > 0
 * @return         > 0: an item; 0: there is none yet; the decoder's error; -EMSGSIZE: a frame is longer
 *                 than decoder->frame_max
 * Thread: that of the state. Allocates: what the decoder does.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_decode(const eddy_decoder *decoder, void *state,
                                                eddy_bytes *rest, size_t *need, void *item);

/**
 * Make the next item when no bytes will come behind those that eddy_decode() left.
 * @param decoder  table
 * @param state    handed to it
 * @param rest     what eddy_decode() left, or this; what was used is cut off its front
 * @param item     decoder->item_bytes; set when the result is > 0
 * @return         > 0: an item; 0: there are no more; the decoder's error; -EBADMSG: the bytes ended
 *                 within a frame
 * Thread: that of the state. Allocates: what the decoder does.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_decode_eof(const eddy_decoder *decoder, void *state,
                                                    eddy_bytes *rest, void *item);

/* ---- delimiters ---- */

/** Where the search for a delimiter is: private. */
struct eddy__scan {
    size_t seen; /* bytes in front that hold none */
    uint8_t step;
};

/** State of the codec of lines. */
typedef struct eddy_lines_codec {
    size_t line_max;        /* bytes of the longest line, without its end; 0: EDDY_CODEC_TEXT_MAX */
    bool crlf;              /* the encoder ends lines by CR LF instead of LF */
    struct eddy__scan scan; /* private */
} eddy_lines_codec;

/**
 * Lines: the item is without its end, LF or CR LF. The last one may lack it; a CR there is a part of the
 * line, as in its middle. A line that is too long is one -EMSGSIZE, told at the first byte that is too
 * many; the rest of it is thrown away. What was searched is not searched again. State: eddy_lines_codec.
 * As eddy_io_poll_line(). See: tokio_io codec::LinesCodec
 */
EDDY_API extern const eddy_decoder eddy_lines_decoder;

/** Lines: -EINVAL when there is a LF in one. Without `crlf` a CR at its end is not refused, but becomes a
    part of the line's end: "a\r" is decoded as "a". */
EDDY_API extern const eddy_encoder eddy_lines_encoder;

/** State of the codec of items with a delimiter behind each. */
typedef struct eddy_delimited_codec {
    eddy_bytes delimiter;   /* one byte or more (asserted); outlives the state */
    size_t item_max;        /* bytes of the longest item, without it; 0: EDDY_CODEC_TEXT_MAX */
    struct eddy__scan scan; /* private */
} eddy_delimited_codec;

/**
 * Items with a delimiter behind each: the item is without it. As for lines, the last one may lack it,
 * and one that is too long is one error. State: eddy_delimited_codec.
 */
EDDY_API extern const eddy_decoder eddy_delimited_decoder;

/** Items with a delimiter behind each: -EINVAL when it would be found in the item or across its end. */
EDDY_API extern const eddy_encoder eddy_delimited_encoder;

/* ---- lengths ---- */

/** State of the codec of items of one length. */
typedef struct eddy_fixed_codec {
    size_t item_len; /* bytes of each, > 0 (asserted) */
} eddy_fixed_codec;

/** Items of one length. State: eddy_fixed_codec. */
EDDY_API extern const eddy_decoder eddy_fixed_decoder;

/** Items of one length: -EINVAL for any other. */
EDDY_API extern const eddy_encoder eddy_fixed_encoder;

/** State of the codec of netstrings. */
typedef struct eddy_netstring_codec {
    size_t item_max;   /* bytes of the longest item; 0: EDDY_CODEC_BLOCK_MAX */
    eddy_result error; /* private */
} eddy_netstring_codec;

/**
 * Netstrings: "5:hello,". No zeros in front of a length. State: eddy_netstring_codec.
 * See: https://cr.yp.to/proto/netstrings.txt
 */
EDDY_API extern const eddy_decoder eddy_netstring_decoder;

/** Netstrings. */
EDDY_API extern const eddy_encoder eddy_netstring_encoder;

/** State of the codec of items behind a varint. */
typedef struct eddy_varint_codec {
    size_t item_max;   /* bytes of the longest item; 0: EDDY_CODEC_BLOCK_MAX */
    eddy_result error; /* private */
} eddy_varint_codec;

/**
 * Items behind their length as a varint (LEB128): seven bits a byte, the lowest first, the eighth says
 * that there is one more; at most ten bytes, which may be more than it takes. -EBADMSG: more than that, or
 * than 64 bits, unless -EMSGSIZE was due at a byte before. As protobuf's delimited messages. State:
 * eddy_varint_codec.
 */
EDDY_API extern const eddy_decoder eddy_varint_decoder;

/** Items behind their length as a varint, in as few bytes as it takes. */
EDDY_API extern const eddy_encoder eddy_varint_encoder;

/* ---- no cut ---- */

/** Bytes as they come: each item is all that is there, at least one. State: NULL. */
EDDY_API extern const eddy_decoder eddy_bytes_decoder;

/** Bytes as they are; also none. State: NULL. */
EDDY_API extern const eddy_encoder eddy_bytes_encoder;

EDDY_EXTERN_C_END

#endif
