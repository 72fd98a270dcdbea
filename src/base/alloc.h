/* SPDX-License-Identifier: MIT */
/*
 * alloc.h - the three verbs by which the library allocates, over the user's pair of functions
 * (eddy/alloc.h). Not a pool and not a slab: these are for what is made rarely. Any thread may call
 * them, as the pair is thread-safe. Whoever frees says how large the memory was.
 */
#ifndef EDDY__ALLOC_H
#define EDDY__ALLOC_H

#include <stddef.h>

#include "eddy/alloc.h"

/* malloc(3) and free(3). */
extern const eddy_allocator eddy__allocator_malloc;

/* What the user gave, or malloc when that is NULL. */
const eddy_allocator *eddy__allocator_or_malloc(const eddy_allocator *allocator);

/* `size` bytes aligned for any type, or NULL. Size must not be 0. */
void *eddy__alloc(const eddy_allocator *allocator, size_t size);

/* The same, all bytes zero. */
void *eddy__calloc(const eddy_allocator *allocator, size_t size);

/* Give back what the two above returned for `size`; NULL is ignored. */
void eddy__free(const eddy_allocator *allocator, void *memory, size_t size);

#endif
