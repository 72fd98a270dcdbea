/* SPDX-License-Identifier: MIT */
/*
 * eddy/once.h - something that must be done once, and that takes time: whoever comes first does it,
 * the others wait. When that one fails or is dropped, the next in line does it.
 *
 * Made with a handle it is for the tasks of that loop; made with NULL it is thread-safe (see
 * eddy/ticket.h).
 */
#ifndef EDDY_ONCE_H
#define EDDY_ONCE_H

#include "eddy/alloc.h"
#include "eddy/ticket.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_once eddy_once;

/**
 * Make one; nothing is done yet.
 * @param handle     loop whose tasks use it; NULL: thread-safe
 * @param allocator  of a thread-safe one; copied; NULL: malloc(3)
 * @param out        set, owned by the caller; untouched on error
 * @return           0; -ENOMEM, EDDY_LOOP_GONE
 * Thread: loop; any when thread-safe. Allocates: once.
 */
EDDY_API int eddy_once_new(eddy_handle *handle, const eddy_allocator *allocator, eddy_once **out);

/**
 * Free it, done or not.
 * @param self  once; NULL does nothing; nobody may wait, nor be doing it with a ticket (asserted)
 * Thread: loop, any once the loop is freed; any when thread-safe.
 */
EDDY_API void eddy_once_free(eddy_once *self);

/**
 * Wait until it is done, or until it is this task's turn to do it.
 * @param self    once
 * @param task    current task; waits as "once"
 * @param ticket  place in the line; having got 1, the task does it and then calls
 *                eddy_once_finish() with the same ticket
 * @return        0: it is done; 1: do it now; EDDY_PENDING; -ECANCELED; -ENOMEM (thread-safe)
 * Dropping: the turn goes to the next, also when the future that got 1 here ends, or is dropped,
 * before eddy_once_finish(). Allocates: no. Thread: loop; of any loop when thread-safe.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_once_poll(eddy_once *self, eddy_task *task,
                                                   eddy_ticket *ticket);

/**
 * Look whether it is done, or take the turn if nobody has it.
 * @param self  once
 * @return      0: it is done; 1: do it now, then call eddy_once_finish() without a ticket; -EAGAIN:
 *              somebody is at it
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API EDDY_NODISCARD int eddy_once_try(eddy_once *self);

/**
 * Block the thread until it is done, or until it is its turn to do it.
 * @param self  thread-safe once (asserted)
 * @return      0: it is done; 1: do it now, then call eddy_once_finish() without a ticket
 * Thread: any but one that a loop must run on meanwhile. Blocks. Allocates: no.
 */
EDDY_API EDDY_NODISCARD int eddy_once_wait(eddy_once *self);

/**
 * The end of the turn.
 * @param self    once
 * @param ticket  that eddy_once_poll() gave 1 to (asserted); NULL after eddy_once_try() or
 *                eddy_once_wait()
 * @param done    true: it is done, for all; false: the next in line has its turn
 * Thread: loop, that of the task; any when thread-safe and without a ticket. Allocates: no.
 */
EDDY_API void eddy_once_finish(eddy_once *self, eddy_ticket *ticket, bool done);

/**
 * Tell whether it is done.
 * @param self  once
 * @return      true: done, for ever
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API bool eddy_once_is_done(eddy_once *self);

/**
 * Do it by a future, or wait until another has.
 * @param handle  loop that will poll it
 * @param once    borrowed until the future has ended
 * @param make    called when it is this one's turn; gives a boxed future that does it
 * @param arg     handed to `make`; borrowed until the future has ended
 * @return        boxed future: 0: it is done, by whomever; the error of the future that `make`
 *                gave, when it was this one's turn; -ECANCELED; -ENOMEM. Never NULL
 * Dropping: what `make` gave is dropped, and the turn goes to the next. Allocates: from the loop's
 * slab. Thread: loop.
 */
EDDY_API eddy_future *eddy_once_run(eddy_handle *handle, eddy_once *once,
                                    eddy_future *(*make)(void *arg, eddy_handle *handle),
                                    void *arg);

EDDY_EXTERN_C_END

#endif
