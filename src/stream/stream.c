/* SPDX-License-Identifier: MIT */
/*
 * stream.c - the trait: polling a stream as a child of the future that asks, or in a branch, its end
 * told for good; and the stream that stands for one that could not be made.
 */
#include "stream/stream.h"

#include <errno.h>

eddy_result eddy_stream_no_future(eddy_future *self, eddy_task *task)
{
    EDDY_ASSERT(false, "task '%s' polls stream '%s' as a future: use eddy_stream_poll_next()",
                eddy_task_name(task), self->type->name);
    return 0;
}

static const eddy_stream_type *type_of(const eddy_stream *self)
{
    return (const eddy_stream_type *)(const void *)self->frame.type;
}

eddy_future *eddy__stream_begin_poll(eddy_stream *self, eddy_task *task)
{
    eddy_future *outer = task->at;

    eddy__future_begin_child(outer, &self->frame);
    task->at = &self->frame;
    return outer;
}

eddy_result eddy__stream_end_poll(eddy_stream *self, eddy_task *task, eddy_future *outer,
                                  eddy_result result)
{
    task->at = outer;
    if (result == 0)
        self->frame.state |= EDDY__FUTURE_OVER;
    return result;
}

eddy_result eddy_stream_poll_next(eddy_stream *self, eddy_task *task, void *item)
{
    eddy_future *outer;

    if (eddy__stream_is_failed(self))
        return type_of(self)->poll_next(self, task, item);
    if ((self->frame.state & EDDY__FUTURE_OVER) != 0)
        return 0;
    outer = eddy__stream_begin_poll(self, task);
    return eddy__stream_end_poll(self, task, outer, type_of(self)->poll_next(self, task, item));
}

bool eddy_stream_is_done(const eddy_stream *self)
{
    return (self->frame.state & (EDDY__FUTURE_OVER | EDDY__FUTURE_STATIC)) != 0;
}

/* One that was handed back has been polled, but waits for nothing. */
void eddy_stream_drop(eddy_stream *self, eddy_task *task)
{
    if (self == NULL || (self->frame.state & EDDY__FUTURE_ENDED) != 0)
        return;
    if ((self->frame.state & EDDY__FUTURE_LINKED) == 0) {
        eddy__future_end(&self->frame, task);
        return;
    }
    EDDY_ASSERT(task != NULL,
                "stream '%s' is dropped without a task, but it is the child of a future, which "
                "drops it",
                self->frame.type->name);
    eddy_future_drop_child(task->at, &self->frame, task);
}

eddy_stream *eddy_stream_owning(eddy_stream *self, void (*drop_item)(void *item))
{
    if (eddy__stream_is_failed(self))
        return self;
    EDDY_ASSERT(
        (self->frame.state & (EDDY__FUTURE_STARTED | EDDY__FUTURE_LINKED)) == 0,
        "eddy_stream_owning is given stream '%s' after its first poll, or after another took "
        "it over",
        self->frame.type->name);
    self->drop_item = drop_item;
    return self;
}

/* ---- in a branch ---- */

static void check_armed(const eddy__branch *self, const eddy_stream *stream)
{
    EDDY_ASSERT((self->state & (EDDY__BRANCH_QUEUED | EDDY__BRANCH_PARKED)) != 0 ||
                    !eddy__list_empty(&self->waits),
                "stream '%s' returned EDDY_PENDING but waits for nothing: it would never be polled "
                "again",
                stream->frame.type->name);
}

/* It may have more, whether it will be woken or not. */
static void queue_again(eddy__branch *self)
{
    if ((self->state & (EDDY__BRANCH_QUEUED | EDDY__BRANCH_CLOSED)) != 0)
        return;
    self->state |= EDDY__BRANCH_QUEUED;
    eddy__list_append(&self->set->ready, &self->ready);
}

static void begin_in_branch(eddy_stream *stream)
{
    if ((stream->frame.state & EDDY__FUTURE_STATIC) != 0)
        return;
    if ((stream->frame.state & EDDY__FUTURE_STARTED) == 0)
        eddy__future_start(&stream->frame);
    eddy__future_check(&stream->frame);
}

eddy_result eddy__stream_branch_poll(eddy__branch *self, eddy_stream *stream, eddy_task *task,
                                     void *item)
{
    eddy__branch *outer = task->branch;
    eddy_future *outer_at = task->at;
    eddy_result result;

    eddy__list_remove(&self->ready);
    eddy__branch_begin(self);
    begin_in_branch(stream);
    task->branch = self;
    task->at = &stream->frame;
    result = type_of(stream)->poll_next(stream, task, item);
    task->at = outer_at;
    if (result == 0) {
        eddy__future_end(&stream->frame, task);
        eddy__branch_close(self);
    } else if (result == EDDY_PENDING) {
        check_armed(self, stream);
    } else {
        queue_again(self);
    }
    task->branch = outer;
    return result;
}

/* ---- new ones, and one that could not be made ---- */

void *eddy__stream_new(eddy_core *core, const eddy_stream_type *type, size_t item_bytes)
{
    eddy_stream *self = eddy__future_new(core, &type->base);

    if (self != NULL)
        self->item_bytes = item_bytes;
    return self;
}

void *eddy__stream_new_source(eddy_handle *handle, const eddy_stream_type *type, size_t item_bytes)
{
    eddy__core_check(handle->core, type->base.name);
    eddy__stream_check_bytes(item_bytes, type->base.name);
    return eddy__stream_new(handle->core, type, item_bytes);
}

eddy_stream *eddy_stream_box(eddy_handle *handle, eddy_stream *stream)
{
    eddy_future *box;

    if (eddy__stream_is_failed(stream))
        return stream;
    box = eddy_box(handle, &stream->frame);
    if ((box->state & EDDY__FUTURE_STATIC) != 0)
        return eddy__stream_failed(handle->core);
    return (eddy_stream *)(void *)box;
}

/* Whoever goes on after errors would ask such a stream for ever: it lets others go first, too. */
static eddy_result tell(eddy_task *task, eddy_result error)
{
    return eddy__task_spend(task) ? error : eddy__task_yield(task);
}

static eddy_result no_memory_next(eddy_stream *self, eddy_task *task, void *item)
{
    (void)self;
    (void)item;
    return tell(task, -ENOMEM);
}

static eddy_result loop_gone_next(eddy_stream *self, eddy_task *task, void *item)
{
    (void)self;
    (void)item;
    return tell(task, EDDY_LOOP_GONE);
}

static const eddy_stream_type no_memory_type = {
    .base = {eddy_stream_no_future, eddy__done_nothing, sizeof(eddy_stream), "no memory", NULL},
    .poll_next = no_memory_next,
};
static const eddy_stream_type loop_gone_type = {
    .base = {eddy_stream_no_future, eddy__done_nothing, sizeof(eddy_stream), "loop gone", NULL},
    .poll_next = loop_gone_next,
};

/* Shared by all loops, never written. */
static eddy_stream no_memory = {
    .frame = {.type = &no_memory_type.base, .state = EDDY__FUTURE_STATIC}};
static eddy_stream loop_gone = {
    .frame = {.type = &loop_gone_type.base, .state = EDDY__FUTURE_STATIC}};

eddy_stream *eddy__stream_failed(const eddy_core *core)
{
    return core->gone ? &loop_gone : &no_memory;
}

/* ---- and the future of it ---- */

eddy_future *eddy__stream_failed_future(const eddy_stream *failed)
{
    return eddy__future_failing(failed == &loop_gone ? EDDY_LOOP_GONE : -ENOMEM);
}

eddy_stream *eddy__stream_failed_as(eddy_future *failed)
{
    return failed->type->poll(failed, NULL) == EDDY_LOOP_GONE ? &loop_gone : &no_memory;
}
