/* SPDX-License-Identifier: MIT */
/*
 * eddy/future.h - a future: work that has not finished yet, as a value.
 *
 * A future is a struct whose first member is an eddy_future, which points to its type: how to
 * poll it, what to do when it ends, how large it is, its name. It is plain memory: construct it by
 * initialisation, embed it in another, copy it - until its first poll; from then on it must not
 * move. `done` runs exactly once, however it ends: finished, failed, cancelled or dropped; a
 * future's live children are dropped before its own `done` runs.
 *
 * Most futures are written as async functions (eddy/async.h). This header is what they stand on.
 * A future belongs to the thread of the loop that polls it.
 */
#ifndef EDDY_FUTURE_H
#define EDDY_FUTURE_H

#include "eddy/base.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_future eddy_future;
typedef struct eddy_task eddy_task;
typedef struct eddy_handle eddy_handle;

/** What all futures of one kind share. */
typedef struct eddy_type {
    /** Make progress without blocking. EDDY_PENDING: something will wake `task`. */
    eddy_result (*poll)(eddy_future *self, eddy_task *task);
    /** Release what the future owns. Exactly once, after its children's. May wake and spawn. */
    void (*done)(eddy_future *self);
    /** Of the whole struct; spawning copies so much. */
    size_t size_bytes;
    /** For reports and traces. */
    const char *name;
    /** Let go of one future that it owns and that is not in its list of children (never polled, or
        woken on its own), and return it; NULL when none is left. Called until then when the future
        ends, before `done`. May be NULL. No user code may run here. */
    eddy_future *(*take_child)(eddy_future *self);
} eddy_type;

/** The first member of every future. Only `type` is set by its maker, the rest is zero. */
struct eddy_future {
    const eddy_type *type;
    eddy_future *child;   /* first live child */
    eddy_future *sibling; /* next child of the same parent */
    uint32_t line;        /* where an async function goes on */
    uint32_t state;       /* private */
};

/*
 * A pointer to a new future of the async function `name`, living in the enclosing block:
 * EDDY_FUTURE(echo, .client = client) or EDDY_FUTURE(tick). For eddy_spawn(), eddy_box(),
 * eddy_core_run(). C only; in C++ initialise the struct and set frame.type.
 */
#define EDDY_FUTURE(...) EDDY__FUTURE(__VA_ARGS__, )
#define EDDY__FUTURE(name, ...)                                                                    \
    (&((struct name){.frame = {.type = &name##_type}, __VA_ARGS__}).frame)

/*
 * The value of a new future of the async function `name`, to assign to a member:
 * self->child = EDDY_INIT(child, .limit = 3). C only.
 */
#define EDDY_INIT(...)        EDDY__INIT(__VA_ARGS__, )
#define EDDY__INIT(name, ...) ((struct name){.frame = {.type = &name##_type}, __VA_ARGS__})

/**
 * Poll a child future; when it ends, its `done` has run before this returns.
 * @param parent  future being polled; the child is linked to it, so that dropping it drops the
 * child
 * @param child   embedded or boxed future; must not have ended before (asserted)
 * @param task    current task
 * @return        the child's result or EDDY_PENDING
 * Dropping: the parent's drop reaches the child. Allocates: no. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_future_poll_child(eddy_future *parent, eddy_future *child,
                                                           eddy_task *task);

/**
 * Drop a child before its parent ends (the loser of a race): disarms what it and its children wait
 * for, then runs their `done`, children first. A child that was never polled is just done.
 * @param parent  the future that polled it
 * @param child   child; one that has already ended is left alone
 * @param task    current task
 * Allocates: no. Thread: loop. Cost: the waits of the task. A million-deep chain uses bounded
 * stack.
 */
EDDY_API void eddy_future_drop_child(eddy_future *parent, eddy_future *child, eddy_task *task);

/**
 * Take a future over before its first poll, so that it is dropped with its parent whether it is ever
 * polled or not: what an async function does first with a boxed future that is its parameter. Before
 * that, `done` has to drop it: `if (eddy_future_is_new(&self->frame)) eddy_future_drop(self->inner);`
 * @param parent  future that is being polled; becomes the owner
 * @param child   boxed future, not polled yet; NULL does nothing
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_future_adopt(eddy_future *parent, eddy_future *child);

/**
 * Tell, in a `done`, whether the future was never polled.
 * @param self  future
 * @return      true: it was dropped before its first poll
 * Thread: loop. Allocates: no.
 */
EDDY_API bool eddy_future_is_new(const eddy_future *self);

/**
 * Drop a future that no task has polled yet: its `done` runs; a boxed one's memory is freed.
 * @param self  future, owned by the caller; NULL does nothing
 * Thread: the one that made it. Allocates: no.
 */
EDDY_API void eddy_future_drop(eddy_future *self);

/**
 * Move a future to memory of the loop: for futures whose type is not known where they are kept, and
 * for recursion.
 * @param handle  loop                                       borrowed
 * @param frame   future that was not polled yet; its bytes are copied, the original is used up
 * @return        boxed future, owned by the caller until it is spawned, polled as a child, or
 *                dropped. Out of memory, or the loop gone: `frame` is done, and the returned future
 *                fails with -ENOMEM or EDDY_LOOP_GONE at its first poll; never NULL
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_future *eddy_box(eddy_handle *handle, eddy_future *frame);

EDDY_EXTERN_C_END

#endif
