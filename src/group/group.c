/* SPDX-License-Identifier: MIT */
/*
 * group.c - who owns tasks: their number, their results, their end.
 *
 * A group is told of each end as the task's owner (reactor/core.h); the task's own memory keeps a
 * result until somebody takes it, so that nothing can fail at an end. The group's memory goes when
 * the user has given it back and no task is left: one that frees its own group is still there.
 */
#include "eddy/group.h"

#include <errno.h>

#include "eddy/explore.h"
#include "reactor/core.h"
#include "sync/ask.h"

#define GRACE_NS EDDY_SECOND

struct eddy_group {
    eddy__sync sync; /* of one loop: no lock */
    eddy__owner owner;
    eddy_core *core;
    eddy_group_options options;
    eddy__node live; /* tasks */
    eddy__node kept; /* tasks that have ended, whose results nobody has taken */
    uint32_t live_count, kept_count;
    eddy__line room, closing;
    eddy_waiter next, idle;
    eddy__alarm grace; /* runs while tasks are asked to end */
    bool closed;
    bool freed; /* by the user */
    eddy_group_report report;
};

static const eddy_wait_type next_wait = {.why = "group: next"};
static const eddy_wait_type idle_wait = {.why = "group: idle"};

static eddy_task *task_of(eddy__node *node)
{
    return EDDY__CONTAINER(node, eddy_task, owned);
}

static void free_memory(eddy_group *self)
{
    if (!self->core->gone || self->grace.timer.armed)
        eddy__alarm_stop(self->core, &self->grace);
    eddy__sync_free(&self->sync);
}

/* ---- the end of a task ---- */

static bool is_full(const eddy_group *self)
{
    return self->options.tasks_max != 0 &&
           self->live_count + self->kept_count >= self->options.tasks_max;
}

/* All who wait look again, in the order in which they came. */
static void tell(eddy_group *self, eddy__line *line)
{
    eddy__wakeups wakeups;

    eddy__wakeups_init(&wakeups);
    eddy__wakeups_all(&wakeups, line);
    eddy__sync_leave(&self->sync, &wakeups);
}

static void tell_room(eddy_group *self)
{
    if (!is_full(self))
        tell(self, &self->room);
}

/* Drops are deferred here: a drop is under way. */
static void apply_policy(eddy_group *self)
{
    if (self->options.on_error == EDDY_CANCEL_OTHERS)
        eddy_group_cancel(self, self->options.grace_ns);
    if (self->options.on_error != EDDY_DROP_OTHERS)
        return;
    EDDY__LIST_FOR_EACH (node, &self->live)
        eddy__task_drop(task_of(node));
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
    bool kept = false;

    eddy__list_remove(&task->owned);
    self->live_count--;
    count(self, &ended);
    if (self->freed) {
        if (self->live_count == 0)
            free_memory(self);
        return false;
    }
    if (self->options.keep_results && !joined)
        kept = keep(self, task, result);
    if (self->live_count == 0) {
        eddy__waiter_wake(&self->idle);
        eddy__waiter_wake(&self->next);
    }
    tell_room(self);
    if (failed)
        apply_policy(self);
    if (failed && !kept)
        eddy__task_report(self->core, &ended);
    return kept;
}

/* ---- life ---- */

/* The grace time is over: those that were asked and are still there are told of, then dropped. */
static void grace_over(eddy__alarm *alarm)
{
    eddy_group *self = EDDY__CONTAINER(alarm, eddy_group, grace);
    char waits[256];

    EDDY__LIST_FOR_EACH_SAFE (node, next, &self->live) {
        eddy_task *task = task_of(node);
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
    self->core = core;
    self->options = taken;
    eddy__list_init(&self->live);
    eddy__list_init(&self->kept);
    eddy__line_init(&self->room, &self->sync, 0);
    eddy__line_init(&self->closing, &self->sync, 0);
    eddy__alarm_init(&self->grace, grace_over);
    *out = self;
    return 0;
}

/* The first that can be dropped now; those that cannot are marked. */
static eddy_task *droppable(eddy_group *self)
{
    EDDY__LIST_FOR_EACH (node, &self->live) {
        eddy_task *task = task_of(node);

        if ((task->state & (EDDY__TASK_RUNNING | EDDY__TASK_ENDING)) == 0)
            return task;
        if ((task->state & (EDDY__TASK_ENDING | EDDY__TASK_DOOMED)) == 0)
            eddy__task_drop(task);
    }
    return NULL;
}

static void drop_all(eddy_group *self)
{
    eddy_task *task;

    while ((task = droppable(self)) != NULL)
        eddy__task_drop_now(task);
}

static void forget_results(eddy_group *self)
{
    while (!eddy__list_empty(&self->kept)) {
        eddy_task *task = task_of(self->kept.next);

        eddy__list_remove(&task->owned);
        self->kept_count--;
        eddy__task_free(task);
    }
}

static void forget_waiter(const eddy_group *self, eddy_waiter *waiter)
{
    if (waiter->branch == NULL)
        return;
    EDDY_ASSERT(self->core->gone || eddy__waiter_is_polled(waiter),
                "group '%s' is freed while task '%s' waits for %s", self->options.name,
                eddy__waiter_name(waiter), waiter->type->why);
    eddy_waiter_clear(waiter);
}

void eddy_group_free(eddy_group *self)
{
    if (self == NULL)
        return;
    EDDY_ASSERT(!self->freed, "group '%s' is freed twice", self->options.name);
    if (!self->core->gone)
        eddy__core_check(self->core, "eddy_group_free");
    forget_waiter(self, &self->next);
    forget_waiter(self, &self->idle);
    if (!self->core->gone) {
        eddy__line_check_empty(&self->room, "eddy_group_free");
        eddy__line_check_empty(&self->closing, "eddy_group_free");
    }
    self->closed = true;
    self->live_count++; /* or the last end would free the memory under our feet */
    self->freed = true;
    drop_all(self);
    forget_results(self);
    if (--self->live_count == 0)
        free_memory(self);
}

/* ---- spawning ---- */

static int refused(const eddy_group *self)
{
    if (self->closed)
        return EDDY_CLOSED;
    return is_full(self) ? EDDY_TASKS_FULL : 0;
}

static int refuse(eddy_group *self, eddy_future *future)
{
    int error = refused(self);

    eddy__core_check(self->core, "eddy_group_spawn");
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
        error = eddy__task_spawn(&self->core->handle, future, &self->owner, &task);
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
    error = eddy__task_spawn_joinable(&self->core->handle, future, &self->owner, join, &task);
    if (error == 0)
        enter(self, task);
    return error;
}

/* ---- waiting ---- */

static bool is_room_or_closed(const eddy__ask *ask)
{
    const eddy_group *self = ask->object;

    return self->closed || !is_full(self);
}

static bool is_closed(const eddy__ask *ask)
{
    return ((const eddy_group *)ask->object)->closed;
}

static eddy_result say_closed(eddy__ask *ask, eddy__wakeups *wakeups)
{
    (void)wakeups;
    return is_closed(ask) ? EDDY_CLOSED : 0;
}

static const eddy__ask_type room_ask = {EDDY__ASK_WAIT("group: room"), "eddy_group_poll_room",
                                        is_room_or_closed, say_closed, false};
static const eddy__ask_type closing_ask = {EDDY__ASK_WAIT("group: closing"),
                                           "eddy_group_poll_closing", is_closed, say_closed, false};

eddy_result eddy_group_poll_room(eddy_group *self, eddy_task *task, eddy_ticket *place)
{
    eddy__ask ask = {.type = &room_ask, .line = &self->room, .ticket = place, .object = self};

    return eddy__ask_poll(&ask, task);
}

eddy_result eddy_group_poll_closing(eddy_group *self, eddy_task *task, eddy_ticket *place)
{
    eddy__ask ask = {.type = &closing_ask, .line = &self->closing, .ticket = place, .object = self};

    return eddy__ask_poll(&ask, task);
}

eddy_result eddy_group_poll_next(eddy_group *self, eddy_task *task, eddy_ended *ended)
{
    eddy_task *first;

    eddy__core_check(self->core, "eddy_group_poll_next");
    EDDY_ASSERT(self->options.keep_results,
                "group '%s' is asked for results that it does not keep: set keep_results",
                self->options.name);
    if (self->kept_count == 0 && self->live_count > 0)
        return eddy_waiter_park(&self->next, task, &next_wait);
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    eddy_waiter_clear(&self->next);
    if (self->kept_count == 0)
        return 0;
    first = task_of(self->kept.next);
    *ended = eddy__task_ended(first, first->result);
    eddy__list_remove(&first->owned);
    self->kept_count--;
    eddy__task_free(first);
    tell_room(self);
    return 1;
}

eddy_result eddy_group_poll_idle(eddy_group *self, eddy_task *task)
{
    eddy__core_check(self->core, "eddy_group_poll_idle");
    EDDY_ASSERT(task->owner != &self->owner,
                "task '%s' waits until group '%s' is idle, and is in it: it would wait for itself",
                eddy_task_name(task), self->options.name);
    if (self->live_count > 0)
        return eddy_waiter_park(&self->idle, task, &idle_wait);
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    eddy_waiter_clear(&self->idle);
    return 0;
}

/* ---- ending its tasks ---- */

void eddy_group_close(eddy_group *self)
{
    eddy__core_check(self->core, "eddy_group_close");
    self->closed = true;
    tell(self, &self->room);
    tell(self, &self->closing);
}

void eddy_group_cancel(eddy_group *self, int64_t grace_ns)
{
    eddy__core_check(self->core, "eddy_group_cancel");
    EDDY__LIST_FOR_EACH (node, &self->live) {
        eddy_task *task = task_of(node);

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
    drop_all(self);
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
