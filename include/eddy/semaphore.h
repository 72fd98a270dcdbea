/* SPDX-License-Identifier: MIT */
/*
 * eddy/semaphore.h - a number of permits that tasks take and give back. First come, first served:
 * one that wants many is not overtaken by those who want few.
 *
 * A permit is a number, not an object: whoever knows that it has taken some gives them back by
 * eddy_semaphore_add(), usually a `done`, so that a drop gives back too.
 *
 * Made with a handle it is for the tasks of that loop; made with NULL it is thread-safe (see
 * eddy/ticket.h).
 */
#ifndef EDDY_SEMAPHORE_H
#define EDDY_SEMAPHORE_H

#include "eddy/alloc.h"
#include "eddy/ticket.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_semaphore eddy_semaphore;

/**
 * Make a semaphore.
 * @param handle     loop whose tasks use it; NULL: thread-safe
 * @param allocator  of a thread-safe one; copied; NULL: malloc(3)
 * @param permits    that it has at first; 0 is allowed
 * @param out        set, owned by the caller; untouched on error
 * @return           0; -ENOMEM, EDDY_LOOP_GONE
 * Thread: loop; any when thread-safe. Allocates: once.
 */
EDDY_API int eddy_semaphore_new(eddy_handle *handle, const eddy_allocator *allocator,
                                uint32_t permits, eddy_semaphore **out);

/**
 * Free it, whoever has permits.
 * @param self  semaphore; NULL does nothing; nobody may stand in line (asserted)
 * Thread: loop, any once the loop is freed; any when thread-safe.
 */
EDDY_API void eddy_semaphore_free(eddy_semaphore *self);

/**
 * Take permits, when it is this task's turn and they are there; else wait in line.
 * @param self     semaphore
 * @param task     current task; waits as "semaphore: acquire"
 * @param ticket   place in the line
 * @param permits  how many, all or none; the same at each poll of one wait (asserted)
 * @return         0: taken; EDDY_PENDING; EDDY_CLOSED; -ECANCELED; -ENOMEM (thread-safe)
 * Dropping: takes none, the turn goes to the next. Allocates: no. Thread: loop; of any loop when
 * thread-safe.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_semaphore_poll_acquire(eddy_semaphore *self,
                                                                eddy_task *task,
                                                                eddy_ticket *ticket,
                                                                uint32_t permits);

/**
 * Take permits if that is possible now: they are there, and nobody stands in line.
 * @param self     semaphore
 * @param permits  how many, all or none
 * @return         0: taken; -EAGAIN; EDDY_CLOSED
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API EDDY_NODISCARD int eddy_semaphore_try_acquire(eddy_semaphore *self, uint32_t permits);

/**
 * Take permits; block the thread until it is its turn and they are there.
 * @param self     thread-safe semaphore (asserted)
 * @param permits  how many, all or none
 * @return         0: taken; EDDY_CLOSED
 * Thread: any but one that a loop must run on meanwhile. Blocks. Allocates: no.
 */
EDDY_API EDDY_NODISCARD int eddy_semaphore_wait_acquire(eddy_semaphore *self, uint32_t permits);

/**
 * Give permits back, or add new ones.
 * @param self     semaphore
 * @param permits  how many; not more than 2^63 in all (asserted)
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API void eddy_semaphore_add(eddy_semaphore *self, uint32_t permits);

/**
 * How many permits nobody has, less those of whoever in line has the turn and finds enough.
 * @param self  semaphore
 * @return      permits; the number may have changed when the caller looks at it
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API uint64_t eddy_semaphore_permits(eddy_semaphore *self);

/**
 * Let nobody take permits any more: all in line, and all who come later, get EDDY_CLOSED. Giving
 * back is still allowed.
 * @param self  semaphore
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API void eddy_semaphore_close(eddy_semaphore *self);

/**
 * eddy_semaphore_poll_acquire() as a future.
 * @param handle     loop that will poll it
 * @param semaphore  borrowed until the future has ended
 * @param permits    how many, all or none
 * @return           boxed future with the results of eddy_semaphore_poll_acquire(); never NULL
 * Dropping: gives up its place while it is pending. Once it has ended with 0 the permits are taken,
 * whatever becomes of the future that it was a part of.
 * Allocates: from the loop's slab. Thread: loop.
 */
EDDY_API eddy_future *eddy_acquire(eddy_handle *handle, eddy_semaphore *semaphore,
                                   uint32_t permits);

EDDY_EXTERN_C_END

#endif
