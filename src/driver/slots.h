/* SPDX-License-Identifier: MIT */
/*
 * slots.h - the table that turns what the kernel hands back, index and generation, into a slot.
 *
 * The kernel is never given a pointer or a bare descriptor: a late event of a slot that has gone
 * finds a generation that is no longer current, and nobody. Each time an index becomes free its
 * generation moves on; an index whose generation would wrap is retired for good, so that a pair
 * never names two slots. Used by the drivers alone, on their thread. Grows, never shrinks.
 */
#ifndef EDDY__SLOTS_H
#define EDDY__SLOTS_H

#include "driver/driver.h"

/* Indices are smaller than this: 24 bits, so that a driver can pack more into its 64. */
#define EDDY__SLOTS_MAX      (UINT32_C(1) << 24)
/* The last generation of an index. */
#define EDDY__GENERATION_MAX (UINT32_MAX >> (32 - EDDY__GENERATION_BITS))

typedef struct eddy__slots_entry {
    eddy__slot *slot; /* NULL: free or retired */
    uint32_t generation;
    uint32_t next_free;
} eddy__slots_entry;

typedef struct eddy__slots {
    const eddy_allocator *allocator;
    eddy__slots_entry *entries;
    uint32_t capacity;
    uint32_t used;       /* entries below this have been handed out at least once */
    uint32_t first_free; /* EDDY__SLOTS_MAX: none */
    uint32_t live;       /* slots in the table */
    uint32_t retired;    /* indices that will never be used again */
} eddy__slots;

void eddy__slots_init(eddy__slots *, const eddy_allocator *);
/* No slot may be in the table. */
void eddy__slots_deinit(eddy__slots *);
/* Give the slot an index and a generation. 0, or -ENOMEM (memory, or EDDY__SLOTS_MAX). */
int eddy__slots_add(eddy__slots *, eddy__slot *);
/* From now on the slot's index and generation find nobody. */
void eddy__slots_remove(eddy__slots *, const eddy__slot *);

/* Walk over the slots in the table: the next one from index *at on, which moves behind it; NULL: none
 * is left. It may be removed meanwhile. */
eddy__slot *eddy__slots_next(const eddy__slots *, uint32_t *at);

/* The slot of that index and generation, or NULL. Any two numbers may be asked for. */
static inline eddy__slot *eddy__slots_find(const eddy__slots *self, uint32_t index,
                                           uint32_t generation)
{
    if (index >= self->used || self->entries[index].generation != generation)
        return NULL;
    return self->entries[index].slot;
}

#endif
