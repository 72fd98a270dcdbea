/* SPDX-License-Identifier: MIT */
/*
 * micro_threads.c - the threads that send to a loop, and the queue behind a mutex for libraries
 * that have none.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "micro.h"

enum { LATENCY_PAUSE_NS = 200000 }; /* long enough for the loop to go to sleep */

micro_receipts micro_got;

/* Away from the loop's processor, if there is another one. */
static void leave_first(void)
{
    cpu_set_t processors;

    CPU_ZERO(&processors);
    for (size_t i = 1; i < CPU_SETSIZE; i++)
        CPU_SET(i, &processors);
    (void)sched_setaffinity(0, sizeof processors, &processors);
}

/* ---- floods ---- */

struct flood {
    const micro_inbox *inbox;
    uint64_t each; /* messages of one sender */
};

static void *flood(void *arg)
{
    const struct flood *self = arg;

    leave_first();
    self->inbox->send_all(self->each);
    return NULL;
}

static void begin(uint64_t goal, uint64_t *latencies)
{
    micro_got = (micro_receipts){.goal = goal, .latencies = latencies};
}

void micro_flood(const char *bench, unsigned senders, const micro_inbox *inbox)
{
    struct flood self = {.inbox = inbox, .each = MESSAGES / senders};
    pthread_t threads[SENDERS_MAX];
    uint64_t goal = self.each * senders, took_ns;

    begin(goal, NULL);
    took_ns = micro_now_ns();
    for (unsigned i = 0; i < senders; i++)
        micro_check(pthread_create(&threads[i], NULL, flood, &self) == 0, "thread");
    inbox->run();
    took_ns = micro_now_ns() - took_ns;
    for (unsigned i = 0; i < senders; i++)
        pthread_join(threads[i], NULL);
    micro_check(micro_got.count == goal, "number of messages");
    micro_check(micro_got.sum == senders * micro_sum(self.each), "sum of the messages");
    micro_print(bench, (double)goal * 1e3 / (double)took_ns, "M msg/s");
}

/* ---- latency ---- */

static void *send_now_and_then(void *arg)
{
    const micro_inbox *inbox = arg;

    leave_first();
    for (int i = 0; i < LATENCIES; i++) {
        uint64_t then_ns = micro_now_ns() + LATENCY_PAUSE_NS;

        while (micro_now_ns() < then_ns) {
            /* awake all the time: a sender that sleeps would be measured with the loop */
        }
        inbox->send(micro_now_ns());
    }
    return NULL;
}

static void measure_latency(const micro_inbox *inbox)
{
    uint64_t *took_ns = micro_memory(LATENCIES, sizeof *took_ns);
    pthread_t thread;

    begin(LATENCIES, took_ns);
    micro_check(pthread_create(&thread, NULL, send_now_and_then, (void *)(uintptr_t)inbox) == 0,
                "thread");
    inbox->run();
    pthread_join(thread, NULL);
    micro_check(micro_got.count == LATENCIES, "number of messages");
    micro_print_spread("wake_latency", took_ns, LATENCIES);
}

void micro_threads(const micro_inbox *inbox)
{
    micro_flood("xthread_flood", 1, inbox);
    micro_flood("xthread_flood_2", 2, inbox);
    micro_flood("xthread_flood_3", 3, inbox);
    micro_flood("xthread_flood_4", 4, inbox);
    measure_latency(inbox);
}

/* ---- the queue ---- */

/* The loop swaps `filling`, which the senders fill, for `taken`, which it has emptied. */
struct values {
    uint64_t *items;
    size_t count, room;
};

static struct {
    pthread_mutex_t lock;
    struct values filling, taken;
    void (*wake)(void);
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void values_add(struct values *self, uint64_t value)
{
    if (self->count == self->room) {
        self->room = self->room > 0 ? self->room * 2 : 1024;
        self->items = realloc(self->items, self->room * sizeof *self->items);
        micro_check(self->items != NULL, "memory");
    }
    self->items[self->count++] = value;
}

static void queue_send(uint64_t value)
{
    bool was_empty;

    pthread_mutex_lock(&queue.lock);
    was_empty = queue.filling.count == 0;
    values_add(&queue.filling, value);
    pthread_mutex_unlock(&queue.lock);
    if (was_empty)
        queue.wake();
}

static void queue_send_all(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        queue_send(i);
}

bool micro_queue_receive(void)
{
    bool is_over = false;
    struct values full;

    pthread_mutex_lock(&queue.lock);
    full = queue.filling;
    queue.filling = queue.taken;
    queue.filling.count = 0;
    queue.taken = full;
    pthread_mutex_unlock(&queue.lock);
    for (size_t i = 0; i < full.count; i++)
        is_over |= micro_receive(full.items[i]);
    return is_over;
}

void micro_queue_threads(void (*wake)(void), void (*run)(void))
{
    micro_inbox inbox = {.send = queue_send, .send_all = queue_send_all, .run = run};

    queue.wake = wake;
    micro_threads(&inbox);
}
