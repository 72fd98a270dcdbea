/* SPDX-License-Identifier: MIT */
/*
 * sim_send.c - the simulated driver's sends.
 *
 * A send that is put off is offered to the room only when its time has come: until then its bytes
 * are read by nobody, so whoever lets go of them too early is found out. What the room does not
 * take at once is left to the caller to send again, when there is room.
 */
#include "driver/sim_driver.h"

#include "base/assert.h"

#include <errno.h>
#include <string.h>

/* A send is put off for up to so long. */
#define PUT_OFF_NS (200 * EDDY_MICROSECOND)

static void state_clear(eddy__slot *slot, unsigned bits)
{
    slot->state &= (uint16_t)~bits;
}

/* An error is told once. When the sender was told that the connection is gone, the reader would
 * next be told an ordinary end: remember what it was. (EPIPE is left out: it says that the end had
 * come before.) */
static int32_t note_error(eddy__slot *slot, int32_t error)
{
    if (error < 0 && error != -EPIPE && error != -ENOTCONN)
        slot->result = error;
    return error;
}

static size_t parts_bytes(const eddy__iov *parts, uint32_t n)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < n; i++)
        bytes += parts[i].len;
    return bytes;
}

/* How much of it the room is offered. */
static size_t shorten(eddy__simulated *self, size_t total)
{
    uint32_t less = total <= INT32_MAX ? (uint32_t)total : INT32_MAX;

    if (less < 2 || !eddy__sim_happens(self->sim, EDDY_CHAOS_SHORT_WRITE))
        return total;
    return 1 + (size_t)eddy__sim_draw(self->sim, EDDY_CHAOS_SHORT_WRITE, less - 1);
}

/* One system call: bytes taken, or -errno. */
static int64_t offer(eddy__simulated *self, const eddy__slot *slot, const eddy__iov *parts,
                     uint32_t n)
{
    size_t left = shorten(self, parts_bytes(parts, n));
    int64_t sent = 0;

    self->base.counters.syscalls++;
    for (uint32_t i = 0; i < n && left > 0; i++) {
        size_t len = parts[i].len < left ? parts[i].len : left;
        int64_t taken = len == 0 ? 0 : eddy__sim_send(self->host, slot->fd, parts[i].base, len);

        if (taken < 0)
            return sent > 0 ? sent : taken;
        sent += taken;
        left -= (size_t)taken;
        if ((size_t)taken < len)
            break;
    }
    return sent;
}

/* What the send that is in flight has come to; EDDY_PENDING: nothing yet. */
static eddy_result send_outcome(eddy__simulated *self, eddy__simulated_record *record)
{
    const uint32_t moved = EDDY__SIM_WRITABLE | EDDY__SIM_HUNG;
    eddy__slot *slot = record->slot;
    uint32_t ready = eddy__sim_ready(self->host, slot->fd);

    if (record->parts_n > 0) {
        int64_t sent = offer(self, slot, record->parts, record->parts_n);

        return sent == -EAGAIN ? EDDY_PENDING : (eddy_result)sent;
    }
    if (ready & EDDY__SIM_BROKEN) {
        int error = eddy__simulated_take_error(self, slot);

        if (error != 0)
            return error;
    }
    return ready & moved ? (eddy_result)slot->sent : EDDY_PENDING;
}

void eddy__simulated_finish_send(eddy__simulated *self, eddy__simulated_record *record)
{
    eddy__slot *slot = record->slot;
    eddy_result result;

    if ((slot->state & (EDDY__SIMULATED_BLOCKED | EDDY__SIMULATED_PUT_OFF)) !=
        EDDY__SIMULATED_BLOCKED)
        return;
    result = send_outcome(self, record);
    if (result == EDDY_PENDING)
        return;
    state_clear(slot, EDDY__SIMULATED_BLOCKED);
    record->parts_n = 0;
    (void)eddy__simulated_emit(self, slot, EDDY__SENT, note_error(slot, (int32_t)result));
}

/* The room is offered nothing yet. */
static eddy_result put_off(eddy__simulated *self, eddy__slot *slot, const eddy__iov *parts,
                           uint32_t n)
{
    eddy__simulated_record *record = eddy__simulated_record_of(self, slot);
    int64_t at_ns =
        self->sim->now_ns + eddy__sim_draw_ns(self->sim, EDDY_CHAOS_IN_FLIGHT, PUT_OFF_NS);

    memcpy(record->parts, parts, n * sizeof parts[0]);
    record->parts_n = n;
    slot->sent = 0;
    slot->state |= EDDY__SIMULATED_BLOCKED;
    /* Now and then only until the next wait; so, too, when the agenda cannot take it. */
    if (eddy__sim_draw(self->sim, EDDY_CHAOS_IN_FLIGHT, 4) != 0 &&
        eddy__sim_at(self->sim, &record->later, at_ns) == 0)
        slot->state |= EDDY__SIMULATED_PUT_OFF;
    else
        eddy__simulated_enqueue(record);
    return EDDY_PENDING;
}

eddy_result eddy__simulated_send(eddy__driver *driver, eddy__slot *slot, const eddy__iov *iov,
                                 uint32_t n)
{
    const unsigned busy = EDDY__SIMULATED_BLOCKED | EDDY__SIMULATED_CONNECTING |
                          EDDY__SIMULATED_CONNECT_DONE | EDDY__SIMULATED_DETACHED;
    eddy__simulated *self = (eddy__simulated *)driver;
    int64_t sent;

    EDDY_ASSERT(!(slot->state & busy),
                "send on a slot that is sending, connecting or detached (state 0x%x)",
                (unsigned)slot->state);
    EDDY_ASSERT(n - 1 < EDDY__IOV_MAX, "send of %u parts", (unsigned)n);
    if (eddy__sim_happens(self->sim, EDDY_CHAOS_IN_FLIGHT))
        return put_off(self, slot, iov, n);
    sent = offer(self, slot, iov, n);
    if (sent >= 0 && (size_t)sent == parts_bytes(iov, n))
        return sent;
    if (sent < 0 && sent != -EAGAIN)
        return note_error(slot, (int32_t)sent);
    slot->sent = sent < 0 ? 0 : (uint32_t)sent;
    slot->state |= EDDY__SIMULATED_BLOCKED;
    if (eddy__simulated_has_work(self, slot))
        eddy__simulated_enqueue(eddy__simulated_record_of(self, slot));
    return EDDY_PENDING;
}

int eddy__simulated_shutdown(eddy__driver *driver, eddy__slot *slot)
{
    EDDY_ASSERT(!(slot->state & EDDY__SIMULATED_BLOCKED), "shutdown while a send is in flight");
    driver->counters.syscalls++;
    return eddy__sim_shutdown(((eddy__simulated *)driver)->host, slot->fd);
}
