/* SPDX-License-Identifier: MIT */
/*
 * growth.h - what the parts of growth_eddy share: how a figure is printed, time taken, a result
 * checked. Each part measures one thing at one size, on a loop that it makes itself, and checks
 * what came out: a figure is worth nothing when the work was not done.
 */
#ifndef BENCH_GROWTH_H
#define BENCH_GROWTH_H

#include <eddy/eddy.h>
#include <pthread.h>

#include "../task_gate.h"

/* At one size: `x` timers, tasks, senders, loops, connections. */
void growth_timers(uint32_t x);
void growth_tasks(uint32_t x);
void growth_remotes(uint32_t x);
void growth_channels(uint32_t x);
void growth_loops(uint32_t x);
void growth_connections(uint32_t x);

/* Prints one line of JSON. */
void growth_print(const char *bench, double value, const char *unit);

/* Ends the program when a result is not what it must be. */
void growth_check(bool is_right, const char *what);

/* Of the loops: the driver of the command line; no limit that this program would hit. `inbox_max`
 * as of the options; 0: the default. */
eddy_core *growth_core(uint32_t inbox_max);

/* Runs a future to its end, which must be a success. */
void growth_run(eddy_core *core, eddy_future *future);

/* The thread runs on that processor from now on, if there is one. */
void growth_pin(unsigned cpu);
void growth_thread(pthread_t *thread, void *(*run)(void *arg), void *arg);

/* Nanoseconds: of the wall; of this thread's processor time, which others disturb less. */
int64_t growth_wall_ns(void);
int64_t growth_cpu_ns(void);

/* Bytes that the loop holds of its allocator's. */
uint64_t growth_heap(eddy_core *core);

/* Zeroed memory that is there: no later touch of it is a page fault. */
void *growth_memory(size_t count, size_t size);

/* The same numbers in each run. */
uint64_t growth_random(void);

/* 0 .. count-1 in a random order; free(3). */
uint32_t *growth_shuffled(uint32_t count);

/* How often something with `x` parts is repeated, so that about `wanted` parts are done. */
static inline uint32_t growth_repeats(uint32_t x, uint32_t wanted)
{
    return x >= wanted ? 1 : wanted / x;
}

/* 0 + 1 + ... + (count - 1). */
static inline uint64_t growth_sum(uint64_t count)
{
    return count % 2 == 0 ? count / 2 * (count - 1) : (count - 1) / 2 * count;
}

#endif
