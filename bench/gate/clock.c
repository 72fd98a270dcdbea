/* SPDX-License-Identifier: MIT */
/*
 * clock.c - stands in for the system's clock, so that how long anything takes changes nothing: no
 * limit on a turn's time is hit, no timer fires in between, however slow the machine is, or
 * valgrind makes it.
 *
 * The processor's counter cannot be made to stand still. By it the library judges whether a reading of
 * the clock is still good for a timer: for some part of the wheel's tick. So the tick is as long as it
 * may be, longer than a round takes by far, and between rounds we wait until the reading is too old.
 */
#include <time.h>

#include "../../src/base/ticks.h"
#include "gate.h"

/* A reading is good for less than this part of a tick. */
enum { READING_PART = 24 };

enum { START_SECONDS = 1000000 };

static int64_t now_ns = START_SECONDS * EDDY_SECOND;

void gate_clock_advance(uint32_t ticks)
{
    uint64_t start = eddy__ticks();

    now_ns += ticks * GATE_TICK_NS;
    while (eddy__ticks() - start < eddy__ticks_within(GATE_TICK_NS / READING_PART))
        continue;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    (void)clock;
    gate_counts->clock_reads += gate_counts->in_turn;
    time->tv_sec = (time_t)(now_ns / EDDY_SECOND);
    time->tv_nsec = (long)(now_ns % EDDY_SECOND);
    return 0;
}
