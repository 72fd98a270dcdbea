/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_map.c - adaptors that call a function for each item, look at items, change errors; and the end of
 * one.
 */
#include "adapt.h"
#include "sink_world.h"

#include "../support/death.h"

/* ---- map ---- */

static void map_changes_each_item_once(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {0};
    int maps = 0;
    eddy_sink *sink = eddy_sink_map(slow_sink(core, &slow), sizeof(int64_t), twice, &maps);
    eddy_result result;
    eddy_join *join = look_at(core, eddy_sink_send(sink, &(int64_t){4}), &result);

    (void)state;
    test_settle(core);
    slow_allow(&slow, 9);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(result, 0);
    assert_int_equal(maps, 1);
    assert_int_equal(send_now(core, sink, 5), 0);
    assert_taken(&slow, 8, 10);
    assert_int_equal(maps, 2);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void map_that_fails_tells_the_error_once_and_loses_the_item(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 9};
    int maps = 0;
    eddy_sink *sink = eddy_sink_map(slow_sink(core, &slow), sizeof(int64_t), twice, &maps);

    (void)state;
    assert_int_equal(send_now(core, sink, -EINVAL), -EINVAL);
    assert_int_equal(send_now(core, sink, 3), 0);
    assert_taken(&slow, 6);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

/* ---- inspect, map_err, finally ---- */

static void note(void *arg, const void *item)
{
    int64_t number;

    memcpy(&number, item, sizeof number);
    *(int64_t *)arg = *(int64_t *)arg * 10 + number;
}

static void inspect_sees_what_was_taken(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.error = -EIO};
    int64_t seen = 0;
    eddy_sink *sink = eddy_sink_inspect(slow_sink(core, &slow), note, &seen);
    eddy_result result;
    eddy_join *join;

    (void)state;
    assert_int_equal(send_now(core, sink, 1), -EIO);
    join = look_at(core, eddy_sink_send(sink, &(int64_t){2}), &result);
    test_settle(core);
    assert_int_equal(seen, 0);
    slow_allow(&slow, 9);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(send_now(core, sink, 3), 0);
    assert_int_equal(seen, 23);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static eddy_result to_pipe(void *arg, eddy_result error)
{
    ++*(int *)arg;
    assert_true(eddy_is_error(error));
    return -EPIPE;
}

static eddy_result refuse(void *arg, eddy_task *task)
{
    (void)arg;
    (void)task;
    return -EIO;
}

static eddy_result refuse_item(void *arg, eddy_task *task, const void *item)
{
    (void)item;
    return refuse(arg, task);
}

static void map_err_changes_every_error_and_nothing_else(void **state)
{
    static const eddy_sink_fns fns = {.send = refuse_item, .flush = refuse};
    eddy_core *core = test_core();
    struct slow slow = {.room = 1};
    int errors = 0;
    eddy_sink *good = eddy_sink_map_err(slow_sink(core, &slow), to_pipe, &errors);
    eddy_sink *bad = eddy_sink_map_err(
        eddy_sink_poll_fn(eddy_core_handle(core), sizeof(int64_t), &fns, NULL), to_pipe, &errors);

    (void)state;
    assert_int_equal(send_now(core, good, 1), 0);
    assert_int_equal(run_now(core, eddy_sink_close(good)), 0);
    assert_int_equal(errors, 0);
    assert_int_equal(send_now(core, bad, 1), -EPIPE);
    assert_int_equal(send_now(core, bad, 1), -EPIPE);
    assert_int_equal(run_now(core, eddy_sink_flush(bad)), -EPIPE);
    assert_int_equal(run_now(core, eddy_sink_close(bad)), -EPIPE);
    assert_int_equal(errors, 4);
    eddy_sink_drop(good, NULL);
    eddy_sink_drop(bad, NULL);
    test_core_end(core);
}

struct released {
    struct slow *slow;
    int count;
};

static void release(void *arg)
{
    struct released *self = arg;

    assert_int_equal(self->slow->dones, 1); /* the inner sink is gone */
    self->count++;
}

static void finally_releases_after_the_close(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 1};
    struct released released = {.slow = &slow};
    eddy_sink *sink = eddy_sink_finally(slow_sink(core, &slow), release, &released);

    (void)state;
    assert_int_equal(send_now(core, sink, 1), 0);
    assert_int_equal(released.count, 0);
    assert_int_equal(run_now(core, eddy_sink_close(sink)), 0);
    assert_int_equal(released.count, 1);
    assert_int_equal(run_now(core, eddy_sink_flush(sink)), 0);
    eddy_sink_drop(sink, NULL);
    assert_int_equal(released.count, 1);
    test_core_end(core);
}

static void finally_releases_after_a_drop(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 1};
    struct released released = {.slow = &slow};
    eddy_sink *sink = eddy_sink_finally(slow_sink(core, &slow), release, &released);

    (void)state;
    eddy_sink_drop(sink, NULL);
    assert_int_equal(released.count, 1);
    test_core_end(core);
}

/* ---- items that own something ---- */

static int dropped_items;

static void drop_number(void *item)
{
    (void)item;
    dropped_items++;
}

static void item_that_is_held_is_dropped_with_the_sink(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {0};
    int maps = 0;
    eddy_sink *sink = eddy_sink_map(eddy_sink_owning(slow_sink(core, &slow), drop_number),
                                    sizeof(int64_t), twice, &maps);
    eddy_result result;
    eddy_join *join = look_at(core, eddy_sink_send(sink, &(int64_t){1}), &result);

    (void)state;
    dropped_items = 0;
    test_settle(core);
    eddy_join_abort(join);
    eddy_join_free(join);
    assert_int_equal(maps, 1);
    assert_int_equal(dropped_items, 0);
    eddy_sink_drop(sink, NULL);
    assert_int_equal(dropped_items, 1);
    test_core_end(core);
}

/* ---- mistakes ---- */

static eddy_result no_error(void *arg, eddy_result error)
{
    (void)arg;
    (void)error;
    return 0;
}

static void error_to_success(void *arg)
{
    eddy_core *core = test_core();
    struct slow slow = {.error = -EIO};

    (void)arg;
    (void)send_now(core, eddy_sink_map_err(slow_sink(core, &slow), no_error, NULL), 1);
}

static void error_that_becomes_none_is_asserted(void **state)
{
    (void)state;
    assert_dies(error_to_success, NULL, "eddy_sink_map_err gives 0, not an error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(map_changes_each_item_once),
        cmocka_unit_test(map_that_fails_tells_the_error_once_and_loses_the_item),
        cmocka_unit_test(inspect_sees_what_was_taken),
        cmocka_unit_test(map_err_changes_every_error_and_nothing_else),
        cmocka_unit_test(finally_releases_after_the_close),
        cmocka_unit_test(finally_releases_after_a_drop),
        cmocka_unit_test(item_that_is_held_is_dropped_with_the_sink),
        cmocka_unit_test(error_that_becomes_none_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
