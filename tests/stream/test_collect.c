/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_collect.c - futures that take a stream to its end.
 */
#include "streams.h"

static eddy_result run(struct world *world, eddy_future *future)
{
    return eddy_core_run(world->core, future);
}

/* ---- for_each ---- */

static eddy_result note_each(void *arg, const void *item)
{
    struct world *world = arg;
    int64_t value = item_take(item);

    note(world, value);
    return value == 13 ? -EDOM : 0;
}

static void for_each_calls_a_function_with_each_item(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(
        run(&world, eddy_stream_for_each(SCRIPT(&world, 1, WAIT(1), 2, 3), note_each, &world)), 3);
    check_got(&world, (const int64_t[]){1, 2, 3, END});
    assert_int_equal(run(&world, eddy_stream_for_each(SCRIPT(&world, END), note_each, &world)), 0);
    world_end(&world);
}

static void first_error_of_stream_or_function_ends_a_for_each(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(
        run(&world, eddy_stream_for_each(SCRIPT(&world, 1, -EIO, 2), note_each, &world)), -EIO);
    assert_int_equal(run(&world, eddy_stream_for_each(SCRIPT(&world, 2, 13, 3), note_each, &world)),
                     -EDOM);
    check_got(&world, (const int64_t[]){1, 2, 13, END});
    world_end(&world);
}

static eddy_future *sleep_each(void *arg, eddy_handle *handle, const void *item)
{
    struct world *world = arg;
    int64_t value = item_take(item);

    (void)handle;
    assert_int_equal(world->futures, world->futures_done); /* one at a time */
    note(world, value);
    return later(world, value % 2, value == 13 ? -EDOM : 5);
}

static void for_each_runs_futures_one_after_the_other(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(run(&world, eddy_stream_for_each_async(SCRIPT(&world, 1, WAIT(1), 2, 3),
                                                            sleep_each, &world)),
                     3);
    assert_int_equal(
        run(&world, eddy_stream_for_each_async(SCRIPT(&world, 4, 13, 5), sleep_each, &world)),
        -EDOM);
    assert_int_equal(
        run(&world, eddy_stream_for_each_async(SCRIPT(&world, 6, -EIO, 7), sleep_each, &world)),
        -EIO);
    check_got(&world, (const int64_t[]){1, 2, 3, 4, 13, 6, END});
    world_end(&world);
}

/* ---- fold ---- */

static eddy_result add(void *arg, eddy_result so_far, const void *item)
{
    int64_t value = item_take(item);

    (void)arg;
    return value == 13 ? -EDOM : so_far + value;
}

static eddy_future *add_later(void *arg, eddy_handle *handle, eddy_result so_far, const void *item)
{
    int64_t value = item_take(item);

    (void)handle;
    return later(arg, value % 2, value == 13 ? -EDOM : so_far + value);
}

static void fold_makes_one_number_of_all_items(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(run(&world, eddy_stream_fold(SCRIPT(&world, 1, WAIT(1), 2, 3), 10, add, NULL)),
                     16);
    assert_int_equal(run(&world, eddy_stream_fold(SCRIPT(&world, END), 10, add, NULL)), 10);
    assert_int_equal(run(&world, eddy_stream_fold(SCRIPT(&world, 1, -EIO, 2), 0, add, NULL)), -EIO);
    assert_int_equal(run(&world, eddy_stream_fold(SCRIPT(&world, 1, 13, 2), 0, add, NULL)), -EDOM);
    world_end(&world);
}

static void fold_may_be_done_by_futures(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(run(&world, eddy_stream_fold_async(SCRIPT(&world, 1, WAIT(1), 2, 3), 10,
                                                        add_later, &world)),
                     16);
    assert_int_equal(
        run(&world, eddy_stream_fold_async(SCRIPT(&world, 1, -EIO), 0, add_later, &world)), -EIO);
    assert_int_equal(
        run(&world, eddy_stream_fold_async(SCRIPT(&world, 1, 13, 2), 0, add_later, &world)), -EDOM);
    world_end(&world);
}

/* ---- collect ---- */

static void take_array(struct item *items, size_t count, const int64_t *expected)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(item_take(&items[i]), expected[i]);
}

static void collect_puts_all_items_into_an_array(void **state)
{
    struct world world;
    struct item items[3];

    (void)state;
    world_begin(&world);
    assert_int_equal(run(&world, eddy_stream_collect(SCRIPT(&world, 1, WAIT(1), 2, 3), items, 3)),
                     3);
    take_array(items, 3, (const int64_t[]){1, 2, 3});
    assert_int_equal(run(&world, eddy_stream_collect(SCRIPT(&world, END), NULL, 0)), 0);
    world_end(&world);
}

static void collect_of_more_than_there_is_room_for_fails_and_keeps_none(void **state)
{
    struct world world;
    struct item items[2];

    (void)state;
    world_begin(&world);
    assert_int_equal(run(&world, eddy_stream_collect(SCRIPT(&world, 1, 2, 3, 4), items, 2)),
                     -EMSGSIZE);
    assert_int_equal(world.items, 3);
    world_end(&world); /* each was dropped once */
}

static void error_drops_all_that_was_collected(void **state)
{
    struct world world;
    struct item items[4];

    (void)state;
    world_begin(&world);
    assert_int_equal(run(&world, eddy_stream_collect(SCRIPT(&world, 1, 2, -EIO, 3), items, 4)),
                     -EIO);
    world_end(&world);
}

/* ---- concat ---- */

static void concat_puts_bytes_one_behind_the_other(void **state)
{
    static const eddy_bytes words[] = {
        {(const unsigned char *)"one", 3}, {NULL, 0}, {(const unsigned char *)"two", 3}};
    struct world world;
    char text[8] = "";

    (void)state;
    world_begin(&world);
    assert_int_equal(
        run(&world, eddy_stream_concat(
                        eddy_stream_array(handle_of(&world), words, 3, sizeof words[0]), text, 6)),
        6);
    assert_string_equal(text, "onetwo");
    assert_int_equal(
        run(&world,
            eddy_stream_concat(eddy_stream_empty(handle_of(&world), sizeof words[0]), NULL, 0)),
        0); /* of an empty stream: nothing */
    assert_int_equal(
        run(&world, eddy_stream_concat(
                        eddy_stream_array(handle_of(&world), words, 3, sizeof words[0]), text, 5)),
        -EMSGSIZE);
    world_end(&world);
}

static int drops;

static void count_drop(void *item)
{
    (void)item;
    drops++;
}

static void concat_drops_each_item(void **state)
{
    static const eddy_bytes words[] = {{(const unsigned char *)"one", 3},
                                       {(const unsigned char *)"two", 3},
                                       {(const unsigned char *)"three", 5},
                                       {(const unsigned char *)"four", 4}};
    struct world world;
    char text[8] = "";

    (void)state;
    world_begin(&world);
    drops = 0;
    assert_int_equal(run(&world, eddy_stream_concat(
                                     eddy_stream_owning(eddy_stream_array(handle_of(&world), words,
                                                                          4, sizeof words[0]),
                                                        count_drop),
                                     text, sizeof text)),
                     -EMSGSIZE);
    assert_int_equal(drops, 3);
    world_end(&world);
}

static void concat_of_other_things(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)eddy_stream_concat(numbers(&world, 1), NULL, 0);
}

static void concat_of_what_is_no_bytes_is_caught(void **state)
{
    (void)state;
    assert_dies(concat_of_other_things, NULL, "eddy_stream_concat: items of 8 bytes");
}

/* ---- count, last ---- */

static void count_counts_and_drops(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(run(&world, eddy_stream_count(SCRIPT(&world, 1, WAIT(1), 2, 3))), 3);
    assert_int_equal(run(&world, eddy_stream_count(SCRIPT(&world, 1, -EIO))), -EIO);
    world_end(&world);
}

static void last_keeps_the_last_item(void **state)
{
    struct world world;
    struct item item;

    (void)state;
    world_begin(&world);
    assert_int_equal(run(&world, eddy_stream_last(SCRIPT(&world, 1, WAIT(1), 2, 3), &item)), 1);
    assert_int_equal(item_take(&item), 3);
    assert_int_equal(run(&world, eddy_stream_last(SCRIPT(&world, END), &item)), 0);
    assert_int_equal(run(&world, eddy_stream_last(SCRIPT(&world, 1, 2, -EIO), &item)), -EIO);
    world_end(&world);
}

/* ---- misuse ---- */

static void fold_from_an_error(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)eddy_stream_fold(SCRIPT(&world, 1), -1, add, NULL);
}

static eddy_result give_pending(void *arg, const void *item)
{
    (void)arg;
    (void)item;
    return EDDY_PENDING;
}

static void for_each_pending(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)run(&world, eddy_stream_for_each(SCRIPT(&world, 1), give_pending, NULL));
}

static void misuse_of_numbers_is_caught(void **state)
{
    (void)state;
    assert_dies(fold_from_an_error, NULL, "eddy_stream_fold begins with -1: an error");
    assert_dies(for_each_pending, NULL, "the function of eddy_stream_for_each gave EDDY_PENDING");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(for_each_calls_a_function_with_each_item),
        cmocka_unit_test(first_error_of_stream_or_function_ends_a_for_each),
        cmocka_unit_test(for_each_runs_futures_one_after_the_other),
        cmocka_unit_test(fold_makes_one_number_of_all_items),
        cmocka_unit_test(fold_may_be_done_by_futures),
        cmocka_unit_test(collect_puts_all_items_into_an_array),
        cmocka_unit_test(collect_of_more_than_there_is_room_for_fails_and_keeps_none),
        cmocka_unit_test(error_drops_all_that_was_collected),
        cmocka_unit_test(concat_puts_bytes_one_behind_the_other),
        cmocka_unit_test(concat_drops_each_item),
        cmocka_unit_test(concat_of_what_is_no_bytes_is_caught),
        cmocka_unit_test(count_counts_and_drops),
        cmocka_unit_test(last_keeps_the_last_item),
        cmocka_unit_test(misuse_of_numbers_is_caught),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
