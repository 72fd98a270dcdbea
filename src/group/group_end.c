/* SPDX-License-Identifier: MIT */
/*
 * group_end.c - ending the tasks of a group: refuse new ones, ask, cut off, drop.
 */
#include <errno.h>

#include "eddy/explore.h"
#include "group/group.h"

/* Whatever the hook does to the group or its tasks, the task that it is told of is gone already. When its
 * `done` has freed the group, nobody is there to be told. */
static void cut_off(eddy_group *self, eddy_task *task)
{
    eddy_ended ended = eddy__task_ended(task, EDDY_DROPPED);
    char waits[256] = "";

    EDDY_SOMETIMES("group: a task is cut off");
    self->report.cut_off++;
    if (self->options.on_cut_off != NULL)
        eddy__task_describe(task, self->sync.core->now_ns, waits, sizeof waits);
    eddy__task_drop_now(task);
    if (self->options.on_cut_off != NULL && !self->freed)
        self->options.on_cut_off(self->options.hook_arg, &ended, waits);
}

/* Those that were asked and are there still; what was asked later has its own time. */
static eddy_task *next_asked(eddy_group *self)
{
    EDDY__LIST_FOR_EACH (node, &self->live) {
        eddy_task *task = eddy__group_task(node);

        if ((task->state & EDDY__TASK_ASKED) != 0) {
            task->state &= (uint16_t)~EDDY__TASK_ASKED;
            return task;
        }
    }
    return NULL;
}

void eddy__group_grace_over(eddy__alarm *alarm)
{
    eddy_group *self = EDDY__CONTAINER(alarm, eddy_group, grace);
    eddy_task *task;

    eddy__group_hold(self);
    while ((task = next_asked(self)) != NULL)
        cut_off(self, task);
    eddy__group_unhold(self);
}

/* The first up to number `last` that can be dropped now; those that cannot are marked. */
static eddy_task *droppable(eddy_group *self, uint64_t last)
{
    EDDY__LIST_FOR_EACH (node, &self->live) {
        eddy_task *task = eddy__group_task(node);

        if (task->id > last)
            break;
        if ((task->state & (EDDY__TASK_RUNNING | EDDY__TASK_ENDING)) == 0)
            return task;
        if ((task->state & (EDDY__TASK_ENDING | EDDY__TASK_DOOMED)) == 0)
            eddy__task_drop(task);
    }
    return NULL;
}

void eddy__group_drop_all(eddy_group *self)
{
    uint64_t last = self->sync.core->next_id; /* not what a `done` spawns meanwhile */
    eddy_task *task;

    eddy__group_hold(self);
    while ((task = droppable(self, last)) != NULL)
        eddy__task_drop_now(task);
    eddy__group_unhold(self);
}

void eddy_group_close(eddy_group *self)
{
    eddy__core_check(self->sync.core, "eddy_group_close");
    self->closed = true;
    eddy__group_tell(self, &self->room);
    eddy__group_tell(self, &self->closing);
}

void eddy_group_cancel(eddy_group *self, int64_t grace_ns)
{
    eddy__core_check(self->sync.core, "eddy_group_cancel");
    EDDY__LIST_FOR_EACH (node, &self->live) {
        eddy_task *task = eddy__group_task(node);

        task->state |= EDDY__TASK_ASKED;
        eddy__branch_ask(&task->trunk, -ECANCELED);
    }
    if (grace_ns != EDDY_FOREVER)
        eddy__alarm_start(self->sync.core, &self->grace, grace_ns);
    else
        eddy__alarm_stop(self->sync.core, &self->grace);
}

void eddy_group_abort(eddy_group *self)
{
    eddy__core_check(self->sync.core, "eddy_group_abort");
    eddy__group_drop_all(self);
}

size_t eddy_group_tasks(const eddy_group *self)
{
    return self->live_count;
}

void eddy_group_report_get(const eddy_group *self, eddy_group_report *report)
{
    *report = self->report;
}

eddy_group *eddy_task_group(const eddy_task *task)
{
    if (task->owner == NULL)
        return NULL;
    return EDDY__CONTAINER(task->owner, eddy_group, owner);
}
