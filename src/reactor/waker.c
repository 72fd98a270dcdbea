/* SPDX-License-Identifier: MIT */
/*
 * waker.c - wake a task, or a branch of it, from anywhere. A waker is a slot of the loop's inbox and
 * the generation it had; each holds a reference to the inbox, which outlives the loop.
 */
#include <errno.h>

#include "reactor/core.h"

int eddy_task_waker(eddy_task *task, eddy_waker *waker)
{
    eddy_core *core = task->core;
    eddy__inbox *inbox = eddy__core_inbox(core);
    eddy__branch *branch = task->branch;
    int error = 0;

    if (inbox == NULL)
        return -ENOMEM;
    if (branch->waker_slot == 0)
        error = (int)eddy__inbox_slot_new(inbox, branch, &branch->waker_slot,
                                          &branch->waker_generation);
    if (error != 0)
        return error;
    eddy__inbox_retain(inbox);
    *waker = (eddy_waker){inbox, branch->waker_slot, branch->waker_generation};
    return 0;
}

bool eddy_waker_wake(const eddy_waker *waker)
{
    return waker->inbox != NULL && eddy__inbox_wake(waker->inbox, waker->slot, waker->generation);
}

eddy_waker eddy_waker_retain(const eddy_waker *waker)
{
    if (waker->inbox != NULL)
        eddy__inbox_retain(waker->inbox);
    return *waker;
}

void eddy_waker_release(eddy_waker *waker)
{
    if (waker->inbox != NULL)
        eddy__inbox_release(waker->inbox);
    *waker = (eddy_waker){0};
}
