/* SPDX-License-Identifier: MIT */
/*
 * task_gate.h - where a task waits until it is woken; of the programs that measure eddy from within.
 */
#ifndef BENCH_TASK_GATE_H
#define BENCH_TASK_GATE_H

#include <eddy/eddy.h>

/* All zero: closed. */
struct gate {
    eddy_waiter waiter;
    bool is_open;
};

/* Waits until the gate is open, and closes it. */
EDDY_NODISCARD static inline eddy_result gate_poll(struct gate *self, eddy_task *task)
{
    static const eddy_wait_type wait = {.why = "gate"};

    if (!self->is_open)
        return eddy_waiter_park(&self->waiter, task, &wait);
    self->is_open = false;
    return 0;
}

static inline void gate_open(struct gate *self)
{
    self->is_open = true;
    eddy_waiter_wake(&self->waiter);
}

#endif
