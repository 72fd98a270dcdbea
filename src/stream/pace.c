/* SPDX-License-Identifier: MIT */
/*
 * pace.c - adaptors that look at the clock: a time limit for each item, and at most one item in a
 * while.
 */

#include <errno.h>

#include "eddy/stream_time.h"
#include "stream/input.h"
#include "time/sleep.h"

struct pace {
    eddy__adaptor head;
    eddy_sleep sleep;
    int64_t duration_ns;
    bool runs; /* the time does */
};

/* What is ready beats a time that is over. */
static eddy_result timeout_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct pace *self = (struct pace *)(void *)stream;
    eddy_result result = eddy__input_next_to(&self->head.input, task, item);

    if (result != EDDY_PENDING) {
        eddy_sleep_stop(&self->sleep, task);
        self->runs = false;
        return result;
    }
    if (!self->runs)
        eddy_sleep_start(&self->sleep, task, self->duration_ns);
    self->runs = eddy__limit_poll(&self->sleep, task) == EDDY_PENDING;
    return self->runs ? EDDY_PENDING : -ETIMEDOUT;
}

static eddy_result throttle_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct pace *self = (struct pace *)(void *)stream;
    eddy_result result;

    if (self->runs) {
        result = eddy_sleep_poll(&self->sleep, task);
        if (result != 0)
            return result;
        self->runs = false;
    }
    result = eddy__input_next_to(&self->head.input, task, item);
    if (result > 0) {
        eddy_sleep_start(&self->sleep, task, self->duration_ns);
        self->runs = true;
    }
    return result;
}

static const eddy_stream_type timeout_type =
    EDDY__ADAPTOR_TYPE(timeout_next, eddy__adaptor_done, struct pace, "stream_timeout");
static const eddy_stream_type throttle_type =
    EDDY__ADAPTOR_TYPE(throttle_next, eddy__adaptor_done, struct pace, "stream_throttle");

static eddy_stream *new_pace(eddy_stream *input, const eddy_stream_type *type, int64_t duration_ns)
{
    struct pace *self;

    EDDY_ASSERT(duration_ns > 0, "%s of %lld ns: it must be above 0", type->base.name,
                (long long)duration_ns);
    self = eddy__adaptor_new(&input, type, 0, EDDY__ITEM_PASSES);
    if (self == NULL)
        return input;
    self->duration_ns = duration_ns;
    return &self->head.stream;
}

eddy_stream *eddy_stream_timeout(eddy_stream *input, int64_t duration_ns)
{
    return new_pace(input, &timeout_type, duration_ns);
}

eddy_stream *eddy_stream_throttle(eddy_stream *input, int64_t period_ns)
{
    return new_pace(input, &throttle_type, period_ns);
}
