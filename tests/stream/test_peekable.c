/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_peekable.c - the next item looked at without taking it.
 */
#include "streams.h"

static void peekable_gives_what_its_input_gives(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world, eddy_stream_peekable(SCRIPT(&world, 1, -EIO, WAIT(1), 2)), 1, -EIO, 2);
    world_end(&world);
}

/* Peeks `peeks` times before each take; notes what it saw, and 100 more for what it took. */
struct peeker {
    EDDY_FRAME;
    struct world *world;
    eddy_stream *stream;
    int peeks, peeked;
    const void *seen;
    struct item item;
};

static void peeker_done(struct peeker *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_stream_drop(self->stream, NULL);
}

EDDY_ASYNC(peeker, peeker_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            for (self->peeked = 0; self->peeked < self->peeks; self->peeked++) {
                EDDY_POLL(n, eddy_stream_poll_peek(self->stream, task, &self->seen));
                if (n != 0)
                    note(self->world, n < 0 ? n : ((const struct item *)self->seen)->value);
            }
            EDDY_NEXT(n, self->stream, &self->item);
            if (n == 0)
                EDDY_RETURN(0);
            note(self->world, n < 0 ? n : 100 + item_take(&self->item));
        }
        EDDY_END(n);
}

static void peek_shows_the_item_that_is_taken_next(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(test_run(world.core, peeker, .world = &world, .peeks = 2,
                              .stream = eddy_stream_peekable(SCRIPT(&world, 1, WAIT(1), 2))),
                     0);
    check_got(&world, (const int64_t[]){1, 1, 101, 2, 2, 102, END});
    world_end(&world);
}

static void error_during_a_peek_is_told_once_and_not_kept(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(test_run(world.core, peeker, .world = &world, .peeks = 1,
                              .stream = eddy_stream_peekable(SCRIPT(&world, -EIO, 1, -EPERM, 2))),
                     0);
    check_got(&world, (const int64_t[]){-EIO, 101, -EPERM, 102, END});
    world_end(&world);
}

struct glance {
    EDDY_FRAME;
    eddy_stream *stream;
    const void *seen;
};

EDDY_ASYNC(glance, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_stream_poll_peek(self->stream, task, &self->seen));
        EDDY_END(n);
}

static void item_that_was_looked_at_is_dropped_with_the_stream(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(
        test_run(world.core, glance, .stream = eddy_stream_peekable(SCRIPT(&world, 1, 2))), 1);
    assert_int_equal(world.items, 1);
    world_end(&world);
}

static void peek_at_the_end_is_the_end(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(
        test_run(world.core, glance, .stream = eddy_stream_peekable(SCRIPT(&world, END))), 0);
    world_end(&world);
}

static void peek_at_a_failed_stream_fails(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(
        test_run(world.core, glance, .stream = eddy_stream_peekable(failed_stream(&world))),
        -ENOMEM);
    world_end(&world);
}

static void peek_at_another(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)test_run(world.core, glance, .stream = SCRIPT(&world, 1));
}

static void peek_at_a_stream_that_is_not_peekable_is_caught(void **state)
{
    (void)state;
    assert_dies(peek_at_another, NULL, "eddy_stream_poll_peek is given stream 'script'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peekable_gives_what_its_input_gives),
        cmocka_unit_test(peek_shows_the_item_that_is_taken_next),
        cmocka_unit_test(error_during_a_peek_is_told_once_and_not_kept),
        cmocka_unit_test(item_that_was_looked_at_is_dropped_with_the_stream),
        cmocka_unit_test(peek_at_the_end_is_the_end),
        cmocka_unit_test(peek_at_a_failed_stream_fails),
        cmocka_unit_test(peek_at_a_stream_that_is_not_peekable_is_caught),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
