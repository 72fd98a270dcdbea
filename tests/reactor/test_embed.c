/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_embed.c - eddy_core_fd(): readable when the loop has work, quiet when it has none, whatever
 * the work is that its own thread or the clock makes (test_embed_net.c: the kernel;
 * test_embed_threads.c: other threads).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/death.h"
#include "embed.h"
#include "reactor/core.h"

static void a_new_loop_is_quiet(void **state)
{
    struct embed embed = embed_start();

    (void)state;
    assert_false(embed_readable(&embed, 0));
    assert_int_equal(eddy_core_fd(embed.core), embed.fd);
    assert_false(embed_readable(&embed, 0));
    embed_end(&embed);
}

static void nothing_to_do_is_quiet_for_100_ms(void **state)
{
    struct embed embed = embed_start();
    struct test_gate gate = {0};

    (void)state;
    test_spawn(embed.core, test_wait, .gate = &gate);
    test_spawn(embed.core, test_nap, .duration_ns = 3600 * EDDY_SECOND);
    assert_in_range(embed_pump(&embed), 1, 2);
    if (embed_readable(&embed, 100)) /* rarely: the wheel carries the timer down just now */
        assert_int_equal(embed_pump(&embed), 1);
    assert_false(embed_readable(&embed, 0));
    embed_end(&embed);
}

static void turns_that_nobody_asked_for_leave_it_quiet(void **state)
{
    struct embed embed = embed_start();

    (void)state;
    for (int i = 0; i < 20; i++) {
        test_turn(embed.core);
        assert_false(embed_readable(&embed, 0));
    }
    embed_end(&embed);
}

static void a_task_spawned_from_outside_takes_one_turn(void **state)
{
    struct embed embed = embed_start();
    struct test_trace traces[3] = {0};

    (void)state;
    for (int i = 0; i < 3; i++)
        test_spawn(embed.core, test_value, .trace = &traces[i]);
    assert_true(embed_readable(&embed, 0));
    assert_int_equal(embed_pump(&embed), 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(traces[i].dones, 1);
    assert_false(embed_readable(&embed, 0));
    embed_end(&embed);
}

static void what_was_ready_before_the_first_call_counts(void **state)
{
    struct embed embed = {.core = test_core()};
    struct test_trace trace = {0};

    (void)state;
    test_spawn(embed.core, test_value, .trace = &trace);
    embed.fd = eddy_core_fd(embed.core);
    assert_int_equal(embed_pump(&embed), 1);
    assert_int_equal(trace.dones, 1);
    embed_end(&embed);
}

static void a_task_that_yields_is_work(void **state)
{
    struct embed embed = embed_start();
    struct test_trace trace = {0};

    (void)state;
    test_spawn(embed.core, test_value, .trace = &trace, .yields = 7);
    assert_int_equal(embed_pump(&embed), 8);
    assert_int_equal(trace.dones, 1);
    embed_end(&embed);
}

static void what_the_budget_of_a_turn_leaves_over_is_work(void **state)
{
    enum { TASKS = 10 };
    struct embed embed = {.core = test_core_with((eddy_core_options){.turn_polls = 2})};
    struct test_trace traces[TASKS] = {0};

    (void)state;
    embed.fd = eddy_core_fd(embed.core);
    for (int i = 0; i < TASKS; i++)
        test_spawn(embed.core, test_value, .trace = &traces[i]);
    assert_int_equal(embed_pump(&embed), TASKS / 2);
    for (int i = 0; i < TASKS; i++)
        assert_int_equal(traces[i].dones, 1);
    embed_end(&embed);
}

static void a_wake_from_outside_is_work(void **state)
{
    struct embed embed = embed_start();
    struct test_trace trace = {0};
    struct test_gate gate = {0};

    (void)state;
    test_spawn(embed.core, test_wait, .trace = &trace, .gate = &gate);
    embed_pump(&embed);
    assert_false(embed_readable(&embed, 0));
    test_gate_open(&gate, 5);
    assert_true(embed_readable(&embed, 0));
    assert_int_equal(embed_pump(&embed), 1);
    assert_int_equal(trace.dones, 1);
    embed_end(&embed);
}

static void a_task_ended_from_outside_wakes_who_joins_it(void **state)
{
    struct embed embed = embed_start();
    struct test_trace trace = {0};
    struct test_gate gate = {0};
    eddy_join *join = test_spawn_join(embed.core, test_wait, .trace = &trace, .gate = &gate);

    (void)state;
    test_spawn(embed.core, test_join, .join = join);
    embed_pump(&embed);
    eddy_join_abort(join);
    assert_int_equal(trace.dones, 1);
    assert_int_equal(embed_pump(&embed), 1);
    assert_int_equal(test_stats(embed.core).tasks_live, 0);
    eddy_join_free(join);
    embed_end(&embed);
}

/* Never before its time; and what may come before it is the wheel's own work, at most 7 times. */
static void a_timer_makes_it_readable_at_its_time(void **state)
{
    struct embed embed = embed_start();
    struct test_trace trace = {0};
    int64_t begin_ns = test_clock_ns(embed.core);

    (void)state;
    test_spawn(embed.core, test_nap, .trace = &trace, .duration_ns = 30 * EDDY_MILLISECOND);
    embed_pump(&embed);
    while (trace.dones == 0) {
        assert_true(embed_readable(&embed, EMBED_LIMIT_MS));
        embed_pump(&embed);
    }
    assert_true(test_clock_ns(embed.core) - begin_ns >= 30 * EDDY_MILLISECOND);
    assert_in_range(embed.turns, 2, 9);
    assert_false(embed_readable(&embed, 0));
    embed_end(&embed);
}

static void timers_of_all_lengths_take_few_turns(void **state)
{
    enum { TIMERS = 50 };
    struct embed embed = embed_start();
    struct test_trace traces[TIMERS] = {0};

    (void)state;
    for (int i = 0; i < TIMERS; i++) /* not in order */
        test_spawn(embed.core, test_nap, .trace = &traces[i],
                   .duration_ns = (i * 17 % TIMERS + 1) * EDDY_MILLISECOND);
    while (test_stats(embed.core).tasks_live > 0) {
        assert_true(embed_readable(&embed, EMBED_LIMIT_MS));
        embed_pump(&embed);
    }
    assert_in_range(embed.turns, 1, 3 * TIMERS);
    embed_end(&embed);
}

static void note_fired(eddy__alarm *alarm)
{
    eddy__alarm_init(alarm, NULL); /* not again */
}

static void a_timer_started_from_outside_is_kept(void **state)
{
    struct embed embed = embed_start();
    eddy__alarm early, late;

    (void)state;
    eddy__alarm_init(&early, note_fired);
    eddy__alarm_init(&late, note_fired);
    eddy__alarm_start(embed.core, &late, 3600 * EDDY_SECOND);
    eddy__alarm_start(embed.core, &early, 20 * EDDY_MILLISECOND);
    assert_false(embed_readable(&embed, 0));
    while (early.fire != NULL) {
        assert_true(embed_readable(&embed, EMBED_LIMIT_MS));
        embed_pump(&embed);
    }
    assert_in_range(embed.turns, 1, 8);
    eddy__alarm_stop(embed.core, &late);
    embed_end(&embed);
}

static void run_works_in_an_embedded_loop(void **state)
{
    struct embed embed = embed_start();
    struct test_trace trace = {0};

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(test_run(embed.core, test_nap, .duration_ns = EDDY_MILLISECOND), 0);
    embed_pump(&embed);
    assert_false(embed_readable(&embed, 0));
    test_spawn(embed.core, test_value, .trace = &trace, .yields = 3);
    assert_int_equal(test_run(embed.core, test_value, .value = 9), 9);
    assert_int_equal(trace.dones, 0);
    assert_int_equal(embed_pump(&embed), 3); /* what a run leaves is work, too */
    assert_int_equal(trace.dones, 1);
    embed_end(&embed);
}

static void a_turn_may_wait_in_an_embedded_loop(void **state)
{
    struct embed embed = embed_start();

    (void)state;
    test_spawn(embed.core, test_nap, .duration_ns = 2 * EDDY_MILLISECOND);
    while (test_stats(embed.core).tasks_live > 0)
        assert_true(eddy_core_turn(embed.core, EDDY_FOREVER) >= 0);
    assert_int_equal(eddy_core_turn(embed.core, EDDY_FOREVER), EDDY_DEADLOCK);
    assert_false(embed_readable(&embed, 0));
    embed_end(&embed);
}

static void two_loops_in_one_poll_do_not_meet(void **state)
{
    struct embed a = embed_start();
    struct embed b = embed_start();

    (void)state;
    assert_int_not_equal(a.fd, b.fd);
    test_spawn(a.core, test_value, .yields = 2);
    assert_true(embed_readable(&a, 0));
    assert_false(embed_readable(&b, 0));
    assert_int_equal(embed_pump(&a), 3);
    test_spawn(b.core, test_value, .yields = 1);
    assert_int_equal(embed_pump(&a), 0);
    assert_int_equal(embed_pump(&b), 2);
    embed_end(&a);
    embed_end(&b);
}

static void the_loop_closes_it(void **state)
{
    int before = test_open_fds();
    struct embed embed = embed_start();

    (void)state;
    assert_int_equal(fcntl(embed.fd, F_GETFD), FD_CLOEXEC);
    test_spawn(embed.core, test_nap, .duration_ns = EDDY_SECOND);
    embed_pump(&embed);
    embed_end(&embed);
    assert_int_equal(test_open_fds(), before);
}

static void without_descriptors_it_says_so_and_the_loop_works_on(void **state)
{
    struct embed embed = {.core = test_core()};
    int before = test_fds_forbid();

    (void)state;
    embed.fd = eddy_core_fd(embed.core); /* epoll has one already */
    test_fds_allow(before);
    assert_true(embed.fd >= 0 || embed.fd == -EMFILE);
    assert_int_equal(test_run(embed.core, test_value, .value = 4), 4);
    embed.fd = eddy_core_fd(embed.core);
    assert_false(embed_readable(&embed, 0));
    test_spawn(embed.core, test_value, .value = 1);
    assert_int_equal(embed_pump(&embed), 1);
    embed_end(&embed);
}

static void a_simulated_loop_has_none(void **state)
{
    eddy_core *core = test_core_with((eddy_core_options){.driver = "sim"});

    (void)state;
    assert_int_equal(eddy_core_fd(core), -EOPNOTSUPP);
    assert_int_equal(test_run(core, test_value, .value = 3), 3);
    test_core_end(core);
}

struct inside {
    EDDY_FRAME;
    eddy_core *core;
};
EDDY_ASYNC(inside, eddy_nothing)
{
    (void)task;
    EDDY_BEGIN
        EDDY_END(eddy_core_fd(self->core));
}

static void call_inside(void *arg)
{
    eddy_core *core = test_core();

    (void)arg;
    (void)test_run(core, inside, .core = core);
}

static void the_call_inside_a_run_is_asserted(void **state)
{
    (void)state;
    assert_dies(call_inside, NULL, "eddy_core_fd is called inside a run or turn");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_loop_is_quiet),
        cmocka_unit_test(nothing_to_do_is_quiet_for_100_ms),
        cmocka_unit_test(turns_that_nobody_asked_for_leave_it_quiet),
        cmocka_unit_test(a_task_spawned_from_outside_takes_one_turn),
        cmocka_unit_test(what_was_ready_before_the_first_call_counts),
        cmocka_unit_test(a_task_that_yields_is_work),
        cmocka_unit_test(what_the_budget_of_a_turn_leaves_over_is_work),
        cmocka_unit_test(a_wake_from_outside_is_work),
        cmocka_unit_test(a_task_ended_from_outside_wakes_who_joins_it),
        cmocka_unit_test(a_timer_makes_it_readable_at_its_time),
        cmocka_unit_test(timers_of_all_lengths_take_few_turns),
        cmocka_unit_test(a_timer_started_from_outside_is_kept),
        cmocka_unit_test(run_works_in_an_embedded_loop),
        cmocka_unit_test(a_turn_may_wait_in_an_embedded_loop),
        cmocka_unit_test(two_loops_in_one_poll_do_not_meet),
        cmocka_unit_test(the_loop_closes_it),
        cmocka_unit_test(without_descriptors_it_says_so_and_the_loop_works_on),
        cmocka_unit_test(a_simulated_loop_has_none),
        cmocka_unit_test(the_call_inside_a_run_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
