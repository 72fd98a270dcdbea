/* SPDX-License-Identifier: MIT */
/*
 * eddy/stream_collect.h - futures out of streams.
 *
 * But for eddy_stream_next(), they take over a stream, which is boxed and was not polled yet
 * (asserted), and give back a boxed future, owned by the caller, never NULL. The first error, of the
 * stream or of a callback, is the result, and drops the stream. Dropping the future drops the stream.
 * Items that are ready cost one unit of the task's budget each, so that others go first now and then.
 *
 * Callbacks get their `arg` first; it is borrowed, see eddy_finally(). They own what is in the item
 * from their call on. One that makes a future gives a boxed one, never NULL (asserted); the item stays
 * where it is, aligned to 16, until that future has ended; the next item is not asked for before.
 */
#ifndef EDDY_STREAM_COLLECT_H
#define EDDY_STREAM_COLLECT_H

#include "eddy/stream.h"

EDDY_EXTERN_C_BEGIN

/**
 * Wait for one item, and hand the stream back: for waits beside others, under a time limit, in a
 * select. Where the stream is polled by one function alone, EDDY_NEXT does the same without a future.
 * @param handle  loop                                   borrowed
 * @param stream  boxed or embedded, polled before or not; borrowed until the future has ended or is
 *                dropped, and not polled by others meanwhile. Afterwards it is whose child it was
 *                before, or nobody's: eddy_stream_drop(stream, NULL) is allowed then
 * @param item    memory for stream->item_bytes          borrowed as long
 * @return        boxed future; its result as of eddy_stream_poll_next()
 * Dropping: loses nothing; what the stream waited for is disarmed. Thread: loop. Allocates: from the
 * loop's slab. See: futures 0.1 Stream::into_future
 */
EDDY_API eddy_future *eddy_stream_next(eddy_handle *handle, eddy_stream *stream, void *item);

/**
 * Call a function with each item.
 * @param input  stream                                  taken over
 * @param each   >= 0: go on; < 0: the result, at once
 * @param arg    handed to `each`                        borrowed
 * @return       boxed future; its result: how many items came
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::for_each
 */
EDDY_API eddy_future *eddy_stream_for_each(eddy_stream *input,
                                           eddy_result (*each)(void *arg, const void *item),
                                           void *arg);

/**
 * Run a future for each item, one after the other.
 * @param input  stream                                  taken over
 * @param each   gives the future. Result >= 0: go on; < 0: the result, at once
 * @param arg    handed to `each`                        borrowed
 * @return       boxed future; its result: how many items came
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::for_each
 */
EDDY_API eddy_future *
eddy_stream_for_each_async(eddy_stream *input,
                           eddy_future *(*each)(void *arg, eddy_handle *handle, const void *item),
                           void *arg);

/**
 * Make one number of all items.
 * @param input  stream                                  taken over
 * @param first  the number before the first item, >= 0 (asserted)
 * @param fold   gets the number so far and an item; >= 0: the number from now on; < 0: the result
 * @param arg    handed to `fold`, and the place for more than a number   borrowed
 * @return       boxed future; its result: the last number
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::fold
 */
EDDY_API eddy_future *
eddy_stream_fold(eddy_stream *input, eddy_result first,
                 eddy_result (*fold)(void *arg, eddy_result so_far, const void *item), void *arg);

/**
 * eddy_stream_fold() by futures, one after the other.
 * @param input  stream                                  taken over
 * @param first  the number before the first item, >= 0 (asserted)
 * @param fold   gives the future. Result >= 0: the number from now on; < 0: the result, at once
 * @param arg    handed to `fold`                        borrowed
 * @return       boxed future; its result: the last number
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::fold
 */
EDDY_API eddy_future *eddy_stream_fold_async(eddy_stream *input, eddy_result first,
                                             eddy_future *(*fold)(void *arg, eddy_handle *handle,
                                                                  eddy_result so_far,
                                                                  const void *item),
                                             void *arg);

/**
 * Put all items into an array.
 * @param input  stream                                  taken over
 * @param items  memory for max items, one after the other          borrowed until the end
 * @param max    how many there may be
 * @return       boxed future; its result: how many came, the caller's from then on. -EMSGSIZE when one
 *               more came. After that and any other error, or a drop, the array holds none: what they
 *               owned is released
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::collect
 */
EDDY_API eddy_future *eddy_stream_collect(eddy_stream *input, void *items, size_t max);

/**
 * Put the bytes of all items one behind the other.
 * @param input      stream of eddy_bytes (asserted by size)        taken over
 * @param bytes      memory for max_bytes                           borrowed until the end
 * @param max_bytes  how many there may be
 * @return           boxed future; its result: how many bytes came, 0 of an empty stream. -EMSGSIZE
 *                   when an item did not fit; what did is there. Each item is dropped once it is copied
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::concat2
 */
EDDY_API eddy_future *eddy_stream_concat(eddy_stream *input, void *bytes, size_t max_bytes);

/**
 * Count the items, and drop them.
 * @param input  stream                                  taken over
 * @return       boxed future; its result: how many came
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_future *eddy_stream_count(eddy_stream *input);

/**
 * Drop all items but the last one.
 * @param input  stream                                  taken over
 * @param item   memory for input->item_bytes            borrowed until the end
 * @return       boxed future; its result: 1, the last item is in *item, and the caller's; 0: there was
 *               none. After an error or a drop *item holds none
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_future *eddy_stream_last(eddy_stream *input, void *item);

EDDY_EXTERN_C_END

#endif
