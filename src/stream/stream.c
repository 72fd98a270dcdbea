/* SPDX-License-Identifier: MIT */
/*
 * stream.c - the trait: polling a stream as a child of the future that asks, its end told for good,
 * and the stream that stands for one that could not be made.
 */
#include "stream/stream.h"

#include <errno.h>

eddy_result eddy__stream_no_future(eddy_future *self, eddy_task *task)
{
    EDDY_ASSERT(false, "task '%s' polls stream '%s' as a future: use eddy_stream_poll_next()",
                eddy_task_name(task), self->type->name);
    return 0;
}

static const eddy_stream_type *type_of(const eddy_stream *self)
{
    return (const eddy_stream_type *)(const void *)self->frame.type;
}

eddy_result eddy_stream_poll_next(eddy_stream *self, eddy_task *task, void *item)
{
    eddy_future *parent = task->at;
    eddy_result result;

    if ((self->frame.state & EDDY__FUTURE_STATIC) != 0)
        return type_of(self)->poll_next(self, task, item);
    if ((self->frame.state & EDDY__FUTURE_OVER) != 0)
        return 0;
    eddy__future_begin_child(parent, &self->frame);
    task->at = &self->frame;
    result = type_of(self)->poll_next(self, task, item);
    task->at = parent;
    if (result == 0)
        self->frame.state |= EDDY__FUTURE_OVER;
    return result;
}

void eddy_stream_drop(eddy_stream *self, eddy_task *task)
{
    if (self == NULL)
        return;
    if (task == NULL || (self->frame.state & EDDY__FUTURE_STARTED) == 0)
        eddy_future_drop(&self->frame);
    else
        eddy_future_drop_child(task->at, &self->frame, task);
}

/* ---- one that could not be made ---- */

static eddy_result no_memory_next(eddy_stream *self, eddy_task *task, void *item)
{
    (void)self;
    (void)task;
    (void)item;
    return -ENOMEM;
}

static eddy_result loop_gone_next(eddy_stream *self, eddy_task *task, void *item)
{
    (void)self;
    (void)task;
    (void)item;
    return EDDY_LOOP_GONE;
}

static void nothing(eddy_future *self)
{
    (void)self;
}

static const eddy_stream_type no_memory_type = {
    .base = {eddy__stream_no_future, nothing, sizeof(eddy_stream), "no memory", NULL},
    .poll_next = no_memory_next,
};
static const eddy_stream_type loop_gone_type = {
    .base = {eddy__stream_no_future, nothing, sizeof(eddy_stream), "loop gone", NULL},
    .poll_next = loop_gone_next,
};

/* Shared by all loops, never written. */
static eddy_stream no_memory = {{&no_memory_type.base, NULL, NULL, 0, EDDY__FUTURE_STATIC}, 0};
static eddy_stream loop_gone = {{&loop_gone_type.base, NULL, NULL, 0, EDDY__FUTURE_STATIC}, 0};

eddy_stream *eddy__stream_failed(const eddy_core *core)
{
    return core->gone ? &loop_gone : &no_memory;
}

void *eddy__stream_new(eddy_core *core, const eddy_stream_type *type, size_t item_bytes)
{
    eddy_stream *self = eddy__future_new(core, &type->base);

    if (self != NULL)
        self->item_bytes = item_bytes;
    return self;
}
