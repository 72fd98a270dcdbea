/* SPDX-License-Identifier: MIT */
/*
 * heap.c - counts the heap allocations of the program it is linked into, those of its libraries
 * included, by standing in for malloc(3). Counting is off while time is taken, so that it costs the
 * measures with many allocations no more than those with none.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "measure.h"

/* What glibc calls its own; it has no header for them. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

bool heap_is_counting;
static atomic_ullong counted;

uint64_t heap_counted(void)
{
    return atomic_load_explicit(&counted, memory_order_relaxed);
}

static void count(void)
{
    if (heap_is_counting)
        atomic_fetch_add_explicit(&counted, 1, memory_order_relaxed);
}

void *malloc(size_t size)
{
    count();
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
    count();
    return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size)
{
    count();
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    void *block = aligned_alloc(alignment, size);

    if (block == NULL)
        return ENOMEM;
    *memory = block;
    return 0;
}
