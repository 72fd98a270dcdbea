/* SPDX-License-Identifier: MIT */
/*
 * stream.h - what sources, adaptors and consumers share: making a boxed stream, and what to give
 * instead of one; polling a stream in a branch; items that reach nobody. What owns a stream has an
 * eddy__input for it, see input.h.
 */
#ifndef EDDY__STREAM_H
#define EDDY__STREAM_H

#include "eddy/stream.h"
#include "reactor/core.h"

enum {
    EDDY__STREAM_PAID = 1 << 0, /* the item that is asked for has cost its unit of budget */
};

/* A boxed stream, zero but for its head; NULL: no memory, or the loop is gone: give
 * eddy__stream_failed(). */
void *eddy__stream_new(eddy_core *core, const eddy_stream_type *type, size_t item_bytes);
/* The same for a source, whose arguments are checked. */
void *eddy__stream_new_source(eddy_handle *handle, const eddy_stream_type *type, size_t item_bytes);
/* A static stream whose polls all return -ENOMEM or EDDY_LOOP_GONE. Consumers end at an error of it:
 * eddy__stream_is_failed(). */
eddy_stream *eddy__stream_failed(const eddy_core *core);
/* The static future that fails as that one does, and the other way round. */
eddy_future *eddy__stream_failed_future(const eddy_stream *failed);
eddy_stream *eddy__stream_failed_as(eddy_future *failed);

/* Does no poll of it give anything but one and the same error? */
static inline bool eddy__stream_is_failed(const eddy_stream *self)
{
    return (self->frame.state & EDDY__FUTURE_STATIC) != 0;
}

/* The loop of a boxed stream, which was not polled yet (asserted); NULL: one that is failed. */
static inline eddy_core *eddy__stream_core(const eddy_stream *self, const char *verb)
{
    return eddy__future_core(&self->frame, verb);
}

/* Around a poll of `self` in another way than by poll_next: from _begin() on `self` is the innermost
 * future, and a child of what was it before; that comes back, and goes to _end(). */
eddy_future *eddy__stream_begin_poll(eddy_stream *self, eddy_task *task);
eddy_result eddy__stream_end_poll(eddy_stream *self, eddy_task *task, eddy_future *outer,
                                  eddy_result result);

/*
 * Poll the stream in a branch. When it ends it is dropped, and the branch is closed. When it gives an
 * item or an error, the branch stands last among those that are ready, and nobody is woken: whoever
 * polls the set polls it again.
 */
eddy_result eddy__stream_branch_poll(eddy__branch *self, eddy_stream *stream, eddy_task *task,
                                     void *item);

/* The size of items that a caller has given: asserted. */
static inline void eddy__stream_check_bytes(size_t item_bytes, const char *verb)
{
    EDDY_ASSERT(item_bytes > 0, "%s: items of 0 bytes", verb);
}

/* Poll a future that is owned. Once it has ended, *future is NULL. */
static inline eddy_result eddy__owned_poll(eddy_future *owner, eddy_future **future,
                                           eddy_task *task)
{
    eddy_result result = eddy_future_poll_child(owner, *future, task);

    if (result != EDDY_PENDING)
        *future = NULL;
    return result;
}

/* An item reaches nobody. `drop_item` may be NULL. */
static inline void eddy__item_drop(void (*drop_item)(void *item), void *item)
{
    if (drop_item != NULL)
        drop_item(item);
}

/* What two streams that are passed on as one say of their items: the same, or (an empty one) one of
 * them nothing. */
static inline void eddy__stream_agree(void (**drop_item)(void *item), const eddy_stream *stream,
                                      const char *verb)
{
    EDDY_ASSERT(*drop_item == NULL || stream->drop_item == NULL || *drop_item == stream->drop_item,
                "%s: stream '%s' releases its items in another way than the one before", verb,
                stream->frame.type->name);
    if (*drop_item == NULL)
        *drop_item = stream->drop_item;
}

/* What a callback gave as a future: asserted. */
static inline eddy_future *eddy__stream_made(eddy_future *made, const eddy_future *frame)
{
    EDDY_ASSERT(made != NULL, "a callback of '%s' gave NULL for a future", frame->type->name);
    return made;
}

#endif
