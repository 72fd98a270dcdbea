/* SPDX-License-Identifier: MIT */
/*
 * starved.h - a core that gets no memory for the next thing that is made on it.
 */
#ifndef EDDY_TESTS_IO_STARVED_H
#define EDDY_TESTS_IO_STARVED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/heap.h"
#include "../support/loop.h"
#include "reactor/core.h"

struct starved {
    struct test_heap heap;
    eddy_allocator allocator;
    eddy_core *core;
};

static inline eddy_core *starved_begin(struct starved *self)
{
    test_heap_init(&self->heap, -1);
    self->allocator = test_heap_allocator(&self->heap);
    self->core = test_core_with((eddy_core_options){.allocator = &self->allocator});
    eddy__slab_keep_apart(&self->core->slab);
    return self->core;
}

/* The next allocation fails, and no other. */
static inline void starve(struct starved *self)
{
    atomic_store(&self->heap.fail_at, atomic_load(&self->heap.calls));
}

static inline void starved_end(struct starved *self)
{
    assert_true(atomic_load(&self->heap.calls) > atomic_load(&self->heap.fail_at));
    test_core_end(self->core);
    assert_int_equal(atomic_load(&self->heap.blocks), 0);
}

#endif
