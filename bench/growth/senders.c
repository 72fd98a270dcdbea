/* SPDX-License-Identifier: MIT */
/*
 * senders.c - X threads send to one loop: jobs by its remote, items by a channel. The loop has one
 * processor, the senders share another, so that what grows is the crowd and not the machine; what
 * a sender with a processor of its own adds is contention, which two processors cannot show.
 */
#include <sched.h>
#include <stdlib.h>

#include "growth.h"

enum { MESSAGES = 1000000, ROOM = 1024, ROOMY = 1 << 20 };

/* What all senders share, and one of them. */
struct flood {
    eddy_remote *remote;
    eddy_sender *channel;
    uint64_t each; /* so many messages by each sender */
    uint64_t got, sum, wanted;
    struct gate all;
};

struct sender {
    pthread_t thread;
    struct flood *flood;
    uint64_t refused;
    int64_t cpu_ns;
};

static void print_flood(const char *const names[4], const struct flood *flood,
                        const struct sender *senders, uint32_t count, int64_t wall_ns,
                        int64_t cpu_ns)
{
    double all = (double)flood->wanted;
    int64_t senders_ns = 0;
    uint64_t refused = 0;

    growth_check(flood->got == flood->wanted, "messages that came");
    growth_check(flood->sum == growth_sum(flood->each) * count, "sum of what came");
    for (uint32_t i = 0; i < count; i++) {
        senders_ns += senders[i].cpu_ns;
        refused += senders[i].refused;
    }
    growth_print(names[0], all * 1000 / (double)wall_ns, "M/s");
    growth_print(names[1], (double)cpu_ns / all, "ns");
    growth_print(names[2], (double)senders_ns / all, "ns");
    if (names[3] != NULL)
        growth_print(names[3], (double)refused / all, "per message");
}

static struct sender *start_senders(struct flood *flood, void *(*run)(void *), uint32_t count)
{
    struct sender *senders = growth_memory(count, sizeof *senders);

    for (uint32_t i = 0; i < count; i++) {
        senders[i].flood = flood;
        growth_thread(&senders[i].thread, run, &senders[i]);
    }
    return senders;
}

static void join_senders(struct sender *senders, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        pthread_join(senders[i].thread, NULL);
}

/* ---- by remote ---- */

struct message {
    struct flood *flood;
    uint64_t value;
};

static eddy_future *message_make(void *payload, eddy_handle *handle)
{
    struct message *message = payload;
    struct flood *flood = message->flood;

    (void)handle;
    flood->sum += message->value;
    if (++flood->got == flood->wanted)
        gate_open(&flood->all);
    return NULL;
}

static const eddy_job message_job = {.make = message_make, .payload_bytes = sizeof(struct message)};

/* Refused when there is no room: the thread lets others go first and tries again. */
static void *send_jobs(void *arg)
{
    struct sender *self = arg;
    struct message message = {.flood = self->flood};
    int64_t begin_ns;

    growth_pin(1);
    begin_ns = growth_cpu_ns();
    for (; message.value < self->flood->each; message.value++) {
        while (eddy_remote_spawn(self->flood->remote, &message_job, &message) != 0) {
            self->refused++;
            sched_yield();
        }
    }
    self->cpu_ns = growth_cpu_ns() - begin_ns;
    return NULL;
}

struct receive_jobs {
    EDDY_FRAME;
    struct flood *flood;
};

EDDY_ASYNC(receive_jobs, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, gate_poll(&self->flood->all, task));
        EDDY_END(n);
}

static void measure_remote(uint32_t x, uint32_t room, const char *const names[4])
{
    struct flood flood = {.each = MESSAGES / x};
    eddy_core *core = growth_core(room);
    struct sender *senders;
    int64_t wall_ns, cpu_ns;

    flood.wanted = flood.each * x;
    growth_check(eddy_remote_new(eddy_core_handle(core), &flood.remote) == 0, "a remote");
    wall_ns = growth_wall_ns();
    cpu_ns = growth_cpu_ns();
    senders = start_senders(&flood, send_jobs, x);
    growth_run(core, EDDY_FUTURE(receive_jobs, .flood = &flood));
    cpu_ns = growth_cpu_ns() - cpu_ns;
    wall_ns = growth_wall_ns() - wall_ns;
    join_senders(senders, x);
    print_flood(names, &flood, senders, x, wall_ns, cpu_ns);
    eddy_remote_release(flood.remote);
    eddy_core_free(core);
    free(senders);
}

void growth_remotes(uint32_t x)
{
    static const char *const bounded[] = {"remote_rate", "remote_loop", "remote_sender",
                                          "remote_refused"};
    static const char *const roomy[] = {"remote_roomy_rate", "remote_roomy_loop",
                                        "remote_roomy_sender", "remote_roomy_refused"};

    measure_remote(x, ROOM, bounded);
    measure_remote(x, ROOMY, roomy);
}

/* ---- by channel ---- */

static void *send_items(void *arg)
{
    struct sender *self = arg;
    int64_t begin_ns;

    growth_pin(1);
    begin_ns = growth_cpu_ns();
    for (uint64_t value = 0; value < self->flood->each; value++)
        growth_check(eddy_sender_wait_send(self->flood->channel, &value) == 0, "send");
    self->cpu_ns = growth_cpu_ns() - begin_ns;
    eddy_sender_free(self->flood->channel);
    return NULL;
}

struct receive_items {
    EDDY_FRAME;
    struct flood *flood;
    eddy_receiver *receiver;
    uint64_t item;
};

static void receive_items_done(struct receive_items *self)
{
    eddy_receiver_free(self->receiver);
}

EDDY_ASYNC(receive_items, receive_items_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_receiver_poll_next(self->receiver, task, &self->item));
            if (n <= 0)
                break;
            self->flood->sum += self->item;
            self->flood->got++;
        }
        EDDY_END(n);
}

static void measure_channel(uint32_t x, uint32_t room, const char *const names[4])
{
    struct flood flood = {.each = MESSAGES / x};
    eddy_core *core = growth_core(0);
    struct sender *senders;
    eddy_receiver *receiver;
    int64_t wall_ns, cpu_ns;
    int error = eddy_channel_new(
        NULL, EDDY_OPTIONS(eddy_channel_options, .item_bytes = sizeof(uint64_t), .capacity = room),
        &flood.channel, &receiver);

    growth_check(error == 0, "a channel");
    flood.wanted = flood.each * x;
    for (uint32_t i = 1; i < x; i++)
        (void)eddy_sender_retain(flood.channel);
    wall_ns = growth_wall_ns();
    cpu_ns = growth_cpu_ns();
    senders = start_senders(&flood, send_items, x);
    growth_run(core, EDDY_FUTURE(receive_items, .flood = &flood, .receiver = receiver));
    cpu_ns = growth_cpu_ns() - cpu_ns;
    wall_ns = growth_wall_ns() - wall_ns;
    join_senders(senders, x);
    print_flood(names, &flood, senders, x, wall_ns, cpu_ns);
    eddy_core_free(core);
    free(senders);
}

void growth_channels(uint32_t x)
{
    static const char *const bounded[] = {"channel_rate", "channel_loop", "channel_sender", NULL};
    static const char *const unbounded[] = {"channel_unbounded_rate", "channel_unbounded_loop",
                                            "channel_unbounded_sender", NULL};

    measure_channel(x, ROOM, bounded);
    measure_channel(x, EDDY_UNBOUNDED, unbounded);
}
