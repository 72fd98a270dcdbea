/* SPDX-License-Identifier: MIT */
/*
 * eddy/shared.h - one future, many who wait for its result: a lookup that a thousand requests need,
 * a connection that is being made once.
 *
 *     eddy_shared *config = eddy_shared_new(load_config(handle));
 *     work = eddy_and_then(eddy_shared_wait(config), serve, client);   // as often as wanted
 *     eddy_shared_release(config);
 *
 * The future runs as a task of its own, from the first poll of any who wait: so one of them that is
 * dropped, asked to end, or no longer polled keeps nobody else from the result, and its end wakes
 * those, and only those, that wait for it. The result is kept for whoever comes later. When nobody
 * is left to want it - no reference, no future that waits - the future is dropped at once.
 *
 * Of one loop. A future that waits for itself, through its own eddy_shared, keeps itself alive and
 * goes with the loop.
 */
#ifndef EDDY_SHARED_H
#define EDDY_SHARED_H

#include "eddy/future.h"

EDDY_EXTERN_C_BEGIN

/** A future and its result, counted by references. */
typedef struct eddy_shared eddy_shared;

/**
 * Share a future. It is not polled before somebody waits.
 * @param future  boxed, not polled yet (asserted); taken over
 * @return        a reference, owned by the caller, given back by eddy_shared_release(). Out of
 *                memory, or `future` a failed one: it is dropped, and whoever waits is told -ENOMEM
 *                (EDDY_LOOP_GONE); never NULL
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Future::shared
 */
EDDY_API eddy_shared *eddy_shared_new(eddy_future *future);

/**
 * One more reference.
 * @param self  shared future
 * @return      the same, owned by the caller
 * Thread: loop. Allocates: no.
 */
EDDY_API eddy_shared *eddy_shared_retain(eddy_shared *self);

/**
 * Give a reference back; with the last one and the last future that waits, the future is dropped.
 * @param self  shared future; NULL does nothing
 * Thread: loop; any once the loop is freed. Allocates: no.
 */
EDDY_API void eddy_shared_release(eddy_shared *self);

/**
 * Wait for the result. Holds a reference of its own.
 * @param self  shared future                            borrowed
 * @return      boxed future, owned by the caller, never NULL; its result is the shared one's, or
 *              why that could not be started (-ENOMEM, EDDY_TASKS_FULL), or EDDY_DROPPED when its
 *              task was dropped; -ECANCELED when the waiting task was asked to end, which is not
 *              passed on. Waits as "shared"
 * Dropping: the others go on. Thread: loop, the shared future's (asserted). Allocates: from the
 * loop's slab.
 */
EDDY_API eddy_future *eddy_shared_wait(eddy_shared *self);

/**
 * Look at the result without waiting. Does not start it.
 * @param self    shared future
 * @param result  set when it has ended; untouched otherwise; may be NULL
 * @return        true when it has ended
 * Thread: loop. Allocates: no. See: futures 0.1 Shared::peek
 */
EDDY_API bool eddy_shared_peek(const eddy_shared *self, eddy_result *result);

EDDY_EXTERN_C_END

#endif
