/* SPDX-License-Identifier: MIT */
/*
 * raw_wheel.h - timers at their cheapest: a hierarchical wheel of 6 levels with 64 lists each, in
 * ticks of a millisecond. For raw.c, the floor that a library is compared with; one wheel, no
 * checks, no errors.
 */
#ifndef BENCH_MICRO_RAW_WHEEL_H
#define BENCH_MICRO_RAW_WHEEL_H

#include <stdint.h>

typedef struct wheel_timer {
    struct wheel_timer *next, **link; /* whatever points to this one */
    uint64_t due_ms;
} wheel_timer;

/* The time of the wheel, which begins at 0. */
uint64_t wheel_now_ms(void);

/* A time that has passed means the next tick. */
void wheel_start(wheel_timer *self);
void wheel_stop(wheel_timer *self);

/* How many ticks may be waited for: until the next timer, or less. */
unsigned wheel_wait_ms(void);

/* One tick on; `fire` is called with each timer whose time has come. */
void wheel_tick(void (*fire)(wheel_timer *timer));

#endif
