/* SPDX-License-Identifier: MIT */
/*
 * test_explorer.c - the explorer itself (atomic_model.h): it finds what only one order shows, and
 * it runs each order that makes a difference once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define EDDY__ATOMIC_MODEL "model/atomic_model.h"
#include "base/atomic.h"

static eddy__atomic_u64 words[2];

static void add_in_two_steps(void)
{
    uint64_t value = eddy__atomic_load(&words[0], memory_order_relaxed);

    eddy__atomic_store(&words[0], value + 1, memory_order_relaxed);
}

static void store_elsewhere(void)
{
    eddy__atomic_store(&words[1], 1, memory_order_relaxed);
}

static void set_up_nothing(void)
{
    memset(words, 0, sizeof(words));
}

static void check_sum(void)
{
    eddy__model_check(words[0].value == 2, "an addition is lost");
}

static void check_nothing(void)
{
}

static void the_explorer_finds_a_lost_update(void **state)
{
    const model_scenario scenario = {"expected to fail",
                                     set_up_nothing,
                                     {{add_in_two_steps, false}, {add_in_two_steps, false}},
                                     check_sum};

    (void)state;
    assert_string_equal(model_explore(&scenario), "an addition is lost");
}

/* Load, store against load, store of one word: six orders, of which the two pairs that differ only
 * in who loads first while both load before both store count once each: four are left. */
static void the_explorer_runs_each_order_that_matters_once(void **state)
{
    const model_scenario meet = {"two meet",
                                 set_up_nothing,
                                 {{add_in_two_steps, false}, {add_in_two_steps, false}},
                                 check_nothing};
    const model_scenario pass = {"two pass by",
                                 set_up_nothing,
                                 {{add_in_two_steps, false}, {store_elsewhere, false}},
                                 check_nothing};

    (void)state;
    assert_null(model_explore(&meet));
    assert_int_equal(model.executions, 4);
    assert_null(model_explore(&pass));
    assert_int_equal(model.executions, 1);
}

static void wait_for_the_other(void)
{
    eddy__atomic_pause_while(&words[1], 0);
}

static void the_explorer_finds_a_wait_that_never_ends(void **state)
{
    const model_scenario ends = {"a wait",
                                 set_up_nothing,
                                 {{wait_for_the_other, false}, {store_elsewhere, false}},
                                 check_nothing};
    const model_scenario hangs = {"expected to fail",
                                  set_up_nothing,
                                  {{wait_for_the_other, false}, {add_in_two_steps, false}},
                                  check_nothing};

    (void)state;
    assert_null(model_explore(&ends));
    assert_string_equal(model_explore(&hangs), "a thread waits for ever");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_explorer_finds_a_lost_update),
        cmocka_unit_test(the_explorer_runs_each_order_that_matters_once),
        cmocka_unit_test(the_explorer_finds_a_wait_that_never_ends),
    };

    return cmocka_run_group_tests_name("the explorer of interleavings", tests, NULL, NULL);
}
