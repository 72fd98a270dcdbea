/* SPDX-License-Identifier: MIT */
/*
 * broadcast.c - a ring of the last items, and for each receiver a position in the sequence of all.
 *
 * A slot counts the receivers that have not read it; the last one takes the value with it. A value
 * that is overwritten while somebody copies it stays until that is over: it is counted.
 */
#include "eddy/broadcast.h"

#include <errno.h>
#include <string.h>

#include "sync/ask.h"
#include "sync/boxed.h"
#include "sync/hub.h"

struct slot {
    eddy__value *value; /* NULL: all have read it */
    uint32_t unread;
};

/* The senders' handle is this, counted. */
struct eddy_broadcast_sender {
    eddy__hub hub;
    struct slot *slots;
    uint32_t capacity;
    uint64_t sent; /* items since the beginning: the position of the next */
};

typedef struct eddy_broadcast_sender eddy__broadcast;

struct eddy_broadcast_receiver {
    eddy__broadcast *broadcast;
    eddy_ticket ticket;
    uint64_t next; /* position */
    uint64_t lost;
};

static struct slot *slot_of(const eddy__broadcast *self, uint64_t position)
{
    return &self->slots[position % self->capacity];
}

static uint64_t oldest(const eddy__broadcast *self)
{
    return self->sent > self->capacity ? self->sent - self->capacity : 0;
}

/* The oldest item that it can still read. */
static uint64_t first_unread(const eddy_broadcast_receiver *self)
{
    uint64_t from = oldest(self->broadcast);

    return self->next > from ? self->next : from;
}

/* ---- making ---- */

static void free_broadcast(eddy__broadcast *self)
{
    eddy__values_deinit(&self->hub.values);
    eddy__sync_release(&self->hub.sync, self->slots, self->capacity * sizeof(struct slot));
    eddy__sync_free(&self->hub.sync);
}

static eddy_broadcast_receiver *new_receiver(eddy__broadcast *self)
{
    eddy_broadcast_receiver *receiver = eddy__sync_alloc(&self->hub.sync, sizeof *receiver);

    if (receiver != NULL)
        *receiver = (eddy_broadcast_receiver){.broadcast = self};
    return receiver;
}

static eddy__broadcast *new_broadcast(eddy_handle *handle, const eddy_broadcast_options *options,
                                      int *error)
{
    eddy__broadcast *self =
        eddy__sync_new(handle, options->allocator, "eddy_broadcast", sizeof *self, error);

    if (self == NULL)
        return NULL;
    eddy__hub_init(&self->hub, (eddy__values){.item_bytes = options->item_bytes,
                                              .copy_item = options->copy_item,
                                              .drop_item = options->drop_item,
                                              .arg = options->arg,
                                              .spares_max = options->capacity});
    self->capacity = options->capacity;
    return self;
}

static bool options_hold(const eddy_broadcast_options *options)
{
    return options->size_bytes == sizeof *options && options->item_bytes > 0 &&
           options->item_bytes <= SIZE_MAX / 2 && options->capacity > 0;
}

int eddy_broadcast_new(eddy_handle *handle, const eddy_broadcast_options *options,
                       eddy_broadcast_sender **sender, eddy_broadcast_receiver **receiver)
{
    eddy_broadcast_receiver *made;
    eddy__broadcast *self;
    int error;

    if (!options_hold(options))
        return -EINVAL;
    self = new_broadcast(handle, options, &error);
    if (self == NULL)
        return error;
    made = new_receiver(self);
    if (made != NULL)
        self->slots = eddy__sync_alloc(&self->hub.sync, self->capacity * sizeof(struct slot));
    if (self->slots == NULL) {
        eddy__sync_release(&self->hub.sync, made, sizeof *made);
        free_broadcast(self);
        return -ENOMEM;
    }
    memset(self->slots, 0, self->capacity * sizeof(struct slot));
    *sender = self;
    *receiver = made;
    return 0;
}

/* ---- the senders ---- */

eddy_broadcast_sender *eddy_broadcast_sender_retain(eddy_broadcast_sender *self)
{
    eddy__hub_add_sender(&self->hub);
    return self;
}

void eddy_broadcast_sender_free(eddy_broadcast_sender *self)
{
    if (self != NULL && eddy__hub_drop_sender(&self->hub))
        free_broadcast(self);
}

/* Locked. What was in the way goes to *retired. */
static void put(eddy__broadcast *self, eddy__value *value, eddy__value **retired)
{
    struct slot *slot = slot_of(self, self->sent);

    if (slot->value != NULL)
        eddy__value_release(slot->value, retired);
    slot->value = value;
    slot->unread = self->hub.receivers;
    self->sent++;
}

eddy_result eddy_broadcast_send(eddy_broadcast_sender *self, const void *item)
{
    eddy__value *value = eddy__value_new(&self->hub.values, item);
    eddy__value *retired = NULL;
    eddy__wakeups wakeups;
    uint32_t receivers;

    if (value == NULL)
        return eddy__hub_no_value(&self->hub);
    eddy__wakeups_init(&wakeups);
    eddy__sync_lock(&self->hub.sync);
    receivers = self->hub.receivers;
    if (receivers > 0) {
        put(self, value, &retired);
        eddy__wakeups_all(&wakeups, &self->hub.line);
    }
    eddy__sync_leave(&self->hub.sync, &wakeups);
    eddy__values_retire(&self->hub.values, retired);
    if (receivers == 0)
        eddy__value_forget(&self->hub.values, value);
    return receivers > 0 ? (eddy_result)receivers : EDDY_CLOSED;
}

bool eddy_broadcast_is_closed(eddy_broadcast_sender *self)
{
    return eddy__hub_is_closed(&self->hub);
}

/* `like`: NULL: one that gets what is sent from now on. */
static int add_receiver(eddy__broadcast *self, const eddy_broadcast_receiver *like,
                        eddy_broadcast_receiver **out)
{
    eddy_broadcast_receiver *receiver = new_receiver(self);

    if (receiver == NULL)
        return -ENOMEM;
    eddy__sync_lock(&self->hub.sync);
    eddy__hub_add_receiver(&self->hub);
    receiver->next = like != NULL ? like->next : self->sent;
    for (uint64_t at = first_unread(receiver); at < self->sent; at++)
        slot_of(self, at)->unread++;
    eddy__sync_unlock(&self->hub.sync);
    *out = receiver;
    return 0;
}

int eddy_broadcast_subscribe(eddy_broadcast_sender *self, eddy_broadcast_receiver **out)
{
    return add_receiver(self, NULL, out);
}

/* ---- the receivers ---- */

int eddy_broadcast_receiver_clone(eddy_broadcast_receiver *self, eddy_broadcast_receiver **out)
{
    return add_receiver(self->broadcast, self, out);
}

/* Locked. One receiver fewer has still to read it; the value when it was the last, with the ring's
 * reference; NULL when it was not. */
static eddy__value *mark_read(struct slot *slot)
{
    eddy__value *value = slot->value;

    if (--slot->unread > 0)
        return NULL;
    slot->value = NULL;
    return value;
}

/* Locked. */
static void give_up_unread(eddy_broadcast_receiver *self, eddy__value **retired)
{
    eddy__broadcast *broadcast = self->broadcast;

    for (uint64_t at = first_unread(self); at < broadcast->sent; at++) {
        eddy__value *value = mark_read(slot_of(broadcast, at));

        if (value != NULL)
            eddy__value_release(value, retired);
    }
}

void eddy_broadcast_receiver_free(eddy_broadcast_receiver *self)
{
    eddy__value *retired = NULL;
    eddy__broadcast *broadcast;

    if (self == NULL)
        return;
    broadcast = self->broadcast;
    EDDY_ASSERT(self->ticket.line == NULL,
                "eddy_broadcast_receiver_free: a task still waits on it, or was woken and not "
                "polled since: drop it first");
    eddy__sync_lock(&broadcast->hub.sync);
    give_up_unread(self, &retired);
    broadcast->hub.receivers--;
    eddy__sync_unlock(&broadcast->hub.sync);
    eddy__values_retire(&broadcast->hub.values, retired);
    eddy__sync_release(&broadcast->hub.sync, self, sizeof *self);
    if (eddy__hub_release(&broadcast->hub))
        free_broadcast(broadcast);
}

static bool next_ready(const eddy__ask *ask)
{
    const eddy_broadcast_receiver *self = ask->object;

    return self->next != self->broadcast->sent || self->broadcast->hub.senders == 0;
}

/* With 1, *out is a value with a reference. */
static eddy_result next_take(eddy__ask *ask, eddy__wakeups *wakeups)
{
    eddy_broadcast_receiver *self = ask->object;
    const eddy__broadcast *broadcast = self->broadcast;
    eddy__value **out = ask->out;
    struct slot *slot;

    (void)wakeups;
    if (self->next == broadcast->sent)
        return 0;
    if (self->next < oldest(broadcast)) {
        self->lost = oldest(broadcast) - self->next;
        self->next = oldest(broadcast);
        return EDDY_LAGGED;
    }
    slot = slot_of(broadcast, self->next);
    *out = slot->value;
    (*out)->refs++;
    if (mark_read(slot) != NULL)
        (*out)->refs--; /* the ring's */
    self->next++;
    return 1;
}

static const eddy__ask_type next_type = {
    .wait = EDDY__ASK_WAIT("broadcast: receive"),
    .verb = "eddy_broadcast_wait_next",
    .ready = next_ready,
    .take = next_take,
};

static eddy__ask asking(eddy_broadcast_receiver *self, eddy_ticket *ticket, eddy__value **value)
{
    return (eddy__ask){.type = &next_type,
                       .line = &self->broadcast->hub.line,
                       .ticket = ticket,
                       .object = self,
                       .out = value,
                       .need = 1};
}

/* With 1, the item is copied out of the value, whose reference is given back. */
static eddy_result copy_out(eddy__broadcast *self, eddy_result result, eddy__value *value,
                            void *item)
{
    if (result != 1)
        return result;
    eddy__value_copy(&self->hub.values, value, item);
    eddy__hub_give_back(&self->hub, value);
    return result;
}

eddy_result eddy_broadcast_poll_next(eddy_broadcast_receiver *self, eddy_task *task, void *item)
{
    eddy__value *value = NULL;
    eddy__ask ask = asking(self, &self->ticket, &value);
    eddy_result result = eddy__ask_poll(&ask, task);

    return copy_out(self->broadcast, result, value, item);
}

int eddy_broadcast_try_next(eddy_broadcast_receiver *self, void *item)
{
    eddy__value *value = NULL;
    eddy__ask ask = asking(self, NULL, &value);
    eddy_result result = eddy__ask_try(&ask);

    return (int)copy_out(self->broadcast, result, value, item);
}

int eddy_broadcast_wait_next(eddy_broadcast_receiver *self, void *item)
{
    eddy__value *value = NULL;
    eddy__ask ask = asking(self, NULL, &value);
    eddy_result result = eddy__ask_wait(&ask);

    return (int)copy_out(self->broadcast, result, value, item);
}

uint64_t eddy_broadcast_lost(const eddy_broadcast_receiver *self)
{
    return self->lost;
}

/* ---- as a future ---- */

static eddy_result receive_poll(eddy_future *future, eddy_task *task)
{
    struct eddy__boxed *self = eddy__boxed_of(future);

    return eddy_broadcast_poll_next(self->object, task, self->out);
}

static const eddy_type receive_future = EDDY__BOXED_TYPE(receive_poll, "broadcast_receive");

eddy_future *eddy_broadcast_receive(eddy_handle *handle, eddy_broadcast_receiver *receiver,
                                    void *item)
{
    return eddy__boxed_new(handle, &receive_future,
                           (struct eddy__boxed){.object = receiver, .out = item});
}
