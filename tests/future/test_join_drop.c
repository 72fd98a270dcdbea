/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_join_drop.c - joins that are dropped at every moment, and each of whose allocations fails.
 */
#include "../support/drop.h"
#include "selects.h"

static eddy_future *begin_join(void *arg, eddy_core *core)
{
    struct world *world = arg;
    eddy_future *inner;

    *world = (struct world){.core = core};
    inner = eddy_join_all(handle_of(core), EDDY_FUTURES(leaf(world, 4, 1), at_gate(world)), NULL);
    return eddy_join_all(handle_of(core),
                         EDDY_FUTURES(leaf(world, 2, -EIO), inner, leaf(world, 0, 3)), NULL);
}

static eddy_future *begin_try_join(void *arg, eddy_core *core)
{
    struct world *world = arg;
    eddy_future *inner;

    *world = (struct world){.core = core};
    inner = eddy_join_all(handle_of(core), EDDY_FUTURES(leaf(world, 3, 1), at_gate(world)), NULL);
    return eddy_try_join_all(handle_of(core),
                             EDDY_FUTURES(leaf(world, 5, -EIO), inner, leaf(world, 9, 3)), NULL);
}

static void end_world(void *arg, eddy_core *core, eddy_result result)
{
    (void)core;
    (void)result;
    check_world(arg);
}

static void join_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin_join, step, end_world, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 4, 10);
    drop.begin = begin_try_join;
    assert_in_range(test_drop_anywhere(&drop), 4, 10);
}

static eddy_result failed_is_no_memory(void *arg, eddy_result failed)
{
    (void)arg;
    return failed > 0 ? -ENOMEM : failed;
}

static eddy_future *begin_join_of_successes(void *arg, eddy_core *core)
{
    struct world *world = arg;
    eddy_future *all;

    *world = (struct world){.core = core};
    all = eddy_join_all(handle_of(core), EDDY_FUTURES(leaf(world, 2, 1), at_gate(world)), NULL);
    return eddy_map(all, failed_is_no_memory, NULL);
}

static eddy_future *begin_try_join_of_successes(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.core = core};
    return eddy_try_join_all(handle_of(core), EDDY_FUTURES(leaf(world, 2, 1), at_gate(world)),
                             NULL);
}

static void join_without_memory_drops_what_it_was_given(void **state)
{
    (void)state;
    fail_each(begin_join_of_successes, 0);
    fail_each(begin_try_join_of_successes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(join_can_be_dropped_at_any_moment),
        cmocka_unit_test(join_without_memory_drops_what_it_was_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
