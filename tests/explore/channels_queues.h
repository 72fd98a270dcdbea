/* SPDX-License-Identifier: MIT */
/*
 * channels_queues.h - talks by a channel and by a oneshot. No item is lost, comes twice, or overtakes
 * another of the same sender; what is not received is destroyed; each side sees the other one go.
 *
 * Private to tests/explore/channels.c.
 */
#ifndef EXPLORE_CHANNELS_QUEUES_H
#define EXPLORE_CHANNELS_QUEUES_H

#include "channels_talk.h"

/* ---- a channel ---- */

enum how { HOW_SEND, HOW_READY, HOW_TRY, HOWS };

struct channel_sender {
    GUEST;
    eddy_sender *sender;
    struct item item;
    uint32_t items, how;
    eddy_ticket ticket;
};

static void channel_sender_done(struct channel_sender *self)
{
    eddy_sender_free(self->sender);
    guest_done(self->talk, self->finished);
}

EDDY_ASYNC(channel_sender, channel_sender_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->items = scene_random(8); self->item.number < self->items; self->item.number++) {
            self->how = scene_random(HOWS);
            if (self->how == HOW_READY) {
                EDDY_POLL(n, eddy_sender_poll_ready(self->sender, task, &self->ticket));
                if (n < 0)
                    break;
            }
            nap_start(&self->nap, task, some_time(40));
            EDDY_POLL(n, nap_poll(&self->nap, task));
            if (n < 0)
                break;
            if (self->how == HOW_TRY)
                n = eddy_sender_try_send(self->sender, &self->item);
            else
                EDDY_POLL(n, eddy_sender_poll_send(self->sender, task, &self->ticket, &self->item));
            if (n < 0 && n != -EAGAIN)
                break;
            if (n == 0)
                item_accepted(self->talk, &self->item);
        }
        self->finished = self->item.number == self->items || eddy_sender_is_closed(self->sender);
        EDDY_END(0);
}

struct channel_receiver {
    GUEST;
    eddy_receiver *receiver;
    struct item item;
};

static void channel_receiver_done(struct channel_receiver *self)
{
    eddy_receiver_free(self->receiver);
    guest_done(self->talk, self->finished);
}

static void channel_receiver_ends(struct channel_receiver *self)
{
    self->talk->drained = true;
    self->finished = true;
    SCENE_CHECK(self->talk->accepted == self->talk->received,
                "a channel has told its end before its last item");
}

EDDY_ASYNC(channel_receiver, channel_receiver_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_receiver_poll_next(self->receiver, task, &self->item));
            if (n <= 0)
                break;
            item_received(self->talk, &self->item);
            if (scene_random(16) == 0)
                eddy_receiver_close(self->receiver);
            nap_start(&self->nap, task, some_time(30));
            EDDY_POLL(n, nap_poll(&self->nap, task));
            if (n < 0)
                break;
        }
        if (n == 0)
            channel_receiver_ends(self);
        EDDY_END(0);
}

static int channel_begin(struct talk *self, eddy_handle *handle)
{
    eddy_channel_options options = {.size_bytes = sizeof options,
                                    .item_bytes = sizeof(struct item),
                                    .drop_item = item_destroy,
                                    .arg = self};
    unsigned count = some_guests();
    eddy_receiver *receiver;
    eddy_sender *sender;
    int error;

    self->capacity = scene_random(4) == 0 ? EDDY_UNBOUNDED : 1 + scene_random(3);
    options.capacity = self->capacity;
    error = eddy_channel_new(handle, &options, &sender, &receiver);
    if (error != 0)
        return error;
    for (unsigned i = 0; i < count; i++)
        talk_invite(self, EDDY_FUTURE(channel_sender, .talk = self, .item = {.sender = i},
                                      .sender = eddy_sender_retain(sender)));
    talk_invite(self, EDDY_FUTURE(channel_receiver, .talk = self, .receiver = receiver));
    eddy_sender_free(sender);
    return 0;
}

static void channel_over(struct talk *self)
{
    items_check(self);
}

/* ---- a oneshot ---- */

struct oneshot_sender {
    GUEST;
    eddy_oneshot_sender *sender;
    struct item item;
    bool watches; /* first, whether anybody is interested */
};

static void oneshot_sender_done(struct oneshot_sender *self)
{
    eddy_oneshot_sender_free(self->sender);
    guest_done(self->talk, self->finished);
}

static void oneshot_sender_sends(struct oneshot_sender *self)
{
    bool closed = eddy_oneshot_is_closed(self->sender);
    int error;

    if (scene_random(4) == 0)
        return;
    error = eddy_oneshot_send(self->sender, &self->item);
    SCENE_CHECK(error == (closed ? EDDY_CLOSED : 0), "a oneshot's send said %s",
                eddy_error_name(error));
    if (error == 0)
        item_accepted(self->talk, &self->item);
}

EDDY_ASYNC(oneshot_sender, oneshot_sender_done)
{
    eddy_result n;

    EDDY_BEGIN
        nap_start(&self->nap, task, some_time(40));
        if (self->watches) {
            EDDY_POLL(n,
                      nap_within(&self->nap, task, eddy_oneshot_poll_closed(self->sender, task)));
            SCENE_CHECK(n != 0 || eddy_oneshot_is_closed(self->sender),
                        "a oneshot said it is closed, and is not");
        } else {
            EDDY_POLL(n, nap_poll(&self->nap, task));
        }
        self->finished = n == 0 || n == -ETIMEDOUT;
        if (self->finished)
            oneshot_sender_sends(self);
        EDDY_END(0);
}

struct oneshot_receiver {
    GUEST;
    eddy_oneshot_receiver *receiver;
    struct item item;
    bool hurries; /* takes what is there after a while, or nothing */
};

static void oneshot_receiver_done(struct oneshot_receiver *self)
{
    eddy_oneshot_receiver_free(self->receiver);
    guest_done(self->talk, self->finished);
}

static eddy_result oneshot_receiver_tries(struct oneshot_receiver *self)
{
    int n;

    eddy_oneshot_close(self->receiver);
    n = eddy_oneshot_try_receive(self->receiver, &self->item);
    SCENE_CHECK(n == 1 || n == EDDY_CLOSED, "a oneshot that is closed said %s", eddy_error_name(n));
    return n;
}

EDDY_ASYNC(oneshot_receiver, oneshot_receiver_done)
{
    eddy_result n;

    EDDY_BEGIN
        nap_start(&self->nap, task, some_time(40));
        EDDY_POLL(n, nap_poll(&self->nap, task));
        if (n == 0 && self->hurries)
            n = oneshot_receiver_tries(self);
        else if (n == 0)
            EDDY_POLL(n, eddy_oneshot_poll_receive(self->receiver, task, &self->item));
        self->finished = n == 1 || n == EDDY_CLOSED;
        if (n == 1)
            item_received(self->talk, &self->item);
        SCENE_CHECK(n != EDDY_CLOSED || self->talk->accepted == 0,
                    "a oneshot's receiver was told that nothing comes, and it was sent");
        EDDY_END(0);
}

static int oneshot_begin(struct talk *self, eddy_handle *handle)
{
    eddy_oneshot_options options = {.size_bytes = sizeof options,
                                    .item_bytes = sizeof(struct item),
                                    .drop_item = item_destroy,
                                    .arg = self};
    bool watches = scene_random(2) == 0;
    bool hurries = scene_random(3) == 0;
    eddy_oneshot_receiver *receiver;
    eddy_oneshot_sender *sender;
    int error = eddy_oneshot_new(handle, &options, &sender, &receiver);

    if (error != 0)
        return error;
    self->capacity = 1;
    talk_invite(self,
                EDDY_FUTURE(oneshot_sender, .talk = self, .sender = sender, .watches = watches));
    talk_invite(self, EDDY_FUTURE(oneshot_receiver, .talk = self, .receiver = receiver,
                                  .hurries = hurries));
    return 0;
}

static void oneshot_over(struct talk *self)
{
    items_check(self);
}

#endif
