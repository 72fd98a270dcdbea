/* SPDX-License-Identifier: MIT */
/*
 * until_signal.h - a future that ends when the process gets SIGINT or SIGTERM: what a server gives
 * to eddy_core_run(). A second signal, while the program is ending, kills it.
 */
#ifndef EXAMPLES_UNTIL_SIGNAL_H
#define EXAMPLES_UNTIL_SIGNAL_H

#include <eddy/eddy.h>
#include <signal.h>

static inline void until_signal_mask(int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(how, &set, NULL);
}

/* Call it before anybody can know that the program runs: the signals wait until the future does. */
static inline void until_signal_prepare(void)
{
    until_signal_mask(SIG_BLOCK);
}

struct until_signal {
    EDDY_FRAME;
    eddy_signal *interrupt, *terminate;
};

/* With the last listener the system's own way of ending a program is back. */
static inline void until_signal_done(struct until_signal *self)
{
    eddy_signal_free(self->interrupt);
    eddy_signal_free(self->terminate);
}

static inline eddy_result until_signal_poll(struct until_signal *self, eddy_task *task)
{
    eddy_result n = eddy_signal_poll(self->interrupt, task);

    return n == EDDY_PENDING ? eddy_signal_poll(self->terminate, task) : n;
}

EDDY_ASYNC(until_signal, until_signal_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_signal_new(eddy_task_handle(task), SIGINT, &self->interrupt);
        if (n == 0)
            n = eddy_signal_new(eddy_task_handle(task), SIGTERM, &self->terminate);
        until_signal_mask(SIG_UNBLOCK);
        if (n == 0)
            EDDY_POLL(n, until_signal_poll(self, task));
        EDDY_END(n);
}

#endif
