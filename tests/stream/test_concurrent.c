/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_concurrent.c - a future for each item of a stream, several at a time.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/loop.h"
#include "eddy/futures.h"
#include "eddy/stream_source.h"

enum { ITEMS = 6 };

static const int items[ITEMS] = {0, 1, 2, 3, 4, 5};

struct world {
    eddy_core *core;
    struct test_gate gates[ITEMS];
    struct test_trace traces[ITEMS];
    int calls;
};

static eddy_future *at_gate(void *arg, eddy_handle *handle, const void *item)
{
    struct world *world = arg;
    int at = *(const int *)item;

    world->calls++;
    return eddy_box(handle,
                    EDDY_FUTURE(test_wait, .gate = &world->gates[at], .trace = &world->traces[at]));
}

static eddy_join *spawn_all(struct world *world, size_t limit)
{
    eddy_stream *input =
        eddy_stream_array(eddy_core_handle(world->core), items, ITEMS, sizeof items[0]);

    return test_spawn_join_future(world->core,
                                  eddy_stream_for_each_concurrent(input, limit, at_gate, world),
                                  __FILE__, __LINE__);
}

static void so_many_run_at_a_time_and_no_more(void **state)
{
    (void)state;
    for (size_t limit = 1; limit <= ITEMS + 1; limit++) {
        struct world world = {.core = test_core()};
        eddy_join *join = spawn_all(&world, limit);

        for (int i = 0; i < ITEMS; i++) {
            int most = i + (int)limit;

            test_settle(world.core);
            assert_int_equal(world.calls, most < ITEMS ? most : ITEMS);
            test_gate_open(&world.gates[i], 3);
        }
        assert_int_equal(test_join_end(world.core, join), ITEMS);
        test_core_end(world.core);
    }
}

static void slow_one_holds_up_nobody_but_its_place(void **state)
{
    struct world world = {.core = test_core()};
    eddy_join *join = spawn_all(&world, 2);

    (void)state;
    for (int i = 1; i < ITEMS; i++)
        test_gate_open(&world.gates[i], 0);
    test_settle(world.core);
    assert_int_equal(world.calls, ITEMS);
    test_gate_open(&world.gates[0], 0);
    assert_int_equal(test_join_end(world.core, join), ITEMS);
    test_core_end(world.core);
}

static void first_error_is_the_result_and_drops_the_rest(void **state)
{
    struct world world = {.core = test_core()};
    eddy_join *join = spawn_all(&world, 3);

    (void)state;
    test_settle(world.core);
    test_gate_open(&world.gates[1], -EIO);
    assert_int_equal(test_join_end(world.core, join), -EIO);
    assert_int_equal(world.calls, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(world.traces[i].dones, 1);
        assert_null(world.gates[i].waiter.branch);
    }
    test_core_end(world.core);
}

static void nothing_to_do_is_done(void **state)
{
    struct world world = {.core = test_core()};
    eddy_stream *none = eddy_stream_empty(eddy_core_handle(world.core), sizeof(int));

    (void)state;
    assert_int_equal(
        eddy_core_run(world.core, eddy_stream_for_each_concurrent(none, 5, at_gate, &world)), 0);
    assert_int_equal(world.calls, 0);
    test_core_end(world.core);
}

static void request_to_end_reaches_all_that_run(void **state)
{
    struct world world = {.core = test_core()};
    eddy_join *join = spawn_all(&world, 4);

    (void)state;
    test_settle(world.core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(world.core, join), -ECANCELED);
    for (int i = 0; i < 4; i++)
        assert_int_equal(world.traces[i].dones, 1);
    test_core_end(world.core);
}

static void for_each_with_no_place(void *arg)
{
    struct world world = {.core = test_core()};

    (void)arg;
    (void)spawn_all(&world, 0);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    assert_dies(for_each_with_no_place, NULL, "stream 'concurrent' with a limit of 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_run_at_a_time_and_no_more),
        cmocka_unit_test(slow_one_holds_up_nobody_but_its_place),
        cmocka_unit_test(first_error_is_the_result_and_drops_the_rest),
        cmocka_unit_test(nothing_to_do_is_done),
        cmocka_unit_test(request_to_end_reaches_all_that_run),
        cmocka_unit_test(mistakes_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
