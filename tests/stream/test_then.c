/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_then.c - adaptors that make a future of each item, each error, or both.
 */
#include "worker.h"

/* Of an error comes an item, too. */
static eddy_future *either(void *arg, eddy_handle *handle, eddy_result n, const void *item,
                           void *out)
{
    if (n > 0)
        return add_ten_later(arg, handle, item, out);
    assert_null(item);
    return work(arg, item_new(arg, -n), 100, out);
}

static eddy_future *recover(void *arg, eddy_handle *handle, eddy_result error, void *out)
{
    struct world *world = arg;

    (void)handle;
    if (error == -EPERM)
        return later(world, 1, -EACCES);
    return work(world, item_new(world, -error), 100, out);
}

static void then_makes_a_future_of_each_item_and_of_each_error(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world,
          eddy_stream_owning(eddy_stream_then(SCRIPT(&world, 1, -5, WAIT(1), WORKER_FAILS, 2),
                                              sizeof(struct item), either, &world),
                             item_drop),
          11, 105, -EDOM, 12);
    assert_int_equal(world.futures, 4);
    world_end(&world);
}

static void and_then_makes_a_future_of_each_item_and_errors_pass(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world,
          eddy_stream_and_then(SCRIPT(&world, 1, -EIO, WAIT(1), WORKER_FAILS, 2),
                               sizeof(struct item), add_ten_later, &world),
          11, -EIO, -EDOM, 12);
    assert_int_equal(world.futures, 3);
    world_end(&world);
}

static void or_else_recovers_in_the_middle_of_a_stream(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world,
          eddy_stream_or_else(SCRIPT(&world, 1, -5, 2, WAIT(1), -EPERM, 3), recover, &world), 1,
          105, 2, -EACCES, 3);
    assert_int_equal(world.futures, 2);
    world_end(&world);
}

static int one_at_a_time;

struct exclusive {
    EDDY_FRAME;
    eddy_sleep sleep;
};

EDDY_ASYNC(exclusive, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        assert_int_equal(++one_at_a_time, 1);
        eddy_sleep_start(&self->sleep, task, EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        one_at_a_time--;
        EDDY_END(n);
}

/* The item lies where it is, and the new one begins as it. */
static eddy_future *copy_exclusively(void *arg, eddy_handle *handle, const void *item, void *out)
{
    (void)arg;
    assert_int_equal((uintptr_t)item % 16, 0);
    assert_int_equal((uintptr_t)out % 16, 0);
    memcpy(out, item, sizeof(int64_t));
    return eddy_box(handle, EDDY_FUTURE(exclusive));
}

static void futures_of_and_then_run_one_at_a_time(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    one_at_a_time = 0;
    GIVES_BY(&world, eddy_stream_and_then(numbers(&world, 3), 8, copy_exclusively, NULL), plain, 1,
             2, 3);
    world_end(&world);
}

static eddy_future *no_future(void *arg, eddy_handle *handle, const void *item, void *out)
{
    (void)arg;
    (void)handle;
    (void)item;
    (void)out;
    return NULL;
}

static void and_then_nothing(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    GIVES(&world, eddy_stream_and_then(SCRIPT(&world, 1), 8, no_future, NULL), END);
}

static void callback_that_gives_null_for_a_future_is_caught(void **state)
{
    (void)state;
    assert_dies(and_then_nothing, NULL, "a callback of 'stream_and_then' gave NULL for a future");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(then_makes_a_future_of_each_item_and_of_each_error),
        cmocka_unit_test(and_then_makes_a_future_of_each_item_and_errors_pass),
        cmocka_unit_test(or_else_recovers_in_the_middle_of_a_stream),
        cmocka_unit_test(futures_of_and_then_run_one_at_a_time),
        cmocka_unit_test(callback_that_gives_null_for_a_future_is_caught),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
