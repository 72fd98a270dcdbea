/* SPDX-License-Identifier: MIT */
/*
 * group.c - who owns tasks: their number, their results, their end.
 *
 * A group is told of each end as the task's owner (reactor/core.h); the task's own memory keeps a
 * result until somebody takes it, so that nothing can fail at an end. The group's memory goes when
 * the user has given it back and no task is left: one that frees its own group is still there.
 */
#include "group/group.h"

#include <errno.h>

#define GRACE_NS EDDY_SECOND

/* Its own tasks have ended: whoever still stands in line is no member. */
static void free_memory(eddy_group *self)
{
    if (!self->sync.core->gone) {
        eddy__line_check_empty(&self->room, "eddy_group_free");
        eddy__line_check_empty(&self->closing, "eddy_group_free");
    }
    if (!self->sync.core->gone || self->grace.timer.armed)
        eddy__alarm_stop(self->sync.core, &self->grace);
    eddy__sync_free(&self->sync);
}

void eddy__group_unhold(eddy_group *self)
{
    if (--self->holds == 0 && self->freed && self->live_count == 0)
        free_memory(self);
}

/* ---- the end of a task ---- */

/* Drops are deferred here: a drop is under way. */
static void apply_policy(eddy_group *self)
{
    if (self->options.on_error == EDDY_CANCEL_OTHERS)
        eddy_group_cancel(self, self->options.grace_ns);
    if (self->options.on_error != EDDY_DROP_OTHERS)
        return;
    EDDY__LIST_FOR_EACH (node, &self->live)
        eddy__task_drop(eddy__group_task(node));
}

static void count(eddy_group *self, const eddy_ended *ended)
{
    self->report.ended++;
    if (ended->result == EDDY_DROPPED) {
        self->report.dropped++;
    } else if (ended->result < 0) {
        self->report.errors++;
        if (self->report.first_error.id == 0)
            self->report.first_error = *ended;
    }
}

static bool keep(eddy_group *self, eddy_task *task, eddy_result result)
{
    task->result = result;
    eddy__list_append(&self->kept, &task->owned);
    self->kept_count++;
    eddy__waiter_wake(&self->next);
    return true;
}

static bool group_ended(eddy__owner *owner, eddy_task *task, eddy_result result, bool joined)
{
    eddy_group *self = EDDY__CONTAINER(owner, eddy_group, owner);
    eddy_ended ended = eddy__task_ended(task, result);
    bool failed = result < 0 && result != EDDY_DROPPED && !joined;
    bool asked = (task->state & EDDY__TASK_ASKED) != 0; /* its error is what it was asked for */
    bool kept = false;

    eddy__list_remove(&task->owned);
    self->live_count--;
    count(self, &ended);
    if (self->freed) {
        if (self->live_count == 0 && self->holds == 0)
            free_memory(self);
        return false;
    }
    if (self->options.keep_results && !joined)
        kept = keep(self, task, result);
    if (self->live_count == 0) {
        eddy__waiter_wake(&self->idle);
        eddy__waiter_wake(&self->next);
    }
    eddy__group_tell_room(self);
    if (failed && !asked)
        apply_policy(self);
    if (failed && !kept)
        eddy__task_report(self->sync.core, &ended);
    return kept;
}

static void group_room(eddy__owner *owner)
{
    eddy__group_tell_room(EDDY__CONTAINER(owner, eddy_group, owner));
}

/* ---- life ---- */

static int take_options(const eddy_group_options *given, eddy_group_options *taken)
{
    *taken = (eddy_group_options){.size_bytes = sizeof *taken};
    if (given != NULL) {
        if (given->size_bytes != sizeof *given || given->grace_ns < 0 ||
            given->on_error > EDDY_DROP_OTHERS)
            return -EINVAL;
        *taken = *given;
    }
    if (taken->name == NULL)
        taken->name = "group";
    if (taken->grace_ns == 0)
        taken->grace_ns = GRACE_NS;
    return 0;
}

int eddy_group_new(eddy_handle *handle, const eddy_group_options *options, eddy_group **out)
{
    eddy_core *core = handle->core;
    eddy_group_options taken;
    eddy_group *self;
    int error;

    eddy__core_check(core, "eddy_group_new");
    if (take_options(options, &taken) != 0)
        return -EINVAL;
    self = eddy__sync_new(handle, NULL, taken.name, sizeof *self, &error);
    if (self == NULL)
        return error;
    self->owner.ended = group_ended;
    self->owner.room = group_room;
    eddy__list_init(&self->owner.hungry);
    self->options = taken;
    eddy__list_init(&self->live);
    eddy__list_init(&self->kept);
    eddy__line_init(&self->room, &self->sync, 0);
    eddy__line_init(&self->closing, &self->sync, 0);
    eddy__alarm_init(&self->grace, eddy__group_grace_over);
    *out = self;
    return 0;
}

static void forget_results(eddy_group *self)
{
    while (!eddy__list_empty(&self->kept)) {
        eddy_task *task = eddy__group_task(self->kept.next);

        eddy__list_remove(&task->owned);
        self->kept_count--;
        eddy__task_free(task);
    }
}

static void forget_waiter(const eddy_group *self, eddy_waiter *waiter)
{
    if (waiter->branch == NULL)
        return;
    EDDY_ASSERT(self->sync.core->gone || eddy__waiter_is_polled(waiter),
                "group '%s' is freed while task '%s' waits for %s", self->options.name,
                eddy__waiter_name(waiter), waiter->type->why);
    eddy_waiter_clear(waiter);
}

void eddy_group_free(eddy_group *self)
{
    if (self == NULL)
        return;
    EDDY_ASSERT(!self->freed, "group '%s' is freed twice", self->options.name);
    if (!self->sync.core->gone)
        eddy__core_check(self->sync.core, "eddy_group_free");
    self->closed = true;
    self->freed = true;
    eddy__group_hold(self);
    eddy__group_drop_all(self);
    forget_waiter(self, &self->next);
    forget_waiter(self, &self->idle);
    eddy__list_remove(&self->owner.hungry);
    forget_results(self);
    eddy__group_unhold(self);
}

/* ---- spawning ---- */

static int refused(const eddy_group *self)
{
    if (self->closed)
        return EDDY_CLOSED;
    return eddy__group_is_full(self) ? EDDY_TASKS_FULL : 0;
}

static int refuse(eddy_group *self, eddy_future *future)
{
    int error = refused(self);

    eddy__core_check(self->sync.core, "eddy_group_spawn");
    if (error != 0)
        eddy_future_drop(future);
    return error;
}

static void enter(eddy_group *self, eddy_task *task)
{
    eddy__list_append(&self->live, &task->owned);
    self->live_count++;
    self->report.spawned++;
    eddy__task_wake(task);
}

int eddy_group_spawn(eddy_group *self, eddy_future *future)
{
    eddy_task *task = NULL;
    int error = refuse(self, future);

    if (error == 0)
        error = eddy__task_spawn(&self->sync.core->handle, future, &self->owner, &task);
    else
        return error;
    if (error == 0)
        enter(self, task);
    return error;
}

int eddy_group_spawn_joinable(eddy_group *self, eddy_future *future, eddy_join **join)
{
    eddy_task *task = NULL;
    int error = refuse(self, future);

    if (error != 0)
        return error;
    error = eddy__task_spawn_joinable(&self->sync.core->handle, future, &self->owner, join, &task);
    if (error == 0)
        enter(self, task);
    return error;
}
