/* SPDX-License-Identifier: MIT */
/*
 * eddy/notify.h - "something has happened", without saying what: for conditions of one's own.
 *
 * eddy_notify_one() lets one wait end: the first in line, or, when nobody waits, the next that
 * comes; it is remembered once. eddy_notify_waiters() lets all end that wait now, and is not
 * remembered. So, to wait for a condition: while it does not hold, wait; and who makes it hold
 * calls notify_one.
 *
 * Made with a handle it is for the tasks of that loop; made with NULL it is thread-safe (see
 * eddy/ticket.h).
 */
#ifndef EDDY_NOTIFY_H
#define EDDY_NOTIFY_H

#include "eddy/alloc.h"
#include "eddy/ticket.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_notify eddy_notify;

/**
 * Make one; nothing is remembered.
 * @param handle     loop whose tasks use it; NULL: thread-safe
 * @param allocator  of a thread-safe one; copied; NULL: malloc(3)
 * @param out        set, owned by the caller; untouched on error
 * @return           0; -ENOMEM, EDDY_LOOP_GONE
 * Thread: loop; any when thread-safe. Allocates: once.
 */
EDDY_API int eddy_notify_new(eddy_handle *handle, const eddy_allocator *allocator,
                             eddy_notify **out);

/**
 * Free it.
 * @param self  notify; NULL does nothing; nobody may wait, nor have been woken and not polled since
 *              (asserted)
 * Thread: loop, any once the loop is freed; any when thread-safe.
 */
EDDY_API void eddy_notify_free(eddy_notify *self);

/**
 * Wait to be notified.
 * @param self    notify
 * @param task    current task; waits as "notify"
 * @param ticket  place in the line
 * @return        0: notified; EDDY_PENDING; -ECANCELED; -ENOMEM (thread-safe)
 * Dropping: what eddy_notify_one() meant for this one goes to the next, or is remembered.
 * Allocates: no. Thread: loop; of any loop when thread-safe.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_notify_poll(eddy_notify *self, eddy_task *task,
                                                     eddy_ticket *ticket);

/**
 * Take what is remembered.
 * @param self  notify
 * @return      0: there was an eddy_notify_one() that nobody waited for; -EAGAIN
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API EDDY_NODISCARD int eddy_notify_try(eddy_notify *self);

/**
 * Block the thread until it is notified.
 * @param self  thread-safe notify (asserted)
 * Thread: any but one that a loop must run on meanwhile. Blocks. Allocates: no.
 */
EDDY_API void eddy_notify_wait(eddy_notify *self);

/**
 * Notify the first in line, or the next that comes.
 * @param self  notify
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API void eddy_notify_one(eddy_notify *self);

/**
 * Notify all that wait now.
 * @param self  notify
 * Thread: loop; any when thread-safe. Allocates: no. Cost: those who wait.
 */
EDDY_API void eddy_notify_waiters(eddy_notify *self);

/**
 * eddy_notify_poll() as a future. It waits from its first poll on.
 * @param handle  loop that will poll it
 * @param notify  borrowed until the future has ended
 * @return        boxed future with the results of eddy_notify_poll(); never NULL
 * Dropping: as eddy_notify_poll(). Allocates: from the loop's slab. Thread: loop.
 */
EDDY_API eddy_future *eddy_notified(eddy_handle *handle, eddy_notify *notify);

EDDY_EXTERN_C_END

#endif
