/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_select_keep_drop.c - the ends of losers that were kept, and of selects that keep: dropped at
 * every moment, after their loop, without memory.
 */
#include "../support/drop.h"
#include "selects.h"

static void drop_of_a_loser_disarms_what_it_waits_for(void **state)
{
    eddy_core *core = test_core();
    struct test_trace traces[2] = {0};
    struct test_gate gate = {0};
    eddy_future *nap =
        box(core, EDDY_FUTURE(test_nap, .duration_ns = EDDY_SECOND, .trace = &traces[0]));
    eddy_future *inner = eddy_race(nap, wait_at(core, &gate, &traces[1]));
    eddy_future *futures[2] = {inner, value_of(core, 2, 0, NULL)};

    (void)state;
    assert_int_equal(run_keep(core, futures, 2, NULL), 0);
    assert_int_equal(test_stats(core).timers_live, 1);
    eddy_future_drop(futures[0]);
    assert_int_equal(test_stats(core).timers_live, 0);
    assert_null(gate.waiter.branch);
    assert_int_equal(traces[0].dones, 1);
    assert_int_equal(traces[1].dones, 1);
    test_core_end(core);
}

/* Asks for a waker, and never ends. */
struct deaf {
    EDDY_FRAME;
    eddy_waker *waker;
    struct test_trace *trace;
};
static void deaf_done(struct deaf *self)
{
    test_trace_done(self->trace);
}
static eddy_result deaf_wait(struct deaf *self, eddy_task *task)
{
    if (self->waker->inbox == NULL)
        assert_int_equal(eddy_task_waker(task, self->waker), 0);
    return eddy_task_park(task, "test: deaf");
}
EDDY_ASYNC(deaf, deaf_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, deaf_wait(self, task));
        EDDY_END(n);
}

static void loser_may_outlive_its_loop(void **state)
{
    eddy_core *core = test_core();
    struct test_trace traces[3] = {0};
    struct test_gate gate = {0};
    eddy_waker waker = {0};
    eddy_future *futures[4] = {
        box(core, EDDY_FUTURE(test_nap, .duration_ns = EDDY_SECOND, .trace = &traces[0])),
        wait_at(core, &gate, &traces[1]),
        box(core, EDDY_FUTURE(deaf, .waker = &waker, .trace = &traces[2])),
        value_of(core, 2, 0, NULL),
    };

    (void)state;
    assert_int_equal(run_keep(core, futures, 4, NULL), 0);
    test_core_end(core);
    assert_false(eddy_waker_wake(&waker));
    for (int i = 0; i < 3; i++) {
        eddy_future_drop(futures[i]);
        assert_int_equal(traces[i].dones, 1);
    }
    assert_null(gate.waiter.branch);
    eddy_waker_release(&waker);
}

static void waker_of_a_loser_wakes_whoever_polls_it_now(void **state)
{
    eddy_core *core = test_core();
    struct test_trace traces[2] = {0};
    eddy_waker waker = {0};
    eddy_future *futures[2] = {box(core, EDDY_FUTURE(deaf, .waker = &waker, .trace = &traces[0])),
                               value_of(core, 2, 0, NULL)};
    eddy_join *join;

    (void)state;
    assert_int_equal(run_keep(core, futures, 2, NULL), 0);
    assert_true(eddy_waker_wake(&waker));
    assert_int_equal(test_settle(core), 0);
    join = spawn_boxed(core, eddy_race(futures[0], never(core)));
    assert_true(test_settle(core) > 0);
    assert_true(eddy_waker_wake(&waker));
    assert_true(test_settle(core) > 0);
    eddy_join_cancel(join, EDDY_FOREVER); /* it finds its way, too */
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    assert_int_equal(traces[0].dones, 1);
    eddy_waker_release(&waker);
    test_core_end(core);
}

static void drop_of_the_select_drops_all(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    struct test_trace traces[2] = {0};
    eddy_future *futures[2];
    eddy_join *join;

    (void)state;
    for (int polled = 0; polled < 2; polled++) {
        for (int i = 0; i < 2; i++)
            futures[i] = wait_at(core, &gates[i], &traces[i]);
        join = spawn_boxed(core, eddy_select_keep(handle_of(core), futures, 2, NULL));
        if (polled)
            test_settle(core);
        eddy_join_abort(join);
        eddy_join_free(join);
        for (int i = 0; i < 2; i++) {
            assert_null(futures[i]);
            assert_null(gates[i].waiter.branch);
            assert_int_equal(traces[i].dones, polled + 1);
        }
    }
    test_core_end(core);
}

/* ---- dropped, and without memory ---- */

/* A frame around the select, which drops what came back. */
struct keeper {
    EDDY_FRAME;
    struct world *world;
    eddy_future *futures[3];
    eddy_future *select;
    int round;
};
static void keeper_done(struct keeper *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_future_drop(self->select);
    for (int i = 0; i < 3; i++)
        eddy_future_drop(self->futures[i]);
}
EDDY_ASYNC(keeper, keeper_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->round = 0; self->round < 2; self->round++) {
            self->futures[0] = self->round == 0 ? leaf(self->world, 2, 1) : self->futures[0];
            self->futures[1] = self->round == 0 ? at_gate(self->world) : self->futures[1];
            self->futures[2] = leaf(self->world, self->round, 3);
            self->select = eddy_select_keep(eddy_task_handle(task), self->futures, 3, NULL);
            EDDY_AWAIT_FUTURE(n, self->select);
            if (n < 0)
                EDDY_RETURN(n);
            for (int i = 0; i < 3; i++)
                if (self->futures[i] == NULL)
                    self->futures[i] = leaf(self->world, 1, 4);
            eddy_future_drop(self->futures[2]);
        }
        self->futures[2] = NULL;
        EDDY_END(0);
}

static eddy_future *begin_keeper(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.core = core};
    return box(core, EDDY_FUTURE(keeper, .world = world));
}

static void end_world(void *arg, eddy_core *core, eddy_result result)
{
    (void)core;
    (void)result;
    check_world(arg);
}

static void select_keep_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin_keeper, step, end_world, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 1, 10);
}

static void select_keep_without_memory_drops_what_it_was_given(void **state)
{
    (void)state;
    fail_each(begin_keeper, 0);
}

/* The array is all NULL whatever happens, so that its owner may drop what is in it. */
static void array_is_empty_when_memory_was_out(void **state)
{
    bool failed = true;

    (void)state;
    for (long at = 0; failed; at++) {
        struct test_heap heap;
        const eddy_allocator allocator = test_heap_allocator(&heap);
        struct world world = {0};
        eddy_future *futures[3];
        eddy_future *select;
        long calls;

        test_heap_init(&heap, -1);
        world.core = test_core_with((eddy_core_options){.allocator = &allocator});
        for (int i = 0; i < 3; i++)
            futures[i] = leaf(&world, 1, 1);
        calls = atomic_load(&heap.calls);
        atomic_store(&heap.fail_at, calls + at);
        select = eddy_select_keep(handle_of(world.core), futures, 3, NULL);
        failed = atomic_load(&heap.calls) > calls + at;
        for (int i = 0; i < 3; i++)
            assert_null(futures[i]);
        assert_int_equal(world.trace.dones, failed ? 3 : 0);
        eddy_future_drop(select);
        check_world(&world);
        test_core_end(world.core);
        assert_int_equal(atomic_load(&heap.blocks), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drop_of_a_loser_disarms_what_it_waits_for),
        cmocka_unit_test(loser_may_outlive_its_loop),
        cmocka_unit_test(waker_of_a_loser_wakes_whoever_polls_it_now),
        cmocka_unit_test(drop_of_the_select_drops_all),
        cmocka_unit_test(select_keep_can_be_dropped_at_any_moment),
        cmocka_unit_test(select_keep_without_memory_drops_what_it_was_given),
        cmocka_unit_test(array_is_empty_when_memory_was_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
