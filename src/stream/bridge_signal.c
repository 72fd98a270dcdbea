/* SPDX-License-Identifier: MIT */
/*
 * bridge_signal.c - a signal as a stream of how often it came.
 */
#include <string.h>

#include "signal/signal.h"
#include "stream/stream.h"

struct signals {
    eddy_stream stream;
    eddy_signal *signal; /* the user's */
};

static eddy_result signals_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct signals *self = (struct signals *)(void *)stream;
    eddy_result n = eddy_signal_poll(self->signal, task);
    uint32_t count = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;

    if (n <= 0)
        return n;
    memcpy(item, &count, sizeof count);
    return 1;
}

static const eddy_stream_type signals_type = {
    .base = {eddy_stream_no_future, eddy__done_nothing, sizeof(struct signals), "signal_stream",
             NULL},
    .poll_next = signals_next,
};

eddy_stream *eddy_signal_stream(eddy_signal *signal)
{
    eddy_core *core = signal->core;
    struct signals *self;

    eddy__core_check(core, "eddy_signal_stream");
    self = eddy__stream_new(core, &signals_type, sizeof(uint32_t));
    if (self == NULL)
        return eddy__stream_failed(core);
    self->signal = signal;
    return &self->stream;
}
