/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_contract_wait.c - driver.h, sentence 8: wait() returns by its deadline, not before without
 * cause, at once while anything is queued, and when a signal comes. Wakes: test_contract_wake.c.
 */
#include "support/driver_world.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>

/* LATE is generous: the machine may be busy. It still tells a wait that has lost its deadline. */
#define LATE (2 * EDDY_SECOND)

enum { MUCH = 1 << 20, MANY = 50, IDLE_MAX = 10 };

static const uint32_t timers[] = {0, EDDY__WITHOUT_MULTISHOT_TIMER,
                                  EDDY__WITHOUT_MULTISHOT_TIMER | EDDY__WITHOUT_EPOLL_PWAIT2};
enum { TIMERS = sizeof timers / sizeof timers[0] };

static void a_deadline_that_has_passed_does_not_block(void **state)
{
    world w;

    (void)state;
    for (size_t i = 0; i < TIMERS; i++) {
        int64_t start;

        world_open(&w, (world_options){.without = timers[i]});
        start = world_now(&w);
        assert_int_equal(world_wait(&w, 0), 0);
        assert_int_equal(world_wait(&w, -1), 0);
        assert_int_equal(world_wait(&w, INT64_MIN), 0);
        assert_int_equal(world_wait(&w, 1), 0);
        assert_int_equal(world_wait(&w, start), 0);
        assert_true(world_now(&w) - start < LATE);
        world_close(&w);
    }
}

/* Waits until the deadline, however often wait() returns. Returns how often. */
static int wait_out(world *w, int64_t deadline_ns)
{
    int waits = 0;

    while (world_now(w) < deadline_ns) {
        assert_int_equal(world_wait(w, deadline_ns), 0);
        waits++;
    }
    assert_true(world_now(w) - deadline_ns < LATE);
    return waits;
}

static void the_first_deadline_is_met_and_never_early(void **state)
{
    world w;

    (void)state;
    for (size_t i = 0; i < TIMERS; i++) {
        for (int64_t ms = 0; ms < 8; ms++) {
            int64_t deadline;

            world_open(&w, (world_options){.without = timers[i]});
            deadline = world_now(&w) + ms * EDDY_MILLISECOND + 100 * EDDY_MICROSECOND;
            assert_int_equal(world_wait(&w, deadline), 0);
            assert_true(world_now(&w) >= deadline);
            assert_true(world_now(&w) < deadline + LATE);
            world_close(&w);
        }
    }
}

static void deadlines_that_move_in_any_direction_are_met(void **state)
{
    static const int64_t offsets_us[] = {3000, 1000, 2000, 10, 5000, 4000, 300, 3000, 1, 2500};
    world w;

    (void)state;
    for (size_t i = 0; i < TIMERS; i++) {
        int64_t start;

        world_open(&w, (world_options){.without = timers[i]});
        for (size_t j = 0; j < sizeof offsets_us / sizeof offsets_us[0]; j++) {
            start = world_now(&w);
            world_wake(&w); /* leave with the far deadline still set */
            (void)world_wait(&w, start + (j % 2 == 0 ? 2 : 3600) * EDDY_SECOND);
            assert_true(wait_out(&w, start + offsets_us[j] * EDDY_MICROSECOND) <= 4);
        }
        world_close(&w);
    }
}

static void a_near_deadline_behind_a_nearer_one_is_met(void **state)
{
    world w;

    (void)state;
    for (size_t i = 0; i < TIMERS; i++) {
        int64_t start;

        world_open(&w, (world_options){.without = timers[i]});
        start = world_now(&w);
        world_wake(&w);
        (void)world_wait(&w, start + 3 * EDDY_MILLISECOND);
        /* The alarm of the 3 ms may wake it once, for nothing. */
        assert_true(wait_out(&w, start + 12 * EDDY_MILLISECOND) <= 4);
        world_close(&w);
    }
}

/* Too far for any kernel's clock, and so far that adding to it overflows. */
static void a_deadline_in_the_far_future_is_no_deadline(void **state)
{
    static const int64_t years = 365 * 24 * 3600 * EDDY_SECOND;
    const int64_t far[] = {EDDY_FOREVER - 1, EDDY_FOREVER / 2, 200 * years, 30 * years};
    world w;
    side s;

    (void)state;
    for (size_t i = 0; i < TIMERS; i++) {
        world_open(&w, (world_options){.without = timers[i]});
        side_tcp(&w, &s);
        side_credit(&w, &s, MUCH);
        for (size_t j = 0; j < sizeof far / sizeof far[0]; j++) {
            int waits = 0;

            world_wake(&w);
            (void)world_wait(&w, far[j]);
            plain_write(&w, s.peer, "x", 1);
            while (s.len == j) {
                (void)world_wait(&w, far[j]);
                assert_true(waits++ < IDLE_MAX);
            }
            assert_true(wait_out(&w, world_now(&w) + EDDY_MILLISECOND) <= 4);
        }
        side_finish(&w, &s);
        world_close(&w);
    }
}

static void the_timer_is_set_only_for_an_earlier_deadline(void **state)
{
    world w;
    side s;
    int64_t hour;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    side_credit(&w, &s, MUCH);
    hour = world_now(&w) + 3600 * EDDY_SECOND;
    for (size_t i = 0; i < 100; i++) {
        plain_write(&w, s.peer, "x", 1);
        while (s.len == i)
            (void)world_wait(&w, hour + (int64_t)i);
    }
    assert_true(w.driver->counters.timer_arms <= 2);
    side_finish(&w, &s);
    world_close(&w);
}

/* So many events, by waits that would block for ever if none were left. Some may come back with
 * nothing to tell (streams that found no buffer queue for one), but not many. */
static size_t got_in_all(world *w, size_t wanted)
{
    size_t got = 0;

    for (int idle = 0; got < wanted && idle < IDLE_MAX;) {
        int n = world_wait(w, EDDY_FOREVER);

        got += (size_t)n;
        idle += n == 0;
    }
    return got;
}

static void more_events_than_fit_come_by_and_by_without_blocking(void **state)
{
    static side s[MANY];
    world w;

    (void)state;
    for (uint32_t max = 1; max <= 7; max += 2) {
        world_open(&w, (world_options){0});
        w.events_max = max;
        for (size_t i = 0; i < MANY; i++) {
            side_pair(&w, &s[i]);
            side_credit(&w, &s[i], MUCH);
        }
        world_settle(&w);
        for (size_t i = 0; i < MANY; i++) {
            plain_write(&w, s[i].peer, "x", 1);
            plain_close(&w, s[i].peer);
            s[i].peer = -1;
        }
        assert_int_equal(got_in_all(&w, 2 * MANY), 2 * MANY);
        for (size_t i = 0; i < MANY; i++) {
            assert_string_equal(s[i].order, "BE");
            w.type->detach(w.driver, &s[i].slot);
        }
        assert_int_equal(got_in_all(&w, MANY), MANY);
        for (size_t i = 0; i < MANY; i++)
            side_deinit(&w, &s[i]);
        world_close(&w);
    }
}

static void an_end_that_is_due_does_not_block(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    world_settle(&w);
    w.type->detach(w.driver, &s.slot);
    while (s.attached)
        (void)world_wait(&w, EDDY_FOREVER);
    side_deinit(&w, &s);
    world_close(&w);
}

static void credit_for_what_has_come_does_not_block(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    side_credit(&w, &s, 1);
    world_settle(&w);
    plain_write(&w, s.peer, "one", 3);
    WORLD_UNTIL(&w, s.len == 3);
    plain_write(&w, s.peer, "two", 3);
    world_settle(&w);
    assert_int_equal(s.len, 3);
    side_credit(&w, &s, 1);
    while (s.len == 3)
        (void)world_wait(&w, EDDY_FOREVER);
    side_finish(&w, &s);
    world_close(&w);
}

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
    (void)number;
    signals++;
}

static void a_signal_ends_the_wait_early_without_an_error(void **state)
{
    struct sigaction action, before;
    struct itimerval alarm = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
    world w;

    (void)state;
    for (size_t i = 0; i < TIMERS; i++) {
        int64_t start;

        world_open(&w, (world_options){.without = timers[i]});
        memset(&action, 0, sizeof action);
        action.sa_handler = count_signal;
        assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
        signals = 0;
        start = world_now(&w);
        assert_int_equal(setitimer(ITIMER_REAL, &alarm, NULL), 0);
        while (signals < 3)
            assert_int_equal(world_wait(&w, start + 100 * EDDY_SECOND), 0);
        assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
        assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
        assert_true(world_now(&w) - start < 50 * EDDY_SECOND);
        world_close(&w);
    }
}

static void a_wait_until_the_far_future_sleeps(void **state)
{
    const int64_t far[] = {EDDY_FOREVER, EDDY_FOREVER - 1, EDDY_FOREVER / 2};
    struct sigaction action = {.sa_handler = count_signal}, before;
    struct itimerval alarm = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
    world w;

    (void)state;
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    for (size_t i = 0; i < TIMERS; i++) {
        world_open(&w, (world_options){.without = timers[i]});
        for (size_t j = 0; j < sizeof far / sizeof far[0]; j++) {
            int waits = 0;

            signals = 0;
            assert_int_equal(setitimer(ITIMER_REAL, &alarm, NULL), 0);
            for (; signals < 3; waits++)
                assert_int_equal(world_wait(&w, far[j]), 0);
            assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
            assert_true(waits <= (int)signals + IDLE_MAX);
        }
        world_close(&w);
    }
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(a_deadline_that_has_passed_does_not_block),
        cmocka_unit_test(the_first_deadline_is_met_and_never_early),
        cmocka_unit_test(deadlines_that_move_in_any_direction_are_met),
        cmocka_unit_test(a_near_deadline_behind_a_nearer_one_is_met),
        cmocka_unit_test(a_deadline_in_the_far_future_is_no_deadline),
        cmocka_unit_test(the_timer_is_set_only_for_an_earlier_deadline),
        cmocka_unit_test(more_events_than_fit_come_by_and_by_without_blocking),
        cmocka_unit_test(an_end_that_is_due_does_not_block),
        cmocka_unit_test(credit_for_what_has_come_does_not_block),
    };
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(a_signal_ends_the_wait_early_without_an_error),
        cmocka_unit_test(a_wait_until_the_far_future_sleeps),
    };

    return WORLD_RUN(everywhere, kernel);
}
