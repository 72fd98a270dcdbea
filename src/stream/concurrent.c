/* SPDX-License-Identifier: MIT */
/*
 * concurrent.c - a future out of a stream of which several items are worked on at a time: counts what
 * comes of them, or ends by the first error.
 */
#include "eddy/futures.h"
#include "stream/buffered.h"
#include "stream/input.h"

struct concurrent {
    eddy__consumer consumer;
    eddy_result count;
};

static eddy_result concurrent_poll(eddy_future *frame, eddy_task *task)
{
    struct concurrent *self = (struct concurrent *)(void *)frame;
    eddy_result result;

    while ((result = eddy__input_next(&self->consumer.input, task)) > 0)
        self->count++;
    return result == 0 ? self->count : result;
}

static const eddy_type concurrent_type = {concurrent_poll, eddy__consumer_done,
                                          sizeof(struct concurrent), "for_each_concurrent",
                                          eddy__consumer_take_child};

eddy_future *eddy_stream_for_each_concurrent(eddy_stream *input, size_t limit,
                                             eddy_future *(*each)(void *arg, eddy_handle *handle,
                                                                  const void *item),
                                             void *arg)
{
    const eddy__buffered_work work = {.each = each, .arg = arg};
    eddy_stream *outcomes = eddy__buffered_new(input, EDDY__BUFFERED_FOR_EACH, limit, 0, work);
    eddy_future *instead;
    struct concurrent *self = eddy__consumer_new(outcomes, &concurrent_type, &instead);

    return self != NULL ? &self->consumer.frame : instead;
}
