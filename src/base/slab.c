/* SPDX-License-Identifier: MIT */
/*
 * slab.c - see slab.h. Chunks double from 4 KiB to 64 KiB, so that a small loop stays small and a
 * large one rarely asks.
 */
#include "base/slab.h"

#include <stdint.h>
#include <string.h>

#include "base/alloc.h"

#define CHUNK_FIRST (4u * 1024)
#define CHUNK_MAX   (64u * 1024)
#define SLAB_MAX    ((size_t)EDDY__SLAB_STEP * EDDY__SLAB_CLASSES)

#if defined(__SANITIZE_ADDRESS__)
#define EACH_OBJECT_ALONE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EACH_OBJECT_ALONE 1
#endif
#endif
#ifndef EACH_OBJECT_ALONE
#define EACH_OBJECT_ALONE 0
#endif

struct eddy__slab_chunk {
    struct eddy__slab_chunk *next;
    size_t bytes;
};

struct free_object {
    struct free_object *next;
};

static size_t rounded(size_t size)
{
    return (size + EDDY__SLAB_STEP - 1) / EDDY__SLAB_STEP * EDDY__SLAB_STEP;
}

bool eddy__slab_is_alone(const eddy__slab *self, size_t size)
{
    return self->alone || size > SLAB_MAX;
}

void eddy__slab_keep_apart(eddy__slab *self)
{
    self->alone = true;
}

void eddy__slab_init(eddy__slab *self, const eddy_allocator *allocator)
{
    *self = (eddy__slab){
        .allocator = allocator, .chunk_bytes = CHUNK_FIRST, .alone = EACH_OBJECT_ALONE};
}

void eddy__slab_deinit(eddy__slab *self)
{
    while (self->chunks != NULL) {
        struct eddy__slab_chunk *chunk = self->chunks;

        self->chunks = chunk->next;
        eddy__free(self->allocator, chunk, chunk->bytes);
    }
}

static bool add_chunk(eddy__slab *self)
{
    struct eddy__slab_chunk *chunk = eddy__alloc(self->allocator, self->chunk_bytes);

    if (chunk == NULL)
        return false;
    chunk->next = self->chunks;
    chunk->bytes = self->chunk_bytes;
    self->chunks = chunk;
    self->fresh = (char *)chunk + EDDY__SLAB_STEP;
    self->fresh_bytes = self->chunk_bytes - EDDY__SLAB_STEP;
    if (self->chunk_bytes < CHUNK_MAX)
        self->chunk_bytes *= 2;
    return true;
}

/* What is left of the old chunk when a new one is needed is smaller than one object: lost. */
static void *carve(eddy__slab *self, size_t size)
{
    void *memory;

    if (self->fresh_bytes < size && !add_chunk(self))
        return NULL;
    memory = self->fresh;
    self->fresh += size;
    self->fresh_bytes -= size;
    return memory;
}

void *eddy__slab_take(eddy__slab *self, size_t size)
{
    size_t full = rounded(size);
    size_t class = full / EDDY__SLAB_STEP - 1;
    struct free_object *object;

    if (eddy__slab_is_alone(self, size))
        return eddy__alloc(self->allocator, size);
    object = self->free[class];
    if (object != NULL)
        self->free[class] = object->next;
    else
        object = carve(self, full);
    return object;
}

void *eddy__slab_alloc(eddy__slab *self, size_t size)
{
    void *object = eddy__slab_take(self, size);

    if (object != NULL)
        memset(object, 0, size);
    return object;
}

void eddy__slab_free(eddy__slab *self, void *memory, size_t size)
{
    struct free_object *object = memory;
    size_t class = rounded(size) / EDDY__SLAB_STEP - 1;

    if (memory == NULL)
        return;
    if (eddy__slab_is_alone(self, size)) {
        eddy__free(self->allocator, memory, size);
        return;
    }
    object->next = self->free[class];
    self->free[class] = object;
}
