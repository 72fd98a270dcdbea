/* SPDX-License-Identifier: MIT */
/*
 * branch.c - parts of a task that are woken on their own. A future that has many children, or few
 * that are costly to poll, keeps each in a branch: what parks in the branch wakes the branch, which
 * queues itself in its set, which does the same where it is polled itself, up to the task's trunk.
 * So a wake costs one step for each set on its way, and a set polls only children that were woken.
 *
 * A branch has its own list of waits, so that the end of a child costs what it waits for, not what
 * the task waits for; its own request to end, which its set hands down; and its own shields.
 */
#include <string.h>

#include "eddy/explore.h"
#include "reactor/core.h"

void eddy__branch_init(eddy__branch *self, eddy_core *core)
{
    memset(self, 0, sizeof *self);
    self->core = core;
    eddy__list_init(&self->ready);
    eddy__list_init(&self->member);
    eddy__list_init(&self->waits);
}

/* Whoever is queued already has queued all that it is in, or is polled by it right now. */
void eddy__branch_wake(eddy__branch *self)
{
    while ((self->state & (EDDY__BRANCH_QUEUED | EDDY__BRANCH_CLOSED)) == 0) {
        eddy__branches *set = self->set;

        self->state |= EDDY__BRANCH_QUEUED;
        if (set == NULL) {
            self->core->stats.wakes++;
            eddy__list_append(&self->core->ready, &self->ready);
            return;
        }
        eddy__list_append(&set->ready, &self->ready);
        if (set->outer == NULL)
            return;
        self = set->outer;
    }
}

void eddy__branch_ask(eddy__branch *self, int32_t code)
{
    if ((self->state & EDDY__BRANCH_CLOSED) != 0)
        return;
    self->asked = code;
    eddy__branch_wake(self);
}

/* A request is told once, by the first wait that is not shielded. */
int32_t eddy__branch_take_asked(eddy_task *task)
{
    eddy__branch *branch = task->branch;
    int32_t asked = branch->asked;

    if (asked == 0 || branch->shields > 0)
        return 0;
    branch->asked = 0;
    return asked;
}

void eddy__branch_close(eddy__branch *self)
{
    eddy__waiters_disarm(self, NULL, SIZE_MAX);
    eddy__list_remove(&self->ready);
    if (self->waker_slot != 0)
        eddy__inbox_slot_free(self->core->inbox, self->waker_slot);
    self->waker_slot = 0;
    self->state = EDDY__BRANCH_CLOSED;
}

eddy_task *eddy__branch_task(const eddy__branch *self)
{
    while (self != NULL && self->set != NULL)
        self = self->set->outer;
    return self != NULL ? EDDY__CONTAINER(self, eddy_task, trunk) : NULL;
}

/* ---- sets of them ---- */

void eddy__branches_init(eddy__branches *self)
{
    memset(self, 0, sizeof *self);
    eddy__list_init(&self->ready);
    eddy__list_init(&self->members);
}

void eddy__branches_add(eddy__branches *self, eddy__branch *branch)
{
    branch->set = self;
    eddy__list_append(&self->members, &branch->member);
    eddy__branch_wake(branch);
}

void eddy__branches_remove(eddy__branches *self, eddy__branch *branch)
{
    (void)self;
    eddy__list_remove(&branch->member);
}

/* All of them, those that are asked already included: a later request says it again. */
static void hand_down(eddy__branches *self, int32_t code)
{
    EDDY__LIST_FOR_EACH (node, &self->members) {
        eddy__branch *branch = EDDY__CONTAINER(node, eddy__branch, member);

        branch->asked = code;
        if ((branch->state & (EDDY__BRANCH_QUEUED | EDDY__BRANCH_CLOSED)) == 0) {
            branch->state |= EDDY__BRANCH_QUEUED;
            eddy__list_append(&self->ready, &branch->ready);
        }
    }
}

void eddy__branches_enter(eddy__branches *self, eddy_task *task)
{
    int32_t asked;

    self->outer = task->branch;
    if (eddy__list_empty(&self->members))
        return;
    asked = eddy__branch_take_asked(task);
    if (asked != 0) {
        EDDY_SOMETIMES("task: a request to end is handed down to branches");
        hand_down(self, asked);
    }
}

eddy__branch *eddy__branches_next(eddy__branches *self)
{
    eddy__branch *branch;

    if (eddy__list_empty(&self->ready))
        return NULL;
    branch = EDDY__CONTAINER(self->ready.next, eddy__branch, ready);
    eddy__list_remove(&branch->ready);
    return branch;
}

static void check_armed(const eddy__branch *self, const eddy_future *future)
{
    EDDY_ASSERT((self->state & (EDDY__BRANCH_QUEUED | EDDY__BRANCH_PARKED)) != 0 ||
                    !eddy__list_empty(&self->waits),
                "future '%s' returned EDDY_PENDING but waits for nothing: it would never be polled "
                "again",
                future->type->name);
}

eddy_result eddy__branch_poll(eddy__branch *self, eddy_future *future, eddy_task *task)
{
    eddy__branch *outer = task->branch;
    eddy_future *outer_at = task->at;
    eddy_result result;

    eddy__list_remove(&self->ready);
    eddy__branch_begin(self);
    if ((future->state & EDDY__FUTURE_STATIC) != 0) {
        result = future->type->poll(future, task);
        eddy__branch_close(self);
        return result;
    }
    if ((future->state & EDDY__FUTURE_STARTED) == 0)
        eddy__future_start(future);
    eddy__future_check(future);
    task->branch = self;
    task->at = future;
    result = future->type->poll(future, task);
    task->at = outer_at;
    if (result != EDDY_PENDING) {
        eddy__future_end(future, task);
        eddy__branch_close(self);
    } else {
        check_armed(self, future);
    }
    task->branch = outer;
    return result;
}

void eddy__branch_drop(eddy__branch *self, eddy_future *future, eddy_task *task)
{
    eddy__branch_close(self);
    eddy__future_end(future, task);
}

void eddy__branches_disarmed(eddy_waiter *waiter)
{
    (void)waiter;
}

const eddy__branches *eddy__branches_of(const eddy_waiter *waiter)
{
    if (waiter->type->disarm != eddy__branches_disarmed)
        return NULL;
    return (const eddy__branches *)(const void *)((const char *)waiter -
                                                  offsetof(eddy__branches, waiter));
}

static const eddy_wait_type more_wait = {"its turn", eddy__branches_disarmed, false};

eddy_result eddy__branches_park(eddy__branches *self, eddy_task *task, const eddy_wait_type *type,
                                bool more)
{
    eddy_result result = eddy_waiter_park(&self->waiter, task, more ? &more_wait : type);

    if (result == EDDY_PENDING && more)
        eddy__branch_wake(task->branch);
    return result;
}

void eddy__branches_leave(eddy__branches *self)
{
    eddy_waiter_clear(&self->waiter);
    self->outer = NULL;
}
