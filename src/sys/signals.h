/* SPDX-License-Identifier: MIT */
/*
 * signals.h - who is told of the process's signals: any number of listeners per signal, of any
 * threads. The handler is installed with the first listener of a signal, and what was there before is
 * called after ours, and put back with the last.
 */
#ifndef EDDY__SIGNALS_H
#define EDDY__SIGNALS_H

#include "base/atomic.h"

typedef struct eddy__signal_listener eddy__signal_listener;

/* Stays where it is from add() to remove(). */
struct eddy__signal_listener {
    /* The signal came. Inside a signal handler, on any thread, perhaps on several at a time: only
     * what is allowed there. */
    void (*came)(eddy__signal_listener *self);
    int number;
    /* private */
    eddy__atomic_ptr next;
    uint32_t forks; /* how many there had been when it was added */
    bool simulated; /* hears only what is raised for it */
};

/* Have `came` called. `came` and `number` are set; `simulated`: no handler is installed. 0; -EINVAL:
 * no such signal, or one that cannot be handled; -errno. Any thread. */
int eddy__signals_add(eddy__signal_listener *self, bool simulated);
/* `came` does not run and will not be called any more when this returns. Any thread, but no
 * handler. */
void eddy__signals_remove(eddy__signal_listener *self);
/* Call `came` of those listeners of the signal that are wanted. Returns how many. Any thread. */
uint32_t eddy__signals_raise(int number,
                             bool (*wanted)(const eddy__signal_listener *listener, const void *arg),
                             const void *arg);

#endif
