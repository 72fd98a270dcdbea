/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_select_keep.c - a select that gives its losers back: they go on from where they were, wherever
 * they are polled next. How they end otherwise: test_select_keep_drop.c.
 */
#include "../support/death.h"
#include "reactor/core.h"
#include "selects.h"

/* ---- the losers ---- */

/* The select2 of futures 0.1: both orders, the remaining half works after success and failure. */
static void losers_come_back_in_their_places_and_go_on(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (size_t first = 0; first < 2; first++) {
        for (eddy_result value = -EIO; value < 10; value += 8) {
            struct test_gate gates[2] = {0};
            struct test_trace traces[2] = {0};
            eddy_future *futures[2] = {wait_at(core, &gates[0], &traces[0]),
                                       wait_at(core, &gates[1], &traces[1])};
            size_t winner = 99;
            eddy_join *join =
                spawn_boxed(core, eddy_select_keep(handle_of(core), futures, 2, &winner));

            assert_null(futures[0]);
            assert_null(futures[1]);
            test_settle(core);
            test_gate_open(&gates[first], value);
            assert_int_equal(test_join_end(core, join), value);
            assert_int_equal(winner, first);
            assert_null(futures[first]);
            assert_int_equal(traces[first].dones, 1);
            assert_int_equal(traces[1 - first].dones, 0);
            test_gate_open(&gates[1 - first], 77);
            assert_int_equal(eddy_core_run(core, futures[1 - first]), 77);
            assert_int_equal(traces[1 - first].dones, 1);
        }
    }
    test_core_end(core);
}

/* Some may never have been polled. */
static void losers_that_were_not_polled_come_back_too(void **state)
{
    eddy_core *core = test_core();
    struct test_trace traces[4] = {0};
    eddy_future *futures[4];
    size_t winner = 99;

    (void)state;
    for (int i = 0; i < 4; i++)
        futures[i] = value_of(core, 0, i, &traces[i]);
    assert_in_range(run_keep(core, futures, 4, &winner), 0, 3);
    assert_int_equal(traces[winner].dones, 1);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(traces[i].polls, i == winner);
        if (i != winner)
            assert_int_equal(eddy_core_run(core, futures[i]), i);
        assert_int_equal(traces[i].dones, 1);
    }
    test_core_end(core);
}

static void wake_of_a_loser_that_nobody_polls_is_kept_for_it(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct test_trace trace = {0};
    eddy_future *futures[2] = {wait_at(core, &gate, &trace), value_of(core, 1, 5, NULL)};

    (void)state;
    assert_int_equal(run_keep(core, futures, 2, NULL), 5);
    assert_int_equal(trace.polls, 1);
    test_gate_open(&gate, 6);
    assert_int_equal(test_settle(core), 0);
    assert_int_equal(trace.polls, 1);
    assert_int_equal(eddy_core_run(core, futures[0]), 6);
    assert_int_equal(trace.polls, 2);
    test_core_end(core);
}

static void loser_goes_to_another_task_and_into_anything(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct test_trace trace = {0};
    eddy_future *futures[2] = {wait_at(core, &gate, &trace), value_of(core, 1, 5, NULL)};
    eddy_future *all;
    eddy_result results[2];
    eddy_join *join;

    (void)state;
    assert_int_equal(run_keep(core, futures, 2, NULL), 5);
    futures[1] = value_of(core, 2, 6, NULL);
    assert_int_equal(run_keep(core, futures, 2, NULL), 6);
    all = eddy_race(futures[0], never(core));
    all = eddy_join_all(handle_of(core), EDDY_FUTURES(all, ready(core, 1)), results);
    join = spawn_boxed(core, all);
    test_settle(core);
    assert_int_equal(trace.polls, 1); /* it was not woken */
    test_gate_open(&gate, 7);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(results[0], 7);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

/* Round after round over the same futures: no box around the box, no memory. */
static void rounds_over_the_same_futures_cost_no_memory(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    eddy_future *futures[3] = {wait_at(core, &gates[0], NULL), wait_at(core, &gates[1], NULL),
                               NULL};
    eddy_future *kept[2] = {NULL, NULL};
    uint64_t bytes = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        size_t winner = 99;

        futures[2] = value_of(core, i % 3, i, NULL);
        assert_int_equal(run_keep(core, futures, 3, &winner), i);
        assert_int_equal(winner, 2);
        if (i == 3)
            bytes = test_stats(core).heap_bytes;
        for (int k = 0; k < 2; k++) {
            assert_true(i == 0 || kept[k] == futures[k]);
            kept[k] = futures[k];
        }
    }
    assert_int_equal(test_stats(core).heap_bytes, bytes);
    test_gate_open(&gates[1], 3);
    assert_int_equal(run_keep(core, futures, 2, NULL), 3);
    eddy_future_drop(futures[0]);
    assert_null(gates[0].waiter.branch);
    test_core_end(core);
}

/* ---- what a loser holds ---- */

/* A lock that is taken by poll. */
struct lock {
    bool taken;
    eddy_waiter waiter;
};
static const eddy_wait_type lock_wait = {"test: lock", NULL, false};

static eddy_result lock_poll(struct lock *self, eddy_task *task)
{
    if (self->taken)
        return eddy_waiter_park(&self->waiter, task, &lock_wait);
    self->taken = true;
    return 0;
}

static void unlock(struct lock *self)
{
    self->taken = false;
    eddy_waiter_wake(&self->waiter);
}

/* Takes the lock, lets others go `yields` times, gives the lock back. */
struct holder {
    EDDY_FRAME;
    struct lock *lock;
    int yields;
    bool holds;
};
static void holder_done(struct holder *self)
{
    if (self->holds)
        unlock(self->lock);
}
EDDY_ASYNC(holder, holder_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, lock_poll(self->lock, task));
        self->holds = true;
        for (; self->yields > 0; self->yields--)
            EDDY_YIELD();
        EDDY_END(0);
}

static void loser_that_nobody_polls_keeps_its_lock_until_it_is_dropped(void **state)
{
    eddy_core *core = test_core();
    struct lock lock = {0};
    eddy_future *futures[2] = {box(core, EDDY_FUTURE(holder, .lock = &lock, .yields = 5)),
                               value_of(core, 1, 0, NULL)};
    eddy_join *join;

    (void)state;
    assert_int_equal(run_keep(core, futures, 2, NULL), 0);
    join = test_spawn_join(core, holder, .lock = &lock);
    test_settle(core);
    assert_int_equal(test_stats(core).tasks_live, 1); /* the futurelock of the page */
    eddy_future_drop(futures[0]);
    assert_int_equal(test_join_end(core, join), 0);
    test_core_end(core);
}

/* Pitfall: holding and waiting inside of one task. Both are polled, or the holder is dropped. */
static void select_and_join_have_no_such_trap(void **state)
{
    eddy_core *core = test_core();
    struct lock lock = {0};
    eddy_future *first = eddy_race(box(core, EDDY_FUTURE(holder, .lock = &lock, .yields = 5)),
                                   value_of(core, 1, 0, NULL));

    (void)state;
    assert_int_equal(eddy_core_run(core, first), 0);
    assert_int_equal(test_run(core, holder, .lock = &lock), 0);
    first = eddy_join_all(handle_of(core),
                          EDDY_FUTURES(box(core, EDDY_FUTURE(holder, .lock = &lock, .yields = 5)),
                                       box(core, EDDY_FUTURE(holder, .lock = &lock))),
                          NULL);
    assert_int_equal(eddy_core_run(core, first), 0);
    test_core_end(core);
}

/* ---- mistakes ---- */

static void keep_nothing(void *arg)
{
    (void)eddy_select_keep(handle_of(test_core()), arg, 0, NULL);
}

static void keep_one_twice(void *arg)
{
    eddy_core *core = test_core();
    eddy_future *futures[2] = {ready(core, 1), NULL};

    (void)arg;
    futures[1] = futures[0];
    (void)eddy_select_keep(handle_of(core), futures, 2, NULL);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    assert_dies(keep_nothing, NULL, "eddy_select_keep is given no future");
    assert_dies(keep_one_twice, NULL, "eddy_select_keep is given future 'ready' after");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losers_come_back_in_their_places_and_go_on),
        cmocka_unit_test(losers_that_were_not_polled_come_back_too),
        cmocka_unit_test(wake_of_a_loser_that_nobody_polls_is_kept_for_it),
        cmocka_unit_test(loser_goes_to_another_task_and_into_anything),
        cmocka_unit_test(rounds_over_the_same_futures_cost_no_memory),
        cmocka_unit_test(loser_that_nobody_polls_keeps_its_lock_until_it_is_dropped),
        cmocka_unit_test(select_and_join_have_no_such_trap),
        cmocka_unit_test(mistakes_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
