/* SPDX-License-Identifier: MIT */
/*
 * then.c - adaptors that make a future of each item, of each error, or of both: one at a time, in
 * order. What the future makes comes to memory of the adaptor, because the caller's may be another one
 * at each poll.
 */
#include <string.h>

#include "eddy/stream_adapt.h"
#include "stream/input.h"

typedef eddy_future *then_fn(void *arg, eddy_handle *handle, eddy_result n, const void *item,
                             void *out);
typedef eddy_future *and_then_fn(void *arg, eddy_handle *handle, const void *item, void *out);
typedef eddy_future *or_else_fn(void *arg, eddy_handle *handle, eddy_result error, void *out);

struct then {
    eddy__adaptor head;
    eddy_future *future; /* in flight */
    void *out;
    union {
        then_fn *then;
        and_then_fn *and_then;
        or_else_fn *or_else;
    } make;
    bool of_errors; /* then: of errors, too */
    void *arg;
};

/* Poll the future in flight. */
static eddy_result go_on(struct then *self, eddy_task *task, void *item)
{
    eddy_stream *stream = &self->head.stream;
    eddy_result result = eddy__owned_poll(&stream->frame, &self->future, task);

    if (result < 0)
        return result;
    memcpy(item, self->out, stream->item_bytes);
    return 1;
}

static eddy_result start(struct then *self, eddy_task *task, eddy_future *future, void *item)
{
    self->future = eddy__stream_made(future, &self->head.stream.frame);
    return go_on(self, task, item);
}

/* Of what the input gave. */
static eddy_future *make(const struct then *self, eddy_result n)
{
    const eddy__input *input = &self->head.input;
    eddy_handle *handle = &input->core->handle;

    return self->of_errors
               ? self->make.then(self->arg, handle, n, n > 0 ? input->item : NULL, self->out)
               : self->make.and_then(self->arg, handle, input->item, self->out);
}

static eddy_result then_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct then *self = (struct then *)(void *)stream;
    eddy__input *input = &self->head.input;
    eddy_result result;

    if (self->future != NULL)
        return go_on(self, task, item);
    result = eddy__input_next(input, task);
    if (result == 0 || result == EDDY_PENDING || (result < 0 && !self->of_errors))
        return result;
    input->holds = false;
    return start(self, task, make(self, result), item);
}

static eddy_result or_else_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct then *self = (struct then *)(void *)stream;
    eddy__input *input = &self->head.input;
    eddy_result result;

    if (self->future != NULL)
        return go_on(self, task, item);
    result = eddy__input_next_to(input, task, item);
    if (!eddy_is_error(result))
        return result;
    return start(self, task, self->make.or_else(self->arg, &input->core->handle, result, self->out),
                 item);
}

static void then_done(eddy_future *frame)
{
    struct then *self = (struct then *)(void *)frame;

    if (self->out != NULL)
        eddy__core_object_free(self->head.input.core, self->out, self->head.stream.item_bytes);
    eddy__adaptor_done(frame);
}

static const eddy_stream_type then_type =
    EDDY__ADAPTOR_TYPE(then_next, then_done, struct then, "stream_then");
static const eddy_stream_type and_then_type =
    EDDY__ADAPTOR_TYPE(then_next, then_done, struct then, "stream_and_then");
static const eddy_stream_type or_else_type =
    EDDY__ADAPTOR_TYPE(or_else_next, then_done, struct then, "stream_or_else");

static struct then *new_then(eddy_stream **input, const eddy_stream_type *type, size_t out_bytes,
                             enum eddy__item_memory memory, void *arg)
{
    struct then *self = eddy__adaptor_new(input, type, out_bytes, memory);
    eddy_core *core;

    if (self == NULL)
        return NULL;
    core = self->head.input.core;
    self->arg = arg;
    self->out = eddy__slab_alloc(&core->slab, self->head.stream.item_bytes);
    if (self->out != NULL)
        return self;
    eddy_future_drop(&self->head.stream.frame);
    *input = eddy__stream_failed(core);
    return NULL;
}

eddy_stream *eddy_stream_then(eddy_stream *input, size_t out_bytes, then_fn *then, void *arg)
{
    struct then *self;

    eddy__stream_check_bytes(out_bytes, then_type.base.name);
    self = new_then(&input, &then_type, out_bytes, EDDY__ITEM_HELD, arg);
    if (self == NULL)
        return input;
    self->make.then = then;
    self->of_errors = true;
    return &self->head.stream;
}

eddy_stream *eddy_stream_and_then(eddy_stream *input, size_t out_bytes, and_then_fn *then,
                                  void *arg)
{
    struct then *self;

    eddy__stream_check_bytes(out_bytes, and_then_type.base.name);
    self = new_then(&input, &and_then_type, out_bytes, EDDY__ITEM_HELD, arg);
    if (self == NULL)
        return input;
    self->make.and_then = then;
    return &self->head.stream;
}

eddy_stream *eddy_stream_or_else(eddy_stream *input, or_else_fn *or_else, void *arg)
{
    struct then *self = new_then(&input, &or_else_type, 0, EDDY__ITEM_PASSES, arg);

    if (self == NULL)
        return input;
    self->make.or_else = or_else;
    return &self->head.stream;
}
