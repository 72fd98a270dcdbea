/* SPDX-License-Identifier: MIT */
/*
 * eddy/barrier.h - a place where `count` tasks wait for each other: the last to come is the leader
 * and goes on at once, and the others are woken. Then it stands for the next `count`.
 *
 * Made with a handle it is for the tasks of that loop; made with NULL it is thread-safe (see
 * eddy/ticket.h).
 */
#ifndef EDDY_BARRIER_H
#define EDDY_BARRIER_H

#include "eddy/alloc.h"
#include "eddy/ticket.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_barrier eddy_barrier;

/**
 * Make a barrier.
 * @param handle     loop whose tasks use it; NULL: thread-safe
 * @param allocator  of a thread-safe one; copied; NULL: malloc(3)
 * @param count      how many must come, >= 1
 * @param out        set, owned by the caller; untouched on error
 * @return           0; -EINVAL: a count of 0; -ENOMEM, EDDY_LOOP_GONE
 * Thread: loop; any when thread-safe. Allocates: once.
 */
EDDY_API int eddy_barrier_new(eddy_handle *handle, const eddy_allocator *allocator, uint32_t count,
                              eddy_barrier **out);

/**
 * Free it.
 * @param self  barrier; NULL does nothing; nobody may wait, nor have been let through and not been
 *              polled since (asserted)
 * Thread: loop, any once the loop is freed; any when thread-safe.
 */
EDDY_API void eddy_barrier_free(eddy_barrier *self);

/**
 * Wait for the others.
 * @param self    barrier
 * @param task    current task; waits as "barrier"
 * @param ticket  place
 * @return        1: all have come, and this one leads; 0: all have come; EDDY_PENDING; -ECANCELED;
 *                -ENOMEM (thread-safe)
 * Dropping: before all have come, it counts as not come; later, as come. Allocates: no. Thread:
 * loop; of any loop when thread-safe.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_barrier_poll(eddy_barrier *self, eddy_task *task,
                                                      eddy_ticket *ticket);

/**
 * Come, if all others have.
 * @param self  barrier
 * @return      1: all have come, and this one leads; -EAGAIN: others are missing, and this one does
 *              not count as come
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API EDDY_NODISCARD int eddy_barrier_try(eddy_barrier *self);

/**
 * Block the thread until all have come.
 * @param self  thread-safe barrier (asserted)
 * @return      1: this one leads; 0
 * Thread: any but one that a loop must run on meanwhile. Blocks. Allocates: no.
 */
EDDY_API int eddy_barrier_wait(eddy_barrier *self);

/**
 * eddy_barrier_poll() as a future. It has come from its first poll on.
 * @param handle   loop that will poll it
 * @param barrier  borrowed until the future has ended
 * @return         boxed future with the results of eddy_barrier_poll(); never NULL
 * Dropping: as eddy_barrier_poll(). Allocates: from the loop's slab. Thread: loop.
 */
EDDY_API eddy_future *eddy_barrier_pass(eddy_handle *handle, eddy_barrier *barrier);

EDDY_EXTERN_C_END

#endif
