/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_map.c - adaptors that call a function on each item or error.
 */
#include "streams.h"

/* Takes the item, makes one that is larger by one; 13 is no good. */
static int plus_one(void *arg, const void *bytes, void *out)
{
    struct world *world = arg;
    int64_t value = item_take(bytes);

    if (value == 13)
        return -EDOM;
    *(struct item *)out = item_new(world, value + 1);
    return 0;
}

static void map_makes_another_item_of_each(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world,
          eddy_stream_map(SCRIPT(&world, 1, WAIT(1), 2, -EIO, 3), sizeof(struct item), plus_one,
                          &world),
          2, 3, -EIO, 4);
    world_end(&world);
}

static void map_may_give_an_error_instead(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world, eddy_stream_map(SCRIPT(&world, 1, 13, 2), sizeof(struct item), plus_one, &world),
          2, -EDOM, 3);
    world_end(&world);
}

/* From items to plain numbers. */
static int to_number(void *arg, const void *bytes, void *out)
{
    int64_t value = item_take(bytes);

    (void)arg;
    memcpy(out, &value, sizeof value);
    return 0;
}

static void map_may_change_the_size_of_the_items(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES_BY(&world, eddy_stream_map(SCRIPT(&world, 1, 2), sizeof(int64_t), to_number, NULL), plain,
             1, 2);
    world_end(&world);
}

static eddy_result negate(void *arg, eddy_result error)
{
    (void)arg;
    return error == -EIO ? -ENOENT : error;
}

static void map_err_makes_another_error_and_items_pass(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world, eddy_stream_map_err(SCRIPT(&world, 1, -EIO, WAIT(1), -EPERM, 2), negate, NULL), 1,
          -ENOENT, -EPERM, 2);
    world_end(&world);
}

static eddy_result no_error(void *arg, eddy_result error)
{
    (void)arg;
    (void)error;
    return 1;
}

static void map_err_to_success(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    GIVES(&world, eddy_stream_map_err(SCRIPT(&world, -EIO), no_error, NULL), END);
}

static void map_err_that_gives_no_error_is_caught(void **state)
{
    (void)state;
    assert_dies(map_err_to_success, NULL, "the function of eddy_stream_map_err gave 1, no error");
}

static bool is_even(void *arg, const void *bytes)
{
    const struct item *item = bytes;

    (void)arg;
    return item->value % 2 == 0;
}

static void filter_passes_some_items_on_and_drops_the_others(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world, eddy_stream_filter(SCRIPT(&world, 1, 2, -EIO, 3, WAIT(1), 4, 5), is_even, NULL),
          2, -EIO, 4);
    assert_int_equal(world.items, 5); /* world_end: three of them were dropped, once */
    world_end(&world);
}

/* Takes the item; of even ones comes one that is larger by ten. */
static int ten_more_of_even(void *arg, const void *bytes, void *out)
{
    struct world *world = arg;
    int64_t value = item_take(bytes);

    if (value == 13)
        return -EDOM;
    if (value % 2 != 0)
        return 0;
    *(struct item *)out = item_new(world, value + 10);
    return 1;
}

static void filter_map_makes_another_item_of_some(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world,
          eddy_stream_filter_map(SCRIPT(&world, 1, 2, 3, -EIO, 13, WAIT(1), 4), sizeof(struct item),
                                 ten_more_of_even, &world),
          12, -EIO, -EDOM, 14);
    world_end(&world);
}

/* ---- looks ---- */

static void note_item(void *arg, const void *bytes)
{
    const struct item *item = bytes;

    *(int64_t *)arg += item->value;
}

static void note_error(void *arg, eddy_result error)
{
    *(int64_t *)arg += error;
}

static void inspect_sees_items_alone(void **state)
{
    struct world world;
    int64_t sum = 0;

    (void)state;
    world_begin(&world);
    GIVES(&world, eddy_stream_inspect(SCRIPT(&world, 1, 2, -EIO, WAIT(1), 3), note_item, &sum), 1,
          2, -EIO, 3);
    assert_int_equal(sum, 6);
    world_end(&world);
}

static void inspect_err_sees_errors_alone(void **state)
{
    struct world world;
    int64_t sum = 0;

    (void)state;
    world_begin(&world);
    GIVES(&world, eddy_stream_inspect_err(SCRIPT(&world, 1, -1, WAIT(1), 2, -2), note_error, &sum),
          1, -1, 2, -2);
    assert_int_equal(sum, -3);
    world_end(&world);
}

/* ---- finally ---- */

/* Its input is done before. */
static void release(void *arg)
{
    struct world *world = arg;

    world->released++;
    assert_int_equal(world->dones, world->scripts);
}

static void finally_releases_once_at_the_end(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    world.owed = 1;
    GIVES(&world, eddy_stream_finally(SCRIPT(&world, 1, -EIO, 2), release, &world), 1, -EIO, 2);
    assert_int_equal(world.released, 1);
    world_end(&world);
}

/* The next stream was not polled yet. */
static void release_between(void *arg)
{
    struct world *world = arg;

    world->released++;
    assert_int_equal(world->polls, 0);
}

static void finally_releases_before_what_comes_after_the_end(void **state)
{
    struct world world;
    eddy_stream *first;

    (void)state;
    world_begin(&world);
    world.owed = 1;
    first = eddy_stream_finally(eddy_stream_empty(handle_of(&world), sizeof(struct item)),
                                release_between, &world);
    GIVES(&world, eddy_stream_chain(first, SCRIPT(&world, 1)), 1);
    world_end(&world);
}

static void release_only(void *arg)
{
    struct world *world = arg;

    world->released++;
}

static void finally_releases_once_when_dropped_or_never_made(void **state)
{
    struct world world;
    eddy_stream *failed;

    (void)state;
    world_begin(&world);
    world.owed = 2;
    eddy_stream_drop(eddy_stream_finally(SCRIPT(&world, 1), release, &world), NULL);
    assert_int_equal(world.released, 1);
    failed = eddy_stream_chunks(SCRIPT(&world, 1), SIZE_MAX);
    failed = eddy_stream_finally(failed, release_only, &world);
    assert_int_equal(world.released, 2);
    GIVES(&world, failed, -ENOMEM);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(map_makes_another_item_of_each),
        cmocka_unit_test(map_may_give_an_error_instead),
        cmocka_unit_test(map_may_change_the_size_of_the_items),
        cmocka_unit_test(map_err_makes_another_error_and_items_pass),
        cmocka_unit_test(map_err_that_gives_no_error_is_caught),
        cmocka_unit_test(filter_passes_some_items_on_and_drops_the_others),
        cmocka_unit_test(filter_map_makes_another_item_of_some),
        cmocka_unit_test(inspect_sees_items_alone),
        cmocka_unit_test(inspect_err_sees_errors_alone),
        cmocka_unit_test(finally_releases_once_at_the_end),
        cmocka_unit_test(finally_releases_before_what_comes_after_the_end),
        cmocka_unit_test(finally_releases_once_when_dropped_or_never_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
