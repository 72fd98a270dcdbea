/* SPDX-License-Identifier: MIT */
/*
 * group_end.c - ending the tasks of a group: refuse new ones, ask, cut off, drop.
 */
#include <errno.h>

#include "eddy/explore.h"
#include "group/group.h"

void eddy__group_grace_over(eddy__alarm *alarm)
{
    eddy_group *self = EDDY__CONTAINER(alarm, eddy_group, grace);
    char waits[256];

    EDDY__LIST_FOR_EACH_SAFE (node, next, &self->live) {
        eddy_task *task = eddy__group_task(node);
        eddy_ended ended = eddy__task_ended(task, EDDY_DROPPED);

        if ((task->state & EDDY__TASK_ASKED) == 0)
            continue;
        EDDY_SOMETIMES("group: a task is cut off");
        self->report.cut_off++;
        if (self->options.on_cut_off != NULL) {
            eddy__task_describe(task, self->core->now_ns, waits, sizeof waits);
            self->options.on_cut_off(self->options.hook_arg, &ended, waits);
        }
        task->state |= EDDY__TASK_DOOMED;
    }
    eddy__task_drop_doomed(self->core);
}

/* The first that can be dropped now; those that cannot are marked. */
static eddy_task *droppable(eddy_group *self)
{
    EDDY__LIST_FOR_EACH (node, &self->live) {
        eddy_task *task = eddy__group_task(node);

        if ((task->state & (EDDY__TASK_RUNNING | EDDY__TASK_ENDING)) == 0)
            return task;
        if ((task->state & (EDDY__TASK_ENDING | EDDY__TASK_DOOMED)) == 0)
            eddy__task_drop(task);
    }
    return NULL;
}

void eddy__group_drop_all(eddy_group *self)
{
    eddy_task *task;

    while ((task = droppable(self)) != NULL)
        eddy__task_drop_now(task);
}

void eddy_group_close(eddy_group *self)
{
    eddy__core_check(self->core, "eddy_group_close");
    self->closed = true;
    eddy__group_tell(self, &self->room);
    eddy__group_tell(self, &self->closing);
}

void eddy_group_cancel(eddy_group *self, int64_t grace_ns)
{
    eddy__core_check(self->core, "eddy_group_cancel");
    EDDY__LIST_FOR_EACH (node, &self->live) {
        eddy_task *task = eddy__group_task(node);

        task->state |= EDDY__TASK_ASKED;
        eddy__branch_ask(&task->trunk, -ECANCELED);
    }
    if (grace_ns != EDDY_FOREVER)
        eddy__alarm_start(self->core, &self->grace, grace_ns);
    else
        eddy__alarm_stop(self->core, &self->grace);
}

void eddy_group_abort(eddy_group *self)
{
    eddy__core_check(self->core, "eddy_group_abort");
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
