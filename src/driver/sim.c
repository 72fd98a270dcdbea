/* SPDX-License-Identifier: MIT */
/*
 * sim.c - the simulated driver: its life and the slots it knows. See sim_driver.h for how it
 * works, driver.h for what it promises, sim/sim.h for what it stands on.
 *
 * It is never chosen on its own: a world opens it with one of its hosts, a program by the name
 * "sim", which gives it the host of the thread's own room.
 */
#include "driver/sim_driver.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "eddy/explore.h"

#include <errno.h>
#include <string.h>

enum { ROOM_MIN_BYTES = 8 * 1024, RING_MAX = 3, RING_BLOCK_MIN = 64, RING_BLOCK_SIZES = 5 };

/* Few and small buffers are what the loop is to get along with. */
static void shrink_pool(eddy__sim *sim, eddy__pool *pool)
{
    uint32_t blocks, bytes;

    if (pool->blocks != 0 || !eddy__sim_happens(sim, EDDY_CHAOS_RING))
        return;
    blocks = 1 + eddy__sim_draw(sim, EDDY_CHAOS_RING, RING_MAX);
    bytes = (uint32_t)RING_BLOCK_MIN << 2 * eddy__sim_draw(sim, EDDY_CHAOS_RING, RING_BLOCK_SIZES);
    if (blocks < pool->blocks_max) {
        pool->blocks_max = blocks;
        pool->blocks_tight = blocks * 3 / 4;
    }
    if (bytes < pool->block_bytes)
        pool->block_bytes = bytes;
}

/* A processor on the host, or on that of the thread's own room. */
static eddy__sim_cpu *make_cpu(eddy__sim_host *host)
{
    eddy__sim_cpu *cpu;
    eddy__sim *sim;

    if (host != NULL)
        return eddy__sim_cpu_new(host);
    sim = eddy__sim_default();
    if (sim == NULL)
        return NULL;
    cpu = eddy__sim_cpu_new(EDDY__CONTAINER(sim->hosts.next, eddy__sim_host, all));
    eddy__sim_release(sim); /* the processor keeps it */
    return cpu;
}

static int sim_open(const eddy__driver_options *options, eddy__driver **out)
{
    eddy__simulated *self = eddy__calloc(options->allocator, sizeof *self);
    eddy__sim_cpu *cpu;

    if (self == NULL)
        return -ENOMEM;
    cpu = make_cpu(options->host);
    if (cpu == NULL) {
        eddy__free(options->allocator, self, sizeof *self);
        return -ENOMEM;
    }
    self->base.type = &eddy__sim_driver;
    self->base.system = &cpu->host->system;
    self->base.cpu = cpu;
    self->allocator = options->allocator;
    self->pool = options->pool;
    self->sim = cpu->sim;
    self->host = cpu->host;
    shrink_pool(self->sim, self->pool);
    self->room_min = options->pool->block_bytes / 4;
    if (self->room_min > ROOM_MIN_BYTES)
        self->room_min = ROOM_MIN_BYTES;
    eddy__list_init(&self->queue);
    eddy__list_init(&self->starved);
    eddy__slots_init(&self->slots, options->allocator);
    *out = &self->base;
    return 0;
}

static void free_records(eddy__simulated *self)
{
    for (uint32_t i = 0; i < self->records_n; i++)
        eddy__free(self->allocator, self->records[i], sizeof *self->records[i]);
    if (self->records != NULL)
        eddy__free(self->allocator, self->records,
                   self->records_n * sizeof(eddy__simulated_record *));
}

/* What goes on of the slot, goes on no more. */
static void cut_off(eddy__simulated *self, const eddy__slot *slot)
{
    eddy__simulated_record *record = eddy__simulated_record_of(self, slot);

    eddy__list_remove(&record->starved);
    eddy__sim_cancel(self->sim, &record->later);
    (void)eddy__sim_watch(self->host, slot->fd, NULL); /* after a crash there is none */
    self->base.counters.syscalls++;
    if (slot->keep_fd)
        return;
    self->base.system->type->close(self->base.system, slot->fd);
    self->base.counters.syscalls++;
}

/* When nobody could wait for their ends. */
static void end_slots(eddy__simulated *self)
{
    eddy__slot *slot;
    uint32_t at = 0;

    while ((slot = eddy__slots_next(&self->slots, &at)) != NULL) {
        eddy__list_remove(&eddy__simulated_record_of(self, slot)->queued);
        if (!(slot->state & EDDY__SIMULATED_DETACHED))
            cut_off(self, slot);
        eddy__slots_remove(&self->slots, slot);
    }
}

static void sim_close(eddy__driver *driver, bool foreign)
{
    eddy__simulated *self = (eddy__simulated *)driver;

    if (foreign)
        end_slots(self);
    EDDY_ASSERT(eddy__list_empty(&self->queue) && eddy__list_empty(&self->starved),
                "driver closed before wait() has told the end of every slot");
    if (self->block != NULL)
        eddy__block_release(self->block);
    eddy__slots_deinit(&self->slots);
    free_records(self);
    self->base.cpu->host = NULL;
    eddy__sim_cpu_release(self->base.cpu);
    eddy__free(self->allocator, self, sizeof *self);
}

static int64_t sim_now(eddy__driver *driver)
{
    return eddy__sim_local_ns(((eddy__simulated *)driver)->host);
}

/* ---- who has something to give ---- */

void eddy__simulated_enqueue(eddy__simulated_record *record)
{
    eddy__simulated *self = record->driver;

    if (eddy__list_empty(&record->queued))
        eddy__list_append(&self->queue, &record->queued);
    if (!self->waiting)
        self->base.cpu->woken = true; /* who drives several loops gives this one its turn */
}

bool eddy__simulated_is_readable(const eddy__simulated *self, const eddy__slot *slot)
{
    const uint32_t listens = EDDY__SIM_READABLE | EDDY__SIM_BROKEN;
    const uint32_t reads = listens | EDDY__SIM_PEER_END | EDDY__SIM_HUNG;

    return (eddy__sim_ready(self->host, slot->fd) &
            (slot->kind == EDDY__SLOT_LISTENER ? listens : reads)) != 0;
}

static bool stream_has_work(const eddy__simulated *self, const eddy__slot *slot)
{
    const uint32_t moved = EDDY__SIM_WRITABLE | EDDY__SIM_BROKEN | EDDY__SIM_HUNG;
    uint32_t ready = eddy__sim_ready(self->host, slot->fd);
    uint32_t state = slot->state;

    if (state & EDDY__SIMULATED_CONNECTING)
        return (ready & EDDY__SIM_CONNECTING) == 0;
    if ((state & EDDY__SIMULATED_BLOCKED) && !(state & EDDY__SIMULATED_PUT_OFF) && (ready & moved))
        return true;
    if (state & EDDY__SIMULATED_OVER)
        return false;
    if (slot->credit > 0 && eddy__list_empty(&eddy__simulated_record_of(self, slot)->starved) &&
        eddy__simulated_is_readable(self, slot))
        return true;
    return slot->watch && (ready & EDDY__SIM_PEER_END) && !(state & EDDY__SIMULATED_HANGUP_TOLD);
}

bool eddy__simulated_has_work(const eddy__simulated *self, const eddy__slot *slot)
{
    if (slot->state & (EDDY__SIMULATED_DETACHED | EDDY__SIMULATED_CONNECT_DONE))
        return true;
    if (slot->kind == EDDY__SLOT_STREAM)
        return stream_has_work(self, slot);
    if (slot->kind == EDDY__SLOT_READY)
        return (slot->state & EDDY__SIMULATED_CHANGED) != 0;
    return slot->credit > 0 && !(slot->state & EDDY__SIMULATED_STOPPED) &&
           eddy__simulated_is_readable(self, slot);
}

/* ---- slots ---- */

static void on_changed(eddy__sim_watcher *watcher)
{
    eddy__simulated_record *record = EDDY__CONTAINER(watcher, eddy__simulated_record, watcher);

    record->slot->state |= EDDY__SIMULATED_CHANGED;
    eddy__simulated_enqueue(record);
}

static void on_later(eddy__sim_event *event)
{
    eddy__simulated_record *record = EDDY__CONTAINER(event, eddy__simulated_record, later);

    record->slot->state &= (uint16_t)~EDDY__SIMULATED_PUT_OFF;
    eddy__simulated_enqueue(record);
}

static bool grow_records(eddy__simulated *self)
{
    uint32_t n = self->slots.capacity;
    eddy__simulated_record **records =
        eddy__calloc(self->allocator, n * sizeof(eddy__simulated_record *));

    if (records == NULL)
        return false;
    if (self->records != NULL) {
        memcpy(records, self->records, self->records_n * sizeof(eddy__simulated_record *));
        eddy__free(self->allocator, self->records,
                   self->records_n * sizeof(eddy__simulated_record *));
    }
    self->records = records;
    self->records_n = n;
    return true;
}

/* The record of that index, as new; NULL: no memory. */
static eddy__simulated_record *take_record(eddy__simulated *self, uint32_t index)
{
    eddy__simulated_record *record;

    if (index >= self->records_n && !grow_records(self))
        return NULL;
    record = self->records[index];
    if (record == NULL)
        record = self->records[index] = eddy__calloc(self->allocator, sizeof *record);
    if (record == NULL)
        return NULL;
    record->watcher.changed = on_changed;
    record->later = (eddy__sim_event){.happen = on_later};
    record->driver = self;
    record->parts_n = 0;
    eddy__list_init(&record->queued);
    eddy__list_init(&record->starved);
    return record;
}

static int sim_attach(eddy__driver *driver, eddy__slot *slot, int fd, eddy__slot_kind kind)
{
    eddy__simulated *self = (eddy__simulated *)driver;
    eddy__simulated_record *record;
    int error = eddy__slots_add(&self->slots, slot);

    if (error != 0)
        return error;
    record = take_record(self, slot->index);
    error = record == NULL ? -ENOMEM : eddy__sim_watch(self->host, fd, &record->watcher);
    if (error != 0) {
        eddy__slots_remove(&self->slots, slot);
        return error;
    }
    self->base.counters.syscalls++;
    record->slot = slot;
    slot->fd = fd;
    slot->kind = (uint8_t)kind;
    slot->state = kind == EDDY__SLOT_READY ? EDDY__SIMULATED_CHANGED : 0;
    slot->result = 0;
    if (eddy__simulated_has_work(self, slot))
        eddy__simulated_enqueue(record);
    return 0;
}

static void note_detach(const eddy__simulated *self, const eddy__slot *slot)
{
    if (slot->state & EDDY__SIMULATED_BLOCKED)
        EDDY_SOMETIMES("sim: detached with a send in flight");
    if (slot->state & EDDY__SIMULATED_CONNECTING)
        EDDY_SOMETIMES("sim: detached while connecting");
    if (slot->kind == EDDY__SLOT_STREAM && eddy__sim_unread(self->host, slot->fd) > 0)
        EDDY_SOMETIMES("sim: detached with bytes unread");
}

/* The index stays the slot's until its end has been told. */
static void sim_detach(eddy__driver *driver, eddy__slot *slot)
{
    eddy__simulated *self = (eddy__simulated *)driver;

    EDDY_ASSERT(!(slot->state & EDDY__SIMULATED_DETACHED), "slot detached twice");
    note_detach(self, slot);
    cut_off(self, slot);
    slot->fd = -1;
    slot->state = EDDY__SIMULATED_DETACHED;
    eddy__simulated_enqueue(eddy__simulated_record_of(self, slot));
}

static void sim_credit(eddy__driver *driver, eddy__slot *slot)
{
    eddy__simulated *self = (eddy__simulated *)driver;

    if (slot->state & EDDY__SIMULATED_DETACHED)
        return;
    slot->state &= (uint16_t)~EDDY__SIMULATED_STOPPED;
    if (!eddy__simulated_has_work(self, slot))
        return;
    if (slot->credit > 0 && eddy__sim_unread(self->host, slot->fd) > 0)
        EDDY_SOMETIMES("sim: late credit");
    eddy__simulated_enqueue(eddy__simulated_record_of(self, slot));
}

const eddy__driver_type eddy__sim_driver = {
    .name = "sim",
    .open = sim_open,
    .close = sim_close,
    .now = sim_now,
    .attach = sim_attach,
    .detach = sim_detach,
    .credit = sim_credit,
    .send = eddy__simulated_send,
    .connect = eddy__simulated_connect,
    .shutdown = eddy__simulated_shutdown,
    .wait = eddy__simulated_wait,
};
