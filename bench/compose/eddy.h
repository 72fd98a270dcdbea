/* SPDX-License-Identifier: MIT */
/*
 * eddy.h - what the files of eddy's column of the table of costs share: each gives a list of
 * measures, whose `arg` is the loop.
 */
#ifndef BENCH_EDDY_H
#define BENCH_EDDY_H

#include <eddy/eddy.h>

#include "../task_gate.h"
#include "measure.h"

enum { BATCH = 1000, FAN = 256 };

extern const measure eddy_tasks[];
extern const measure eddy_awaits[];
extern const measure eddy_timers[];
extern const measure eddy_channels[];
extern const measure eddy_sets[];
extern const measure eddy_unordered[];
extern const measure eddy_groups[];
extern const measure eddy_pools[];

/* What many tasks add up; the last of them wakes whoever waits for all. */
struct total {
    struct gate all;
    uint64_t sum;
    uint64_t left; /* that have not added yet */
};

void total_add(struct total *self, uint64_t value);

/* Runs a future to its end, which must be a success. */
void run_one(eddy_core *core, eddy_future *future);

/* Runs `count` operations in FAN tasks at once, so that the turns of the loop are shared. `make`
 * gives the boxed future of a task that does `times` operations and adds to the total at its end,
 * once. Returns how many it were. */
uint64_t fan(eddy_core *core, uint64_t count,
             eddy_future *(*make)(eddy_handle *handle, uint64_t times, struct total *total),
             struct total *total);

/* A future that is pending once, then gives its value. */
struct tick {
    EDDY_FRAME;
    eddy_result value;
};
extern const eddy_type tick_type;

#endif
