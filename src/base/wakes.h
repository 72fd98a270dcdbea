/* SPDX-License-Identifier: MIT */
/*
 * wakes.h - the half of the inbox that carries wakes: a table of slots, each of which means an
 * owner for a while (a generation), and a queue of those that were woken.
 *
 * Slots live in memory that neither goes away nor changes its type while the inbox lives: a number
 * read long ago always leads to a slot, and the generation tells whether it still means the same
 * owner. A part of the inbox, for inbox.c alone; whether the loop sleeps is not known here.
 */
#ifndef EDDY__WAKES_H
#define EDDY__WAKES_H

#include "base/alloc.h"
#include "base/atomic.h"

#define EDDY__WAKE_SEGMENTS 20

typedef struct eddy__wake_slot eddy__wake_slot;

typedef struct eddy__wakes {
    _Alignas(64) eddy__atomic_ptr top;              /* woken and not yet fetched, newest first */
    _Alignas(64) const eddy_allocator *allocator;   /* a line that others only read */
    eddy__atomic_ptr segments[EDDY__WAKE_SEGMENTS]; /* each is set once, for good */
    _Alignas(64) eddy__wake_slot *fetched;          /* from here on loop only: oldest first */
    eddy__wake_slot *unused;
    uint32_t slots_made; /* numbers ever handed out */
} eddy__wakes;

typedef enum eddy__wake_outcome {
    EDDY__WAKE_GONE,    /* no such slot, or its owner is not the one meant: nothing happened */
    EDDY__WAKE_ALREADY, /* it was in the queue: whoever put it there sees to the rest */
    EDDY__WAKE_ADDED,   /* it is in the queue now: a publication in the sense of inbox.c */
} eddy__wake_outcome;

/* Make an empty table with its first segment. The allocator outlives it. 0, -ENOMEM. */
int eddy__wakes_init(eddy__wakes *self, const eddy_allocator *allocator);

/* No other thread knows it any more. */
void eddy__wakes_deinit(eddy__wakes *self);

/* A slot for an owner, or false: out of memory. Loop. */
bool eddy__wakes_open(eddy__wakes *self, void *owner, uint32_t *index, uint32_t *generation);

/* The owner of a slot in use goes away. Loop. */
void eddy__wakes_close(eddy__wakes *self, uint32_t index);

/* All owners go away, and no slot is used again. Loop. */
void eddy__wakes_close_all(eddy__wakes *self);

/* Put a slot in the queue. Any thread. */
eddy__wake_outcome eddy__wakes_add(eddy__wakes *self, uint32_t index, uint32_t generation);

/* The next owner out of the queue; NULL: none. Loop. */
void *eddy__wakes_next(eddy__wakes *self);

/* Is there a slot in the queue? Sequentially consistent. Loop. */
bool eddy__wakes_ready(eddy__wakes *self);

#endif
