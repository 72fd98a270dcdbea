/* SPDX-License-Identifier: MIT */
/*
 * frame.c - trees of futures: polling a child, ending a tree. A future keeps its live children in
 * a list, so that dropping it in the middle of anything finds them all. Ending is iterative: a
 * million-deep chain needs no more stack than a short one.
 *
 * Order at the end of a future: its children (each the same way), then the waits it has armed, then
 * its `done`, then its memory if it was boxed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reactor/core.h"

/* In front of every boxed future: whose slab it came from. */
struct box {
    eddy_core *core;
    size_t size_bytes;
};
_Static_assert(sizeof(struct box) == 16, "a boxed future stays aligned to 16");

/* The upper half of `state` holds a hash of the address at the first poll. */
static uint32_t place_of(const eddy_future *future)
{
    uintptr_t address = (uintptr_t)future;

    return (uint32_t)((address >> 4) ^ (address >> 20)) & 0xffffu;
}

void eddy__future_start(eddy_future *future)
{
    future->state |= EDDY__FUTURE_STARTED | place_of(future) << 16;
}

void eddy__future_check(const eddy_future *future)
{
    EDDY_ASSERT((future->state & EDDY__FUTURE_ENDED) == 0,
                "future '%s' is polled after it ended: construct it anew first",
                future->type->name);
    EDDY_ASSERT(future->state >> 16 == place_of(future),
                "future '%s' was moved after its first poll: keep it where it is",
                future->type->name);
}

void eddy__bad_resume(const eddy_future *frame, const char *function, int line)
{
    EDDY_ASSERT(frame->line != UINT32_MAX, "future '%s' is polled after it finished (%s, line %d)",
                frame->type->name, function, line);
    EDDY_ASSERT(false,
                "async function '%s' is resumed at line %u, where none of its waits is (%s, line "
                "%d): is a wait inside a switch?",
                frame->type->name, (unsigned)frame->line, function, line);
    abort();
}

static struct box *box_of(eddy_future *future)
{
    return (struct box *)(void *)future - 1;
}

static void free_box(eddy_future *future)
{
    struct box *box = box_of(future);
    eddy_core *core = box->core;

    eddy__core_object_free(core, box, sizeof *box + box->size_bytes);
    eddy__core_memory_release(core);
}

/* One future without children. */
static void end_one(eddy_future *future, eddy_task *task)
{
    uint32_t state = future->state;

    if (task != NULL && (state & EDDY__FUTURE_STARTED) != 0)
        eddy__waiters_disarm(task, future, future->type->size_bytes);
    future->state |= EDDY__FUTURE_ENDED;
    future->type->done(future);
    if ((state & EDDY__FUTURE_BOXED) != 0)
        free_box(future);
}

/* Depth first with the `sibling` links as the stack: each future on it has been taken off its
 * parent's list of children. */
void eddy__future_end(eddy_future *future, eddy_task *task)
{
    eddy_future *stack = future;

    if ((future->state & EDDY__FUTURE_STATIC) != 0)
        return; /* shared by all loops: not even its links may be written */
    future->sibling = NULL;
    while (stack != NULL) {
        eddy_future *top = stack;
        eddy_future *child = top->child;

        if (child != NULL) {
            top->child = child->sibling;
            child->sibling = stack;
            stack = child;
        } else {
            stack = top->sibling;
            end_one(top, task);
        }
    }
}

static bool is_child(const eddy_future *parent, const eddy_future *child)
{
    for (const eddy_future *at = parent->child; at != NULL; at = at->sibling)
        if (at == child)
            return true;
    return false;
}

static void unlink_child(eddy_future *parent, const eddy_future *child)
{
    for (eddy_future **at = &parent->child; *at != NULL; at = &(*at)->sibling) {
        if (*at == child) {
            *at = child->sibling;
            return;
        }
    }
}

static void start_child(eddy_future *parent, eddy_future *child)
{
    EDDY_ASSERT(!is_child(parent, child),
                "future '%s' is constructed anew while it still runs as a child of '%s': drop it "
                "first",
                child->type->name, parent->type->name);
    eddy__future_start(child);
    child->sibling = parent->child;
    parent->child = child;
}

eddy_result eddy_future_poll_child(eddy_future *parent, eddy_future *child, eddy_task *task)
{
    const eddy_future *outer = task->at;
    eddy_result result;

    if ((child->state & EDDY__FUTURE_STATIC) != 0)
        return child->type->poll(child, task);
    if ((child->state & EDDY__FUTURE_STARTED) == 0)
        start_child(parent, child);
    eddy__future_check(child);
    task->at = child;
    result = child->type->poll(child, task);
    task->at = outer;
    if (result != EDDY_PENDING) {
        unlink_child(parent, child);
        eddy__future_end(child, task);
    }
    return result;
}

void eddy_future_drop_child(eddy_future *parent, eddy_future *child, eddy_task *task)
{
    if ((child->state & EDDY__FUTURE_ENDED) != 0)
        return;
    unlink_child(parent, child);
    eddy__future_end(child, task);
}

void eddy_future_drop(eddy_future *self)
{
    if (self == NULL)
        return;
    EDDY_ASSERT((self->state & (EDDY__FUTURE_STARTED | EDDY__FUTURE_ENDED)) == 0,
                "future '%s' was polled already: its parent or its task drops it",
                self->type->name);
    eddy__future_end(self, NULL);
}

/* ---- boxes ---- */

static eddy_result fail_no_memory(eddy_future *self, eddy_task *task)
{
    (void)self;
    (void)task;
    return -ENOMEM;
}

static eddy_result fail_loop_gone(eddy_future *self, eddy_task *task)
{
    (void)self;
    (void)task;
    return EDDY_LOOP_GONE;
}

static void nothing(eddy_future *self)
{
    (void)self;
}

static const eddy_type no_memory_type = {fail_no_memory, nothing, sizeof(eddy_future), "no memory"};
static const eddy_type loop_gone_type = {fail_loop_gone, nothing, sizeof(eddy_future), "loop gone"};

/* Shared by all loops, never written: EDDY__FUTURE_STATIC is looked at first everywhere. */
static eddy_future no_memory = {&no_memory_type, NULL, NULL, 0, EDDY__FUTURE_STATIC};
static eddy_future loop_gone = {&loop_gone_type, NULL, NULL, 0, EDDY__FUTURE_STATIC};

eddy_future *eddy_box(eddy_handle *handle, eddy_future *frame)
{
    eddy_core *core = handle->core;
    size_t size = frame->type->size_bytes;
    struct box *box;
    eddy_future *future;

    eddy__core_check(core, "eddy_box");
    if ((frame->state & (EDDY__FUTURE_BOXED | EDDY__FUTURE_STATIC)) != 0)
        return frame;
    if (core->gone) {
        eddy_future_drop(frame);
        return &loop_gone;
    }
    box = eddy__slab_alloc(&core->slab, sizeof *box + size);
    if (box == NULL) {
        eddy_future_drop(frame);
        return &no_memory;
    }
    *box = (struct box){core, size};
    future = (eddy_future *)(void *)(box + 1);
    memcpy(future, frame, size);
    future->state |= EDDY__FUTURE_BOXED;
    eddy__core_memory_retain(core);
    return future;
}
