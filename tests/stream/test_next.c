/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_next.c - a future of one item: it hands the stream back however it ends.
 */
#include "streams.h"

#include "eddy/compose.h"
#include "eddy/select.h"
#include "reactor/core.h"

#define MS EDDY_MILLISECOND

/* ---- one after the other ---- */

/* Owns the stream by its `done`: it is nobody's child. */
struct user {
    EDDY_FRAME;
    struct world *world;
    eddy_stream *stream;
    int64_t limit_ms;     /* of each wait; 0: none */
    int timeouts, enough; /* after so many timeouts it has enough */
    struct item item;
    eddy_future *next;
};

static void user_done(struct user *self)
{
    eddy_stream_drop(self->stream, NULL);
}

static eddy_future *next_of(struct user *self, eddy_task *task)
{
    eddy_future *next = eddy_stream_next(eddy_task_handle(task), self->stream, &self->item);

    return self->limit_ms > 0 ? eddy_timeout_after(next, self->limit_ms * MS) : next;
}

EDDY_ASYNC(user, user_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            self->next = next_of(self, task);
            EDDY_AWAIT_FUTURE(n, self->next);
            if (n > 0)
                note(self->world, item_take(&self->item));
            else if (n < 0)
                note(self->world, n);
            if (n == -ETIMEDOUT) { /* the stream waits for nothing now */
                assert_int_equal(test_stats(self->world->core).timers_live, 0);
                self->timeouts++;
            }
            if (n == 0 || (self->enough > 0 && self->timeouts == self->enough))
                EDDY_RETURN(n);
        }
        EDDY_END(n);
}

static void next_gives_one_item_and_hands_the_stream_back(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(
        test_run(world.core, user, .world = &world, .stream = SCRIPT(&world, 1, WAIT(1), -EIO, 2)),
        0);
    check_got(&world, (const int64_t[]){1, -EIO, 2, END});
    world_end(&world);
}

static void next_that_is_dropped_loses_nothing(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(test_run(world.core, user, .world = &world, .limit_ms = 10,
                              .stream = SCRIPT(&world, 1, WAIT(25), 2, 3)),
                     0);
    check_got(&world, (const int64_t[]){1, -ETIMEDOUT, -ETIMEDOUT, 2, 3, END});
    world_end(&world);
}

struct pair {
    struct item left, right;
};

/* The waits of a stream that was handed back in the middle of one are disarmed. */
static void stream_that_was_handed_back_can_be_dropped_as_if_never_polled(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(
        test_run(world.core, user, .world = &world, .limit_ms = 10, .enough = 1,
                 .stream = EDDY_ZIP(SCRIPT(&world, 1, WAIT(1000), 2), SCRIPT(&world, WAIT(1000), 3),
                                    struct pair, right)),
        -ETIMEDOUT);
    check_got(&world, (const int64_t[]){-ETIMEDOUT, END});
    world_end(&world);
}

static void drop_of_the_task_disarms_the_stream_of_a_next(void **state)
{
    struct world world;
    eddy_join *join;

    (void)state;
    world_begin(&world);
    join =
        test_spawn_join(world.core, user, .world = &world, .stream = SCRIPT(&world, WAIT(1000), 1));
    test_settle(world.core);
    assert_int_equal(test_stats(world.core).timers_live, 1);
    eddy_join_abort(join);
    assert_int_equal(test_stats(world.core).timers_live, 0);
    assert_int_equal(test_join_end(world.core, join), EDDY_DROPPED);
    world_end(&world);
}

/* ---- a stream that is a child ---- */

/* Polls the stream itself, then by a future, then itself: it is the function's child all along. */
struct mixed {
    EDDY_FRAME;
    struct world *world;
    eddy_stream *stream;
    bool adopt; /* before it is polled */
    struct item item;
    eddy_future *next;
};

EDDY_ASYNC(mixed, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        if (self->adopt) {
            eddy_future_adopt(&self->frame, &self->stream->frame);
        } else {
            EDDY_NEXT(n, self->stream, &self->item);
            note(self->world, item_take(&self->item));
        }
        self->next = eddy_timeout_after(
            eddy_stream_next(eddy_task_handle(task), self->stream, &self->item), 10 * MS);
        EDDY_AWAIT_FUTURE(n, self->next);
        note(self->world, n);
        EDDY_NEXT(n, self->stream, &self->item);
        note(self->world, item_take(&self->item));
        EDDY_END(n);
}

static void child_stays_its_parents_child(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(
        test_run(world.core, mixed, .world = &world, .stream = SCRIPT(&world, 1, WAIT(25), 2, 3)),
        1);
    check_got(&world, (const int64_t[]){1, -ETIMEDOUT, 2, END});
    world.count = 0;
    assert_int_equal(test_run(world.core, mixed, .world = &world, .adopt = true,
                              .stream = SCRIPT(&world, WAIT(25), 2, 3)),
                     1);
    check_got(&world, (const int64_t[]){-ETIMEDOUT, 2, END});
    world_end(&world);
}

/* ---- in a branch ---- */

static eddy_result at_gate(void *arg, eddy_task *task, void *item)
{
    eddy_result result = test_gate_poll(arg, task);

    if (result != EDDY_PENDING)
        memcpy(item, &result, sizeof result);
    return result;
}

/* The stream has branches of its own. It loses a race against a sleep: the branch in which it was
 * polled is gone with the race, and then one of its own is woken. */
struct racer {
    EDDY_FRAME;
    eddy_stream *stream;
    struct test_gate *gate;
    eddy_future *race;
    int64_t item;
    int round;
    struct eddy_sleep_for nap;
};

static void racer_done(struct racer *self)
{
    eddy_stream_drop(self->stream, NULL);
}

static eddy_future *race(struct racer *self, eddy_task *task)
{
    eddy_handle *handle = eddy_task_handle(task);

    return eddy_race(eddy_stream_next(handle, self->stream, &self->item),
                     eddy_box(handle, EDDY_FUTURE(eddy_sleep_for, .duration_ns = 10 * MS)));
}

EDDY_ASYNC(racer, racer_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->round = 0; self->round < 2; self->round++) {
            self->race = race(self, task);
            EDDY_AWAIT_FUTURE(n, self->race);
            assert_int_equal(n, 0);
        }
        test_gate_open(self->gate, 7);
        self->nap = EDDY_INIT(eddy_sleep_for, .duration_ns = MS);
        EDDY_AWAIT(n, &self->nap);
        self->race = race(self, task);
        EDDY_AWAIT_FUTURE(n, self->race);
        EDDY_END(self->item);
}

static void next_may_lose_a_race_and_its_stream_be_woken_afterwards(void **state)
{
    struct world world;
    struct test_gate gates[2] = {{.open = false}, {.open = false}};
    eddy_stream *stream;

    (void)state;
    world_begin(&world);
    stream = eddy_stream_select(
        EDDY_STREAMS(eddy_stream_poll_fn(handle_of(&world), 8, at_gate, &gates[0]),
                     eddy_stream_poll_fn(handle_of(&world), 8, at_gate, &gates[1])));
    assert_int_equal(test_run(world.core, racer, .stream = stream, .gate = &gates[1]), 7);
    world_end(&world);
}

/* ---- failures ---- */

static void next_of_a_failed_stream_fails(void **state)
{
    struct world world;
    int64_t item;

    (void)state;
    world_begin(&world);
    assert_int_equal(eddy_core_run(world.core, eddy_stream_next(handle_of(&world),
                                                                failed_stream(&world), &item)),
                     -ENOMEM);
    world_end(&world);
}

/* The stream is lent: it is not dropped for want of a future that asks it. */
static void next_without_memory_fails_and_the_stream_goes_on(void **state)
{
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    struct world world;
    struct item item;
    eddy_stream *stream;
    eddy_future *next;

    (void)state;
    test_heap_init(&heap, -1);
    world_begin_on(&world, test_core_with((eddy_core_options){.allocator = &allocator}));
    if (world.core->slab.chunks == NULL)
        eddy__slab_keep_apart(&world.core->slab);
    stream = SCRIPT(&world, 1, 2);
    assert_int_equal(eddy_core_run(world.core, eddy_stream_next(handle_of(&world), stream, &item)),
                     1);
    assert_int_equal(item_take(&item), 1);
    atomic_store(&heap.fail_at, atomic_load(&heap.calls));
    next = eddy_stream_next(handle_of(&world), stream, &item);
    assert_true(atomic_load(&heap.calls) > atomic_load(&heap.fail_at));
    assert_int_equal(eddy_core_run(world.core, next), -ENOMEM);
    assert_int_equal(world.dones, 0);
    assert_int_equal(eddy_core_run(world.core, eddy_stream_next(handle_of(&world), stream, &item)),
                     1);
    assert_int_equal(item_take(&item), 2);
    eddy_stream_drop(stream, NULL);
    world_end(&world);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
}

static eddy_future *begin_user(void *arg, eddy_core *core)
{
    static const int64_t script[] = {1, WAIT(3), -EIO, 2, WAIT(25), 3, END};
    struct world *world = arg;

    world_begin_on(world, core);
    return box(world, EDDY_FUTURE(user, .world = world, .limit_ms = 10,
                                  .stream = script_new(world, script)));
}

static void let_time_pass(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    world->clock->now_ns += MS;
}

static void end_user(void *arg, eddy_core *core, eddy_result result)
{
    (void)core;
    (void)result;
    world_check(arg);
}

static void next_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {
        .begin = begin_user, .step = let_time_pass, .end = end_user, .world = &world};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_gives_one_item_and_hands_the_stream_back),
        cmocka_unit_test(next_that_is_dropped_loses_nothing),
        cmocka_unit_test(stream_that_was_handed_back_can_be_dropped_as_if_never_polled),
        cmocka_unit_test(drop_of_the_task_disarms_the_stream_of_a_next),
        cmocka_unit_test(child_stays_its_parents_child),
        cmocka_unit_test(next_may_lose_a_race_and_its_stream_be_woken_afterwards),
        cmocka_unit_test(next_of_a_failed_stream_fails),
        cmocka_unit_test(next_without_memory_fails_and_the_stream_goes_on),
        cmocka_unit_test(next_can_be_dropped_at_any_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
