/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim threads */
/*
 * test_sleep.c - one point of time to wait for. Most tests drive the clock by hand, see
 * support/clock.h; those with "real" in their names hold the loop against the kernel's clock, and
 * claim no more than that nothing is early. Moving a sleep that is under way is in
 * test_sleep_reset.c.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/clock.h"
#include "../support/loop.h"

#define HOUR (3600 * EDDY_SECOND)
#define YEAR (365 * 24 * HOUR)
#define TICK ((int64_t)1 << 20)

/* Sleeps once and notes when it woke, by the loop's clock. */
struct sleeper {
    EDDY_FRAME;
    eddy_sleep sleep;
    int64_t duration_ns;
    int64_t when_ns; /* not 0: until then, and duration_ns is nothing */
    int64_t *woke_ns;
    int *polls, *order;
};

static int woken; /* sleepers of the running test that have ended */

static void sleeper_done(struct sleeper *self)
{
    (void)self;
}

EDDY_ASYNC(sleeper, sleeper_done)
{
    eddy_result n;

    if (self->polls != NULL)
        ++*self->polls;
    EDDY_BEGIN
        if (self->when_ns != 0)
            eddy_sleep_start_at(&self->sleep, task, self->when_ns);
        else
            eddy_sleep_start(&self->sleep, task, self->duration_ns);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        if (self->woke_ns != NULL)
            *self->woke_ns = eddy_now_ns(eddy_task_handle(task));
        if (self->order != NULL)
            *self->order = ++woken;
        EDDY_END(n);
}

static uint64_t random_state;

static uint64_t random_number(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return random_state >> 16;
}

/* ---- never early ---- */

static void real_sleep_is_never_early(void **state)
{
    static const int64_t durations[] = {1,       999,     100000,  999999,   1000000, 1048575,
                                        1048576, 1048577, 2500000, 10000000, 0};
    eddy_core *core = test_core();

    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        for (int again = 0; again < 3; again++) {
            int64_t before_ns = test_clock_ns(core);

            assert_int_equal(test_run(core, sleeper, .duration_ns = durations[i]), 0);
            assert_true(test_clock_ns(core) - before_ns >= durations[i]);
        }
    }
    test_core_end(core);
}

static void real_sleep_until_is_never_early(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int i = 1; i <= 10; i++) {
        int64_t when_ns = test_clock_ns(core) + i * 333333;

        assert_int_equal(test_run(core, sleeper, .when_ns = when_ns), 0);
        assert_true(test_clock_ns(core) >= when_ns);
    }
    test_core_end(core);
}

static void real_sleeps_one_after_the_other_add_up(void **state)
{
    eddy_core *core = test_core();
    int64_t before_ns = test_clock_ns(core);

    (void)state;
    assert_int_equal(test_run(core, sleeper, .duration_ns = 5 * EDDY_MILLISECOND), 0);
    assert_int_equal(test_run(core, sleeper, .duration_ns = 5 * EDDY_MILLISECOND), 0);
    assert_true(test_clock_ns(core) - before_ns >= 10 * EDDY_MILLISECOND);
    test_core_end(core);
}

/* From any moment, for any duration: not before the deadline, at most one tick after it. */
static void sleep_wakes_within_a_tick_after_its_deadline(void **state)
{
    static const uint32_t shifts[] = {1, 10, 20, 24};

    (void)state;
    random_state = 1;
    for (size_t s = 0; s < sizeof shifts / sizeof shifts[0]; s++) {
        eddy_core *core = test_core_with((eddy_core_options){.timer_tick_shift = shifts[s]});
        struct test_clock *clock = test_clock_take(core, 0);

        for (int i = 0; i < 2000; i++) {
            int64_t delay_ns = (int64_t)(random_number() >> (random_number() % 40));
            int64_t start_ns, woke_ns = 0;

            clock->now_ns += (int64_t)(random_number() % 5000000);
            start_ns = clock->now_ns;
            assert_int_equal(test_run(core, sleeper, .duration_ns = delay_ns, .woke_ns = &woke_ns),
                             0);
            assert_true(woke_ns >= start_ns + delay_ns);
            assert_true(woke_ns < start_ns + delay_ns + ((int64_t)1 << shifts[s]));
        }
        test_core_end(core);
    }
}

/* The duration counts from the call, not from the beginning of a turn that is long under way. */
struct slow {
    EDDY_FRAME;
    struct test_clock *clock;
    struct sleeper sleeper;
};

EDDY_ASYNC(slow, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->clock->now_ns += EDDY_SECOND;
        EDDY_AWAIT(n, &self->sleeper);
        EDDY_END(n);
}

static void duration_counts_from_the_call_however_long_the_turn(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    int64_t start_ns = clock->now_ns, woke_ns = 0;

    (void)state;
    assert_int_equal(
        test_run(core, slow, .clock = clock,
                 .sleeper = EDDY_INIT(sleeper, .duration_ns = EDDY_SECOND, .woke_ns = &woke_ns)),
        0);
    assert_true(woke_ns >= start_ns + 2 * EDDY_SECOND);
    test_core_end(core);
}

/* ---- order ---- */

static void sleeps_wake_in_the_order_of_their_deadlines(void **state)
{
    enum { COUNT = 500 };
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    int64_t start_ns = clock->now_ns;
    int order[COUNT] = {0};
    int64_t tick[COUNT];

    (void)state;
    random_state = 2;
    woken = 0;
    for (int i = 0; i < COUNT; i++) {
        int64_t when_ns = start_ns + (int64_t)(random_number() % (30 * EDDY_SECOND));

        tick[i] = (when_ns + TICK - 1) / TICK;
        test_spawn(core, sleeper, .when_ns = when_ns, .order = &order[i]);
    }
    assert_int_equal(test_run(core, sleeper, .duration_ns = 31 * EDDY_SECOND), 0);
    for (int i = 0; i < COUNT; i++) {
        assert_in_range(order[i], 1, COUNT);
        for (int j = 0; j < i; j++)
            assert_true(tick[i] != tick[j] ? (tick[i] < tick[j]) == (order[i] < order[j])
                                           : order[j] < order[i]);
    }
    test_core_end(core);
}

static void sleeps_of_one_deadline_wake_in_the_order_of_their_start(void **state)
{
    enum { COUNT = 100 };
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    int64_t when_ns = clock->now_ns + HOUR;
    int order[COUNT] = {0};

    (void)state;
    woken = 0;
    for (int i = 0; i < COUNT; i++)
        test_spawn(core, sleeper, .when_ns = when_ns, .order = &order[i]);
    assert_int_equal(test_run(core, sleeper, .when_ns = when_ns), 0);
    test_settle(core);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(order[i], i + 1);
    test_core_end(core);
}

/* ---- the ends of the scale ---- */

static void sleep_of_nothing_or_less_is_over_at_once(void **state)
{
    static const int64_t durations[] = {0, -1, -EDDY_SECOND, INT64_MIN};
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);

    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        int polls = 0;

        assert_int_equal(test_run(core, sleeper, .duration_ns = durations[i], .polls = &polls), 0);
        assert_int_equal(polls, 1);
    }
    assert_int_equal(clock->jumps, 0);
    assert_int_equal(test_stats(core).timers_started, 0);
    test_core_end(core);
}

static void sleep_until_a_time_that_is_past_is_over_at_once(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    int64_t times[] = {1, -1, INT64_MIN, clock->now_ns - 1, clock->now_ns};

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        int polls = 0;

        assert_int_equal(test_run(core, sleeper, .when_ns = times[i], .polls = &polls), 0);
        assert_int_equal(polls, 1);
    }
    assert_int_equal(test_stats(core).timers_started, 0);
    test_core_end(core);
}

static void sleep_of_one_nanosecond_waits(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    int64_t start_ns = clock->now_ns, woke_ns = 0;
    int polls = 0;

    (void)state;
    assert_int_equal(
        test_run(core, sleeper, .duration_ns = 1, .woke_ns = &woke_ns, .polls = &polls), 0);
    assert_int_equal(polls, 2);
    assert_true(woke_ns > start_ns);
    test_core_end(core);
}

/* What an int of milliseconds cannot hold, and a signed one not either. */
static void long_sleeps_wake_at_their_time(void **state)
{
    const int64_t limit_ms = (int64_t)1 << 31;
    const int64_t durations[] = {(limit_ms - 1) * EDDY_MILLISECOND,
                                 limit_ms * EDDY_MILLISECOND,
                                 (limit_ms + 1) * EDDY_MILLISECOND,
                                 (2 * limit_ms - 1) * EDDY_MILLISECOND,
                                 2 * limit_ms * EDDY_MILLISECOND,
                                 (2 * limit_ms + 1) * EDDY_MILLISECOND,
                                 YEAR,
                                 100 * YEAR};
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);

    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        int64_t start_ns = clock->now_ns, woke_ns = 0;

        assert_int_equal(test_run(core, sleeper, .duration_ns = durations[i], .woke_ns = &woke_ns),
                         0);
        assert_in_range(woke_ns - start_ns, durations[i], durations[i] + TICK);
    }
    assert_true(clock->jumps <= 8 * 8); /* it does not wake up again and again meanwhile */
    test_core_end(core);
}

static void sleep_for_ever_never_ends(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    int polls = 0;

    (void)state;
    test_spawn(core, sleeper, .duration_ns = INT64_MAX, .polls = &polls);
    test_spawn(core, sleeper, .when_ns = EDDY_FOREVER, .polls = &polls);
    test_spawn(core, sleeper, .duration_ns = INT64_MAX - 1, .polls = &polls);
    assert_int_equal(test_run(core, sleeper, .duration_ns = 200 * YEAR), 0);
    assert_int_equal(polls, 3);
    assert_int_equal(test_stats(core).timers_live, 0);
    test_core_end(core);
}

/* Sums do not wrap where the clock is about to. */
static void durations_saturate_at_the_end_of_the_clock(void **state)
{
    static const int64_t durations[] = {INT64_MAX, INT64_MAX - 1, YEAR, INT64_MAX / 2};

    (void)state;
    for (int64_t left_ns = 0; left_ns < 3 * TICK; left_ns += TICK - 1) {
        for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
            eddy_core *core = test_core();
            int polls = 0, end = 0;

            (void)test_clock_take(core, INT64_MAX - EDDY_SECOND - left_ns);
            test_spawn(core, sleeper, .duration_ns = durations[i], .polls = &polls);
            assert_int_equal(
                test_run(core, sleeper, .duration_ns = EDDY_MILLISECOND, .polls = &end), 0);
            test_settle(core);
            assert_int_equal(end, 2);
            assert_int_equal(polls, 1);
            test_core_end(core);
        }
    }
}

/* ---- jumps ---- */

static void jump_of_the_clock_wakes_each_sleep_once(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    int polls[5] = {0}, order[5] = {0};

    (void)state;
    woken = 0;
    for (int i = 0; i < 5; i++)
        test_spawn(core, sleeper, .duration_ns = (5 - i) * HOUR, .polls = &polls[i],
                   .order = &order[i]);
    test_settle(core);
    clock->now_ns += 8 * HOUR;
    test_settle(core);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(polls[i], 2);
        assert_int_equal(order[i], 5 - i);
    }
    test_core_end(core);
}

/* The kernel is told of a deadline that no int of milliseconds holds: it waits, and does not come
 * back at once and again. Another loop, with a clock of its own, ends the wait. */
static eddy_future *open_gate(void *payload, eddy_handle *handle)
{
    (void)handle;
    test_gate_open(*(struct test_gate **)payload, 5);
    return NULL;
}

static const eddy_job open_job = {open_gate, NULL, sizeof(struct test_gate *)};

struct opener {
    eddy_remote *remote;
    struct test_gate *gate;
};

static void *open_later(void *arg)
{
    struct opener *self = arg;
    eddy_core *core = NULL;
    eddy_result result = eddy_core_new(NULL, &core);

    if (result == 0)
        result = test_run(core, eddy_sleep_for, .duration_ns = 20 * EDDY_MILLISECOND);
    if (result == 0)
        result = eddy_remote_spawn(self->remote, &open_job, &self->gate);
    eddy_core_free(core);
    return result == 0 ? self : NULL;
}

static void real_wait_for_a_far_timer_does_not_spin(void **state)
{
    static const int64_t durations[] = {25 * 24 * HOUR, 50 * 24 * HOUR, YEAR, 250 * YEAR};

    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        eddy_core *core = test_core();
        struct test_gate gate = {0};
        struct opener opener = {.gate = &gate};
        pthread_t thread;
        void *ok = NULL;
        int polls = 0;

        assert_int_equal(eddy_remote_new(eddy_core_handle(core), &opener.remote), 0);
        test_spawn(core, sleeper, .duration_ns = durations[i], .polls = &polls);
        assert_int_equal(pthread_create(&thread, NULL, open_later, &opener), 0);
        assert_int_equal(test_run(core, test_wait, .gate = &gate), 5);
        assert_int_equal(pthread_join(thread, &ok), 0);
        assert_non_null(ok);
        assert_int_equal(polls, 1);
        assert_in_range(test_stats(core).turns, 1, 20);
        assert_in_range(test_stats(core).waits, 1, 20);
        eddy_remote_release(opener.remote);
        test_core_end(core);
    }
}

/* ---- drop and cancel ---- */

static void dropped_sleep_leaves_no_timer(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    eddy_join *join = test_spawn_join(core, sleeper, .duration_ns = HOUR);

    (void)state;
    test_settle(core);
    assert_int_equal(test_stats(core).timers_live, 1);
    eddy_join_abort(join);
    assert_int_equal(test_stats(core).timers_live, 0);
    assert_int_equal(test_join_end(core, join), EDDY_DROPPED);
    clock->now_ns += 2 * HOUR;
    test_settle(core);
    assert_int_equal(test_stats(core).timers_fired, 0);
    test_core_end(core);
}

static void sleep_can_be_dropped_while_its_time_is_over_and_nobody_saw_it(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    eddy_join *join = test_spawn_join(core, sleeper, .duration_ns = HOUR);

    (void)state;
    test_settle(core);
    clock->now_ns += 2 * HOUR;
    eddy_join_abort(join);
    assert_int_equal(test_join_end(core, join), EDDY_DROPPED);
    assert_int_equal(test_stats(core).timers_fired, 0);
    test_core_end(core);
}

/* Drops the other when it is woken itself; both are due in the same turn. */
struct rival {
    EDDY_FRAME;
    struct sleeper sleeper;
    eddy_join **other;
};

EDDY_ASYNC(rival, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_AWAIT(n, &self->sleeper);
        eddy_join_abort(*self->other);
        EDDY_END(n);
}

static void timer_that_fires_in_the_turn_of_its_drop_wakes_nobody(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    int polls[2] = {0};
    eddy_join *join[2];

    (void)state;
    for (int i = 0; i < 2; i++)
        join[i] = test_spawn_join(
            core, rival, .other = &join[1 - i],
            .sleeper = EDDY_INIT(sleeper, .duration_ns = EDDY_SECOND, .polls = &polls[i]));
    test_settle(core);
    clock->now_ns += 2 * EDDY_SECOND;
    test_settle(core);
    assert_int_equal(test_stats(core).timers_fired, 2);
    assert_int_equal(polls[0], 2);
    assert_int_equal(polls[1], 1);
    assert_int_equal(test_join_end(core, join[0]), 0);
    assert_int_equal(test_join_end(core, join[1]), EDDY_DROPPED);
    test_core_end(core);
}

/* The grace time of one and the sleep of another are due in the same turn, in both orders; the
 * drop by the grace time is carried out while the timers fire. */
struct dropper {
    EDDY_FRAME;
    struct test_gate *gate;
    eddy_join **victim;
};

static void dropper_done(struct dropper *self)
{
    if (*self->victim != NULL)
        eddy_join_abort(*self->victim);
}

EDDY_ASYNC(dropper, dropper_done)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_POLL(n, test_gate_poll(self->gate, task));
        } while (n == -ECANCELED);
        EDDY_END(n);
}

static void drop_by_a_timer_of_what_another_timer_of_the_turn_waits_for_is_safe(void **state)
{
    (void)state;
    for (int sleep_first = 0; sleep_first < 2; sleep_first++) {
        struct test_clock *clock;
        eddy_core *core = test_clock_core(&clock);
        struct test_gate gate = {0};
        eddy_join *victim = NULL, *join;
        int polls = 0;

        join = test_spawn_join(core, dropper, .gate = &gate, .victim = &victim);
        test_settle(core);
        if (!sleep_first)
            eddy_join_cancel(join, EDDY_SECOND);
        victim = test_spawn_join(core, sleeper, .duration_ns = EDDY_SECOND, .polls = &polls);
        test_settle(core);
        if (sleep_first)
            eddy_join_cancel(join, EDDY_SECOND);
        test_settle(core);
        clock->now_ns += 2 * EDDY_SECOND;
        test_settle(core);
        assert_int_equal(polls, 1);
        assert_int_equal(test_join_end(core, join), EDDY_DROPPED);
        assert_int_equal(test_join_end(core, victim), EDDY_DROPPED);
        assert_int_equal(test_stats(core).timers_live, 0);
        test_core_end(core);
    }
}

static void sleep_tells_a_cancel_request_and_leaves_no_timer(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    int64_t start_ns = clock->now_ns;
    eddy_join *join = test_spawn_join(core, sleeper, .duration_ns = HOUR);

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    assert_int_equal(test_stats(core).timers_live, 0);
    assert_int_equal(clock->now_ns, start_ns);
    test_core_end(core);
}

/* ---- it does not keep the others waiting ---- */

/* Sleeps again as soon as it wakes, for no time or next to none. */
struct rearmer {
    EDDY_FRAME;
    eddy_sleep sleep;
    int64_t duration_ns;
    int *rounds;
};

EDDY_ASYNC(rearmer, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            eddy_sleep_start(&self->sleep, task, self->duration_ns);
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            if (n != 0)
                break;
            ++*self->rounds;
        }
        EDDY_END(n);
}

static void timer_started_again_as_it_fires_freezes_nothing(void **state)
{
    static const int64_t durations[] = {0, -5, 1, 1000};

    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        struct test_clock *clock;
        eddy_core *core = test_clock_core(&clock);
        int rounds = 0, polls = 0;

        test_spawn(core, rearmer, .duration_ns = durations[i], .rounds = &rounds);
        test_spawn(core, sleeper, .duration_ns = 3 * EDDY_MILLISECOND, .polls = &polls);
        for (int turns = 1; turns <= 100; turns++) {
            assert_true(eddy_core_turn(core, 0) >= 0);
            clock->now_ns += EDDY_MILLISECOND / 4;
            assert_in_range(rounds, 0, turns * 128); /* a bounded number in each turn */
        }
        assert_in_range(rounds, 20, 12800);
        assert_int_equal(polls, 2);
        assert_int_equal(test_run(core, test_value, .yields = 10, .value = 3), 3);
        test_core_end(core);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_sleep_is_never_early),
        cmocka_unit_test(real_sleep_until_is_never_early),
        cmocka_unit_test(real_sleeps_one_after_the_other_add_up),
        cmocka_unit_test(sleep_wakes_within_a_tick_after_its_deadline),
        cmocka_unit_test(duration_counts_from_the_call_however_long_the_turn),
        cmocka_unit_test(sleeps_wake_in_the_order_of_their_deadlines),
        cmocka_unit_test(sleeps_of_one_deadline_wake_in_the_order_of_their_start),
        cmocka_unit_test(sleep_of_nothing_or_less_is_over_at_once),
        cmocka_unit_test(sleep_until_a_time_that_is_past_is_over_at_once),
        cmocka_unit_test(sleep_of_one_nanosecond_waits),
        cmocka_unit_test(long_sleeps_wake_at_their_time),
        cmocka_unit_test(sleep_for_ever_never_ends),
        cmocka_unit_test(durations_saturate_at_the_end_of_the_clock),
        cmocka_unit_test(jump_of_the_clock_wakes_each_sleep_once),
        cmocka_unit_test(dropped_sleep_leaves_no_timer),
        cmocka_unit_test(sleep_can_be_dropped_while_its_time_is_over_and_nobody_saw_it),
        cmocka_unit_test(timer_that_fires_in_the_turn_of_its_drop_wakes_nobody),
        cmocka_unit_test(drop_by_a_timer_of_what_another_timer_of_the_turn_waits_for_is_safe),
        cmocka_unit_test(sleep_tells_a_cancel_request_and_leaves_no_timer),
        cmocka_unit_test(timer_started_again_as_it_fires_freezes_nothing),
    };
    /* A simulated loop is of one thread. */
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(real_wait_for_a_far_timer_does_not_spin),
    };

    return TEST_GROUPS(tests, kernel);
}
