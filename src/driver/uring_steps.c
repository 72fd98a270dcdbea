/* SPDX-License-Identifier: MIT */
/*
 * uring_steps.c - what a slot needs next, decided in one place: its step.
 *
 * A slot is on one of two lists at most: those to be stepped at the next wait(), and those that
 * wait for a buffer, first come first served. A step that cannot be finished, for want of room for
 * an event or an entry, is taken again by the next wait(), which does not block before that.
 */
#include "driver/uring.h"

#include <unistd.h>

/* How many streams are armed for each buffer there is. More would find none and come back; with
 * fewer it takes longer to get past those that have nothing to receive. */
enum { REVIVED_PER_BUFFER = 4 };

/* --- the two lists --- */

static void list_append(eddy__slot **first, eddy__slot **last, eddy__slot *slot)
{
    slot->next = NULL;
    if (*first == NULL)
        *first = slot;
    else
        (*last)->next = slot;
    *last = slot;
}

static void starved_remove(eddy__uring *u, eddy__slot *slot)
{
    eddy__slot *before = NULL;

    for (eddy__slot *at = u->starved_first; at != slot; at = at->next)
        before = at;
    if (before == NULL)
        u->starved_first = slot->next;
    else
        before->next = slot->next;
    if (u->starved_last == slot)
        u->starved_last = before;
    if (u->starved_again == slot)
        u->starved_again = before;
    slot->state = (uint16_t)(slot->state & ~EDDY__URING_STARVED);
}

void eddy__uring_queue(eddy__uring *u, eddy__slot *slot)
{
    if ((slot->state & EDDY__URING_QUEUED) != 0)
        return;
    if ((slot->state & EDDY__URING_STARVED) != 0)
        starved_remove(u, slot);
    slot->state |= EDDY__URING_QUEUED;
    list_append(&u->todo_first, &u->todo_last, slot);
}

/* In front of all others, behind those that came back before it. */
static void starved_again(eddy__uring *u, eddy__slot *slot)
{
    eddy__slot **at = u->starved_again != NULL ? &u->starved_again->next : &u->starved_first;

    slot->next = *at;
    *at = slot;
    if (slot->next == NULL)
        u->starved_last = slot;
    u->starved_again = slot;
}

void eddy__uring_starve(eddy__uring *u, eddy__slot *slot)
{
    bool again = (slot->state & EDDY__URING_REVIVED) != 0;

    if ((slot->state & EDDY__URING_QUEUED) != 0)
        return; /* its step will see whether there is a buffer by then */
    slot->state = (uint16_t)(slot->state & ~EDDY__URING_REVIVED);
    slot->state |= EDDY__URING_STARVED;
    if (again) {
        starved_again(u, slot);
        return;
    }
    u->base.counters.starved++;
    list_append(&u->starved_first, &u->starved_last, slot);
}

void eddy__uring_revive(eddy__uring *u)
{
    uint32_t left = u->buffers.provided * REVIVED_PER_BUFFER;

    u->starved_again = NULL;
    while (u->starved_first != NULL && left-- != 0) {
        eddy__slot *slot = u->starved_first;

        /* Without credit there is nothing to arm; credit() will queue it. */
        if (slot->credit > 0 && !eddy__uring_arm_recv(u, slot))
            return;
        starved_remove(u, slot);
        slot->state |= EDDY__URING_REVIVED;
    }
}

/* --- what came late: a ring of pieces, slot->late is the last, its next the first --- */

bool eddy__uring_late_add(eddy__uring *u, eddy__slot *slot, eddy__block *block, unsigned char *at,
                          uint32_t len)
{
    eddy__piece *piece = eddy__piece_new(u->pool, block, at, len);

    if (piece == NULL)
        return false;
    if (slot->late == NULL) {
        piece->next = piece;
    } else {
        piece->next = slot->late->next;
        slot->late->next = piece;
    }
    slot->late = piece;
    return true;
}

static eddy__piece *late_shift(eddy__slot *slot)
{
    eddy__piece *first = slot->late->next;

    if (first == slot->late)
        slot->late = NULL;
    else
        slot->late->next = first->next;
    return first;
}

void eddy__uring_late_clear(eddy__uring *u, eddy__slot *slot)
{
    while (slot->late != NULL) {
        eddy__piece *piece = late_shift(slot);

        if (piece->block == NULL)
            (void)close((int)piece->len);
        eddy__piece_free(u->pool, piece);
    }
}

/* Deliver as long as there is credit. False: no room. */
static bool late_deliver(eddy__uring *u, eddy__slot *slot)
{
    while (slot->late != NULL && slot->credit > 0) {
        eddy__piece *piece;

        if (u->out == u->out_end)
            return false;
        piece = late_shift(slot);
        if (slot->kind == EDDY__SLOT_LISTENER) {
            slot->credit--;
            eddy__uring_emit(u, slot, EDDY__ACCEPTED, (int32_t)piece->len);
        } else {
            eddy__uring_emit_bytes(u, slot, piece->block, piece->at, piece->len);
            piece->block = NULL; /* its reference goes with the event */
        }
        eddy__piece_free(u->pool, piece);
    }
    return true;
}

/* --- steps: false when the slot must be stepped again --- */

/* Tell an event that `bit` of the state stands for. */
static bool tell(eddy__uring *u, eddy__slot *slot, uint16_t bit, eddy__event_type type)
{
    if (u->out == u->out_end)
        return false;
    slot->state = (uint16_t)(slot->state & ~bit);
    eddy__uring_emit(u, slot, type, slot->result);
    return true;
}

static bool cancel_all(eddy__uring *u, eddy__slot *slot)
{
    /* A send that does not wait is over when it was submitted. */
    const int over = (slot->in_flight & EDDY__URING_UNTOLD) != 0 ? EDDY__URING_SEND : 0;

    for (int kind = EDDY__URING_KIND_RECV; kind < EDDY__URING_KIND_CLOSE; kind++)
        if ((slot->in_flight & ~slot->interest & ~over & 1 << kind) != 0 &&
            !eddy__uring_cancel(u, slot, (eddy__uring_kind)kind))
            return false;
    return true;
}

/* Cancel what is in flight; when nothing is, close; when closed or to be kept, tell. */
static bool detached_step(eddy__uring *u, eddy__slot *slot)
{
    if ((slot->state & EDDY__URING_CLOSED) != 0 || (slot->keep_fd && slot->in_flight == 0)) {
        if (u->out == u->out_end)
            return false;
        eddy__slots_remove(&u->slots, slot);
        eddy__uring_emit(u, slot, EDDY__ENDED, 0);
        return true;
    }
    if (slot->in_flight != 0)
        return cancel_all(u, slot);
    return eddy__uring_arm_close(u, slot);
}

/* Reading <-> Pausing -> Paused, as credit wants it, and the watch while nothing is read. */
static bool receive_step(eddy__uring *u, eddy__slot *slot)
{
    bool armed = (slot->in_flight & EDDY__URING_RECV) != 0;

    if (armed && slot->credit <= 0 && (slot->interest & EDDY__URING_RECV) == 0)
        return eddy__uring_cancel(u, slot, EDDY__URING_KIND_RECV);
    if (!armed && slot->credit > 0) {
        if (u->buffers.provided == 0)
            eddy__uring_buffers_fill(u);
        if (u->buffers.provided == 0 || u->starved_first != NULL)
            eddy__uring_starve(u, slot);
        else if (!eddy__uring_arm_recv(u, slot))
            return false;
    }
    if ((slot->in_flight & (EDDY__URING_RECV | EDDY__URING_POLL)) == 0 && slot->watch &&
        (slot->state & EDDY__URING_HUNG_UP) == 0)
        return eddy__uring_arm_poll(u, slot);
    return true;
}

static bool stream_step(eddy__uring *u, eddy__slot *slot)
{
    if ((slot->state & EDDY__URING_UNCONNECTED) != 0) {
        slot->state |= EDDY__URING_OVER;
        return tell(u, slot, EDDY__URING_UNCONNECTED, EDDY__CONNECTED);
    }
    if ((slot->in_flight & EDDY__URING_CONNECT) != 0)
        return true;
    if (!late_deliver(u, slot))
        return false;
    if ((slot->state & EDDY__URING_OVER) == 0)
        return receive_step(u, slot);
    if ((slot->state & EDDY__URING_HELD) != 0 && slot->late == NULL &&
        !tell(u, slot, EDDY__URING_HELD, slot->result == 0 ? EDDY__END : EDDY__ERROR))
        return false;
    /* Who has been told the end needs no word of a hang-up. */
    if (slot->watch && (slot->state & EDDY__URING_HUNG_UP) == 0 && slot->late != NULL) {
        if (!tell(u, slot, 0, EDDY__HANGUP))
            return false;
        slot->state |= EDDY__URING_HUNG_UP;
    }
    /* Over although it is armed: bytes were lost for want of memory, what follows is of no use. */
    if ((slot->in_flight & ~slot->interest & EDDY__URING_RECV) != 0)
        return eddy__uring_cancel(u, slot, EDDY__URING_KIND_RECV);
    return true;
}

static bool listener_step(eddy__uring *u, eddy__slot *slot)
{
    bool armed = (slot->in_flight & EDDY__URING_ACCEPT) != 0;

    if (!late_deliver(u, slot))
        return false;
    if ((slot->state & EDDY__URING_HELD) != 0 && slot->late == NULL) {
        if (!tell(u, slot, EDDY__URING_HELD, EDDY__ACCEPT_FAILED))
            return false;
        slot->state |= EDDY__URING_STOPPED;
    }
    if (armed && slot->credit <= 0 && (slot->interest & EDDY__URING_ACCEPT) == 0)
        return eddy__uring_cancel(u, slot, EDDY__URING_KIND_ACCEPT);
    if (!armed && slot->credit > 0 && (slot->state & EDDY__URING_STOPPED) == 0)
        return eddy__uring_arm_accept(u, slot);
    return true;
}

static bool slot_step(eddy__uring *u, eddy__slot *slot)
{
    if ((slot->state & EDDY__URING_DETACHED) != 0)
        return detached_step(u, slot);
    if (slot->kind == EDDY__SLOT_READY)
        return eddy__uring_ready_step(u, slot);
    return slot->kind == EDDY__SLOT_LISTENER ? listener_step(u, slot) : stream_step(u, slot);
}

void eddy__uring_steps(eddy__uring *u)
{
    while (u->todo_first != NULL) {
        eddy__slot *slot = u->todo_first;

        u->todo_first = slot->next;
        slot->state = (uint16_t)(slot->state & ~EDDY__URING_QUEUED);
        if (slot_step(u, slot))
            continue;
        if ((slot->state & EDDY__URING_STARVED) != 0)
            starved_remove(u, slot);
        slot->state |= EDDY__URING_QUEUED;
        slot->next = u->todo_first;
        if (u->todo_first == NULL)
            u->todo_last = slot;
        u->todo_first = slot;
        return;
    }
}
