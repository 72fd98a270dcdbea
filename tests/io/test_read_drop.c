/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_read_drop.c - reads that are dropped at any moment, or that find no memory: what came is there, the
 * rest is still in the stream.
 */
#include "../support/drop.h"
#include "../support/heap.h"
#include "../support/net.h"
#include "reads.h"
#include "starved.h"

/* ---- drops ---- */

struct world {
    struct script script;
    unsigned char memory[TEXT_LEN];
    eddy_room rest;
    eddy_gathered into;
};

static struct world *fresh(void *arg)
{
    struct world *world = arg;

    memset(world, 0, sizeof *world);
    world->script = script_reading(text, 3);
    world->rest = (eddy_room){world->memory, TEXT_LEN};
    (void)script_init(&world->script);
    return world;
}

static void step(void *arg, eddy_core *core)
{
    (void)core;
    script_step(&((struct world *)arg)->script);
}

static eddy_future *begin_exact(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg);

    return eddy_io_read_exact(handle_of(core), &world->script.io, &world->rest);
}

static void end_exact(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == 0 || result == EDDY_DROPPED);
    assert_int_equal(world->rest.len, TEXT_LEN - world->script.consumed);
    if (core != NULL)
        assert_int_equal(
            script_run(core, eddy_io_read_exact(handle_of(core), &world->script.io, &world->rest),
                       &world->script, NULL),
            0);
    assert_memory_equal(world->memory, text, world->script.consumed);
    if (core != NULL)
        assert_int_equal(world->script.consumed, TEXT_LEN);
}

static eddy_future *begin_to_end(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg);

    return eddy_io_read_to_end(handle_of(core), &world->script.io, 1000, &world->into);
}

static void end_to_end(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == TEXT_LEN || result == EDDY_DROPPED);
    assert_gathered(&world->into, text, world->script.consumed);
    if (core != NULL) {
        assert_int_equal(
            script_run(core,
                       eddy_io_read_to_end(handle_of(core), &world->script.io, 1000, &world->into),
                       &world->script, NULL),
            TEXT_LEN);
        assert_gathered(&world->into, text, TEXT_LEN);
    }
    eddy_buf_release(world->into.buf);
}

static eddy_future *begin_until(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg);

    return eddy_io_read_until(handle_of(core), &world->script.io, ';', 1000, &world->into);
}

static void end_until(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == 16 || result == EDDY_DROPPED);
    assert_gathered(&world->into, text, world->script.consumed);
    if (core != NULL && result == EDDY_DROPPED) {
        assert_int_equal(script_run(core,
                                    eddy_io_read_until(handle_of(core), &world->script.io, ';',
                                                       1000, &world->into),
                                    &world->script, NULL),
                         16);
        assert_gathered(&world->into, text, 16);
    }
    eddy_buf_release(world->into.buf);
}

static void any_read_can_be_dropped_at_any_moment_and_be_gone_on_with(void **state)
{
    struct world world;
    struct test_drop drop = {begin_exact, step, end_exact, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) > 10);
    drop.begin = begin_to_end;
    drop.end = end_to_end;
    assert_true(test_drop_anywhere(&drop) > 10);
    drop.begin = begin_until;
    drop.end = end_until;
    assert_true(test_drop_anywhere(&drop) > 3);
}

/* ---- memory ---- */

static char many[5000];

/* Read all of it, while the at-th allocation from the first poll on fails. Was there one? */
static bool read_with_failure(eddy_core *core, struct test_heap *heap, struct script *script,
                              eddy_gathered *into, long at)
{
    eddy_future *future = eddy_io_read_to_end(handle_of(core), &script->io, sizeof many, into);
    eddy_join *join = test_spawn_join_future(core, future, __FILE__, __LINE__);
    eddy_result n;
    bool failed;

    atomic_store(&heap->fail_at, atomic_load(&heap->calls) + at);
    while (eddy_join_ended(join) == NULL) {
        (void)test_turn(core);
        script_step(script);
    }
    failed = atomic_load(&heap->calls) > atomic_load(&heap->fail_at);
    atomic_store(&heap->fail_at, -1);
    n = test_join_end(core, join);
    assert_true(n == (eddy_result)sizeof many || (failed && n == -ENOMEM));
    assert_gathered(into, many, script->consumed);
    return failed;
}

static void without_memory_what_came_is_kept_and_the_rest_stays(void **state)
{
    bool failed = true;

    (void)state;
    for (size_t i = 0; i < sizeof many; i++)
        many[i] = (char)test_pattern(i);
    for (long at = 0; failed; at++) {
        struct test_heap heap;
        const eddy_allocator allocator = test_heap_allocator(&heap);
        struct script script = {.in = many, .in_len = sizeof many, .piece = 100};
        eddy_gathered into = {NULL, 0};
        eddy_core *core;

        test_heap_init(&heap, -1);
        core = test_core_with((eddy_core_options){.allocator = &allocator});
        (void)script_init(&script);
        failed = read_with_failure(core, &heap, &script, &into, at);
        (void)read_with_failure(core, &heap, &script, &into, 1000);
        assert_gathered(&into, many, sizeof many);
        eddy_buf_release(into.buf);
        test_core_end(core);
        assert_int_equal(atomic_load(&heap.blocks), 0);
        assert_true(failed || at > 3);
    }
}

static void without_memory_for_a_future_it_fails(void **state)
{
    struct script script = script_reading(text, 0);
    eddy_io *io = script_init(&script);
    unsigned char memory[4];
    eddy_room rest = {memory, 4};
    eddy_gathered into = {NULL, 0};
    struct starved starved;
    eddy_core *core = starved_begin(&starved);

    (void)state;
    starve(&starved);
    assert_int_equal(eddy_core_run(core, eddy_io_read(handle_of(core), io, memory, 4)), -ENOMEM);
    starve(&starved);
    assert_int_equal(eddy_core_run(core, eddy_io_read_exact(handle_of(core), io, &rest)), -ENOMEM);
    starve(&starved);
    assert_int_equal(eddy_core_run(core, eddy_io_read_until(handle_of(core), io, 'n', 9, &into)),
                     -ENOMEM);
    assert_int_equal(script.fills, 0);
    starved_end(&starved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_read_can_be_dropped_at_any_moment_and_be_gone_on_with),
        cmocka_unit_test(without_memory_what_came_is_kept_and_the_rest_stays),
        cmocka_unit_test(without_memory_for_a_future_it_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
