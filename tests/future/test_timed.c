/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_timed.c - boxed time limits. What they share with struct eddy_timeout is shown in
 * tests/time/test_timeout.c; here: that they are the same, and that they own their input. The clock
 * is driven by hand, see support/clock.h.
 */
#include "../support/clock.h"
#include "../support/drop.h"
#include "boxed.h"

#define TICK ((int64_t)1 << 20)

static eddy_future *limited(struct world *world, eddy_future *input, int64_t duration_ns, bool by)
{
    if (!by)
        return eddy_timeout_after(input, duration_ns);
    return eddy_deadline_at(input, duration_ns == EDDY_FOREVER
                                       ? EDDY_FOREVER
                                       : eddy_now_ns(eddy_core_handle(world->core)) + duration_ns);
}

static void limit_drops_what_does_not_end_in_time(void **state)
{
    struct test_clock *clock;
    struct world world = {.core = test_clock_core(&clock)};

    (void)state;
    for (int by = 0; by < 2; by++) {
        int64_t before_ns = clock->now_ns;
        eddy_future *work = limited(&world, owing(&world, at_gate(&world)), EDDY_SECOND, by);

        assert_int_equal(eddy_core_run(world.core, work), -ETIMEDOUT);
        assert_in_range(clock->now_ns - before_ns, EDDY_SECOND, EDDY_SECOND + TICK);
        check_world(&world);
        assert_null(world.gate.waiter.branch);
    }
    assert_int_equal(test_stats(world.core).timers_live, 0);
    test_core_end(world.core);
}

static void result_that_comes_in_time_is_the_inputs(void **state)
{
    struct test_clock *clock;
    struct world world = {.core = test_clock_core(&clock)};

    (void)state;
    for (int by = 0; by < 2; by++) {
        assert_int_equal(
            eddy_core_run(world.core, limited(&world, leaf(&world, 2, 3), EDDY_SECOND, by)), 3);
        assert_int_equal(
            eddy_core_run(world.core, limited(&world, leaf(&world, 2, -EIO), EDDY_SECOND, by)),
            -EIO);
        assert_int_equal(
            eddy_core_run(world.core, limited(&world, leaf(&world, 2, 3), EDDY_FOREVER, by)), 3);
        assert_int_equal(eddy_core_run(world.core, limited(&world, leaf(&world, 0, 3), 0, by)), 3);
        assert_int_equal(eddy_core_run(world.core, limited(&world, leaf(&world, 1, 3), -1, by)),
                         -ETIMEDOUT);
    }
    check_world(&world);
    assert_int_equal(clock->jumps, 0);
    assert_int_equal(test_stats(world.core).timers_live, 0);
    test_core_end(world.core);
}

static void duration_counts_from_the_first_poll_and_a_deadline_does_not(void **state)
{
    struct test_clock *clock;
    struct world world = {.core = test_clock_core(&clock)};
    eddy_future *after = eddy_timeout_after(at_gate(&world), EDDY_SECOND);
    int64_t start_ns = clock->now_ns;
    eddy_future *at = eddy_deadline_at(at_gate(&world), start_ns + 3 * EDDY_SECOND);

    (void)state;
    clock->now_ns += EDDY_SECOND;
    assert_int_equal(eddy_core_run(world.core, after), -ETIMEDOUT);
    assert_true(clock->now_ns - start_ns >= 2 * EDDY_SECOND);
    assert_int_equal(eddy_core_run(world.core, at), -ETIMEDOUT);
    assert_in_range(clock->now_ns - start_ns, 3 * EDDY_SECOND, 3 * EDDY_SECOND + TICK);
    check_world(&world);
    test_core_end(world.core);
}

static void limits_nest_and_the_earlier_wins(void **state)
{
    struct test_clock *clock;
    struct world world = {.core = test_clock_core(&clock)};

    (void)state;
    for (int inner = 1; inner <= 3; inner += 2) {
        int64_t before_ns = clock->now_ns;
        eddy_future *work = eddy_timeout_after(at_gate(&world), inner * EDDY_SECOND);

        work = eddy_deadline_at(work, clock->now_ns + 2 * EDDY_SECOND);
        assert_int_equal(eddy_core_run(world.core, work), -ETIMEDOUT);
        assert_in_range(clock->now_ns - before_ns, inner == 1 ? EDDY_SECOND : 2 * EDDY_SECOND,
                        3 * EDDY_SECOND - 1);
        check_world(&world);
    }
    test_core_end(world.core);
}

/* Asked to end it first takes a second for cleaning up. */
struct polite {
    EDDY_FRAME;
    struct world *world;
    eddy_sleep sleep;
};

static void polite_done(struct polite *self)
{
    test_trace_done(&self->world->trace);
}

EDDY_ASYNC(polite, polite_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, test_gate_poll(&self->world->gate, task));
        if (n != -ECANCELED)
            EDDY_RETURN(n);
        eddy_sleep_start(&self->sleep, task, EDDY_SECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        self->world->rounds++;
        EDDY_END(-ECANCELED);
}

static void request_to_end_is_told_to_the_input(void **state)
{
    struct test_clock *clock;
    struct world world = {.core = test_clock_core(&clock)};

    (void)state;
    for (int by = 0; by < 2; by++) {
        eddy_future *work = box(world.core, EDDY_FUTURE(polite, .world = &world));
        eddy_join *join;

        world.leaves++;
        join = spawn_boxed(world.core, limited(&world, work, 10 * EDDY_SECOND, by));
        test_settle(world.core);
        eddy_join_cancel(join, EDDY_FOREVER);
        assert_int_equal(test_join_end(world.core, join), -ECANCELED);
    }
    assert_int_equal(world.rounds, 2); /* it had its second */
    check_world(&world);
    test_core_end(world.core);
}

/* ---- dropped at any moment, and without memory ---- */

static bool by_point;       /* a deadline, not a duration */
static int64_t duration_ns; /* of the limit; the gate opens after 3 ms */

static eddy_future *begin_limited(void *arg, eddy_core *core)
{
    (void)core;
    return owing(arg, limited(arg, owing(arg, at_gate(arg)), duration_ns, by_point));
}

static eddy_future *begin(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.core = core};
    world->more = test_clock_take(core, 0);
    return begin_limited(world, core);
}

static void step_in_time(void *arg, eddy_core *core)
{
    struct world *world = arg;
    struct test_clock *clock = world->more;

    clock->now_ns += EDDY_MILLISECOND;
    step(world, core);
}

static void end(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)core;
    assert_true(result == 7 || result == -ETIMEDOUT || result == EDDY_DROPPED);
    check_world(world);
    assert_null(world->gate.waiter.branch);
}

static void limits_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin, step_in_time, end, &world, {0}};

    (void)state;
    for (int by = 0; by < 2; by++) {
        by_point = by != 0;
        duration_ns = 2 * EDDY_MILLISECOND;
        assert_in_range(test_drop_anywhere(&drop), 1, 5);
        duration_ns = EDDY_SECOND;
        assert_in_range(test_drop_anywhere(&drop), 1, 5);
    }
}

static void limit_that_is_never_polled_drops_its_input(void **state)
{
    struct world world = {.core = test_core()};

    (void)state;
    for (int by = 0; by < 2; by++) {
        eddy_future_drop(limited(&world, owing(&world, at_gate(&world)), EDDY_SECOND, by));
        assert_int_equal(world.owed - world.released, by);
        test_spawn_future(world.core, limited(&world, owing(&world, at_gate(&world)), 1, by),
                          __FILE__, __LINE__);
    }
    test_core_end(world.core);
    check_world(&world);
}

static void limit_without_memory_fails_and_drops_its_input(void **state)
{
    (void)state;
    for (int by = 0; by < 2; by++) {
        by_point = by != 0;
        duration_ns = EDDY_FOREVER;
        fail_each(begin_limited, 7);
        duration_ns = 0;
        fail_each(begin_limited, -ETIMEDOUT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limit_drops_what_does_not_end_in_time),
        cmocka_unit_test(result_that_comes_in_time_is_the_inputs),
        cmocka_unit_test(duration_counts_from_the_first_poll_and_a_deadline_does_not),
        cmocka_unit_test(limits_nest_and_the_earlier_wins),
        cmocka_unit_test(request_to_end_is_told_to_the_input),
        cmocka_unit_test(limits_can_be_dropped_at_any_moment),
        cmocka_unit_test(limit_that_is_never_polled_drops_its_input),
        cmocka_unit_test(limit_without_memory_fails_and_drops_its_input),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
