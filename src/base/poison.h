/* SPDX-License-Identifier: MIT */
/*
 * poison.h - tells AddressSanitizer which memory must not be touched although it is allocated:
 * blocks that wait in a pool. In builds without it everything here is nothing.
 *
 * The kernel's writes are not seen by the sanitizer. Whoever takes over memory that the kernel has
 * written therefore asks eddy__poison_find(): bytes that landed in poisoned or freed memory were
 * received into a block that somebody had given back.
 */
#ifndef EDDY__POISON_H
#define EDDY__POISON_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define EDDY__ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EDDY__ASAN 1
#endif
#endif

#if defined(EDDY__ASAN)
#include <sanitizer/asan_interface.h>
#endif

static inline void eddy__poison(void *memory, size_t size)
{
#if defined(EDDY__ASAN)
    __asan_poison_memory_region(memory, size);
#else
    (void)memory, (void)size;
#endif
}

static inline void eddy__unpoison(void *memory, size_t size)
{
#if defined(EDDY__ASAN)
    __asan_unpoison_memory_region(memory, size);
#else
    (void)memory, (void)size;
#endif
}

/* The first poisoned byte, or NULL when all may be touched. */
static inline void *eddy__poison_find(void *memory, size_t size)
{
#if defined(EDDY__ASAN)
    return __asan_region_is_poisoned(memory, size);
#else
    (void)memory, (void)size;
    return NULL;
#endif
}

#endif
