/* SPDX-License-Identifier: MIT */
/*
 * system.h - included first by every file here: all of Linux is wanted, not C11 alone. And the
 * clocks.
 */
#ifndef BENCH_LOAD_SYSTEM_H
#define BENCH_LOAD_SYSTEM_H

#define _GNU_SOURCE 1

#include <stdint.h>
#include <time.h>

#define SECOND_NS UINT64_C(1000000000)

/* What the clock shows, in nanoseconds; 0 where there is none, as of a process that has ended. */
static inline uint64_t clock_read(clockid_t clock)
{
    struct timespec time = {0};

    if (clock_gettime(clock, &time) != 0)
        return 0;
    return (uint64_t)time.tv_sec * SECOND_NS + (uint64_t)time.tv_nsec;
}

/* The time, in nanoseconds, that latencies and durations are counted by. */
static inline uint64_t clock_now(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

#endif
