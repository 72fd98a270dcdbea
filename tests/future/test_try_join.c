/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_try_join.c - all of some futures, or the first error.
 */
#include "selects.h"

/* The join_cancels of futures 0.1: at once, and later. */
static void first_error_drops_the_rest_before_it_is_told(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int later = 0; later < 2; later++) {
        struct test_gate gates[2] = {0};
        struct test_trace traces[3] = {0};
        eddy_result results[3];
        eddy_future *last = box(core, EDDY_FUTURE(test_value, .trace = &traces[2], .yields = 9));
        eddy_future *all =
            eddy_try_join_all(handle_of(core),
                              EDDY_FUTURES(wait_at(core, &gates[0], &traces[0]),
                                           wait_at(core, &gates[1], &traces[1]), last),
                              results);
        eddy_join *join;

        if (!later)
            test_gate_open(&gates[1], -EPIPE);
        join = spawn_boxed(core, all);
        test_turn(core);
        if (later)
            test_gate_open(&gates[1], -EPIPE);
        assert_int_equal(test_join_end(core, join), -EPIPE);
        for (int i = 0; i < 3; i++)
            assert_int_equal(traces[i].dones, 1);
        assert_int_equal(results[0], EDDY_DROPPED);
        assert_int_equal(results[1], -EPIPE);
        assert_int_equal(results[2], EDDY_DROPPED);
        assert_int_equal(traces[2].polls, 2 * later); /* it was woken before the error came */
        assert_null(gates[0].waiter.branch);
    }
    test_core_end(core);
}

static void try_join_without_an_error_waits_for_all(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    eddy_result results[2];
    eddy_future *all = eddy_try_join_all(
        handle_of(core), EDDY_FUTURES(wait_at(core, &gate, NULL), ready(core, 4)), results);
    eddy_join *join = spawn_boxed(core, all);

    (void)state;
    test_settle(core);
    test_gate_open(&gate, 3);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(results[0], 3);
    assert_int_equal(results[1], 4);
    test_core_end(core);
}

static void done_of_the_dropped_may_wake_siblings_and_spawn(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[3] = {0};
    struct test_trace traces[3] = {0};
    struct test_trace spawned = {0};
    eddy_future *child[3];
    eddy_join *join;

    (void)state;
    for (int i = 0; i < 3; i++)
        child[i] = box(core, EDDY_FUTURE(hook, .core = core, .gate = &gates[i],
                                         .other = &gates[(i + 1) % 3], .trace = &traces[i],
                                         .spawned = &spawned));
    join = spawn_boxed(core, eddy_try_join_all(handle_of(core), child, 3, NULL));
    test_settle(core);
    test_gate_open(&gates[1], -EIO);
    assert_int_equal(test_join_end(core, join), -EIO);
    test_settle(core);
    for (int i = 0; i < 3; i++)
        assert_int_equal(traces[i].dones, 1);
    assert_int_equal(spawned.dones, 3);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_error_drops_the_rest_before_it_is_told),
        cmocka_unit_test(try_join_without_an_error_waits_for_all),
        cmocka_unit_test(done_of_the_dropped_may_wake_siblings_and_spawn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
