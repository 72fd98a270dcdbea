/* SPDX-License-Identifier: MIT */
/*
 * eddy/task.h - the task: what the loop schedules. One spawned future, with its children, is one
 * task. Here: spawning, what a task may do about itself, the two ways to wake one, and joining.
 *
 * Waiters and wakers: a *waiter* (intrusive, no atomics, same thread) is for objects of your own on
 * the loop; a *waker* (from any thread, at any time, even after the task or the loop is gone) is
 * for the rest of the world.
 */
#ifndef EDDY_TASK_H
#define EDDY_TASK_H

#include "eddy/future.h"
#include "eddy/why.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_join eddy_join;

/**
 * Start a task. It is never polled inside this call.
 * @param handle  loop                                                              borrowed
 * @param future  not polled yet. A boxed one is taken over; any other is copied into the loop's
 *                memory (type->size_bytes) and the original must not be used again
 * @return        0; -ENOMEM, EDDY_TASKS_FULL, EDDY_LOOP_GONE: then the future's `done` has run
 * Allowed from within a task, from a `done`, before the loop runs. An error as the task's result
 * goes to the loop's on_task_error hook.
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API int eddy_spawn(eddy_handle *handle, eddy_future *future);

/**
 * Start a task whose result somebody wants.
 * @param handle  loop                                          borrowed
 * @param future  as for eddy_spawn()
 * @param join    set to the join handle, owned by the caller; untouched on error
 * @return        as for eddy_spawn()
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API int eddy_spawn_joinable(eddy_handle *handle, eddy_future *future, eddy_join **join);

/**
 * Wait for the task's end.
 * @param self  join handle      borrowed
 * @param task  current task, of the same loop (asserted); woken at the end; waits as "join"
 * @return      what the task returned; EDDY_DROPPED when it was dropped before its end (abort,
 * grace time over, loop freed); EDDY_PENDING. The same answer at every later poll
 * Dropping: loses nothing. Allocates: no. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_join_poll(eddy_join *self, eddy_task *task);

/**
 * The whole story of the task's end.
 * @param self  join handle
 * @return      name, result and what is known about an error, valid as long as the handle; NULL: it
 *              has not ended yet
 * Thread: loop. Allocates: no.
 */
EDDY_API const eddy_ended *eddy_join_ended(const eddy_join *self);

/**
 * Drop the task now: no user code but `done` hooks runs. From within the task itself: as soon as
 * its current poll returns. In a `done` or a hook, while another drop is under way: when that is over.
 * @param self  join handle; stays valid, eddy_join_poll() gives EDDY_DROPPED
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_join_abort(eddy_join *self);

/**
 * Ask the task to end: its next wait returns -ECANCELED once, it may clean up and even wait; when
 * it has not ended after `grace_ns` it is dropped.
 * @param self      join handle
 * @param grace_ns  nanoseconds; EDDY_FOREVER: never dropped
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_join_cancel(eddy_join *self, int64_t grace_ns);

/**
 * Give the handle back. A task that is still running goes on, detached.
 * @param self  join handle; NULL does nothing
 * Thread: loop; any once the loop is freed. Allocates: no.
 */
EDDY_API void eddy_join_free(eddy_join *self);

/**
 * The loop of a task.
 * @param task  current task
 * @return      its handle, borrowed, valid as long as the loop
 * Thread: loop. Allocates: no.
 */
EDDY_API eddy_handle *eddy_task_handle(eddy_task *task);

/**
 * The name of a task, for reports.
 * @param task  task
 * @return      the name set, else the name of its future's type
 * Thread: loop. Allocates: no.
 */
EDDY_API const char *eddy_task_name(const eddy_task *task);

/**
 * Give the task a name of its own.
 * @param task  current task
 * @param name  text that outlives the task, not copied
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_task_set_name(eddy_task *task, const char *name);

/**
 * The number of a task: unique within its loop, never used again.
 * @param task  task
 * @return      1, 2, 3 ... in the order of spawning
 * Thread: loop. Allocates: no.
 */
EDDY_API uint64_t eddy_task_id(const eddy_task *task);

/**
 * Hold back a cancel request: while shielded, waits do not return -ECANCELED; the request waits for
 * the shield's end. Nests. In a child of a select, join or set it shields that child alone. A shield
 * that is left goes with the future that has put it up.
 * @param task  current task
 * @param on    true: one more shield; false: one fewer
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_task_shield(eddy_task *task, bool on);

/**
 * Take a cancel request without a wait: for long computations.
 * @param task  current task
 * @return      -ECANCELED when the task was asked to end and is not shielded (told once); else 0
 * Thread: loop. Allocates: no.
 */
EDDY_API eddy_result eddy_task_check_cancel(eddy_task *task);

/* ---- waiters: wake on the same thread ---- */

typedef struct eddy_waiter eddy_waiter;

/** What a wait is for. */
typedef struct eddy_wait_type {
    /** Shown in reports, e.g. "tcp: read". */
    const char *why;
    /** The future that waited is being dropped: forget it. The waiter is already unlinked. May be
        NULL. No user code may run here. */
    void (*disarm)(eddy_waiter *self);
    /** True when something outside of the loop's tasks (the kernel, a timer) ends this wait: counts
        against the report of a deadlock. */
    bool external;
} eddy_wait_type;

/** One place where one task can wait; embed it in the object waited for. All zero: nobody waits. */
struct eddy_waiter {
    struct {
        void *prev, *next;
    } in_branch;
    struct eddy__branch *branch; /* who waits: NULL nobody */
    const eddy_future *frame;
    const eddy_wait_type *type;
};

/**
 * Wait here: the one way for a poll function to return EDDY_PENDING.
 * @param self  waiter; two tasks on one waiter is an assertion
 * @param task  current task, woken by eddy_waiter_wake()
 * @param type  why
 * @return      EDDY_PENDING, or -ECANCELED when the task was asked to end: return either
 * Dropping: the future that parked disarms the waiter. Allocates: no. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_waiter_park(eddy_waiter *self, eddy_task *task,
                                                     const eddy_wait_type *type);

/**
 * Wake the task that waits here, if any. It is polled later, never inside this call.
 * @param self  waiter
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_waiter_wake(eddy_waiter *self);

/**
 * Wake the task that waits here, if any, and let it go on waiting: the waiter stays armed, so that
 * `disarm` still tells when the future that waits is dropped before it is polled. For queues, where
 * such a wake must be passed on to the next in line.
 * @param self  waiter
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_waiter_nudge(eddy_waiter *self);

/**
 * End the wait without waking: what was waited for is there, found by polling.
 * @param self  waiter
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_waiter_clear(eddy_waiter *self);

/* ---- wakers: wake from any thread ---- */

/** "Poll that task again". A value of 16 bytes; each copy made by eddy_waker_retain() is released.
 */
typedef struct eddy_waker {
    void *inbox;
    uint32_t slot;
    uint32_t generation;
} eddy_waker;

/**
 * A waker for the current task; in a child of a select, join or set: for that child alone.
 * @param task   current task
 * @param waker  set; owned by the caller, ends with eddy_waker_release()
 * @return       0, -ENOMEM
 * Thread: loop. Allocates: once per task (or child) that ever asks, reused.
 */
EDDY_API int eddy_task_waker(eddy_task *task, eddy_waker *waker);

/**
 * Wait until a waker of this task is used. A wake that came since the task was last polled ends the
 * wait at once, so that nothing is lost between making the waker and parking.
 * @param task  current task
 * @param why   shown in reports; text that outlives the wait
 * @return      EDDY_PENDING, or -ECANCELED when the task was asked to end: return either
 * Thread: loop. Allocates: no.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_task_park(eddy_task *task, const char *why);

/**
 * Have the task polled again. Many wakes before that poll are one.
 * @param waker  waker; also one whose task or loop is gone
 * @return       false when the task or the loop is gone
 * Thread: any. Allocates: no. Cost: one system call when the loop sleeps, else none.
 */
EDDY_API bool eddy_waker_wake(const eddy_waker *waker);

/**
 * Copy a waker.
 * @param waker  waker
 * @return       a second one, to be released too
 * Thread: any. Allocates: no.
 */
EDDY_API eddy_waker eddy_waker_retain(const eddy_waker *waker);

/**
 * Give a waker back.
 * @param waker  waker; zeroed; one that is all zero is left alone
 * Thread: any. Allocates: no.
 */
EDDY_API void eddy_waker_release(eddy_waker *waker);

EDDY_EXTERN_C_END

#endif
