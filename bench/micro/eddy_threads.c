/* SPDX-License-Identifier: MIT */
/*
 * eddy_threads.c - messages from threads: as jobs of a remote, and through channels that threads may
 * share.
 */
#include <eddy/channel.h>
#include <sched.h>

#include "eddy.h"

static eddy_core *core;
static struct latch all; /* what was sent has come */

static void run_until_all(void)
{
    all = (struct latch){.left = 1};
    run_one(core, latch_future(core, &all));
}

static eddy_core_stats stats_now(void)
{
    eddy_core_stats stats;

    eddy_core_stats_get(core, &stats);
    return stats;
}

/* ---- jobs ---- */

static eddy_remote *remote;

static eddy_future *job_make(void *payload, eddy_handle *handle)
{
    (void)handle;
    if (micro_receive(*(const uint64_t *)payload))
        latch_count_down(&all);
    return NULL;
}

/* A full inbox is what slows a sender down that is faster than the loop. */
static void send_job(uint64_t value)
{
    static const eddy_job job = {.make = job_make, .payload_bytes = sizeof value};
    int error;

    while ((error = eddy_remote_spawn(remote, &job, &value)) == EDDY_INBOX_FULL)
        sched_yield();
    micro_check(error == 0, "a job was not sent");
}

static void send_jobs(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        send_job(i);
}

static void run_jobs(void)
{
    const micro_inbox inbox = {.send = send_job, .send_all = send_jobs, .run = run_until_all};
    uint64_t wakes;

    micro_check(eddy_remote_new(eddy_core_handle(core), &remote) == 0, "a remote");
    micro_threads(&inbox);
    wakes = stats_now().kernel_wakes;
    micro_flood("xthread_flood_again", 1, &inbox);
    micro_print("xthread_flood_wakes", (double)(stats_now().kernel_wakes - wakes) * 1e3 / MESSAGES,
                "per 1000");
    eddy_remote_release(remote);
}

/* ---- channels ---- */

static eddy_sender *sender;

struct receive_all {
    EDDY_FRAME;
    eddy_receiver *receiver;
    uint64_t item;
};
EDDY_ASYNC(receive_all, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_POLL(n, eddy_receiver_poll_next(self->receiver, task, &self->item));
            micro_check(n == 1, "the channel ended");
        } while (!micro_receive(self->item));
        EDDY_END(0);
}

static eddy_receiver *receiver;

static void run_receiver(void)
{
    run_one(core, EDDY_FUTURE(receive_all, .receiver = receiver));
}

static void send_item(uint64_t value)
{
    micro_check(eddy_sender_wait_send(sender, &value) == 0, "an item was not sent");
}

static void send_items(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        send_item(i);
}

static void run_channel(const char *bench, uint32_t capacity)
{
    const micro_inbox inbox = {.send = send_item, .send_all = send_items, .run = run_receiver};
    int error = eddy_channel_new(
        NULL,
        EDDY_OPTIONS(eddy_channel_options, .item_bytes = sizeof(uint64_t), .capacity = capacity),
        &sender, &receiver);

    micro_check(error == 0, "a channel");
    micro_flood(bench, 1, &inbox);
    eddy_sender_free(sender);
    eddy_receiver_free(receiver);
}

void eddy_run_threads(void)
{
    core = new_core(0);
    run_jobs();
    run_channel("xthread_flood_channel", EDDY_UNBOUNDED);
    run_channel("xthread_flood_bounded1024", 1024);
    eddy_core_free(core);
}
