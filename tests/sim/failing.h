/* SPDX-License-Identifier: MIT */
/*
 * failing.h - for tests of the simulated network: memory of which the n-th piece is not there, and
 * that is counted. Everything here is static, a test includes it once.
 */
#ifndef EDDY_TEST_FAILING_H
#define EDDY_TEST_FAILING_H

#include <stdlib.h>

#include "two_hosts.h"

static uint64_t fail_at; /* so many allocations from now: fails; 0: none */
static int64_t bytes_live;

static inline void *failing_alloc(size_t size, void *arg)
{
    (void)arg;
    if (fail_at > 0 && --fail_at == 0)
        return NULL;
    bytes_live += (int64_t)size;
    return malloc(size);
}

static inline void failing_free(void *memory, size_t size, void *arg)
{
    (void)arg;
    bytes_live -= (int64_t)size;
    free(memory);
}

static inline void open_failing_room(void)
{
    const eddy_allocator allocator = {failing_alloc, failing_free, NULL};

    fail_at = 0;
    open_room(&(eddy__sim_options){.calm = true, .allocator = &allocator});
}

/* All of it came back. */
static inline void close_failing_room(void)
{
    fail_at = 0;
    eddy__sim_release(room);
    assert_int_equal(bytes_live, 0);
}

#endif
