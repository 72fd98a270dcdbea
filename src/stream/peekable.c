/* SPDX-License-Identifier: MIT */
/*
 * peekable.c - look at the next item without taking it. The item that was looked at is held until it
 * is taken, or dropped with the stream.
 */
#include "eddy/stream_adapt.h"
#include "stream/input.h"

static eddy_result peekable_next(eddy_stream *stream, eddy_task *task, void *item)
{
    eddy__input *input = &((eddy__adaptor *)(void *)stream)->input;

    if (!input->holds)
        return eddy__input_next_to(input, task, item);
    eddy__input_give(input, item);
    return 1;
}

static const eddy_stream_type peekable_type =
    EDDY__ADAPTOR_TYPE(peekable_next, eddy__adaptor_done, eddy__adaptor, "stream_peekable");

eddy_stream *eddy_stream_peekable(eddy_stream *input)
{
    eddy__adaptor *self = eddy__adaptor_new(&input, &peekable_type, 0, EDDY__ITEM_HELD);

    return self != NULL ? &self->stream : input;
}

static eddy_result peek(eddy__input *input, eddy_task *task, const void **item)
{
    eddy_result result = input->holds ? 1 : eddy__input_next(input, task);

    if (result > 0)
        *item = input->item;
    return result;
}

eddy_result eddy_stream_poll_peek(eddy_stream *self, eddy_task *task, const void **item)
{
    eddy_future *outer;

    if (eddy__stream_is_failed(self))
        return eddy_stream_poll_next(self, task, NULL);
    EDDY_ASSERT(self->frame.type == &peekable_type.base,
                "eddy_stream_poll_peek is given stream '%s': make a peekable of it first",
                self->frame.type->name);
    if ((self->frame.state & EDDY__FUTURE_OVER) != 0)
        return 0;
    outer = eddy__stream_begin_poll(self, task);
    return eddy__stream_end_poll(self, task, outer,
                                 peek(&((eddy__adaptor *)(void *)self)->input, task, item));
}
