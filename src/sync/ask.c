/* SPDX-License-Identifier: MIT */
/*
 * ask.c - see ask.h.
 *
 * What a wait must not lose: whoever makes something ready finds the ticket in line, or the asker
 * finds it ready. Both look under the lock. A task that cannot have it now makes sure of its waker
 * and parks without the lock, as a waker may need memory, then looks again and stands in line. From
 * then on its waiter is armed for as long as the ticket is in line, so that a drop at any moment
 * comes by eddy__ticket_disarm().
 */
#include "sync/ask.h"

#include <errno.h>

/* ---- from a task ---- */

static void check_ticket(const eddy__ask *ask, const eddy_task *task)
{
    const eddy__sync *sync = ask->line->sync;
    const eddy_ticket *ticket = ask->ticket;

    EDDY_ASSERT(sync->core == NULL || sync->core == task->core,
                "task '%s' uses an %s that was made with the handle of another loop: make it with "
                "handle NULL",
                eddy_task_name(task), sync->name);
    EDDY_ASSERT(ticket->line == NULL || ticket->line == ask->line,
                "task '%s' uses one ticket for two waits at a time (%s): each has its own",
                eddy_task_name(task), ask->type->wait.why);
    EDDY_ASSERT(ticket->line == NULL || ticket->need == ask->need,
                "task '%s' waits for %u, and asks for %u with the same ticket (%s)",
                eddy_task_name(task), (unsigned)ticket->need, (unsigned)ask->need,
                ask->type->wait.why);
}

/* Locked, and ready, but the budget is spent: the task comes again, and stands in line until then, where
 * what is there is promised to it and what is told to all that wait is told to it. */
static eddy_result answer_later(eddy__ask *ask, eddy_task *task)
{
    eddy__sync *sync = ask->line->sync;
    eddy_ticket *ticket = ask->ticket;
    eddy__wakeups wakeups;
    eddy_result result;

    eddy__wakeups_init(&wakeups);
    if (ticket->state == EDDY__TICKET_IDLE && !ask->type->by_last) {
        result = eddy_waiter_park(&ticket->waiter, task, &ask->type->wait);
        if (result != EDDY_PENDING) {
            eddy__sync_unlock(sync);
            return result;
        }
        eddy__line_join(ask->line, ticket, ask->need);
        wakeups.line = ask->line;
    }
    eddy__sync_leave(sync, &wakeups);
    return eddy__task_yield(task);
}

/* Locked, and ready. Arms the ticket of a holder before anything is changed. */
static eddy_result answer(eddy__ask *ask, eddy_task *task)
{
    eddy__sync *sync = ask->line->sync;
    eddy_ticket *ticket = ask->ticket;
    eddy_result result = EDDY_PENDING;
    eddy__wakeups wakeups;
    eddy_waker waker;

    if (!eddy__task_spend(task))
        return answer_later(ask, task);
    if (ask->type->held != NULL)
        result = eddy_waiter_park(&ticket->waiter, task, ask->type->held);
    eddy__wakeups_init(&wakeups);
    if (result == EDDY_PENDING)
        result = ask->type->take(ask, &wakeups);
    if (ticket->state == EDDY__TICKET_HOLDS && result >= 0) {
        eddy__sync_leave(sync, &wakeups);
        return result;
    }
    waker = eddy__ticket_detach(ticket, &wakeups);
    eddy__sync_leave(sync, &wakeups);
    if (waker.inbox != NULL)
        eddy_waker_release(&waker);
    eddy__waiter_clear(&ticket->waiter);
    return result;
}

/* In an object of the task's own loop: nothing can happen between looking and parking. */
static eddy_result wait_here(eddy__ask *ask, eddy_task *task)
{
    eddy_result result = eddy__waiter_park(&ask->ticket->waiter, task, &ask->type->wait);

    if (result == EDDY_PENDING)
        eddy__line_join(ask->line, ask->ticket, ask->need);
    else
        eddy__ticket_withdraw(ask->ticket);
    return result;
}

/* Does the ticket still wake what is being polled? A wake that was made has taken the waker
 * away. */
static bool has_waker(const eddy_ticket *self, const eddy_task *task)
{
    const eddy__branch *branch = task->branch;

    return self->state == EDDY__TICKET_QUEUED && self->waker.inbox != NULL &&
           self->waker.inbox == task->core->inbox && self->waker.slot == branch->waker_slot &&
           self->waker.generation == branch->waker_generation;
}

/* Look again, now that a wake would be heard; `waker` is used up. */
static eddy_result join_or_answer(eddy__ask *ask, eddy_task *task, eddy_waker waker)
{
    eddy__sync *sync = ask->line->sync;
    eddy_result result = EDDY_PENDING;
    eddy_waker spare = waker;

    eddy__sync_lock(sync);
    if (ask->type->ready(ask)) {
        result = answer(ask, task);
    } else {
        spare = ask->ticket->waker;
        ask->ticket->waker = waker;
        eddy__line_join(ask->line, ask->ticket, ask->need);
        eddy__sync_unlock(sync);
    }
    eddy_waker_release(&spare);
    return result;
}

/* Locked. */
static eddy_result wait_anywhere(eddy__ask *ask, eddy_task *task)
{
    bool settled = has_waker(ask->ticket, task);
    eddy_waker waker = {0};
    eddy_result result;
    int error = 0;

    eddy__sync_unlock(ask->line->sync);
    if (!settled)
        error = eddy_task_waker(task, &waker);
    result = error != 0 ? error : eddy_waiter_park(&ask->ticket->waiter, task, &ask->type->wait);
    if (result == EDDY_PENDING)
        return settled ? result : join_or_answer(ask, task, waker);
    eddy_ticket_leave(ask->ticket);
    eddy_waker_release(&waker);
    return result;
}

eddy_result eddy__ask_poll(eddy__ask *ask, eddy_task *task)
{
    eddy__sync *sync = ask->line->sync;

    check_ticket(ask, task);
    eddy__sync_lock(sync);
    if (ask->type->ready(ask))
        return answer(ask, task);
    return sync->shared == NULL ? wait_here(ask, task) : wait_anywhere(ask, task);
}

/* ---- without waiting ---- */

eddy_result eddy__ask_try(eddy__ask *ask)
{
    eddy__sync *sync = ask->line->sync;
    eddy_result result = -EAGAIN;
    eddy__wakeups wakeups;

    eddy__wakeups_init(&wakeups);
    eddy__sync_lock(sync);
    if (ask->type->ready(ask))
        result = ask->type->take(ask, &wakeups);
    eddy__sync_leave(sync, &wakeups);
    return result;
}

/* ---- from a thread ---- */

/* Locked, before and after. The gate is opened once, by whoever takes it out of the ticket. */
static void block(eddy__ask *ask)
{
    eddy__sync *sync = ask->line->sync;
    eddy__gate gate;

    eddy__gate_init(&gate);
    ask->ticket->gate = &gate;
    eddy__line_join(ask->line, ask->ticket, ask->need);
    eddy__sync_unlock(sync);
    eddy__gate_wait(&gate);
    eddy__gate_deinit(&gate);
    eddy__sync_lock(sync);
}

eddy_result eddy__ask_wait(eddy__ask *ask)
{
    eddy__sync *sync = ask->line->sync;
    eddy_ticket ticket = {0};
    eddy__wakeups wakeups;
    eddy_result result;

    EDDY_ASSERT(sync->shared != NULL,
                "%s blocks the thread, and the %s is of one loop, which could not go on: make it "
                "with handle NULL, or poll",
                ask->type->verb, sync->name);
    ask->ticket = &ticket;
    eddy__wakeups_init(&wakeups);
    eddy__sync_lock(sync);
    while (!ask->type->ready(ask))
        block(ask);
    result = ask->type->take(ask, &wakeups);
    (void)eddy__ticket_detach(&ticket, &wakeups);
    eddy__sync_leave(sync, &wakeups);
    return result;
}
