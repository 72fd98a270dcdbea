/* SPDX-License-Identifier: MIT */
/*
 * bridge_sources.c - streams of what waits for time and for connections.
 */
#include <string.h>

#include "eddy/bridge.h"
#include "stream/stream.h"

/* ---- intervals ---- */

struct ticks {
    eddy_stream stream;
    eddy_interval interval;
    int64_t period_ns;
    eddy_missed missed;
};

static eddy_result ticks_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct ticks *self = (struct ticks *)(void *)stream;
    eddy_result result;
    uint64_t count;

    if (self->interval.period_ns == 0)
        eddy_interval_start(&self->interval, task, self->period_ns, self->missed);
    result = eddy_interval_poll(&self->interval, task);
    if (result <= 0)
        return result;
    count = (uint64_t)result;
    memcpy(item, &count, sizeof count);
    return 1;
}

static const eddy_stream_type ticks_type = {
    .base = {eddy_stream_no_future, eddy__done_nothing, sizeof(struct ticks), "interval_stream",
             NULL},
    .poll_next = ticks_next,
};

eddy_stream *eddy_interval_stream(eddy_handle *handle, int64_t period_ns, eddy_missed missed)
{
    struct ticks *self = eddy__stream_new_source(handle, &ticks_type, sizeof(uint64_t));

    EDDY_ASSERT(period_ns > 0, "an interval stream of %lld ns: the period must be above 0",
                (long long)period_ns);
    if (self == NULL)
        return eddy__stream_failed(handle->core);
    self->period_ns = period_ns;
    self->missed = missed;
    return &self->stream;
}

/* ---- listeners ---- */

struct incoming {
    eddy_stream stream;
    eddy_listener *listener;
};

static eddy_result incoming_next(eddy_stream *stream, eddy_task *task, void *item)
{
    const struct incoming *self = (const struct incoming *)(const void *)stream;
    eddy_tcp *client;
    eddy_result result = eddy_listener_poll_accept(self->listener, task, &client);

    if (result != 0)
        return result;
    memcpy(item, &client, sizeof(eddy_tcp *));
    return 1;
}

static void incoming_done(eddy_future *frame)
{
    eddy_listener_free(((struct incoming *)(void *)frame)->listener);
}

static const eddy_stream_type incoming_type = {
    .base = {eddy_stream_no_future, incoming_done, sizeof(struct incoming), "listener_incoming",
             NULL},
    .poll_next = incoming_next,
};

static void free_client(void *item)
{
    eddy_tcp *client;

    memcpy(&client, item, sizeof(eddy_tcp *));
    eddy_tcp_free(client);
}

eddy_stream *eddy_listener_incoming(eddy_handle *handle, eddy_listener *listener)
{
    struct incoming *self = eddy__stream_new_source(handle, &incoming_type, sizeof(eddy_tcp *));

    if (self == NULL) {
        eddy_listener_free(listener);
        return eddy__stream_failed(handle->core);
    }
    self->listener = listener;
    return eddy_stream_owning(&self->stream, free_client);
}
