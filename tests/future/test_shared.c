/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_shared.c - one future, many who wait for its result: each gets it, and only those that wait
 * are woken. When the future and what is around it ends is in test_shared_drop.c.
 */
#include <stdlib.h>

#include "../support/death.h"
#include "boxed.h"
#include "eddy/shared.h"

enum { MANY = 1000 };

/* A shared future that waits at the world's gate. */
static eddy_shared *share_gate(struct world *world)
{
    return eddy_shared_new(owing(world, at_gate(world)));
}

static void check_all_get(size_t count, eddy_result result)
{
    struct world world = {.core = test_core()};
    eddy_shared *shared = share_gate(&world);
    eddy_join **joins = calloc(count, sizeof(eddy_join *));

    assert_non_null(joins);
    for (size_t i = 0; i < count; i++)
        joins[i] = spawn_boxed(world.core, eddy_shared_wait(shared));
    test_settle(world.core);
    assert_int_equal(world.trace.polls, 1);
    test_gate_open(&world.gate, result);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(test_join_end(world.core, joins[i]), result);
    assert_int_equal(world.trace.polls, 2);
    check_world(&world);
    assert_int_equal(test_stats(world.core).task_errors, 0);
    eddy_shared_release(shared);
    test_core_end(world.core);
    free(joins);
}

/* futures 0.1: shared, one_thread, two_threads, many_threads */
static void one_two_and_a_thousand_waiters_each_get_the_result(void **state)
{
    (void)state;
    check_all_get(1, 7);
    check_all_get(2, 7);
    check_all_get(MANY, 7);
    check_all_get(MANY, -EIO);
}

static void result_is_kept_for_those_who_come_later(void **state)
{
    struct world world = {.core = test_core()};
    eddy_shared *shared = eddy_shared_new(owing(&world, leaf(&world, 3, 5)));
    eddy_future *before = eddy_shared_wait(shared);

    (void)state;
    assert_int_equal(eddy_core_run(world.core, eddy_shared_wait(shared)), 5);
    assert_int_equal(eddy_core_run(world.core, before), 5);
    assert_int_equal(eddy_core_run(world.core, eddy_shared_wait(shared)), 5);
    check_world(&world);
    eddy_shared_release(shared);
    test_core_end(world.core);
}

static eddy_future *count_made(void *arg, eddy_handle *handle)
{
    struct world *world = arg;

    world->rounds++;
    return eddy_ready(handle, 4);
}

static void shared_future_is_not_polled_before_somebody_waits(void **state)
{
    struct world world = {.core = test_core()};
    eddy_shared *shared =
        eddy_shared_new(eddy_lazy(eddy_core_handle(world.core), count_made, &world));
    eddy_future *wait = eddy_shared_wait(shared);

    (void)state;
    test_settle(world.core);
    assert_int_equal(world.rounds, 0);
    assert_false(eddy_shared_peek(shared, NULL));
    assert_int_equal(eddy_core_run(world.core, wait), 4);
    assert_int_equal(world.rounds, 1);
    eddy_shared_release(shared);
    test_core_end(world.core);
}

/* futures 0.1: shared, peek */
static void peek_sees_the_result_once_the_future_has_ended(void **state)
{
    struct world world = {.core = test_core()};
    eddy_shared *shared = share_gate(&world);
    eddy_join *join = spawn_boxed(world.core, eddy_shared_wait(shared));
    eddy_result result = 99;

    (void)state;
    assert_false(eddy_shared_peek(shared, &result));
    test_settle(world.core);
    assert_false(eddy_shared_peek(shared, &result));
    test_gate_open(&world.gate, -EPIPE);
    assert_false(eddy_shared_peek(shared, &result));
    assert_int_equal(result, 99);
    assert_int_equal(test_join_end(world.core, join), -EPIPE);
    assert_true(eddy_shared_peek(shared, &result));
    assert_int_equal(result, -EPIPE);
    assert_true(eddy_shared_peek(shared, NULL));
    eddy_shared_release(shared);
    test_core_end(world.core);
}

/* ---- who is woken ---- */

/* Polls a wait; then, from its second poll on, drops it or just no longer polls it, and waits at a
 * gate of its own. */
struct fickle {
    EDDY_FRAME;
    eddy_future *wait;
    struct test_trace *trace;
    struct test_gate *turn, *end;
    bool drops;
};

static eddy_result fickle_poll(eddy_future *frame, eddy_task *task)
{
    struct fickle *self = (struct fickle *)(void *)frame;

    if (self->trace->polls++ == 0)
        assert_int_equal(eddy_future_poll_child(frame, self->wait, task), EDDY_PENDING);
    if (!self->turn->open)
        return test_gate_poll(self->turn, task);
    if (self->drops)
        eddy_future_drop_child(frame, self->wait, task);
    self->drops = false;
    return test_gate_poll(self->end, task);
}

static void fickle_done(eddy_future *frame)
{
    test_trace_done(((struct fickle *)(void *)frame)->trace);
}

static const eddy_type fickle_type = {fickle_poll, fickle_done, sizeof(struct fickle), "fickle",
                                      NULL};

enum { FICKLE = 10 };

/* futures 0.1: shared, polled_then_ignored */
static void those_who_lost_interest_are_not_woken_and_strand_nobody(void **state)
{
    struct world world = {.core = test_core()};
    eddy_shared *shared = share_gate(&world);
    struct test_trace traces[FICKLE] = {{0}};
    struct test_gate turns[FICKLE] = {{.open = false}}, ends[FICKLE] = {{.open = false}};
    eddy_join *joins[FICKLE], *faithful;

    (void)state;
    for (int i = 0; i < FICKLE; i++) { /* the first one starts it */
        joins[i] = test_spawn_join(world.core, fickle, .wait = eddy_shared_wait(shared),
                                   .trace = &traces[i], .turn = &turns[i], .end = &ends[i],
                                   .drops = i % 2 == 0);
        test_settle(world.core);
    }
    faithful = spawn_boxed(world.core, eddy_shared_wait(shared));
    for (int i = 0; i < FICKLE; i++)
        test_gate_open(&turns[i], 0);
    test_settle(world.core);
    test_gate_open(&world.gate, 7);
    assert_int_equal(test_join_end(world.core, faithful), 7);
    test_settle(world.core);
    for (int i = 0; i < FICKLE; i++)
        assert_int_equal(traces[i].polls, i % 2 == 0 ? 2 : 3); /* one that kept it is woken */
    for (int i = 0; i < FICKLE; i++) {
        test_gate_open(&ends[i], i);
        assert_int_equal(test_join_end(world.core, joins[i]), i);
    }
    eddy_shared_release(shared);
    check_world(&world);
    test_core_end(world.core);
}

/* futures 0.1: shared, drop_on_one_task_ok */
static void waiter_that_is_dropped_or_asked_to_end_keeps_nobody_from_the_result(void **state)
{
    struct world world = {.core = test_core()};
    eddy_shared *shared = share_gate(&world);
    eddy_join *first = spawn_boxed(world.core, eddy_shared_wait(shared));
    eddy_join *second, *third;

    (void)state;
    test_settle(world.core); /* the first one has started it */
    second = spawn_boxed(world.core, eddy_shared_wait(shared));
    third = spawn_boxed(world.core, eddy_shared_wait(shared));
    test_settle(world.core);
    eddy_join_abort(first);
    eddy_join_cancel(second, EDDY_FOREVER);
    assert_int_equal(test_join_end(world.core, first), EDDY_DROPPED);
    assert_int_equal(test_join_end(world.core, second), -ECANCELED);
    assert_int_equal(world.trace.dones, 0);
    test_gate_open(&world.gate, 7);
    assert_int_equal(test_join_end(world.core, third), 7);
    eddy_shared_release(shared);
    check_world(&world);
    test_core_end(world.core);
}

/* futures 0.1: shared, shared_future_that_wakes_itself_until_pending_is_returned */
static void future_that_is_always_ready_lets_its_waiters_do_other_things(void **state)
{
    struct world world = {.core = test_core()};
    eddy_shared *shared = eddy_shared_new(leaf(&world, 500, 1));
    eddy_join *join = spawn_boxed(world.core, eddy_shared_wait(shared));
    struct test_trace other = {0};

    (void)state;
    test_turn(world.core);
    assert_int_equal(test_run(world.core, test_value, .trace = &other, .yields = 100), 0);
    assert_in_range(world.trace.polls, 90, 110);
    assert_int_equal(test_join_end(world.core, join), 1);
    eddy_shared_release(shared);
    check_world(&world);
    test_core_end(world.core);
}

/* ---- a future that waits for itself ---- */

struct cycle {
    EDDY_FRAME;
    struct world *world;
    eddy_shared *shared;
    eddy_future *itself;
};

static eddy_result cycle_poll(eddy_future *frame, eddy_task *task)
{
    struct cycle *self = (struct cycle *)(void *)frame;

    if (self->itself == NULL)
        self->itself = eddy_shared_wait(self->shared);
    assert_int_equal(eddy_future_poll_child(frame, self->itself, task), EDDY_PENDING);
    return test_gate_poll(&self->world->gate, task);
}

static void cycle_done(eddy_future *frame)
{
    test_trace_done(&((struct cycle *)(void *)frame)->world->trace);
}

static const eddy_type cycle_type = {cycle_poll, cycle_done, sizeof(struct cycle), "cycle", NULL};

static eddy_future *make_cycle(void *arg, eddy_handle *handle)
{
    struct world *world = arg;

    world->leaves++;
    return eddy_box(handle, EDDY_FUTURE(cycle, .world = world, .shared = world->more));
}

/* futures 0.1: shared, recursive_poll, recursive_poll_with_unpark */
static void future_that_waits_for_itself_ends_by_something_else_or_with_its_loop(void **state)
{
    (void)state;
    for (int opened = 0; opened < 2; opened++) {
        struct world world = {.core = test_core()};
        eddy_shared *shared =
            eddy_shared_new(eddy_lazy(eddy_core_handle(world.core), make_cycle, &world));
        eddy_join *join = spawn_boxed(world.core, eddy_shared_wait(shared));

        world.more = shared;
        test_settle(world.core);
        eddy_shared_release(shared);
        test_settle(world.core);
        if (opened) {
            test_gate_open(&world.gate, 7);
            assert_int_equal(test_join_end(world.core, join), 7);
        } else {
            eddy_join_abort(join);
            eddy_join_free(join);
            assert_int_equal(world.trace.dones, 0);
        }
        test_core_end(world.core);
        check_world(&world);
    }
}

/* ---- mistakes ---- */

static void wait_in_another_loop(void *arg)
{
    eddy_core *mine = test_core(), *other = test_core();

    (void)arg;
    (void)eddy_core_run(other, eddy_shared_wait(eddy_shared_new(never(mine))));
}

static void share_what_is_not_boxed(void *arg)
{
    struct test_value value = EDDY_INIT(test_value, .value = 1);

    (void)arg;
    (void)eddy_shared_new(&value.frame);
}

static void mistakes_are_told_by_name(void **state)
{
    (void)state;
    assert_dies(wait_in_another_loop, NULL, "waits for a shared future of another loop");
    assert_dies(share_what_is_not_boxed, NULL,
                "eddy_shared_new is given future 'test_value', which is not boxed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_two_and_a_thousand_waiters_each_get_the_result),
        cmocka_unit_test(result_is_kept_for_those_who_come_later),
        cmocka_unit_test(shared_future_is_not_polled_before_somebody_waits),
        cmocka_unit_test(peek_sees_the_result_once_the_future_has_ended),
        cmocka_unit_test(those_who_lost_interest_are_not_woken_and_strand_nobody),
        cmocka_unit_test(waiter_that_is_dropped_or_asked_to_end_keeps_nobody_from_the_result),
        cmocka_unit_test(future_that_is_always_ready_lets_its_waiters_do_other_things),
        cmocka_unit_test(future_that_waits_for_itself_ends_by_something_else_or_with_its_loop),
        cmocka_unit_test(mistakes_are_told_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
