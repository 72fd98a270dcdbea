/* SPDX-License-Identifier: MIT */
/*
 * alloc.c - the library's allocation verbs, and malloc as the default behind them. No state: any
 * thread may call. Limits and counting belong to whoever gives the pair of functions.
 */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

static void *malloc_alloc(size_t size, void *arg)
{
    (void)arg;
    return malloc(size);
}

static void malloc_free(void *memory, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    free(memory);
}

const eddy_allocator eddy__allocator_malloc = {malloc_alloc, malloc_free, NULL};

const eddy_allocator *eddy__allocator_or_malloc(const eddy_allocator *allocator)
{
    return allocator ? allocator : &eddy__allocator_malloc;
}

void *eddy__alloc(const eddy_allocator *allocator, size_t size)
{
    return allocator->alloc(size, allocator->arg);
}

void *eddy__calloc(const eddy_allocator *allocator, size_t size)
{
    void *memory = eddy__alloc(allocator, size);

    if (memory)
        memset(memory, 0, size);
    return memory;
}

void eddy__free(const eddy_allocator *allocator, void *memory, size_t size)
{
    if (memory)
        allocator->free(memory, size, allocator->arg);
}
