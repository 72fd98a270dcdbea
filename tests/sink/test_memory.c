/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_memory.c - every constructor of sinks and of their futures with every allocation failing once:
 * what it was given is dropped, what it gives says -ENOMEM, and nothing leaks. Simulated loops
 * allocate each object on its own, so there each can fail.
 */
#include "adapt.h"
#include "sink_world.h"

#include "../support/heap.h"
#include "eddy/stream_source.h"

enum { ITEMS = 3 };

struct world {
    eddy_core *core;
    struct slow slow, second;
    struct numbers numbers;
    int sinks, streams; /* that were made */
    int releases, releases_due;
    int drops, drops_due;
};

typedef eddy_result scenario_fn(struct world *world);

static eddy_sink *made(struct world *world, struct slow *slow)
{
    world->sinks++;
    slow->room = SLOW_MAX;
    return slow_sink(world->core, slow);
}

static eddy_stream *given(struct world *world)
{
    world->streams++;
    world->numbers.end = ITEMS;
    world->numbers.allowed = ITEMS;
    return numbers_stream(world->core, &world->numbers);
}

static eddy_result pump(struct world *world, eddy_sink *sink)
{
    return eddy_core_run(world->core, eddy_stream_forward(given(world), sink));
}

/* Returns whether an allocation failed. */
static bool fail_once(scenario_fn *scenario, long at)
{
    struct test_heap heap;
    struct world world = {0};
    const eddy_allocator allocator = test_heap_allocator(&heap);
    eddy_result result;
    long calls;
    bool failed;

    test_heap_init(&heap, -1);
    world.core = test_core_with((eddy_core_options){.allocator = &allocator});
    calls = atomic_load(&heap.calls);
    atomic_store(&heap.fail_at, calls + at);
    result = scenario(&world);
    failed = atomic_load(&heap.calls) > calls + at;
    assert_int_equal(result, failed ? -ENOMEM : 0);
    assert_int_equal(world.slow.dones + world.second.dones, world.sinks);
    assert_int_equal(world.numbers.dones, world.streams);
    assert_int_equal(world.releases, world.releases_due);
    assert_int_equal(world.drops, world.drops_due);
    test_core_end(world.core);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
    return failed;
}

/* At least `least` allocations, where each object is one. */
static void fail_each(scenario_fn *scenario, long least)
{
    long at = 0;

    while (fail_once(scenario, at))
        at++;
    if (test_is_simulated())
        assert_true(at >= least);
}

/* ---- sources ---- */

static eddy_result refuse(void *arg, eddy_task *task, const void *item)
{
    (void)arg;
    (void)task;
    (void)item;
    return 0;
}

static eddy_result use_sources(struct world *world)
{
    static const eddy_sink_fns fns = {.send = refuse};
    eddy_handle *handle = eddy_core_handle(world->core);
    int64_t memory[ITEMS];
    size_t count;
    eddy_result result =
        pump(world, eddy_sink_array(handle, memory, ITEMS, sizeof memory[0], &count));

    if (result != 0)
        return result;
    return pump(world, eddy_sink_poll_fn(handle, sizeof(int64_t), &fns, NULL));
}

static void sources_fail_cleanly(void **state)
{
    (void)state;
    fail_each(use_sources, 4);
}

/* ---- adaptors ---- */

static eddy_result use_buffer(struct world *world)
{
    return pump(world, eddy_sink_buffer(made(world, &world->slow), 2));
}

static eddy_result use_map(struct world *world)
{
    return pump(world, eddy_sink_map(made(world, &world->slow), 8, copy_number, NULL));
}

static eddy_future *make_copy(void *arg, eddy_handle *handle, const void *item, void *out)
{
    (void)arg;
    memcpy(out, item, sizeof(int64_t));
    return eddy_box(handle, EDDY_FUTURE(test_value));
}

static eddy_result use_with(struct world *world)
{
    return pump(world, eddy_sink_with(made(world, &world->slow), 8, make_copy, NULL));
}

static eddy_result use_flat_map(struct world *world)
{
    return pump(world, eddy_sink_with_flat_map(made(world, &world->slow), 8, make_one, NULL));
}

static eddy_result use_fanout(struct world *world)
{
    eddy_sink *a = made(world, &world->slow);

    return pump(world, eddy_sink_fanout(a, made(world, &world->second)));
}

static void release(void *arg)
{
    ((struct world *)arg)->releases++;
}

static eddy_result use_passers(struct world *world)
{
    eddy_sink *sink = eddy_sink_inspect(made(world, &world->slow), look, NULL);

    world->releases_due++;
    return pump(world,
                eddy_sink_finally(eddy_sink_map_err(sink, same_error, NULL), release, world));
}

static void adaptors_fail_cleanly(void **state)
{
    (void)state;
    fail_each(use_buffer, 6);
    fail_each(use_map, 6);
    fail_each(use_with, 7);
    fail_each(use_flat_map, 7);
    fail_each(use_fanout, 7);
    fail_each(use_passers, 7);
}

/* ---- futures ---- */

static struct world *drops_of;

static void drop_number(void *item)
{
    (void)item;
    drops_of->drops++;
}

/* The item is dropped, unless its sink was not even made. */
static eddy_result use_send(struct world *world)
{
    eddy_sink *sink = eddy_sink_owning(made(world, &world->slow), drop_number);
    bool owning = world->slow.dones == 0;
    eddy_result result;

    drops_of = world;
    result = eddy_core_run(world->core, eddy_sink_send(sink, &(int64_t){1}));
    world->drops_due = result != 0 && owning;
    eddy_sink_drop(sink, NULL);
    return result;
}

static eddy_result use_flush_and_close(struct world *world)
{
    eddy_sink *sink = made(world, &world->slow);
    eddy_result flushed = eddy_core_run(world->core, eddy_sink_flush(sink));
    eddy_result closed = eddy_core_run(world->core, eddy_sink_close(sink));

    eddy_sink_drop(sink, NULL);
    return flushed != 0 ? flushed : closed;
}

static eddy_result use_send_all(struct world *world)
{
    eddy_stream *stream = given(world);
    eddy_sink *sink = made(world, &world->slow);
    eddy_result result = eddy_core_run(world->core, eddy_sink_send_all(sink, stream));

    eddy_stream_drop(stream, NULL);
    eddy_sink_drop(sink, NULL);
    return result;
}

static void futures_fail_cleanly(void **state)
{
    (void)state;
    fail_each(use_send, 3);
    fail_each(use_flush_and_close, 3);
    fail_each(use_send_all, 4);
}

/* ---- the loop is gone ---- */

static void constructors_after_the_loop_give_failed_ones(void **state)
{
    eddy_core *core = test_core();
    eddy_core *other = test_core();
    struct world world = {.core = core};
    eddy_sink *sink = made(&world, &world.slow);
    eddy_stream *stream = given(&world);
    eddy_sink *buffer;

    (void)state;
    test_core_end(core);
    buffer = eddy_sink_buffer(sink, 3);
    assert_int_equal(world.slow.dones, 1);
    assert_int_equal(eddy_core_run(other, eddy_sink_send(buffer, &(int64_t){1})), EDDY_LOOP_GONE);
    assert_int_equal(eddy_core_run(other, eddy_sink_flush(buffer)), EDDY_LOOP_GONE);
    assert_int_equal(eddy_core_run(other, eddy_sink_close(buffer)), EDDY_LOOP_GONE);
    assert_int_equal(eddy_core_run(other, eddy_stream_forward(stream, buffer)), EDDY_LOOP_GONE);
    assert_int_equal(world.numbers.dones, 1);
    assert_ptr_equal(eddy_sink_map(buffer, 8, copy_number, NULL), buffer);
    assert_ptr_equal(eddy_sink_owning(buffer, drop_number), buffer);
    eddy_sink_drop(buffer, NULL);
    test_core_end(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_fail_cleanly),
        cmocka_unit_test(adaptors_fail_cleanly),
        cmocka_unit_test(futures_fail_cleanly),
        cmocka_unit_test(constructors_after_the_loop_give_failed_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
