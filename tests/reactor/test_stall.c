/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_stall.c - a poll that takes too long is counted and told, with the task's name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/loop.h"

struct told {
    int count;
    char name[32];
    uint64_t id;
    int64_t took_ns;
};

static void tell(void *arg, const char *name, uint64_t id, int64_t took_ns)
{
    struct told *told = arg;

    told->count++;
    strncpy(told->name, name, sizeof told->name - 1);
    told->id = id;
    told->took_ns = took_ns;
}

/* Burns the clock in its second poll. */
struct burn {
    EDDY_FRAME;
    int64_t duration_ns;
    const char *name;
};
EDDY_ASYNC(burn, eddy_nothing)
{
    EDDY_BEGIN
        if (self->name != NULL)
            eddy_task_set_name(task, self->name);
        EDDY_YIELD();
        test_spin(eddy_task_handle(task), self->duration_ns);
        EDDY_END(0);
}

static eddy_core *watching_core(struct told *told, int64_t limit_ns)
{
    return test_core_with(
        (eddy_core_options){.stall_limit_ns = limit_ns, .on_stall = tell, .hook_arg = told});
}

static void poll_beyond_the_limit_is_counted_and_told_with_its_name(void **state)
{
    struct told told = {0};
    eddy_core *core = watching_core(&told, 2 * EDDY_MILLISECOND);
    eddy_core_stats stats;

    (void)state;
    test_spawn(core, burn, .duration_ns = 3 * EDDY_MILLISECOND);
    test_settle(core);
    stats = test_stats(core);
    assert_int_equal(stats.stalls, 1);
    assert_int_equal(told.count, 1);
    assert_string_equal(told.name, "burn");
    assert_int_equal(told.id, 1);
    assert_true(told.took_ns >= 3 * EDDY_MILLISECOND);
    assert_int_equal(stats.stall_longest_ns, told.took_ns);
    test_core_end(core);
}

static void stall_of_a_named_task_is_told_by_that_name(void **state)
{
    struct told told = {0};
    eddy_core *core = watching_core(&told, EDDY_MILLISECOND);

    (void)state;
    test_spawn(core, burn, .duration_ns = 2 * EDDY_MILLISECOND, .name = "the slow one");
    test_settle(core);
    assert_int_equal(told.count, 1);
    assert_string_equal(told.name, "the slow one");
    test_core_end(core);
}

static void stall_of_the_future_of_a_run_is_told_too(void **state)
{
    struct told told = {0};
    eddy_core *core = watching_core(&told, EDDY_MILLISECOND);

    (void)state;
    assert_int_equal(test_run(core, burn, .duration_ns = 2 * EDDY_MILLISECOND), 0);
    assert_int_equal(told.count, 1);
    assert_string_equal(told.name, "burn");
    test_core_end(core);
}

static void poll_within_the_limit_is_no_stall(void **state)
{
    struct told told = {0};
    eddy_core *core = watching_core(&told, 60 * EDDY_SECOND);

    (void)state;
    test_spawn(core, burn, .duration_ns = 3 * EDDY_MILLISECOND);
    test_settle(core);
    assert_int_equal(test_stats(core).stalls, 0);
    assert_int_equal(test_stats(core).stall_longest_ns, 0);
    assert_int_equal(told.count, 0);
    test_core_end(core);
}

static void limit_below_zero_watches_nothing(void **state)
{
    struct told told = {0};
    eddy_core *core = watching_core(&told, -1);

    (void)state;
    test_spawn(core, burn, .duration_ns = 15 * EDDY_MILLISECOND);
    test_settle(core);
    assert_int_equal(test_stats(core).stalls, 0);
    assert_int_equal(told.count, 0);
    test_core_end(core);
}

static void limit_by_default_is_ten_milliseconds(void **state)
{
    struct told told = {0};
    eddy_core *core = watching_core(&told, 0);

    (void)state;
    test_spawn(core, burn, .duration_ns = 11 * EDDY_MILLISECOND);
    test_settle(core);
    assert_int_equal(told.count, 1);
    test_core_end(core);
}

static void longest_of_several_stalls_is_kept(void **state)
{
    struct told told = {0};
    eddy_core *core = watching_core(&told, EDDY_MILLISECOND);
    int64_t longest_ns = 0;

    (void)state;
    for (int i = 3; i > 0; i--) {
        test_spawn(core, burn, .duration_ns = (1 + i) * EDDY_MILLISECOND);
        test_settle(core);
        if (told.took_ns > longest_ns)
            longest_ns = told.took_ns;
    }
    assert_int_equal(told.count, 3);
    assert_int_equal(test_stats(core).stalls, 3);
    assert_int_equal(test_stats(core).stall_longest_ns, longest_ns);
    test_core_end(core);
}

static void stall_without_a_hook_is_counted(void **state)
{
    eddy_core *core = test_core_with((eddy_core_options){.stall_limit_ns = EDDY_MILLISECOND});

    (void)state;
    test_spawn(core, burn, .duration_ns = 2 * EDDY_MILLISECOND);
    test_settle(core);
    assert_int_equal(test_stats(core).stalls, 1);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(poll_beyond_the_limit_is_counted_and_told_with_its_name),
        cmocka_unit_test(stall_of_a_named_task_is_told_by_that_name),
        cmocka_unit_test(stall_of_the_future_of_a_run_is_told_too),
        cmocka_unit_test(poll_within_the_limit_is_no_stall),
        cmocka_unit_test(limit_below_zero_watches_nothing),
        cmocka_unit_test(limit_by_default_is_ten_milliseconds),
        cmocka_unit_test(longest_of_several_stalls_is_kept),
        cmocka_unit_test(stall_without_a_hook_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
