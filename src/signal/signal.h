/* SPDX-License-Identifier: MIT */
/*
 * signal.h - the inside of a listener, for the stream that is made of it.
 */
#ifndef EDDY__SIGNAL_H
#define EDDY__SIGNAL_H

#include "base/atomic.h"
#include "eddy/signal.h"
#include "reactor/core.h"
#include "sys/signals.h"

struct eddy_signal {
    eddy__signal_listener listener;
    eddy__inbox *inbox;      /* one reference: the handler wakes through it */
    eddy__atomic_u64 came;   /* how often, not told yet */
    eddy__atomic_u64 target; /* whom to wake: slot << 32 | generation; 0: nobody has waited yet */
    eddy_core *core;
    eddy_waiter waiter;
};

#endif
