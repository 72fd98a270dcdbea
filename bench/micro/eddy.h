/* SPDX-License-Identifier: MIT */
/*
 * eddy.h - what the files of eddy's in-process figures share. Each group of figures has a loop of
 * its own.
 */
#ifndef BENCH_MICRO_EDDY_H
#define BENCH_MICRO_EDDY_H

#include <eddy/eddy.h>

#include "micro.h"

void eddy_run_timers(void);
void eddy_run_fire(void);
void eddy_run_spawn(void);
void eddy_run_wake(void);
void eddy_run_threads(void);
void eddy_run_channels(void);

/* A loop on the driver that the command line names; ends the program when there is none. */
eddy_core *new_core(uint32_t tasks_max);

/* Runs a future to its end, which must be a success. */
void run_one(eddy_core *core, eddy_future *future);

/* Starts a task; ends the program when that is not possible. */
void spawn(eddy_handle *handle, eddy_future *future);

/* Where a task waits until so many things have happened. */
struct latch {
    eddy_waiter waiter;
    uint64_t left;
};

void latch_count_down(struct latch *self);
EDDY_NODISCARD eddy_result latch_poll(struct latch *self, eddy_task *task);

/* Does nothing but wait for a latch. */
eddy_future *latch_future(eddy_core *core, struct latch *latch);

#endif
