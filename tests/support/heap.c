/* SPDX-License-Identifier: MIT */
/*
 * heap.c - see heap.h. Each block carries its size before it, so that a wrong free shows.
 */
#include "heap.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_BYTES = 16 };

void test_heap_init(struct test_heap *self, long fail_at)
{
    atomic_init(&self->calls, 0);
    atomic_init(&self->fail_at, fail_at);
    atomic_init(&self->blocks, 0);
    atomic_init(&self->bytes, 0);
    atomic_init(&self->bad_free, false);
}

static void *heap_alloc(size_t size, void *arg)
{
    struct test_heap *self = arg;
    char *block;

    if (atomic_fetch_add(&self->calls, 1) == atomic_load(&self->fail_at))
        return NULL;
    block = malloc(HEADER_BYTES + size);
    if (block == NULL)
        return NULL;
    memcpy(block, &size, sizeof size);
    memset(block + HEADER_BYTES, 0xa5, size);
    atomic_fetch_add(&self->blocks, 1);
    atomic_fetch_add(&self->bytes, (long)size);
    return block + HEADER_BYTES;
}

static void heap_free(void *memory, size_t size, void *arg)
{
    struct test_heap *self = arg;
    char *block = (char *)memory - HEADER_BYTES;
    size_t asked;

    memcpy(&asked, block, sizeof asked);
    if (asked != size)
        atomic_store(&self->bad_free, true);
    atomic_fetch_sub(&self->blocks, 1);
    atomic_fetch_sub(&self->bytes, (long)size);
    free(block);
}

eddy_allocator test_heap_allocator(struct test_heap *self)
{
    return (eddy_allocator){heap_alloc, heap_free, self};
}
