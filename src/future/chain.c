/* SPDX-License-Identifier: MIT */
/*
 * chain.c - sequences of futures and callbacks as one future with a list of steps. The list is
 * worked off by a loop, each step paid for from the task's budget; what a callback gives is joined
 * into the list when it is a chain itself. So neither a million steps one after the other nor a
 * million calls one inside the other need stack.
 *
 * The current future is a child from the beginning, adopted when it is not polled yet: so the walk
 * that drops trees finds it. A step is off the list and freed before its callback runs, the future
 * before it is done and freed even earlier: nothing that is over is there when the next begins.
 */
#include "future/future.h"

static eddy_result chain_poll(eddy_future *future, eddy_task *task);
static void chain_done(eddy_future *future);

#define CHAIN_TYPE(text)                                                                           \
    {                                                                                              \
        .poll = chain_poll, .done = chain_done, .size_bytes = sizeof(eddy__chain), .name = (text), \
    }

static const eddy_type chain_type = CHAIN_TYPE("chain");
const eddy_type eddy__ready_type = CHAIN_TYPE("ready");
const eddy_type eddy__lazy_type = CHAIN_TYPE("lazy");
const eddy_type eddy__loop_type = CHAIN_TYPE("loop");

static bool is_chain(const eddy_future *future)
{
    return future->type->poll == chain_poll;
}

/* ---- the list ---- */

static eddy__step *new_step(eddy_core *core, const eddy__step *step)
{
    eddy__step *self = core->gone ? NULL : eddy__slab_alloc(&core->slab, sizeof *self);

    if (self != NULL)
        *self = *step;
    return self;
}

static void append(eddy__chain *self, eddy__step *step)
{
    step->after = NULL;
    if (self->first == NULL)
        self->first = step;
    else
        self->last->after = step;
    self->last = step;
}

static eddy__step take_first(eddy__chain *self)
{
    eddy__step step = *self->first;

    eddy__core_object_free(self->core, self->first, sizeof *self->first);
    self->first = step.after;
    return step;
}

/* A step that will never be reached. */
static void skip(const eddy__step *step)
{
    if (step->action == EDDY__STEP_RELEASE) {
        step->fn.release(step->arg);
    } else if (step->action == EDDY__STEP_FLATTEN) {
        eddy_future_drop(*step->fn.inner);
        *step->fn.inner = NULL;
    }
}

/* ---- making ---- */

eddy__chain *eddy__chain_new(eddy_core *core, const eddy_type *type, eddy_result value)
{
    eddy__chain *self = eddy__future_new(core, type);

    if (self == NULL)
        return NULL;
    self->core = core;
    self->value = value;
    return self;
}

static eddy__chain *chain_with(eddy_future *input, eddy_core *core)
{
    eddy__chain *self;

    if (is_chain(input))
        return (eddy__chain *)(void *)input;
    self = eddy__chain_new(core, &chain_type, 0);
    if (self == NULL)
        return NULL;
    self->current = input;
    eddy_future_adopt(&self->frame, input);
    return self;
}

/* `input` may be the last that keeps the memory of a loop that is gone. */
static eddy_future *refuse(eddy_future *input, eddy_core *core, const eddy__step *step)
{
    eddy_future *failed = core != NULL ? eddy__future_failed(core) : input;

    eddy_future_drop(input);
    skip(step);
    return failed;
}

eddy_future *eddy__chain_add(eddy_future *input, eddy__step step, const char *verb)
{
    eddy_core *core = eddy__future_core(input, verb);
    eddy__chain *chain;
    eddy__step *added;

    if (core == NULL)
        return refuse(input, core, &step);
    eddy__core_check(core, verb);
    added = new_step(core, &step);
    if (added == NULL)
        return refuse(input, core, &step);
    chain = chain_with(input, core);
    if (chain == NULL) {
        eddy__core_object_free(core, added, sizeof *added);
        return refuse(input, core, &step);
    }
    append(chain, added);
    return &chain->frame;
}

/* ---- going on ---- */

/* All of `inner` before the rest of ours, and its empty shell away. Nothing is appended any more: `last`
 * is not kept. */
static void join_in(eddy__chain *self, eddy__chain *inner)
{
    eddy__future_disown(&inner->frame, inner->current);
    self->current = inner->current;
    self->value = inner->value;
    if (inner->first != NULL) {
        inner->last->after = self->first;
        self->first = inner->first;
    }
    inner->first = NULL;
    eddy_future_drop(&inner->frame);
}

static void go_on_with(eddy__chain *self, eddy_future *future)
{
    EDDY_ASSERT(future != NULL,
                "a callback of future '%s' gave no future: it gives a boxed one, "
                "for a plain value eddy_ready()",
                self->frame.type->name);
    if (eddy__future_core(future, "a chain, by its callback,") == self->core && is_chain(future))
        join_in(self, (eddy__chain *)(void *)future);
    else
        self->current = future;
}

static void flatten(eddy__chain *self, eddy__step *step)
{
    eddy_future *inner = *step->fn.inner;

    if (self->value < 0) {
        skip(step);
        return;
    }
    EDDY_ASSERT(inner != NULL, "eddy_flatten: the future succeeded, but has put none into *inner");
    *step->fn.inner = NULL;
    go_on_with(self, inner);
}

static eddy_result checked(eddy_result value)
{
    EDDY_ASSERT(value != EDDY_PENDING,
                "a callback of eddy_map or eddy_map_err gave EDDY_PENDING: it gives a result, only "
                "eddy_poll_fn() may wait");
    return value;
}

static void take_step(eddy__chain *self, eddy__step *step)
{
    eddy_handle *handle = &self->core->handle;

    switch ((eddy__step_action)step->action) {
    case EDDY__STEP_NEXT:
        go_on_with(self, step->fn.next(step->arg, handle, self->value));
        break;
    case EDDY__STEP_MAKE:
    case EDDY__STEP_LOOP:
        go_on_with(self, step->fn.make(step->arg, handle));
        break;
    case EDDY__STEP_MAP:
        self->value = checked(step->fn.map(step->arg, self->value));
        break;
    case EDDY__STEP_LOOK:
        step->fn.look(step->arg, self->value);
        break;
    case EDDY__STEP_RELEASE:
        step->fn.release(step->arg);
        break;
    case EDDY__STEP_FLATTEN:
        flatten(self, step);
        break;
    }
}

/* Nothing is current. A loop's step stays where it is until the loop is over; none at all: that is
 * eddy_ready(). */
static void run_first(eddy__chain *self)
{
    uint8_t outcome = self->value >= 0 ? EDDY__ON_SUCCESS : EDDY__ON_ERROR;
    eddy__step step;

    if (self->first == NULL)
        return;
    if (self->first->action == EDDY__STEP_LOOP && self->value == EDDY_CONTINUE) {
        step = *self->first;
        take_step(self, &step);
        return;
    }
    step = take_first(self);
    if ((step.on & outcome) != 0)
        take_step(self, &step);
}

static eddy_result chain_poll(eddy_future *future, eddy_task *task)
{
    eddy__chain *self = (eddy__chain *)(void *)future;

    do {
        if (self->current != NULL) {
            eddy_result value = eddy_future_poll_child(future, self->current, task);

            if (value == EDDY_PENDING)
                return EDDY_PENDING;
            self->current = NULL;
            self->value = value;
        } else {
            if (!eddy__task_spend(task))
                return eddy__task_yield(task);
            run_first(self);
        }
    } while (self->current != NULL || self->first != NULL);
    return self->value;
}

/* ---- the end ---- */

static void chain_done(eddy_future *future)
{
    eddy__chain *self = (eddy__chain *)(void *)future;

    while (self->first != NULL) {
        eddy__step step = take_first(self);

        skip(&step);
    }
}
