/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_chain_misuse.c - mistakes with chains end the program, and say what was wrong.
 */
#include "boxed.h"

#include "../support/death.h"

static eddy_result plus_one(void *arg, eddy_result value)
{
    (void)arg;
    return value + 1;
}

static void step_on_what_is_not_boxed(void *arg)
{
    struct test_value value = EDDY_INIT(test_value, .value = 1);

    (void)arg;
    (void)eddy_map(&value.frame, plus_one, NULL);
}

static void step_on_what_was_polled(void *arg)
{
    eddy_core *core = test_core();
    eddy_future *future = never(core);

    (void)arg;
    test_spawn_future(core, future, __FILE__, __LINE__);
    test_settle(core);
    (void)eddy_map(future, plus_one, NULL);
}

static void step_on_what_another_has(void *arg)
{
    eddy_core *core = test_core();
    eddy_future *future = never(core);

    (void)arg;
    (void)eddy_timeout_after(future, 1);
    (void)eddy_map(future, plus_one, NULL);
}

static eddy_future *next_none(void *arg, eddy_handle *handle, eddy_result value)
{
    (void)arg;
    (void)handle;
    (void)value;
    return NULL;
}

static void callback_without_a_future(void *arg)
{
    eddy_core *core = test_core();

    (void)arg;
    (void)eddy_core_run(core, eddy_then(ready(core, 1), next_none, NULL));
}

static eddy_future *next_unboxed(void *arg, eddy_handle *handle, eddy_result value)
{
    (void)handle;
    (void)value;
    return arg;
}

static void callback_with_a_future_that_is_not_boxed(void *arg)
{
    eddy_core *core = test_core();
    struct test_value value = EDDY_INIT(test_value, .value = 1);

    (void)arg;
    (void)eddy_core_run(core, eddy_then(ready(core, 1), next_unboxed, &value));
}

static eddy_result map_pending(void *arg, eddy_result value)
{
    (void)arg;
    (void)value;
    return EDDY_PENDING;
}

static void map_to_pending(void *arg)
{
    eddy_core *core = test_core();

    (void)arg;
    (void)eddy_core_run(core, eddy_map(ready(core, 1), map_pending, NULL));
}

static void flatten_of_nothing(void *arg)
{
    eddy_core *core = test_core();
    eddy_future *slot;

    (void)arg;
    (void)eddy_core_run(core, eddy_flatten(ready(core, 1), &slot));
}

static void mistakes_are_told_by_name(void **state)
{
    (void)state;
    assert_dies(step_on_what_is_not_boxed, NULL,
                "eddy_map is given future 'test_value', which is not boxed");
    assert_dies(step_on_what_was_polled, NULL,
                "eddy_map is given future 'never' after its first poll");
    assert_dies(step_on_what_another_has, NULL, "after another took it over");
    assert_dies(callback_without_a_future, NULL, "a callback of future 'ready' gave no future");
    assert_dies(callback_with_a_future_that_is_not_boxed, NULL,
                "by its callback, is given future 'test_value', which is not boxed");
    assert_dies(map_to_pending, NULL, "gave EDDY_PENDING");
    assert_dies(flatten_of_nothing, NULL, "has put none into *inner");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_told_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
