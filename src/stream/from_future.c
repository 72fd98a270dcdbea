/* SPDX-License-Identifier: MIT */
/*
 * from_future.c - streams out of futures: one item, a stream that a future makes, items that futures
 * make one after the other.
 */
#include <string.h>

#include "eddy/stream_source.h"
#include "stream/input.h"

/* ---- once ---- */

struct once {
    eddy_stream stream;
    eddy_future *future; /* a child; NULL: it has ended */
};

static eddy_result once_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct once *self = (struct once *)(void *)stream;
    eddy_result result;

    if (self->future == NULL)
        return 0;
    result = eddy__owned_poll(&stream->frame, &self->future, task);
    if (result < 0)
        return result;
    memcpy(item, &result, sizeof result);
    return 1;
}

static const eddy_stream_type once_type = {
    .base = {eddy_stream_no_future, eddy__done_nothing, sizeof(struct once), "stream_once", NULL},
    .poll_next = once_next,
};

/* NULL: the future is dropped, and *instead is to be returned. */
static void *new_of_future(eddy_future *future, const eddy_stream_type *type, size_t item_bytes,
                           eddy_stream **instead)
{
    eddy_core *core = eddy__future_core(future, type->base.name);
    void *self;

    if (core == NULL) {
        *instead = eddy__stream_failed_as(future);
        return NULL;
    }
    self = eddy__stream_new_source(&core->handle, type, item_bytes);
    if (self == NULL) {
        *instead = eddy__stream_failed(core);
        eddy_future_drop(future);
    }
    return self;
}

eddy_stream *eddy_stream_once(eddy_future *future)
{
    eddy_stream *instead = NULL;
    struct once *self = new_of_future(future, &once_type, sizeof(int64_t), &instead);

    if (self == NULL)
        return instead;
    self->future = future;
    eddy_future_adopt(&self->stream.frame, future);
    return &self->stream;
}

/* ---- the stream that a future makes ---- */

struct from_future {
    eddy_stream stream;
    eddy_core *core;
    eddy_future *future; /* a child; NULL: it has ended */
    eddy_stream **place; /* where it puts the stream; NULL: the future has ended */
    eddy__input inner;
};

static void drop_place(struct from_future *self)
{
    eddy_stream **place = self->place;
    eddy_stream *inner = place != NULL ? *place : NULL;

    self->place = NULL;
    if (inner == NULL)
        return;
    *place = NULL;
    eddy_stream_drop(inner, NULL);
}

/* The future has succeeded. */
static void take_inner(struct from_future *self)
{
    eddy_stream *inner = *self->place;

    EDDY_ASSERT(inner != NULL, "eddy_stream_from_future: the future succeeded without a stream");
    EDDY_ASSERT(eddy__stream_is_failed(inner) || inner->item_bytes == self->stream.item_bytes,
                "eddy_stream_from_future: a stream of items of %zu bytes, not of %zu as was said",
                inner->item_bytes, self->stream.item_bytes);
    *self->place = NULL;
    self->place = NULL;
    (void)eddy__input_init(&self->inner, self->core, inner, false);
}

static eddy_result from_future_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct from_future *self = (struct from_future *)(void *)stream;
    eddy_result result;

    if (self->future != NULL) {
        result = eddy__owned_poll(&stream->frame, &self->future, task);
        if (result == EDDY_PENDING)
            return EDDY_PENDING;
        if (result < 0) {
            drop_place(self);
            return result;
        }
        take_inner(self);
    }
    return eddy__input_next_to(&self->inner, task, item);
}

static eddy_future *from_future_take_child(eddy_future *frame)
{
    return eddy__input_take_child(&((struct from_future *)(void *)frame)->inner);
}

static void from_future_done(eddy_future *frame)
{
    struct from_future *self = (struct from_future *)(void *)frame;

    drop_place(self);
    eddy__input_done(&self->inner);
}

static const eddy_stream_type from_future_type = {
    .base = {eddy_stream_no_future, from_future_done, sizeof(struct from_future),
             "stream_from_future", from_future_take_child},
    .poll_next = from_future_next,
};

eddy_stream *eddy_stream_from_future(eddy_future *future, eddy_stream **inner, size_t item_bytes)
{
    eddy_stream *instead = NULL;
    struct from_future *self = new_of_future(future, &from_future_type, item_bytes, &instead);

    *inner = NULL;
    if (self == NULL)
        return instead;
    self->core = eddy__future_core(future, from_future_type.base.name);
    self->future = future;
    eddy_future_adopt(&self->stream.frame, future);
    self->place = inner;
    return &self->stream;
}

/* ---- items that futures make ---- */

struct unfold {
    eddy_stream stream;
    eddy_core *core;
    eddy_future *(*next)(void *arg, eddy_handle *handle, void *item);
    void *arg;
    void *item;          /* where the future in flight puts it */
    eddy_future *future; /* in flight */
    bool failed;
};

static eddy_result unfold_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct unfold *self = (struct unfold *)(void *)stream;
    eddy_result result;

    if (self->failed)
        return 0;
    if (self->future == NULL) {
        if (!eddy__task_spend(task))
            return eddy__task_yield(task);
        self->future = eddy__stream_made(self->next(self->arg, &self->core->handle, self->item),
                                         &stream->frame);
        eddy_future_adopt(&stream->frame, self->future);
    }
    result = eddy__owned_poll(&stream->frame, &self->future, task);
    if (result == EDDY_PENDING)
        return EDDY_PENDING;
    self->failed = result < 0;
    if (result <= 0)
        return result;
    memcpy(item, self->item, stream->item_bytes);
    return 1;
}

static void unfold_done(eddy_future *frame)
{
    struct unfold *self = (struct unfold *)(void *)frame;

    if (self->item != NULL)
        eddy__core_object_free(self->core, self->item, self->stream.item_bytes);
}

static const eddy_stream_type unfold_type = {
    .base = {eddy_stream_no_future, unfold_done, sizeof(struct unfold), "stream_unfold", NULL},
    .poll_next = unfold_next,
};

eddy_stream *eddy_stream_unfold(eddy_handle *handle, size_t item_bytes,
                                eddy_future *(*next)(void *arg, eddy_handle *handle, void *item),
                                void *arg)
{
    eddy_core *core = handle->core;
    struct unfold *self = eddy__stream_new_source(handle, &unfold_type, item_bytes);

    if (self == NULL)
        return eddy__stream_failed(core);
    self->core = core;
    self->next = next;
    self->arg = arg;
    self->item = eddy__slab_alloc(&core->slab, item_bytes);
    if (self->item == NULL) {
        eddy_future_drop(&self->stream.frame);
        return eddy__stream_failed(core);
    }
    return &self->stream;
}
