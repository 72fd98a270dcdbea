/* SPDX-License-Identifier: MIT */
/*
 * boxes.h - short names for boxed futures.
 */
#ifndef EDDY_TEST_BOXES_H
#define EDDY_TEST_BOXES_H

#include "../support/loop.h"
#include "eddy/compose.h"

static inline eddy_handle *handle_of(eddy_core *core)
{
    return eddy_core_handle(core);
}

static inline eddy_future *box(eddy_core *core, eddy_future *frame)
{
    return eddy_box(eddy_core_handle(core), frame);
}

static inline eddy_future *ready(eddy_core *core, eddy_result value)
{
    return eddy_ready(eddy_core_handle(core), value);
}

static inline eddy_future *never(eddy_core *core)
{
    return eddy_never(eddy_core_handle(core));
}

/* Spawn a boxed future whose result is wanted. */
static inline eddy_join *spawn_boxed(eddy_core *core, eddy_future *future)
{
    return test_spawn_join_future(core, future, __FILE__, __LINE__);
}

/* Waits at a gate. */
static inline eddy_future *wait_at(eddy_core *core, struct test_gate *gate,
                                   struct test_trace *trace)
{
    return box(core, EDDY_FUTURE(test_wait, .gate = gate, .trace = trace));
}

/* Gives a value, after it has let the others go `yields` times. */
static inline eddy_future *value_of(eddy_core *core, int yields, eddy_result value,
                                    struct test_trace *trace)
{
    return box(core, EDDY_FUTURE(test_value, .yields = yields, .value = value, .trace = trace));
}

#endif
