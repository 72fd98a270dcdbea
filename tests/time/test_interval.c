/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_interval.c - a series of ticks, and what becomes of those that nobody took in time. The
 * clock is driven by hand, see support/clock.h; the loop's timers have ticks of 2 ns here, so that
 * the times can be told to the nanosecond.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/clock.h"
#include "../support/death.h"
#include "../support/loop.h"

#define HOUR   (3600 * EDDY_SECOND)
#define YEAR   (365 * 24 * HOUR)
#define PERIOD (10 * EDDY_MILLISECOND)

enum { TICKS_MAX = 2000 };

/* What the ticks of one series gave, and when they were told, from its start on. */
struct log {
    eddy_result given[TICKS_MAX];
    int64_t at_ns[TICKS_MAX];
    int count;
};

struct ticker {
    EDDY_FRAME;
    eddy_interval interval;
    int64_t period_ns, start_ns;
    eddy_missed missed;
    int left;
    struct log *log;
};

EDDY_ASYNC(ticker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->start_ns = eddy_now_ns(eddy_task_handle(task));
        eddy_interval_start(&self->interval, task, self->period_ns, self->missed);
        for (; self->left > 0; self->left--) {
            EDDY_POLL(n, eddy_interval_poll(&self->interval, task));
            if (n < 0)
                EDDY_RETURN(n);
            assert_true(self->log->count < TICKS_MAX);
            self->log->given[self->log->count] = n;
            self->log->at_ns[self->log->count++] =
                eddy_now_ns(eddy_task_handle(task)) - self->start_ns;
        }
        EDDY_END(0);
}

struct series {
    eddy_core *core;
    struct test_clock *clock;
    eddy_join *join;
    struct log log;
};

static void series_begin(struct series *self, int64_t period_ns, eddy_missed missed, int ticks)
{
    *self = (struct series){0};
    self->core = test_core_with((eddy_core_options){.timer_tick_shift = 1});
    self->clock = test_clock_take(self->core, 0);
    self->clock->now_ns += self->clock->now_ns % 2;
    self->join = test_spawn_join(self->core, ticker, .period_ns = period_ns, .missed = missed,
                                 .left = ticks, .log = &self->log);
    test_settle(self->core);
}

/* The time passes in one jump, during which nobody looks. */
static void series_pass(struct series *self, int64_t ns)
{
    self->clock->now_ns += ns;
    test_settle(self->core);
}

static void series_check(const struct series *self, int i, eddy_result given, int64_t at_ns)
{
    assert_true(i < self->log.count);
    assert_int_equal(self->log.given[i], given);
    assert_int_equal(self->log.at_ns[i], at_ns);
}

static void series_end(struct series *self)
{
    assert_int_equal(test_join_end(self->core, self->join), 0);
    assert_int_equal(test_stats(self->core).timers_live, 0);
    test_core_end(self->core);
}

static void series_drop(struct series *self)
{
    eddy_join_abort(self->join);
    assert_int_equal(test_join_end(self->core, self->join), EDDY_DROPPED);
    assert_int_equal(test_stats(self->core).timers_live, 0);
    test_core_end(self->core);
}

/* ---- in time ---- */

static void real_first_tick_is_never_before_one_period(void **state)
{
    (void)state;
    for (int missed = EDDY_MISSED_SKIP; missed <= EDDY_MISSED_DELAY; missed++) {
        eddy_core *core = test_core();
        struct log log = {0};
        int64_t before_ns = test_clock_ns(core);

        assert_int_equal(test_run(core, ticker, .period_ns = PERIOD, .left = 1,
                                  .missed = (eddy_missed)missed, .log = &log),
                         0);
        assert_true(test_clock_ns(core) - before_ns >= PERIOD);
        assert_int_equal(log.count, 1);
        test_core_end(core);
    }
}

static void real_two_ticks_take_two_periods(void **state)
{
    (void)state;
    for (int missed = EDDY_MISSED_SKIP; missed <= EDDY_MISSED_DELAY; missed++) {
        eddy_core *core = test_core();
        struct log log = {0};
        int64_t before_ns = test_clock_ns(core);

        assert_int_equal(test_run(core, ticker, .period_ns = PERIOD, .left = 2,
                                  .missed = (eddy_missed)missed, .log = &log),
                         0);
        assert_true(test_clock_ns(core) - before_ns >= 2 * PERIOD);
        assert_int_equal(log.count, 2);
        test_core_end(core);
    }
}

static void ticks_that_are_taken_in_time_are_one_period_apart(void **state)
{
    (void)state;
    for (int missed = EDDY_MISSED_SKIP; missed <= EDDY_MISSED_DELAY; missed++) {
        struct series series;

        series_begin(&series, PERIOD, (eddy_missed)missed, 1000);
        series_end(&series);
        assert_int_equal(series.log.count, 1000);
        for (int i = 0; i < 1000; i++)
            series_check(&series, i, 1, (i + 1) * PERIOD);
    }
}

/* Late, but by less than a period: the phase stays, for skip and burst. */
static void next_tick_is_the_previous_plus_a_period_when_not_a_period_late(void **state)
{
    static const eddy_missed policies[] = {EDDY_MISSED_SKIP, EDDY_MISSED_BURST};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct series series;

        series_begin(&series, PERIOD, policies[i], 4);
        series_pass(&series, PERIOD + 2);
        series_check(&series, 0, 1, PERIOD + 2);
        series_pass(&series, 2 * PERIOD - 4);
        series_check(&series, 1, 1, 3 * PERIOD - 2);
        series_end(&series);
        series_check(&series, 2, 1, 3 * PERIOD);
        series_check(&series, 3, 1, 4 * PERIOD);
    }
}

/* ---- missed ---- */

static void skip_tells_late_ticks_as_one_and_keeps_the_phase(void **state)
{
    struct series series;

    (void)state;
    series_begin(&series, PERIOD, EDDY_MISSED_SKIP, 4);
    series_pass(&series, 5 * PERIOD + PERIOD / 2);
    assert_int_equal(series.log.count, 1);
    series_check(&series, 0, 5, 5 * PERIOD + PERIOD / 2);
    series_pass(&series, PERIOD / 2 - 2); /* not yet */
    assert_int_equal(series.log.count, 1);
    series_pass(&series, 2);
    series_check(&series, 1, 1, 6 * PERIOD);
    series_pass(&series, 3 * PERIOD); /* late by whole periods: this one is that tick */
    assert_int_equal(series.log.count, 3);
    series_check(&series, 2, 3, 9 * PERIOD);
    series_end(&series);
    series_check(&series, 3, 1, 10 * PERIOD);
    series_begin(&series, PERIOD, EDDY_MISSED_SKIP, 2);
    series_pass(&series, 2 * PERIOD - 1); /* just not late enough to have missed one */
    series_check(&series, 0, 1, 2 * PERIOD - 1);
    series_end(&series);
    series_check(&series, 1, 1, 2 * PERIOD);
}

static void burst_tells_each_late_tick_and_keeps_the_phase(void **state)
{
    struct series series;

    (void)state;
    series_begin(&series, PERIOD, EDDY_MISSED_BURST, 8);
    series_pass(&series, 5 * PERIOD + PERIOD / 2);
    assert_int_equal(series.log.count, 5);
    for (int i = 0; i < 5; i++)
        series_check(&series, i, 1, 5 * PERIOD + PERIOD / 2);
    series_pass(&series, PERIOD / 2 - 2);
    assert_int_equal(series.log.count, 5);
    series_end(&series);
    for (int i = 5; i < 8; i++)
        series_check(&series, i, 1, (i + 1) * PERIOD);
}

static void delay_tells_late_ticks_as_one_and_begins_anew(void **state)
{
    struct series series;

    (void)state;
    series_begin(&series, PERIOD, EDDY_MISSED_DELAY, 4);
    series_pass(&series, 5 * PERIOD + PERIOD / 2);
    assert_int_equal(series.log.count, 1);
    series_check(&series, 0, 1, 5 * PERIOD + PERIOD / 2);
    series_pass(&series, PERIOD - 2);
    assert_int_equal(series.log.count, 1);
    series_pass(&series, 4);
    series_check(&series, 1, 1, 6 * PERIOD + PERIOD / 2 + 2);
    series_end(&series);
    series_check(&series, 2, 1, 7 * PERIOD + PERIOD / 2 + 2);
    series_check(&series, 3, 1, 8 * PERIOD + PERIOD / 2 + 2);
}

/* The machine slept. */
static void jump_of_eight_hours_gives_no_burst_unless_asked_for(void **state)
{
    struct series series;

    (void)state;
    series_begin(&series, EDDY_SECOND, EDDY_MISSED_SKIP, 100);
    series_pass(&series, 8 * HOUR);
    assert_int_equal(series.log.count, 1);
    assert_int_equal(series.log.given[0], 8 * 3600);
    series_end(&series);
    assert_int_equal(series.log.count, 100);
    series_begin(&series, EDDY_SECOND, EDDY_MISSED_DELAY, 100);
    series_pass(&series, 8 * HOUR);
    assert_int_equal(series.log.count, 1);
    series_drop(&series);
    series_begin(&series, 60 * EDDY_SECOND, EDDY_MISSED_BURST, 481);
    series_pass(&series, 8 * HOUR);
    assert_int_equal(series.log.count, 480);
    series_end(&series);
}

static void skip_of_any_size_is_counted(void **state)
{
    static const int64_t periods[] = {1, 2, 3, 1000, EDDY_SECOND};

    (void)state;
    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++) {
        struct series series;
        int64_t start_ns;

        series_begin(&series, periods[i], EDDY_MISSED_SKIP, TICKS_MAX);
        start_ns = series.clock->now_ns;
        series.clock->now_ns += 200 * YEAR;
        test_turn(series.core);
        assert_true(series.log.count > 0);
        assert_true(series.log.given[0] >= (series.clock->now_ns - start_ns) / periods[i]);
        assert_true(series.log.given[0] <= (series.clock->now_ns - start_ns) / periods[i] + 1);
        series_drop(&series);
    }
}

/* A burst without end costs the others nothing but their turn. */
static void burst_spends_budget(void **state)
{
    struct series series;

    (void)state;
    series_begin(&series, EDDY_MILLISECOND, EDDY_MISSED_BURST, 1000);
    series.clock->now_ns += EDDY_SECOND;
    test_turn(series.core);
    assert_in_range(series.log.count, 1, 128);
    test_settle(series.core);
    assert_int_equal(series.log.count, 1000);
    series_end(&series);
}

static void series_beyond_the_end_of_the_clock_never_ticks(void **state)
{
    static const int64_t periods[] = {INT64_MAX, INT64_MAX - 1, 290 * YEAR};

    (void)state;
    for (int missed = EDDY_MISSED_SKIP; missed <= EDDY_MISSED_DELAY; missed++) {
        for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++) {
            struct series series;

            series_begin(&series, periods[i], (eddy_missed)missed, 10);
            series_pass(&series, 250 * YEAR);
            assert_int_equal(series.log.count, 0);
            series_drop(&series);
        }
    }
}

/* The last tick that the clock can count, and none after it. */
static void series_ends_with_the_clock(void **state)
{
    (void)state;
    for (int missed = EDDY_MISSED_SKIP; missed <= EDDY_MISSED_DELAY; missed++) {
        struct series series;

        series_begin(&series, 100 * YEAR, (eddy_missed)missed, 10);
        series_pass(&series, 100 * YEAR);
        series_pass(&series, 100 * YEAR);
        assert_int_equal(series.log.count, 2);
        series_pass(&series, INT64_MAX - EDDY_SECOND - series.clock->now_ns);
        assert_int_equal(series.log.count, 2);
        series_drop(&series);
    }
}

/* ---- one that is used by several, stopped, begun again ---- */

struct taker {
    EDDY_FRAME;
    eddy_interval *interval;
    bool begin;
    int64_t period_ns;
};

EDDY_ASYNC(taker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        if (self->begin)
            eddy_interval_start(self->interval, task, self->period_ns, EDDY_MISSED_BURST);
        EDDY_POLL(n, eddy_interval_poll(self->interval, task));
        EDDY_END(n);
}

static void dropped_wait_loses_no_tick(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    eddy_interval interval = {0};
    int64_t start_ns = clock->now_ns;
    eddy_join *join;

    (void)state;
    join = test_spawn_join(core, taker, .interval = &interval, .begin = true,
                           .period_ns = EDDY_SECOND);
    for (int i = 0; i < 5; i++) {
        test_settle(core);
        eddy_join_abort(join);
        assert_int_equal(test_join_end(core, join), EDDY_DROPPED);
        assert_int_equal(test_stats(core).timers_live, 0);
        clock->now_ns += EDDY_SECOND / 10;
        join = test_spawn_join(core, taker, .interval = &interval);
    }
    test_settle(core);
    clock->now_ns += 2 * EDDY_SECOND; /* due, and dropped before it is seen */
    eddy_join_abort(join);
    assert_int_equal(test_join_end(core, join), EDDY_DROPPED);
    for (int i = 0; i < 3; i++)
        assert_int_equal(test_run(core, taker, .interval = &interval), 1);
    assert_in_range(clock->now_ns - start_ns, 3 * EDDY_SECOND, 3 * EDDY_SECOND + PERIOD);
    test_core_end(core);
}

static void series_can_be_begun_anew(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    eddy_interval interval = {0};
    int64_t start_ns;

    (void)state;
    for (int i = 1; i <= 5; i++) {
        start_ns = clock->now_ns;
        assert_int_equal(test_run(core, taker, .interval = &interval, .begin = true,
                                  .period_ns = i * EDDY_SECOND),
                         1);
        assert_in_range(clock->now_ns - start_ns, i * EDDY_SECOND, i * EDDY_SECOND + PERIOD);
    }
    test_core_end(core);
}

static void interval_tells_a_cancel_request_and_goes_on_afterwards(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    eddy_interval interval = {0};
    int64_t start_ns = clock->now_ns;
    eddy_join *join;

    (void)state;
    join = test_spawn_join(core, taker, .interval = &interval, .begin = true,
                           .period_ns = EDDY_SECOND);
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    assert_int_equal(test_stats(core).timers_live, 0);
    assert_int_equal(test_run(core, taker, .interval = &interval), 1);
    assert_in_range(clock->now_ns - start_ns, EDDY_SECOND, EDDY_SECOND + PERIOD);
    test_core_end(core);
}

static void dump_says_that_it_waits_for_an_interval(void **state)
{
    static struct test_text text;
    struct series series;

    (void)state;
    series_begin(&series, PERIOD, EDDY_MISSED_SKIP, 1);
    test_dump(series.core, &text);
    assert_non_null(strstr(text.text, "interval"));
    series_end(&series);
}

static void run_with_period(void *arg)
{
    eddy_interval interval = {0};

    (void)test_run(test_core(), taker, .interval = &interval, .begin = true,
                   .period_ns = *(const int64_t *)arg);
}

static void period_of_nothing_or_less_is_asserted(void **state)
{
    int64_t periods[] = {0, -1, INT64_MIN};

    (void)state;
    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++)
        assert_dies(run_with_period, &periods[i], "the period must be above 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_first_tick_is_never_before_one_period),
        cmocka_unit_test(real_two_ticks_take_two_periods),
        cmocka_unit_test(ticks_that_are_taken_in_time_are_one_period_apart),
        cmocka_unit_test(next_tick_is_the_previous_plus_a_period_when_not_a_period_late),
        cmocka_unit_test(skip_tells_late_ticks_as_one_and_keeps_the_phase),
        cmocka_unit_test(burst_tells_each_late_tick_and_keeps_the_phase),
        cmocka_unit_test(delay_tells_late_ticks_as_one_and_begins_anew),
        cmocka_unit_test(jump_of_eight_hours_gives_no_burst_unless_asked_for),
        cmocka_unit_test(skip_of_any_size_is_counted),
        cmocka_unit_test(burst_spends_budget),
        cmocka_unit_test(series_beyond_the_end_of_the_clock_never_ticks),
        cmocka_unit_test(series_ends_with_the_clock),
        cmocka_unit_test(dropped_wait_loses_no_tick),
        cmocka_unit_test(series_can_be_begun_anew),
        cmocka_unit_test(interval_tells_a_cancel_request_and_goes_on_afterwards),
        cmocka_unit_test(dump_says_that_it_waits_for_an_interval),
        cmocka_unit_test(period_of_nothing_or_less_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
