/* SPDX-License-Identifier: MIT */
/*
 * eddy/sink.h - a sink: takes items of one size, with backpressure.
 *
 * Two phases: a send hands one item over, or leaves it with the caller when there is no room now; a
 * flush waits until all that was taken is where it goes; a close flushes, and is the end. As streams,
 * sinks are frames of the tree of futures: the first poll makes one a child of the future that polls
 * it. Constructors do not fail: without memory they give a sink whose polls return -ENOMEM.
 */
#ifndef EDDY_SINK_H
#define EDDY_SINK_H

#include "eddy/async.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_sink eddy_sink;

/** What all sinks of one kind share; `frame.type` of a sink points to its `base`. */
typedef struct eddy_sink_type {
    /** poll is not used: eddy__sink_no_future. size_bytes is that of the whole struct. */
    eddy_type base;
    /** 0: taken; EDDY_PENDING: still the caller's; an error: not taken. */
    eddy_result (*start_send)(eddy_sink *self, eddy_task *task, const void *item);
    /** 0: nothing that was taken is left here; EDDY_PENDING; an error. */
    eddy_result (*flush)(eddy_sink *self, eddy_task *task);
    /** As flush, then the end of the sink. */
    eddy_result (*close)(eddy_sink *self, eddy_task *task);
} eddy_sink_type;

/** The first member of every sink. Zero but for `frame.type` and `item_bytes`. */
struct eddy_sink {
    eddy_future frame;
    size_t item_bytes;
};

/**
 * Hand one item over.
 * @param self  sink; from its first poll on a child of the future that polls it
 * @param task  current task
 * @param item  self->item_bytes, copied when taken
 * @return      0: taken; EDDY_PENDING: not taken, the task is woken when to try again; an error: not
 *              taken. After eddy_sink_poll_close() it must not be called (asserted)
 * Dropping: an item that was not taken stays the caller's. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_sink_poll_send(eddy_sink *self, eddy_task *task,
                                                        const void *item);

/**
 * Wait until all that was taken is where it goes.
 * @param self  sink
 * @param task  current task
 * @return      0; EDDY_PENDING; an error
 * Dropping: loses nothing. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_sink_poll_flush(eddy_sink *self, eddy_task *task);

/**
 * Flush, then end the sink; once begun, go on until it is done.
 * @param self  sink
 * @param task  current task
 * @return      0: closed, at this and every later poll; EDDY_PENDING; an error
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_sink_poll_close(eddy_sink *self, eddy_task *task);

/**
 * Drop a sink before the future that polls it ends, or one that was never polled. What it has taken
 * and not passed on is lost: flush it first.
 * @param self  sink; NULL does nothing
 * @param task  current task, inside the poll of the future that polled the sink; NULL: the sink was
 *              never polled (asserted)
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_sink_drop(eddy_sink *self, eddy_task *task);

/* Private: `base.poll` of every sink type; polling a sink as a future is an assertion. */
EDDY_API eddy_result eddy__sink_no_future(eddy_future *self, eddy_task *task);

EDDY_EXTERN_C_END

#endif
