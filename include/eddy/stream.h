/* SPDX-License-Identifier: MIT */
/*
 * eddy/stream.h - a stream: items of one size, one after the other, some of which are not there yet.
 *
 * A stream is a frame of the tree of futures, as a future is: its first poll makes it a child of the
 * future that polls it, with which it is dropped; it may poll futures and streams of its own. An
 * error does not end a stream unless its page says so; the end is told at every later poll again.
 *
 * Constructors do not fail: without memory they give a stream whose polls return -ENOMEM. The
 * adaptors are in eddy/stream_adapt.h. A stream belongs to the thread of its loop.
 */
#ifndef EDDY_STREAM_H
#define EDDY_STREAM_H

#include "eddy/async.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_stream eddy_stream;

/** What all streams of one kind share; `frame.type` of a stream points to its `base`. */
typedef struct eddy_stream_type {
    /** poll is not used: eddy__stream_no_future. size_bytes is that of the whole struct. */
    eddy_type base;
    /** Make progress without blocking; the item goes to *item (item_bytes of it). */
    eddy_result (*poll_next)(eddy_stream *self, eddy_task *task, void *item);
} eddy_stream_type;

/** The first member of every stream. Zero but for `frame.type` and `item_bytes`. */
struct eddy_stream {
    eddy_future frame;
    size_t item_bytes;
};

/**
 * Wait for the next item.
 * @param self  stream; from its first poll on a child of the future that polls it
 * @param task  current task
 * @param item  memory for self->item_bytes; written only when an item is told
 * @return      > 0: an item is in *item; 0: the end, at this and every later poll; EDDY_PENDING; an
 *              error, after which the stream may go on
 * Dropping: see the stream's page. Allocates: no, or as its page says. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_stream_poll_next(eddy_stream *self, eddy_task *task,
                                                          void *item);

/* In an async function: wait for the next item; n as eddy_stream_poll_next() returns it. */
#define EDDY_NEXT(result, stream, item)                                                            \
    EDDY_POLL(result, eddy_stream_poll_next((stream), task, (item)))

/**
 * Drop a stream before the future that polls it ends, or one that was never polled.
 * @param self  stream; NULL does nothing
 * @param task  current task, inside the poll of the future that polled the stream; NULL: the stream
 *              was never polled (asserted)
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_stream_drop(eddy_stream *self, eddy_task *task);

/* Private: `base.poll` of every stream type; polling a stream as a future is an assertion. */
EDDY_API eddy_result eddy__stream_no_future(eddy_future *self, eddy_task *task);

EDDY_EXTERN_C_END

#endif
