/* SPDX-License-Identifier: MIT */
/*
 * eddy/transport.h - a byte stream as a stream and a sink of items: what turns bytes into items and back
 * is a codec (eddy/codec.h). And pairs of a stream and a sink that belong together.
 *
 *     eddy_duplex lines = eddy_io_framed(handle, io, &line_decoder, NULL, &line_encoder, NULL);
 *     answers = eddy_stream_map(lines.in, sizeof(struct line), answer, server);
 *     return eddy_spawn(handle, eddy_stream_forward(answers, lines.out));
 *
 * A decoder looks at the bytes where they were received (eddy_io_view()); what is no whole frame yet
 * stays in the byte stream, so that dropping the stream of items loses nothing: another decoder, or
 * plain reads, go on at the first byte of which no item was made. An encoder's frames go to the byte
 * stream's out-queue, and wait when that is full.
 */
#ifndef EDDY_TRANSPORT_H
#define EDDY_TRANSPORT_H

#include "eddy/codec.h"
#include "eddy/io.h"
#include "eddy/sink.h"
#include "eddy/stream.h"

EDDY_EXTERN_C_BEGIN

/**
 * The items that a decoder makes of what a byte stream receives.
 * @param handle   loop of the byte stream                    borrowed
 * @param io       what is read; borrowed, outlives the stream of items; nobody else reads meanwhile
 * @param decoder  borrowed until the stream is gone
 * @param state    handed to the decoder                     borrowed
 * @return         boxed stream, owned by the caller; never NULL. It ends when the peer has closed and
 *                 the decoder says so. Errors: the decoder's; -EMSGSIZE: a frame is longer than
 *                 decoder->frame_max, or than the byte stream can show at once; -EBADMSG: the peer closed
 *                 within a frame; what reading tells. After one that leaves its bytes where they are,
 *                 the next poll tells it again
 * An item may point to the bytes it was made of: they stay where they are until the poll function that
 * got the item returns, or the next item is asked for. Whoever holds items longer, as a forward to a
 * sink that is full does, needs a decoder, or an eddy_stream_map(), that copies them.
 * Dropping: loses nothing. Thread: loop. Allocates: from the loop's slab, once.
 * See: tokio_io codec::FramedRead
 */
EDDY_API eddy_stream *eddy_io_decoded(eddy_handle *handle, eddy_io *io, const eddy_decoder *decoder,
                                      void *state);

/**
 * How far a stream of decoded items has come.
 * @param self  stream, as eddy_io_decoded() or eddy_io_framed() gave it (asserted); also while an adaptor
 *              has it
 * @return      bytes since it was made that items were made of, that were skipped, or that were bad:
 *              the offset of the first one that nothing was made of yet
 * Thread: loop. Allocates: no.
 */
EDDY_API uint64_t eddy_decoded_offset(const eddy_stream *self);

/**
 * Where the last error that a decoder, or a limit, has told is: for reports. Such errors are noted as
 * "decode" with the task, see eddy_why().
 * @param self  as for eddy_decoded_offset()
 * @return      offset of the first byte of what could not be decoded, in bytes since the stream was made:
 *              the bad bytes are those from here to eddy_decoded_offset(), or, when these are equal, the
 *              frame that begins here is bad, too long, or cut off. 0 before the first error
 * Thread: loop. Allocates: no.
 */
EDDY_API uint64_t eddy_decoded_error_offset(const eddy_stream *self);

/**
 * A sink of items whose frames a byte stream sends.
 * @param handle   loop of the byte stream                    borrowed
 * @param io       what is written to; borrowed, outlives the sink; nobody else writes meanwhile
 * @param encoder  borrowed until the sink is gone
 * @param state    handed to the encoder                     borrowed
 * @return         boxed sink, owned by the caller; never NULL. Errors: the encoder's; -EMSGSIZE: the
 *                 frame is longer than encoder->frame_max; -ENOMEM: by these three the item is not
 *                 taken, and the sink goes on; what writing tells
 * One frame that the byte stream has no room for is kept, and with it the next item is refused. A flush
 * waits until the kernel has taken all; a close then half-closes the byte stream
 * (eddy_io_poll_shutdown()): to go on without that, flush and drop. Frames of more than
 * EDDY_IO_WRITE_WHOLE bytes are not copied. Dropping: loses the frame that is kept, all of it: flush
 * first; what is on its way arrives. Thread: loop. Allocates: from the loop's slab, and one frame's room
 * at a time. See: tokio_io codec::FramedWrite
 */
EDDY_API eddy_sink *eddy_io_encoded(eddy_handle *handle, eddy_io *io, const eddy_encoder *encoder,
                                    void *state);

/* ---- both ---- */

/**
 * A stream and a sink that belong together: what is called "framed", or "a transport". It is two
 * halves from the beginning: to split it is to hand one of them to somebody else, another task of the
 * loop for instance; to reunite them is to put them into an eddy_duplex again. Neither needs a lock or
 * memory: the halves share what they stand on, and that ends with the second half. An adaptor put on
 * one leaves the other as it is.
 */
typedef struct eddy_duplex {
    eddy_stream *in;
    eddy_sink *out;
} eddy_duplex;

/**
 * Both directions of a byte stream, which ends with the second half: see eddy_io_split().
 * @param handle         loop of the byte stream              borrowed
 * @param io             taken over
 * @param decoder        borrowed until `in` is gone
 * @param decoder_state  handed to the decoder               borrowed
 * @param encoder        borrowed until `out` is gone
 * @param encoder_state  handed to the encoder               borrowed
 * @return               two boxed halves, owned by the caller; never NULL. Without memory a half fails,
 *                       and its direction is given back
 * Dropping: `in` alone: what comes is read no more; `out` alone: FIN follows what was written; both: as
 * eddy_io_free(). Thread: loop. Allocates: from the loop's slab. See: tokio_io AsyncRead::framed
 */
EDDY_API eddy_duplex eddy_io_framed(eddy_handle *handle, eddy_io *io, const eddy_decoder *decoder,
                                    void *decoder_state, const eddy_encoder *encoder,
                                    void *encoder_state);

/**
 * The byte stream back from both halves, when the protocol changes (an upgrade): what was received and
 * no item was made of is still in it, for another decoder or for plain reads; what was written is on its
 * way before what is written next.
 * @param self  pair, as eddy_io_framed() gave it: no adaptor has a half (asserted), and the sink was
 *              flushed, so that it keeps no frame (asserted); its members are set to NULL
 * @param task  as for eddy_duplex_drop()
 * @return      byte stream, owned by the caller; NULL: a half had failed for lack of memory, then the pair
 *              is dropped, and the byte stream with it
 * Thread: loop. Allocates: no. See: tokio_io codec::Framed::into_parts
 */
EDDY_API eddy_io *eddy_duplex_into_io(eddy_duplex *self, eddy_task *task);

/**
 * Drop both halves.
 * @param self  pair; its members are set to NULL; those that are NULL are left alone
 * @param task  as for eddy_stream_drop() and eddy_sink_drop()
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_duplex_drop(eddy_duplex *self, eddy_task *task);

EDDY_EXTERN_C_END

#endif
