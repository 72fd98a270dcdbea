/* SPDX-License-Identifier: MIT */
/*
 * eddy_channels.c - oneshots that are sent to and fro between two tasks, and channels from task to
 * task, all on one loop.
 */
#include <eddy/channel.h>
#include <eddy/oneshot.h>

#include "eddy.h"

enum { HOPS = 500000, ITEMS = 3000000 }; /* hops of each of the two tasks */

/* ---- oneshot ---- */

/* An answer is the sender of the next one. */
static void drop_answer(void *arg, void *item)
{
    (void)arg;
    eddy_oneshot_sender_free(*(eddy_oneshot_sender **)item);
}

static void oneshot_new(eddy_handle *handle, eddy_oneshot_sender **sender,
                        eddy_oneshot_receiver **receiver)
{
    int error = eddy_oneshot_new(handle,
                                 EDDY_OPTIONS(eddy_oneshot_options,
                                              .item_bytes = sizeof(eddy_oneshot_sender *),
                                              .drop_item = drop_answer),
                                 sender, receiver);

    micro_check(error == 0, "a oneshot");
}

struct hopper {
    EDDY_FRAME;
    eddy_oneshot_receiver *receiver;
    eddy_oneshot_sender *peer; /* what was received, until it is answered */
    uint64_t left;
    uint64_t *hops;
    struct latch *both;
};
static void hopper_done(struct hopper *self)
{
    eddy_oneshot_receiver_free(self->receiver);
}

/* Sends the peer what it needs to answer; false: it has made its hops, and is gone. */
static bool answer(struct hopper *self, eddy_handle *handle)
{
    eddy_oneshot_sender *sender;
    int error;

    eddy_oneshot_receiver_free(self->receiver);
    oneshot_new(handle, &sender, &self->receiver);
    error = eddy_oneshot_send(self->peer, &sender);
    eddy_oneshot_sender_free(self->peer);
    if (error != 0)
        eddy_oneshot_sender_free(sender);
    return error == 0;
}

EDDY_ASYNC(hopper, hopper_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->left > 0; self->left--) {
            EDDY_POLL(n, eddy_oneshot_poll_receive(self->receiver, task, &self->peer));
            if (n != 1)
                break;
            ++*self->hops;
            if (!answer(self, eddy_task_handle(task)))
                break;
        }
        latch_count_down(self->both);
        EDDY_END(0);
}

static void run_oneshot(eddy_core *core)
{
    eddy_handle *handle = eddy_core_handle(core);
    struct latch both = {.left = 2};
    eddy_oneshot_receiver *receivers[2];
    eddy_oneshot_sender *senders[2];
    uint64_t hops = 0, start_ns;

    for (int i = 0; i < 2; i++)
        oneshot_new(handle, &senders[i], &receivers[i]);
    start_ns = micro_thread_ns();
    for (int i = 0; i < 2; i++)
        spawn(handle, EDDY_FUTURE(hopper, .receiver = receivers[i], .left = HOPS, .hops = &hops,
                                  .both = &both));
    micro_check(eddy_oneshot_send(senders[0], &senders[1]) == 0, "the first one was not sent");
    eddy_oneshot_sender_free(senders[0]);
    run_one(core, latch_future(core, &both));
    micro_print_since("oneshot_hop", start_ns, hops);
    micro_check(hops >= 2 * HOPS - 1, "hops");
}

/* ---- channel ---- */

struct produce {
    EDDY_FRAME;
    eddy_sender *sender;
    uint64_t at;
    eddy_ticket ticket;
};
static void produce_done(struct produce *self)
{
    eddy_sender_free(self->sender);
}
EDDY_ASYNC(produce, produce_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->at < ITEMS; self->at++) {
            EDDY_POLL(n, eddy_sender_poll_send(self->sender, task, &self->ticket, &self->at));
            micro_check(n == 0, "an item was not sent");
        }
        EDDY_END(0);
}

struct consume {
    EDDY_FRAME;
    eddy_receiver *receiver;
    uint64_t item;
    uint64_t *sum;
};
static void consume_done(struct consume *self)
{
    eddy_receiver_free(self->receiver);
}
EDDY_ASYNC(consume, consume_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_receiver_poll_next(self->receiver, task, &self->item));
            if (n != 1)
                break;
            *self->sum += self->item;
        }
        EDDY_END(n);
}

static void run_channel(eddy_core *core, const char *bench, uint32_t capacity)
{
    eddy_handle *handle = eddy_core_handle(core);
    eddy_receiver *receiver;
    eddy_sender *sender;
    uint64_t sum = 0, start_ns;
    int error = eddy_channel_new(
        handle,
        EDDY_OPTIONS(eddy_channel_options, .item_bytes = sizeof(uint64_t), .capacity = capacity),
        &sender, &receiver);

    micro_check(error == 0, "a channel");
    start_ns = micro_thread_ns();
    spawn(handle, EDDY_FUTURE(produce, .sender = sender));
    run_one(core, EDDY_FUTURE(consume, .receiver = receiver, .sum = &sum));
    micro_print_since(bench, start_ns, ITEMS);
    micro_check(sum == micro_sum(ITEMS), "sum of what was received");
}

void eddy_run_channels(void)
{
    eddy_core *core = new_core(0);

    run_oneshot(core);
    run_channel(core, "mpsc_same_loop_cap128", 128);
    run_channel(core, "mpsc_same_loop_cap1", 1);
    eddy_core_free(core);
}
