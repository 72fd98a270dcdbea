/* SPDX-License-Identifier: MIT */
/*
 * eddy/stream_function.h - stream functions: streams written top to bottom, as async functions are
 * (eddy/async.h); what they hand out in between are items.
 *
 *     struct lines {                          // the frame: an ordinary struct, yours
 *         EDDY_STREAM_FRAME;                  // first member
 *         eddy_tcp *tcp;
 *     };
 *     static void lines_done(struct lines *self) { eddy_tcp_free(self->tcp); }
 *
 *     EDDY_STREAM(lines, struct line, lines_done)   // sees `self`, `task` and `item`, a struct line *
 *     {
 *         eddy_result n;
 *
 *         EDDY_BEGIN
 *         for (;;) {
 *             EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
 *             if (n <= 0)
 *                 break;                      // 0 ends the stream, an error is told and ends it
 *             if (!lines_take(self, item))
 *                 continue;
 *             EDDY_EMIT();                    // *item is handed out
 *         }
 *         EDDY_END(n);
 *     }
 *
 *     stream = EDDY_STREAM_NEW(handle, lines, .tcp = tcp);
 *
 * The rules are those of async functions, and one more: *item is the memory of whoever polls, another
 * one at each poll, so it is filled between the last wait and EDDY_EMIT(). Each item costs one unit of
 * the task's budget.
 */
#ifndef EDDY_STREAM_FUNCTION_H
#define EDDY_STREAM_FUNCTION_H

#include "eddy/stream.h"

EDDY_EXTERN_C_BEGIN

/* The first member of every stream function's struct: `stream`, and the `frame` in it. */
#define EDDY_STREAM_FRAME                                                                          \
    union {                                                                                        \
        eddy_stream stream;                                                                        \
        eddy_future frame;                                                                         \
    }

/*
 * Begin the definition of the stream function `name`: its struct is `struct name`, its type will be
 * `name_type`, its items are of item_type. `done_fn(struct name *self)` releases what the frame owns,
 * exactly once; eddy_nothing when it owns nothing. EDDY_END(0) and EDDY_RETURN(0) end the stream, with
 * an error in place of the 0 it is told first; more than 0 is no end (asserted).
 */
#define EDDY_STREAM(name, item_type, done_fn)                                                      \
    enum { name##__item_bytes = sizeof(item_type) };                                               \
    static eddy_result name##__run(struct name *self, eddy_task *task, item_type *item);           \
    static eddy_result name##__next(eddy_stream *stream, eddy_task *task, void *item)              \
    {                                                                                              \
        eddy_result ready = eddy__stream_resume(stream, task);                                     \
                                                                                                   \
        if (ready <= 0)                                                                            \
            return ready;                                                                          \
        return eddy__stream_emitted(                                                               \
            stream, name##__run((struct name *)(void *)stream, task, (item_type *)item));          \
    }                                                                                              \
    static void name##__done(eddy_future *frame)                                                   \
    {                                                                                              \
        done_fn((struct name *)(void *)frame);                                                     \
    }                                                                                              \
    static const eddy_stream_type name##_type = {                                                  \
        {eddy_stream_no_future, name##__done, sizeof(struct name), #name, NULL}, name##__next};    \
    static eddy_result name##__run(struct name *self, eddy_task *task, item_type *item)

/* Hand out *item; go on from here when the next one is asked for. */
#define EDDY_EMIT() EDDY__EMIT(1)

/* Tell an error, and go on from here. */
#define EDDY_EMIT_ERROR(error) EDDY__EMIT(error)

#define EDDY__EMIT(value)                                                                          \
    do {                                                                                           \
        self->frame.line = __LINE__;                                                               \
        return (value);                                                                            \
    case __LINE__:;                                                                                \
    } while (0)

/*
 * A new boxed stream of the stream function `name`, an eddy_stream *, as of eddy_stream_box():
 * EDDY_STREAM_NEW(handle, lines, .tcp = tcp) or EDDY_STREAM_NEW(handle, ticks). C only.
 */
#define EDDY_STREAM_NEW(...) EDDY__STREAM_NEW(__VA_ARGS__, )
#define EDDY__STREAM_NEW(handle, name, ...)                                                        \
    eddy_stream_box((handle), &((struct name){EDDY__STREAM_HEAD(name), __VA_ARGS__}).stream)

/*
 * The value of a new stream of the stream function `name`, to assign to a member, which is then
 * polled by eddy_stream_poll_next(&self->member.stream, ...). C only.
 */
#define EDDY_STREAM_INIT(...)        EDDY__STREAM_INIT(__VA_ARGS__, )
#define EDDY__STREAM_INIT(name, ...) ((struct name){EDDY__STREAM_HEAD(name), __VA_ARGS__})

#define EDDY__STREAM_HEAD(name)                                                                    \
    .stream = {.frame = {.type = &name##_type.base}, .item_bytes = name##__item_bytes}

/* Private, for EDDY_STREAM: > 0: go on; else what its poll returns instead. */
EDDY_API EDDY_NODISCARD eddy_result eddy__stream_resume(eddy_stream *stream, eddy_task *task);
/* Private, for EDDY_STREAM: what a poll has given; returns it. */
EDDY_API eddy_result eddy__stream_emitted(eddy_stream *stream, eddy_result result);

EDDY_EXTERN_C_END

#endif
