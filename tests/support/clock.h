/* SPDX-License-Identifier: MIT */
/*
 * clock.h - drive a loop's clock by hand: the driver stays, but its time is a number, and a wait
 * in which nothing happens jumps to its deadline instead of sleeping. Years pass in no time, and
 * everything is as deterministic as the loop itself.
 *
 * Time only goes forward, and begins no earlier than the kernel's. A wait without any deadline
 * still blocks for real, or is a deadlock where everything is simulated. One clock at a time, of one loop, until that loop is freed.
 */
#ifndef EDDY_TEST_CLOCK_H
#define EDDY_TEST_CLOCK_H

#include "eddy/eddy.h"

struct test_clock {
    int64_t now_ns;
    int64_t late_ns; /* what each jump overshoots its deadline by */
    int64_t jumps;   /* waits that ended by their deadline */
};

/* Take over the clock of a loop. `now_ns`: where it stands from now on; 0: at the kernel's time.
 * The returned clock may be written to. */
struct test_clock *test_clock_take(eddy_core *core, int64_t now_ns);

/* A core with such a clock, from the kernel's time on. */
eddy_core *test_clock_core(struct test_clock **clock);

#endif
