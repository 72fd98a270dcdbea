/* SPDX-License-Identifier: MIT */
/*
 * inbox_world.h - what the tests of the inbox share: an allocator that counts and can fail, a
 * kernel that counts its wakes, and a slot with what another thread would know of it. A test's
 * fixture fails when the memory is not all given back, once.
 */
#ifndef EDDY_TESTS_INBOX_WORLD_H
#define EDDY_TESTS_INBOX_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/inbox.h"

enum { JOBS_MAX = 8, NEVER = 1000000 };

typedef struct world {
    eddy__inbox *inbox;
    size_t live_bytes;
    int allocations_left; /* then there is no memory */
    unsigned kernel_wakes, closed;
    bool memory_when_closed;
} world;

static inline void *world_alloc(size_t size, void *arg)
{
    world *self = arg;

    if (self->allocations_left-- == 0)
        return NULL;
    self->live_bytes += size;
    return malloc(size);
}

static inline void world_free(void *memory, size_t size, void *arg)
{
    world *self = arg;

    self->live_bytes -= size;
    free(memory);
}

static inline void world_wake(void *arg)
{
    ((world *)arg)->kernel_wakes++;
}

static inline void world_closed(void *arg)
{
    world *self = arg;

    self->closed++;
    self->memory_when_closed = self->live_bytes > 0;
}

static inline int world_open(world *self, int allocations, uint32_t jobs_max)
{
    const eddy_allocator allocator = {world_alloc, world_free, self};
    const eddy__inbox_options options = {
        .allocator = &allocator,
        .jobs_max = jobs_max,
        .wake_kernel = world_wake,
        .closed = world_closed,
        .wake_arg = self,
    };

    memset(self, 0, sizeof(*self));
    self->allocations_left = allocations;
    return eddy__inbox_new(&options, &self->inbox);
}

static inline int world_set_up(void **state)
{
    world *self = malloc(sizeof(*self));

    *state = self;
    return self && world_open(self, NEVER, JOBS_MAX) == 0 ? 0 : -1;
}

static inline int world_tear_down(void **state)
{
    world *self = *state;
    bool clean;

    if (!self->closed)
        eddy__inbox_release(self->inbox);
    clean = self->closed == 1 && self->live_bytes == 0;
    free(self);
    return clean ? 0 : -1;
}

/* A slot under test: what another thread would know of it. */
typedef struct target {
    uint32_t index, generation;
} target;

static inline void open_target(eddy__inbox *inbox, target *self)
{
    assert_int_equal(eddy__inbox_slot_new(inbox, self, &self->index, &self->generation), 0);
    assert_int_not_equal(self->index, 0);
}

static inline bool wake_target(eddy__inbox *inbox, const target *self)
{
    return eddy__inbox_wake(inbox, self->index, self->generation);
}

#define WORLD_TEST(claim) cmocka_unit_test_setup_teardown(claim, world_set_up, world_tear_down)

#endif
