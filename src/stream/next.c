/* SPDX-License-Identifier: MIT */
/*
 * next.c - a future of one item, which hands the stream back however it ends.
 *
 * While it waits, the stream is in nobody's list of children, unless it is another future's child: the
 * drop of this one must not reach it. Its waits stay armed, and have to be disarmed at that drop. They
 * stand in the branch that was polled last; `probe` waits there too, in the stream's name. So as long
 * as it is armed, the branch is there to be looked through; when the branch is closed before, so are
 * all waits in it.
 */
#include "eddy/stream_collect.h"
#include "stream/stream.h"

struct next {
    eddy_future frame;
    eddy_stream *stream; /* borrowed */
    void *item;
    eddy_waiter probe;
};

static const eddy_wait_type next_wait = {.why = "next"};

/* As deep as polls nest. */
static void disarm_tree(const eddy_future *future, eddy__branch *branch)
{
    eddy__waiters_disarm(branch, future, future->type->size_bytes);
    for (const eddy_future *child = future->child; child != NULL; child = child->sibling)
        disarm_tree(child, branch);
}

/* It is our only child, if it is ours. */
static void let_go(struct next *self)
{
    eddy_future *stream = &self->stream->frame;

    if (self->frame.child != stream)
        return;
    self->frame.child = NULL;
    stream->sibling = NULL;
    stream->state &= ~(uint32_t)EDDY__FUTURE_LINKED;
}

static eddy_result park(struct next *self, eddy_task *task)
{
    eddy_result result;

    task->at = &self->stream->frame;
    result = eddy_waiter_park(&self->probe, task, &next_wait);
    task->at = &self->frame;
    return result;
}

static eddy_result next_poll(eddy_future *frame, eddy_task *task)
{
    struct next *self = (struct next *)(void *)frame;
    eddy_result result = eddy_stream_poll_next(self->stream, task, self->item);

    let_go(self);
    if (result == EDDY_PENDING)
        result = park(self, task);
    if (result != EDDY_PENDING)
        disarm_tree(&self->stream->frame, task->branch);
    return result;
}

static void next_done(eddy_future *frame)
{
    struct next *self = (struct next *)(void *)frame;

    if (self->probe.branch != NULL)
        disarm_tree(&self->stream->frame, self->probe.branch);
}

static const eddy_type next_type = {
    .poll = next_poll,
    .done = next_done,
    .size_bytes = sizeof(struct next),
    .name = "stream_next",
};

eddy_future *eddy_stream_next(eddy_handle *handle, eddy_stream *stream, void *item)
{
    struct next *self;

    eddy__core_check(handle->core, "eddy_stream_next");
    if (eddy__stream_is_failed(stream))
        return eddy__stream_failed_future(stream);
    self = eddy__future_new(handle->core, &next_type);
    if (self == NULL)
        return eddy__future_failed(handle->core);
    self->stream = stream;
    self->item = item;
    return &self->frame;
}
