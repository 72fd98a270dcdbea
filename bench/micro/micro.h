/* SPDX-License-Identifier: MIT */
/*
 * micro.h - what the programs of the in-process figures have in common, eddy's and its peers' in C
 * and C++; servers/tokio/src/micro.rs is the same in Rust. What is measured: timers, tasks, and
 * messages that threads send to the loop.
 *
 *     PROGRAM [--driver=NAME] [GROUP...]       all groups, or those that are named
 *
 * Each figure is a line: {"bench":"timer_start_1M","value":5.2,"unit":"ns"}. The loop's thread stays
 * on processor 0, those that send to it on the others. Work of the loop alone is measured in
 * processor time of its thread, which other programs disturb less; what two threads do together by
 * the clock on the wall. Every figure's work is checked, and the program fails when it is wrong.
 */
#ifndef BENCH_MICRO_H
#define BENCH_MICRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    TIMERS = 1000000,    /* started, cancelled, re-armed, fired */
    TIMERS_LIVE = 10000, /* among which one is re-armed */
    TASKS = 1000000,     /* spawned */
    BATCH = 1000,        /* tasks that are alive at a time */
    MESSAGES = 2000000,  /* of a flood, all senders together */
    LATENCIES = 5000,    /* wakes that are timed one by one */
    SENDERS_MAX = 4
};

/* The figures of timers come about like this, milliseconds from now on: */
enum {
    START_MIN_MS = 1000, /* started somewhere within an hour */
    START_SPAN_MS = 3600000,
    REARM_MS = 30000, /* re-armed to a time that grows by 1 ms each 1,000 times */
    REARM_SPAN_MS = 100,
    FIRE_MIN_MS = 1500, /* fired within a second, which begins when all are armed */
    FIRE_SPAN_MS = 1000
};

/* One group of figures. */
typedef struct micro_group {
    const char *name;
    void (*run)(void);
} micro_group;

/* A program's main(); `groups` ends with a NULL name. */
int micro_main(int argc, char **argv, const micro_group *groups);

/* The value of an option that begins with `option` ("--driver="), or NULL. */
const char *micro_option(int argc, char **argv, const char *option);

void micro_print(const char *bench, double value, const char *unit);

/* Prints nanoseconds for each of `count` operations, which took the time since `start_ns`, a
 * reading of micro_thread_ns(). */
void micro_print_since(const char *bench, uint64_t start_ns, uint64_t count);

/* Prints the median of nanoseconds, and what one in a hundred exceeds, as BENCH_p50 and BENCH_p99;
 * sorts them. */
void micro_print_spread(const char *bench, uint64_t *values_ns, size_t count);

__attribute__((noreturn)) void micro_fail(const char *what);

/* Ends the program when a result is not what it must be. */
static inline void micro_check(bool is_right, const char *what)
{
    if (!is_right)
        micro_fail(what);
}

uint64_t micro_now_ns(void);    /* CLOCK_MONOTONIC */
uint64_t micro_thread_ns(void); /* processor time of this thread */

/* The same numbers in every program. */
uint64_t micro_random(void);

/* Memory that is there, all zero: no page of it is touched for the first time while time is taken.
 * Never freed. */
void *micro_memory(size_t count, size_t size_bytes);

/* The numbers below `count`, in some order. */
const uint32_t *micro_shuffled(uint32_t count);

/* 0 + 1 + ... + (count - 1). */
static inline uint64_t micro_sum(uint64_t count)
{
    return count % 2 == 0 ? count / 2 * (count - 1) : (count - 1) / 2 * count;
}

/* ---- timers that fire ---- */

/* To be called as a timer fires, with the time for which it was set; true: it was the last. */
bool micro_fired(uint64_t due_ns);

/* Prints what firing cost, since `start_ns` of the thread's processor time, and how late it was. */
void micro_print_fired(uint64_t start_ns);

/* ---- messages from threads (micro_threads.c) ---- */

/* How a library takes messages from other threads. */
typedef struct micro_inbox {
    void (*send)(uint64_t value);     /* on a thread that is not the loop's */
    void (*send_all)(uint64_t count); /* the same with 0, 1, ... count - 1 */
    void (*run)(void);                /* turns the loop until micro_receive() says true */
} micro_inbox;

/* xthread_flood: so many threads send all they can; by the clock on the wall, from before they are
 * started until all has come. */
void micro_flood(const char *bench, unsigned senders, const micro_inbox *inbox);

/* xthread_flood, _2, _3 and _4; wake_latency_p50 and _p99: from before a message is sent until the
 * loop, which had gone to sleep, has it. */
void micro_threads(const micro_inbox *inbox);

/* What came of the phase that is under way. */
typedef struct micro_receipts {
    uint64_t count, goal, sum;
    uint64_t *latencies; /* NULL: a flood */
} micro_receipts;
extern micro_receipts micro_got;

/* On the loop's thread, for each message; true: it was the last of its phase. */
static inline bool micro_receive(uint64_t value)
{
    if (micro_got.latencies != NULL)
        micro_got.latencies[micro_got.count] = micro_now_ns() - value;
    else
        micro_got.sum += value;
    return ++micro_got.count == micro_got.goal;
}

/* For libraries that wake a loop, but have no messages: a queue behind a mutex, and a wake when it
 * was empty, which is what programs write by hand. */
void micro_queue_threads(void (*wake)(void), void (*run)(void));

/* When the loop was woken: receives all that is queued; true: the last of its phase was there. */
bool micro_queue_receive(void);

#ifdef __cplusplus
}
#endif

#endif
