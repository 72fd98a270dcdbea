/* SPDX-License-Identifier: MIT */
/*
 * waiter.c - the choke point: every wait of every task passes here, and nothing else may produce
 * EDDY_PENDING. A waiter that is armed stands in its task's list together with why, and with the
 * innermost future that was being polled. From that one list come: the safe drop of anything (the
 * waits of a dropped future are disarmed), the report of what each task waits for, the assertion
 * about a task that waits for nothing, and cancel requests.
 */
#include <errno.h>

#include "eddy/explore.h"
#include "reactor/core.h"

_Static_assert(sizeof(((eddy_waiter *)0)->in_branch) == sizeof(eddy__node), "in_branch is a node");

const char *eddy__waiter_name(const eddy_waiter *self)
{
    const eddy_task *task = eddy__branch_task(self->branch);

    return task != NULL ? eddy_task_name(task) : "a future that nobody polls";
}

bool eddy__waiter_is_polled(const eddy_waiter *self)
{
    const eddy_task *task = eddy__branch_task(self->branch);

    return task != NULL && (task->state & EDDY__TASK_RUNNING) != 0;
}

static bool is_around(const eddy__branch *outer, const eddy__branch *inner)
{
    while (inner != NULL && inner != outer)
        inner = inner->set != NULL ? inner->set->outer : NULL;
    return inner != NULL;
}

bool eddy__waiter_may_move(const eddy_waiter *self, const eddy_task *task)
{
    return self->branch == task->branch || is_around(self->branch, task->branch) ||
           is_around(task->branch, self->branch);
}

eddy_result eddy_waiter_park(eddy_waiter *self, eddy_task *task, const eddy_wait_type *type)
{
    int32_t asked;

    EDDY_ASSERT((task->state & EDDY__TASK_RUNNING) != 0,
                "task '%s' would wait for %s, but it is not being polled: pass the task that poll "
                "was given",
                eddy_task_name(task), type->why);
    EDDY_ASSERT(self->branch == NULL || eddy__waiter_may_move(self, task),
                "two tasks would wait for %s of one object: '%s' already waits, '%s' may not",
                type->why, eddy__waiter_name(self), eddy_task_name(task));
    asked = eddy__branch_take_asked(task);
    if (asked != 0) {
        EDDY_SOMETIMES("task: cancelled at a wait");
        eddy_waiter_clear(self);
        return asked;
    }
    if (self->branch != NULL && (self->branch != task->branch || self->type != type))
        eddy__waiter_disarm(self);
    if (self->branch == NULL)
        eddy__waiter_arm(self, task, type);
    else
        self->frame = task->at;
    return EDDY_PENDING;
}

void eddy__waiter_wake(eddy_waiter *self)
{
    eddy__branch *branch = self->branch;

    if (branch == NULL)
        return;
    eddy__waiter_disarm(self);
    eddy__branch_wake_here(branch);
}

void eddy_waiter_wake(eddy_waiter *self)
{
    if (self->branch == NULL)
        return;
    eddy__core_check(self->branch->core, "eddy_waiter_wake");
    eddy__waiter_wake(self);
}

void eddy_waiter_nudge(eddy_waiter *self)
{
    if (self->branch == NULL)
        return;
    eddy__core_check(self->branch->core, "eddy_waiter_nudge");
    eddy__branch_wake(self->branch);
}

void eddy_waiter_clear(eddy_waiter *self)
{
    eddy__waiter_clear(self);
}

void eddy__waiters_disarm(eddy__branch *branch, const void *from, size_t size)
{
    uintptr_t low = (uintptr_t)from;

    EDDY__LIST_FOR_EACH_SAFE (node, next, &branch->waits) {
        eddy_waiter *waiter = EDDY__CONTAINER(node, eddy_waiter, in_branch);

        if ((uintptr_t)waiter->frame - low >= size)
            continue;
        eddy__waiter_disarm(waiter);
        if (waiter->type->disarm != NULL)
            waiter->type->disarm(waiter);
    }
}

/* The task polls again at the next turn; what it does not get now, others get. */
eddy_result eddy__task_yield(eddy_task *task)
{
    task->budget = 0;
    task->core->stats.limit_task_budget++;
    eddy__branch_wake(task->branch);
    return EDDY_PENDING;
}

void eddy__yield(eddy_task *task)
{
    eddy__branch_wake(task->branch);
}

eddy_result eddy_task_park(eddy_task *task, const char *why)
{
    eddy__branch *branch = task->branch;
    int32_t asked = eddy__branch_take_asked(task);

    if (asked != 0)
        return asked;
    branch->state |= EDDY__BRANCH_PARKED;
    branch->parked_why = why;
    if ((branch->state & EDDY__BRANCH_NOTIFIED) != 0)
        eddy__branch_wake(branch);
    return EDDY_PENDING;
}

eddy_result eddy_task_check_cancel(eddy_task *task)
{
    return eddy__branch_take_asked(task);
}

void eddy_task_shield(eddy_task *task, bool on)
{
    eddy__branch *branch = task->branch;

    EDDY_ASSERT(on || branch->shields > 0, "task '%s' takes away a shield that it has not put up",
                eddy_task_name(task));
    branch->shields = (uint16_t)(branch->shields + (on ? 1 : -1));
    eddy__future_count_shield(task->at, on);
}
