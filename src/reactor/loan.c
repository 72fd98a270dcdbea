/* SPDX-License-Identifier: MIT */
/*
 * loan.c - see loan.h. A `done` is told neither the task nor the branch in which its future waited,
 * and that may even be gone. So the future keeps a waiter armed beside the waits of what is lent: it
 * is in the same branch, and disarmed with it.
 */
#include "reactor/loan.h"

static const eddy_wait_type loan_wait = {.why = "what is lent"};

/* The guard must not hide that nothing else is armed. */
eddy_result eddy__loan_park(eddy_waiter *guard, eddy_task *task)
{
    const eddy__branch *branch = task->branch;

    eddy_waiter_clear(guard);
    EDDY_ASSERT(
        (branch->state & (EDDY__BRANCH_QUEUED | EDDY__BRANCH_PARKED)) != 0 ||
            !eddy__list_empty(&branch->waits),
        "what future '%s' polls returned EDDY_PENDING but waits for nothing: it would never "
        "be polled again",
        task->at->type->name);
    return eddy_waiter_park(guard, task, &loan_wait);
}

void eddy__loan_return(eddy_future *frame, eddy_task *task)
{
    eddy__future_disarm(frame, task->branch);
}

void eddy__loan_dropped(eddy_future *frame, const eddy_waiter *guard)
{
    if (guard->branch != NULL)
        eddy__future_disarm(frame, guard->branch);
}
