/* SPDX-License-Identifier: MIT */
/*
 * eddy/stream_source.h - streams out of memory, of futures, and of functions. More sources are in the
 * headers of what they stand on: channels, intervals, listeners, byte streams.
 *
 * All are boxed, owned by the caller until they are polled, handed to an adaptor, or dropped, and
 * never NULL. Each item costs one unit of the task's budget, so that a source that is always ready
 * lets other tasks go first now and then. Items have at least one byte (asserted).
 */
#ifndef EDDY_STREAM_SOURCE_H
#define EDDY_STREAM_SOURCE_H

#include "eddy/stream.h"

EDDY_EXTERN_C_BEGIN

/**
 * The items of an array, in order.
 * @param handle      loop                             borrowed
 * @param items       count of them, one after the other; borrowed until the stream is gone
 * @param count       how many, may be 0
 * @param item_bytes  size of one
 * @return            boxed stream
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 iter_ok()
 */
EDDY_API eddy_stream *eddy_stream_array(eddy_handle *handle, const void *items, size_t count,
                                        size_t item_bytes);

/**
 * One item over and over, without end.
 * @param handle      loop                             borrowed
 * @param item        copied by this call
 * @param item_bytes  its size
 * @return            boxed stream
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 repeat()
 */
EDDY_API eddy_stream *eddy_stream_repeat(eddy_handle *handle, const void *item, size_t item_bytes);

/**
 * No item at all: the end at once.
 * @param handle      loop                             borrowed
 * @param item_bytes  size of the items that do not come
 * @return            boxed stream
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 stream::empty()
 */
EDDY_API eddy_stream *eddy_stream_empty(eddy_handle *handle, size_t item_bytes);

/**
 * One item, the result of a future, as an int64_t; or one error. Then the end.
 * @param future  boxed, not polled yet                taken over
 * @return        boxed stream of int64_t
 * Dropping: drops the future. Thread: loop. Allocates: from the loop's slab.
 * See: futures 0.1 once(), Future::into_stream
 */
EDDY_API eddy_stream *eddy_stream_once(eddy_future *future);

/**
 * Items that futures make, one after the other.
 * @param handle      loop                             borrowed
 * @param item_bytes  size of one
 * @param next        gives the future of the next item, boxed, never NULL (asserted); called when
 *                    somebody waits for it and the one before has ended. `item` is memory that is
 *                    aligned to 16, zeroed at first, as the item before left it later, and stays
 *                    until the future has ended. Result > 0: the item is in *item; 0: the end; < 0:
 *                    an error, told once, and then the end
 * @param arg         handed to `next`: the state      borrowed
 * @return            boxed stream
 * Dropping: drops the future in flight. Thread: loop. Allocates: from the loop's slab; see `next`.
 * See: futures 0.1 unfold()
 */
EDDY_API eddy_stream *
eddy_stream_unfold(eddy_handle *handle, size_t item_bytes,
                   eddy_future *(*next)(void *arg, eddy_handle *handle, void *item), void *arg);

/**
 * Items from a poll function, for a stream of a single kind of wait; for more see
 * eddy/stream_function.h.
 * @param handle      loop                             borrowed
 * @param item_bytes  size of one
 * @param poll        as eddy_stream_poll_next() without the stream; not called after the end
 * @param arg         handed to `poll`                 borrowed
 * @return            boxed stream
 * Dropping: disarms what `poll` parked at. Thread: loop. Allocates: from the loop's slab.
 * See: futures 0.1 stream::poll_fn()
 */
EDDY_API eddy_stream *
eddy_stream_poll_fn(eddy_handle *handle, size_t item_bytes,
                    eddy_result (*poll)(void *arg, eddy_task *task, void *item), void *arg);

/**
 * The stream that a future makes.
 * @param future      boxed, not polled yet            taken over
 * @param inner       set to NULL now; holds a boxed stream of items of that size when `future`
 *                    succeeds (asserted), owned from then on. Whatever is put there, it is dropped
 *                    when it is not gone on with. The place outlives the stream that is given back
 * @param item_bytes  size of the items
 * @return            boxed stream: the items of *inner; or the future's error, once, and then the end
 * Dropping: drops the future, or *inner. Thread: loop. Allocates: from the loop's slab.
 * See: futures 0.1 Future::flatten_stream
 */
EDDY_API eddy_stream *eddy_stream_from_future(eddy_future *future, eddy_stream **inner,
                                              size_t item_bytes);

EDDY_EXTERN_C_END

#endif
