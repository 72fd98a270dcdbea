/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_pace.c - a time limit for each item, and at most one item in a while.
 */
#include "streams.h"

#define MS EDDY_MILLISECOND

/* When each item or error came, in milliseconds from the start. */
struct watch {
    eddy_handle *handle;
    int64_t start_ns, at_ms[8];
    size_t count;
};

static struct watch watch_start(const struct world *world)
{
    return (struct watch){.handle = handle_of(world), .start_ns = world->clock->now_ns};
}

static void look_at_watch(struct watch *self)
{
    assert_in_range(self->count, 0, 7);
    self->at_ms[self->count++] = (eddy_now_ns(self->handle) - self->start_ns) / MS;
}

static void see_item(void *arg, const void *item)
{
    (void)item;
    look_at_watch(arg);
}

static void see_error(void *arg, eddy_result error)
{
    (void)error;
    look_at_watch(arg);
}

static eddy_stream *watched(eddy_stream *stream, struct watch *watch)
{
    return eddy_stream_inspect_err(eddy_stream_inspect(stream, see_item, watch), see_error, watch);
}

/* ---- timeout ---- */

static void timeout_is_an_error_in_place_of_an_item_and_loses_nothing(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(
        &world,
        eddy_stream_timeout(SCRIPT(&world, 1, WAIT(5), 2, WAIT(25), 3, -EIO, WAIT(5), 4), 10 * MS),
        1, 2, -ETIMEDOUT, -ETIMEDOUT, 3, -EIO, 4);
    world_end(&world);
}

static void time_of_a_timeout_begins_anew_with_each_item(void **state)
{
    struct world world;
    struct watch watch;

    (void)state;
    world_begin(&world);
    watch = watch_start(&world);
    GIVES(&world,
          watched(eddy_stream_timeout(SCRIPT(&world, WAIT(8), 1, WAIT(8), 2, WAIT(15), 3), 10 * MS),
                  &watch),
          1, 2, -ETIMEDOUT, 3);
    assert_in_range(watch.at_ms[0], 8, 10);
    assert_in_range(watch.at_ms[1], 16, 19);
    assert_in_range(watch.at_ms[2], 26, 30);
    assert_in_range(watch.at_ms[3], 31, 35);
    world_end(&world);
}

static void request_to_end_goes_to_the_input_of_a_timeout(void **state)
{
    struct world world;
    eddy_join *join;

    (void)state;
    world_begin(&world);
    join = test_spawn_join_future(
        world.core,
        take_all(&world, eddy_stream_timeout(SCRIPT(&world, WAIT(1000), 1), EDDY_SECOND)), __FILE__,
        __LINE__);
    test_settle(world.core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(world.core, join), 0);
    check_got(&world, (const int64_t[]){-ECANCELED, 1, END});
    world_end(&world);
}

/* ---- throttle ---- */

static void throttle_gives_at_most_one_item_in_a_period(void **state)
{
    struct world world;
    struct watch watch;

    (void)state;
    world_begin(&world);
    watch = watch_start(&world);
    GIVES(&world,
          watched(eddy_stream_throttle(SCRIPT(&world, 1, 2, WAIT(25), 3, 4), 10 * MS), &watch), 1,
          2, 3, 4);
    assert_in_range(watch.at_ms[0], 0, 1);
    assert_in_range(watch.at_ms[1], 10, 12);
    assert_in_range(watch.at_ms[2], 45, 50); /* it was asked for after another period */
    assert_in_range(watch.at_ms[3], watch.at_ms[2] + 10, watch.at_ms[2] + 13);
    world_end(&world);
}

static void throttle_does_not_hold_errors_back(void **state)
{
    struct world world;
    struct watch watch;

    (void)state;
    world_begin(&world);
    watch = watch_start(&world);
    GIVES(
        &world,
        watched(eddy_stream_throttle(SCRIPT(&world, -EIO, -EPERM, 1, -ENOENT, 2), 10 * MS), &watch),
        -EIO, -EPERM, 1, -ENOENT, 2);
    assert_in_range(watch.at_ms[2], 0, 1);
    assert_in_range(watch.at_ms[3], 10, 12);
    assert_in_range(watch.at_ms[4], 10, 13);
    world_end(&world);
}

static void timeout_of_nothing(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)eddy_stream_timeout(SCRIPT(&world, 1), 0);
}

static void throttle_to_nothing(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)eddy_stream_throttle(SCRIPT(&world, 1), -5);
}

static void durations_of_nothing_are_caught(void **state)
{
    (void)state;
    assert_dies(timeout_of_nothing, NULL, "stream_timeout of 0 ns: it must be above 0");
    assert_dies(throttle_to_nothing, NULL, "stream_throttle of -5 ns: it must be above 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timeout_is_an_error_in_place_of_an_item_and_loses_nothing),
        cmocka_unit_test(time_of_a_timeout_begins_anew_with_each_item),
        cmocka_unit_test(request_to_end_goes_to_the_input_of_a_timeout),
        cmocka_unit_test(throttle_gives_at_most_one_item_in_a_period),
        cmocka_unit_test(throttle_does_not_hold_errors_back),
        cmocka_unit_test(durations_of_nothing_are_caught),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
