/* SPDX-License-Identifier: MIT */
/*
 * selects.h - what the tests of joins and of selects share.
 */
#ifndef EDDY_TEST_SELECTS_H
#define EDDY_TEST_SELECTS_H

#include "boxed.h"
#include "eddy/select.h"

/* The constructors that are alike. */
typedef eddy_future *select_fn(eddy_handle *, eddy_future *const *, size_t, size_t *);

static select_fn *const selects[] = {eddy_select, eddy_select_biased, eddy_select_ok};
enum { SELECTS = 3 };

/* Runs the select over the array, to its end. */
static inline eddy_result run_keep(eddy_core *core, eddy_future **futures, size_t count,
                                   size_t *winner)
{
    return eddy_core_run(core, eddy_select_keep(handle_of(core), futures, count, winner));
}

/* Its `done` wakes others, and spawns. */
struct hook {
    EDDY_FRAME;
    eddy_core *core;
    struct test_gate *gate, *other;
    struct test_trace *trace, *spawned;
};
static inline void hook_done(struct hook *self)
{
    test_trace_done(self->trace);
    test_gate_open(self->other, 0);
    test_spawn(self->core, test_value, .trace = self->spawned);
}
EDDY_ASYNC(hook, hook_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, test_gate_poll(self->gate, task));
        EDDY_END(n);
}

#endif
