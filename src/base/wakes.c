/* SPDX-License-Identifier: MIT */
/*
 * wakes.c - slots that any thread may wake, and the queue of the woken. Lock-free; a wake never
 * allocates.
 *
 * The table is a fixed directory of segments, each twice as large as the one before: growing moves
 * nothing, and other threads find a slot by two loads.
 *
 * A slot's state is generation << 1 | QUEUED. Who turns QUEUED on, and nobody else, puts the slot
 * on the stack `top`; the loop fetches the whole stack at once and turns it round. Nobody pops a
 * single slot, so the stack has no ABA. The loop turns QUEUED off *before* the owner runs. A slot
 * closed while QUEUED stays out of use until it has been popped: its link is part of the stack.
 *
 * Which order pairs with which:
 *   state     add's CAS (release) -> next's fetch_sub (acquire): all that the waker wrote before.
 *             So also when QUEUED is on already: the CAS then writes the same value again. A mere
 *             load would not do: what the waker wrote could still sit in its store buffer while the
 *             loop turns QUEUED off and runs the owner, and the wake would be lost. Each CAS
 *             prolongs the release sequence of those before: one fetch_sub acquires from all.
 *             next's fetch_sub (release) -> add's CAS (acquire): the link has been read.
 *   top       push's CAS (release, being seq_cst) -> fetch's exchange (acquire): the links. Why
 *             seq_cst: see "sleep protocol" in inbox.c.
 *   segments  make_segment's store (release) -> slot_at's load (acquire): the states in it.
 */
#include "base/wakes.h"

#include <errno.h>

#include "base/assert.h"

#define QUEUED        UINT64_C(1)
#define GENERATION    UINT64_C(2) /* what one generation adds to a state */
#define SEGMENT_ORDER 6           /* the first segment has 64 slots */
#define FIRST_SLOTS   (UINT32_C(1) << SEGMENT_ORDER)
#define SLOTS_MAX     ((FIRST_SLOTS << EDDY__WAKE_SEGMENTS) - FIRST_SLOTS)

struct eddy__wake_slot {
    eddy__atomic_u64 state; /* generation << 1 | QUEUED; generations start at 1 */
    eddy__wake_slot *next;  /* QUEUED: in the queue; else: among the unused */
    void *owner;            /* loop only; NULL: not in use */
    uint32_t index;         /* 1.. */
};

typedef eddy__wake_slot slot;

/* Segment n holds the slots whose index - 1 + FIRST_SLOTS has its highest bit at n + 6. */
static uint32_t segment_of(uint32_t index, uint32_t *at)
{
    uint32_t place = index - 1 + FIRST_SLOTS;
    uint32_t high = 31 - (uint32_t)__builtin_clz(place);

    *at = place - (UINT32_C(1) << high);
    return high - SEGMENT_ORDER;
}

static size_t segment_size(uint32_t segment)
{
    return (sizeof(slot) * FIRST_SLOTS) << segment;
}

static bool make_segment(eddy__wakes *self, uint32_t first_index)
{
    uint32_t at, segment = segment_of(first_index, &at);
    slot *slots = eddy__calloc(self->allocator, segment_size(segment));

    if (!slots)
        return false;
    for (uint32_t i = 0; i < FIRST_SLOTS << segment; i++) {
        slots[i].index = first_index + i;
        eddy__atomic_init(&slots[i].state, GENERATION);
    }
    eddy__atomic_store(&self->segments[segment], slots, memory_order_release); /* slot_at */
    return true;
}

/* NULL: there never was such a slot. */
static slot *slot_at(eddy__wakes *self, uint32_t index)
{
    uint32_t segment, at;
    slot *slots;

    if (index == 0 || index > SLOTS_MAX)
        return NULL;
    segment = segment_of(index, &at);
    slots = eddy__atomic_load(&self->segments[segment], memory_order_acquire); /* make_segment */
    return slots ? &slots[at] : NULL;
}

int eddy__wakes_init(eddy__wakes *self, const eddy_allocator *allocator)
{
    self->allocator = allocator;
    self->fetched = self->unused = NULL;
    self->slots_made = 0;
    eddy__atomic_init(&self->top, NULL);
    for (uint32_t i = 0; i < EDDY__WAKE_SEGMENTS; i++)
        eddy__atomic_init(&self->segments[i], NULL);
    return make_segment(self, 1) ? 0 : -ENOMEM;
}

void eddy__wakes_deinit(eddy__wakes *self)
{
    for (uint32_t i = 0; i < EDDY__WAKE_SEGMENTS; i++) {
        /* Relaxed: the release of the last reference orders. */
        slot *slots = eddy__atomic_load(&self->segments[i], memory_order_relaxed);

        eddy__free(self->allocator, slots, segment_size(i));
    }
}

/* Relaxed here and below: only the loop changes generations, and it reads its own. */
static uint64_t generation_of(slot *self)
{
    return eddy__atomic_load(&self->state, memory_order_relaxed) / GENERATION;
}

/* Nobody can wake the slot and it is not queued: use it again, under its next generation. */
static void recycle(eddy__wakes *self, slot *closed)
{
    if (generation_of(closed) > UINT32_MAX)
        return; /* retired: the next generation would be one that old wakers know */
    closed->next = self->unused;
    self->unused = closed;
}

/* A slot whose number was never handed out. */
static slot *take_fresh(eddy__wakes *self)
{
    uint32_t index = self->slots_made + 1;

    if (index > SLOTS_MAX)
        return NULL;
    if (!slot_at(self, index) && !make_segment(self, index))
        return NULL;
    self->slots_made = index;
    return slot_at(self, index);
}

bool eddy__wakes_open(eddy__wakes *self, void *owner, uint32_t *index, uint32_t *generation)
{
    slot *opened = self->unused;

    if (opened)
        self->unused = opened->next;
    else
        opened = take_fresh(self);
    if (!opened)
        return false;
    opened->owner = owner;
    *index = opened->index;
    *generation = (uint32_t)generation_of(opened);
    return true;
}

/* From here on no wake of the owner succeeds. Returns whether one is still in the queue. */
static bool end_generation(slot *self)
{
    self->owner = NULL;
    /* Relaxed: nothing is handed over. A later owner's wakers get to know the slot's new generation
     * by ways that order. */
    return eddy__atomic_fetch_add(&self->state, GENERATION, memory_order_relaxed) & QUEUED;
}

void eddy__wakes_close(eddy__wakes *self, uint32_t index)
{
    slot *closed = slot_at(self, index);

    EDDY_ASSERT(closed && closed->owner, "wake slot %u is not in use: freed twice?", index);
    if (!end_generation(closed))
        recycle(self, closed); /* else eddy__wakes_next() does, when it comes to it */
}

void eddy__wakes_close_all(eddy__wakes *self)
{
    for (uint32_t index = 1; index <= self->slots_made; index++) {
        slot *closed = slot_at(self, index);

        if (closed->owner)
            (void)end_generation(closed);
    }
}

static void push(eddy__wakes *self, slot *woken)
{
    void *top = eddy__atomic_load(&self->top, memory_order_relaxed); /* a guess for the CAS */

    do {
        woken->next = top;
    } while (!eddy__atomic_cas(&self->top, &top, woken, memory_order_seq_cst, /* fetch, ready */
                               memory_order_relaxed));
}

eddy__wake_outcome eddy__wakes_add(eddy__wakes *self, uint32_t index, uint32_t generation)
{
    slot *woken = slot_at(self, index);
    uint64_t state;

    if (!woken)
        return EDDY__WAKE_GONE;
    state = eddy__atomic_load(&woken->state, memory_order_relaxed); /* the CAS orders */
    do {
        if (state / GENERATION != generation)
            return EDDY__WAKE_GONE;
    } while (!eddy__atomic_cas(&woken->state, &state, state | QUEUED,
                               memory_order_acq_rel, /* next */
                               memory_order_relaxed));
    if (state & QUEUED)
        return EDDY__WAKE_ALREADY;
    push(self, woken);
    return EDDY__WAKE_ADDED;
}

/* All that were pushed, oldest first. */
static slot *fetch(eddy__wakes *self)
{
    slot *first = NULL, *woken;

    if (!eddy__atomic_load(&self->top, memory_order_relaxed))
        return NULL; /* spares the exchange; what comes meanwhile, eddy__wakes_ready() will see */
    woken = eddy__atomic_exchange(&self->top, NULL, memory_order_acquire); /* push */
    while (woken) {
        slot *older = woken->next;

        woken->next = first;
        first = woken;
        woken = older;
    }
    return first;
}

void *eddy__wakes_next(eddy__wakes *self)
{
    if (!self->fetched)
        self->fetched = fetch(self);
    while (self->fetched) {
        slot *woken = self->fetched;

        self->fetched = woken->next;
        eddy__atomic_fetch_sub(&woken->state, QUEUED, memory_order_acq_rel); /* add, both ways */
        if (woken->owner)
            return woken->owner;
        recycle(self, woken); /* closed while it was queued */
    }
    return NULL;
}

bool eddy__wakes_ready(eddy__wakes *self)
{
    return self->fetched || eddy__atomic_load(&self->top, memory_order_seq_cst); /* push */
}
