/* SPDX-License-Identifier: MIT */
/*
 * branch.h - parts of a task that are woken, asked to end and shielded on their own, and sets of them:
 * what join, select, scopes and sets of futures are made of. See branch.c.
 */
#ifndef EDDY__BRANCH_H
#define EDDY__BRANCH_H

#include "base/list.h"
#include "eddy/core.h"
#include "eddy/task.h"

enum {
    EDDY__BRANCH_QUEUED = 1 << 0,   /* to be polled: in its set's list, or the loop's run queue */
    EDDY__BRANCH_NOTIFIED = 1 << 1, /* a waker was used since its last poll began */
    EDDY__BRANCH_PARKED = 1 << 2,   /* waits for a waker, as `parked_why` */
    EDDY__BRANCH_CLOSED = 1 << 3,   /* its future is gone, or was never there */
    EDDY__BRANCH_HOLDS = 1 << 4,    /* one of set->holders */
};

/* A part of a task that is woken, asked to end and shielded on its own: a task's trunk, or one
 * child of a future that keeps its children apart (select, join, sets). */
typedef struct eddy__branch {
    struct eddy__branches *set; /* NULL: the trunk of a task */
    eddy_core *core;
    eddy__node ready;  /* in set->ready or core->ready, or alone */
    eddy__node member; /* in set->members or core->tasks */
    eddy__node waits;  /* of eddy_waiter.in_branch */
    const char *parked_why;
    uint32_t waker_slot, waker_generation; /* 0: none was asked for */
    int32_t asked;                         /* to end: what its next unshielded wait returns; 0 */
    uint16_t shields;
    uint16_t state;
} eddy__branch;

/* The branches of one future. */
typedef struct eddy__branches {
    eddy_waiter waiter;  /* armed while the future is parked: a report finds them by it */
    eddy__branch *outer; /* where the future is polled now, or parked; NULL: nobody polls it */
    eddy__node ready;    /* branches to be polled, in the order of their wakes */
    eddy__node members;
    eddy__node pass;     /* stands in `ready` while the future is polled: behind it is what the next
                            poll is for */
    int64_t deadline_ns; /* a scope's; 0: none */
    int32_t handed;   /* the request to end that was handed down, while nobody inside was told it */
    int32_t lent;     /* the same, while nobody polls: it is with whoever polled last */
    uint32_t holders; /* branches that it was handed to and that are not closed */
} eddy__branches;

/* Have a branch polled again: it, and all it is in, up to the run queue. */
void eddy__branch_wake(eddy__branch *self);
/* Ask a branch to end: its next unshielded wait returns `code`. */
void eddy__branch_ask(eddy__branch *self, int32_t code);
/* The request that the branch being polled has, taken; 0: none, or it is shielded. */
int32_t eddy__branch_take_asked(eddy_task *task);
void eddy__branch_init(eddy__branch *self, eddy_core *core);
/* A branch is about to be polled: forget what was told it before. */
static inline void eddy__branch_begin(eddy__branch *self)
{
    self->state &= (uint16_t) ~(EDDY__BRANCH_QUEUED | EDDY__BRANCH_NOTIFIED | EDDY__BRANCH_PARKED);
}
/* Disarm all that waits in it, and let go of its waker; nothing wakes it any more. */
void eddy__branch_close(eddy__branch *self);
/* The task it is part of; NULL: nobody polls it. For messages. */
eddy_task *eddy__branch_task(const eddy__branch *self);

/*
 * A future with branches, in its poll: eddy__branches_enter(), then while eddy__branches_next() gives
 * one, eddy__branch_poll(); when nothing is to be told then, return eddy__branches_park(), else call
 * eddy__branches_leave() (not needed by a future that ends). `next` gives each branch once a poll, so
 * that children which wake themselves or each other do not keep the loop.
 */
void eddy__branches_init(eddy__branches *self);
/* Add a branch, which is to be polled. Allowed at any time; wakes whoever polls the set. While that
 * is being polled, the new one waits for the next poll. */
void eddy__branches_add(eddy__branches *self, eddy__branch *branch);
/* Have one that was just added polled in the poll that is under way. */
void eddy__branches_hurry(eddy__branches *self, eddy__branch *branch);
/* One that was polled without any budget left, and wants to be polled again, comes first next time. */
void eddy__branches_keep_turn(eddy__branches *self, eddy__branch *branch);
/* Before the first poll: start with this one, then those behind it, then those before it. */
void eddy__branches_rotate(eddy__branches *self, eddy__branch *first);
/* Take a closed branch out of its set. */
void eddy__branches_remove(eddy__branch *branch);
/* The set is being polled: a request to end becomes one to each branch. */
void eddy__branches_enter(eddy__branches *self, eddy_task *task);
/* The branch that is ready the longest, no longer so; NULL: none that was not polled in this poll. */
eddy__branch *eddy__branches_next(eddy__branches *self);
/* Poll the future in a branch; when it ends its `done` has run, and the branch is closed. */
eddy_result eddy__branch_poll(eddy__branch *self, eddy_future *future, eddy_task *task);
/* Drop the future in a branch, polled or not; the branch is closed. */
void eddy__branch_drop(eddy__branch *self, eddy_future *future, eddy_task *task);
/* Nothing is to be told. What was woken in this poll, and with `more` the future itself, is polled at
 * the next turn. EDDY_PENDING; the request to end when the set has no branch that could take it. */
eddy_result eddy__branches_park(eddy__branches *self, eddy_task *task, const eddy_wait_type *type,
                                bool more);
/* Nobody polls the set from now on, but its branches stay alive: a stream that tells an item and may
 * be polled by another next, eddy_select_keep(). Wakes are kept for the next poll. */
void eddy__branches_leave(eddy__branches *self);
/* A number below `below`, which is not 0: for fairness where order is nobody's business. */
uint32_t eddy__branches_draw(eddy_core *core, uint32_t below);
/* `disarm` of the wait types of sets: by it the report knows that the waiter is one's, and goes on
 * in it. The future is dropped, or taken from whom it was polled by: nobody polls the set. */
void eddy__branches_disarmed(eddy_waiter *waiter);
/* The set whose waiter it is; NULL: it is no set's. */
const eddy__branches *eddy__branches_of(const eddy_waiter *waiter);

#endif
