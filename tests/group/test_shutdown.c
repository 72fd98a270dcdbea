/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_shutdown.c - groups: one error may end the others, and how all are brought to an end in good
 * order.
 */
#include "group_world.h"

#include "eddy/serve.h"

/* ---- policies ---- */

/* Two that wait, and one that fails. */
static eddy_group_report report_of_an_error(eddy_on_error on_error)
{
    eddy_core *core = test_core();
    eddy_group *group =
        new_group(core, (eddy_group_options){.keep_results = true, .on_error = on_error});
    struct test_gate gates[2] = {0};
    eddy_group_report report;

    spawn(group, test_wait, .gate = &gates[0]);
    spawn(group, test_wait, .gate = &gates[1]);
    spawn(group, test_value, .value = -EIO, .yields = 3);
    test_settle(core);
    assert_int_equal(eddy_group_tasks(group), 0);
    report = report_of(group);
    eddy_group_free(group);
    test_core_end(core);
    return report;
}

static void first_error_cancels_the_others(void **state)
{
    eddy_group_report report = report_of_an_error(EDDY_CANCEL_OTHERS);

    (void)state;
    assert_int_equal(report.errors, 3); /* -EIO, and twice -ECANCELED */
    assert_int_equal(report.first_error.result, -EIO);
    assert_int_equal(report.dropped, 0);
}

static void first_error_drops_the_others(void **state)
{
    eddy_group_report report = report_of_an_error(EDDY_DROP_OTHERS);

    (void)state;
    assert_int_equal(report.errors, 1);
    assert_int_equal(report.dropped, 2);
}

static void error_that_a_join_handle_takes_is_no_matter_of_the_policy(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.on_error = EDDY_DROP_OTHERS});
    struct test_gate gate = {0};
    eddy_join *join = NULL;

    (void)state;
    spawn(group, test_wait, .gate = &gate);
    assert_int_equal(
        eddy_group_spawn_joinable(group, EDDY_FUTURE(test_value, .value = -EIO), &join), 0);
    assert_int_equal(test_join_end(core, join), -EIO);
    assert_int_equal(eddy_group_tasks(group), 1);
    eddy_group_free(group);
    test_core_end(core);
}

/* ---- cancel, grace, drop, report ---- */

/* Does not listen: swallows each request. */
struct deaf {
    EDDY_FRAME;
    struct test_gate *gate;
};
EDDY_ASYNC(deaf, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_POLL(n, test_gate_poll(self->gate, task));
        } while (n == -ECANCELED);
        EDDY_END(n);
}

struct cut {
    int count;
    char name[16];
    char waits[128];
};
static void on_cut_off(void *arg, const eddy_ended *ended, const char *waits)
{
    struct cut *cut = arg;

    cut->count++;
    assert_int_equal(ended->result, EDDY_DROPPED);
    strncpy(cut->name, ended->name, sizeof cut->name - 1);
    strncpy(cut->waits, waits, sizeof cut->waits - 1);
}

static void task_that_does_not_end_in_the_grace_time_is_cut_off_and_told(void **state)
{
    struct cut cut = {0};
    eddy_core *core = test_core();
    eddy_group *group =
        new_group(core, (eddy_group_options){.on_cut_off = on_cut_off, .hook_arg = &cut});
    struct test_gate gates[2] = {0};

    (void)state;
    spawn(group, deaf, .gate = &gates[0]);
    test_settle(core);
    eddy_group_cancel(group, 5 * MS);
    spawn(group, deaf, .gate = &gates[1]); /* was not asked */
    test_pass(core, 50 * MS);
    assert_int_equal(eddy_group_tasks(group), 1);
    assert_int_equal(report_of(group).cut_off, 1);
    assert_int_equal(cut.count, 1);
    assert_string_equal(cut.name, "deaf");
    assert_non_null(strstr(cut.waits, "test: gate"));
    eddy_group_free(group);
    test_core_end(core);
}

static eddy_result run_shutdown(eddy_core *core, eddy_group *group, int64_t finish_ns,
                                int64_t grace_ns, eddy_group_report *report)
{
    return test_run(core, eddy_shutdown, .group = group, .finish_ns = finish_ns,
                    .grace_ns = grace_ns, .report = report);
}

static void shutdown_lets_tasks_finish_then_asks_then_cuts_off(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.keep_results = true});
    struct test_gate gates[2] = {0};
    eddy_group_report report;

    (void)state;
    spawn(group, test_nap, .duration_ns = 5 * MS);
    spawn(group, test_wait, .gate = &gates[0]);
    spawn(group, deaf, .gate = &gates[1]);
    assert_int_equal(run_shutdown(core, group, 20 * MS, 20 * MS, &report), 1);
    assert_int_equal(report.ended, 3);
    assert_int_equal(report.cut_off, 1);
    assert_int_equal(report.errors, 1); /* the one that was asked, and ended */
    eddy_group_free(group);
    test_core_end(core);
}

static void shutdown_of_an_idle_group_is_ready_at_once(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){0});

    (void)state;
    assert_int_equal(run_shutdown(core, group, EDDY_FOREVER, EDDY_FOREVER, NULL), 0);
    assert_int_equal(eddy_group_spawn(group, EDDY_FUTURE(test_value)), EDDY_CLOSED);
    eddy_group_free(group);
    test_core_end(core);
}

static void shutdown_that_is_asked_to_end_hurries(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.keep_results = true});
    struct test_gate gate = {0};
    eddy_join *join = test_spawn_join(core, eddy_shutdown, .group = group,
                                      .finish_ns = EDDY_FOREVER, .grace_ns = EDDY_FOREVER);

    (void)state;
    spawn(group, test_wait, .gate = &gate);
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(report_of(group).errors, 1);
    eddy_group_free(group);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_error_cancels_the_others),
        cmocka_unit_test(first_error_drops_the_others),
        cmocka_unit_test(error_that_a_join_handle_takes_is_no_matter_of_the_policy),
        cmocka_unit_test(task_that_does_not_end_in_the_grace_time_is_cut_off_and_told),
        cmocka_unit_test(shutdown_lets_tasks_finish_then_asks_then_cuts_off),
        cmocka_unit_test(shutdown_of_an_idle_group_is_ready_at_once),
        cmocka_unit_test(shutdown_that_is_asked_to_end_hurries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
