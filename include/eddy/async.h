/* SPDX-License-Identifier: MIT */
/*
 * eddy/async.h - async functions: sequences of waits, written top to bottom.
 *
 *     struct echo {                 // the frame: an ordinary struct, yours
 *         EDDY_FRAME;               // first member
 *         eddy_tcp *client;         // parameters and everything that outlives a wait
 *     };
 *     static void echo_done(struct echo *self) { eddy_tcp_free(self->client); }
 *
 *     EDDY_ASYNC(echo, echo_done)   // gives `echo_type`; sees `self` and `task`
 *     {
 *         eddy_result n;            // locals: never initialised here, never needed after a wait
 *
 *         EDDY_BEGIN
 *         for (;;) {
 *             EDDY_POLL(n, eddy_tcp_poll_fill(self->client, task, 1));
 *             if (n <= 0)
 *                 break;
 *             EDDY_POLL(n, eddy_tcp_poll_forward(self->client, self->client, task));
 *         }
 *         EDDY_END(n);
 *     }
 *
 * The rules, each checked by the compiler, by tools/check_async.py or by an assertion: one wait on
 * a line; no wait inside a `switch`; what must survive a wait is a member; the expression of a wait
 * is evaluated again at each resume, so it uses members only; leave by EDDY_END or EDDY_RETURN.
 */
#ifndef EDDY_ASYNC_H
#define EDDY_ASYNC_H

#include "eddy/future.h"

EDDY_EXTERN_C_BEGIN

/* The first member of every async function's struct. */
#define EDDY_FRAME eddy_future frame

/*
 * Begin the definition of the async function `name`: its struct is `struct name`, its type will be
 * `name_type`. `done_fn(struct name *self)` releases what the frame owns, exactly once; say
 * eddy_nothing when it owns nothing.
 */
#define EDDY_ASYNC(name, done_fn)                                                                  \
    static eddy_result name##__run(struct name *self, eddy_task *task);                            \
    static eddy_result name##__poll(eddy_future *frame, eddy_task *task)                           \
    {                                                                                              \
        return name##__run((struct name *)(void *)frame, task);                                    \
    }                                                                                              \
    static void name##__done(eddy_future *frame)                                                   \
    {                                                                                              \
        done_fn((struct name *)(void *)frame);                                                     \
    }                                                                                              \
    static const eddy_type name##_type = {name##__poll, name##__done, sizeof(struct name), #name,  \
                                          NULL};                                                   \
    static eddy_result name##__run(struct name *self, eddy_task *task)

/* For a use of `name_type` above its EDDY_ASYNC (recursion, mutual calls). C only. */
#define EDDY_ASYNC_DECLARE(name) static const eddy_type name##_type

#define EDDY_BEGIN                                                                                 \
    (void)task;                                                                                    \
    switch (self->frame.line) {                                                                    \
    default:                                                                                       \
        eddy__bad_resume(&self->frame, __func__, __LINE__);                                        \
    case 0:;

/* The end of the function, reached by falling out of the sequence. */
#define EDDY_END(value)                                                                            \
    }                                                                                              \
    EDDY_RETURN(value)

/* Leave from the middle. A later poll of the frame is an assertion. */
#define EDDY_RETURN(value)                                                                         \
    do {                                                                                           \
        self->frame.line = UINT32_MAX;                                                             \
        return (value);                                                                            \
    } while (0)

/* Poll `expression` until it is not EDDY_PENDING; its last value goes to `result`. */
#define EDDY_POLL(result, expression)                                                              \
    do {                                                                                           \
        self->frame.line = __LINE__;                                                               \
        if (0) {                                                                                   \
        case __LINE__:;                                                                            \
        }                                                                                          \
        (result) = (expression);                                                                   \
        if ((result) == EDDY_PENDING)                                                              \
            return EDDY_PENDING;                                                                   \
    } while (0)

/* Run the async function in the frame `child` (a pointer to its struct) to its end. */
#define EDDY_AWAIT(result, child_struct)                                                           \
    EDDY_POLL(result, eddy_future_poll_child(&self->frame, &(child_struct)->frame, task))

/* The same for any future, boxed ones included. */
#define EDDY_AWAIT_FUTURE(result, future)                                                          \
    EDDY_POLL(result, eddy_future_poll_child(&self->frame, (future), task))

/* Let the other ready tasks and the I/O go first, then go on. */
#define EDDY_YIELD()                                                                               \
    do {                                                                                           \
        self->frame.line = __LINE__;                                                               \
        eddy__yield(task);                                                                         \
        return EDDY_PENDING;                                                                       \
    case __LINE__:;                                                                                \
    } while (0)

/** The `done` of frames that own nothing. */
#define eddy_nothing(self) ((void)(self))

/* Private, for the macros: a frame that was resumed where no wait is; never returns. */
EDDY_NORETURN EDDY_API void eddy__bad_resume(const eddy_future *frame, const char *function,
                                             int line);
/* Private, for EDDY_YIELD. */
EDDY_API void eddy__yield(eddy_task *task);

EDDY_EXTERN_C_END

#endif
