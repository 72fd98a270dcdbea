/* SPDX-License-Identifier: MIT */
/*
 * eddy_groups.c - tasks of a group, spawned and reaped, with their results.
 */
#include <eddy/group.h>

#include "eddy.h"

struct value {
    EDDY_FRAME;
    uint64_t value;
};
EDDY_ASYNC(value, eddy_nothing)
{
    EDDY_BEGIN
        EDDY_END((eddy_result)self->value);
}

struct reap {
    EDDY_FRAME;
    eddy_group *group;
    uint64_t count, done;
    uint64_t *sum;
    eddy_ended ended;
};
EDDY_ASYNC(reap, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->done < self->count) {
            for (int i = 0; i < BATCH; i++) {
                n = eddy_group_spawn(self->group, EDDY_FUTURE(value, .value = self->done++));
                measure_check(n == 0, "spawn");
            }
            for (;;) {
                EDDY_POLL(n, eddy_group_poll_next(self->group, task, &self->ended));
                if (n == 0)
                    break;
                *self->sum += (uint64_t)self->ended.result;
            }
        }
        EDDY_END(0);
}

static uint64_t run_group(void *core, uint64_t count)
{
    eddy_group *group;
    uint64_t sum = 0;
    uint64_t done = (count / BATCH + 1) * BATCH;
    int error = eddy_group_new(eddy_core_handle(core),
                               EDDY_OPTIONS(eddy_group_options, .keep_results = true), &group);

    measure_check(error == 0, "a group");
    run_one(core, EDDY_FUTURE(reap, .group = group, .count = done, .sum = &sum));
    eddy_group_free(group);
    measure_check(sum == measure_sum(done), "sum of what the tasks returned");
    return done;
}

const measure eddy_groups[] = {
    {"group", run_group, false},
    {NULL, NULL, false},
};
