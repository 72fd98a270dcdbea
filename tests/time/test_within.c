/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_within.c - eddy_within(): the time limit around a single wait, without a frame of its own.
 * The clock is driven by hand, see support/clock.h.
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

#define HOUR (3600 * EDDY_SECOND)
#define TICK ((int64_t)1 << 20)

/* Waits at the gate, first for `outer`, then inside that for `inner`. A duration of 0: none. */
struct limited {
    EDDY_FRAME;
    struct test_gate *gate;
    int64_t outer_ns, inner_ns;
    eddy_deadline outer, inner;
    eddy_result *first; /* what it gave before it tried again; NULL: it does not */
    int *polls;
};

static eddy_result limited_wait(struct limited *self, eddy_task *task)
{
    eddy_result n = test_gate_poll(self->gate, task);

    if (self->polls != NULL)
        ++*self->polls;
    return eddy_within(&self->outer, task, eddy_within(&self->inner, task, n));
}

EDDY_ASYNC(limited, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->outer, task, self->outer_ns);
        eddy_sleep_start(&self->inner, task, self->inner_ns);
        EDDY_POLL(n, limited_wait(self, task));
        if (self->first == NULL)
            EDDY_RETURN(n);
        *self->first = n;
        eddy_sleep_start(&self->inner, task, EDDY_FOREVER);
        EDDY_POLL(n, limited_wait(self, task));
        EDDY_END(n);
}

struct world {
    struct test_clock *clock;
    eddy_core *core;
    struct test_gate gate;
    int64_t start_ns;
};

static void world_begin(struct world *self)
{
    *self = (struct world){0};
    self->core = test_clock_core(&self->clock);
    self->start_ns = self->clock->now_ns;
}

static void world_end(struct world *self)
{
    assert_int_equal(test_stats(self->core).timers_live, 0);
    test_core_end(self->core);
}

static void world_check_time(const struct world *self, int64_t after_ns)
{
    assert_in_range(self->clock->now_ns - self->start_ns, after_ns, after_ns + TICK);
}

/* ---- one limit ---- */

struct passer {
    EDDY_FRAME;
    eddy_deadline limit;
    int64_t duration_ns;
    eddy_result value;
};

EDDY_ASYNC(passer, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->limit, task, self->duration_ns);
        EDDY_POLL(n, eddy_within(&self->limit, task, self->value));
        EDDY_END(n);
}

static void what_is_ready_passes_also_when_the_time_is_over(void **state)
{
    static const eddy_result values[] = {0, 1, INT64_MAX, -EIO, -ETIMEDOUT, EDDY_LOOP_GONE};
    static const int64_t durations[] = {0, -1, 1, HOUR, EDDY_FOREVER};
    struct world world;

    (void)state;
    world_begin(&world);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        for (size_t j = 0; j < sizeof durations / sizeof durations[0]; j++)
            assert_int_equal(
                test_run(world.core, passer, .duration_ns = durations[j], .value = values[i]),
                values[i]);
    assert_int_equal(test_stats(world.core).timers_started, 0);
    world_end(&world);
}

static void wait_that_is_too_long_ends_with_the_limit_and_can_be_begun_again(void **state)
{
    struct world world;
    eddy_result first = 0;
    eddy_join *join;

    (void)state;
    world_begin(&world);
    join = test_spawn_join(world.core, limited, .gate = &world.gate, .outer_ns = HOUR,
                           .inner_ns = EDDY_SECOND, .first = &first);
    test_settle(world.core);
    world.clock->now_ns += EDDY_SECOND + TICK;
    test_settle(world.core);
    assert_int_equal(first, -ETIMEDOUT);
    test_gate_open(&world.gate, 8);
    assert_int_equal(test_join_end(world.core, join), 8);
    world_end(&world);
}

static void limit_of_nothing_ends_a_wait_at_once(void **state)
{
    struct world world;
    int polls = 0;

    (void)state;
    world_begin(&world);
    assert_int_equal(test_run(world.core, limited, .gate = &world.gate, .outer_ns = HOUR,
                              .inner_ns = 0, .polls = &polls),
                     -ETIMEDOUT);
    assert_int_equal(polls, 1);
    assert_int_equal(world.clock->jumps, 0);
    assert_null(world.gate.waiter.branch); /* the frame has ended, and its waits with it */
    world_end(&world);
}

static void what_came_in_the_turn_of_the_limit_wins(void **state)
{
    struct world world;
    eddy_join *join;

    (void)state;
    world_begin(&world);
    join = test_spawn_join(world.core, limited, .gate = &world.gate, .outer_ns = EDDY_SECOND,
                           .inner_ns = EDDY_SECOND);
    test_settle(world.core);
    world.clock->now_ns += HOUR;
    test_gate_open(&world.gate, 3);
    assert_int_equal(test_join_end(world.core, join), 3);
    world_end(&world);
}

/* ---- nested ---- */

static void earliest_of_nested_limits_wins(void **state)
{
    static const int64_t limits[][2] = {{EDDY_SECOND, HOUR},
                                        {HOUR, EDDY_SECOND},
                                        {EDDY_SECOND, EDDY_SECOND},
                                        {EDDY_SECOND, EDDY_FOREVER},
                                        {EDDY_FOREVER, EDDY_SECOND}};

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct world world;
        int polls = 0;

        world_begin(&world);
        assert_int_equal(test_run(world.core, limited, .gate = &world.gate,
                                  .outer_ns = limits[i][0], .inner_ns = limits[i][1],
                                  .polls = &polls),
                         -ETIMEDOUT);
        world_check_time(&world, EDDY_SECOND);
        assert_int_equal(polls, 2);
        assert_null(world.gate.waiter.branch);
        world_end(&world);
    }
}

static void outer_limit_goes_on_when_the_inner_one_has_ended_a_wait(void **state)
{
    struct world world;
    eddy_result first = 0;

    (void)state;
    world_begin(&world);
    assert_int_equal(test_run(world.core, limited, .gate = &world.gate, .outer_ns = 3 * EDDY_SECOND,
                              .inner_ns = EDDY_SECOND, .first = &first),
                     -ETIMEDOUT);
    assert_int_equal(first, -ETIMEDOUT);
    world_check_time(&world, 3 * EDDY_SECOND);
    world_end(&world);
}

/* The limit belongs to the parent, the wait to a child of its own. */
struct part {
    EDDY_FRAME;
    struct test_gate *gate;
    eddy_deadline *limit;
};

EDDY_ASYNC(part, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_within(self->limit, task, test_gate_poll(self->gate, task)));
        EDDY_END(n);
}

struct whole {
    EDDY_FRAME;
    struct test_gate *gate;
    eddy_deadline limit;
    struct part part;
    eddy_sleep pause;
};

EDDY_ASYNC(whole, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->limit, task, 3 * EDDY_SECOND);
        self->part = EDDY_INIT(part, .gate = self->gate, .limit = &self->limit);
        eddy_sleep_start(&self->pause, task, EDDY_SECOND);
        EDDY_POLL(n, eddy_within(&self->pause, task,
                                 eddy_future_poll_child(&self->frame, &self->part.frame, task)));
        assert_int_equal(n, -ETIMEDOUT);
        eddy_future_drop_child(&self->frame, &self->part.frame, task);
        assert_null(self->gate->waiter.branch);
        assert_null(self->limit.waiter.branch);
        self->part = EDDY_INIT(part, .gate = self->gate, .limit = &self->limit);
        EDDY_AWAIT(n, &self->part);
        EDDY_END(n);
}

static void limit_is_disarmed_with_the_child_that_waited_and_serves_the_next(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(test_run(world.core, whole, .gate = &world.gate), -ETIMEDOUT);
    world_check_time(&world, 3 * EDDY_SECOND);
    world_end(&world);
}

/* ---- what a limit leaves behind ---- */

/* A limit for each of many waits, set anew each time, as a server does between requests. */
struct server {
    EDDY_FRAME;
    struct test_gate *gate;
    eddy_deadline limit;
    int *served;
};

EDDY_ASYNC(server, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            eddy_sleep_start(&self->limit, task, EDDY_SECOND);
            EDDY_POLL(n, eddy_within(&self->limit, task, test_gate_poll(self->gate, task)));
            if (n < 0)
                break;
            self->gate->open = false;
            ++*self->served;
        }
        EDDY_END(n);
}

static void limit_set_anew_for_each_wait_is_one_timer(void **state)
{
    struct world world;
    int served = 0;
    eddy_join *join;
    uint64_t polls;

    (void)state;
    world_begin(&world);
    join = test_spawn_join(world.core, server, .gate = &world.gate, .served = &served);
    test_settle(world.core);
    polls = test_stats(world.core).polls;
    for (int i = 1; i <= 1000; i++) {
        world.clock->now_ns += EDDY_SECOND - TICK;
        test_gate_open(&world.gate, 0);
        test_settle(world.core);
        assert_int_equal(served, i);
        assert_int_equal(test_stats(world.core).timers_live, 1);
    }
    assert_int_equal(test_stats(world.core).timers_started, 1);
    assert_int_equal(test_stats(world.core).timers_fired, 0);
    assert_int_equal(test_stats(world.core).polls, polls + 1000);
    assert_int_equal(test_join_end(world.core, join), -ETIMEDOUT);
    world_end(&world);
}

/* The first wait came in time; its limit runs out while the task waits for something else. */
struct mover_on {
    EDDY_FRAME;
    struct test_gate *gates;
    eddy_deadline limit;
    int *polls;
};

EDDY_ASYNC(mover_on, eddy_nothing)
{
    eddy_result n;

    ++*self->polls;
    EDDY_BEGIN
        eddy_sleep_start(&self->limit, task, EDDY_SECOND);
        EDDY_POLL(n, eddy_within(&self->limit, task, test_gate_poll(&self->gates[0], task)));
        assert_int_equal(n, 1);
        EDDY_POLL(n, test_gate_poll(&self->gates[1], task));
        EDDY_END(n);
}

static void limit_that_is_left_behind_disturbs_nothing(void **state)
{
    struct world world;
    struct test_gate gates[2] = {0};
    int polls = 0;
    eddy_join *join;

    (void)state;
    world_begin(&world);
    join = test_spawn_join(world.core, mover_on, .gates = gates, .polls = &polls);
    test_settle(world.core);
    test_gate_open(&gates[0], 1);
    test_settle(world.core);
    for (int i = 0; i < 5; i++) {
        world.clock->now_ns += HOUR;
        test_settle(world.core);
    }
    assert_in_range(polls, 2, 3); /* at most one poll for nothing */
    test_gate_open(&gates[1], 2);
    assert_int_equal(test_join_end(world.core, join), 2);
    world_end(&world);
}

static void dropped_wait_leaves_no_limit(void **state)
{
    struct world world;
    eddy_join *join;

    (void)state;
    world_begin(&world);
    join = test_spawn_join(world.core, limited, .gate = &world.gate, .outer_ns = HOUR,
                           .inner_ns = HOUR);
    test_settle(world.core);
    assert_int_equal(test_stats(world.core).timers_live, 2);
    eddy_join_abort(join);
    assert_int_equal(test_join_end(world.core, join), EDDY_DROPPED);
    assert_null(world.gate.waiter.branch);
    world_end(&world);
}

/* ---- cancel ---- */

static void cancel_request_beats_a_limit_that_is_over_and_the_limit_is_told_next(void **state)
{
    struct world world;
    eddy_result first = 0;
    eddy_join *join;

    (void)state;
    world_begin(&world);
    join = test_spawn_join(world.core, limited, .gate = &world.gate, .outer_ns = EDDY_SECOND,
                           .inner_ns = HOUR, .first = &first);
    test_settle(world.core);
    world.clock->now_ns += 2 * EDDY_SECOND;
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(world.core, join), -ETIMEDOUT);
    assert_int_equal(first, -ECANCELED);
    world_end(&world);
}

static void limit_that_was_told_first_leaves_the_request_to_the_next_wait(void **state)
{
    struct world world;
    eddy_result first = 0;
    eddy_join *join;

    (void)state;
    world_begin(&world);
    join = test_spawn_join(world.core, limited, .gate = &world.gate, .outer_ns = HOUR,
                           .inner_ns = EDDY_SECOND, .first = &first);
    test_settle(world.core);
    world.clock->now_ns += 2 * EDDY_SECOND;
    test_settle(world.core);
    assert_int_equal(first, -ETIMEDOUT);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(world.core, join), -ECANCELED);
    world_end(&world);
}

/* What is polled takes no request: it only lets the others go first. */
struct spinner {
    EDDY_FRAME;
    eddy_deadline limit;
    int64_t duration_ns;
    bool shielded;
};

static eddy_result spin_once(eddy_task *task)
{
    eddy__yield(task);
    return EDDY_PENDING;
}

EDDY_ASYNC(spinner, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        if (self->shielded)
            eddy_task_shield(task, true);
        eddy_sleep_start(&self->limit, task, self->duration_ns);
        EDDY_POLL(n, eddy_within(&self->limit, task, spin_once(task)));
        EDDY_END(n);
}

static void request_is_told_by_the_limit_when_nothing_else_does(void **state)
{
    struct world world;
    eddy_join *join;

    (void)state;
    world_begin(&world);
    join = test_spawn_join(world.core, spinner, .duration_ns = HOUR);
    test_turn(world.core);
    assert_int_equal(test_stats(world.core).timers_live, 1);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(world.core, join), -ECANCELED);
    world_end(&world);
}

static void shield_holds_back_the_request_but_not_the_limit(void **state)
{
    struct world world;
    eddy_join *join;

    (void)state;
    world_begin(&world);
    join = test_spawn_join(world.core, spinner, .duration_ns = EDDY_SECOND, .shielded = true);
    test_turn(world.core);
    eddy_join_cancel(join, EDDY_FOREVER);
    for (int i = 0; i < 10; i++)
        test_turn(world.core);
    world.clock->now_ns += EDDY_SECOND + TICK;
    assert_int_equal(test_join_end(world.core, join), -ETIMEDOUT);
    world_end(&world);
}

/* ---- whatever budget is left ---- */

struct spender {
    EDDY_FRAME;
    struct test_clock *clock;
    eddy_deadline limit;
    eddy_sleep nothing;
};

EDDY_ASYNC(spender, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->limit, task, EDDY_SECOND);
        eddy_sleep_start(&self->nothing, task, 0);
        do {
            n = eddy_sleep_poll(&self->nothing, task);
        } while (n == 0);
        assert_true(n == EDDY_PENDING);
        self->clock->now_ns += EDDY_SECOND;
        n = eddy_within(&self->limit, task, n);
        EDDY_END(n);
}

static void limit_is_seen_when_the_budget_is_spent(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(test_run(world.core, spender, .clock = world.clock), -ETIMEDOUT);
    world_end(&world);
}

/* ---- said and asserted ---- */

static void dump_names_the_limit_beside_the_wait(void **state)
{
    static struct test_text text;
    struct world world;
    eddy_join *join;

    (void)state;
    world_begin(&world);
    join = test_spawn_join(world.core, limited, .gate = &world.gate, .outer_ns = HOUR,
                           .inner_ns = HOUR);
    test_settle(world.core);
    test_dump(world.core, &text);
    assert_non_null(strstr(text.text, "test: gate"));
    assert_non_null(strstr(text.text, "deadline"));
    eddy_join_abort(join);
    eddy_join_free(join);
    world_end(&world);
}

struct careless {
    EDDY_FRAME;
    struct test_gate *gate;
    eddy_deadline limit;
};

EDDY_ASYNC(careless, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_within(&self->limit, task, test_gate_poll(self->gate, task)));
        EDDY_END(n);
}

static void use_limit_unstarted(void *arg)
{
    struct test_gate gate = {0};

    (void)arg;
    (void)test_run(test_core(), careless, .gate = &gate);
}

static void limit_that_was_not_started_is_asserted(void **state)
{
    (void)state;
    assert_dies(use_limit_unstarted, NULL, "was not started");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_ready_passes_also_when_the_time_is_over),
        cmocka_unit_test(wait_that_is_too_long_ends_with_the_limit_and_can_be_begun_again),
        cmocka_unit_test(limit_of_nothing_ends_a_wait_at_once),
        cmocka_unit_test(what_came_in_the_turn_of_the_limit_wins),
        cmocka_unit_test(earliest_of_nested_limits_wins),
        cmocka_unit_test(outer_limit_goes_on_when_the_inner_one_has_ended_a_wait),
        cmocka_unit_test(limit_is_disarmed_with_the_child_that_waited_and_serves_the_next),
        cmocka_unit_test(limit_set_anew_for_each_wait_is_one_timer),
        cmocka_unit_test(limit_that_is_left_behind_disturbs_nothing),
        cmocka_unit_test(dropped_wait_leaves_no_limit),
        cmocka_unit_test(cancel_request_beats_a_limit_that_is_over_and_the_limit_is_told_next),
        cmocka_unit_test(limit_that_was_told_first_leaves_the_request_to_the_next_wait),
        cmocka_unit_test(request_is_told_by_the_limit_when_nothing_else_does),
        cmocka_unit_test(shield_holds_back_the_request_but_not_the_limit),
        cmocka_unit_test(limit_is_seen_when_the_budget_is_spent),
        cmocka_unit_test(dump_names_the_limit_beside_the_wait),
        cmocka_unit_test(limit_that_was_not_started_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
