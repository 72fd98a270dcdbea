/* SPDX-License-Identifier: MIT */
/*
 * eddy/bridge.h - streams and sinks of what else eddy has: channels, intervals, listeners; and a stream
 * for a thread that has no loop. TCP streams are in eddy/transport.h.
 *
 * All streams and sinks are boxed, owned by the caller until they are polled, handed to an adaptor, or
 * dropped, and never NULL.
 */
#ifndef EDDY_BRIDGE_H
#define EDDY_BRIDGE_H

#include "eddy/channel.h"
#include "eddy/listener.h"
#include "eddy/sink.h"
#include "eddy/stream.h"
#include "eddy/time.h"

EDDY_EXTERN_C_BEGIN

/**
 * The ticks of an interval. Never ends.
 * @param handle     loop                                    borrowed
 * @param period_ns  nanoseconds, > 0 (asserted); the first tick is one period after the first poll
 * @param missed     policy for ticks that nobody took in time
 * @return           boxed stream of uint64_t: 1 + the ticks that were left out before this one
 * Dropping: disarms it. Thread: loop. Allocates: from the loop's slab. See: tokio_timer Interval
 */
EDDY_API eddy_stream *eddy_interval_stream(eddy_handle *handle, int64_t period_ns,
                                           eddy_missed missed);

/**
 * The connections that a listener accepts. Never ends; an error is the listener's own, for good, and is
 * told at each poll.
 * @param handle    loop of the listener                     borrowed
 * @param listener  taken over: freed with the stream, or now when there is no memory
 * @return          boxed stream of eddy_tcp *, which are freed when they reach nobody
 * Dropping: stops listening; connections that nobody took are closed. Thread: loop.
 * Allocates: from the loop's slab. See: tokio_core TcpListener::incoming
 */
EDDY_API eddy_stream *eddy_listener_incoming(eddy_handle *handle, eddy_listener *listener);

/**
 * The items that a channel's receiver gets; ends as that does.
 * @param handle    loop that will poll it                   borrowed
 * @param receiver  taken over: freed with the stream, or now when there is no memory
 * @return          boxed stream of the channel's items; where they own something, say so by
 *                  eddy_stream_owning(), as the channel's drop_item ends where they are received
 * Dropping: closes the channel, and destroys what is queued. Thread: loop.
 * Allocates: from the loop's slab. See: futures 0.1 mpsc::Receiver
 */
EDDY_API eddy_stream *eddy_receiver_stream(eddy_handle *handle, eddy_receiver *receiver);

/**
 * A sink that sends its items through a channel.
 * @param handle  loop that will poll it                     borrowed
 * @param sender  one reference, taken over: given back with the sink, right after its close, or now
 *                when there is no memory
 * @return        boxed sink of the channel's items. Errors: EDDY_CLOSED: the receiver is gone, or has
 *                closed; what else eddy_sender_poll_send() tells. An item is flushed once it is in the
 *                channel; close gives the reference back
 * Dropping: gives the reference back, and its place in the line. Thread: loop.
 * Allocates: from the loop's slab. See: futures 0.1 mpsc::Sender
 */
EDDY_API eddy_sink *eddy_sender_sink(eddy_handle *handle, eddy_sender *sender);

/* ---- a thread without a loop ---- */

/** The items of a stream that lives on a loop, for a thread that has none. */
typedef struct eddy_iterator eddy_iterator;

/**
 * Have a task of a loop take the items of a stream, for another thread to get them one by one.
 * @param handle    loop of the stream                       borrowed
 * @param stream    boxed, not polled yet (asserted); taken over in any case
 * @param capacity  items that the task takes ahead, >= 1, and one in hand; it waits when nobody gets
 *                  them
 * @param out       set, owned by the caller; untouched on error
 * @return          0; -EINVAL: a capacity of 0, EDDY_UNBOUNDED, or more than any memory could hold;
 *                  -ENOMEM, EDDY_TASKS_FULL, EDDY_LOOP_GONE
 * Thread: loop; hand *out to the other thread. Allocates: yes, also from the loop's allocator beyond the
 * loop's end. See: futures 0.1 Stream::wait
 */
EDDY_API int eddy_stream_blocking(eddy_handle *handle, eddy_stream *stream, uint32_t capacity,
                                  eddy_iterator **out);

/**
 * Get the next item; block the thread until there is one.
 * @param self  iterator; one thread at a time
 * @param item  memory for one; means something only when an item is told
 * @return      1: an item is in *item, and the caller's; 0: the end, at this and every later call; an
 *              error of the stream, after which it may go on; EDDY_DROPPED, at this and every later
 *              call: the task was asked to end or dropped, or the loop is gone, before the stream's end
 * Thread: any but the loop's, when it must wait (asserted). Blocks. Allocates: no.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_iterator_next(eddy_iterator *self, void *item);

/**
 * Give the iterator back. The stream's task ends, wherever it waits, and the stream is dropped there;
 * items that were taken ahead are dropped here (eddy_stream_owning()).
 * @param self  iterator; NULL does nothing
 * Thread: any. Allocates: no.
 */
EDDY_API void eddy_iterator_free(eddy_iterator *self);

EDDY_EXTERN_C_END

#endif
