/* SPDX-License-Identifier: MIT */
/*
 * slots.c - see slots.h. An array of entries with a list of free ones threaded through it; the
 * entry freed last is used first, because it is warm.
 */
#include "driver/slots.h"

#include "base/alloc.h"
#include "base/assert.h"

#include <errno.h>
#include <string.h>

enum { SLOTS_FIRST_CAPACITY = 64 };

void eddy__slots_init(eddy__slots *self, const eddy_allocator *allocator)
{
    *self = (eddy__slots){.allocator = allocator, .first_free = EDDY__SLOTS_MAX};
}

void eddy__slots_deinit(eddy__slots *self)
{
    EDDY_ASSERT(self->live == 0, "driver closed while %u of its slots have not ended", self->live);
    if (self->entries != NULL)
        eddy__free(self->allocator, self->entries, self->capacity * sizeof self->entries[0]);
    self->entries = NULL;
}

static int slots_grow(eddy__slots *self)
{
    uint32_t capacity = self->capacity == 0 ? SLOTS_FIRST_CAPACITY : self->capacity * 2;
    eddy__slots_entry *entries;

    if (capacity > EDDY__SLOTS_MAX)
        return -ENOMEM;
    entries = eddy__alloc(self->allocator, capacity * sizeof entries[0]);
    if (entries == NULL)
        return -ENOMEM;
    if (self->entries != NULL) {
        memcpy(entries, self->entries, self->used * sizeof entries[0]);
        eddy__free(self->allocator, self->entries, self->capacity * sizeof entries[0]);
    }
    self->entries = entries;
    self->capacity = capacity;
    return 0;
}

int eddy__slots_add(eddy__slots *self, eddy__slot *slot)
{
    uint32_t index = self->first_free;

    if (index != EDDY__SLOTS_MAX) {
        self->first_free = self->entries[index].next_free;
    } else {
        if (self->used == self->capacity && slots_grow(self) < 0)
            return -ENOMEM;
        index = self->used++;
        self->entries[index].generation = 0;
    }
    self->entries[index].slot = slot;
    self->live++;
    slot->index = index;
    slot->generation = self->entries[index].generation;
    return 0;
}

eddy__slot *eddy__slots_next(const eddy__slots *self, uint32_t *at)
{
    while (*at < self->used) {
        eddy__slot *slot = self->entries[(*at)++].slot;

        if (slot != NULL)
            return slot;
    }
    return NULL;
}

void eddy__slots_remove(eddy__slots *self, const eddy__slot *slot)
{
    eddy__slots_entry *entry = &self->entries[slot->index];

    EDDY_ASSERT(entry->slot == slot, "slot %u is not in the driver's table", slot->index);
    entry->slot = NULL;
    self->live--;
    if (entry->generation == EDDY__GENERATION_MAX) {
        self->retired++;
        return;
    }
    entry->generation++;
    entry->next_free = self->first_free;
    self->first_free = slot->index;
}
