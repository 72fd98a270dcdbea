/* SPDX-License-Identifier: MIT */
/*
 * sink.c - the trait: polling a sink as a child of the future that asks, its end told for good, and
 * the sink that stands for one that could not be made.
 */
#include "sink/sink.h"

eddy_result eddy_sink_no_future(eddy_future *self, eddy_task *task)
{
    EDDY_ASSERT(false, "task '%s' polls sink '%s' as a future: use eddy_sink_poll_send()",
                eddy_task_name(task), self->type->name);
    return 0;
}

static const eddy_sink_type *type_of(const eddy_sink *self)
{
    return (const eddy_sink_type *)(const void *)self->frame.type;
}

/* ---- polling ---- */

/* Returns the future that was being polled, for leave(). */
static eddy_future *enter(eddy_sink *self, eddy_task *task)
{
    eddy_future *parent = task->at;

    eddy__future_begin_child(parent, &self->frame);
    task->at = &self->frame;
    return parent;
}

static eddy_result leave(const eddy_sink *self, eddy_task *task, eddy_future *parent,
                         eddy_result result)
{
    EDDY_ASSERT(result <= 0, "sink '%s' gives %lld: a sink gives 0, an error or EDDY_PENDING",
                self->frame.type->name, (long long)result);
    task->at = parent;
    return result;
}

eddy_result eddy_sink_poll_send(eddy_sink *self, eddy_task *task, const void *item)
{
    eddy_future *parent;

    if (eddy__sink_is_failed(self))
        return type_of(self)->start_send(self, task, item);
    EDDY_ASSERT(!self->closing, "task '%s' sends to sink '%s', which is being closed",
                eddy_task_name(task), self->frame.type->name);
    parent = enter(self, task);
    return leave(self, task, parent, type_of(self)->start_send(self, task, item));
}

eddy_result eddy_sink_poll_flush(eddy_sink *self, eddy_task *task)
{
    eddy_future *parent;

    if (eddy__sink_is_failed(self))
        return type_of(self)->flush(self, task);
    if ((self->frame.state & EDDY__FUTURE_OVER) != 0)
        return 0;
    parent = enter(self, task);
    return leave(self, task, parent, type_of(self)->flush(self, task));
}

eddy_result eddy_sink_poll_close(eddy_sink *self, eddy_task *task)
{
    eddy_future *parent;
    eddy_result result;

    if (eddy__sink_is_failed(self))
        return type_of(self)->close(self, task);
    if ((self->frame.state & EDDY__FUTURE_OVER) != 0)
        return 0;
    self->closing = true;
    parent = enter(self, task);
    result = leave(self, task, parent, type_of(self)->close(self, task));
    if (result == 0)
        self->frame.state |= EDDY__FUTURE_OVER;
    return result;
}

/* ---- dropping ---- */

static bool is_child(const eddy_future *parent, const eddy_future *child)
{
    for (const eddy_future *at = parent->child; at != NULL; at = at->sibling)
        if (at == child)
            return true;
    return false;
}

void eddy_sink_drop(eddy_sink *self, eddy_task *task)
{
    if (self == NULL || eddy__sink_is_failed(self))
        return;
    if ((self->frame.state & EDDY__FUTURE_LINKED) == 0) {
        eddy__future_end(&self->frame, NULL);
        return;
    }
    EDDY_ASSERT(task != NULL && is_child(task->at, &self->frame),
                "sink '%s' is dropped by another future than the one whose child it is",
                self->frame.type->name);
    eddy_future_drop_child(task->at, &self->frame, task);
}

eddy_sink *eddy_sink_owning(eddy_sink *self, void (*drop_item)(void *item))
{
    if (eddy__sink_is_failed(self))
        return self;
    EDDY_ASSERT((self->frame.state & (EDDY__FUTURE_STARTED | EDDY__FUTURE_LINKED)) == 0,
                "sink '%s' is said to own its items after its first poll, or after another took it "
                "over",
                self->frame.type->name);
    self->drop_item = drop_item;
    return self;
}

/* ---- one that could not be made ---- */

/* Whoever goes on after errors would ask such a sink for ever: it lets others go first, too. */
static eddy_result tell(eddy_task *task, eddy_result error)
{
    return eddy__task_spend(task) ? error : eddy__task_yield(task);
}

static eddy_result no_memory_send(eddy_sink *self, eddy_task *task, const void *item)
{
    (void)self;
    (void)item;
    return tell(task, -ENOMEM);
}

static eddy_result no_memory_flush(eddy_sink *self, eddy_task *task)
{
    return no_memory_send(self, task, NULL);
}

static eddy_result loop_gone_send(eddy_sink *self, eddy_task *task, const void *item)
{
    (void)self;
    (void)item;
    return tell(task, EDDY_LOOP_GONE);
}

static eddy_result loop_gone_flush(eddy_sink *self, eddy_task *task)
{
    return loop_gone_send(self, task, NULL);
}

static const eddy_sink_type no_memory_type = {
    .base = {eddy_sink_no_future, eddy__done_nothing, sizeof(eddy_sink), "no memory", NULL},
    .start_send = no_memory_send,
    .flush = no_memory_flush,
    .close = no_memory_flush,
};
static const eddy_sink_type loop_gone_type = {
    .base = {eddy_sink_no_future, eddy__done_nothing, sizeof(eddy_sink), "loop gone", NULL},
    .start_send = loop_gone_send,
    .flush = loop_gone_flush,
    .close = loop_gone_flush,
};

/* Shared by all loops, never written. */
static eddy_sink no_memory = {.frame = {&no_memory_type.base, NULL, NULL, 0, EDDY__FUTURE_STATIC}};
static eddy_sink loop_gone = {.frame = {&loop_gone_type.base, NULL, NULL, 0, EDDY__FUTURE_STATIC}};

eddy_sink *eddy__sink_failed(const eddy_core *core)
{
    return core->gone ? &loop_gone : &no_memory;
}

eddy_future *eddy__sink_failed_future(const eddy_sink *failed)
{
    return eddy__future_failing(failed == &loop_gone ? EDDY_LOOP_GONE : -ENOMEM);
}

/* ---- making one ---- */

eddy_result eddy__sink_flush_nothing(eddy_sink *self, eddy_task *task)
{
    (void)self;
    (void)task;
    return 0;
}

void *eddy__sink_new(eddy_core *core, const eddy_sink_type *type, size_t item_bytes)
{
    eddy_sink *self;

    EDDY_ASSERT(item_bytes > 0, "sink '%s' is made for items of 0 bytes", type->base.name);
    self = eddy__future_new(core, &type->base);
    if (self != NULL)
        self->item_bytes = item_bytes;
    return self;
}

eddy_sink *eddy_sink_box(eddy_handle *handle, eddy_sink *sink)
{
    eddy_future *boxed = eddy_box(handle, &sink->frame);

    if ((boxed->state & EDDY__FUTURE_STATIC) != 0)
        return eddy__sink_failed(handle->core);
    return (eddy_sink *)(void *)boxed;
}
