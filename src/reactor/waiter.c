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

_Static_assert(sizeof(((eddy_waiter *)0)->in_task) == sizeof(eddy__node), "in_task is a node");

static eddy__node *link_of(eddy_waiter *self)
{
    return (eddy__node *)(void *)&self->in_task;
}

static void disarm(eddy_waiter *self)
{
    self->task->core->external_waits -= self->type->external;
    eddy__list_remove(link_of(self));
    self->task = NULL;
}

static void arm(eddy_waiter *self, eddy_task *task, const eddy_wait_type *type)
{
    eddy__list_append(&task->waits, link_of(self));
    self->task = task;
    self->type = type;
    task->core->external_waits += type->external;
}

static void change(eddy_waiter *self, const eddy_wait_type *type)
{
    self->task->core->external_waits += (uint32_t)type->external - self->type->external;
    self->type = type;
}

/* A cancel request is told once, by the first wait that is not shielded. */
static bool takes_cancel(eddy_task *task)
{
    if ((task->state & EDDY__TASK_CANCEL) == 0 || task->shields > 0)
        return false;
    task->state &= (uint16_t)~EDDY__TASK_CANCEL;
    return true;
}

eddy_result eddy_waiter_park(eddy_waiter *self, eddy_task *task, const eddy_wait_type *type)
{
    EDDY_ASSERT((task->state & EDDY__TASK_RUNNING) != 0,
                "task '%s' would wait for %s, but it is not being polled: pass the task that poll "
                "was given",
                eddy_task_name(task), type->why);
    EDDY_ASSERT(self->task == NULL || self->task == task,
                "two tasks would wait for %s of one object: '%s' already waits, '%s' may not",
                type->why, eddy_task_name(self->task), eddy_task_name(task));
    if (takes_cancel(task)) {
        EDDY_SOMETIMES("task: cancelled at a wait");
        eddy_waiter_clear(self);
        return -ECANCELED;
    }
    if (self->task == NULL)
        arm(self, task, type);
    else if (self->type != type)
        change(self, type);
    self->frame = task->at;
    return EDDY_PENDING;
}

void eddy__waiter_wake(eddy_waiter *self)
{
    eddy_task *task = self->task;

    if (task == NULL)
        return;
    disarm(self);
    eddy__task_wake(task);
}

void eddy_waiter_wake(eddy_waiter *self)
{
    if (self->task == NULL)
        return;
    eddy__core_check(self->task->core, "eddy_waiter_wake");
    eddy__waiter_wake(self);
}

void eddy_waiter_clear(eddy_waiter *self)
{
    if (self->task != NULL)
        disarm(self);
}

void eddy__waiters_disarm(eddy_task *task, const void *from, size_t size)
{
    uintptr_t low = (uintptr_t)from;

    EDDY__LIST_FOR_EACH_SAFE (node, next, &task->waits) {
        eddy_waiter *waiter = EDDY__CONTAINER(node, eddy_waiter, in_task);

        if ((uintptr_t)waiter->frame - low >= size)
            continue;
        disarm(waiter);
        if (waiter->type->disarm != NULL)
            waiter->type->disarm(waiter);
    }
}

/* The task polls again at the next turn; what it does not get now, others get. */
eddy_result eddy__task_yield(eddy_task *task)
{
    task->budget = 0;
    task->core->stats.limit_task_budget++;
    eddy__task_wake(task);
    return EDDY_PENDING;
}

void eddy__yield(eddy_task *task)
{
    eddy__task_wake(task);
}

eddy_result eddy_task_park(eddy_task *task, const char *why)
{
    if (takes_cancel(task))
        return -ECANCELED;
    task->state |= EDDY__TASK_PARKED;
    task->parked_why = why;
    if ((task->state & EDDY__TASK_NOTIFIED) != 0)
        eddy__task_wake(task);
    return EDDY_PENDING;
}

eddy_result eddy_task_check_cancel(eddy_task *task)
{
    return takes_cancel(task) ? -ECANCELED : 0;
}

void eddy_task_shield(eddy_task *task, bool on)
{
    EDDY_ASSERT(on || task->shields > 0, "task '%s' takes away a shield that it has not put up",
                eddy_task_name(task));
    task->shields = (uint16_t)(task->shields + (on ? 1 : -1));
}
