/* SPDX-License-Identifier: MIT */
/*
 * eddy/mutex.h - a lock that tasks wait for without blocking their loop, and that may be held
 * across waits. First come, first served.
 *
 * Tasks of one loop need it only for what several of them do in many steps: between two waits a
 * task is alone anyway. A lock belongs to nobody in particular: whoever knows that it holds it
 * unlocks, usually a `done`, so that a drop unlocks too. A task that locks twice waits for itself.
 *
 * Made with a handle it is for the tasks of that loop; made with NULL it is thread-safe (see
 * eddy/ticket.h).
 */
#ifndef EDDY_MUTEX_H
#define EDDY_MUTEX_H

#include "eddy/alloc.h"
#include "eddy/ticket.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_mutex eddy_mutex;

/**
 * Make a mutex, unlocked.
 * @param handle     loop whose tasks use it; NULL: thread-safe
 * @param allocator  of a thread-safe one; copied; NULL: malloc(3)
 * @param out        set, owned by the caller; untouched on error
 * @return           0; -ENOMEM, EDDY_LOOP_GONE
 * Thread: loop; any when thread-safe. Allocates: once.
 */
EDDY_API int eddy_mutex_new(eddy_handle *handle, const eddy_allocator *allocator, eddy_mutex **out);

/**
 * Free it, locked or not.
 * @param self  mutex; NULL does nothing; nobody may stand in line (asserted)
 * Thread: loop, any once the loop is freed; any when thread-safe.
 */
EDDY_API void eddy_mutex_free(eddy_mutex *self);

/**
 * Lock, when it is this task's turn; else wait in line.
 * @param self    mutex
 * @param task    current task; waits as "mutex: lock"
 * @param ticket  place in the line
 * @return        0: locked; EDDY_PENDING; -ECANCELED; -ENOMEM (thread-safe)
 * Dropping: the turn goes to the next. Allocates: no. Thread: loop; of any loop when thread-safe.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_mutex_poll_lock(eddy_mutex *self, eddy_task *task,
                                                         eddy_ticket *ticket);

/**
 * Lock if that is possible now: it is unlocked, and nobody stands in line.
 * @param self  mutex
 * @return      0: locked; -EAGAIN
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API EDDY_NODISCARD int eddy_mutex_try_lock(eddy_mutex *self);

/**
 * Lock; block the thread until it is its turn.
 * @param self  thread-safe mutex (asserted)
 * Thread: any but one that a loop must run on meanwhile. Blocks. Allocates: no.
 */
EDDY_API void eddy_mutex_wait_lock(eddy_mutex *self);

/**
 * Unlock; the next in line has its turn.
 * @param self  mutex that is locked (asserted)
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API void eddy_mutex_unlock(eddy_mutex *self);

/**
 * eddy_mutex_poll_lock() as a future.
 * @param handle  loop that will poll it
 * @param mutex   borrowed until the future has ended
 * @return        boxed future with the results of eddy_mutex_poll_lock(); never NULL
 * Dropping: gives up its place while it is pending. Once it has ended with 0 the mutex is locked,
 * whatever becomes of the future that it was a part of.
 * Allocates: from the loop's slab. Thread: loop.
 */
EDDY_API eddy_future *eddy_lock(eddy_handle *handle, eddy_mutex *mutex);

EDDY_EXTERN_C_END

#endif
