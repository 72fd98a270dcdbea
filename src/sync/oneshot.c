/* SPDX-License-Identifier: MIT */
/*
 * oneshot.c - one item from one sender to one receiver. The two handles are one struct; each side
 * waits for the other with a ticket that lies here.
 */
#include "eddy/oneshot.h"

#include <errno.h>
#include <string.h>

#include "sync/ask.h"
#include "sync/boxed.h"

typedef struct oneshot {
    eddy__sync sync;
    eddy__line receiver_line, sender_line;
    eddy_ticket receiver_ticket, sender_ticket;
    void (*drop_item)(void *arg, void *item);
    void *arg;
    size_t item_bytes;
    bool sent;     /* the item was sent, whatever became of it */
    bool has_item; /* and lies here */
    bool closed;   /* the receiver takes no item any more */
    bool sender_gone, receiver_gone;
    _Alignas(16) unsigned char item[];
} oneshot;

static oneshot *of_sender(eddy_oneshot_sender *self)
{
    return (oneshot *)(void *)self;
}

static oneshot *of_receiver(eddy_oneshot_receiver *self)
{
    return (oneshot *)(void *)self;
}

int eddy_oneshot_new(eddy_handle *handle, const eddy_oneshot_options *options,
                     eddy_oneshot_sender **sender, eddy_oneshot_receiver **receiver)
{
    oneshot *self;
    int error;

    if (options->size_bytes != sizeof *options || options->item_bytes == 0 ||
        options->item_bytes > SIZE_MAX / 2)
        return -EINVAL;
    self = eddy__sync_new(handle, options->allocator, "eddy_oneshot",
                          sizeof *self + options->item_bytes, &error);
    if (self == NULL)
        return error;
    eddy__line_init(&self->receiver_line, &self->sync, 0);
    eddy__line_init(&self->sender_line, &self->sync, 0);
    self->receiver_line.single = self->sender_line.single = true;
    self->drop_item = options->drop_item;
    self->arg = options->arg;
    self->item_bytes = options->item_bytes;
    *sender = (eddy_oneshot_sender *)(void *)self;
    *receiver = (eddy_oneshot_receiver *)(void *)self;
    return 0;
}

/* ---- the sender ---- */

int eddy_oneshot_send(eddy_oneshot_sender *sender, const void *item)
{
    oneshot *self = of_sender(sender);
    eddy__wakeups wakeups;
    bool closed;

    eddy__wakeups_init(&wakeups);
    eddy__sync_lock(&self->sync);
    EDDY_ASSERT(!self->sent, "eddy_oneshot_send: it was sent already: make a new one");
    closed = self->closed;
    if (!closed) {
        memcpy(self->item, item, self->item_bytes);
        self->sent = self->has_item = true;
        eddy__wakeups_all(&wakeups, &self->receiver_line);
    }
    eddy__sync_leave(&self->sync, &wakeups);
    return closed ? EDDY_CLOSED : 0;
}

static bool closed_ready(const eddy__ask *ask)
{
    return ((const oneshot *)ask->object)->closed;
}

static eddy_result closed_take(eddy__ask *ask, eddy__wakeups *wakeups)
{
    (void)ask;
    (void)wakeups;
    return 0;
}

static const eddy__ask_type closed_type = {
    .wait = EDDY__ASK_WAIT("oneshot: closed"),
    .verb = "eddy_oneshot_wait_closed",
    .ready = closed_ready,
    .take = closed_take,
};

static eddy__ask closing(oneshot *self, eddy_ticket *ticket)
{
    return (eddy__ask){.type = &closed_type,
                       .line = &self->sender_line,
                       .ticket = ticket,
                       .object = self,
                       .need = 1};
}

eddy_result eddy_oneshot_poll_closed(eddy_oneshot_sender *sender, eddy_task *task)
{
    oneshot *self = of_sender(sender);
    eddy__ask ask = closing(self, &self->sender_ticket);

    return eddy__ask_poll(&ask, task);
}

void eddy_oneshot_wait_closed(eddy_oneshot_sender *sender)
{
    eddy__ask ask = closing(of_sender(sender), NULL);

    (void)eddy__ask_wait(&ask);
}

bool eddy_oneshot_is_closed(eddy_oneshot_sender *sender)
{
    oneshot *self = of_sender(sender);
    bool closed;

    eddy__sync_lock(&self->sync);
    closed = self->closed;
    eddy__sync_unlock(&self->sync);
    return closed;
}

/* The receiver may free it all as soon as the lock is left; which is for good, as one waits at
 * most. */
void eddy_oneshot_sender_free(eddy_oneshot_sender *sender)
{
    oneshot *self = of_sender(sender);
    eddy__wakeups wakeups;
    bool gone;

    if (sender == NULL)
        return;
    eddy__wakeups_init(&wakeups);
    eddy__sync_lock(&self->sync);
    eddy__line_check_empty(&self->sender_line, "eddy_oneshot_sender_free");
    self->sender_gone = true;
    gone = self->receiver_gone;
    eddy__wakeups_all(&wakeups, &self->receiver_line);
    eddy__sync_leave(&self->sync, &wakeups);
    if (gone)
        eddy__sync_free(&self->sync);
}

/* ---- the receiver ---- */

static bool receive_ready(const eddy__ask *ask)
{
    const oneshot *self = ask->object;

    return self->sent || self->sender_gone || self->closed;
}

static eddy_result receive_take(eddy__ask *ask, eddy__wakeups *wakeups)
{
    oneshot *self = ask->object;

    (void)wakeups;
    if (!self->has_item)
        return EDDY_CLOSED;
    memcpy(ask->out, self->item, self->item_bytes);
    self->has_item = false;
    return 1;
}

static const eddy__ask_type receive_type = {
    .wait = EDDY__ASK_WAIT("oneshot: receive"),
    .verb = "eddy_oneshot_wait_receive",
    .ready = receive_ready,
    .take = receive_take,
};

static eddy__ask receiving(oneshot *self, eddy_ticket *ticket, void *item)
{
    return (eddy__ask){.type = &receive_type,
                       .line = &self->receiver_line,
                       .ticket = ticket,
                       .object = self,
                       .out = item,
                       .need = 1};
}

eddy_result eddy_oneshot_poll_receive(eddy_oneshot_receiver *receiver, eddy_task *task, void *item)
{
    oneshot *self = of_receiver(receiver);
    eddy__ask ask = receiving(self, &self->receiver_ticket, item);

    return eddy__ask_poll(&ask, task);
}

int eddy_oneshot_try_receive(eddy_oneshot_receiver *receiver, void *item)
{
    eddy__ask ask = receiving(of_receiver(receiver), NULL, item);

    return (int)eddy__ask_try(&ask);
}

int eddy_oneshot_wait_receive(eddy_oneshot_receiver *receiver, void *item)
{
    eddy__ask ask = receiving(of_receiver(receiver), NULL, item);

    return (int)eddy__ask_wait(&ask);
}

void eddy_oneshot_close(eddy_oneshot_receiver *receiver)
{
    oneshot *self = of_receiver(receiver);
    eddy__wakeups wakeups;

    eddy__wakeups_init(&wakeups);
    eddy__sync_lock(&self->sync);
    self->closed = true;
    eddy__wakeups_all(&wakeups, &self->sender_line);
    eddy__wakeups_all(&wakeups, &self->receiver_line);
    eddy__sync_leave(&self->sync, &wakeups);
}

/* Once closed, and the item out of reach of others, the hook has it for itself. */
void eddy_oneshot_receiver_free(eddy_oneshot_receiver *receiver)
{
    oneshot *self = of_receiver(receiver);
    bool has_item, gone;

    if (receiver == NULL)
        return;
    eddy_oneshot_close(receiver);
    eddy__sync_lock(&self->sync);
    eddy__line_check_empty(&self->receiver_line, "eddy_oneshot_receiver_free");
    has_item = self->has_item;
    self->has_item = false;
    eddy__sync_unlock(&self->sync);
    if (has_item && self->drop_item != NULL)
        self->drop_item(self->arg, self->item);
    eddy__sync_lock(&self->sync);
    self->receiver_gone = true;
    gone = self->sender_gone;
    eddy__sync_unlock(&self->sync);
    if (gone)
        eddy__sync_free(&self->sync);
}

/* ---- as futures ---- */

static eddy_result closed_poll(eddy_future *future, eddy_task *task)
{
    return eddy_oneshot_poll_closed(eddy__boxed_of(future)->object, task);
}

static const eddy_type closed_future = EDDY__BOXED_TYPE(closed_poll, "oneshot_closed");

eddy_future *eddy_oneshot_closed(eddy_handle *handle, eddy_oneshot_sender *sender)
{
    return eddy__boxed_new(handle, &closed_future, (struct eddy__boxed){.object = sender});
}

static eddy_result receive_poll(eddy_future *future, eddy_task *task)
{
    struct eddy__boxed *self = eddy__boxed_of(future);

    return eddy_oneshot_poll_receive(self->object, task, self->out);
}

static const eddy_type receive_future = EDDY__BOXED_TYPE(receive_poll, "oneshot_receive");

eddy_future *eddy_oneshot_receive(eddy_handle *handle, eddy_oneshot_receiver *receiver, void *item)
{
    return eddy__boxed_new(handle, &receive_future,
                           (struct eddy__boxed){.object = receiver, .out = item});
}
