/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_select_drop.c - selects that are dropped at every moment, and each of whose allocations fails.
 */
#include "../support/drop.h"
#include "selects.h"

static eddy_future *begin_nested(struct world *world, select_fn *select)
{
    eddy_handle *handle = handle_of(world->core);
    eddy_future *inner = eddy_select(handle, EDDY_FUTURES(leaf(world, 9, 1), at_gate(world)), NULL);

    return select(handle, EDDY_FUTURES(leaf(world, 8, 2), inner, leaf(world, 7, 3)), NULL);
}

static eddy_future *begin_select(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.core = core};
    return begin_nested(world, eddy_select);
}

static eddy_future *begin_biased(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.core = core};
    return begin_nested(world, eddy_select_biased);
}

static eddy_future *begin_ok(void *arg, eddy_core *core)
{
    struct world *world = arg;
    eddy_future *inner;

    *world = (struct world){.core = core};
    inner = eddy_race(leaf(world, 9, -EIO), at_gate(world));
    return eddy_select_ok(handle_of(core),
                          EDDY_FUTURES(leaf(world, 1, -EIO), inner, leaf(world, 2, -EIO)), NULL);
}

static void end_world(void *arg, eddy_core *core, eddy_result result)
{
    (void)core;
    (void)result;
    check_world(arg);
}

static void select_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin_select, step, end_world, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 3, 10);
    drop.begin = begin_biased;
    assert_in_range(test_drop_anywhere(&drop), 3, 10);
    drop.begin = begin_ok;
    assert_in_range(test_drop_anywhere(&drop), 3, 10);
}

static eddy_future *begin_same(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.core = core};
    return eddy_select(handle_of(core), EDDY_FUTURES(leaf(world, 1, 7), at_gate(world)), NULL);
}

static eddy_future *begin_same_race(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.core = core};
    return eddy_race(leaf(world, 1, 7), at_gate(world));
}

static void select_without_memory_drops_what_it_was_given(void **state)
{
    (void)state;
    fail_each(begin_same, 7);
    fail_each(begin_same_race, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(select_can_be_dropped_at_any_moment),
        cmocka_unit_test(select_without_memory_drops_what_it_was_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
