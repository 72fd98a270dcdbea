/* SPDX-License-Identifier: MIT */
/*
 * uring_events.c - completions of the kernel become events of slots.
 *
 * A completion gives at most one event, so one is read only while there is room for an event; what
 * is left stays in the ring. Nothing is submitted here: a slot that needs something is queued for
 * its step. Final completions (no MORE) clear the slot's bits and queue it, whatever they say:
 * armed again is what still has credit and has not ended.
 */
#include "driver/uring.h"

#include "base/assert.h"
#include "sys/sockets.h"

#include <errno.h>
#include <unistd.h>

/* Nothing more will be received, and why: 0 the end, or -errno. Told behind the late bytes. */
static void receive_over(eddy__uring *u, eddy__slot *slot, int32_t result)
{
    slot->state |= EDDY__URING_OVER;
    if (result == 0 && (slot->state & EDDY__URING_RESET) != 0)
        result = slot->result;
    slot->result = result;
    if (slot->late == NULL)
        eddy__uring_emit(u, slot, result == 0 ? EDDY__END : EDDY__ERROR, result);
    else
        slot->state |= EDDY__URING_HELD;
    if (slot->watch && slot->late != NULL)
        eddy__uring_queue(u, slot); /* the step tells of the hang-up */
}

/* Bytes that cannot be delivered now, or never. */
static void bytes_late(eddy__uring *u, eddy__slot *slot, eddy__block *block, unsigned char *at,
                       uint32_t len)
{
    if ((slot->state & (EDDY__URING_DETACHED | EDDY__URING_OVER)) == 0) {
        if (eddy__uring_late_add(u, slot, block, at, len))
            return;
        receive_over(u, slot, -ENOMEM);
        eddy__uring_queue(u, slot);
    }
    eddy__block_release(block);
}

/* A receive has ended without bytes. */
static void receive_stopped(eddy__uring *u, eddy__slot *slot, int32_t result, bool cancelled)
{
    if ((slot->state & (EDDY__URING_DETACHED | EDDY__URING_OVER)) != 0 ||
        eddy__uring_is_nothing(result) || (result == -ECANCELED && cancelled)) {
        eddy__uring_queue(u, slot);
    } else if (result == -ENOBUFS) {
        u->buffers.hungry = true;
        if (slot->credit > 0 && !slot->watch)
            eddy__uring_starve(u, slot);
        else
            eddy__uring_queue(u, slot); /* to be watched while nothing is received */
    } else {
        receive_over(u, slot, result);
    }
}

static void on_recv(eddy__uring *u, eddy__slot *slot, const eddy__uring_cqe *cqe)
{
    bool more = (cqe->flags & EDDY__URING_CQE_MORE) != 0;
    bool cancelled = !more && eddy__uring_op_over(slot, EDDY__URING_RECV);

    if (cqe->res > 0) {
        unsigned char *at;
        eddy__block *block = eddy__uring_buffers_claim(u, cqe->flags, (uint32_t)cqe->res, &at);

        slot->state = (uint16_t)(slot->state & ~EDDY__URING_REVIVED);
        if (slot->credit > 0 && slot->late == NULL &&
            (slot->state & (EDDY__URING_DETACHED | EDDY__URING_OVER)) == 0) {
            eddy__uring_emit_bytes(u, slot, block, at, (uint32_t)cqe->res);
            if (slot->credit <= 0)
                eddy__uring_queue(u, slot);
        } else {
            bytes_late(u, slot, block, at, (uint32_t)cqe->res);
        }
        if (!more)
            eddy__uring_queue(u, slot);
        return;
    }
    /* An end or error that comes with a buffer gives it back unused. */
    if ((cqe->flags & (EDDY__URING_CQE_BUFFER | EDDY__URING_CQE_BUF_MORE)) ==
        EDDY__URING_CQE_BUFFER) {
        unsigned char *at;

        eddy__block_release(eddy__uring_buffers_claim(u, cqe->flags, 0, &at));
    }
    if (!more)
        receive_stopped(u, slot, cqe->res, cancelled);
}

/* A connection that nobody wants, or that comes without credit. */
static void accepted_late(eddy__uring *u, eddy__slot *slot, int32_t fd)
{
    if ((slot->state & EDDY__URING_DETACHED) == 0) {
        if (eddy__uring_late_add(u, slot, NULL, NULL, (uint32_t)fd))
            return;
        eddy__uring_emit(u, slot, EDDY__ACCEPT_FAILED, -ENOMEM);
        slot->state |= EDDY__URING_STOPPED;
    }
    (void)close(fd);
    u->base.counters.syscalls++;
}

static void accept_failed(eddy__uring *u, eddy__slot *slot, int32_t result)
{
    if (slot->late != NULL) {
        slot->result = result;
        slot->state |= EDDY__URING_HELD;
        return;
    }
    slot->state |= EDDY__URING_STOPPED;
    eddy__uring_emit(u, slot, EDDY__ACCEPT_FAILED, result);
}

static void on_accept(eddy__uring *u, eddy__slot *slot, const eddy__uring_cqe *cqe)
{
    bool more = (cqe->flags & EDDY__URING_CQE_MORE) != 0;
    bool cancelled = !more && eddy__uring_op_over(slot, EDDY__URING_ACCEPT);
    bool wanted = (slot->state & EDDY__URING_DETACHED) == 0;

    if (cqe->res >= 0 && wanted && slot->credit > 0 && slot->late == NULL) {
        slot->credit--;
        eddy__uring_emit(u, slot, EDDY__ACCEPTED, cqe->res);
    } else if (cqe->res >= 0) {
        accepted_late(u, slot, cqe->res);
    } else if (wanted && !eddy__uring_is_nothing(cqe->res) &&
               !(cqe->res == -ECANCELED && cancelled)) {
        accept_failed(u, slot, cqe->res);
    }
    if (!more || slot->credit <= 0)
        eddy__uring_queue(u, slot);
}

static void on_connect(eddy__uring *u, eddy__slot *slot, const eddy__uring_cqe *cqe)
{
    (void)eddy__uring_op_over(slot, EDDY__URING_CONNECT);
    if ((slot->state & EDDY__URING_DETACHED) == 0) {
        if (cqe->res < 0)
            slot->state |= EDDY__URING_OVER;
        eddy__uring_emit(u, slot, EDDY__CONNECTED, cqe->res);
    }
    eddy__uring_queue(u, slot);
}

static void on_poll(eddy__uring *u, eddy__slot *slot, const eddy__uring_cqe *cqe)
{
    (void)eddy__uring_op_over(slot, EDDY__URING_POLL);
    if ((slot->state & EDDY__URING_DETACHED) != 0) {
        eddy__uring_queue(u, slot);
    } else if ((slot->state & (EDDY__URING_HUNG_UP | EDDY__URING_OVER)) == 0 && cqe->res >= 0) {
        slot->state |= EDDY__URING_HUNG_UP;
        eddy__uring_emit(u, slot, EDDY__HANGUP, 0);
    }
}

static void on_close(eddy__uring *u, eddy__slot *slot)
{
    eddy__slots_remove(&u->slots, slot);
    eddy__uring_emit(u, slot, EDDY__ENDED, 0);
}

static void on_slot(eddy__uring *u, eddy__slot *slot, const eddy__uring_cqe *cqe)
{
    switch (eddy__uring_kind_of(cqe->user_data)) {
    case EDDY__URING_KIND_RECV:
        on_recv(u, slot, cqe);
        break;
    case EDDY__URING_KIND_SEND:
        eddy__uring_on_send(u, slot, cqe);
        break;
    case EDDY__URING_KIND_ACCEPT:
        on_accept(u, slot, cqe);
        break;
    case EDDY__URING_KIND_CONNECT:
        on_connect(u, slot, cqe);
        break;
    case EDDY__URING_KIND_POLL:
        (slot->kind == EDDY__SLOT_READY ? eddy__uring_on_ready : on_poll)(u, slot, cqe);
        break;
    case EDDY__URING_KIND_CLOSE:
        on_close(u, slot);
        break;
    case EDDY__URING_KIND_CANCEL:
    case EDDY__URING_KIND_WAKE:
    case EDDY__URING_KIND_TIMER:
        break; /* not of a slot */
    }
}

/* A completion that belongs to no slot: the driver's own, or of a slot that has gone. */
static void on_other(eddy__uring *u, const eddy__uring_cqe *cqe)
{
    unsigned char *at;

    switch (eddy__uring_kind_of(cqe->user_data)) {
    case EDDY__URING_KIND_WAKE:
        if ((cqe->flags & EDDY__URING_CQE_MORE) == 0)
            u->wake_armed = false;
        break;
    case EDDY__URING_KIND_TIMER:
        u->timer_at = EDDY_FOREVER;
        break;
    case EDDY__URING_KIND_RECV:
        if ((cqe->flags & EDDY__URING_CQE_BUFFER) != 0 && cqe->res >= 0)
            eddy__block_release(eddy__uring_buffers_claim(u, cqe->flags, (uint32_t)cqe->res, &at));
        break;
    case EDDY__URING_KIND_ACCEPT:
        if (cqe->res >= 0)
            (void)close(cqe->res);
        break;
    case EDDY__URING_KIND_SEND:
    case EDDY__URING_KIND_CONNECT:
    case EDDY__URING_KIND_POLL:
    case EDDY__URING_KIND_CLOSE:
    case EDDY__URING_KIND_CANCEL: /* it came too late, which does not matter */
        break;
    }
}

static EDDY__NOINLINE void on_completion(eddy__uring *u, const eddy__uring_cqe *cqe)
{
    eddy__slot *slot = NULL;

    if (eddy__uring_kind_of(cqe->user_data) <= EDDY__URING_KIND_CLOSE)
        slot = eddy__uring_slot_of(u, cqe->user_data);
    if (slot != NULL)
        on_slot(u, slot, cqe);
    else
        on_other(u, cqe);
}

/* The common completion: bytes that a stream has credit for, in a buffer of which more is left.
 * False: it is not that simple, and nothing was done. */
static inline bool on_bytes(eddy__uring *u, const eddy__uring_cqe *cqe)
{
    const uint32_t goes_on =
        EDDY__URING_CQE_BUFFER | EDDY__URING_CQE_MORE | EDDY__URING_CQE_BUF_MORE;
    const uint16_t other = EDDY__URING_DETACHED | EDDY__URING_OVER | EDDY__URING_REVIVED;
    eddy__slot *slot;
    eddy__block *block;
    unsigned char *at;

    if (eddy__uring_kind_of(cqe->user_data) != EDDY__URING_KIND_RECV ||
        (cqe->flags & goes_on) != goes_on || cqe->res <= 0)
        return false;
    slot = eddy__uring_slot_of(u, cqe->user_data);
    if (slot == NULL || slot->credit <= cqe->res || slot->late != NULL ||
        (slot->state & other) != 0)
        return false;
    block = eddy__uring_buffers_share(u, cqe->flags, (uint32_t)cqe->res, &at);
    eddy__uring_emit_bytes(u, slot, block, at, (uint32_t)cqe->res);
    return true;
}

void eddy__uring_collect(eddy__uring *u)
{
    const uint32_t tail = eddy__uring_ring_cq_tail(&u->ring);
    uint32_t head = u->ring.cq_head;

    if (head != tail) {
        for (; head != tail && u->out != u->out_end; head++) {
            const eddy__uring_cqe *cqe = &u->ring.cqes[head & u->ring.cq_mask];

            if (!on_bytes(u, cqe))
                on_completion(u, cqe);
        }
        u->ring.cq_head = head;
        eddy__uring_ring_seen(&u->ring);
    }
    if (u->untold_n != 0 && head == tail)
        eddy__uring_sends_done(u);
}
