/* SPDX-License-Identifier: MIT */
/*
 * eddy/dgram_framed.h - a datagram socket as a stream and a sink of messages: one datagram is one message.
 * What turns one into the other is a pair of tables, as eddy/codec.h has for byte streams; a message
 * usually holds the address of its peer.
 *
 *     static eddy_result decode(void *state, const eddy_datagram *in, void *item)
 *     {
 *         struct ping *ping = item;
 *
 *         if (in->len != sizeof ping->number)
 *             return -EBADMSG;
 *         memcpy(&ping->number, in->data, sizeof ping->number);
 *         ping->peer = in->peer;
 *         return 1;
 *     }
 *
 * All functions: thread of the loop only.
 */
#ifndef EDDY_DGRAM_FRAMED_H
#define EDDY_DGRAM_FRAMED_H

#include "eddy/dgram.h"
#include "eddy/transport.h"

EDDY_EXTERN_C_BEGIN

/** Datagrams to items. Shared by all that speak a protocol, and static. */
typedef struct eddy_dgram_decoder {
    const char *name;  /* for reports; text that outlives what is made with the decoder */
    size_t item_bytes; /* > 0 */
    /**
     * `in`: data, len, peer and what the socket was asked to tell; Unix: *name. len 0 is an empty
     * datagram. > 0: *item is made; 0: nothing is, on to the next datagram; an error: that of this
     * datagram, the next may be good.
     */
    eddy_result (*decode)(void *state, const eddy_datagram *in, void *item);
    /** Releases what an item owns; NULL: nothing. See eddy_stream_owning(). */
    void (*drop_item)(void *item);
} eddy_dgram_decoder;

/** Items to datagrams. Shared, and static. */
typedef struct eddy_dgram_encoder {
    const char *name;  /* for reports; text that outlives what is made with the encoder */
    size_t item_bytes; /* > 0 */
    size_t bytes_max;  /* of a datagram; 0: EDDY_DGRAM_BYTES_MAX */
    /**
     * Write the item's bytes to out->data, and where they go to out->peer (NONE, as it is: the peer that
     * the socket is connected to; Unix: to *out->name, unnamed as it is) and to what else of an
     * eddy_datagram a send reads. How long they are:
     *   <= out->room  they are written, 0 is an empty datagram; the item is the encoder's: it releases
     *                 what that owns
     *   > out->room   nothing is changed: it needs so many, and is called again with as many
     *   an error      the item cannot be encoded, and stays the caller's
     */
    eddy_result (*encode)(void *state, const void *item, eddy_datagram *out);
    /** Releases what an item owns; NULL: nothing. See eddy_sink_owning(). */
    void (*drop_item)(void *item);
} eddy_dgram_encoder;

/**
 * The items that a decoder makes of received datagrams.
 * @param handle   loop of the socket                        borrowed
 * @param dgram    what is received from; borrowed, outlives the stream; nobody else receives meanwhile
 * @param decoder  borrowed until the stream is gone
 * @param state    handed to the decoder                     borrowed
 * @return         boxed stream, owned by the caller; never NULL. It ends only where the socket does
 *                 (EDDY_CLOSED). Errors, after each of which it goes on: the decoder's; -EMSGSIZE: a
 *                 datagram of more than EDDY_DGRAM_BYTES_MAX bytes (Unix); what receiving tells
 * Joined segments come one by one. An item may point to the bytes of its datagram: they stay until the
 * next item is asked for. Dropping: loses nothing, but the rest of joined segments. Thread: loop.
 * Allocates: from the loop's slab, EDDY_DGRAM_BYTES_MAX bytes among it.
 * See: tokio_core UdpFramed
 */
EDDY_API eddy_stream *eddy_dgram_decoded(eddy_handle *handle, eddy_dgram *dgram,
                                         const eddy_dgram_decoder *decoder, void *state);

/**
 * A sink of items, each of which is sent as a datagram.
 * @param handle   loop of the socket                        borrowed
 * @param dgram    what is sent by; borrowed, outlives the sink; nobody else sends meanwhile
 * @param encoder  borrowed until the sink is gone
 * @param state    handed to the encoder                     borrowed
 * @return         boxed sink, owned by the caller; never NULL. Errors: the encoder's; -EMSGSIZE: more than
 *                 encoder->bytes_max; -ENOMEM: by these three the item is not taken; what sending tells of
 *                 a datagram that was taken before, which is lost then: this item is not taken, either.
 *                 After each the sink goes on
 * One datagram that there is no room for is kept, and with it the next item is refused. A flush sends it.
 * A close flushes; the socket stays as it is. Dropping: loses the datagram that is kept. Thread: loop.
 * Allocates: from the loop's slab, the room of the longest datagram so far among it.
 * See: tokio_core UdpFramed
 */
EDDY_API eddy_sink *eddy_dgram_encoded(eddy_handle *handle, eddy_dgram *dgram,
                                       const eddy_dgram_encoder *encoder, void *state);

/**
 * Both directions of a socket, which is freed with the second half. To keep the socket, make the halves by
 * eddy_dgram_decoded() and eddy_dgram_encoded().
 * @param handle         loop of the socket                  borrowed
 * @param dgram          taken over
 * @param decoder        borrowed until `in` is gone
 * @param decoder_state  handed to the decoder               borrowed
 * @param encoder        borrowed until `out` is gone
 * @param encoder_state  handed to the encoder               borrowed
 * @return               two boxed halves, owned by the caller; never NULL: see eddy_duplex_drop(). Without
 *                       memory a half fails, and its direction is given back
 * Thread: loop. Allocates: from the loop's slab. See: tokio_core UdpSocket::framed
 */
EDDY_API eddy_duplex eddy_dgram_framed(eddy_handle *handle, eddy_dgram *dgram,
                                       const eddy_dgram_decoder *decoder, void *decoder_state,
                                       const eddy_dgram_encoder *encoder, void *encoder_state);

EDDY_EXTERN_C_END

#endif
