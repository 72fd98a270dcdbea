/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_stream.c - the trait: the end told for good, errors that end nothing, streams as children of
 * futures, those that could not be made, and stream functions.
 */
#include "streams.h"

/* ---- the end, and errors ---- */

struct poller {
    EDDY_FRAME;
    struct world *world;
    eddy_stream *stream;
    int64_t ends; /* polls after the end */
    struct item item;
};

/* Its `stream` is dropped with it, since it has polled it; no `done` is needed. */
EDDY_ASYNC(poller, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_NEXT(n, self->stream, &self->item);
            if (n > 0)
                note(self->world, item_take(&self->item));
        } while (n != 0);
        assert_true(eddy_stream_is_done(self->stream));
        for (; self->ends < 3; self->ends++) {
            EDDY_NEXT(n, self->stream, &self->item);
            assert_int_equal(n, 0);
        }
        EDDY_END(self->ends);
}

static void every_stream_is_fused_and_tells_its_end_for_ever(void **state)
{
    struct world world;
    eddy_stream *stream;

    (void)state;
    world_begin(&world);
    stream = SCRIPT(&world, 1, 2, 3);
    assert_false(eddy_stream_is_done(stream));
    assert_int_equal(test_run(world.core, poller, .world = &world, .stream = stream), 3);
    check_got(&world, (const int64_t[]){1, 2, 3, END});
    world_end(&world);
}

static void error_does_not_end_a_stream(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world, SCRIPT(&world, 1, -EIO, -EPROTO, 2), 1, -EIO, -EPROTO, 2);
    world_end(&world);
}

/* ---- in the tree ---- */

static void stream_is_dropped_with_the_future_that_polls_it(void **state)
{
    struct world world;
    eddy_join *join;

    (void)state;
    world_begin(&world);
    join = test_spawn_join(world.core, poller, .world = &world,
                           .stream = SCRIPT(&world, WAIT(1000), 1));
    test_settle(world.core);
    assert_int_equal(world.dones, 0);
    eddy_join_abort(join);
    assert_int_equal(world.dones, 1);
    assert_int_equal(test_join_end(world.core, join), EDDY_DROPPED);
    world_end(&world);
}

static void stream_that_was_never_polled_is_dropped_by_its_owner(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    eddy_stream_drop(SCRIPT(&world, 1), NULL);
    eddy_stream_drop(NULL, NULL);
    assert_int_equal(world.dones, 1);
    world_end(&world);
}

struct dropper {
    EDDY_FRAME;
    struct world *world;
    eddy_stream *stream;
    struct item item;
};

EDDY_ASYNC(dropper, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_NEXT(n, self->stream, &self->item);
        note(self->world, item_take(&self->item));
        eddy_stream_drop(self->stream, task);
        assert_int_equal(self->world->dones, 1);
        EDDY_YIELD();
        EDDY_END(1);
}

static void stream_can_be_dropped_before_the_future_that_polls_it(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(test_run(world.core, dropper, .world = &world, .stream = SCRIPT(&world, 1, 2)),
                     1);
    check_got(&world, (const int64_t[]){1, END});
    world_end(&world);
}

struct holder {
    EDDY_FRAME;
    struct world *world;
    struct script member;
    struct item item;
    const int64_t *script;
};

/* No box: the stream is a member. */
EDDY_ASYNC(holder, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->world->scripts++;
        self->member = EDDY_STREAM_INIT(script, .world = self->world, .at = self->script);
        do {
            EDDY_NEXT(n, &self->member.stream, &self->item);
            if (n > 0)
                note(self->world, item_take(&self->item));
        } while (n > 0);
        EDDY_END(n);
}

static void stream_may_be_a_member_of_the_future_that_polls_it(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(test_run(world.core, holder, .world = &world,
                              .script = (const int64_t[]){4, WAIT(1), 5, END}),
                     0);
    check_got(&world, (const int64_t[]){4, 5, END});
    world_end(&world);
}

/* ---- stream functions ---- */

struct failing {
    EDDY_STREAM_FRAME;
    struct world *world;
};

static void failing_done(struct failing *self)
{
    self->world->dones++;
}

EDDY_STREAM(failing, int64_t, failing_done)
{
    EDDY_BEGIN
        *item = 5;
        EDDY_EMIT();
        EDDY_RETURN(-EPROTO);
        EDDY_END(0);
}

static void stream_function_that_returns_an_error_tells_it_once_then_the_end(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    world.scripts = 1;
    GIVES_BY(&world, EDDY_STREAM_NEW(handle_of(&world), failing, .world = &world), plain, 5,
             -EPROTO);
    world_end(&world);
}

/* Awaits futures and streams of its own: the sums of neighbours. */
struct sums {
    EDDY_STREAM_FRAME;
    struct world *world;
    eddy_stream *input;
    struct later nap;
    int64_t first, second;
};

static void sums_done(struct sums *self)
{
    self->world->dones++;
    if (eddy_future_is_new(&self->frame))
        eddy_stream_drop(self->input, NULL);
}

EDDY_STREAM(sums, int64_t, sums_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_NEXT(n, self->input, &self->first);
        while (n > 0) {
            self->world->futures++;
            self->nap = EDDY_INIT(later, .world = self->world, .sleep_ms = 1);
            EDDY_AWAIT(n, &self->nap);
            EDDY_NEXT(n, self->input, &self->second);
            if (n <= 0)
                break;
            *item = self->first + self->second;
            self->first = self->second;
            EDDY_EMIT();
            n = 1;
        }
        EDDY_END(n);
}

static void stream_function_may_wait_for_futures_and_streams_of_its_own(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    world.scripts = 1;
    GIVES_BY(&world,
             EDDY_STREAM_NEW(handle_of(&world), sums, .world = &world, .input = numbers(&world, 4)),
             plain, 3, 5, 7);
    world_end(&world);
}

/* ---- one that could not be made ---- */

static void stream_without_memory_says_so_and_so_does_what_is_made_of_it(void **state)
{
    struct world world;
    eddy_stream *stream;

    (void)state;
    world_begin(&world);
    stream = eddy_stream_chunks(SCRIPT(&world, 1), SIZE_MAX);
    assert_int_equal(world.dones, 1); /* the input is dropped */
    assert_true(eddy_stream_is_done(stream));
    assert_ptr_equal(eddy_stream_filter(stream, NULL, NULL), stream);
    assert_ptr_equal(eddy_stream_zip(stream, SCRIPT(&world, 2), 0, 0), stream);
    assert_ptr_equal(eddy_stream_chain(SCRIPT(&world, 2), stream), stream);
    assert_ptr_equal(eddy_stream_select(EDDY_STREAMS(SCRIPT(&world, 2), stream)), stream);
    assert_int_equal(world.dones, 4);
    GIVES(&world, stream, -ENOMEM);
    assert_int_equal(eddy_core_run(world.core, eddy_stream_count(stream)), -ENOMEM);
    eddy_stream_drop(stream, NULL);
    world_end(&world);
}

/* Asks a failed stream for ever. */
struct stubborn {
    EDDY_FRAME;
    eddy_stream *stream;
    const bool *over;
    int64_t item;
};

EDDY_ASYNC(stubborn, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_NEXT(n, self->stream, &self->item);
        } while (!*self->over);
        EDDY_END(n);
}

static void failed_stream_lets_others_go_first_however_often_it_is_asked(void **state)
{
    struct world world;
    bool over = false;
    eddy_join *join;

    (void)state;
    world_begin(&world);
    join = test_spawn_join(world.core, stubborn, .stream = failed_stream(&world), .over = &over);
    (void)test_turn(world.core);
    over = true;
    assert_int_equal(test_join_end(world.core, join), -ENOMEM);
    world_end(&world);
}

/* ---- misuse ---- */

static void poll_as_a_future(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)eddy_core_run(world.core, &SCRIPT(&world, 1)->frame);
}

static void drop_a_child_without_a_task(void *arg)
{
    struct world world;
    eddy_stream *stream;

    (void)arg;
    world_begin(&world);
    stream = SCRIPT(&world, WAIT(1000));
    test_spawn(world.core, poller, .world = &world, .stream = stream);
    test_settle(world.core);
    eddy_stream_drop(stream, NULL);
}

static void adapt_a_stream_that_was_polled(void *arg)
{
    struct world world;
    eddy_stream *stream;

    (void)arg;
    world_begin(&world);
    stream = SCRIPT(&world, WAIT(1000));
    test_spawn(world.core, poller, .world = &world, .stream = stream);
    test_settle(world.core);
    (void)eddy_stream_take(stream, 1);
}

static void adapt_a_member(void *arg)
{
    struct world world;
    struct script member = EDDY_STREAM_INIT(script, .world = &world);

    (void)arg;
    world_begin(&world);
    (void)eddy_stream_take(&member.stream, 1);
}

static void owning_too_late(void *arg)
{
    struct world world;
    eddy_stream *stream;

    (void)arg;
    world_begin(&world);
    stream = SCRIPT(&world, WAIT(1000));
    test_spawn(world.core, poller, .world = &world, .stream = stream);
    test_settle(world.core);
    (void)eddy_stream_owning(stream, NULL);
}

static void misuse_of_a_stream_is_caught(void **state)
{
    (void)state;
    assert_dies(poll_as_a_future, NULL, "polls stream 'script' as a future");
    assert_dies(drop_a_child_without_a_task, NULL,
                "stream 'script' is dropped without a task, but it is the child of a future");
    assert_dies(adapt_a_stream_that_was_polled, NULL,
                "stream_take is given future 'script' after its first poll");
    assert_dies(adapt_a_member, NULL, "stream_take is given future 'script', which is not boxed");
    assert_dies(owning_too_late, NULL,
                "eddy_stream_owning is given stream 'script' after its first poll");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stream_is_fused_and_tells_its_end_for_ever),
        cmocka_unit_test(error_does_not_end_a_stream),
        cmocka_unit_test(stream_is_dropped_with_the_future_that_polls_it),
        cmocka_unit_test(stream_that_was_never_polled_is_dropped_by_its_owner),
        cmocka_unit_test(stream_can_be_dropped_before_the_future_that_polls_it),
        cmocka_unit_test(stream_may_be_a_member_of_the_future_that_polls_it),
        cmocka_unit_test(stream_function_that_returns_an_error_tells_it_once_then_the_end),
        cmocka_unit_test(stream_function_may_wait_for_futures_and_streams_of_its_own),
        cmocka_unit_test(stream_without_memory_says_so_and_so_does_what_is_made_of_it),
        cmocka_unit_test(failed_stream_lets_others_go_first_however_often_it_is_asked),
        cmocka_unit_test(misuse_of_a_stream_is_caught),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
