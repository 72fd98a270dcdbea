/* SPDX-License-Identifier: MIT */
/*
 * until_signal.h - a future that ends when the process gets SIGINT or SIGTERM: what a server gives
 * to eddy_core_run(). The handler does nothing but wake: a waker may be used from a signal handler.
 * A second signal, while the program is ending, kills it.
 */
#ifndef EXAMPLES_UNTIL_SIGNAL_H
#define EXAMPLES_UNTIL_SIGNAL_H

#include <eddy/eddy.h>
#include <signal.h>
#include <stdatomic.h>

static atomic_int until_signal_seen;
static atomic_bool until_signal_waits; /* then the waker is good */
static eddy_waker until_signal_waker;

static inline void until_signal_handler(int number)
{
    until_signal_seen = number;
    if (until_signal_waits)
        eddy_waker_wake(&until_signal_waker);
}

/* Call it before anybody can know that the program runs: from here on no signal is lost. */
static inline void until_signal_prepare(void)
{
    signal(SIGINT, until_signal_handler);
    signal(SIGTERM, until_signal_handler);
}

struct until_signal {
    EDDY_FRAME;
};

static inline void until_signal_done(struct until_signal *self)
{
    (void)self;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    until_signal_waits = false;
    eddy_waker_release(&until_signal_waker);
}

EDDY_ASYNC(until_signal, until_signal_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_task_waker(task, &until_signal_waker);
        if (n < 0)
            EDDY_RETURN(n);
        until_signal_waits = true;
        while (!until_signal_seen) {
            EDDY_POLL(n, until_signal_seen ? 0 : eddy_task_park(task, "a signal"));
            if (n < 0)
                break;
        }
        EDDY_END(until_signal_seen);
}

#endif
