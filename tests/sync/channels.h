/* SPDX-License-Identifier: MIT */
/*
 * channels.h - a channel of ints for tests, in either kind, and tasks that send and receive rows of
 * them.
 */
#ifndef EDDY_TEST_CHANNELS_H
#define EDDY_TEST_CHANNELS_H

#include "asked.h"

struct channel_world {
    eddy_core *core;
    eddy_handle *handle; /* of the loop */
    eddy_sender *sender;
    eddy_receiver *receiver;
    int64_t dropped; /* sum of the items that drop_item destroyed */
    int drops;       /* and their number */
};

static inline void channel_drop_item(void *arg, void *item)
{
    struct channel_world *self = arg;

    self->dropped += *(int *)item;
    self->drops++;
}

static inline void channel_begin(struct channel_world *self, int kind, uint32_t capacity)
{
    eddy_channel_options options = {.size_bytes = sizeof options,
                                    .item_bytes = sizeof(int),
                                    .capacity = capacity,
                                    .drop_item = channel_drop_item,
                                    .arg = self};

    *self = (struct channel_world){.core = test_core()};
    self->handle = eddy_core_handle(self->core);
    assert_int_equal(eddy_channel_new(handle_of_kind(self->core, kind), &options, &self->sender,
                                      &self->receiver),
                     0);
}

static inline void channel_free_sender(struct channel_world *self)
{
    eddy_sender_free(self->sender);
    self->sender = NULL;
}

static inline void channel_free_receiver(struct channel_world *self)
{
    eddy_receiver_free(self->receiver);
    self->receiver = NULL;
}

static inline void channel_end(struct channel_world *self)
{
    channel_free_sender(self);
    channel_free_receiver(self);
    test_core_end(self->core);
}

static inline int try_send(eddy_sender *sender, int value)
{
    return eddy_sender_try_send(sender, &value);
}

/* The item, or what try_next said when there was none: 0, -EAGAIN. Items are > 0. */
static inline int try_next(eddy_receiver *receiver)
{
    int item = -1;
    int n = eddy_receiver_try_next(receiver, &item);

    return n == 1 ? item : n;
}

/* Sends `first`, `first + 1`, ... `last`, then gives its sender back. Ends with 0, or the error. */
struct send_row {
    EDDY_FRAME;
    eddy_sender *sender;
    int first, last;
    int *sent; /* how many; NULL: nobody asks */
    eddy_ticket ticket;
};

static inline eddy_result send_row_poll(eddy_future *frame, eddy_task *task)
{
    struct send_row *self = (struct send_row *)(void *)frame;

    for (; self->first <= self->last; self->first++) {
        eddy_result n = eddy_sender_poll_send(self->sender, task, &self->ticket, &self->first);

        if (n != 0)
            return n;
        if (self->sent != NULL)
            (*self->sent)++;
    }
    return 0;
}

static inline void send_row_done(eddy_future *frame)
{
    eddy_sender_free(((struct send_row *)(void *)frame)->sender);
}

static const eddy_type send_row_type = {send_row_poll, send_row_done, sizeof(struct send_row),
                                        "send_row", NULL};

/* Receives until the end, or `most` items (0: all); ends with their number. */
struct receive_row {
    EDDY_FRAME;
    eddy_receiver *receiver;
    int most;
    int *items; /* room for all of them; NULL: they are not kept */
    int count;
};

static inline eddy_result receive_row_poll(eddy_future *frame, eddy_task *task)
{
    struct receive_row *self = (struct receive_row *)(void *)frame;

    while (self->most == 0 || self->count < self->most) {
        int item;
        eddy_result n = eddy_receiver_poll_next(self->receiver, task, &item);

        if (n < 0)
            return n;
        if (n == 0)
            break;
        if (self->items != NULL)
            self->items[self->count] = item;
        self->count++;
    }
    return self->count;
}

static inline void receive_row_done(eddy_future *frame)
{
    (void)frame;
}

static const eddy_type receive_row_type = {receive_row_poll, receive_row_done,
                                           sizeof(struct receive_row), "receive_row", NULL};

#endif
