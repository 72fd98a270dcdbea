/* SPDX-License-Identifier: MIT */
/*
 * tasks.c - workloads of tasks: spawned, yielding, woken, passing items. One request is one of these.
 */
#include "gate.h"

enum { CAPACITY = 16 };

/* ---- tasks ---- */

struct spawned {
    EDDY_FRAME;
};
EDDY_ASYNC(spawned, eddy_nothing)
{
    EDDY_BEGIN
        gate_done++;
        EDDY_END(0);
}

struct spawner {
    EDDY_FRAME;
    struct gate *gate;
};
static void spawn_many(struct spawner *self)
{
    for (int i = 0; i < GATE_MANY; i++)
        gate_spawn(self->gate, EDDY_FUTURE(spawned));
}
EDDY_ASYNC(spawner, eddy_nothing)
{
    EDDY_BEGIN
        for (;;) {
            spawn_many(self);
            EDDY_YIELD();
        }
        EDDY_END(0);
}

/* What is spawned in a turn runs in the next. */
static void start_task_spawn(struct gate *self)
{
    gate_spawn(self, EDDY_FUTURE(spawner, .gate = self));
    gate_turn(self);
}

struct yielder {
    EDDY_FRAME;
};
EDDY_ASYNC(yielder, eddy_nothing)
{
    EDDY_BEGIN
        for (;;) {
            gate_done++;
            EDDY_YIELD();
        }
        EDDY_END(0);
}

static void start_task_yield(struct gate *self)
{
    for (int i = 0; i < GATE_MANY; i++)
        gate_spawn(self, EDDY_FUTURE(yielder));
}

/* Tasks that wait, each at a place of its own, and one that wakes them all. */
static eddy_waiter places[GATE_MANY];

static const eddy_wait_type wake_wait = {.why = "gate: wake", .external = true};

struct sleeper {
    EDDY_FRAME;
    eddy_waiter *place;
};

static eddy_result sleeper_poll(eddy_future *frame, eddy_task *task)
{
    struct sleeper *self = (struct sleeper *)(void *)frame;

    gate_done++;
    return eddy_waiter_park(self->place, task, &wake_wait);
}

static void sleeper_done(eddy_future *frame)
{
    (void)frame;
}

static const eddy_type sleeper_type = {sleeper_poll, sleeper_done, sizeof(struct sleeper),
                                       "sleeper", NULL};

struct rouser {
    EDDY_FRAME;
};
EDDY_ASYNC(rouser, eddy_nothing)
{
    EDDY_BEGIN
        for (;;) {
            for (int i = 0; i < GATE_MANY; i++)
                eddy_waiter_wake(&places[i]);
            EDDY_YIELD();
        }
        EDDY_END(0);
}

static void start_task_wake(struct gate *self)
{
    for (int i = 0; i < GATE_MANY; i++)
        gate_spawn(self, EDDY_FUTURE(sleeper, .place = &places[i]));
    gate_turn(self);
    gate_spawn(self, EDDY_FUTURE(rouser));
    gate_turn(self); /* those who are woken run in the next */
}

/* ---- channel ---- */

struct producer {
    EDDY_FRAME;
    eddy_sender *sender;
    eddy_ticket ticket;
    uint64_t item;
};
static void producer_done(struct producer *self)
{
    eddy_sender_free(self->sender);
}
EDDY_ASYNC(producer, producer_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            do {
                EDDY_POLL(n, eddy_sender_poll_send(self->sender, task, &self->ticket, &self->item));
                gate_check(n == 0, "an item that is sent");
            } while (++self->item % GATE_MANY != 0);
            EDDY_YIELD();
        }
        EDDY_END(0);
}

struct consumer {
    EDDY_FRAME;
    eddy_receiver *receiver;
    uint64_t item, expected;
};
static void consumer_done(struct consumer *self)
{
    eddy_receiver_free(self->receiver);
}
EDDY_ASYNC(consumer, consumer_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_receiver_poll_next(self->receiver, task, &self->item));
            gate_check(n > 0 && self->item == self->expected++, "items in order");
            gate_done++;
        }
        EDDY_END(0);
}

static void start_channel(struct gate *self)
{
    eddy_channel_options options = {
        .size_bytes = sizeof options, .item_bytes = sizeof(uint64_t), .capacity = CAPACITY};
    eddy_sender *sender;
    eddy_receiver *receiver;

    gate_check(eddy_channel_new(self->handle, &options, &sender, &receiver) == 0, "a channel");
    gate_spawn(self, EDDY_FUTURE(consumer, .receiver = receiver));
    gate_spawn(self, EDDY_FUTURE(producer, .sender = sender));
}

const struct gate_workload gate_task_workloads[] = {
    {"task_spawn", start_task_spawn, gate_round_many},
    {"task_yield", start_task_yield, gate_round_many},
    {"task_wake", start_task_wake, gate_round_many},
    {"channel", start_channel, gate_round_many},
    {NULL, NULL, NULL},
};
