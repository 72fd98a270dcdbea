/* SPDX-License-Identifier: MIT */
/*
 * eddy/stream_adapt.h - adaptors: a stream out of one stream.
 *
 *     stream = eddy_stream_filter(eddy_receiver_stream(receiver), is_urgent, NULL);
 *     stream = eddy_stream_map(stream, sizeof(struct answer), answer, server);
 *     stream = eddy_stream_take(stream, 100);
 *
 * An adaptor takes over its input, which is boxed and was not polled yet (asserted), and gives back a
 * boxed stream, owned by the caller, never NULL. The input's end is the adaptor's, unless its page
 * says otherwise; the input is then dropped at once. An error of the input is passed on, and the
 * stream goes on where the input does. Dropping an adaptor drops its input, and the future that it
 * waits for; an item that it holds meanwhile is dropped, see eddy_stream_owning(). What turns down
 * items that are ready spends one unit of the task's budget on each. Adaptors on adaptors need no stack to
 * be dropped, but some at each poll, so mind how deep a program can make them.
 *
 * Callbacks get their `arg` first; it is borrowed, see eddy_stream_finally(). One that makes a future
 * gives a boxed one, never NULL (asserted); the item it gets stays where it is, aligned to 16, until
 * that future has ended. There is no fuse: every stream tells its end for ever, see
 * eddy_stream_is_done().
 */
#ifndef EDDY_STREAM_ADAPT_H
#define EDDY_STREAM_ADAPT_H

#include "eddy/stream.h"

EDDY_EXTERN_C_BEGIN

/* ---- one item of one ---- */

/**
 * Make another item of each.
 * @param input      stream                                     taken over
 * @param out_bytes  size of the new items, > 0 (asserted)
 * @param map        >= 0: the new item is in *out; < 0: an error instead
 * @param arg        handed to `map`                            borrowed
 * @return           boxed stream
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::map
 */
EDDY_API eddy_stream *eddy_stream_map(eddy_stream *input, size_t out_bytes,
                                      int (*map)(void *arg, const void *item, void *out),
                                      void *arg);

/**
 * Make another error of each; items pass.
 * @param input    stream                                       taken over
 * @param map_err  gives the error to tell instead, < 0 and not EDDY_PENDING (asserted)
 * @param arg      handed to `map_err`                          borrowed
 * @return         boxed stream
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::map_err
 */
EDDY_API eddy_stream *eddy_stream_map_err(eddy_stream *input,
                                          eddy_result (*map_err)(void *arg, eddy_result error),
                                          void *arg);

/**
 * Look at each item in passing.
 * @param input  stream                                         taken over
 * @param look   gets the item, which goes on to whoever polls
 * @param arg    handed to `look`                               borrowed
 * @return       boxed stream
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::inspect
 */
EDDY_API eddy_stream *eddy_stream_inspect(eddy_stream *input,
                                          void (*look)(void *arg, const void *item), void *arg);

/**
 * Look at each error in passing.
 * @param input  stream                                         taken over
 * @param look   gets the error
 * @param arg    handed to `look`                               borrowed
 * @return       boxed stream
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::inspect_err
 */
EDDY_API eddy_stream *
eddy_stream_inspect_err(eddy_stream *input, void (*look)(void *arg, eddy_result error), void *arg);

/**
 * Make a future of each item and of each error, one after the other.
 * @param input      stream                                     taken over
 * @param out_bytes  size of the new items, > 0 (asserted)
 * @param then       gets n > 0 and an item, or the error n < 0 and NULL; gives the future. Result
 *                   >= 0: the new item is in *out; < 0: an error
 * @param arg        handed to `then`                           borrowed
 * @return           boxed stream
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::then
 */
EDDY_API eddy_stream *eddy_stream_then(eddy_stream *input, size_t out_bytes,
                                       eddy_future *(*then)(void *arg, eddy_handle *handle,
                                                            eddy_result n, const void *item,
                                                            void *out),
                                       void *arg);

/**
 * Make a future of each item, one after the other; errors pass.
 * @param input      stream                                     taken over
 * @param out_bytes  size of the new items, > 0 (asserted)
 * @param then       gives the future. Result >= 0: the new item is in *out; < 0: an error
 * @param arg        handed to `then`                           borrowed
 * @return           boxed stream
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::and_then
 */
EDDY_API eddy_stream *eddy_stream_and_then(eddy_stream *input, size_t out_bytes,
                                           eddy_future *(*then)(void *arg, eddy_handle *handle,
                                                                const void *item, void *out),
                                           void *arg);

/**
 * Make a future of each error, one after the other; items pass.
 * @param input    stream                                       taken over
 * @param or_else  gives the future. Result >= 0: an item, in *out, stands for the error; < 0: an error
 * @param arg      handed to `or_else`                          borrowed
 * @return         boxed stream
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::or_else
 */
EDDY_API eddy_stream *eddy_stream_or_else(eddy_stream *input,
                                          eddy_future *(*or_else)(void *arg, eddy_handle *handle,
                                                                  eddy_result error, void *out),
                                          void *arg);

/* ---- fewer items ---- */

/**
 * Pass some items on, drop the others.
 * @param input  stream                                         taken over
 * @param keep   true: pass the item on
 * @param arg    handed to `keep`                               borrowed
 * @return       boxed stream
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::filter
 */
EDDY_API eddy_stream *eddy_stream_filter(eddy_stream *input,
                                         bool (*keep)(void *arg, const void *item), void *arg);

/**
 * Make another item of some.
 * @param input      stream                                     taken over
 * @param out_bytes  size of the new items, > 0 (asserted)
 * @param map        > 0: the new item is in *out; 0: none comes of this one; < 0: an error instead
 * @param arg        handed to `map`                            borrowed
 * @return           boxed stream
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::filter_map
 */
EDDY_API eddy_stream *eddy_stream_filter_map(eddy_stream *input, size_t out_bytes,
                                             int (*map)(void *arg, const void *item, void *out),
                                             void *arg);

/**
 * Drop the first items.
 * @param input  stream                                         taken over
 * @param count  how many; errors pass and do not count
 * @return       boxed stream
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::skip
 */
EDDY_API eddy_stream *eddy_stream_skip(eddy_stream *input, uint64_t count);

/**
 * End after so many items. The input is not polled again after the last one, and is dropped when the
 * end is told.
 * @param input  stream                                         taken over
 * @param count  how many; errors pass and do not count
 * @return       boxed stream
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::take
 */
EDDY_API eddy_stream *eddy_stream_take(eddy_stream *input, uint64_t count);

/**
 * Drop the first items, as long as a condition holds.
 * @param input  stream                                         taken over
 * @param holds  false: pass this item on, and all after it unasked
 * @param arg    handed to `holds`                              borrowed
 * @return       boxed stream
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::skip_while
 */
EDDY_API eddy_stream *eddy_stream_skip_while(eddy_stream *input,
                                             bool (*holds)(void *arg, const void *item), void *arg);

/**
 * End before the first item for which a condition does not hold; that item is dropped.
 * @param input  stream                                         taken over
 * @param holds  true: pass the item on
 * @param arg    handed to `holds`                              borrowed
 * @return       boxed stream
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::take_while
 */
EDDY_API eddy_stream *eddy_stream_take_while(eddy_stream *input,
                                             bool (*holds)(void *arg, const void *item), void *arg);

/**
 * eddy_stream_skip_while() by a condition that takes time.
 * @param input  stream                                         taken over
 * @param holds  gives a future. Result > 0: it holds; 0: it does not; < 0: an error, for which the item
 *               is dropped, and the next one is asked about. It looks at the item and owns nothing of it
 * @param arg    handed to `holds`                              borrowed
 * @return       boxed stream
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_stream *eddy_stream_skip_while_async(
    eddy_stream *input, eddy_future *(*holds)(void *arg, eddy_handle *handle, const void *item),
    void *arg);

/**
 * eddy_stream_take_while() by a condition that takes time.
 * @param input  stream                                         taken over
 * @param holds  as for eddy_stream_skip_while_async()
 * @param arg    handed to `holds`                              borrowed
 * @return       boxed stream
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_stream *eddy_stream_take_while_async(
    eddy_stream *input, eddy_future *(*holds)(void *arg, eddy_handle *handle, const void *item),
    void *arg);

/* ---- other things ---- */

/**
 * A stream whose next item can be looked at without taking it.
 * @param input  stream                                         taken over
 * @return       boxed stream, for eddy_stream_poll_peek() too
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::peekable
 */
EDDY_API eddy_stream *eddy_stream_peekable(eddy_stream *input);

/**
 * Wait for the next item, and leave it there.
 * @param self  stream of eddy_stream_peekable() (asserted)
 * @param task  current task
 * @param item  set to the item, which is the stream's, and valid until its next poll
 * @return      > 0: *item is set, and the next poll or peek gives the same one; as of
 *              eddy_stream_poll_next(). An error is told once, here
 * Dropping: drops an item that was not taken. Thread: loop. Allocates: no. See: futures 0.1 peek
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_stream_poll_peek(eddy_stream *self, eddy_task *task,
                                                          const void **item);

/** The item of eddy_stream_chunks(): a view of memory of the stream. */
typedef struct eddy_chunk {
    void *items; /* one after the other, aligned to 16; valid until the stream's next poll or end */
    size_t count; /* > 0 */
} eddy_chunk;

/**
 * Items by the dozen.
 * @param input  stream                                         taken over
 * @param count  items in a chunk, > 0 (asserted); the last one, and one before an error, may have fewer
 * @return       boxed stream of eddy_chunk. What the items of a chunk own is the caller's; as a view,
 *               a chunk is not for adaptors that keep items while they poll (chunks, buffered, ...)
 * Thread: loop. Allocates: from the loop's slab, count items. See: futures 0.1 Stream::chunks, and
 * eddy_stream_chunks_timeout()
 */
EDDY_API eddy_stream *eddy_stream_chunks(eddy_stream *input, size_t count);

/**
 * Release something exactly once: when the input has told its end, or is dropped, polled or not; or in
 * this call, when memory is out or the input could not be made.
 * @param input    stream                                       taken over
 * @param release  must not wait, may wake and spawn; called after the input is done
 * @param arg      handed to `release`
 * @return         boxed stream
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_stream *eddy_stream_finally(eddy_stream *input, void (*release)(void *arg),
                                          void *arg);

EDDY_EXTERN_C_END

#endif
