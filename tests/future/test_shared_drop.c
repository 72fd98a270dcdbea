/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_shared_drop.c - when a shared future goes: with the last who could want it, not before, in
 * whatever order and out of whatever poll they go; with its loop; and without memory.
 */
#include "../support/clock.h"
#include "../support/drop.h"
#include "boxed.h"
#include "eddy/shared.h"

static eddy_shared *share_gate(struct world *world)
{
    return eddy_shared_new(owing(world, at_gate(world)));
}

/* ---- the last one ---- */

static void future_goes_with_the_last_reference_and_the_last_waiter(void **state)
{
    struct world world = {.core = test_core()};

    (void)state;
    for (int reference_first = 0; reference_first < 2; reference_first++) {
        eddy_shared *shared = share_gate(&world);
        eddy_join *first = spawn_boxed(world.core, eddy_shared_wait(shared));
        eddy_join *second = spawn_boxed(world.core, eddy_shared_wait(eddy_shared_retain(shared)));

        test_settle(world.core);
        eddy_shared_release(shared);
        eddy_join_abort(first);
        assert_int_equal(world.owed - world.released, 1);
        if (reference_first)
            eddy_shared_release(shared);
        else
            eddy_join_abort(second);
        assert_int_equal(world.owed - world.released, 1);
        if (reference_first)
            eddy_join_abort(second);
        else
            eddy_shared_release(shared);
        check_world(&world); /* at once */
        assert_int_equal(test_join_end(world.core, first), EDDY_DROPPED);
        assert_int_equal(test_join_end(world.core, second), EDDY_DROPPED);
        test_settle(world.core);
        assert_int_equal(test_stats(world.core).tasks_live, 0);
    }
    test_core_end(world.core);
}

static void future_that_nobody_waited_for_goes_without_being_polled(void **state)
{
    struct world world = {.core = test_core()};
    eddy_shared *shared = share_gate(&world);
    eddy_future *wait = eddy_shared_wait(shared);

    (void)state;
    eddy_shared_release(share_gate(&world));
    assert_int_equal(world.released, 1);
    eddy_future_drop(wait);
    assert_int_equal(world.released, 1);
    wait = eddy_shared_wait(shared);
    eddy_shared_release(shared);
    assert_int_equal(world.released, 1);
    eddy_future_drop(wait);
    check_world(&world);
    assert_int_equal(world.trace.polls, 0);
    eddy_shared_release(NULL);
    test_core_end(world.core);
}

/* ---- out of a poll ---- */

/* Drops its wait in the poll in which it has polled it. */
struct hasty {
    EDDY_FRAME;
    eddy_future *wait;
};

static eddy_result hasty_poll(eddy_future *frame, eddy_task *task)
{
    struct hasty *self = (struct hasty *)(void *)frame;

    assert_int_equal(eddy_future_poll_child(frame, self->wait, task), EDDY_PENDING);
    eddy_future_drop_child(frame, self->wait, task);
    return 3;
}

static void hasty_done(eddy_future *frame)
{
    (void)frame;
}

static const eddy_type hasty_type = {hasty_poll, hasty_done, sizeof(struct hasty), "hasty", NULL};

/* futures 0.1: shared, drop_in_poll */
static void waiter_may_be_dropped_in_its_own_poll(void **state)
{
    struct world world = {.core = test_core()};
    eddy_shared *shared = share_gate(&world);

    (void)state;
    assert_int_equal(test_run(world.core, hasty, .wait = eddy_shared_wait(shared)), 3);
    test_gate_open(&world.gate, 7); /* others go on */
    assert_int_equal(eddy_core_run(world.core, eddy_shared_wait(shared)), 7);
    eddy_shared_release(shared);
    check_world(&world);
    world.gate = (struct test_gate){0};
    shared = share_gate(&world);
    world.more = eddy_shared_wait(shared);
    eddy_shared_release(shared);
    assert_int_equal(test_run(world.core, hasty, .wait = world.more), 3); /* the last one */
    test_settle(world.core);
    check_world(&world);
    assert_int_equal(test_stats(world.core).tasks_live, 0);
    test_core_end(world.core);
}

/* Gives everything back that could want its own result. */
struct suicide {
    struct world *world;
    eddy_join *waiter;
    eddy_shared *shared;
    eddy_result result;
};

static eddy_result suicide_poll(void *arg, eddy_task *task)
{
    struct suicide *self = arg;

    eddy_join_abort(self->waiter);
    eddy_shared_release(self->shared);
    self->shared = NULL;
    if (self->result == EDDY_PENDING)
        return test_gate_poll(&self->world->gate, task);
    return self->result;
}

static void future_may_give_up_the_last_who_wants_it_in_its_own_poll(void **state)
{
    static const eddy_result results[] = {EDDY_PENDING, 5, -EIO};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct world world = {.core = test_core()};
        struct suicide suicide = {.world = &world, .result = results[i]};
        eddy_future *inner = eddy_poll_fn(eddy_core_handle(world.core), suicide_poll, &suicide);

        suicide.shared = eddy_shared_new(owing(&world, inner));
        suicide.waiter = spawn_boxed(world.core, eddy_shared_wait(suicide.shared));
        test_settle(world.core);
        check_world(&world);
        assert_int_equal(test_stats(world.core).tasks_live, 0);
        assert_int_equal(test_join_end(world.core, suicide.waiter), EDDY_DROPPED);
        test_core_end(world.core);
    }
}

/* ---- the loop ---- */

static void shared_future_outlives_its_loop_as_dropped(void **state)
{
    struct world world = {.core = test_core()};
    eddy_shared *started = share_gate(&world);
    eddy_shared *fresh = share_gate(&world);
    eddy_future *kept = eddy_shared_wait(started), *late;
    eddy_result result = 0;

    (void)state;
    test_spawn_future(world.core, eddy_shared_wait(started), __FILE__, __LINE__);
    test_settle(world.core);
    test_core_end(world.core);
    assert_int_equal(world.released, 1);
    assert_true(eddy_shared_peek(started, &result));
    assert_int_equal(result, EDDY_DROPPED);
    assert_false(eddy_shared_peek(fresh, NULL));
    late = eddy_shared_wait(fresh);
    assert_int_equal(late->type->poll(NULL, NULL), EDDY_LOOP_GONE);
    eddy_shared_release(started);
    eddy_shared_release(fresh);
    eddy_future_drop(kept);
    check_world(&world);
}

static void shared_future_counts_as_a_task(void **state)
{
    struct world world = {.core = test_core_with((eddy_core_options){.tasks_max = 1})};
    eddy_shared *shared = share_gate(&world);
    eddy_join *other = spawn_boxed(world.core, never(world.core));

    (void)state;
    assert_int_equal(eddy_core_run(world.core, eddy_shared_wait(shared)), EDDY_TASKS_FULL);
    check_world(&world);
    assert_int_equal(eddy_core_run(world.core, eddy_shared_wait(shared)), EDDY_TASKS_FULL);
    eddy_join_abort(other);
    assert_int_equal(test_join_end(world.core, other), EDDY_DROPPED);
    eddy_shared_release(shared);
    test_core_end(world.core);
}

/* ---- dropped at any moment ---- */

static void note(void *arg, eddy_result value)
{
    struct world *world = arg;

    world->rounds = (int)value;
}

/* The future is the one that waits first; another task waits, too, and we hold a reference. */
static eddy_future *begin(void *arg, eddy_core *core)
{
    struct world *world = arg;
    eddy_shared *shared;

    *world = (struct world){.core = core};
    (void)test_clock_take(core, 0);
    shared = share_gate(world);
    world->more = shared;
    test_spawn_future(core, eddy_inspect(eddy_shared_wait(shared), note, world), __FILE__,
                      __LINE__);
    return owing(world, eddy_shared_wait(shared));
}

static void end(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == 7 || result == EDDY_DROPPED);
    if (core != NULL) {
        test_gate_open(&world->gate, 7);
        test_settle(core);
        assert_int_equal(world->rounds, 7);
    }
    eddy_shared_release(world->more);
    check_world(world);
}

/* The same without any other who waits. */
static eddy_future *begin_alone(void *arg, eddy_core *core)
{
    struct world *world = arg;
    eddy_future *work;

    *world = (struct world){.core = core};
    (void)test_clock_take(core, 0);
    world->more = share_gate(world);
    work = owing(world, eddy_shared_wait(world->more));
    eddy_shared_release(world->more);
    return work;
}

static void end_alone(void *arg, eddy_core *core, eddy_result result)
{
    assert_true(result == 7 || result == EDDY_DROPPED);
    if (core != NULL)
        test_settle(core); /* a drop out of a drop comes a little later */
    check_world(arg);
}

static void wait_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin, step, end, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 1, 5);
    drop.begin = begin_alone;
    drop.end = end_alone;
    assert_in_range(test_drop_anywhere(&drop), 1, 5);
}

/* ---- without memory ---- */

static eddy_future *wait_again(void *arg, eddy_handle *handle, eddy_result value)
{
    struct world *world = arg;

    (void)handle;
    (void)value;
    return owing(world, eddy_shared_wait(world->more));
}

static void give_back(void *arg)
{
    struct world *world = arg;

    eddy_shared_release(world->more);
    count_release(world);
}

static eddy_future *begin_two(void *arg, eddy_core *core)
{
    struct world *world = arg;
    eddy_future *work;

    (void)core;
    world->more = share_gate(world);
    world->owed++;
    work = eddy_and_then(eddy_shared_wait(eddy_shared_retain(world->more)), wait_again, world);
    eddy_shared_release(world->more);
    return eddy_finally(work, give_back, world);
}

static void shared_future_without_memory_tells_all_who_wait(void **state)
{
    (void)state;
    fail_each(begin_two, 7);
}

static void what_fails_when_it_is_shared_is_a_shared_failure(void **state)
{
    struct world world = {0};
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    eddy_shared *shared;
    eddy_result result = 0;

    (void)state;
    test_heap_init(&heap, -1);
    world.core = test_core_with((eddy_core_options){.allocator = &allocator});
    atomic_store(&heap.fail_at, atomic_load(&heap.calls));
    shared = eddy_shared_new(owing(&world, at_gate(&world)));
    check_world(&world);
    assert_true(eddy_shared_peek(shared, &result));
    assert_int_equal(result, -ENOMEM);
    assert_ptr_equal(eddy_shared_retain(shared), shared);
    eddy_shared_release(shared);
    assert_int_equal(eddy_core_run(world.core, eddy_shared_wait(shared)), -ENOMEM);
    eddy_shared_release(shared);
    test_core_end(world.core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(future_goes_with_the_last_reference_and_the_last_waiter),
        cmocka_unit_test(future_that_nobody_waited_for_goes_without_being_polled),
        cmocka_unit_test(waiter_may_be_dropped_in_its_own_poll),
        cmocka_unit_test(future_may_give_up_the_last_who_wants_it_in_its_own_poll),
        cmocka_unit_test(shared_future_outlives_its_loop_as_dropped),
        cmocka_unit_test(shared_future_counts_as_a_task),
        cmocka_unit_test(wait_can_be_dropped_at_any_moment),
        cmocka_unit_test(shared_future_without_memory_tells_all_who_wait),
        cmocka_unit_test(what_fails_when_it_is_shared_is_a_shared_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
