/* SPDX-License-Identifier: MIT */
/*
 * eddy/sink_adapt.h - sinks out of sinks, and streams pumped into sinks.
 *
 *     eddy_sink *lines = eddy_sink_map(out, sizeof(struct reply), print_reply, chat);
 *     lines = eddy_sink_buffer(lines, 16);
 *     return eddy_core_run(core, eddy_stream_forward(replies, lines));
 *
 * An adaptor takes over the sink it stands in front of: boxed, and no future's child (asserted). It is
 * given back as one sink, whose send, flush and close reach through to the inner one's. What is put
 * on a failed sink is a failed sink; when memory is out, the inner one is dropped.
 *
 * Callbacks get their `arg` first; it is borrowed, and given back by eddy_sink_finally(). They run in
 * the task that polls, exactly once for each item that is taken, and never after the sink is closed.
 * A callback that gets an item to make another one of it owns what is in it from its call on.
 *
 * An adaptor that has taken an item, and is refused it by an error of the inner sink, has lost it, and
 * tells the error at the next call: an error always says that the item of this call was not taken.
 * But -ECANCELED and -ETIMEDOUT, by which a wait tells that the task is asked to end, lose
 * nothing: whoever goes on all the same, to say goodbye, finds everything as it was.
 */
#ifndef EDDY_SINK_ADAPT_H
#define EDDY_SINK_ADAPT_H

#include "eddy/sink.h"
#include "eddy/stream.h"

EDDY_EXTERN_C_BEGIN

/* ---- items ---- */

/**
 * Change each item on its way in.
 * @param sink        inner sink, taken over
 * @param item_bytes  size of the items that come in, > 0 (asserted)
 * @param map         makes *out, sink->item_bytes, of an item; < 0: an error, by which the item is lost
 *                    and which the next send, flush or close returns
 * @param arg         handed to `map`                        borrowed
 * @return            boxed sink, owned by the caller; never NULL
 * Holds one changed item that the inner sink has not taken yet. Dropping: loses that.
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Sink::with
 */
EDDY_API eddy_sink *eddy_sink_map(eddy_sink *sink, size_t item_bytes,
                                  int (*map)(void *arg, const void *item, void *out), void *arg);

/**
 * Change each item on its way in by a future, one after the other.
 * @param sink        inner sink, taken over
 * @param item_bytes  size of the items that come in, > 0 (asserted)
 * @param make        gives a boxed future that fills *out, sink->item_bytes, by its end; owned from
 *                    then on. *item and *out stay where they are until then. Its result: >= 0 done; an
 *                    error, by which the item is lost and which the next send, flush or close returns
 * @param arg         handed to `make`                       borrowed
 * @return            boxed sink, owned by the caller; never NULL
 * Holds one item: while its future runs, or until the inner sink takes it, the next is refused, and a
 * flush waits. Dropping: drops the future, or loses the changed item.
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Sink::with
 */
EDDY_API eddy_sink *eddy_sink_with(eddy_sink *sink, size_t item_bytes,
                                   eddy_future *(*make)(void *arg, eddy_handle *handle,
                                                        const void *item, void *out),
                                   void *arg);

/**
 * Change each item on its way in to any number of items, given by a stream.
 * @param sink        inner sink, taken over
 * @param item_bytes  size of the items that come in, > 0 (asserted)
 * @param make        gives a boxed stream of items of sink->item_bytes; owned from then on. *item stays
 *                    where it is until its end. An error of it is returned by the next send, flush or
 *                    close; then the stream goes on, unless it is one that could not be made
 * @param arg         handed to `make`                       borrowed
 * @return            boxed sink, owned by the caller; never NULL
 * The next item is refused until the stream has ended, and a flush waits for that. Dropping: drops
 * the stream, and loses one item of it that the inner sink has not taken yet.
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Sink::with_flat_map
 */
EDDY_API eddy_sink *eddy_sink_with_flat_map(eddy_sink *sink, size_t item_bytes,
                                            eddy_stream *(*make)(void *arg, eddy_handle *handle,
                                                                 const void *item),
                                            void *arg);

/**
 * Look at each item that the inner sink has taken.
 * @param sink  inner sink, taken over
 * @param look  sees the item
 * @param arg   handed to `look`                             borrowed
 * @return      boxed sink, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_sink *eddy_sink_inspect(eddy_sink *sink, void (*look)(void *arg, const void *item),
                                      void *arg);

/* ---- room ---- */

/**
 * Take up to `items` items ahead of the inner sink, first come first out.
 * @param sink   inner sink, taken over
 * @param items  how many it can hold; 0: none, the inner sink is given back as it is
 * @return       boxed sink, owned by the caller; never NULL
 * A send puts as many as possible through, then takes the item unless `items` are left; a flush empties
 * it first. Dropping: loses what it holds. Thread: loop. Allocates: from the loop's slab, once.
 * See: futures 0.1 Sink::buffer
 */
EDDY_API eddy_sink *eddy_sink_buffer(eddy_sink *sink, size_t items);

/* ---- several ---- */

/**
 * Send each item to two sinks, at the pace of the slower one.
 * @param a  sink, taken over
 * @param b  sink of the same item_bytes (asserted), taken over
 * @return   boxed sink, owned by the caller; never NULL
 * Items are copied: they must not own anything. The next item is refused while one of the two has not
 * taken the last; flush and close are done when both are. An error of one is returned by the next
 * send, flush or close, and the item that met it is lost to that one alone; the other goes on. Dropping:
 * loses an item to the one that has not taken it. Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Sink::fanout
 */
EDDY_API eddy_sink *eddy_sink_fanout(eddy_sink *a, eddy_sink *b);

/* ---- errors and ends ---- */

/**
 * Change each error of a send, flush or close.
 * @param sink  inner sink, taken over
 * @param map   gets the error, gives the one to tell (an error: asserted)
 * @param arg   handed to `map`                              borrowed
 * @return      boxed sink, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Sink::sink_map_err
 */
EDDY_API eddy_sink *eddy_sink_map_err(eddy_sink *sink,
                                      eddy_result (*map)(void *arg, eddy_result error), void *arg);

/**
 * Release something when the inner sink is gone: after it was closed, or is dropped.
 * @param sink     inner sink, taken over; freed right after its close
 * @param release  called exactly once, after that; at once when there is no memory or `sink` failed
 * @param arg      handed to `release`
 * @return         boxed sink, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_sink *eddy_sink_finally(eddy_sink *sink, void (*release)(void *arg), void *arg);

/* ---- pumps ---- */

/**
 * Send all items of a stream; flush whenever the stream has none ready; close the sink at the
 * stream's end.
 * @param sink    boxed sink, lent: it is the caller's again when the future has ended or is dropped
 * @param stream  boxed stream of the same item_bytes (asserted), lent too
 * @return        boxed future, owned by the caller, never NULL. Its result: 0; the first error of either
 * Dropping: loses one item at most, which the stream has given and the sink has not taken (see
 * eddy_stream_owning()). Waits as "sink" beside what the two wait for.
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Sink::send_all
 */
EDDY_API eddy_future *eddy_sink_send_all(eddy_sink *sink, eddy_stream *stream);

/**
 * As eddy_sink_send_all(), but both ends are the future's: dropped, stream first, when it ends, by an
 * error too, or is dropped.
 * @param stream  boxed stream, taken over
 * @param sink    boxed sink of the same item_bytes (asserted), taken over
 * @return        boxed future, owned by the caller, never NULL. Its result: 0: all items were sent, and
 *                the sink is closed; the first error of either
 * Dropping: loses what both ends lose by it, and one item between them. Thread: loop.
 * Allocates: from the loop's slab. See: futures 0.1 Stream::forward
 */
EDDY_API eddy_future *eddy_stream_forward(eddy_stream *stream, eddy_sink *sink);

EDDY_EXTERN_C_END

#endif
