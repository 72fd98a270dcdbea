/* SPDX-License-Identifier: MIT */
/*
 * heap.h - an allocator for tests: counts what is out, and fails the n-th allocation.
 */
#ifndef EDDY_TEST_HEAP_H
#define EDDY_TEST_HEAP_H

#include <stdatomic.h>

#include "eddy/alloc.h"

/* Thread-safe, as an allocator must be. All zero but fail_at < 0 never fails. */
struct test_heap {
    atomic_long calls;    /* of alloc, the failed ones included */
    atomic_long fail_at;  /* the call that fails, counted from 0; < 0: none */
    atomic_long blocks;   /* out now */
    atomic_long bytes;    /* out now */
    atomic_bool bad_free; /* a size was not the one that was asked for */
};

void test_heap_init(struct test_heap *self, long fail_at);
eddy_allocator test_heap_allocator(struct test_heap *self);

#endif
