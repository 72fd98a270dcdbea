/* SPDX-License-Identifier: MIT */
/*
 * eddy_awaits.c - what it costs to await what is ready: a child in the frame, a boxed one, and the
 * steps of a chain.
 */
#include <eddy/compose.h>

#include "eddy.h"

struct ready_value {
    EDDY_FRAME;
    uint64_t value;
};
EDDY_ASYNC(ready_value, eddy_nothing)
{
    EDDY_BEGIN
        EDDY_END((eddy_result)self->value);
}

struct await_child {
    EDDY_FRAME;
    uint64_t count, at;
    uint64_t *sum;
    struct ready_value child;
};
EDDY_ASYNC(await_child, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->at < self->count; self->at++) {
            self->child = EDDY_INIT(ready_value, .value = self->at);
            EDDY_AWAIT(n, &self->child);
            *self->sum += (uint64_t)n;
        }
        EDDY_END(0);
}

static uint64_t run_await_child(void *core, uint64_t count)
{
    uint64_t sum = 0;

    run_one(core, EDDY_FUTURE(await_child, .count = count, .sum = &sum));
    measure_check(sum == measure_sum(count), "sum of what was awaited");
    return count;
}

struct await_boxed {
    EDDY_FRAME;
    uint64_t count, at;
    uint64_t *sum;
    eddy_future *child;
};
EDDY_ASYNC(await_boxed, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->at < self->count; self->at++) {
            self->child =
                eddy_box(eddy_task_handle(task), EDDY_FUTURE(ready_value, .value = self->at));
            EDDY_AWAIT_FUTURE(n, self->child);
            *self->sum += (uint64_t)n;
        }
        EDDY_END(0);
}

static uint64_t run_await_boxed(void *core, uint64_t count)
{
    uint64_t sum = 0;

    run_one(core, EDDY_FUTURE(await_boxed, .count = count, .sum = &sum));
    measure_check(sum == measure_sum(count), "sum of what was awaited");
    return count;
}

/* ---- chains ---- */

enum { STEPS = 100 };

static eddy_result one_more(void *arg, eddy_result value)
{
    (void)arg;
    return value + 1;
}

static eddy_future *then_one_more(void *arg, eddy_handle *handle, eddy_result value)
{
    (void)arg;
    return eddy_ready(handle, value + 1);
}

struct chains {
    EDDY_FRAME;
    bool is_mapped;
    uint64_t count, at;
    uint64_t *sum;
    eddy_future *chain;
};

static eddy_future *chain_new(const struct chains *self, eddy_handle *handle)
{
    eddy_future *chain = eddy_ready(handle, (eddy_result)self->at);

    for (int i = 0; i < STEPS; i++)
        chain = self->is_mapped ? eddy_map(chain, one_more, NULL)
                                : eddy_and_then(chain, then_one_more, NULL);
    return chain;
}

EDDY_ASYNC(chains, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->at < self->count; self->at++) {
            self->chain = chain_new(self, eddy_task_handle(task));
            EDDY_AWAIT_FUTURE(n, self->chain);
            *self->sum += (uint64_t)n;
        }
        EDDY_END(0);
}

/* Counts the steps; each chain is made, run and gone. */
static uint64_t run_chains(eddy_core *core, uint64_t count, bool is_mapped)
{
    uint64_t chains = count / STEPS + 1;
    uint64_t sum = 0;

    run_one(core, EDDY_FUTURE(chains, .is_mapped = is_mapped, .count = chains, .sum = &sum));
    measure_check(sum == measure_sum(chains) + chains * STEPS, "sum of what the chains gave");
    return chains * STEPS;
}

static uint64_t run_chain_map(void *core, uint64_t count)
{
    return run_chains(core, count, true);
}

static uint64_t run_chain_and_then(void *core, uint64_t count)
{
    return run_chains(core, count, false);
}

const measure eddy_awaits[] = {
    {"await_child", run_await_child, false},
    {"await_boxed", run_await_boxed, false},
    {"chain_map", run_chain_map, false},
    {"chain_and_then", run_chain_and_then, false},
    {NULL, NULL, false},
};
