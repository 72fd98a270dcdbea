/* SPDX-License-Identifier: MIT */
/*
 * eddy.c - eddy's in-process figures: main(), and what they stand on.
 */
#include "eddy.h"

static const char *driver;

eddy_core *new_core(uint32_t tasks_max)
{
    eddy_core *core = NULL;
    int error = eddy_core_new(
        EDDY_OPTIONS(eddy_core_options, .driver = driver, .tasks_max = tasks_max), &core);

    micro_check(error == 0, "a loop on this driver");
    return core;
}

void run_one(eddy_core *core, eddy_future *future)
{
    micro_check(eddy_core_run(core, future) == 0, "the future's result");
}

void spawn(eddy_handle *handle, eddy_future *future)
{
    micro_check(eddy_spawn(handle, future) == 0, "a task was not spawned");
}

void latch_count_down(struct latch *self)
{
    if (--self->left == 0)
        eddy_waiter_wake(&self->waiter);
}

eddy_result latch_poll(struct latch *self, eddy_task *task)
{
    static const eddy_wait_type wait = {.why = "latch"};

    if (self->left > 0)
        return eddy_waiter_park(&self->waiter, task, &wait);
    return 0;
}

struct wait_latch {
    EDDY_FRAME;
    struct latch *latch;
};
EDDY_ASYNC(wait_latch, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, latch_poll(self->latch, task));
        EDDY_END(n);
}

eddy_future *latch_future(eddy_core *core, struct latch *latch)
{
    return eddy_box(eddy_core_handle(core), EDDY_FUTURE(wait_latch, .latch = latch));
}

int main(int argc, char **argv)
{
    static const micro_group groups[] = {
        {"timers", eddy_run_timers},
        {"fire", eddy_run_fire},
        {"spawn", eddy_run_spawn},
        {"wake", eddy_run_wake},
        {"threads", eddy_run_threads},
        {"channels", eddy_run_channels},
        {NULL, NULL},
    };

    driver = micro_option(argc, argv, "--driver=");
    return micro_main(argc, argv, groups);
}
