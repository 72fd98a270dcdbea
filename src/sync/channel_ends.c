/* SPDX-License-Identifier: MIT */
/*
 * channel_ends.c - how a channel begins and ends; and its two futures.
 */
#include <errno.h>

#include "sync/boxed.h"
#include "sync/channel.h"

#define ROOM_ENDLESS (UINT64_MAX / 2)

/* ---- making ---- */

static bool options_hold(const eddy_channel_options *options)
{
    size_t held = options->capacity == EDDY_UNBOUNDED ? 1 : options->capacity;

    return options->size_bytes == sizeof *options && options->item_bytes > 0 && held > 0 &&
           eddy__items_block_bytes(options->item_bytes, held) > 0;
}

static int make_room(eddy__channel *self, const eddy_channel_options *options)
{
    size_t item_bytes = options->item_bytes;
    eddy__items_block *ring;

    if (options->capacity == EDDY_UNBOUNDED) {
        eddy__items_init(&self->items, item_bytes, eddy__items_per_block(item_bytes), NULL);
        eddy__line_init(&self->senders_line, &self->sync, ROOM_ENDLESS);
        return 0;
    }
    ring = eddy__sync_alloc(&self->sync, eddy__items_block_bytes(item_bytes, options->capacity));
    if (ring == NULL)
        return -ENOMEM;
    eddy__items_init(&self->items, item_bytes, options->capacity, ring);
    eddy__line_init(&self->senders_line, &self->sync, options->capacity);
    return 0;
}

int eddy_channel_new(eddy_handle *handle, const eddy_channel_options *options, eddy_sender **sender,
                     eddy_receiver **receiver)
{
    eddy__channel *self;
    int error;

    if (!options_hold(options))
        return -EINVAL;
    self = eddy__sync_new(handle, options->allocator, "eddy_channel", sizeof *self, &error);
    if (self == NULL)
        return error;
    error = make_room(self, options);
    if (error != 0) {
        eddy__sync_free(&self->sync);
        return error;
    }
    eddy__line_init(&self->receiver_line, &self->sync, 0);
    self->receiver_line.single = true;
    self->drop_item = options->drop_item;
    self->arg = options->arg;
    self->senders = 1;
    *sender = (eddy_sender *)(void *)self;
    *receiver = (eddy_receiver *)(void *)self;
    return 0;
}

/* ---- ending ---- */

static void free_blocks(eddy__channel *self, eddy__items *items)
{
    eddy__items_block *block;

    while ((block = eddy__items_take_block(items)) != NULL)
        eddy__channel_free_block(self, block);
}

static void free_channel(eddy__channel *self)
{
    free_blocks(self, &self->items);
    eddy__sync_free(&self->sync);
}

eddy_sender *eddy_sender_retain(eddy_sender *sender)
{
    eddy__channel *self = eddy__channel_of_sender(sender);

    eddy__sync_lock(&self->sync);
    self->senders++;
    eddy__sync_unlock(&self->sync);
    return sender;
}

/* The receiver may free the channel as soon as the lock is left; which is for good, as one waits
 * for it at most. */
void eddy_sender_free(eddy_sender *sender)
{
    eddy__channel *self = eddy__channel_of_sender(sender);
    eddy__wakeups wakeups;
    bool gone;

    if (sender == NULL)
        return;
    eddy__wakeups_init(&wakeups);
    eddy__sync_lock(&self->sync);
    self->senders--;
    if (self->senders == 0) {
        eddy__line_check_empty(&self->senders_line, "eddy_sender_free: the last sender");
        eddy__wakeups_all(&wakeups, &self->receiver_line);
    }
    gone = self->senders == 0 && self->receiver_gone;
    eddy__sync_leave(&self->sync, &wakeups);
    if (gone)
        free_channel(self);
}

bool eddy_sender_is_closed(eddy_sender *sender)
{
    eddy__channel *self = eddy__channel_of_sender(sender);
    bool closed;

    eddy__sync_lock(&self->sync);
    closed = self->closed;
    eddy__sync_unlock(&self->sync);
    return closed;
}

void eddy_receiver_close(eddy_receiver *receiver)
{
    eddy__channel *self = eddy__channel_of_receiver(receiver);
    eddy__wakeups wakeups;

    eddy__wakeups_init(&wakeups);
    eddy__sync_lock(&self->sync);
    self->closed = true;
    eddy__wakeups_all(&wakeups, &self->senders_line);
    eddy__wakeups_all(&wakeups, &self->receiver_line);
    eddy__sync_leave(&self->sync, &wakeups);
}

/* They are nobody else's any more: the hook may do what it likes, also with this channel. */
static void drop_items(eddy__channel *self, eddy__items *items)
{
    while (items->count > 0) {
        if (self->drop_item != NULL)
            self->drop_item(self->arg, eddy__items_first(items));
        eddy__channel_free_block(self, eddy__items_pop(items));
    }
    free_blocks(self, items);
}

void eddy_receiver_free(eddy_receiver *receiver)
{
    eddy__channel *self = eddy__channel_of_receiver(receiver);
    eddy__items items;
    bool gone;

    if (receiver == NULL)
        return;
    eddy_receiver_close(receiver);
    eddy__sync_lock(&self->sync);
    eddy__line_check_empty(&self->receiver_line, "eddy_receiver_free");
    items = self->items;
    self->items.count = 0;
    self->items.head = self->items.tail = self->items.spare = NULL;
    eddy__sync_unlock(&self->sync);
    drop_items(self, &items);
    eddy__sync_lock(&self->sync);
    self->receiver_gone = true;
    gone = self->senders == 0;
    eddy__sync_unlock(&self->sync);
    if (gone)
        free_channel(self);
}

/* ---- as futures ---- */

static eddy_result send_poll(eddy_future *future, eddy_task *task)
{
    struct eddy__boxed *self = eddy__boxed_of(future);

    return eddy_sender_poll_send(self->object, task, &self->ticket, self->in);
}

static const eddy_type send_future = EDDY__BOXED_TYPE(send_poll, "send");

eddy_future *eddy_send(eddy_handle *handle, eddy_sender *sender, const void *item)
{
    return eddy__boxed_new(handle, &send_future,
                           (struct eddy__boxed){.object = sender, .in = item});
}

static eddy_result receive_poll(eddy_future *future, eddy_task *task)
{
    struct eddy__boxed *self = eddy__boxed_of(future);

    return eddy_receiver_poll_next(self->object, task, self->out);
}

static const eddy_type receive_future = EDDY__BOXED_TYPE(receive_poll, "receive");

eddy_future *eddy_receive(eddy_handle *handle, eddy_receiver *receiver, void *item)
{
    return eddy__boxed_new(handle, &receive_future,
                           (struct eddy__boxed){.object = receiver, .out = item});
}
