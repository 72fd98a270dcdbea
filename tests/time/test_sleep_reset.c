/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_sleep_reset.c - one sleep that is moved, stopped, started again and copied, by the one who
 * waits for it and by others. The clock is driven by hand, see support/clock.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/clock.h"
#include "../support/death.h"
#include "../support/loop.h"

#define HOUR (3600 * EDDY_SECOND)
#define YEAR (365 * 24 * HOUR)
#define TICK ((int64_t)1 << 20)

/* One task waits for a sleep that the test, or another task, moves. */
struct watcher {
    EDDY_FRAME;
    eddy_sleep *sleep;
    int *polls;
    int64_t *woke_ns;
};

EDDY_ASYNC(watcher, eddy_nothing)
{
    eddy_result n;

    ++*self->polls;
    EDDY_BEGIN
        EDDY_POLL(n, eddy_sleep_poll(self->sleep, task));
        *self->woke_ns = eddy_now_ns(eddy_task_handle(task));
        EDDY_END(n);
}

enum move { START, START_AT, STOP };

struct mover {
    EDDY_FRAME;
    eddy_sleep *sleep;
    enum move move;
    int64_t ns;
};

EDDY_ASYNC(mover, eddy_nothing)
{
    EDDY_BEGIN
        if (self->move == START)
            eddy_sleep_start(self->sleep, task, self->ns);
        else if (self->move == START_AT)
            eddy_sleep_start_at(self->sleep, task, self->ns);
        else
            eddy_sleep_stop(self->sleep, task);
        EDDY_END(0);
}

struct watch {
    struct test_clock *clock;
    eddy_core *core;
    eddy_sleep sleep;
    int polls;
    int64_t start_ns, woke_ns;
    eddy_join *join;
};

static void watch_begin(struct watch *self, int64_t duration_ns)
{
    *self = (struct watch){0};
    self->core = test_clock_core(&self->clock);
    self->start_ns = self->clock->now_ns;
    assert_int_equal(
        test_run(self->core, mover, .sleep = &self->sleep, .move = START, .ns = duration_ns), 0);
    self->join = test_spawn_join(self->core, watcher, .sleep = &self->sleep, .polls = &self->polls,
                                 .woke_ns = &self->woke_ns);
    test_settle(self->core);
    assert_int_equal(self->polls, 1);
}

static void watch_move(struct watch *self, enum move move, int64_t ns)
{
    assert_int_equal(test_run(self->core, mover, .sleep = &self->sleep, .move = move, .ns = ns), 0);
}

/* Woken once, so long after the beginning. */
static void watch_end(struct watch *self, int64_t after_ns)
{
    assert_int_equal(test_join_end(self->core, self->join), 0);
    assert_int_equal(self->polls, 2);
    assert_in_range(self->woke_ns - self->start_ns, after_ns, after_ns + TICK);
    assert_int_equal(test_stats(self->core).timers_live, 0);
    test_core_end(self->core);
}

static void reset_of_a_running_sleep_to_later_wakes_it_later_only(void **state)
{
    struct watch watch;

    (void)state;
    watch_begin(&watch, EDDY_SECOND);
    watch_move(&watch, START, 5 * EDDY_SECOND);
    watch_end(&watch, 5 * EDDY_SECOND);
    watch_begin(&watch, 5 * EDDY_MILLISECOND);
    for (int i = 0; i < 1000; i++) { /* put off again and again, as an idle limit is */
        watch.clock->now_ns += 4 * EDDY_MILLISECOND;
        watch_move(&watch, START, 5 * EDDY_MILLISECOND);
    }
    assert_int_equal(watch.polls, 1);
    assert_int_equal(test_stats(watch.core).timers_started, 1);
    assert_int_equal(test_stats(watch.core).timers_fired, 0);
    watch_end(&watch, 4005 * EDDY_MILLISECOND);
}

static void reset_of_a_running_sleep_to_earlier_wakes_it_earlier(void **state)
{
    struct watch watch;

    (void)state;
    watch_begin(&watch, YEAR);
    watch_move(&watch, START, EDDY_SECOND);
    watch_end(&watch, EDDY_SECOND);
    watch_begin(&watch, YEAR);
    watch_move(&watch, START_AT, watch.start_ns + 3 * EDDY_MILLISECOND);
    watch_end(&watch, 3 * EDDY_MILLISECOND);
}

static void reset_of_a_running_sleep_to_the_past_wakes_it_now(void **state)
{
    struct watch watch;

    (void)state;
    watch_begin(&watch, YEAR);
    watch_move(&watch, START, 0);
    watch_end(&watch, 0);
    watch_begin(&watch, YEAR);
    watch_move(&watch, START_AT, 1);
    watch_end(&watch, 0);
}

static void reset_from_and_to_never_works(void **state)
{
    struct watch watch;

    (void)state;
    watch_begin(&watch, EDDY_FOREVER);
    assert_int_equal(test_stats(watch.core).timers_live, 0);
    watch_move(&watch, START, EDDY_SECOND);
    assert_int_equal(test_stats(watch.core).timers_live, 1);
    watch_move(&watch, START, EDDY_FOREVER);
    assert_int_equal(test_stats(watch.core).timers_live, 0);
    watch.clock->now_ns += YEAR;
    test_settle(watch.core);
    assert_int_equal(watch.polls, 1);
    watch_move(&watch, START, EDDY_SECOND);
    watch_end(&watch, YEAR + EDDY_SECOND);
}

static void sleep_that_is_stopped_wakes_nobody_until_it_is_started_again(void **state)
{
    struct watch watch;
    eddy_join *stopped;

    (void)state;
    watch_begin(&watch, EDDY_SECOND);
    watch_move(&watch, STOP, 0);
    assert_int_equal(test_stats(watch.core).timers_live, 0);
    watch.clock->now_ns += HOUR;
    test_settle(watch.core);
    assert_int_equal(watch.polls, 1);
    watch_move(&watch, STOP, 0); /* stopping it twice is harmless */
    stopped = watch.join;        /* waits no more: another may, though this one still lives */
    watch.polls = 0;
    watch_move(&watch, START, EDDY_SECOND);
    watch.join = test_spawn_join(watch.core, watcher, .sleep = &watch.sleep, .polls = &watch.polls,
                                 .woke_ns = &watch.woke_ns);
    test_settle(watch.core);
    eddy_join_abort(stopped);
    assert_int_equal(test_join_end(watch.core, stopped), EDDY_DROPPED);
    watch_end(&watch, HOUR + EDDY_SECOND);
}

/* In one poll: what is reset to a time that is past by then is over, however old the turn is. */
struct renewer {
    EDDY_FRAME;
    struct test_clock *clock;
    eddy_sleep sleep;
    struct test_gate *gate;
};

EDDY_ASYNC(renewer, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, HOUR);
        EDDY_POLL(n, eddy_within(&self->sleep, task, test_gate_poll(self->gate, task)));
        assert_int_equal(n, 7);
        self->clock->now_ns += EDDY_SECOND;
        eddy_sleep_start(&self->sleep, task, 0);
        n = eddy_sleep_poll(&self->sleep, task);
        assert_int_equal(n, 0);
        n = eddy_sleep_poll(&self->sleep, task);
        assert_int_equal(n, 0);
        eddy_sleep_start_at(&self->sleep, task, self->clock->now_ns);
        n = eddy_sleep_poll(&self->sleep, task);
        assert_int_equal(n, 0);
        EDDY_END(n);
}

static void reset_to_now_is_seen_in_the_same_poll(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    struct test_gate gate = {0};
    eddy_join *join = test_spawn_join(core, renewer, .clock = clock, .gate = &gate);

    (void)state;
    test_settle(core);
    test_gate_open(&gate, 7);
    assert_int_equal(test_join_end(core, join), 0);
    test_core_end(core);
}

/* Armed, then reset to a point between the turn's beginning and now. */
struct late_renewer {
    EDDY_FRAME;
    struct test_clock *clock;
    eddy_sleep sleep;
};

EDDY_ASYNC(late_renewer, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, HOUR);
        n = eddy_sleep_poll(&self->sleep, task);
        assert_true(n == EDDY_PENDING);
        self->clock->now_ns += EDDY_SECOND;
        eddy_sleep_start_at(&self->sleep, task, self->clock->now_ns - 1);
        n = eddy_sleep_poll(&self->sleep, task);
        assert_int_equal(n, 0);
        eddy_sleep_start(&self->sleep, task, HOUR);
        n = eddy_sleep_poll(&self->sleep, task);
        assert_true(n == EDDY_PENDING);
        self->clock->now_ns += EDDY_SECOND;
        eddy_sleep_start(&self->sleep, task, -1);
        n = eddy_sleep_poll(&self->sleep, task);
        assert_int_equal(n, 0);
        EDDY_END(n);
}

static void reset_while_waited_for_to_the_past_is_seen_in_the_same_poll(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);

    (void)state;
    assert_int_equal(test_run(core, late_renewer, .clock = clock), 0);
    assert_int_equal(test_stats(core).timers_live, 0);
    test_core_end(core);
}

static void sleep_that_is_over_stays_over_and_can_be_started_again(void **state)
{
    struct watch watch;

    (void)state;
    watch_begin(&watch, EDDY_SECOND);
    assert_int_equal(test_join_end(watch.core, watch.join), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(test_run(watch.core, watcher, .sleep = &watch.sleep, .polls = &watch.polls,
                                  .woke_ns = &watch.woke_ns),
                         0);
    assert_int_equal(watch.polls, 5);
    watch.polls = 0;
    watch.start_ns = watch.clock->now_ns;
    watch_move(&watch, START, EDDY_SECOND);
    watch.join = test_spawn_join(watch.core, watcher, .sleep = &watch.sleep, .polls = &watch.polls,
                                 .woke_ns = &watch.woke_ns);
    watch_end(&watch, EDDY_SECOND);
}

/* A connection's limit may be set by who accepts it, and travel with the frame. */
struct carrier {
    EDDY_FRAME;
    eddy_sleep sleep;
    int64_t *woke_ns;
};

EDDY_ASYNC(carrier, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        *self->woke_ns = eddy_now_ns(eddy_task_handle(task));
        EDDY_END(n);
}

struct sender {
    EDDY_FRAME;
    int64_t *woke_ns;
    eddy_sleep used; /* one that was waited for before */
};

EDDY_ASYNC(sender, eddy_nothing)
{
    struct carrier *first;
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->used, task, EDDY_SECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->used, task));
        first = calloc(1, sizeof *first);
        assert_non_null(first);
        *first = EDDY_INIT(carrier, .woke_ns = self->woke_ns, .sleep = self->used);
        eddy_sleep_start(&first->sleep, task, HOUR);
        eddy_sleep_start(&first->sleep, task, EDDY_SECOND);
        n = eddy_spawn(eddy_task_handle(task), &first->frame);
        memset(first, 0xa5, sizeof *first);
        free(first);
        EDDY_END(n);
}

static void sleep_that_was_started_may_be_copied_before_it_is_waited_for(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    int64_t start_ns = clock->now_ns, woke_ns = 0;

    (void)state;
    assert_int_equal(test_join_end(core, test_spawn_join(core, sender, .woke_ns = &woke_ns)), 0);
    assert_int_equal(test_run(core, eddy_sleep_for, .duration_ns = HOUR), 0);
    assert_in_range(woke_ns - start_ns, 2 * EDDY_SECOND, 2 * EDDY_SECOND + 2 * TICK);
    test_core_end(core);
}

static void sleep_that_was_not_started_is_asserted_in_child(void *arg)
{
    eddy_core *core = test_core();
    eddy_sleep sleep = {0};
    int polls = 0;
    int64_t woke_ns;

    (void)arg;
    (void)test_run(core, watcher, .sleep = &sleep, .polls = &polls, .woke_ns = &woke_ns);
}

static void sleep_that_was_not_started_is_asserted(void **state)
{
    (void)state;
    assert_dies(sleep_that_was_not_started_is_asserted_in_child, NULL, "was not started");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reset_of_a_running_sleep_to_later_wakes_it_later_only),
        cmocka_unit_test(reset_of_a_running_sleep_to_earlier_wakes_it_earlier),
        cmocka_unit_test(reset_of_a_running_sleep_to_the_past_wakes_it_now),
        cmocka_unit_test(reset_from_and_to_never_works),
        cmocka_unit_test(sleep_that_is_stopped_wakes_nobody_until_it_is_started_again),
        cmocka_unit_test(reset_to_now_is_seen_in_the_same_poll),
        cmocka_unit_test(reset_while_waited_for_to_the_past_is_seen_in_the_same_poll),
        cmocka_unit_test(sleep_that_is_over_stays_over_and_can_be_started_again),
        cmocka_unit_test(sleep_that_was_started_may_be_copied_before_it_is_waited_for),
        cmocka_unit_test(sleep_that_was_not_started_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
