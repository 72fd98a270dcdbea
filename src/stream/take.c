/* SPDX-License-Identifier: MIT */
/*
 * take.c - adaptors that leave out the beginning or the end: skip and take by number, and by a
 * condition. An error counts for nothing, and is not asked about.
 */
#include "eddy/stream_adapt.h"
#include "stream/input.h"

/* ---- by number ---- */

struct number {
    eddy__adaptor head;
    uint64_t left;
};

static eddy_result skip_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct number *self = (struct number *)(void *)stream;
    eddy_result result;

    for (;;) {
        result = eddy__input_next_to(&self->head.input, task, item);
        if (result <= 0 || self->left == 0)
            return result;
        self->left--;
        eddy__item_drop(stream->drop_item, item);
        if (!eddy__task_spend(task))
            return eddy__task_yield(task);
    }
}

/* The input lives until the end is told: the last item may be a view of its memory. */
static eddy_result take_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct number *self = (struct number *)(void *)stream;
    eddy_result result;

    if (self->left == 0) {
        eddy__input_drop(&self->head.input, task);
        return 0;
    }
    result = eddy__input_next_to(&self->head.input, task, item);
    self->left -= result > 0;
    return result;
}

static const eddy_stream_type skip_type =
    EDDY__ADAPTOR_TYPE(skip_next, eddy__adaptor_done, struct number, "stream_skip");
static const eddy_stream_type take_type =
    EDDY__ADAPTOR_TYPE(take_next, eddy__adaptor_done, struct number, "stream_take");

static eddy_stream *new_number(eddy_stream *input, const eddy_stream_type *type, uint64_t count)
{
    struct number *self = eddy__adaptor_new(&input, type, 0, EDDY__ITEM_PASSES);

    if (self == NULL)
        return input;
    self->left = count;
    return &self->head.stream;
}

eddy_stream *eddy_stream_skip(eddy_stream *input, uint64_t count)
{
    return new_number(input, &skip_type, count);
}

eddy_stream *eddy_stream_take(eddy_stream *input, uint64_t count)
{
    return new_number(input, &take_type, count);
}

/* ---- by a condition ---- */

typedef bool holds_fn(void *arg, const void *item);

struct condition {
    eddy__adaptor head;
    holds_fn *holds;
    void *arg;
    bool over; /* it did not hold: skip: all pass */
};

static eddy_result skip_while_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct condition *self = (struct condition *)(void *)stream;
    eddy_result result;

    for (;;) {
        result = eddy__input_next_to(&self->head.input, task, item);
        if (result <= 0 || self->over)
            return result;
        if (!self->holds(self->arg, item)) {
            self->over = true;
            return result;
        }
        eddy__item_drop(stream->drop_item, item);
        if (!eddy__task_spend(task))
            return eddy__task_yield(task);
    }
}

static eddy_result take_while_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct condition *self = (struct condition *)(void *)stream;
    eddy_result result = eddy__input_next_to(&self->head.input, task, item);

    if (result <= 0 || self->holds(self->arg, item))
        return result;
    eddy__item_drop(stream->drop_item, item);
    eddy__input_drop(&self->head.input, task);
    return 0;
}

static const eddy_stream_type skip_while_type =
    EDDY__ADAPTOR_TYPE(skip_while_next, eddy__adaptor_done, struct condition, "stream_skip_while");
static const eddy_stream_type take_while_type =
    EDDY__ADAPTOR_TYPE(take_while_next, eddy__adaptor_done, struct condition, "stream_take_while");

static eddy_stream *new_condition(eddy_stream *input, const eddy_stream_type *type, holds_fn *holds,
                                  void *arg)
{
    struct condition *self = eddy__adaptor_new(&input, type, 0, EDDY__ITEM_PASSES);

    if (self == NULL)
        return input;
    self->holds = holds;
    self->arg = arg;
    return &self->head.stream;
}

eddy_stream *eddy_stream_skip_while(eddy_stream *input, holds_fn *holds, void *arg)
{
    return new_condition(input, &skip_while_type, holds, arg);
}

eddy_stream *eddy_stream_take_while(eddy_stream *input, holds_fn *holds, void *arg)
{
    return new_condition(input, &take_while_type, holds, arg);
}

/* ---- by a condition that takes time ---- */

typedef eddy_future *holds_async_fn(void *arg, eddy_handle *handle, const void *item);

struct question {
    eddy__adaptor head;
    eddy_future *future; /* in flight, about the item that is held */
    holds_async_fn *holds;
    void *arg;
    bool over; /* it did not hold: skip: all pass */
};

/* > 0: an item is held, and what is known about it is in *answer; else what the input gave. */
static eddy_result ask(struct question *self, eddy_task *task, eddy_result *answer)
{
    eddy__input *input = &self->head.input;
    eddy_future *frame = &self->head.stream.frame;
    eddy_result result;

    if (self->future == NULL) {
        result = eddy__input_next(input, task);
        if (result <= 0)
            return result;
        self->future =
            eddy__stream_made(self->holds(self->arg, &input->core->handle, input->item), frame);
    }
    *answer = eddy__owned_poll(frame, &self->future, task);
    return *answer == EDDY_PENDING ? EDDY_PENDING : 1;
}

static eddy_result skip_while_async_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct question *self = (struct question *)(void *)stream;
    eddy_result result, answer = 0;

    while (!self->over) {
        result = ask(self, task, &answer);
        if (result <= 0)
            return result;
        if (answer == 0) {
            self->over = true;
            eddy__input_give(&self->head.input, item);
            return 1;
        }
        eddy__input_drop_item(&self->head.input);
        if (answer < 0)
            return answer;
        if (!eddy__task_spend(task))
            return eddy__task_yield(task);
    }
    return eddy__input_next_to(&self->head.input, task, item);
}

static eddy_result take_while_async_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct question *self = (struct question *)(void *)stream;
    eddy_result answer = 0;
    eddy_result result = ask(self, task, &answer);

    if (result <= 0)
        return result;
    if (answer > 0) {
        eddy__input_give(&self->head.input, item);
        return 1;
    }
    eddy__input_drop_item(&self->head.input);
    if (answer == 0)
        eddy__input_drop(&self->head.input, task);
    return answer;
}

static const eddy_stream_type skip_while_async_type = EDDY__ADAPTOR_TYPE(
    skip_while_async_next, eddy__adaptor_done, struct question, "stream_skip_while");
static const eddy_stream_type take_while_async_type = EDDY__ADAPTOR_TYPE(
    take_while_async_next, eddy__adaptor_done, struct question, "stream_take_while");

static eddy_stream *new_question(eddy_stream *input, const eddy_stream_type *type,
                                 holds_async_fn *holds, void *arg)
{
    struct question *self = eddy__adaptor_new(&input, type, 0, EDDY__ITEM_HELD);

    if (self == NULL)
        return input;
    self->holds = holds;
    self->arg = arg;
    return &self->head.stream;
}

eddy_stream *eddy_stream_skip_while_async(eddy_stream *input, holds_async_fn *holds, void *arg)
{
    return new_question(input, &skip_while_async_type, holds, arg);
}

eddy_stream *eddy_stream_take_while_async(eddy_stream *input, holds_async_fn *holds, void *arg)
{
    return new_question(input, &take_while_async_type, holds, arg);
}
