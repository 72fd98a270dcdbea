/* SPDX-License-Identifier: MIT */
/*
 * watch.c - the latest value, and for each receiver which version of it was seen.
 *
 * A value that is looked at outlives its replacement: it is counted.
 */
#include "eddy/watch.h"

#include <errno.h>

#include "sync/ask.h"
#include "sync/boxed.h"
#include "sync/hub.h"

/* The senders' handle is this, counted. */
struct eddy_watch_sender {
    eddy__hub hub;
    eddy__value *current;
    uint64_t version; /* of `current`; the first is 1 */
};

typedef struct eddy_watch_sender eddy__watch;

struct eddy_watch_receiver {
    eddy__watch *watch;
    eddy_ticket ticket;
    uint64_t seen; /* version */
    uint32_t borrowed;
};

/* ---- making ---- */

static void free_watch(eddy__watch *self)
{
    eddy__value *retired = NULL;

    if (self->current != NULL)
        eddy__value_release(self->current, &retired);
    eddy__values_retire(&self->hub.values, retired);
    eddy__values_deinit(&self->hub.values);
    eddy__sync_free(&self->hub.sync);
}

static eddy_watch_receiver *new_receiver(eddy__watch *self)
{
    eddy_watch_receiver *receiver = eddy__sync_alloc(&self->hub.sync, sizeof *receiver);

    if (receiver != NULL)
        *receiver = (eddy_watch_receiver){.watch = self};
    return receiver;
}

static eddy__watch *new_watch(eddy_handle *handle, const eddy_watch_options *options, int *error)
{
    eddy__watch *self =
        eddy__sync_new(handle, options->allocator, "eddy_watch", sizeof *self, error);

    if (self == NULL)
        return NULL;
    eddy__hub_init(&self->hub, (eddy__values){.item_bytes = options->item_bytes,
                                              .copy_item = options->copy_item,
                                              .drop_item = options->drop_item,
                                              .arg = options->arg,
                                              .spares_max = 1});
    self->version = 1;
    return self;
}

int eddy_watch_new(eddy_handle *handle, const eddy_watch_options *options, const void *first,
                   eddy_watch_sender **sender, eddy_watch_receiver **receiver)
{
    eddy_watch_receiver *made;
    eddy__watch *self;
    int error;

    if (options->size_bytes != sizeof *options || options->item_bytes == 0 ||
        options->item_bytes > SIZE_MAX / 2)
        return -EINVAL;
    self = new_watch(handle, options, &error);
    if (self == NULL)
        return error;
    made = new_receiver(self);
    if (made != NULL)
        self->current = eddy__value_new(&self->hub.values, first);
    if (self->current == NULL) {
        eddy__sync_release(&self->hub.sync, made, sizeof *made);
        free_watch(self);
        return -ENOMEM;
    }
    *sender = self;
    *receiver = made;
    return 0;
}

/* ---- the senders ---- */

eddy_watch_sender *eddy_watch_sender_retain(eddy_watch_sender *self)
{
    eddy__hub_add_sender(&self->hub);
    return self;
}

void eddy_watch_sender_free(eddy_watch_sender *self)
{
    if (self != NULL && eddy__hub_drop_sender(&self->hub))
        free_watch(self);
}

int eddy_watch_send(eddy_watch_sender *self, const void *item)
{
    eddy__value *value = eddy__value_new(&self->hub.values, item);
    eddy__value *retired = NULL;
    eddy__wakeups wakeups;
    bool closed;

    if (value == NULL)
        return eddy__hub_no_value(&self->hub);
    eddy__wakeups_init(&wakeups);
    eddy__sync_lock(&self->hub.sync);
    closed = self->hub.receivers == 0;
    if (!closed) {
        eddy__value_release(self->current, &retired);
        self->current = value;
        self->version++;
        eddy__wakeups_all(&wakeups, &self->hub.line);
    }
    eddy__sync_leave(&self->hub.sync, &wakeups);
    eddy__values_retire(&self->hub.values, retired);
    if (closed)
        eddy__value_forget(&self->hub.values, value);
    return closed ? EDDY_CLOSED : 0;
}

bool eddy_watch_is_closed(eddy_watch_sender *self)
{
    return eddy__hub_is_closed(&self->hub);
}

/* `like`: NULL: one that has seen nothing. */
static int add_receiver(eddy__watch *self, const eddy_watch_receiver *like,
                        eddy_watch_receiver **out)
{
    eddy_watch_receiver *receiver = new_receiver(self);

    if (receiver == NULL)
        return -ENOMEM;
    eddy__sync_lock(&self->hub.sync);
    eddy__hub_add_receiver(&self->hub);
    receiver->seen = like != NULL ? like->seen : 0;
    eddy__sync_unlock(&self->hub.sync);
    *out = receiver;
    return 0;
}

int eddy_watch_subscribe(eddy_watch_sender *self, eddy_watch_receiver **out)
{
    return add_receiver(self, NULL, out);
}

/* ---- the receivers ---- */

int eddy_watch_receiver_clone(eddy_watch_receiver *self, eddy_watch_receiver **out)
{
    return add_receiver(self->watch, self, out);
}

void eddy_watch_receiver_free(eddy_watch_receiver *self)
{
    eddy__watch *watch;

    if (self == NULL)
        return;
    watch = self->watch;
    EDDY_ASSERT(self->ticket.line == NULL,
                "eddy_watch_receiver_free: a task still waits on it, or was woken and not polled "
                "since: drop it first");
    EDDY_ASSERT(self->borrowed == 0,
                "eddy_watch_receiver_free: what it has borrowed was not returned");
    eddy__sync_lock(&watch->hub.sync);
    watch->hub.receivers--;
    eddy__sync_unlock(&watch->hub.sync);
    eddy__sync_release(&watch->hub.sync, self, sizeof *self);
    if (eddy__hub_release(&watch->hub))
        free_watch(watch);
}

static bool changed_ready(const eddy__ask *ask)
{
    const eddy_watch_receiver *self = ask->object;

    return self->seen != self->watch->version || self->watch->hub.senders == 0;
}

static eddy_result changed_take(eddy__ask *ask, eddy__wakeups *wakeups)
{
    const eddy_watch_receiver *self = ask->object;

    (void)wakeups;
    return self->seen != self->watch->version;
}

static const eddy__ask_type changed_type = {
    .wait = EDDY__ASK_WAIT("watch: change"),
    .verb = "eddy_watch_wait_changed",
    .ready = changed_ready,
    .take = changed_take,
};

static eddy__ask asking(eddy_watch_receiver *self, eddy_ticket *ticket)
{
    return (eddy__ask){.type = &changed_type,
                       .line = &self->watch->hub.line,
                       .ticket = ticket,
                       .object = self,
                       .need = 1};
}

eddy_result eddy_watch_poll_changed(eddy_watch_receiver *self, eddy_task *task)
{
    eddy__ask ask = asking(self, &self->ticket);

    return eddy__ask_poll(&ask, task);
}

int eddy_watch_try_changed(eddy_watch_receiver *self)
{
    eddy__ask ask = asking(self, NULL);

    return (int)eddy__ask_try(&ask);
}

int eddy_watch_wait_changed(eddy_watch_receiver *self)
{
    eddy__ask ask = asking(self, NULL);

    return (int)eddy__ask_wait(&ask);
}

const void *eddy_watch_borrow(eddy_watch_receiver *self)
{
    eddy__watch *watch = self->watch;
    eddy__value *value;

    eddy__sync_lock(&watch->hub.sync);
    value = watch->current;
    value->refs++;
    self->seen = watch->version;
    eddy__sync_unlock(&watch->hub.sync);
    self->borrowed++;
    return value->item;
}

void eddy_watch_return(eddy_watch_receiver *self, const void *item)
{
    EDDY_ASSERT(self->borrowed > 0, "eddy_watch_return: this receiver has borrowed nothing");
    self->borrowed--;
    eddy__hub_give_back(&self->watch->hub, eddy__value_of(item));
}

void eddy_watch_copy(eddy_watch_receiver *self, void *item)
{
    const void *latest = eddy_watch_borrow(self);

    eddy__value_copy(&self->watch->hub.values, eddy__value_of(latest), item);
    eddy_watch_return(self, latest);
}

/* ---- as a future ---- */

static eddy_result changed_poll(eddy_future *future, eddy_task *task)
{
    return eddy_watch_poll_changed(eddy__boxed_of(future)->object, task);
}

static const eddy_type changed_future = EDDY__BOXED_TYPE(changed_poll, "watch_changed");

eddy_future *eddy_watch_changed(eddy_handle *handle, eddy_watch_receiver *receiver)
{
    return eddy__boxed_new(handle, &changed_future, (struct eddy__boxed){.object = receiver});
}
