/* SPDX-License-Identifier: MIT */
/*
 * eddy.c - eddy's program of the table of costs: main(), and what its measures stand on.
 */
#include "eddy.h"

#include <stdio.h>

void total_add(struct total *self, uint64_t value)
{
    self->sum += value;
    if (--self->left == 0)
        gate_open(&self->all);
}

void run_one(eddy_core *core, eddy_future *future)
{
    measure_check(eddy_core_run(core, future) == 0, "the future failed");
}

struct fanned {
    EDDY_FRAME;
    eddy_future *(*make)(eddy_handle *handle, uint64_t times, struct total *total);
    uint64_t times;
    struct total *total;
};
EDDY_ASYNC(fanned, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (int i = 0; i < FAN; i++) {
            n = eddy_spawn(eddy_task_handle(task),
                           self->make(eddy_task_handle(task), self->times, self->total));
            measure_check(n == 0, "spawn");
        }
        EDDY_POLL(n, gate_poll(&self->total->all, task));
        EDDY_END(n);
}

uint64_t fan(eddy_core *core, uint64_t count,
             eddy_future *(*make)(eddy_handle *handle, uint64_t times, struct total *total),
             struct total *total)
{
    uint64_t times = count / FAN + 1;

    *total = (struct total){.left = FAN};
    run_one(core, EDDY_FUTURE(fanned, .make = make, .times = times, .total = total));
    return times * FAN;
}

static eddy_result tick_poll(eddy_future *future, eddy_task *task)
{
    struct tick *self = (struct tick *)(void *)future;

    if (self->frame.line++ > 0)
        return self->value;
    eddy__yield(task);
    return EDDY_PENDING;
}

static void tick_done(eddy_future *future)
{
    (void)future; /* it owns nothing */
}

const eddy_type tick_type = {
    .poll = tick_poll,
    .done = tick_done,
    .size_bytes = sizeof(struct tick),
    .name = "tick",
};

int main(int argc, char **argv)
{
    const measure *const lists[] = {
        eddy_tasks,    eddy_groups, eddy_awaits, eddy_sets, eddy_unordered,
        eddy_channels, eddy_timers, eddy_pools,  NULL,
    };
    measure_program program = {.lists = lists};
    char version[64];
    eddy_core *core;
    int status;

    if (eddy_core_new(NULL, &core) != 0)
        return 1;
    (void)snprintf(version, sizeof version, "eddy %d.%d.%d on %s", EDDY_VERSION_MAJOR,
                   EDDY_VERSION_MINOR, EDDY_VERSION_PATCH, eddy_core_driver_name(core));
    program.version = version;
    program.arg = core;
    status = measure_main(argc, argv, &program);
    eddy_core_free(core);
    return status;
}
