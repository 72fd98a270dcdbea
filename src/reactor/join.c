/* SPDX-License-Identifier: MIT */
/*
 * join.c - await, abort, cancel or detach a task. The handle outlives both the task and the loop.
 */
#include <errno.h>

#include "reactor/join.h"

struct eddy_join {
    eddy_core *core;
    eddy_task *task;  /* NULL once it has ended, or when the user has detached it */
    bool read;        /* somebody has been told the result */
    eddy_ended ended; /* result EDDY_PENDING: it has not */
    eddy_waiter waiter;
    eddy__alarm grace;
};

static const eddy_wait_type join_wait = {.why = "join"};

/* The grace time of a cancel request is over. */
static void grace_over(eddy__alarm *alarm)
{
    eddy_join *self = EDDY__CONTAINER(alarm, eddy_join, grace);

    if (self->task != NULL)
        eddy__task_drop(self->task);
}

eddy_join *eddy__join_new(eddy_core *core)
{
    eddy_join *self = eddy__slab_alloc(&core->slab, sizeof *self);

    if (self == NULL)
        return NULL;
    self->core = core;
    self->ended.result = EDDY_PENDING;
    eddy__alarm_init(&self->grace, grace_over);
    eddy__core_memory_retain(core);
    return self;
}

void eddy__join_discard(eddy_join *self)
{
    eddy_core *core = self->core;

    /* Once the loop is gone the wheel is not to be touched, from whatever thread this is; but while
     * it is going, a `done` may give back a join whose grace time is under way. */
    if (!core->gone || self->grace.timer.armed)
        eddy__alarm_stop(core, &self->grace);
    eddy__core_object_free(core, self, sizeof *self);
    eddy__core_memory_release(core);
}

void eddy__join_bind(eddy_join *self, eddy_task *task)
{
    self->task = task;
    task->join = self;
}

void eddy__join_finish(eddy_join *self, const eddy_ended *ended)
{
    self->task = NULL;
    self->ended = *ended;
    eddy__alarm_stop(self->core, &self->grace);
    eddy__waiter_wake(&self->waiter);
}

eddy_result eddy_join_poll(eddy_join *self, eddy_task *task)
{
    EDDY_ASSERT(task->core == self->core || self->core->gone,
                "task '%s' waits for a task of another loop: use eddy_remote_call",
                eddy_task_name(task));
    if (self->ended.result == EDDY_PENDING)
        return eddy_waiter_park(&self->waiter, task, &join_wait);
    eddy_waiter_clear(&self->waiter);
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    self->read = true;
    return self->ended.result;
}

const eddy_ended *eddy_join_ended(const eddy_join *self)
{
    return self->ended.result == EDDY_PENDING ? NULL : &self->ended;
}

void eddy_join_abort(eddy_join *self)
{
    eddy__core_check(self->core, "eddy_join_abort");
    if (self->task != NULL)
        eddy__task_drop(self->task);
}

void eddy__join_drop_now(eddy_join *self)
{
    if (self->task != NULL)
        eddy__task_drop_now(self->task);
}

void eddy_join_cancel(eddy_join *self, int64_t grace_ns)
{
    eddy__core_check(self->core, "eddy_join_cancel");
    if (self->task == NULL)
        return;
    eddy__branch_ask(&self->task->trunk, -ECANCELED);
    if (grace_ns != EDDY_FOREVER)
        eddy__alarm_start(self->core, &self->grace, grace_ns);
    else
        eddy__alarm_stop(self->core, &self->grace);
}

void eddy_join_free(eddy_join *self)
{
    if (self == NULL)
        return;
    if (!self->core->gone)
        eddy__core_check(self->core, "eddy_join_free");
    EDDY_ASSERT(self->waiter.branch == NULL, "a join handle is freed while task '%s' waits for it",
                eddy__waiter_name(&self->waiter));
    if (self->task != NULL)
        self->task->join = NULL;
    else if (!self->read && !self->core->gone)
        eddy__task_report(self->core, &self->ended);
    eddy__join_discard(self);
}
