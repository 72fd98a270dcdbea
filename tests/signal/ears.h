/* SPDX-License-Identifier: MIT */
/*
 * ears.h - for tests of signals: a task that listens and counts, and sending a signal in a way that
 * works on simulated loops too.
 */
#ifndef EDDY_TEST_EARS_H
#define EDDY_TEST_EARS_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/loop.h"
#include "eddy/signal.h"

/* Is told of a signal until it was told `until` times or more, then ends with how often that was; or
 * with an error. */
struct ears {
    EDDY_FRAME;
    eddy_signal *signal;
    int64_t until;
    int64_t *heard; /* so far; may be NULL */
    int64_t sum;
};

static eddy_result ears_listen(struct ears *self, eddy_task *task)
{
    while (self->sum < self->until) {
        eddy_result n = eddy_signal_poll(self->signal, task);

        if (n == EDDY_PENDING || n < 0)
            return n;
        self->sum += n;
        if (self->heard != NULL)
            *self->heard = self->sum;
    }
    return self->sum;
}

EDDY_ASYNC(ears, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, ears_listen(self, task));
        EDDY_END(n);
}

static inline eddy_signal *ears_new(eddy_core *core, int signum)
{
    eddy_signal *signal = NULL;

    assert_int_equal(eddy_signal_new(eddy_core_handle(core), signum, &signal), 0);
    assert_int_equal(eddy_signal_number(signal), signum);
    return signal;
}

/* The process gets a signal, its handler has run when this returns; on a simulated loop as far as that
 * goes. */
static inline void ears_send(eddy_core *core, int signum)
{
    if (test_is_simulated())
        (void)eddy_signal_raise(eddy_core_handle(core), signum);
    else
        assert_int_equal(raise(signum), 0);
}

/* Run until the signal was told `until` times. */
static inline eddy_result ears_run(eddy_core *core, eddy_signal *signal, int64_t until)
{
    return test_run(core, ears, .signal = signal, .until = until);
}

#endif
