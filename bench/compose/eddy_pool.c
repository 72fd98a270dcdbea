/* SPDX-License-Identifier: MIT */
/*
 * eddy_pool.c - work on a thread of a pool: one thread, one piece of work after the other.
 */
#include <eddy/pool.h>

#include "eddy.h"

static eddy_result one_more(void *arg)
{
    const uint64_t *number = arg;

    return (eddy_result)*number + 1;
}

struct call_pool {
    EDDY_FRAME;
    eddy_pool *pool;
    uint64_t count, at;
    uint64_t *sum;
    eddy_future *work;
};
EDDY_ASYNC(call_pool, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->at < self->count; self->at++) {
            self->work = eddy_blocking(eddy_task_handle(task), self->pool, one_more, &self->at);
            EDDY_AWAIT_FUTURE(n, self->work);
            *self->sum += (uint64_t)n;
        }
        EDDY_END(0);
}

static uint64_t run_pool(void *core, uint64_t count)
{
    eddy_pool *pool;
    uint64_t sum = 0;

    measure_check(eddy_pool_new(EDDY_OPTIONS(eddy_pool_options, .threads = 1), &pool) == 0,
                  "a pool");
    run_one(core, EDDY_FUTURE(call_pool, .pool = pool, .count = count, .sum = &sum));
    eddy_pool_release(pool);
    measure_check(sum == measure_sum(count + 1), "sum of what the pool returned");
    return count;
}

const measure eddy_pools[] = {
    {"pool", run_pool, false},
    {NULL, NULL, false},
};
