/* SPDX-License-Identifier: MIT */
/*
 * channel.c - items in and items out (channel_ends.c: how a channel begins and ends).
 */
#include "sync/channel.h"

#include <errno.h>
#include <string.h>

#include "sync/ask.h"

/* A question, with a block of memory on its way in or out. */
struct moving {
    eddy__ask ask;
    eddy__items_block *block;
};

/* ---- sending ---- */

static bool send_ready(const eddy__ask *ask)
{
    const eddy__channel *self = ask->object;

    return self->closed || eddy__line_ready(&self->senders_line, ask->ticket, 1);
}

/* EDDY_CONTINUE: a block is wanted, nothing has changed. */
static eddy_result send_take(eddy__ask *ask, eddy__wakeups *wakeups)
{
    struct moving *moving = EDDY__CONTAINER(ask, struct moving, ask);
    eddy__channel *self = ask->object;

    if (self->closed)
        return EDDY_CLOSED;
    if (eddy__items_wants_block(&self->items)) {
        if (moving->block == NULL)
            return EDDY_CONTINUE;
        eddy__items_give_block(&self->items, moving->block);
        moving->block = NULL;
    }
    eddy__line_take(&self->senders_line, ask->ticket, 1);
    eddy__items_push(&self->items, ask->in);
    eddy__wakeups_all(wakeups, &self->receiver_line);
    return 0;
}

static const eddy__ask_type send_type = {
    .wait = EDDY__ASK_WAIT("channel: send"),
    .verb = "eddy_sender_wait_send",
    .ready = send_ready,
    .take = send_take,
};

static struct moving sending(eddy__channel *self, eddy_ticket *ticket, const void *item)
{
    return (struct moving){.ask = {.type = &send_type,
                                   .line = &self->senders_line,
                                   .ticket = ticket,
                                   .object = self,
                                   .in = item,
                                   .need = 1}};
}

static int add_block(eddy__channel *self, struct moving *moving)
{
    size_t bytes = eddy__items_block_bytes(self->items.item_bytes, self->items.block_items);

    moving->block = eddy__sync_alloc(&self->sync, bytes);
    if (moving->block != NULL)
        return 0;
    return self->sync.shared == NULL && self->sync.core->gone ? EDDY_LOOP_GONE : -ENOMEM;
}

/* Is it to be tried once more, with a block? Else *result is final. */
static bool goes_round(eddy__channel *self, struct moving *moving, eddy_result *result)
{
    if (*result != EDDY_CONTINUE) {
        eddy__channel_free_block(self, moving->block); /* not needed after all */
        return false;
    }
    *result = add_block(self, moving);
    return *result == 0;
}

eddy_result eddy_sender_poll_send(eddy_sender *sender, eddy_task *task, eddy_ticket *ticket,
                                  const void *item)
{
    eddy__channel *self = eddy__channel_of_sender(sender);
    struct moving moving = sending(self, ticket, item);
    eddy_result result;

    do
        result = eddy__ask_poll(&moving.ask, task);
    while (goes_round(self, &moving, &result));
    return result;
}

int eddy_sender_try_send(eddy_sender *sender, const void *item)
{
    eddy__channel *self = eddy__channel_of_sender(sender);
    struct moving moving = sending(self, NULL, item);
    eddy_result result;

    do
        result = eddy__ask_try(&moving.ask);
    while (goes_round(self, &moving, &result));
    return (int)result;
}

int eddy_sender_wait_send(eddy_sender *sender, const void *item)
{
    eddy__channel *self = eddy__channel_of_sender(sender);
    struct moving moving = sending(self, NULL, item);
    eddy_result result;

    do
        result = eddy__ask_wait(&moving.ask);
    while (goes_round(self, &moving, &result));
    return (int)result;
}

/* A ticket that holds room already gives that up for the same. */
static eddy_result ready_take(eddy__ask *ask, eddy__wakeups *wakeups)
{
    eddy__channel *self = ask->object;

    (void)wakeups;
    if (self->closed)
        return EDDY_CLOSED;
    eddy__line_take(&self->senders_line, ask->ticket, 1);
    eddy__line_hold(&self->senders_line, ask->ticket, 1);
    return 0;
}

static const eddy_wait_type has_room = EDDY__ASK_WAIT("channel: has room");

static const eddy__ask_type ready_type = {
    .wait = EDDY__ASK_WAIT("channel: send"),
    .ready = send_ready,
    .take = ready_take,
    .held = &has_room,
};

eddy_result eddy_sender_poll_ready(eddy_sender *sender, eddy_task *task, eddy_ticket *ticket)
{
    struct moving moving = sending(eddy__channel_of_sender(sender), ticket, NULL);

    moving.ask.type = &ready_type;
    return eddy__ask_poll(&moving.ask, task);
}

/* ---- receiving ---- */

static bool receive_ready(const eddy__ask *ask)
{
    const eddy__channel *self = ask->object;

    return self->items.count > 0 || self->closed || self->senders == 0;
}

static eddy_result receive_take(eddy__ask *ask, eddy__wakeups *wakeups)
{
    struct moving *moving = EDDY__CONTAINER(ask, struct moving, ask);
    eddy__channel *self = ask->object;

    if (self->items.count == 0)
        return 0;
    memcpy(ask->out, eddy__items_first(&self->items), self->items.item_bytes);
    moving->block = eddy__items_pop(&self->items);
    eddy__line_add(&self->senders_line, 1, wakeups);
    return 1;
}

static const eddy__ask_type receive_type = {
    .wait = EDDY__ASK_WAIT("channel: receive"),
    .verb = "eddy_receiver_wait_next",
    .ready = receive_ready,
    .take = receive_take,
};

static struct moving receiving(eddy__channel *self, eddy_ticket *ticket, void *item)
{
    return (struct moving){.ask = {.type = &receive_type,
                                   .line = &self->receiver_line,
                                   .ticket = ticket,
                                   .object = self,
                                   .out = item,
                                   .need = 1}};
}

eddy_result eddy_receiver_poll_next(eddy_receiver *receiver, eddy_task *task, void *item)
{
    eddy__channel *self = eddy__channel_of_receiver(receiver);
    struct moving moving = receiving(self, &self->receiver_ticket, item);
    eddy_result result = eddy__ask_poll(&moving.ask, task);

    eddy__channel_free_block(self, moving.block);
    return result;
}

int eddy_receiver_try_next(eddy_receiver *receiver, void *item)
{
    eddy__channel *self = eddy__channel_of_receiver(receiver);
    struct moving moving = receiving(self, NULL, item);
    eddy_result result = eddy__ask_try(&moving.ask);

    eddy__channel_free_block(self, moving.block);
    return (int)result;
}

int eddy_receiver_wait_next(eddy_receiver *receiver, void *item)
{
    eddy__channel *self = eddy__channel_of_receiver(receiver);
    struct moving moving = receiving(self, NULL, item);
    eddy_result result = eddy__ask_wait(&moving.ask);

    eddy__channel_free_block(self, moving.block);
    return (int)result;
}
