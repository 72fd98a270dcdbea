/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_drop_anywhere.c - signals as streams; the standard test, see support/drop.h, of waits for
 * signals; each allocation failing; and mistakes.
 */
#include <errno.h>

#include "ears.h"

#include "../support/death.h"
#include "../support/drop.h"
#include "../support/heap.h"
#include "eddy/error.h"

/* ---- the stream ---- */

struct drain {
    EDDY_FRAME;
    eddy_stream *stream;
    uint32_t item, sum, items;
    uint32_t *out_sum, *out_items;
};

EDDY_ASYNC(drain, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_POLL(n, eddy_stream_poll_next(self->stream, task, &self->item));
            if (n > 0) {
                self->sum += self->item;
                self->items++;
            }
        } while (n > 0 && self->sum < 4);
        *self->out_sum = self->sum;
        *self->out_items = self->items;
        EDDY_END(n);
}

static void stream_gives_how_often_it_came(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGUSR1);
    eddy_stream *stream = eddy_signal_stream(signal);
    uint32_t sum = 0, items = 0;
    eddy_join *join;

    (void)state;
    assert_int_equal(stream->item_bytes, sizeof(uint32_t));
    for (int i = 0; i < 3; i++)
        ears_send(core, SIGUSR1);
    join = test_spawn_join(core, drain, .stream = stream, .out_sum = &sum, .out_items = &items);
    test_settle(core);
    ears_send(core, SIGUSR1);
    assert_int_equal(test_join_end(core, join), 1);
    assert_int_equal(sum, 4);
    assert_int_equal(items, 2);
    eddy_signal_free(signal);
    test_core_end(core);
}

static void stream_that_is_never_polled_leaves_the_signal(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGUSR1);

    (void)state;
    eddy_stream_drop(eddy_signal_stream(signal), NULL);
    ears_send(core, SIGUSR1);
    assert_int_equal(ears_run(core, signal, 1), 1);
    eddy_signal_free(signal);
    test_core_end(core);
}

/* ---- dropped, without memory, by mistake ---- */

struct world {
    eddy_signal *signal;
    int steps;
};

static eddy_future *begin(void *arg, eddy_core *core)
{
    struct world *world = arg;

    world->signal = ears_new(core, SIGUSR1);
    world->steps = 0;
    return eddy_box(eddy_core_handle(core), EDDY_FUTURE(ears, .signal = world->signal, .until = 2));
}

static void step(void *arg, eddy_core *core)
{
    struct world *world = arg;

    if (++world->steps % 2 == 0)
        ears_send(core, SIGUSR1);
}

static void end(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)core;
    assert_true(result == 2 || result == EDDY_DROPPED);
    eddy_signal_free(world->signal);
}

static void wait_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin, step, end, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= 2);
}

/* The n-th allocation of the loop fails. */
static eddy_result try_allocation(long n)
{
    struct test_heap heap;
    eddy_allocator allocator;
    eddy_core *core = NULL;
    eddy_signal *signal = NULL;
    eddy_stream *stream;
    eddy_result result;
    uint32_t sum, items;

    test_heap_init(&heap, n);
    allocator = test_heap_allocator(&heap);
    result = eddy_core_new(EDDY_OPTIONS(eddy_core_options, .allocator = &allocator), &core);
    if (result == 0)
        result = eddy_signal_new(eddy_core_handle(core), SIGUSR1, &signal);
    if (result == 0) {
        stream = eddy_signal_stream(signal);
        for (int i = 0; i < 4; i++)
            ears_send(core, SIGUSR1);
        result = test_run(core, drain, .stream = stream, .out_sum = &sum, .out_items = &items);
    }
    eddy_signal_free(signal);
    (void)eddy_core_free(core);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
    return result;
}

static void any_allocation_may_fail(void **state)
{
    eddy_result result;
    long n = 0;

    (void)state;
    while ((result = try_allocation(n)) == -ENOMEM)
        n++;
    assert_int_equal(result, 1);
    assert_true(n >= 3);
}

struct pair {
    eddy_core *core, *other;
};

static void free_while_another_task_waits(void *arg)
{
    eddy_core *core = ((struct pair *)arg)->core;
    eddy_signal *signal = NULL;

    (void)eddy_signal_new(eddy_core_handle(core), SIGUSR1, &signal);
    test_spawn(core, ears, .signal = signal, .until = 1);
    test_settle(core);
    eddy_signal_free(signal);
}

static void wait_on_another_loop(void *arg)
{
    struct pair *pair = arg;
    eddy_signal *signal = NULL;

    (void)eddy_signal_new(eddy_core_handle(pair->core), SIGUSR1, &signal);
    (void)ears_run(pair->other, signal, 1);
}

/* A child makes its own loops: those from before fork(2) are the parent's. */
static void in_new_loops(void *arg)
{
    struct pair pair = {test_core(), test_core()};

    ((void (*)(void *))(uintptr_t)arg)(&pair);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    assert_dies(in_new_loops, (void *)(uintptr_t)free_while_another_task_waits,
                "is freed while task 'ears' waits for it");
    assert_dies(in_new_loops, (void *)(uintptr_t)wait_on_another_loop,
                "task 'ears' waits for signal 10 on another loop's object");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_gives_how_often_it_came),
        cmocka_unit_test(stream_that_is_never_polled_leaves_the_signal),
        cmocka_unit_test(wait_can_be_dropped_at_any_moment),
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(mistakes_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
