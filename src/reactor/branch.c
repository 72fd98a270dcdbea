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
#include <errno.h>
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

static bool is_being_polled(const eddy__branches *self)
{
    return !eddy__list_empty(&self->pass);
}

/* Whoever is queued already has queued all that it is in; a set that is being polled looks at its
 * list before it parks; and one that nobody polls tells nobody. */
void eddy__branch_wake(eddy__branch *self)
{
    while ((self->state & (EDDY__BRANCH_QUEUED | EDDY__BRANCH_CLOSED)) == 0) {
        eddy__branches *set = self->set;

        if (set == NULL) {
            eddy__branch_queue_trunk(self);
            return;
        }
        self->state |= EDDY__BRANCH_QUEUED;
        eddy__list_append(&set->ready, &self->ready);
        if (set->outer == NULL || is_being_polled(set))
            return;
        self = set->outer;
    }
}

/* That the task is asked to end is not forgotten for a deadline inside it. */
static void ask_for(eddy__branch *self, int32_t code)
{
    if (self->asked != -ECANCELED)
        self->asked = code;
}

void eddy__branch_ask(eddy__branch *self, int32_t code)
{
    if ((self->state & EDDY__BRANCH_CLOSED) != 0)
        return;
    ask_for(self, code);
    eddy__branch_wake(self);
}

/* A request is told once, by the first wait that is not shielded, and then goes back to none of those
 * that have handed it down. */
int32_t eddy__branch_take_asked(eddy_task *task)
{
    eddy__branch *branch = task->branch;
    int32_t asked = branch->asked;

    if (asked == 0 || branch->shields > 0)
        return 0;
    branch->asked = 0;
    for (; branch != NULL && branch->set != NULL; branch = branch->set->outer)
        branch->set->handed = 0;
    return asked;
}

/* The request that was handed down has reached nobody: whoever handed it down is told instead. */
static void give_back(eddy__branches *self)
{
    if (self->handed != 0 && self->outer != NULL)
        self->outer->asked = self->handed;
    self->handed = 0;
}

static void let_go(eddy__branch *self)
{
    if ((self->state & EDDY__BRANCH_HOLDS) != 0 && --self->set->holders == 0)
        give_back(self->set);
}

/* Once its loop is gone, the wakers went with the inbox. */
void eddy__branch_close(eddy__branch *self)
{
    if (!eddy__list_empty(&self->waits))
        eddy__waiters_disarm(self, NULL, SIZE_MAX);
    let_go(self);
    eddy__list_remove(&self->ready);
    if (self->waker_slot != 0 && self->core->inbox != NULL)
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
    eddy__list_init(&self->pass);
}

void eddy__branches_hurry(eddy__branches *self, eddy__branch *branch)
{
    eddy__list_remove(&branch->ready);
    eddy__list_insert_before(&self->pass, &branch->ready);
}

void eddy__branches_keep_turn(eddy__branches *self, eddy__branch *branch)
{
    eddy__list_remove(&branch->ready);
    eddy__list_insert_before(self->ready.next, &branch->ready);
}

/* The list is a ring: only its head has to move. */
void eddy__branches_rotate(eddy__branches *self, eddy__branch *first)
{
    eddy__list_remove(&self->ready);
    eddy__list_insert_before(&first->ready, &self->ready);
}

void eddy__branches_remove(eddy__branch *branch)
{
    eddy__list_remove(&branch->member);
}

/* Each of them, whether it is asked already or not: a later request says it again. */
static void hand_to(eddy__branches *self, eddy__branch *branch, int32_t code)
{
    if ((branch->state & EDDY__BRANCH_CLOSED) != 0)
        return;
    ask_for(branch, code);
    branch->state |= EDDY__BRANCH_HOLDS;
    self->holders++;
    if ((branch->state & EDDY__BRANCH_QUEUED) == 0) {
        branch->state |= EDDY__BRANCH_QUEUED;
        eddy__list_append(&self->ready, &branch->ready);
    }
}

/* A request that was handed down and told to nobody yet is for those who come later, too. */
void eddy__branches_add(eddy__branches *self, eddy__branch *branch)
{
    int32_t code = self->handed != 0 ? self->handed : self->lent;

    branch->set = self;
    eddy__list_append(&self->members, &branch->member);
    eddy__branch_wake(branch);
    if (code != 0)
        hand_to(self, branch, code);
}

static void hand_to_all(eddy__branches *self, int32_t code)
{
    EDDY_SOMETIMES("task: a request to end is handed down to branches");
    self->holders = 0;
    EDDY__LIST_FOR_EACH (node, &self->members)
        hand_to(self, EDDY__CONTAINER(node, eddy__branch, member), code);
}

/* With nobody to take it, the request is left where it is; what was lent between two polls is still
 * held below. (Not by eddy__branch_take_asked(): nobody has been told.) */
static void hand_down(eddy__branches *self, eddy_task *task)
{
    eddy__branch *outer = task->branch;
    int32_t code = outer->asked;
    int32_t lent = self->lent;

    self->lent = 0;
    if (code == 0 || outer->shields > 0 || eddy__list_empty(&self->members))
        return;
    outer->asked = 0;
    self->handed = code;
    if (lent != code)
        hand_to_all(self, code);
}

void eddy__branches_enter(eddy__branches *self, eddy_task *task)
{
    EDDY_ASSERT(!is_being_polled(self),
                "task '%s' polls a set, select or join from within one of its own children",
                eddy_task_name(task));
    self->outer = task->branch;
    hand_down(self, task);
    eddy__list_append(&self->ready, &self->pass);
}

eddy__branch *eddy__branches_next(eddy__branches *self)
{
    eddy__node *first = self->ready.next;

    if (first == &self->pass || first == &self->ready)
        return NULL;
    eddy__list_remove(first);
    return EDDY__CONTAINER(first, eddy__branch, ready);
}

static void check_armed(const eddy__branch *self, const eddy_future *future)
{
    EDDY_ASSERT((self->state & (EDDY__BRANCH_QUEUED | EDDY__BRANCH_PARKED)) != 0 ||
                    !eddy__list_empty(&self->waits),
                "future '%s' returned EDDY_PENDING but waits for nothing: it would never be polled "
                "again",
                future->type->name);
}

/* The end of a future finds its waits by the branch that the task is in. */
static eddy_result poll_inside(eddy__branch *self, eddy_future *future, eddy_task *task)
{
    eddy_future *outer = task->at;
    eddy_result result;

    if ((future->state & EDDY__FUTURE_STARTED) == 0)
        eddy__future_start(future);
    eddy__future_check(future);
    task->at = future;
    result = future->type->poll(future, task);
    task->at = outer;
    if (result != EDDY_PENDING)
        eddy__future_end(future, task);
    else
        check_armed(self, future);
    return result;
}

eddy_result eddy__branch_poll(eddy__branch *self, eddy_future *future, eddy_task *task)
{
    eddy__branch *outer = task->branch;
    eddy_result result;

    eddy__list_remove(&self->ready);
    eddy__branch_begin(self);
    if ((future->state & EDDY__FUTURE_STATIC) != 0) {
        eddy__branch_close(self);
        return future->type->poll(future, task);
    }
    task->branch = self;
    result = poll_inside(self, future, task);
    task->branch = outer;
    if (result != EDDY_PENDING)
        eddy__branch_close(self);
    return result;
}

void eddy__branch_drop(eddy__branch *self, eddy_future *future, eddy_task *task)
{
    eddy__branch_close(self);
    if ((future->state & EDDY__FUTURE_STATIC) == 0)
        future->state |= EDDY__FUTURE_APART;
    eddy__future_end(future, task);
}

void eddy__branches_disarmed(eddy_waiter *waiter)
{
    EDDY__CONTAINER(waiter, eddy__branches, waiter)->outer = NULL;
}

const eddy__branches *eddy__branches_of(const eddy_waiter *waiter)
{
    if (waiter->type->disarm != eddy__branches_disarmed)
        return NULL;
    return (const eddy__branches *)(const void *)((const char *)waiter -
                                                  offsetof(eddy__branches, waiter));
}

/* What this very poll was asked meanwhile by its own children goes down to them, too. */
eddy_result eddy__branches_park(eddy__branches *self, eddy_task *task, const eddy_wait_type *type,
                                bool more)
{
    eddy_result result;

    hand_down(self, task);
    eddy__list_remove(&self->pass);
    result = eddy_waiter_park(&self->waiter, task, type);
    if (result != EDDY_PENDING)
        self->outer = NULL;
    else if (more || !eddy__list_empty(&self->ready))
        eddy__branch_wake(task->branch);
    return result;
}

void eddy__branches_leave(eddy__branches *self)
{
    eddy__list_remove(&self->pass);
    eddy_waiter_clear(&self->waiter);
    self->lent = self->handed;
    give_back(self);
    self->outer = NULL;
}

/* A counter alone would give two selects that take turns the same start for ever. */
uint32_t eddy__branches_draw(eddy_core *core, uint32_t below)
{
    uint64_t z = ++core->draws * UINT64_C(0x9E3779B97F4A7C15);
    uint32_t draw;

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9); /* splitmix64 */
    draw = (uint32_t)((z ^ (z >> 27)) >> 32) % below;
    if (core->sim != NULL && eddy__sim_happens(core->sim, EDDY_CHAOS_ORDER))
        draw = (draw + eddy__sim_draw(core->sim, EDDY_CHAOS_ORDER, below)) % below;
    return draw;
}
