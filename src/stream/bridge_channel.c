/* SPDX-License-Identifier: MIT */
/*
 * bridge_channel.c - the receiver of a channel as a stream. (Its senders are sinks: sink/sender.c.)
 */
#include "eddy/bridge.h"
#include "stream/stream.h"
#include "sync/channel.h"

struct received {
    eddy_stream stream;
    eddy_receiver *receiver;
};

static eddy_result received_next(eddy_stream *stream, eddy_task *task, void *item)
{
    const struct received *self = (const struct received *)(const void *)stream;

    return eddy_receiver_poll_next(self->receiver, task, item);
}

static void received_done(eddy_future *frame)
{
    eddy_receiver_free(((struct received *)(void *)frame)->receiver);
}

static const eddy_stream_type received_type = {
    .base = {eddy_stream_no_future, received_done, sizeof(struct received), "receiver_stream",
             NULL},
    .poll_next = received_next,
};

eddy_stream *eddy_receiver_stream(eddy_handle *handle, eddy_receiver *receiver)
{
    size_t item_bytes = eddy__channel_of_receiver(receiver)->items.item_bytes;
    struct received *self = eddy__stream_new_source(handle, &received_type, item_bytes);

    if (self == NULL) {
        eddy_receiver_free(receiver);
        return eddy__stream_failed(handle->core);
    }
    self->receiver = receiver;
    return &self->stream;
}
