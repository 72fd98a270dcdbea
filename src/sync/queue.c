/* SPDX-License-Identifier: MIT */
/*
 * queue.c - see queue.h.
 *
 * Who may touch what: a ticket's `line` is written by whoever waits with it (its loop's thread, or
 * the thread that blocks) and by nobody else; all its other members, but for the waiter, only under
 * the object's lock. The waiter is the loop's: other threads wake by the waker that the ticket
 * carries.
 */
#include "sync/queue.h"

/* Wakes that are made with the lock left once. */
#ifndef EDDY__SYNC_BATCH
#define EDDY__SYNC_BATCH 16
#endif

_Static_assert(sizeof(((eddy_ticket *)0)->in_line) == sizeof(eddy__node), "in_line is a node");

static eddy__node *link_of(eddy_ticket *self)
{
    return (eddy__node *)(void *)&self->in_line;
}

static eddy_ticket *ticket_of(eddy__node *node)
{
    return EDDY__CONTAINER(node, eddy_ticket, in_line);
}

static bool is_linked(const eddy_ticket *self)
{
    return self->state == EDDY__TICKET_QUEUED || self->state == EDDY__TICKET_WOKEN;
}

/* ---- lines ---- */

void eddy__line_init(eddy__line *self, eddy__sync *sync, uint64_t units)
{
    *self = (eddy__line){.sync = sync, .units = units, .keep_max = UINT64_MAX};
    eddy__list_init(&self->tickets);
    self->next_up = &self->tickets;
}

bool eddy__line_ready(const eddy__line *self, const eddy_ticket *ticket, uint32_t need)
{
    uint32_t state = ticket != NULL ? ticket->state : EDDY__TICKET_IDLE;

    if (state == EDDY__TICKET_WOKEN || state == EDDY__TICKET_HOLDS)
        return true;
    return state != EDDY__TICKET_QUEUED && self->next_up == &self->tickets &&
           need <= self->units - self->promised;
}

static void unlink_ticket(eddy__line *self, eddy_ticket *ticket)
{
    eddy__node *node = link_of(ticket);

    if (self->next_up == node)
        self->next_up = node->next;
    if (ticket->state == EDDY__TICKET_WOKEN)
        self->promised -= ticket->need;
    self->length--;
    eddy__list_remove(node);
    ticket->state = EDDY__TICKET_IDLE;
}

void eddy__line_take(eddy__line *self, eddy_ticket *ticket, uint32_t need)
{
    if (ticket != NULL && ticket->state == EDDY__TICKET_HOLDS) {
        ticket->state = EDDY__TICKET_IDLE;
        return;
    }
    if (ticket != NULL && is_linked(ticket))
        unlink_ticket(self, ticket);
    self->units -= need;
}

static void attach(eddy__line *self, eddy_ticket *ticket, uint32_t need)
{
    if (ticket->line == NULL)
        self->users++;
    ticket->line = self;
    ticket->need = need;
}

void eddy__line_join(eddy__line *self, eddy_ticket *ticket, uint32_t need)
{
    if (is_linked(ticket))
        return;
    EDDY_ASSERT(!self->single || self->length == 0,
                "two would wait at one end of an %s: it is for one at a time", self->sync->name);
    if (ticket->state == EDDY__TICKET_LET_GO)
        eddy__list_remove(link_of(ticket)); /* it may be among those that are just being woken */
    attach(self, ticket, need);
    eddy__list_append(&self->tickets, link_of(ticket));
    if (self->next_up == &self->tickets)
        self->next_up = link_of(ticket);
    self->length++;
    ticket->state = EDDY__TICKET_QUEUED;
}

void eddy__line_hold(eddy__line *self, eddy_ticket *ticket, uint32_t need)
{
    attach(self, ticket, need);
    ticket->state = EDDY__TICKET_HOLDS;
}

void eddy__line_add(eddy__line *self, uint32_t units, eddy__wakeups *wakeups)
{
    self->units += units;
    wakeups->line = self;
}

void eddy__line_check_empty(const eddy__line *self, const char *verb)
{
    EDDY_ASSERT(self->users == 0,
                "%s: %u still wait for it, or were woken and not polled since: drop them first",
                verb, (unsigned)self->users);
}

void eddy__line_free_object(eddy__line *self, const char *verb)
{
    eddy__sync *sync = self->sync;

    eddy__sync_lock(sync);
    eddy__line_check_empty(self, verb);
    eddy__sync_unlock(sync);
    eddy__sync_free(sync);
}

/* ---- wakes ---- */

/* What is kept of tickets that are woken once the lock is left. */
struct batch {
    uint32_t count;
    struct {
        eddy_waker waker;
        eddy__gate *gate;
    } wakes[EDDY__SYNC_BATCH];
};

/* A ticket that is woken a second time has left its waker to the first. */
static void gather(struct batch *self, eddy_ticket *ticket)
{
    if (ticket->line->sync->shared == NULL) {
        if (ticket->waiter.branch != NULL) /* of one loop, whose thread the lock has made sure of */
            eddy__branch_wake_here(ticket->waiter.branch);
        return;
    }
    if (ticket->waker.inbox == NULL && ticket->gate == NULL)
        return;
    self->wakes[self->count].waker = ticket->waker;
    self->wakes[self->count].gate = ticket->gate;
    self->count++;
    ticket->waker = (eddy_waker){0};
    ticket->gate = NULL;
}

static void fire(struct batch *self)
{
    for (uint32_t i = 0; i < self->count; i++) {
        if (self->wakes[i].gate != NULL)
            eddy__gate_open(self->wakes[i].gate);
        else
            (void)eddy_waker_wake(&self->wakes[i].waker);
        eddy_waker_release(&self->wakes[i].waker);
    }
}

/* At once, so that those who come while the wakes are made are not among them. */
void eddy__wakeups_rest(eddy__wakeups *self, eddy__line *line)
{
    while (line->next_up != &line->tickets) {
        eddy_ticket *ticket = ticket_of(line->next_up);

        unlink_ticket(line, ticket);
        eddy__list_append(&self->all, link_of(ticket));
        ticket->state = EDDY__TICKET_LET_GO;
    }
}

void eddy__wakeups_all(eddy__wakeups *self, eddy__line *line)
{
    line->next_up = line->tickets.next;
    eddy__wakeups_rest(self, line);
}

static void gather_let_go(eddy__wakeups *self, struct batch *batch)
{
    while (batch->count < EDDY__SYNC_BATCH && !eddy__list_empty(&self->all)) {
        eddy__node *node = self->all.next;

        eddy__list_remove(node);
        gather(batch, ticket_of(node));
    }
}

/* The front part of the line grows as far as its units go. */
static void gather_front(eddy__line *self, struct batch *batch)
{
    while (batch->count < EDDY__SYNC_BATCH && self->next_up != &self->tickets) {
        eddy_ticket *ticket = ticket_of(self->next_up);

        if (ticket->need > self->units - self->promised)
            return;
        self->next_up = self->next_up->next;
        self->promised += ticket->need;
        ticket->state = EDDY__TICKET_WOKEN;
        gather(batch, ticket);
    }
    if (self->next_up == &self->tickets && self->units - self->promised > self->keep_max)
        self->units = self->promised + self->keep_max;
}

static bool is_left(const eddy__wakeups *self)
{
    const eddy__line *line = self->line;

    return !eddy__list_empty(&self->all) ||
           (line != NULL && line->next_up != &line->tickets &&
            ticket_of(line->next_up)->need <= line->units - line->promised);
}

/* Nobody waits, and nothing is to be forgotten: mostly so. */
static bool is_quiet(const eddy__wakeups *self)
{
    const eddy__line *line = self->line;

    return eddy__list_empty(&self->all) &&
           (line == NULL ||
            (line->next_up == &line->tickets && line->units - line->promised <= line->keep_max));
}

/* After the last unlock the object may be gone: whoever was woken may have freed it. */
static void wake_and_unlock(eddy__sync *sync, eddy__wakeups *wakeups)
{
    struct batch batch;
    bool more;

    do {
        batch.count = 0;
        gather_let_go(wakeups, &batch);
        if (wakeups->line != NULL)
            gather_front(wakeups->line, &batch);
        more = batch.count == EDDY__SYNC_BATCH && is_left(wakeups);
        eddy__sync_unlock(sync);
        fire(&batch);
        if (more)
            eddy__sync_lock(sync);
    } while (more);
}

void eddy__sync_leave(eddy__sync *sync, eddy__wakeups *wakeups)
{
    if (is_quiet(wakeups))
        eddy__sync_unlock(sync);
    else
        wake_and_unlock(sync, wakeups);
}

/* ---- tickets ---- */

eddy_waker eddy__ticket_detach(eddy_ticket *self, eddy__wakeups *wakeups)
{
    eddy__line *line = self->line;
    eddy_waker waker = self->waker;

    if (line == NULL)
        return waker;
    if (is_linked(self)) {
        unlink_ticket(line, self);
        if (wakeups->line == NULL)
            wakeups->line = line;
    } else if (self->state == EDDY__TICKET_HOLDS) {
        eddy__line_add(line, self->need, wakeups);
    } else if (self->state == EDDY__TICKET_LET_GO) {
        eddy__list_remove(link_of(self));
    }
    line->users--;
    self->state = EDDY__TICKET_IDLE;
    self->line = NULL;
    self->gate = NULL;
    self->waker = (eddy_waker){0};
    return waker;
}

void eddy__ticket_withdraw(eddy_ticket *self)
{
    eddy__line *line = self->line;
    eddy__wakeups wakeups;
    eddy__sync *sync;
    eddy_waker waker;

    if (line == NULL)
        return;
    sync = line->sync;
    eddy__wakeups_init(&wakeups);
    eddy__sync_lock(sync);
    waker = eddy__ticket_detach(self, &wakeups);
    eddy__sync_leave(sync, &wakeups);
    eddy_waker_release(&waker);
}

void eddy__ticket_disarm(eddy_waiter *waiter)
{
    eddy__ticket_withdraw(EDDY__CONTAINER(waiter, eddy_ticket, waiter));
}

void eddy_ticket_leave(eddy_ticket *self)
{
    eddy_waiter_clear(&self->waiter);
    eddy__ticket_withdraw(self);
}
