/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_memory.c - each allocation of every source, adaptor and consumer fails once: the stream or the
 * future says so, or gives all the same, and nothing is lost of what was made until then.
 */
#include "scenes_more.h"

#include "reactor/core.h"

static bool says_so(const struct world *world, const struct scene *scene, eddy_result result)
{
    if (result == -ENOMEM)
        return true;
    for (size_t i = 0; i < world->count; i++)
        if (world->got[i] == -ENOMEM)
            return true;
    assert_int_equal(result, scene->result);
    check_got(world, scene->got);
    return false;
}

/* Every object is an allocation of its own, on every driver. */
static void begin(struct world *world, const eddy_allocator *allocator)
{
    world_begin_on(world, test_core_with((eddy_core_options){.allocator = allocator}));
    if (world->core->slab.chunks == NULL)
        eddy__slab_keep_apart(&world->core->slab);
}

/* Returns whether there was an at-th allocation. */
static bool fail_at(const struct scene *scene, long at)
{
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    struct world world;
    eddy_result result;
    bool failed, told;
    long before;

    test_heap_init(&heap, -1);
    begin(&world, &allocator);
    before = atomic_load(&heap.calls);
    atomic_store(&heap.fail_at, before + at);
    result = eddy_core_run(world.core, scene->begin(&world));
    failed = atomic_load(&heap.calls) > before + at;
    atomic_store(&heap.fail_at, -1);
    told = says_so(&world, scene, result);
    assert_true(failed || !told);
    assert_true(told || !failed ||
                at > 0); /* of later ones some are done without: notes of errors */
    world_end(&world);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
    return failed;
}

static void without_memory_nothing_is_lost(void **state)
{
    long at = 0;

    while (fail_at(*state, at))
        at++;
    assert_true(at >= 2);
}

int main(void)
{
    return run_scenes("without memory nothing is lost", without_memory_nothing_is_lost);
}
