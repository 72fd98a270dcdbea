/* SPDX-License-Identifier: MIT */
/*
 * ticks.h - the processor's own counter: a few nanoseconds to read, where the clock takes twenty.
 * It has no unit that is known here, and may jump when a thread moves between processors; so it
 * only says that the clock need not be asked yet.
 */
#ifndef EDDY__TICKS_H
#define EDDY__TICKS_H

#include <stdint.h>

#if defined(__x86_64__) && defined(__GNUC__)

#define EDDY__TICKS_HAVE 1

static inline uint64_t eddy__ticks(void)
{
    return __builtin_ia32_rdtsc();
}

#else

#define EDDY__TICKS_HAVE 0

static inline uint64_t eddy__ticks(void)
{
    return 0;
}

#endif

/* So many of them that they never take longer than `ns`: no such counter runs below 500 MHz. 0 where
 * there is none. */
static inline uint64_t eddy__ticks_within(int64_t ns)
{
    return EDDY__TICKS_HAVE && ns > 0 ? (uint64_t)ns / 2 : 0;
}

#endif
