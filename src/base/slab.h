/* SPDX-License-Identifier: MIT */
/*
 * slab.h - memory for the many small objects of one loop: tasks with their frames, streams,
 * listeners. Size classes of 32 bytes with a free list each, carved from chunks of the allocator;
 * larger requests go to the allocator itself. Freed memory is kept for the next object of its class
 * and goes back to the allocator with the slab, so that a steady state allocates nothing.
 * Built with AddressSanitizer, and when told to keep them apart, every object is an allocation of
 * its own: so that errors are seen, and so that each can fail.
 * One thread.
 */
#ifndef EDDY__SLAB_H
#define EDDY__SLAB_H

#include <stdbool.h>
#include <stddef.h>

#include "eddy/alloc.h"

#define EDDY__SLAB_STEP    32
#define EDDY__SLAB_CLASSES 32

typedef struct eddy__slab {
    const eddy_allocator *allocator;
    void *free[EDDY__SLAB_CLASSES];
    struct eddy__slab_chunk *chunks;
    char *fresh;
    size_t fresh_bytes;
    size_t chunk_bytes;
    bool alone;
} eddy__slab;

void eddy__slab_init(eddy__slab *self, const eddy_allocator *allocator);
/* Objects are allocations of their own from now on; before the first one. */
void eddy__slab_keep_apart(eddy__slab *self);
/* Every object must have come back. */
void eddy__slab_deinit(eddy__slab *self);
/* `size` zeroed bytes, aligned to 16; NULL when memory is out. */
void *eddy__slab_alloc(eddy__slab *self, size_t size);
/* The same, of any content: for who writes all of it. */
void *eddy__slab_take(eddy__slab *self, size_t size);
/* Objects of this size are allocations of their own, not parts of a chunk. */
bool eddy__slab_is_alone(const eddy__slab *self, size_t size);
/* The size that was asked for. NULL does nothing. */
void eddy__slab_free(eddy__slab *self, void *memory, size_t size);

#endif
