/* SPDX-License-Identifier: MIT */
/*
 * sim_io.c - what the simulated driver asks of the room's sockets, and the events that this makes.
 * Each event goes into the room's trace, by the number of its slot.
 *
 * Receiving goes into one block that all streams fill one behind the other; each event holds a
 * reference.
 */
#include "driver/sim_driver.h"

#include "base/assert.h"
#include "eddy/explore.h"

#include <errno.h>
#include <string.h>

static const char *const event_names[] = {
    [EDDY__BYTES] = "bytes",         [EDDY__END] = "end",
    [EDDY__ERROR] = "error",         [EDDY__HANGUP] = "hangup",
    [EDDY__CONNECTED] = "connected", [EDDY__SENT] = "sent",
    [EDDY__ACCEPTED] = "accepted",   [EDDY__ACCEPT_FAILED] = "accept failed",
    [EDDY__READY] = "ready",         [EDDY__ENDED] = "ended",
};

static const char *const kind_names[] = {
    [EDDY__SLOT_STREAM] = "tcp",
    [EDDY__SLOT_LISTENER] = "listener",
    [EDDY__SLOT_READY] = "readiness",
};

static void state_clear(eddy__slot *slot, unsigned bits)
{
    slot->state &= (uint16_t)~bits;
}

eddy__event *eddy__simulated_emit(eddy__simulated *self, eddy__slot *slot, eddy__event_type type,
                                  int32_t result)
{
    eddy__event *event = self->out++;

    *event = (eddy__event){.slot = slot, .type = type, .result = result};
    eddy__sim_trace(self->sim, self->host, kind_names[slot->kind], slot->index + UINT64_C(1),
                    event_names[type], result);
    return event;
}

int eddy__simulated_take_error(eddy__simulated *self, const eddy__slot *slot)
{
    self->base.counters.syscalls++;
    return eddy__sim_take_error(self->host, slot->fd);
}

/* ---- receiving ---- */

static bool next_block(eddy__simulated *self)
{
    if (self->block != NULL)
        eddy__block_release(self->block);
    self->block = eddy__pool_take(self->pool);
    self->used = 0;
    return self->block != NULL;
}

bool eddy__simulated_find_room(eddy__simulated *self)
{
    const eddy__block *block = self->block;

    if (block == NULL)
        return next_block(self);
    if (block->refs == 1)
        self->used = 0; /* all given back: start over */
    return block->size_bytes - self->used >= self->room_min || next_block(self);
}

static void starve(eddy__simulated *self, eddy__simulated_record *record)
{
    EDDY_SOMETIMES("sim: ring dry");
    eddy__list_append(&self->starved, &record->starved);
    self->base.counters.starved++;
}

static void receive_end(eddy__simulated *self, eddy__slot *slot, int32_t error)
{
    if (error == -EAGAIN)
        return;
    if (error == 0)
        error = slot->result;
    slot->state |= EDDY__SIMULATED_OVER;
    (void)eddy__simulated_emit(self, slot, error == 0 ? EDDY__END : EDDY__ERROR, error);
}

/* How much the next read may give: less than there is, if chance will have it so. */
static uint32_t split(eddy__simulated *self, const eddy__slot *slot, uint32_t room, bool *cut)
{
    size_t unread = eddy__sim_unread(self->host, slot->fd);
    uint32_t most = unread < room ? (uint32_t)unread : room;

    *cut = most > 1 && eddy__sim_happens(self->sim, EDDY_CHAOS_SPLIT);
    return *cut ? 1 + eddy__sim_draw(self->sim, EDDY_CHAOS_SPLIT, most - 1) : room;
}

/* One read. Returns how many bytes it gave, 0 when reading is over for now. */
static int32_t receive_once(eddy__simulated *self, eddy__slot *slot, bool *cut)
{
    unsigned char *at = self->block->data + self->used;
    uint32_t room = split(self, slot, self->block->size_bytes - self->used, cut);
    int64_t n = eddy__sim_recv(self->host, slot->fd, at, room);
    eddy__event *event;

    self->base.counters.syscalls++;
    if (n <= 0) {
        receive_end(self, slot, (int32_t)n);
        return 0;
    }
    eddy__block_retain(self->block);
    self->used += (uint32_t)n;
    slot->credit -= (int32_t)n;
    event = eddy__simulated_emit(self, slot, EDDY__BYTES, (int32_t)n);
    event->block = self->block;
    event->at = at;
    return (int32_t)n;
}

/* `first`: it is this slot's turn to have a buffer, whoever else waits for one. */
static void receive(eddy__simulated *self, eddy__simulated_record *record, bool first)
{
    eddy__slot *slot = record->slot;
    int32_t turn = EDDY__RECV_TURN_BYTES;

    while (!(slot->state & EDDY__SIMULATED_OVER) && slot->credit > 0 && turn > 0 &&
           !eddy__simulated_full(self) && eddy__simulated_is_readable(self, slot)) {
        bool cut;
        int32_t n;

        if ((!first && !eddy__list_empty(&self->starved)) || !eddy__simulated_find_room(self)) {
            starve(self, record); /* behind those who came before */
            return;
        }
        first = false;
        n = receive_once(self, slot, &cut);
        if (n == 0 || (cut && eddy__sim_draw(self->sim, EDDY_CHAOS_SPLIT, 2) == 0))
            return;
        turn -= n;
    }
}

/* The peer is gone, what it left is unread: tell it once to whom wants to know. */
static void tell_hangup(eddy__simulated *self, eddy__slot *slot)
{
    const unsigned told = EDDY__SIMULATED_HANGUP_TOLD | EDDY__SIMULATED_OVER;

    if (!slot->watch || (slot->state & told) || eddy__simulated_full(self) ||
        !(eddy__sim_ready(self->host, slot->fd) & EDDY__SIM_PEER_END))
        return;
    slot->state |= EDDY__SIMULATED_HANGUP_TOLD;
    (void)eddy__simulated_emit(self, slot, EDDY__HANGUP, 0);
}

/* ---- connecting and accepting ---- */

void eddy__simulated_connect(eddy__driver *driver, eddy__slot *slot, const eddy_addr *to)
{
    eddy__simulated *self = (eddy__simulated *)driver;
    int error;

    EDDY_ASSERT(!(slot->state & (EDDY__SIMULATED_CONNECTING | EDDY__SIMULATED_CONNECT_DONE)),
                "connect on a slot that is connecting");
    state_clear(slot, EDDY__SIMULATED_HANGUP_TOLD);
    error = eddy__sim_connect(self->host, slot->fd, to);
    driver->counters.syscalls++;
    if (error == -EINPROGRESS) {
        slot->state |= EDDY__SIMULATED_CONNECTING;
    } else {
        slot->state |= EDDY__SIMULATED_CONNECT_DONE;
        slot->result = error;
    }
    if (eddy__simulated_has_work(self, slot))
        eddy__simulated_enqueue(eddy__simulated_record_of(self, slot));
}

static void finish_connect(eddy__simulated *self, eddy__slot *slot)
{
    int error = slot->result;

    if (slot->state & EDDY__SIMULATED_CONNECTING) {
        if (eddy__sim_ready(self->host, slot->fd) & EDDY__SIM_CONNECTING)
            return;
        error = eddy__simulated_take_error(self, slot);
    }
    state_clear(slot, EDDY__SIMULATED_CONNECTING | EDDY__SIMULATED_CONNECT_DONE);
    slot->result = 0;
    if (error != 0)
        slot->state |= EDDY__SIMULATED_OVER;
    (void)eddy__simulated_emit(self, slot, EDDY__CONNECTED, error);
}

static void accept_some(eddy__simulated *self, eddy__slot *slot)
{
    for (int turn = EDDY__ACCEPT_TURN;
         turn > 0 && slot->credit > 0 && !(slot->state & EDDY__SIMULATED_STOPPED) &&
         !eddy__simulated_full(self);
         turn--) {
        int fd = eddy__sim_accept(self->host, slot->fd);

        self->base.counters.syscalls++;
        if (fd == -EAGAIN)
            return;
        if (fd >= 0) {
            slot->credit--;
            (void)eddy__simulated_emit(self, slot, EDDY__ACCEPTED, fd);
        } else {
            slot->state |= EDDY__SIMULATED_STOPPED;
            (void)eddy__simulated_emit(self, slot, EDDY__ACCEPT_FAILED, fd);
        }
    }
}

/* ---- a turn of a slot ---- */

static void end(eddy__simulated *self, eddy__slot *slot)
{
    eddy__slots_remove(&self->slots, slot);
    slot->state = 0;
    (void)eddy__simulated_emit(self, slot, EDDY__ENDED,
                               0); /* from here on the slot is the caller's */
}

static void serve_stream(eddy__simulated *self, eddy__simulated_record *record)
{
    eddy__slot *slot = record->slot;

    if (slot->state & (EDDY__SIMULATED_CONNECTING | EDDY__SIMULATED_CONNECT_DONE)) {
        finish_connect(self, slot);
        if (slot->state & EDDY__SIMULATED_CONNECTING)
            return;
    } else {
        eddy__simulated_finish_send(self, record);
    }
    if (eddy__list_empty(&record->starved))
        receive(self, record, false);
    tell_hangup(self, slot);
}

/* Only who gave something comes again: else the room will say when there is more. */
static void requeue(eddy__simulated *self, eddy__simulated_record *record,
                    const eddy__event *before)
{
    if ((self->out != before || eddy__simulated_full(self)) &&
        eddy__simulated_has_work(self, record->slot))
        eddy__simulated_enqueue(record);
}

void eddy__simulated_serve(eddy__simulated *self, eddy__simulated_record *record)
{
    const eddy__event *before = self->out;
    eddy__slot *slot = record->slot;

    if (slot->state & EDDY__SIMULATED_DETACHED) {
        end(self, slot);
        return;
    }
    if (slot->kind == EDDY__SLOT_LISTENER)
        accept_some(self, slot);
    else if (slot->kind == EDDY__SLOT_READY)
        eddy__simulated_tell_ready(self, slot);
    else
        serve_stream(self, record);
    requeue(self, record, before);
}

void eddy__simulated_revive(eddy__simulated *self, eddy__simulated_record *record)
{
    const eddy__event *before = self->out;

    eddy__list_remove(&record->starved);
    receive(self, record, true);
    requeue(self, record, before);
}
