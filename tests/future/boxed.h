/* SPDX-License-Identifier: MIT */
/*
 * boxed.h - what the tests of boxed futures share: the short names of boxes.h, a world that counts what is made and what is released, and the run of a scenario in which each allocation
 * fails once.
 */
#ifndef EDDY_TEST_BOXED_H
#define EDDY_TEST_BOXED_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/heap.h"
#include "boxes.h"

/* What is made and what is left of it. */
struct world {
    eddy_core *core;
    struct test_gate gate;   /* opened by step() */
    struct test_trace trace; /* of all leaves */
    int leaves;              /* futures of our own that were made */
    int owed, released;      /* releases that eddy_finally() was told of, and that came */
    int steps;
    int rounds;
    eddy_future *inner;
    void *more; /* of the test */
};

/* A future of ours that lets the others go `yields` times. */
static inline eddy_future *leaf(struct world *world, int yields, eddy_result value)
{
    world->leaves++;
    return box(world->core,
               EDDY_FUTURE(test_value, .trace = &world->trace, .yields = yields, .value = value));
}

/* One that waits at the gate. */
static inline eddy_future *at_gate(struct world *world)
{
    world->leaves++;
    return box(world->core, EDDY_FUTURE(test_wait, .trace = &world->trace, .gate = &world->gate));
}

static inline void count_release(void *arg)
{
    struct world *world = arg;

    world->released++;
}

/* The same future, with something that is to be released exactly once. */
static inline eddy_future *owing(struct world *world, eddy_future *future)
{
    world->owed++;
    return eddy_finally(future, count_release, world);
}

/* Opens the gate in the third turn. */
static inline void step(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    if (++world->steps == 3)
        test_gate_open(&world->gate, 7);
}

/* All that was made has ended once. */
static inline void check_world(struct world *world)
{
    assert_int_equal(world->trace.dones, world->leaves);
    assert_int_equal(world->released, world->owed);
    assert_null(world->inner);
}

/* A future of a world, as those of support/drop.h. */
typedef eddy_future *scenario_fn(void *arg, eddy_core *core);

static inline void fail_run(struct world *world, struct test_heap *heap, long at,
                            scenario_fn *begin, eddy_result expected)
{
    long calls = atomic_load(&heap->calls);
    eddy_join *join = NULL;
    eddy_future *future;
    bool early;
    int error;

    atomic_store(&heap->fail_at, calls + at);
    future = begin(world, world->core);
    assert_non_null(future);
    early = atomic_load(&heap->calls) > calls + at;
    error = eddy_spawn_joinable(eddy_core_handle(world->core), future, &join);
    if (error != 0) {
        assert_int_equal(error, -ENOMEM);
        return;
    }
    for (int turns = 0; turns < 100; turns++) {
        test_turn(world->core);
        step(world, world->core);
    }
    atomic_store(&heap->fail_at, -1);
    error = (int)test_join_end(world->core, join);
    assert_true(error == expected || error == -ENOMEM);
    assert_true(!early || error == -ENOMEM);
}

/* Runs it with the at-th allocation failing. Returns whether it came to that. */
static inline bool fail_once(scenario_fn *begin, eddy_result expected, long at)
{
    struct world world = {0};
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    bool failed;
    long calls;

    test_heap_init(&heap, -1);
    world.core = test_core_with((eddy_core_options){.allocator = &allocator});
    calls = atomic_load(&heap.calls);
    fail_run(&world, &heap, at, begin, expected);
    failed = atomic_load(&heap.calls) > calls + at;
    atomic_store(&heap.fail_at, -1);
    assert_int_equal(test_stats(world.core).tasks_live, 0);
    check_world(&world);
    test_core_end(world.core);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
    return failed;
}

/* Each allocation fails once: the result is `expected` or -ENOMEM, the latter for certain when it
 * failed while the future was made; and all that was made is released once. */
static inline void fail_each(scenario_fn *begin, eddy_result expected)
{
    long at = 0;

    while (fail_once(begin, expected, at))
        at++;
    assert_true(at > 0);
}

#endif
