/* SPDX-License-Identifier: MIT */
/*
 * eddy/stream.h - a stream: items of one size, one after the other, some of which are not there yet.
 *
 * A stream is a frame of the tree of futures, as a future is: its first poll makes it a child of the
 * future that polls it, with which it is dropped; it may poll futures and streams of its own. An
 * error does not end a stream unless its page says so; the end is told at every later poll again, so
 * every stream is fused.
 *
 * Constructors do not fail: without memory they drop what they were given and give a stream whose
 * polls return -ENOMEM (EDDY_LOOP_GONE when the loop is gone), and what is made of such a one is it
 * again. So a chain is checked once, where its items are taken.
 *
 * Items are plain bytes, copied from place to place. Those that own something are said to by
 * eddy_stream_owning(): then what is taken from a stream and reaches nobody is dropped item by item.
 *
 * Sources are in eddy/stream_source.h and eddy/stream_function.h, adaptors in eddy/stream_adapt.h,
 * eddy/stream_combine.h and eddy/stream_time.h, what makes a future of a stream is in
 * eddy/stream_collect.h. A stream belongs to the thread of its loop.
 */
#ifndef EDDY_STREAM_H
#define EDDY_STREAM_H

#include "eddy/async.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_stream eddy_stream;

/** What all streams of one kind share; `frame.type` of a stream points to its `base`. */
typedef struct eddy_stream_type {
    /** poll is not used: eddy_stream_no_future. size_bytes is that of the whole struct. */
    eddy_type base;
    /** Make progress without blocking; the item goes to *item (item_bytes of it). */
    eddy_result (*poll_next)(eddy_stream *self, eddy_task *task, void *item);
} eddy_stream_type;

/** The first member of every stream. Zero but for `frame.type` and `item_bytes`. */
struct eddy_stream {
    eddy_future frame;
    size_t item_bytes;
    void (*drop_item)(void *item); /* releases what an item owns; NULL: nothing */
    uint32_t state;                /* private */
};

/**
 * Wait for the next item.
 * @param self  stream; from its first poll on a child of the future that polls it
 * @param task  current task
 * @param item  memory for self->item_bytes; what is in it means something only when an item is told
 * @return      > 0: an item is in *item, and the caller's; 0: the end, at this and every later poll;
 *              EDDY_PENDING; an error, after which the stream may go on
 * Dropping: see the stream's page. Allocates: no, or as its page says. Thread: loop.
 * See: futures 0.1 Stream::poll
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_stream_poll_next(eddy_stream *self, eddy_task *task,
                                                          void *item);

/* In an async function: wait for the next item; n as eddy_stream_poll_next() returns it. */
#define EDDY_NEXT(result, stream, item)                                                            \
    EDDY_POLL(result, eddy_stream_poll_next((stream), task, (item)))

/**
 * Can no item come any more?
 * @param self  stream
 * @return      true: it has told its end, or it could not be made, and every poll gives the same error
 * Thread: loop. Allocates: no. See: futures 0.1 stream::Fuse::is_done
 */
EDDY_API bool eddy_stream_is_done(const eddy_stream *self);

/**
 * Drop a stream before the future that polls it ends; or one that is nobody's child: it was never
 * polled, or eddy_stream_next() has handed it back. A stream is made a child before its first poll by
 * eddy_future_adopt(&self->frame, &self->stream->frame), and then needs no drop in a `done`.
 * @param self  stream; NULL does nothing
 * @param task  current task, inside the poll of the future whose child the stream is; NULL: it is
 *              nobody's (asserted)
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_stream_drop(eddy_stream *self, eddy_task *task);

/**
 * Say that the items own something. What passes items on unchanged (filter, skip, take, select ...)
 * is said to with its input; of other items (map, then, zip, flatten ...) say it again. Streams that become
 * one (chain, select) must agree, or say nothing (asserted). Whoever takes an item
 * that is given to nobody calls `drop_item`: an item that is filtered out or skipped, that one half of
 * a zip holds when it is dropped, that is in a chunk which is not full. A callback that gets an item
 * to make another one of it (map, then, fold, for_each ...) owns what is in it from its call on.
 * @param self       stream that was not polled yet (asserted), nor handed to an adaptor
 * @param drop_item  gets a pointer to the item's bytes; must not wait, may wake and spawn
 * @return           self
 * Thread: loop. Allocates: no.
 */
EDDY_API eddy_stream *eddy_stream_owning(eddy_stream *self, void (*drop_item)(void *item));

/**
 * Move a stream to memory of the loop, as eddy_box() does with a future.
 * @param handle  loop                                       borrowed
 * @param stream  not polled yet; its bytes are copied, the original is used up. A boxed one is given
 *                back as it is
 * @return        boxed stream, owned by the caller; never NULL. Without memory `stream` is done
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_stream *eddy_stream_box(eddy_handle *handle, eddy_stream *stream);

/**
 * `base.poll` of every stream type, also of your own: polling a stream as a future is an assertion.
 * @param self  stream
 * @param task  current task
 * @return      never
 * Thread: loop. Allocates: no.
 */
EDDY_API eddy_result eddy_stream_no_future(eddy_future *self, eddy_task *task);

EDDY_EXTERN_C_END

#endif
