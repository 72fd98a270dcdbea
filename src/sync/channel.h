/* SPDX-License-Identifier: MIT */
/*
 * channel.h - the inside of a channel, for channel.c and channel_ends.c.
 *
 * The two handles are one struct, counted. Room is the units of the senders' line; an unbounded
 * channel has more than will ever be used. The receiver waits in a line of its own, without units,
 * with a ticket that lies here.
 */
#ifndef EDDY__SYNC_CHANNEL_H
#define EDDY__SYNC_CHANNEL_H

#include "eddy/channel.h"
#include "sync/items.h"
#include "sync/queue.h"

typedef struct eddy__channel {
    eddy__sync sync;
    eddy__line senders_line;
    eddy__line receiver_line;
    eddy_ticket receiver_ticket;
    eddy__items items;
    void (*drop_item)(void *arg, void *item);
    void *arg;
    uint32_t senders;   /* references */
    bool closed;        /* nothing more comes in */
    bool receiver_gone; /* freed: nothing more goes out */
} eddy__channel;

static inline eddy__channel *eddy__channel_of_sender(eddy_sender *self)
{
    return (eddy__channel *)(void *)self;
}

static inline eddy__channel *eddy__channel_of_receiver(eddy_receiver *self)
{
    return (eddy__channel *)(void *)self;
}

/* A block of the items that is not needed any more; NULL does nothing. Not under the lock. */
static inline void eddy__channel_free_block(eddy__channel *self, eddy__items_block *block)
{
    if (block != NULL)
        eddy__sync_release(
            &self->sync, block,
            eddy__items_block_bytes(self->items.item_bytes, self->items.block_items));
}

#endif
