/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_timeout.c - a time limit around a whole future. Most tests drive the clock by hand, see
 * support/clock.h. The limit around a single wait is in test_within.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/clock.h"
#include "../support/loop.h"

#define HOUR (3600 * EDDY_SECOND)

static eddy_future *box(eddy_core *core, eddy_future *frame)
{
    return eddy_box(eddy_core_handle(core), frame);
}

static eddy_result run_timeout(eddy_core *core, int64_t duration_ns, eddy_future *inner)
{
    return test_run(core, eddy_timeout, .inner = box(core, inner), .duration_ns = duration_ns);
}

/* ---- the two ends ---- */

static void real_timeout_is_never_early(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};

    (void)state;
    for (int i = 1; i <= 10; i++) {
        int64_t before_ns = test_clock_ns(core), duration_ns = i * 700001;

        assert_int_equal(run_timeout(core, duration_ns, EDDY_FUTURE(test_wait, .gate = &gate)),
                         -ETIMEDOUT);
        assert_true(test_clock_ns(core) - before_ns >= duration_ns);
    }
    test_core_end(core);
}

static void two_timeouts_one_after_the_other_both_fire(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    int64_t start_ns = clock->now_ns;
    struct test_gate gate = {0};

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            run_timeout(core, 10 * EDDY_MILLISECOND, EDDY_FUTURE(test_wait, .gate = &gate)),
            -ETIMEDOUT);
    assert_true(clock->now_ns - start_ns >= 20 * EDDY_MILLISECOND);
    test_core_end(core);
}

static void future_that_ends_in_time_gives_its_result_and_leaves_no_timer(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    struct test_trace trace = {0};

    (void)state;
    assert_int_equal(
        run_timeout(core, HOUR, EDDY_FUTURE(test_value, .trace = &trace, .value = 9, .yields = 3)),
        9);
    assert_int_equal(
        run_timeout(core, HOUR,
                    EDDY_FUTURE(test_value, .trace = &trace, .value = -EIO, .yields = 1)),
        -EIO);
    assert_int_equal(
        run_timeout(core, HOUR, EDDY_FUTURE(test_nap, .trace = &trace, .duration_ns = EDDY_SECOND)),
        0);
    assert_int_equal(trace.dones, 3);
    assert_int_equal(test_stats(core).timers_live, 0);
    test_core_end(core);
}

static void timeouts_own_error_is_not_mistaken_for_the_limits(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    struct test_trace trace = {0};
    int64_t start_ns = clock->now_ns;

    (void)state;
    assert_int_equal(
        run_timeout(core, HOUR, EDDY_FUTURE(test_value, .trace = &trace, .value = -ETIMEDOUT)),
        -ETIMEDOUT);
    assert_int_equal(clock->now_ns, start_ns);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

/* Notes what was so when it was dropped. */
struct guarded {
    EDDY_FRAME;
    struct test_gate *gate;
    struct test_trace *trace;
    struct test_wait child;
};

static void guarded_done(struct guarded *self)
{
    test_trace_done(self->trace);
}

EDDY_ASYNC(guarded, guarded_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->child = EDDY_INIT(test_wait, .trace = self->trace + 1, .gate = self->gate);
        EDDY_AWAIT(n, &self->child);
        EDDY_END(n);
}

/* What has happened by the time the timeout's result is there. */
struct asker {
    EDDY_FRAME;
    struct test_gate *gate;
    struct test_trace trace[2];
    struct guarded inner;
    struct eddy_timeout limited;
};

EDDY_ASYNC(asker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            self->inner = EDDY_INIT(guarded, .gate = self->gate, .trace = self->trace);
            self->limited =
                EDDY_INIT(eddy_timeout, .inner = &self->inner.frame, .duration_ns = EDDY_SECOND);
            EDDY_AWAIT(n, &self->limited);
            assert_int_equal(n, -ETIMEDOUT);
            assert_null(self->gate->waiter.branch);
            assert_int_equal(self->trace[0].dones, self->trace[1].dones);
            assert_true(self->trace[1].order < self->trace[0].order);
        } while (self->trace[0].dones < 2);
        EDDY_END(self->trace[0].dones);
}

static void future_is_dropped_with_its_children_before_the_timeout_returns(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    struct test_gate gate = {0};

    (void)state;
    assert_int_equal(test_run(core, asker, .gate = &gate), 2);
    assert_int_equal(test_stats(core).timers_live, 0);
    test_core_end(core);
}

/* ---- who wins ---- */

static void ready_future_beats_a_limit_that_is_over(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    struct test_gate gate = {0};
    eddy_join *join;

    (void)state;
    assert_int_equal(run_timeout(core, 0, EDDY_FUTURE(test_value, .value = 4)), 4);
    assert_int_equal(run_timeout(core, -1, EDDY_FUTURE(test_value, .value = 4)), 4);
    join = test_spawn_join(core, eddy_timeout,
                           .inner = box(core, EDDY_FUTURE(test_wait, .gate = &gate)),
                           .duration_ns = EDDY_SECOND);
    test_settle(core);
    clock->now_ns += HOUR; /* both in one turn */
    test_gate_open(&gate, 6);
    assert_int_equal(test_join_end(core, join), 6);
    assert_int_equal(test_stats(core).timers_live, 0);
    test_core_end(core);
}

static void limit_of_nothing_ends_what_is_not_ready_at_its_first_poll(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    struct test_trace trace = {0};

    (void)state;
    assert_int_equal(run_timeout(core, 0, EDDY_FUTURE(test_value, .trace = &trace, .yields = 1)),
                     -ETIMEDOUT);
    assert_int_equal(trace.polls, 1);
    assert_int_equal(trace.dones, 1);
    assert_int_equal(clock->jumps, 0);
    test_core_end(core);
}

static void limit_of_for_ever_does_not_end_anything(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);

    (void)state;
    assert_int_equal(
        run_timeout(core, EDDY_FOREVER, EDDY_FUTURE(test_nap, .duration_ns = 99 * HOUR)), 0);
    test_core_end(core);
}

/* Always ready: each poll uses up the task's budget and asks for another. */
struct busy {
    EDDY_FRAME;
    struct test_clock *clock;
    int *rounds;
    eddy_sleep sleep;
};

EDDY_ASYNC(busy, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            eddy_sleep_start(&self->sleep, task, 0);
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            if (n != 0)
                break;
            self->clock->now_ns += 10 * EDDY_MICROSECOND;
            ++*self->rounds;
        }
        EDDY_END(n);
}

static void limit_is_seen_around_a_future_that_is_always_busy(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    int rounds = 0;

    (void)state;
    assert_int_equal(run_timeout(core, 20 * EDDY_MILLISECOND,
                                 EDDY_FUTURE(busy, .clock = clock, .rounds = &rounds)),
                     -ETIMEDOUT);
    assert_in_range(rounds, 2000, 2000 + 3 * 128);
    test_core_end(core);
}

static void limit_is_seen_in_the_first_poll_of_a_future_that_took_too_long(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    int rounds = 0;

    (void)state;
    assert_int_equal(
        run_timeout(core, EDDY_MILLISECOND, EDDY_FUTURE(busy, .clock = clock, .rounds = &rounds)),
        -ETIMEDOUT);
    assert_int_equal(rounds, 128); /* one poll's budget */
    test_core_end(core);
}

static void limits_nest_and_the_earlier_wins(void **state)
{
    (void)state;
    for (int outer_first = 0; outer_first < 2; outer_first++) {
        struct test_clock *clock;
        eddy_core *core = test_clock_core(&clock);
        int64_t start_ns = clock->now_ns;
        struct test_gate gate = {0};
        struct test_trace trace = {0};
        eddy_future *inner = box(core, EDDY_FUTURE(test_wait, .gate = &gate, .trace = &trace));

        inner = box(core, EDDY_FUTURE(eddy_timeout, .inner = inner,
                                      .duration_ns = outer_first ? HOUR : EDDY_SECOND));
        assert_int_equal(test_run(core, eddy_timeout, .inner = inner,
                                  .duration_ns = outer_first ? EDDY_SECOND : HOUR),
                         -ETIMEDOUT);
        assert_in_range(clock->now_ns - start_ns, EDDY_SECOND, 2 * EDDY_SECOND);
        assert_int_equal(trace.dones, 1);
        assert_int_equal(test_stats(core).timers_live, 0);
        test_core_end(core);
    }
}

/* ---- ended from outside ---- */

static void timeout_that_was_never_polled_drops_what_it_holds(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};
    eddy_future *inner = box(core, EDDY_FUTURE(test_value, .trace = &trace));

    (void)state;
    eddy_future_drop(
        box(core, EDDY_FUTURE(eddy_timeout, .inner = inner, .duration_ns = EDDY_SECOND)));
    assert_int_equal(trace.dones, 1);
    inner = box(core, EDDY_FUTURE(test_value, .trace = &trace));
    test_spawn(core, eddy_timeout, .inner = inner, .duration_ns = EDDY_SECOND);
    test_core_end(core);
    assert_int_equal(trace.dones, 2);
}

/* Asked to end it first cleans up, which takes a while. */
struct polite {
    EDDY_FRAME;
    struct test_clock *clock;
    bool busy;
    bool *cleaned;
    eddy_sleep sleep;
};

EDDY_ASYNC(polite, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, HOUR);
        do {
            if (self->busy)
                EDDY_YIELD();
            n = eddy_task_check_cancel(task);
            if (n == 0 && !self->busy)
                EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        } while (n == 0);
        assert_int_equal(n, -ECANCELED);
        eddy_sleep_start(&self->sleep, task, EDDY_SECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        *self->cleaned = n == 0;
        EDDY_END(-ECANCELED);
}

static void cancel_request_is_told_to_the_future_inside(void **state)
{
    (void)state;
    for (int busy = 0; busy < 2; busy++) {
        struct test_clock *clock;
        eddy_core *core = test_clock_core(&clock);
        bool cleaned = false;
        eddy_future *inner =
            box(core, EDDY_FUTURE(polite, .clock = clock, .busy = busy != 0, .cleaned = &cleaned));
        eddy_join *join =
            test_spawn_join(core, eddy_timeout, .inner = inner, .duration_ns = HOUR / 2);

        test_turn(core);
        test_turn(core);
        eddy_join_cancel(join, EDDY_FOREVER);
        assert_int_equal(test_join_end(core, join), -ECANCELED);
        assert_true(cleaned);
        test_core_end(core);
    }
}

static void cleaning_up_is_limited_too(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    bool cleaned = false;
    eddy_future *inner = box(core, EDDY_FUTURE(polite, .clock = clock, .cleaned = &cleaned));
    eddy_join *join =
        test_spawn_join(core, eddy_timeout, .inner = inner, .duration_ns = EDDY_SECOND / 2);

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), -ETIMEDOUT);
    assert_false(cleaned);
    assert_int_equal(test_stats(core).timers_live, 0);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_timeout_is_never_early),
        cmocka_unit_test(two_timeouts_one_after_the_other_both_fire),
        cmocka_unit_test(future_that_ends_in_time_gives_its_result_and_leaves_no_timer),
        cmocka_unit_test(timeouts_own_error_is_not_mistaken_for_the_limits),
        cmocka_unit_test(future_is_dropped_with_its_children_before_the_timeout_returns),
        cmocka_unit_test(ready_future_beats_a_limit_that_is_over),
        cmocka_unit_test(limit_of_nothing_ends_what_is_not_ready_at_its_first_poll),
        cmocka_unit_test(limit_of_for_ever_does_not_end_anything),
        cmocka_unit_test(limit_is_seen_around_a_future_that_is_always_busy),
        cmocka_unit_test(limit_is_seen_in_the_first_poll_of_a_future_that_took_too_long),
        cmocka_unit_test(limits_nest_and_the_earlier_wins),
        cmocka_unit_test(timeout_that_was_never_polled_drops_what_it_holds),
        cmocka_unit_test(cancel_request_is_told_to_the_future_inside),
        cmocka_unit_test(cleaning_up_is_limited_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
