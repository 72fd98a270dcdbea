/* SPDX-License-Identifier: MIT */
/*
 * eddy/futures.h - many futures at once that come and go: sets to which futures are pushed and that
 * tell the outcomes as a stream; and streams of which several items are worked on at a time.
 *
 *     eddy_stream *set = eddy_futures_unordered(handle);
 *     ...
 *     error = eddy_futures_push(set, ask(handle, host), host_number);
 *     ...
 *     EDDY_NEXT(n, self->set, &self->outcome); // .key is host_number, .result what ask() said
 *
 * Only children that were woken are polled, each at most once per poll of the set, so a set of a
 * hundred thousand costs no more per wake than one of ten. A request to end goes down to every child;
 * the set goes on and tells what they make of it. Children go on only while somebody polls the set.
 *
 * All are streams of the loop as in eddy/stream.h: boxed, never NULL, owned by the caller until they
 * are polled, handed to an adaptor, or dropped; each item costs one unit of the task's budget. Those
 * that take an input own it, and end it as soon as it has told its end.
 */
#ifndef EDDY_FUTURES_H
#define EDDY_FUTURES_H

#include "eddy/stream.h"

EDDY_EXTERN_C_BEGIN

/* ---- sets ---- */

/** What one future of a set has said: the set's items. */
struct eddy_outcome {
    uint64_t key;       /* as it was pushed */
    eddy_result result; /* an error, too, is an item */
};

/**
 * A set that tells outcomes as the futures end.
 * @param handle  loop                             borrowed
 * @return        boxed stream of struct eddy_outcome. It has told its end when all that were pushed
 *                are told, and begins anew when one more is pushed
 * Dropping: drops all children. Thread: loop. Allocates: from the loop's slab.
 * See: futures 0.1 FuturesUnordered
 */
EDDY_API eddy_stream *eddy_futures_unordered(eddy_handle *handle);

/**
 * A set that tells outcomes in the order in which the futures were pushed, errors in their places,
 * while all of them run. What ends early is kept until its turn.
 * @param handle  loop                             borrowed
 * @return        as for eddy_futures_unordered()
 * Dropping: drops all children. Thread: loop. Allocates: from the loop's slab.
 * See: futures 0.1 FuturesOrdered
 */
EDDY_API eddy_stream *eddy_futures_ordered(eddy_handle *handle);

/**
 * Put a future into a set: at any time, also while the set is polled or waited for, by its own
 * children or their `done`. It is polled at the set's next poll, never inside this call.
 * @param self    set, as one of the above gave it   borrowed
 * @param future  boxed, not polled yet              taken over
 * @param key     handed back with its result
 * @return        0; -ENOMEM, EDDY_LOOP_GONE, or EDDY_CLOSED when the set is just being dropped (a
 *                `done` of a child of it runs): then `future` was dropped
 * Thread: loop. Allocates: from the loop's slab, about 150 bytes until it is told.
 */
EDDY_API int eddy_futures_push(eddy_stream *self, eddy_future *future, uint64_t key);

/**
 * How many have been pushed and not told yet.
 * @param self  set
 * @return      those that run, and those that have ended and wait for their turn
 * Thread: loop. Allocates: no.
 */
EDDY_API size_t eddy_futures_len(const eddy_stream *self);

/**
 * Take all outcomes, until the set has told its end.
 * @param self  set; taken over, but pushing goes on to be allowed until the future has ended
 * @param each  called with each outcome, which is its own for the call; >= 0: go on; < 0: end with
 *              this, and drop what is left
 * @param arg   handed to `each`                     borrowed
 * @return      boxed future: how many outcomes there were, or the error of `each`
 * Dropping: drops the set. Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_future *eddy_futures_for_each(eddy_stream *self,
                                            eddy_result (*each)(void *arg,
                                                                const struct eddy_outcome *outcome),
                                            void *arg);

/* ---- several items at a time ---- */

/**
 * Makes the future that works on one item.
 * @param arg     as it was registered
 * @param handle  loop
 * @param item    the item, aligned to 16; stays there until the future is done
 * @param out     zeroed memory for what comes of it, aligned to 16, where it stays until it is told;
 *                NULL when out_bytes is 0
 * @return        boxed future, never NULL (asserted). Result >= 0: *out is told as an item; < 0: this
 *                error is
 */
typedef eddy_future *eddy_item_work(void *arg, eddy_handle *handle, const void *item, void *out);

/**
 * Work on up to `limit` items of a stream at a time; what comes of them is told in the order of the
 * items, errors (of the input, too) in their places.
 * @param input      boxed stream, not polled yet             taken over
 * @param limit      futures at a time, those that have ended and wait for their turn included; at
 *                   least 1 (asserted)
 * @param out_bytes  size of an item of the new stream; 0: the items are the futures' results, each an
 *                   eddy_result >= 0
 * @param work       makes the future of an item
 * @param arg        handed to `work`                          borrowed
 * @return           boxed stream. -ENOMEM: an item could not be taken from the input for lack of
 *                   memory; it is still there, nothing is lost
 * Dropping: drops all futures and the input; what has come of items and was not told is released as
 * eddy_stream_owning() of the new stream says.
 * Thread: loop. Allocates: from the loop's slab, per item under way. See: futures 0.1 buffered()
 */
EDDY_API eddy_stream *eddy_stream_buffered(eddy_stream *input, size_t limit, size_t out_bytes,
                                           eddy_item_work *work, void *arg);

/**
 * eddy_stream_buffered(), told as the futures end.
 * @param input      boxed stream, not polled yet             taken over
 * @param limit      as for eddy_stream_buffered()
 * @param out_bytes  as for eddy_stream_buffered()
 * @param work       as for eddy_stream_buffered()
 * @param arg        handed to `work`                          borrowed
 * @return           boxed stream
 * Dropping: as of eddy_stream_buffered().
 * Thread: loop. Allocates: from the loop's slab, per item under way.
 * See: futures 0.1 buffer_unordered()
 */
EDDY_API eddy_stream *eddy_stream_buffer_unordered(eddy_stream *input, size_t limit,
                                                   size_t out_bytes, eddy_item_work *work,
                                                   void *arg);

/**
 * Do something with each item of a stream, up to `limit` at a time.
 * @param input  boxed stream, not polled yet                  taken over
 * @param limit  futures at a time, at least 1 (asserted)
 * @param each   makes the future of an item, boxed, never NULL (asserted); `item` is aligned to 16 and
 *               stays there until that future is done
 * @param arg    handed to `each`                              borrowed
 * @return       boxed future: how many items there were; or the first error of the input or a future,
 *               at which the rest is dropped
 * Dropping: drops all futures and the input. Thread: loop. Allocates: from the loop's slab, per item
 * under way. See: futures 0.3 try_for_each_concurrent()
 */
EDDY_API eddy_future *eddy_stream_for_each_concurrent(
    eddy_stream *input, size_t limit,
    eddy_future *(*each)(void *arg, eddy_handle *handle, const void *item), void *arg);

EDDY_EXTERN_C_END

#endif
