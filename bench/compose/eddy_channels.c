/* SPDX-License-Identifier: MIT */
/*
 * eddy_channels.c - what it costs to send an item from task to task, on one loop or between two,
 * and to lock what nobody else wants.
 */
#include <eddy/channel.h>
#include <eddy/mutex.h>
#include <eddy/oneshot.h>
#include <pthread.h>

#include "eddy.h"

enum { CAPACITY = 1024 };

struct produce {
    EDDY_FRAME;
    eddy_sender *sender;
    uint64_t count, at;
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
        for (; self->at < self->count; self->at++) {
            EDDY_POLL(n, eddy_sender_poll_send(self->sender, task, &self->ticket, &self->at));
            measure_check(n == 0, "send");
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
            if (n <= 0)
                break;
            *self->sum += self->item;
        }
        EDDY_END(n);
}

static void channel_new(eddy_handle *handle, eddy_sender **sender, eddy_receiver **receiver)
{
    int error = eddy_channel_new(
        handle,
        EDDY_OPTIONS(eddy_channel_options, .item_bytes = sizeof(uint64_t), .capacity = CAPACITY),
        sender, receiver);

    measure_check(error == 0, "a channel");
}

/* Both ends on one loop; `handle` NULL: through a channel that is thread-safe all the same. */
static uint64_t run_on_one_loop(eddy_core *core, eddy_handle *handle, uint64_t count)
{
    eddy_sender *sender;
    eddy_receiver *receiver;
    uint64_t sum = 0;
    int error;

    channel_new(handle, &sender, &receiver);
    error =
        eddy_spawn(eddy_core_handle(core), EDDY_FUTURE(produce, .sender = sender, .count = count));
    measure_check(error == 0, "spawn");
    run_one(core, EDDY_FUTURE(consume, .receiver = receiver, .sum = &sum));
    measure_check(sum == measure_sum(count), "sum of what came through");
    return count;
}

static uint64_t run_channel(void *core, uint64_t count)
{
    return run_on_one_loop(core, eddy_core_handle(core), count);
}

static uint64_t run_channel_safe(void *core, uint64_t count)
{
    return run_on_one_loop(core, NULL, count);
}

struct other_loop {
    eddy_sender *sender;
    uint64_t count;
};

static void *run_producer(void *arg)
{
    struct other_loop *self = arg;
    eddy_core *core;

    measure_check(eddy_core_new(NULL, &core) == 0, "a second loop");
    run_one(core, EDDY_FUTURE(produce, .sender = self->sender, .count = self->count));
    eddy_core_free(core);
    return NULL;
}

/* A loop for each thread. */
static uint64_t run_channel_threads(void *core, uint64_t count)
{
    struct other_loop other = {.count = count};
    eddy_receiver *receiver;
    pthread_t thread;
    uint64_t sum = 0;

    channel_new(NULL, &other.sender, &receiver);
    measure_check(pthread_create(&thread, NULL, run_producer, &other) == 0, "thread");
    run_one(core, EDDY_FUTURE(consume, .receiver = receiver, .sum = &sum));
    pthread_join(thread, NULL);
    measure_check(sum == measure_sum(count), "sum of what came through");
    return count;
}

/* ---- oneshot ---- */

struct send_once {
    EDDY_FRAME;
    uint64_t count, at, item;
    uint64_t *sum;
    eddy_oneshot_receiver *receiver;
};

/* Leaves the receiver of a oneshot that holds `value`. */
static eddy_oneshot_receiver *sent_once(eddy_handle *handle, uint64_t value)
{
    eddy_oneshot_options options = {.size_bytes = sizeof options, .item_bytes = sizeof value};
    eddy_oneshot_sender *sender;
    eddy_oneshot_receiver *receiver;

    measure_check(eddy_oneshot_new(handle, &options, &sender, &receiver) == 0, "a oneshot");
    measure_check(eddy_oneshot_send(sender, &value) == 0, "send");
    eddy_oneshot_sender_free(sender);
    return receiver;
}

EDDY_ASYNC(send_once, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->at < self->count; self->at++) {
            self->receiver = sent_once(eddy_task_handle(task), self->at);
            EDDY_POLL(n, eddy_oneshot_poll_receive(self->receiver, task, &self->item));
            measure_check(n == 1, "receive");
            *self->sum += self->item;
            eddy_oneshot_receiver_free(self->receiver);
        }
        EDDY_END(0);
}

static uint64_t run_oneshot(void *core, uint64_t count)
{
    uint64_t sum = 0;

    run_one(core, EDDY_FUTURE(send_once, .count = count, .sum = &sum));
    measure_check(sum == measure_sum(count), "sum of what came through");
    return count;
}

/* ---- mutex ---- */

struct lock_often {
    EDDY_FRAME;
    eddy_mutex *mutex;
    uint64_t count, at;
    uint64_t *sum;
    eddy_ticket ticket;
};
static void lock_often_done(struct lock_often *self)
{
    eddy_mutex_free(self->mutex);
}
EDDY_ASYNC(lock_often, lock_often_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->at < self->count; self->at++) {
            EDDY_POLL(n, eddy_mutex_poll_lock(self->mutex, task, &self->ticket));
            measure_check(n == 0, "lock");
            *self->sum += self->at;
            eddy_mutex_unlock(self->mutex);
        }
        EDDY_END(0);
}

static uint64_t lock_often(eddy_core *core, eddy_handle *handle, uint64_t count)
{
    eddy_mutex *mutex;
    uint64_t sum = 0;

    measure_check(eddy_mutex_new(handle, NULL, &mutex) == 0, "a mutex");
    run_one(core, EDDY_FUTURE(lock_often, .mutex = mutex, .count = count, .sum = &sum));
    measure_check(sum == measure_sum(count), "sum of what was added under the lock");
    return count;
}

static uint64_t run_mutex(void *core, uint64_t count)
{
    return lock_often(core, eddy_core_handle(core), count);
}

static uint64_t run_mutex_safe(void *core, uint64_t count)
{
    return lock_often(core, NULL, count);
}

const measure eddy_channels[] = {
    {"channel", run_channel, false},
    {"channel_safe", run_channel_safe, false},
    {"channel_threads", run_channel_threads, true},
    {"oneshot", run_oneshot, false},
    {"mutex", run_mutex, false},
    {"mutex_safe", run_mutex_safe, false},
    {NULL, NULL, false},
};
