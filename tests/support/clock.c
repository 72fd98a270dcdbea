/* SPDX-License-Identifier: MIT */
/*
 * clock.c - see clock.h. The loop knows its driver by a table of functions; two of them are
 * exchanged in a copy.
 */
#include "clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loop.h"
#include "reactor/core.h"

static struct test_clock the_clock;
static eddy__driver_type hand_driven;
static const eddy__driver_type *by_kernel;

static int64_t now(eddy__driver *driver)
{
    (void)driver;
    return the_clock.now_ns;
}

static int wait(eddy__driver *driver, int64_t deadline_ns, eddy__event *events, uint32_t events_max)
{
    bool for_ever = deadline_ns == EDDY_FOREVER;
    int count = by_kernel->wait(driver, for_ever ? EDDY_FOREVER : 0, events, events_max);

    if (count == 0 && !for_ever && deadline_ns > the_clock.now_ns) {
        the_clock.now_ns = deadline_ns;
        if (the_clock.late_ns > 0)
            the_clock.now_ns += the_clock.late_ns;
        the_clock.jumps++;
    }
    return count;
}

struct test_clock *test_clock_take(eddy_core *core, int64_t now_ns)
{
    int64_t kernel_ns = eddy_now_ns(eddy_core_handle(core));

    assert_true(now_ns == 0 || now_ns >= kernel_ns);
    if (core->driver->type != &hand_driven) /* else it was taken before */
        by_kernel = core->driver->type;
    hand_driven = *by_kernel;
    hand_driven.now = now;
    hand_driven.wait = wait;
    core->driver->type = &hand_driven;
    the_clock = (struct test_clock){.now_ns = now_ns == 0 ? kernel_ns : now_ns};
    core->now_ns = the_clock.now_ns;
    core->slack_ticks = 0; /* the processor's counter does not go with it */
    return &the_clock;
}

eddy_core *test_clock_core(struct test_clock **clock)
{
    eddy_core *core = test_core();

    *clock = test_clock_take(core, 0);
    return core;
}
