/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_select.c - the items of several streams as they come: fair, and only who was woken is polled.
 */
#include <stdlib.h>

#include "streams.h"

/* Only where nothing is left to chance is the order of items that are ready together known. */
static bool order_is_known(void)
{
    return getenv("EDDY_SEED") == NULL;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void sort_got(struct world *world)
{
    qsort(world->got, world->count, sizeof world->got[0], compare);
}

/* Which of two begins is nobody's business. */
static void select_alternates_between_streams_that_are_ready(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(
        eddy_core_run(world.core,
                      take_all(&world, eddy_stream_select(EDDY_STREAMS(SCRIPT(&world, 1, 2, 3),
                                                                       SCRIPT(&world, 4, 5, 6))))),
        0);
    assert_int_equal(world.count, 6);
    for (size_t i = 1; order_is_known() && i < 6; i++)
        assert_true((world.got[i - 1] < 4) != (world.got[i] < 4));
    sort_got(&world);
    check_got(&world, (const int64_t[]){1, 2, 3, 4, 5, 6, END});
    world_end(&world);
}

static eddy_result count_item(void *arg, const void *item)
{
    int *counts = arg;

    counts[*(const int *)item]++;
    return ++counts[0] < 10000 ? 0 : -EPIPE;
}

/* The budget of a poll ends at each of them now and then: none may lose its turn by that. */
static void always_ready_streams_have_equal_shares_wherever_the_budget_ends(void **state)
{
    (void)state;
    for (int streams = 2; streams <= 70; streams++) {
        eddy_core *core = test_core();
        eddy_handle *handle = eddy_core_handle(core);
        eddy_stream *all[70];
        int counts[71] = {0}; /* the first is the sum */

        for (int i = 1; i <= streams; i++)
            all[i - 1] = eddy_stream_repeat(handle, &i, sizeof i);
        assert_int_equal(
            eddy_core_run(core, eddy_stream_for_each(eddy_stream_select(all, (size_t)streams),
                                                     count_item, counts)),
            -EPIPE);
        for (int i = 1; i <= streams; i++)
            assert_in_range(counts[i], 10000 / streams / 2, 10000 / streams * 2);
        test_core_end(core);
    }
}

static void select_goes_on_with_the_longer_ones(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(
        eddy_core_run(world.core, take_all(&world, eddy_stream_select(EDDY_STREAMS(
                                                       SCRIPT(&world, 1), SCRIPT(&world, 2, 3),
                                                       SCRIPT(&world, 5, 6, 7, 8))))),
        0);
    if (order_is_known())
        check_got(&world, (const int64_t[]){world.got[0], world.got[1], world.got[2], world.got[3],
                                            world.got[4], 7, 8, END});
    sort_got(&world);
    check_got(&world, (const int64_t[]){1, 2, 3, 5, 6, 7, 8, END});
    world_end(&world);
}

/* A thousand selects of which only the first item is taken. */
static void select_begins_with_any_of_its_streams(void **state)
{
    struct world world;
    int first[3] = {0, 0, 0};

    (void)state;
    world_begin(&world);
    for (int i = 0; i < 1000; i++) {
        eddy_stream *any = eddy_stream_select(
            EDDY_STREAMS(numbers(&world, 1), eddy_stream_skip(numbers(&world, 2), 1),
                         eddy_stream_skip(numbers(&world, 3), 2)));

        world.count = 0;
        assert_int_equal(
            eddy_core_run(world.core, take_all_by(&world, eddy_stream_take(any, 1), plain)), 0);
        assert_in_range(world.got[0], 1, 3);
        first[world.got[0] - 1]++;
    }
    for (int i = 0; i < 3; i++)
        assert_in_range(first[i], 200, 500);
    world_end(&world);
}

static void select_gives_items_as_they_come(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world,
          eddy_stream_select(EDDY_STREAMS(SCRIPT(&world, WAIT(30), 1, WAIT(30), -EIO),
                                          SCRIPT(&world, WAIT(10), 2, WAIT(30), 3, WAIT(40), 4))),
          2, 1, 3, -EIO, 4);
    world_end(&world);
}

static void select_of_one_stream_is_that_stream(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world, eddy_stream_select(EDDY_STREAMS(SCRIPT(&world, 1, WAIT(1), -EIO, 2))), 1, -EIO,
          2);
    world_end(&world);
}

static void stream_of_a_select_that_has_ended_is_dropped_at_once(void **state)
{
    struct world world;
    eddy_join *join;

    (void)state;
    world_begin(&world);
    join = test_spawn_join_future(
        world.core,
        take_all(&world, eddy_stream_select(
                             EDDY_STREAMS(SCRIPT(&world, 1), SCRIPT(&world, WAIT(1000), 2)))),
        __FILE__, __LINE__);
    test_settle(world.core);
    assert_int_equal(world.dones, 1);
    assert_int_equal(test_join_end(world.core, join), 0);
    world_end(&world);
}

/* ---- who is polled ---- */

enum { MANY = 100 };

/* Parks at its gate; a poll gives one item, whatever came meanwhile. */
struct sleeper {
    eddy_waiter waiter;
    int items, polls;
};

static const eddy_wait_type sleeper_wait = {.why = "test: sleeper"};

static eddy_result sleeper_poll(void *arg, eddy_task *task, void *item)
{
    struct sleeper *self = arg;

    self->polls++;
    if (self->items == 0)
        return eddy_waiter_park(&self->waiter, task, &sleeper_wait);
    self->items--;
    memcpy(item, &(int64_t){7}, sizeof(int64_t));
    return 1;
}

static void select_polls_only_streams_that_were_woken(void **state)
{
    struct sleeper sleepers[MANY] = {0};
    eddy_stream *streams[MANY];
    struct world world;
    eddy_join *join;
    int polls = 0;

    (void)state;
    world_begin(&world);
    for (int i = 0; i < MANY; i++)
        streams[i] = eddy_stream_poll_fn(handle_of(&world), 8, sleeper_poll, &sleepers[i]);
    join = test_spawn_join_future(world.core,
                                  take_all_by(&world, eddy_stream_select(streams, MANY), plain),
                                  __FILE__, __LINE__);
    test_settle(world.core);
    for (int i = 0; i < MANY; i++)
        sleepers[i].polls = 0;
    sleepers[42].items = 1;
    eddy_waiter_wake(&sleepers[42].waiter);
    test_settle(world.core);
    for (int i = 0; i < MANY; i++)
        polls += sleepers[i].polls;
    assert_int_equal(sleepers[42].polls, polls);
    assert_int_equal(polls, 2); /* the item, and that there is no other */
    assert_int_equal(world.count, 1);
    eddy_join_abort(join);
    assert_int_equal(test_join_end(world.core, join), EDDY_DROPPED);
    for (int i = 0; i < MANY; i++)
        assert_null(sleepers[i].waiter.branch);
    world_end(&world);
}

/* A stream that only lets others go first is polled once a poll. */
struct shy {
    int polls;
};

static eddy_result shy_poll(void *arg, eddy_task *task, void *item)
{
    struct shy *self = arg;

    (void)item;
    self->polls++;
    eddy__yield(task);
    return EDDY_PENDING;
}

static void stream_that_yields_does_not_keep_a_select_busy(void **state)
{
    struct world world;
    struct shy shy[2] = {{0}, {0}};
    eddy_join *join;
    int before;

    (void)state;
    world_begin(&world);
    join = test_spawn_join_future(
        world.core,
        take_all_by(&world,
                    eddy_stream_select(
                        EDDY_STREAMS(eddy_stream_poll_fn(handle_of(&world), 8, shy_poll, &shy[0]),
                                     eddy_stream_poll_fn(handle_of(&world), 8, shy_poll, &shy[1]))),
                    plain),
        __FILE__, __LINE__);
    test_turn(world.core);
    before = shy[0].polls;
    for (int turn = 0; turn < 10; turn++)
        test_turn(world.core);
    assert_in_range(shy[0].polls - before, 1, 10);
    eddy_join_abort(join);
    assert_int_equal(test_join_end(world.core, join), EDDY_DROPPED);
    world_end(&world);
}

static void request_to_end_is_told_to_each_stream_of_a_select(void **state)
{
    struct world world;
    eddy_join *join;

    (void)state;
    world_begin(&world);
    join = test_spawn_join_future(
        world.core,
        take_all(&world, eddy_stream_select(EDDY_STREAMS(SCRIPT(&world, WAIT(1000), 1),
                                                         SCRIPT(&world, WAIT(1000), 2)))),
        __FILE__, __LINE__);
    test_settle(world.core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(world.core, join), 0);
    sort_got(&world);
    check_got(&world, (const int64_t[]){-ECANCELED, -ECANCELED, 1, 2, END});
    world_end(&world);
}

/* ---- misuse ---- */

static void select_none(void *arg)
{
    (void)arg;
    (void)eddy_stream_select(NULL, 0);
}

static void select_other_sizes(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)eddy_stream_select(EDDY_STREAMS(SCRIPT(&world, 1), numbers(&world, 1)));
}

static void select_of_nothing_or_of_other_items_is_caught(void **state)
{
    (void)state;
    assert_dies(select_none, NULL, "eddy_stream_select of no streams");
    assert_dies(select_other_sizes, NULL, "eddy_stream_select: items of 24 and of 8 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(select_alternates_between_streams_that_are_ready),
        cmocka_unit_test(always_ready_streams_have_equal_shares_wherever_the_budget_ends),
        cmocka_unit_test(select_goes_on_with_the_longer_ones),
        cmocka_unit_test(select_begins_with_any_of_its_streams),
        cmocka_unit_test(select_gives_items_as_they_come),
        cmocka_unit_test(select_of_one_stream_is_that_stream),
        cmocka_unit_test(stream_of_a_select_that_has_ended_is_dropped_at_once),
        cmocka_unit_test(select_polls_only_streams_that_were_woken),
        cmocka_unit_test(stream_that_yields_does_not_keep_a_select_busy),
        cmocka_unit_test(request_to_end_is_told_to_each_stream_of_a_select),
        cmocka_unit_test(select_of_nothing_or_of_other_items_is_caught),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
