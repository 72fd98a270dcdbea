/* SPDX-License-Identifier: MIT */
/*
 * box.c - futures in memory of the loop: for types that are not known where they are kept, for
 * recursion, and for the combinators, whose constructors do not fail: what they give when memory is
 * out is a static future that says so when it is polled.
 */
#include <errno.h>
#include <string.h>

#include "reactor/core.h"

_Static_assert(sizeof(eddy__box) == 16, "a boxed future stays aligned to 16");

static eddy__box *box_of(const eddy_future *future)
{
    return (eddy__box *)(void *)(uintptr_t)future - 1;
}

void eddy__future_free_box(eddy_future *future)
{
    eddy__box *box = box_of(future);
    eddy_core *core = box->core;

    eddy__core_object_free(core, box, sizeof *box + box->size_bytes);
    eddy__core_memory_release(core);
}

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

void eddy__done_nothing(eddy_future *self)
{
    (void)self;
}

static const eddy_type no_memory_type = {
    .poll = fail_no_memory,
    .done = eddy__done_nothing,
    .size_bytes = sizeof(eddy_future),
    .name = "no memory",
};
static const eddy_type loop_gone_type = {
    .poll = fail_loop_gone,
    .done = eddy__done_nothing,
    .size_bytes = sizeof(eddy_future),
    .name = "loop gone",
};

/* Shared by all loops, never written: EDDY__FUTURE_STATIC is looked at first everywhere. */
static eddy_future no_memory = {&no_memory_type, NULL, NULL, 0, EDDY__FUTURE_STATIC};
static eddy_future loop_gone = {&loop_gone_type, NULL, NULL, 0, EDDY__FUTURE_STATIC};

eddy_future *eddy__future_failing(eddy_result error)
{
    return error == EDDY_LOOP_GONE ? &loop_gone : &no_memory;
}

eddy_future *eddy__future_failed(const eddy_core *core)
{
    return eddy__future_failing(core->gone ? EDDY_LOOP_GONE : -ENOMEM);
}

static eddy__box *new_box(eddy_core *core, size_t size)
{
    eddy__box *box = core->gone ? NULL : eddy__slab_alloc(&core->slab, sizeof *box + size);

    if (box == NULL)
        return NULL;
    *box = (eddy__box){core, size};
    eddy__core_memory_retain(core);
    return box;
}

void *eddy__future_new(eddy_core *core, const eddy_type *type)
{
    eddy__box *box = new_box(core, type->size_bytes);
    eddy_future *future;

    if (box == NULL)
        return NULL;
    future = (eddy_future *)(void *)(box + 1);
    future->type = type;
    future->state = EDDY__FUTURE_BOXED;
    return future;
}

eddy_core *eddy__future_core(const eddy_future *future, const char *verb)
{
    if ((future->state & EDDY__FUTURE_STATIC) != 0)
        return NULL;
    EDDY_ASSERT((future->state & EDDY__FUTURE_BOXED) != 0,
                "%s is given future '%s', which is not boxed: eddy_box() it first", verb,
                future->type->name);
    EDDY_ASSERT(
        (future->state & (EDDY__FUTURE_STARTED | EDDY__FUTURE_LINKED | EDDY__FUTURE_ENDED)) == 0,
        "%s is given future '%s' after its first poll, or after another took it over", verb,
        future->type->name);
    return box_of(future)->core;
}

eddy_future *eddy_box(eddy_handle *handle, eddy_future *frame)
{
    eddy_core *core = handle->core;
    size_t size = frame->type->size_bytes;
    eddy__box *box;
    eddy_future *future;

    eddy__core_check(core, "eddy_box");
    if ((frame->state & (EDDY__FUTURE_BOXED | EDDY__FUTURE_STATIC)) != 0)
        return frame;
    box = new_box(core, size);
    if (box == NULL) {
        eddy_future_drop(frame);
        return eddy__future_failed(core);
    }
    future = memcpy(box + 1, frame, size);
    future->state |= EDDY__FUTURE_BOXED;
    return future;
}
