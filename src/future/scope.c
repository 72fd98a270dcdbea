/* SPDX-License-Identifier: MIT */
/*
 * scope.c - one branch with a deadline: asks, waits a while, drops. The request travels as any other
 * (branch.c): through the sets and scopes inside, to each wait once.
 */
#include "eddy/scope.h"

#include <errno.h>

#include "eddy/explore.h"
#include "reactor/core.h"
#include "time/sleep.h"

_Static_assert(sizeof(eddy_branch) == sizeof(eddy__branch), "branch.h shows its size");
_Static_assert(sizeof(eddy_branches) == sizeof(eddy__branches), "branch.h shows its size");

static const eddy_wait_type scope_wait = {"scope", eddy__branches_disarmed, false};

static struct eddy_scope *scope_of(eddy_future *future)
{
    return (struct eddy_scope *)(void *)future;
}

static eddy__branches *set_of(struct eddy_scope *self)
{
    return (eddy__branches *)(void *)&self->set;
}

static eddy__branch *branch_of(struct eddy_scope *self)
{
    return (eddy__branch *)(void *)&self->branch;
}

static void begin(struct eddy_scope *self, eddy_task *task)
{
    eddy__branches_init(set_of(self));
    eddy__branch_init(branch_of(self), task->core);
    eddy__branches_add(set_of(self), branch_of(self));
    if (self->duration_ns == 0)
        return;
    eddy_sleep_start(&self->limit, task, self->duration_ns);
    set_of(self)->deadline_ns = self->limit.timer.deadline_ns;
}

/* From now on the limit is that of the grace time. */
static void ask(struct eddy_scope *self, eddy_task *task)
{
    self->in_grace = true;
    eddy__branch_ask(branch_of(self), self->asked);
    if (self->grace_ns > 0)
        eddy_sleep_start(&self->limit, task, self->grace_ns);
    else
        eddy_sleep_stop(&self->limit, task);
}

/* Has it been asked, is the deadline reached, or the grace time over? 0: nothing new. */
static eddy_result look_at_time(struct eddy_scope *self, eddy_task *task)
{
    eddy_result reached = EDDY_PENDING;

    if (self->limit.started)
        reached = eddy__limit_poll(&self->limit, task);
    if (reached != EDDY_PENDING && self->in_grace) {
        EDDY_SOMETIMES("scope: dropped after its grace time");
        eddy__branch_drop(branch_of(self), self->inner, task);
        self->inner = NULL;
        return self->asked;
    }
    if (reached != EDDY_PENDING)
        self->asked = -ETIMEDOUT;
    if (self->asked != 0 && !self->in_grace)
        ask(self, task);
    return EDDY_PENDING;
}

/* The inner future is polled first, so that what is ready beats a limit that has passed. */
static eddy_result scope_poll(eddy_future *future, eddy_task *task)
{
    struct eddy_scope *self = scope_of(future);
    eddy_result result = EDDY_PENDING;

    if (set_of(self)->members.next == NULL)
        begin(self, task);
    eddy__branches_enter(set_of(self), task);
    if (eddy__branches_next(set_of(self)) != NULL)
        result = eddy__branch_poll(branch_of(self), self->inner, task);
    if (result != EDDY_PENDING) {
        self->inner = NULL;
        return result;
    }
    result = look_at_time(self, task);
    if (result != EDDY_PENDING)
        return result;
    return eddy__branches_park(set_of(self), task, &scope_wait, false);
}

/* Begun or not, the inner future is in no list of children. */
static eddy_future *scope_take_child(eddy_future *future)
{
    struct eddy_scope *self = scope_of(future);
    eddy_future *inner = self->inner;

    if (inner != NULL && set_of(self)->members.next != NULL)
        eddy__branch_close(branch_of(self));
    self->inner = NULL;
    return inner;
}

const eddy_type eddy_scope_type = {
    .poll = scope_poll,
    .done = eddy__done_nothing,
    .size_bytes = sizeof(struct eddy_scope),
    .name = "scope",
    .take_child = scope_take_child,
};

void eddy_scope_cancel(struct eddy_scope *self)
{
    if (self->inner == NULL || set_of(self)->outer == NULL || self->asked != 0)
        return;
    eddy__core_check(branch_of(self)->core, "eddy_scope_cancel");
    self->asked = -ECANCELED;
    eddy__branch_wake(set_of(self)->outer);
}

int64_t eddy_task_deadline_ns(const eddy_task *task)
{
    int64_t earliest_ns = EDDY_FOREVER;
    const eddy__branch *branch = task->branch;

    while (branch != NULL && branch->set != NULL) {
        const eddy__branches *set = branch->set;

        if (set->deadline_ns != 0 && set->deadline_ns < earliest_ns)
            earliest_ns = set->deadline_ns;
        branch = set->outer;
    }
    return earliest_ns;
}
