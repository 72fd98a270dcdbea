/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_take.c - adaptors that leave out the beginning or the end of a stream.
 */
#include "streams.h"

static void skip_drops_the_first_items(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world, eddy_stream_skip(SCRIPT(&world, 1, 2, WAIT(1), 3, 4), 2), 3, 4);
    GIVES(&world, eddy_stream_skip(SCRIPT(&world, 1, 2), 0), 1, 2);
    GIVES(&world, eddy_stream_skip(SCRIPT(&world, 1, 2), 5), END);
    world_end(&world);
}

static void skip_passes_errors_through_and_does_not_count_them(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world, eddy_stream_skip(SCRIPT(&world, -1, 1, -2, 2, -3, 3), 1), -1, -2, 2, -3, 3);
    world_end(&world);
}

static void take_ends_after_so_many_and_polls_no_more(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world, eddy_stream_take(SCRIPT(&world, 1, WAIT(1), 2, 3, 4), 2), 1, 2);
    assert_int_equal(world.items, 2);
    GIVES(&world, eddy_stream_take(SCRIPT(&world, 1, 2), 5), 1, 2);
    world_end(&world);
}

static void take_of_none_does_not_poll_at_all(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world, eddy_stream_take(SCRIPT(&world, 1, 2), 0), END);
    assert_int_equal(world.polls, 0);
    world_end(&world);
}

static void take_passes_errors_through_and_does_not_count_them(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world, eddy_stream_take(SCRIPT(&world, -1, 1, -2, -3, 2, -4), 1), -1, 1);
    world_end(&world);
}

/* The input of a take is dropped with the end, not with the last item, which may be a view of it. */
static int64_t sum_of_chunk(const void *bytes)
{
    const eddy_chunk *chunk = bytes;
    int64_t sum = 0;

    for (size_t i = 0; i < chunk->count; i++)
        sum += ((const int64_t *)chunk->items)[i];
    return sum;
}

static void last_item_of_a_take_may_be_a_view(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES_BY(&world, eddy_stream_take(eddy_stream_chunks(numbers(&world, 9), 3), 2), sum_of_chunk,
             6, 15);
    world_end(&world);
}

/* ---- by a condition ---- */

static bool is_small(void *arg, const void *bytes)
{
    const struct item *item = bytes;

    return item->value < *(const int64_t *)arg;
}

static void skip_while_drops_until_the_condition_fails_once(void **state)
{
    struct world world;
    int64_t limit = 3;

    (void)state;
    world_begin(&world);
    GIVES(&world,
          eddy_stream_skip_while(SCRIPT(&world, 1, -EIO, 2, WAIT(1), 3, 1, -EPERM, 4), is_small,
                                 &limit),
          -EIO, 3, 1, -EPERM, 4);
    world_end(&world);
}

static void take_while_ends_before_the_first_that_fails(void **state)
{
    struct world world;
    int64_t limit = 3;

    (void)state;
    world_begin(&world);
    GIVES(&world,
          eddy_stream_take_while(SCRIPT(&world, 1, -EIO, 2, WAIT(1), 3, 1), is_small, &limit), 1,
          -EIO, 2);
    assert_int_equal(world.items, 3); /* the last of them was dropped */
    world_end(&world);
}

/* 13: the question itself fails. */
static eddy_future *ask(void *arg, eddy_handle *handle, const void *bytes)
{
    struct world *world = arg;
    const struct item *item = bytes;

    (void)handle;
    return later(world, item->value % 2, item->value == 13 ? -EDOM : item->value < 3);
}

static void skip_while_may_wait_for_its_condition(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(
        &world,
        eddy_stream_skip_while_async(SCRIPT(&world, 1, 13, -EIO, 2, 5, 1, WAIT(1), 2), ask, &world),
        -EDOM, -EIO, 5, 1, 2);
    assert_int_equal(world.futures, 4);
    world_end(&world);
}

static void take_while_may_wait_for_its_condition(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world, eddy_stream_take_while_async(SCRIPT(&world, 1, 13, -EIO, 2, 5, 1), ask, &world),
          1, -EDOM, -EIO, 2);
    assert_int_equal(world.futures, 4);
    assert_int_equal(world.items, 4);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(skip_drops_the_first_items),
        cmocka_unit_test(skip_passes_errors_through_and_does_not_count_them),
        cmocka_unit_test(take_ends_after_so_many_and_polls_no_more),
        cmocka_unit_test(take_of_none_does_not_poll_at_all),
        cmocka_unit_test(take_passes_errors_through_and_does_not_count_them),
        cmocka_unit_test(last_item_of_a_take_may_be_a_view),
        cmocka_unit_test(skip_while_drops_until_the_condition_fails_once),
        cmocka_unit_test(take_while_ends_before_the_first_that_fails),
        cmocka_unit_test(skip_while_may_wait_for_its_condition),
        cmocka_unit_test(take_while_may_wait_for_its_condition),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
