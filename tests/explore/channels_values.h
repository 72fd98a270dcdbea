/* SPDX-License-Identifier: MIT */
/*
 * channels_values.h - talks by a watch and by a broadcast. Who looks at a watch sees the latest value,
 * and each one only once; who listens to a broadcast hears all in order, and how many it has missed.
 * Each value and item is destroyed once.
 *
 * Private to tests/explore/channels.c.
 */
#ifndef EXPLORE_CHANNELS_VALUES_H
#define EXPLORE_CHANNELS_VALUES_H

#include "channels_talk.h"

static void value_destroy(void *arg, void *item)
{
    struct talk *self = arg;

    (void)item;
    self->destroyed++;
    SCENE_CHECK(self->destroyed <= self->accepted, "more values of a %s were destroyed than sent",
                self->kind->name);
}

/* ---- a watch: `count` is the latest value ---- */

struct watch_sender {
    GUEST;
    eddy_watch_sender *sender;
    uint32_t left;
};

static void watch_sender_done(struct watch_sender *self)
{
    eddy_watch_sender_free(self->sender);
    guest_done(self->talk, self->finished);
}

/* By then `accepted` counts it: the value before may be destroyed within the call. */
static int watch_sender_sends(struct watch_sender *self)
{
    uint32_t value = self->talk->count + 1;
    int error;

    self->talk->accepted++;
    error = eddy_watch_send(self->sender, &value);
    if (error == 0)
        self->talk->count = value;
    else
        self->talk->accepted--;
    return error;
}

EDDY_ASYNC(watch_sender, watch_sender_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->left = scene_random(8); self->left > 0; self->left--) {
            nap_start(&self->nap, task, some_time(40));
            EDDY_POLL(n, nap_poll(&self->nap, task));
            if (n == 0)
                n = watch_sender_sends(self);
            if (n < 0)
                EDDY_RETURN(0);
        }
        self->finished = true;
        EDDY_END(0);
}

struct watch_receiver {
    GUEST;
    eddy_watch_receiver *receiver;
    int64_t seen;
    const uint32_t *borrowed;
};

static void watch_receiver_returns(struct watch_receiver *self)
{
    if (self->borrowed == NULL)
        return;
    SCENE_CHECK(*self->borrowed == self->seen, "a value changed while it was borrowed");
    eddy_watch_return(self->receiver, self->borrowed);
    self->borrowed = NULL;
}

static void watch_receiver_done(struct watch_receiver *self)
{
    watch_receiver_returns(self);
    eddy_watch_receiver_free(self->receiver);
    guest_done(self->talk, self->finished);
}

static void watch_receiver_looks(struct watch_receiver *self)
{
    uint32_t value;

    if (scene_random(2) == 0) {
        self->borrowed = eddy_watch_borrow(self->receiver);
        value = *self->borrowed;
    } else {
        eddy_watch_copy(self->receiver, &value);
    }
    SCENE_CHECK(value == self->talk->count, "a watch shows %u, and %u was sent last",
                (unsigned)value, (unsigned)self->talk->count);
    SCENE_CHECK(value > self->seen, "a watch has changed to what was seen");
    self->seen = value;
}

EDDY_ASYNC(watch_receiver, watch_receiver_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_watch_poll_changed(self->receiver, task));
            if (n <= 0)
                break;
            watch_receiver_looks(self);
            nap_start(&self->nap, task, some_time(60));
            EDDY_POLL(n, nap_poll(&self->nap, task));
            watch_receiver_returns(self);
            if (n < 0)
                break;
        }
        self->finished = n == 0;
        SCENE_CHECK(n != 0 || self->seen == self->talk->count,
                    "a watch has told its end before its last value");
        EDDY_END(0);
}

static void watch_invite(struct talk *self, eddy_watch_sender *sender,
                         eddy_watch_receiver *receiver)
{
    unsigned senders = some_guests();
    unsigned receivers = some_guests();

    for (unsigned i = 0; i < senders; i++)
        talk_invite(self, EDDY_FUTURE(watch_sender, .talk = self,
                                      .sender = eddy_watch_sender_retain(sender)));
    for (unsigned i = 0; i < receivers; i++) {
        eddy_watch_receiver *one = NULL;
        int error = scene_random(2) == 0 ? eddy_watch_receiver_clone(receiver, &one)
                                         : eddy_watch_subscribe(sender, &one);

        if (error == 0)
            talk_invite(self,
                        EDDY_FUTURE(watch_receiver, .talk = self, .receiver = one, .seen = -1));
    }
}

static int watch_begin(struct talk *self, eddy_handle *handle)
{
    eddy_watch_options options = {.size_bytes = sizeof options,
                                  .item_bytes = sizeof(uint32_t),
                                  .drop_item = value_destroy,
                                  .arg = self};
    eddy_watch_receiver *receiver;
    eddy_watch_sender *sender;
    int error;

    self->accepted = 1;
    error = eddy_watch_new(handle, &options, &self->count, &sender, &receiver);
    if (error != 0)
        return error;
    watch_invite(self, sender, receiver);
    eddy_watch_sender_free(sender);
    eddy_watch_receiver_free(receiver);
    return 0;
}

/* ---- a broadcast: `count` items were sent ---- */

struct broadcast_sender {
    GUEST;
    eddy_broadcast_sender *sender;
    uint32_t left;
};

static void broadcast_sender_done(struct broadcast_sender *self)
{
    eddy_broadcast_sender_free(self->sender);
    guest_done(self->talk, self->finished);
}

static eddy_result broadcast_sender_sends(struct broadcast_sender *self)
{
    struct talk *talk = self->talk;
    eddy_result n;

    talk->accepted++;
    n = eddy_broadcast_send(self->sender, &talk->count);
    SCENE_CHECK(n != 0, "a broadcast was sent to nobody");
    if (n > 0)
        talk->count++;
    else
        talk->accepted--;
    return n;
}

EDDY_ASYNC(broadcast_sender, broadcast_sender_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->left = scene_random(10); self->left > 0; self->left--) {
            nap_start(&self->nap, task, some_time(20));
            EDDY_POLL(n, nap_poll(&self->nap, task));
            if (n == 0)
                n = broadcast_sender_sends(self);
            if (n < 0)
                EDDY_RETURN(0);
        }
        self->finished = true;
        EDDY_END(0);
}

struct broadcast_receiver {
    GUEST;
    eddy_broadcast_receiver *receiver;
    uint32_t item;
    uint64_t next;
};

static void broadcast_receiver_done(struct broadcast_receiver *self)
{
    eddy_broadcast_receiver_free(self->receiver);
    guest_done(self->talk, self->finished);
}

static void broadcast_receiver_hears(struct broadcast_receiver *self, eddy_result n)
{
    uint64_t lost = n == EDDY_LAGGED ? eddy_broadcast_lost(self->receiver) : 0;

    SCENE_CHECK(n != EDDY_LAGGED || lost > 0, "a receiver of a broadcast has lagged by nothing");
    self->next += lost;
    if (n != 1)
        return;
    SCENE_CHECK(self->item == self->next, "a broadcast tells item %u after item %u",
                (unsigned)self->item, (unsigned)self->next - 1);
    self->next++;
}

EDDY_ASYNC(broadcast_receiver, broadcast_receiver_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_broadcast_poll_next(self->receiver, task, &self->item));
            if (n != 1 && n != EDDY_LAGGED)
                break;
            broadcast_receiver_hears(self, n);
            nap_start(&self->nap, task, some_time(60));
            EDDY_POLL(n, nap_poll(&self->nap, task));
            if (n < 0)
                break;
        }
        self->finished = n == 0;
        SCENE_CHECK(n != 0 || self->next == self->talk->count,
                    "a broadcast has told its end before its last item");
        EDDY_END(0);
}

static void broadcast_invite(struct talk *self, eddy_broadcast_sender *sender,
                             eddy_broadcast_receiver *receiver)
{
    unsigned senders = some_guests();
    unsigned receivers = some_guests();

    for (unsigned i = 0; i < senders; i++)
        talk_invite(self, EDDY_FUTURE(broadcast_sender, .talk = self,
                                      .sender = eddy_broadcast_sender_retain(sender)));
    for (unsigned i = 0; i < receivers; i++) {
        eddy_broadcast_receiver *one = NULL;
        int error = scene_random(2) == 0 ? eddy_broadcast_receiver_clone(receiver, &one)
                                         : eddy_broadcast_subscribe(sender, &one);

        if (error == 0)
            talk_invite(self, EDDY_FUTURE(broadcast_receiver, .talk = self, .receiver = one));
    }
}

static int broadcast_begin(struct talk *self, eddy_handle *handle)
{
    eddy_broadcast_options options = {.size_bytes = sizeof options,
                                      .item_bytes = sizeof(uint32_t),
                                      .drop_item = value_destroy,
                                      .arg = self};
    eddy_broadcast_receiver *receiver;
    eddy_broadcast_sender *sender;
    int error;

    options.capacity = 1 + scene_random(4);
    error = eddy_broadcast_new(handle, &options, &sender, &receiver);
    if (error != 0)
        return error;
    broadcast_invite(self, sender, receiver);
    eddy_broadcast_sender_free(sender);
    eddy_broadcast_receiver_free(receiver);
    return 0;
}

/* ---- both ---- */

static void values_over(struct talk *self)
{
    SCENE_CHECK(self->destroyed == self->accepted, "of %u values of a %s %u were destroyed",
                (unsigned)self->accepted, self->kind->name, (unsigned)self->destroyed);
}

#endif
