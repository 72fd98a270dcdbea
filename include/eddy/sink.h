/* SPDX-License-Identifier: MIT */
/*
 * eddy/sink.h - a sink: takes items of one size, with backpressure. Here: the trait, what a sink can
 * be made of, and futures that put one to use. eddy/sink_adapt.h changes and joins sinks.
 *
 * Two phases: a send hands one item over, or leaves it with the caller when there is no room now; a
 * flush waits until all that was taken is where it goes; a close flushes, and is the end. What a sink
 * has taken it passes on while it is sent to, flushed or closed, and at no other time. As a stream, a
 * sink is a frame of the tree of futures: the first poll makes it a child of the future that polls
 * it, with which it is dropped. An error does not end a sink unless its page says so.
 *
 * Lent, not given, and to one at a time: the futures of this header hand their sink back, however they
 * end. A sink that
 * only such futures have used is its owner's to drop, by eddy_sink_drop(sink, NULL); an async function
 * that owns one may let eddy_future_adopt(&self->frame, &sink->frame) see to that.
 *
 * Constructors do not fail: without memory they give a sink whose polls return -ENOMEM (EDDY_LOOP_GONE
 * when the loop is gone). A sink belongs to the thread of its loop.
 */
#ifndef EDDY_SINK_H
#define EDDY_SINK_H

#include "eddy/async.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_sink eddy_sink;

/** What all sinks of one kind share; `frame.type` of a sink points to its `base`. */
typedef struct eddy_sink_type {
    /** poll is not used: eddy_sink_no_future. size_bytes is that of the whole struct. */
    eddy_type base;
    /** 0: taken; EDDY_PENDING: still the caller's; an error: not taken. */
    eddy_result (*start_send)(eddy_sink *self, eddy_task *task, const void *item);
    /** 0: nothing that was taken is left here; EDDY_PENDING; an error. */
    eddy_result (*flush)(eddy_sink *self, eddy_task *task);
    /** As flush, then the end of the sink; not called again after it gave 0. */
    eddy_result (*close)(eddy_sink *self, eddy_task *task);
} eddy_sink_type;

/** The first member of every sink. Zero but for `frame.type` and `item_bytes`. */
struct eddy_sink {
    eddy_future frame;
    size_t item_bytes;
    void (*drop_item)(void *item); /* releases what an item owns; NULL: nothing */
    bool closing;                  /* private */
};

/* ---- the trait ---- */

/**
 * Hand one item over.
 * @param self  sink; from its first poll on a child of the future that polls it
 * @param task  current task
 * @param item  self->item_bytes, copied when taken
 * @return      0: taken; EDDY_PENDING: not taken, the task is woken when to try again; an error: not
 *              taken. After eddy_sink_poll_close() it must not be called (asserted)
 * What was taken may stay with the sink until the next send or a flush: flush before waiting for an
 * answer to it. Dropping: an item that was not taken stays the caller's. Thread: loop.
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
 * Dropping: loses nothing. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_sink_poll_close(eddy_sink *self, eddy_task *task);

/**
 * Drop a sink. What it has taken and not passed on is lost: flush it first.
 * @param self  sink; NULL does nothing
 * @param task  current task, inside the poll of the future whose child the sink is (asserted); NULL:
 *              it is nobody's child, because it was never polled, or lent only (asserted)
 * Thread: loop; with `task` NULL any once the loop is freed. Allocates: no.
 */
EDDY_API void eddy_sink_drop(eddy_sink *self, eddy_task *task);

/**
 * Say that the items own something, and what releases it: when the sink is dropped, of each item that
 * it has taken and not passed on; of the one that eddy_sink_send() has not got rid of.
 * @param self       sink that was not polled yet, and that nothing was made of; an adaptor has its
 *                   input's, where the items are the same
 * @param drop_item  gets a pointer to the item's bytes; must not wait, may wake and spawn
 * @return           self
 * Thread: loop. Allocates: no. See: eddy_stream_owning()
 */
EDDY_API eddy_sink *eddy_sink_owning(eddy_sink *self, void (*drop_item)(void *item));

/**
 * Move a sink of a type of your own to memory of the loop, for adaptors and futures.
 * @param handle  loop                                       borrowed
 * @param sink    struct of sink->frame.type->size_bytes that was not polled yet; its bytes are copied,
 *                the original is used up
 * @return        boxed sink, owned by the caller. Out of memory, or the loop gone: `sink` is done, and
 *                the returned one fails; never NULL
 * Thread: loop. Allocates: from the loop's slab. See: eddy_box()
 */
EDDY_API eddy_sink *eddy_sink_box(eddy_handle *handle, eddy_sink *sink);

/* ---- sources: what a sink can be made of ---- */

/** A sink's three phases as functions of your own; each gets its `arg` first. */
typedef struct eddy_sink_fns {
    /** As eddy_sink_poll_send(). */
    eddy_result (*send)(void *arg, eddy_task *task, const void *item);
    /** As eddy_sink_poll_flush(); NULL: all is done once `send` has taken it. */
    eddy_result (*flush)(void *arg, eddy_task *task);
    /** As eddy_sink_poll_close(), without the flush, which was done before; NULL: nothing more. */
    eddy_result (*close)(void *arg, eddy_task *task);
} eddy_sink_fns;

/**
 * A sink of functions.
 * @param handle      loop                                   borrowed
 * @param item_bytes  size of an item, > 0 (asserted)
 * @param fns         copied; `send` is required (asserted)
 * @param arg         handed to them                         borrowed
 * @return            boxed sink, owned by the caller; never NULL
 * Dropping: disarms what they parked at. Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_sink *eddy_sink_poll_fn(eddy_handle *handle, size_t item_bytes,
                                      const eddy_sink_fns *fns, void *arg);

/**
 * A sink that puts items one behind the other into memory, for as long as there is room: -ENOSPC,
 * when there is none. Flushed at once.
 * @param handle      loop                                   borrowed
 * @param memory      room for `capacity` items              borrowed
 * @param capacity    items
 * @param item_bytes  size of an item, > 0 (asserted)
 * @param count       how many items are there, always up to date; set to 0    borrowed
 * @return            boxed sink, owned by the caller; never NULL
 * Dropping: loses nothing. Thread: loop. Allocates: from the loop's slab.
 * See: futures 0.1 impl Sink for Vec
 */
EDDY_API eddy_sink *eddy_sink_array(eddy_handle *handle, void *memory, size_t capacity,
                                    size_t item_bytes, size_t *count);

/* ---- futures ---- */

/**
 * Send one item and flush.
 * @param sink  boxed sink, lent: it is the caller's again when the future has ended or is dropped
 * @param item  sink->item_bytes, copied now
 * @return      boxed future, owned by the caller, never NULL. Its result: 0; the sink's error
 * Dropping: an item that was not taken is dropped, too (eddy_sink_owning()); one that was taken stays
 * with the sink, which passes it on when it is used again. Waits as "sink" beside what the sink waits
 * for. Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Sink::send
 */
EDDY_API eddy_future *eddy_sink_send(eddy_sink *sink, const void *item);

/**
 * Wait until all that the sink has taken is where it goes.
 * @param sink  boxed sink, lent
 * @return      boxed future, owned by the caller, never NULL. Its result: 0; the sink's error
 * Dropping: loses nothing. Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Sink::flush
 */
EDDY_API eddy_future *eddy_sink_flush(eddy_sink *sink);

/**
 * Flush and end a sink; it is still to be dropped.
 * @param sink  boxed sink, lent
 * @return      boxed future, owned by the caller, never NULL. Its result: 0; the sink's error
 * Dropping: loses nothing; the sink takes no more items. Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_future *eddy_sink_close(eddy_sink *sink);

/**
 * `base.poll` of every sink type, also of your own: polling a sink as a future is an assertion.
 * @param self  sink
 * @param task  current task
 * @return      never
 * Thread: loop. Allocates: no.
 */
EDDY_API eddy_result eddy_sink_no_future(eddy_future *self, eddy_task *task);

EDDY_EXTERN_C_END

#endif
