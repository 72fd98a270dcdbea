/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_buffered_drop.c - several items at a time, dropped at every moment, and without memory: no item
 * is lost, none is released twice.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/drop.h"
#include "../support/heap.h"
#include "../support/loop.h"
#include "eddy/futures.h"
#include "eddy/stream_source.h"
#include "stream/stream.h"

enum { ITEMS = 6 };

/* Numbered things, each of which belongs to the stream that tells it, to the future that works on it,
 * to what came of it, or to the taker, and in the end to `gone`. */
struct world {
    eddy_core *core;
    int told; /* by the input */
    int gone[ITEMS];
    int futures, futures_done;
    struct test_gate gate; /* of item 2 */
    int steps;
    bool ordered;
    eddy_result last;
};

struct thing {
    struct world *world;
    int number;
};

static eddy_result next_thing(void *arg, eddy_task *task, void *item)
{
    struct world *world = arg;

    if (world->told == ITEMS)
        return 0;
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    *(struct thing *)item = (struct thing){world, world->told++};
    return 1;
}

static void release(void *item)
{
    struct thing *thing = item;

    thing->world->gone[thing->number]++;
}

/* Owns the thing until it is in `out`. */
struct job {
    EDDY_FRAME;
    struct thing thing;
    struct thing *out;
    int yields;
    bool given;
};
static void job_done(struct job *self)
{
    self->thing.world->futures_done++;
    if (!self->given)
        release(&self->thing);
}
static eddy_result job_wait(struct job *self, eddy_task *task)
{
    return self->thing.number == 2 ? test_gate_poll(&self->thing.world->gate, task) : 0;
}
EDDY_ASYNC(job, job_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->yields > 0; self->yields--)
            EDDY_YIELD();
        EDDY_POLL(n, job_wait(self, task));
        if (self->thing.number == 3)
            EDDY_RETURN(-EIO);
        self->given = self->out != NULL;
        if (self->given)
            *self->out = self->thing;
        EDDY_END(0);
}

static eddy_future *work(void *arg, eddy_handle *handle, const void *item, void *out)
{
    struct world *world = arg;
    const struct thing *thing = item;

    world->futures++;
    return eddy_box(handle,
                    EDDY_FUTURE(job, .thing = *thing, .out = out, .yields = thing->number % 3));
}

static eddy_future *each(void *arg, eddy_handle *handle, const void *item)
{
    return work(arg, handle, item, NULL);
}

/* Takes all, and releases it; goes on after errors, but for want of memory at the end. */
struct taker {
    EDDY_FRAME;
    struct world *world;
    eddy_stream *stream;
    struct thing thing;
};
static void taker_done(struct taker *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_stream_drop(self->stream, NULL);
}
EDDY_ASYNC(taker, taker_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_NEXT(n, self->stream, &self->thing);
            if (n == 0 || (n < 0 && eddy_stream_is_done(self->stream)))
                break;
            if (n > 0)
                release(&self->thing);
            else
                self->world->last = n;
        }
        EDDY_END(n);
}

static eddy_stream *things(struct world *world)
{
    return eddy_stream_owning(
        eddy_stream_poll_fn(eddy_core_handle(world->core), sizeof(struct thing), next_thing, world),
        release);
}

static eddy_future *begin_taker(struct world *world, eddy_core *core, bool ordered)
{
    eddy_stream *stream;

    *world = (struct world){.core = core, .ordered = ordered};
    stream =
        ordered ? eddy_stream_buffered(things(world), 3, sizeof(struct thing), work, world)
                : eddy_stream_buffer_unordered(things(world), 3, sizeof(struct thing), work, world);
    return eddy_box(
        eddy_core_handle(core),
        EDDY_FUTURE(taker, .world = world, .stream = eddy_stream_owning(stream, release)));
}

static eddy_future *begin_buffered(void *arg, eddy_core *core)
{
    return begin_taker(arg, core, true);
}

static eddy_future *begin_unordered(void *arg, eddy_core *core)
{
    return begin_taker(arg, core, false);
}

static eddy_future *begin_concurrent(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.core = core};
    return eddy_stream_for_each_concurrent(things(world), 2, each, world);
}

static void step(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    if (++world->steps == 4)
        test_gate_open(&world->gate, 0);
}

/* What the input told is gone once, the rest is not. */
static void check(const struct world *world)
{
    for (int i = 0; i < ITEMS; i++)
        assert_int_equal(world->gone[i], i < world->told);
    assert_int_equal(world->futures_done, world->futures);
}

static void end(void *arg, eddy_core *core, eddy_result result)
{
    (void)core;
    (void)result;
    check(arg);
}

static void concurrent_streams_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin_buffered, step, end, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 2, 14);
    drop.begin = begin_unordered;
    assert_in_range(test_drop_anywhere(&drop), 2, 14);
    drop.begin = begin_concurrent;
    assert_in_range(test_drop_anywhere(&drop), 1, 14);
}

/* Returns whether it came to the failure. When the stream could be made, all items come through. */
static bool fail_once(eddy_future *(*begin)(void *, eddy_core *), long at)
{
    struct world world;
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    eddy_future *future;
    eddy_result result;
    bool early, failed;
    long calls;

    test_heap_init(&heap, -1);
    world.core = test_core_with((eddy_core_options){.allocator = &allocator});
    calls = atomic_load(&heap.calls);
    atomic_store(&heap.fail_at, calls + at);
    future = begin(&world, world.core);
    early = atomic_load(&heap.calls) > calls + at;
    test_gate_open(&world.gate, 0);
    result = eddy_core_run(world.core, future);
    failed = atomic_load(&heap.calls) > calls + at;
    check(&world);
    if (begin == begin_concurrent)
        assert_true(result == (failed ? -ENOMEM : -EIO) || (!early && result == -EIO));
    else if (early)
        assert_int_equal(result, -ENOMEM);
    else
        assert_int_equal(world.told, ITEMS);
    test_core_end(world.core);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    return failed;
}

static void each_allocation_may_fail(void **state)
{
    eddy_future *(*const begins[])(void *, eddy_core *) = {begin_buffered, begin_unordered,
                                                           begin_concurrent};

    (void)state;
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
        for (long at = 0; fail_once(begins[i], at);)
            at++;
}

static void what_is_made_of_a_failed_stream_has_failed(void **state)
{
    eddy_core *core = test_core();
    struct world world = {.core = core};
    eddy_stream *failed = eddy__stream_failed(core);

    (void)state;
    assert_ptr_equal(eddy_stream_buffered(failed, 3, 8, work, &world), failed);
    assert_ptr_equal(eddy_stream_buffer_unordered(failed, 3, 8, work, &world), failed);
    assert_int_equal(eddy_core_run(core, eddy_stream_for_each_concurrent(failed, 3, each, &world)),
                     -ENOMEM);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(concurrent_streams_can_be_dropped_at_any_moment),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(what_is_made_of_a_failed_stream_has_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
