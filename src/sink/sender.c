/* SPDX-License-Identifier: MIT */
/*
 * sender.c - a sender of a channel as a sink. An item is either in the channel or the caller's, so there
 * is nothing to flush.
 */
#include "eddy/bridge.h"
#include "sink/sink.h"
#include "sync/channel.h"

struct sender_sink {
    eddy_sink sink;
    eddy_sender *sender; /* NULL: closed */
    eddy_ticket ticket;
};

static eddy_result sender_send(eddy_sink *sink, eddy_task *task, const void *item)
{
    struct sender_sink *self = (struct sender_sink *)(void *)sink;

    return eddy_sender_poll_send(self->sender, task, &self->ticket, item);
}

static void give_back(struct sender_sink *self)
{
    eddy_sender *sender = self->sender;

    self->sender = NULL;
    eddy_sender_free(sender);
}

/* A send may have been given up while it stood in line. */
static eddy_result sender_close(eddy_sink *sink, eddy_task *task)
{
    struct sender_sink *self = (struct sender_sink *)(void *)sink;

    (void)task;
    eddy_ticket_leave(&self->ticket);
    give_back(self);
    return 0;
}

/* The wait was disarmed before, and by that its ticket has left the line. */
static void sender_done(eddy_future *frame)
{
    give_back((struct sender_sink *)(void *)frame);
}

static const eddy_sink_type sender_type = {
    .base = {eddy_sink_no_future, sender_done, sizeof(struct sender_sink), "sender_sink", NULL},
    .start_send = sender_send,
    .flush = eddy__sink_flush_nothing,
    .close = sender_close,
};

eddy_sink *eddy_sender_sink(eddy_handle *handle, eddy_sender *sender)
{
    size_t item_bytes = eddy__channel_of_sender(sender)->items.item_bytes;
    struct sender_sink *self;

    eddy__core_check(handle->core, "eddy_sender_sink");
    self = eddy__sink_new(handle->core, &sender_type, item_bytes);
    if (self == NULL) {
        eddy_sender_free(sender);
        return eddy__sink_failed(handle->core);
    }
    self->sender = sender;
    return &self->sink;
}
