/* SPDX-License-Identifier: MIT */
/*
 * test_wheel.c - what src/base/wheel.h promises, one claim per test, each on a case small enough
 * to follow by hand. test_wheel_model.c tries random ones, test_wheel_many.c many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/death.h"
#include "base/wheel.h"

enum { TIMERS = 8, SHIFT = 20 };

#define TICK    (INT64_C(1) << SHIFT)
#define CENTURY (INT64_C(3155760000) * EDDY_SECOND)

typedef struct world {
    eddy__wheel wheel;
    eddy__timer timers[TIMERS];
    eddy__node due;
} world;

static void make_world(world *self, int64_t now_ns, uint8_t tick_shift)
{
    eddy__wheel_init(&self->wheel, now_ns, tick_shift);
    eddy__list_init(&self->due);
    for (int i = 0; i < TIMERS; i++)
        eddy__timer_init(&self->timers[i]);
}

static void start(world *self, int number, int64_t deadline_ns)
{
    eddy__wheel_start(&self->wheel, &self->timers[number], deadline_ns);
}

static void stop(world *self, int number)
{
    eddy__wheel_stop(&self->wheel, &self->timers[number]);
}

/* Take the list of due: these timers are in it, in this order, written as digits. */
static void assert_due(world *self, const char *expected)
{
    for (; !eddy__list_empty(&self->due); expected++) {
        eddy__timer *timer = EDDY__CONTAINER(self->due.next, eddy__timer, link);
        assert_int_equal(timer - self->timers + '0', *expected);
        assert_false(timer->armed);
        eddy__list_remove(&timer->link);
    }
    assert_int_equal(*expected, '\0');
}

static void assert_fires(world *self, int64_t now_ns, const char *expected)
{
    eddy__wheel_advance(&self->wheel, now_ns, &self->due);
    assert_due(self, expected);
}

static void wheel_refuses_too_long_a_tick_at(void *self)
{
    make_world(self, 0, EDDY__WHEEL_SHIFT_MAX + 1);
}

static void wheel_refuses_too_long_a_tick(void **state)
{
    world *self = *state;
    assert_dies(wheel_refuses_too_long_a_tick_at, self, "wheel: tick_shift is 31");
}

static void wheel_fires_at_the_first_tick_not_before_the_deadline(void **state)
{
    world *self = *state;
    make_world(self, 5 * TICK, SHIFT);
    start(self, 0, 7 * TICK);
    start(self, 1, 7 * TICK + 1);
    start(self, 2, 8 * TICK);
    assert_fires(self, 7 * TICK - 1, "");
    assert_fires(self, 7 * TICK, "0");
    assert_fires(self, 8 * TICK - 1, "");
    assert_fires(self, 8 * TICK, "12");
}

static void wheel_past_deadline_fires_at_the_next_advance(void **state)
{
    world *self = *state;
    make_world(self, 1000 * TICK + 7, SHIFT);
    start(self, 0, INT64_MIN);
    start(self, 1, 0);
    start(self, 2, 1000 * TICK);
    start(self, 3, 1000 * TICK + 7); /* now, but its tick is yet to come */
    assert_true(eddy__wheel_next_ns(&self->wheel) <= 1000 * TICK + 7);
    assert_fires(self, 1000 * TICK + 7, "012");
    assert_fires(self, 1001 * TICK, "3");
}

/* All end in one tick, each is started from a different distance, so on a different level. */
static void wheel_fires_ties_in_start_order_from_every_level(void **state)
{
    world *self = *state;
    int64_t span = INT64_C(1) << 36, deadline = 2 * span;
    make_world(self, span - 1, 0);
    start(self, 0, deadline);
    for (int i = 1; i < 7; i++) {
        span /= 64;
        assert_fires(self, deadline - span - 1, "");
        start(self, i, deadline);
    }
    assert_fires(self, deadline - 1, "");
    start(self, 7, deadline);
    assert_fires(self, deadline, "01234567");
}

static void wheel_orders_ticks_before_starts(void **state)
{
    world *self = *state;
    make_world(self, 0, SHIFT);
    start(self, 0, 5000 * TICK);
    start(self, 1, 70 * TICK);
    start(self, 2, 3 * TICK);
    start(self, 3, 4097 * TICK);
    start(self, 4, 70 * TICK);
    assert_fires(self, 10000 * TICK, "21430");
}

static void wheel_moved_later_by_writing_the_field_fires_at_the_new_deadline(void **state)
{
    world *self = *state;
    make_world(self, 0, SHIFT);
    start(self, 0, 100 * TICK);
    self->timers[0].deadline_ns = 5000 * TICK;
    assert_fires(self, 100 * TICK, "");
    assert_int_equal(eddy__wheel_count(&self->wheel), 1);
    self->timers[0].deadline_ns = EDDY_FOREVER;
    assert_fires(self, 5000 * TICK, "");
    assert_int_equal(eddy__wheel_next_ns(&self->wheel), EDDY_FOREVER);
}

static void wheel_moved_later_counts_as_started_when_put_back(void **state)
{
    world *self = *state;
    make_world(self, 0, SHIFT);
    start(self, 0, 100 * TICK);
    start(self, 1, 200 * TICK);
    start(self, 0, 200 * TICK);
    start(self, 2, 200 * TICK);
    assert_fires(self, 100 * TICK, ""); /* 0 is put back, behind 1 and 2 */
    start(self, 3, 200 * TICK);
    assert_fires(self, 200 * TICK, "1203");
}

static void wheel_moved_later_only_writes_the_field(void **state)
{
    world *self = *state;
    uint16_t where;
    make_world(self, 0, SHIFT);
    start(self, 0, 100 * TICK);
    where = self->timers[0].where;
    start(self, 0, 9000 * TICK);
    assert_int_equal(self->timers[0].where, where);
    start(self, 0, 100 * TICK);
    assert_int_equal(self->timers[0].where, where);
    assert_fires(self, 100 * TICK, "0");
}

static void wheel_moved_while_far_away_takes_effect_at_once(void **state)
{
    world *self = *state;
    int64_t block = INT64_C(1) << 36;
    make_world(self, 0, 0);
    start(self, 0, block + 10);
    start(self, 1, 3 * block);
    start(self, 2, 3 * block);
    self->timers[0].deadline_ns = 3 * block; /* its start stays the first */
    start(self, 1, 3 * block);               /* its start is now */
    assert_fires(self, 2 * block, "");
    assert_fires(self, 3 * block - 1, "");
    assert_fires(self, 3 * block, "021");
}

static void wheel_rearmed_earlier_fires_at_the_new_deadline_once(void **state)
{
    world *self = *state;
    make_world(self, 0, SHIFT);
    start(self, 0, 5000 * TICK);
    start(self, 1, 4500 * TICK);
    start(self, 0, 4500 * TICK); /* in the same slot still, but behind 1 from now on */
    assert_int_equal(eddy__wheel_count(&self->wheel), 2);
    assert_fires(self, 4500 * TICK, "10");
    assert_fires(self, 6000 * TICK, "");
}

static void wheel_stopped_never_fires(void **state)
{
    world *self = *state;
    make_world(self, 0, SHIFT);
    for (int i = 0; i < TIMERS; i++)
        start(self, i, (INT64_C(1) << (6 * i)) + 2 * TICK * i);
    for (int i = 0; i < TIMERS; i += 2)
        stop(self, i);
    assert_int_equal(eddy__wheel_count(&self->wheel), TIMERS / 2);
    assert_fires(self, CENTURY, "1357");
    assert_int_equal(eddy__wheel_next_ns(&self->wheel), EDDY_FOREVER);
}

static void wheel_stop_is_harmless_when_not_armed(void **state)
{
    world *self = *state;
    make_world(self, 0, SHIFT);
    stop(self, 0);
    start(self, 0, TICK);
    stop(self, 0);
    stop(self, 0);
    assert_int_equal(eddy__wheel_count(&self->wheel), 0);
    start(self, 0, TICK);
    assert_fires(self, TICK, "0");
    stop(self, 0);
    assert_int_equal(eddy__wheel_count(&self->wheel), 0);
}

static void wheel_stop_and_start_take_a_timer_out_of_due(void **state)
{
    world *self = *state;
    make_world(self, 0, SHIFT);
    for (int i = 0; i < 4; i++)
        start(self, i, TICK);
    eddy__wheel_advance(&self->wheel, TICK, &self->due);
    stop(self, 1);
    start(self, 2, 0);
    assert_due(self, "03");
    assert_fires(self, TICK, "2");
}

static void wheel_started_while_due_is_handled_waits_for_the_next_advance(void **state)
{
    world *self = *state;
    make_world(self, 0, SHIFT);
    start(self, 0, TICK);
    eddy__wheel_advance(&self->wheel, TICK, &self->due);
    start(self, 1, TICK);
    assert_due(self, "0");
    assert_fires(self, TICK, "1");
}

static void wheel_advance_appends_to_what_due_holds(void **state)
{
    world *self = *state;
    make_world(self, 0, SHIFT);
    start(self, 0, 2 * TICK);
    start(self, 1, 1 * TICK);
    eddy__wheel_advance(&self->wheel, TICK, &self->due);
    eddy__wheel_advance(&self->wheel, 2 * TICK, &self->due);
    assert_due(self, "10");
}

static void wheel_time_going_back_changes_nothing(void **state)
{
    world *self = *state;
    make_world(self, 1000 * TICK, SHIFT);
    start(self, 0, 1100 * TICK);
    assert_fires(self, 3 * TICK, "");
    assert_fires(self, INT64_MIN, "");
    start(self, 1, 500 * TICK);
    assert_fires(self, 0, "1");
    assert_fires(self, 1100 * TICK, "0");
}

static void wheel_time_below_zero_counts_as_zero(void **state)
{
    world *self = *state;
    make_world(self, INT64_MIN, SHIFT);
    start(self, 0, -5);
    start(self, 1, 1);
    assert_int_equal(eddy__wheel_next_ns(&self->wheel), 0);
    assert_fires(self, -4, "0");
    assert_fires(self, 0, "");
    assert_fires(self, TICK, "1");
}

static void wheel_next_is_forever_when_nothing_can_fire(void **state)
{
    world *self = *state;
    make_world(self, 12345, SHIFT);
    assert_int_equal(eddy__wheel_next_ns(&self->wheel), EDDY_FOREVER);
    start(self, 0, EDDY_FOREVER); /* its tick begins after the clock's last nanosecond */
    assert_int_equal(eddy__wheel_next_ns(&self->wheel), EDDY_FOREVER);
    assert_fires(self, INT64_MAX, "");
    assert_int_equal(eddy__wheel_count(&self->wheel), 1);
    stop(self, 0);
    assert_int_equal(eddy__wheel_next_ns(&self->wheel), EDDY_FOREVER);
}

static void wheel_reaches_the_last_nanosecond_without_overflow(void **state)
{
    world *self = *state;
    make_world(self, 0, 0);
    start(self, 0, INT64_MAX);
    start(self, 1, INT64_MAX - 1);
    assert_int_equal(eddy__wheel_next_ns(&self->wheel), INT64_MAX - 1);
    assert_fires(self, INT64_MAX - 2, "");
    assert_fires(self, INT64_MAX - 1, "1");
    assert_fires(self, INT64_MAX, "0");
    start(self, 2, INT64_MAX);
    assert_fires(self, INT64_MAX, "2");
}

/* With a tick of 1 ns a century is 46 million blocks of the top level: only a wheel that goes
 * from timer to timer gets there. */
static void wheel_jumps_over_centuries(void **state)
{
    world *self = *state;
    make_world(self, 0, 0);
    start(self, 0, EDDY_FOREVER);
    start(self, 1, CENTURY);
    start(self, 2, CENTURY + 1);
    start(self, 3, CENTURY / 2);
    start(self, 4, 1);
    assert_int_equal(eddy__wheel_next_ns(&self->wheel), 1);
    assert_fires(self, CENTURY, "431");
    assert_fires(self, 2 * CENTURY, "2");
}

/* A clock that steps through every slot of the top level, and on into the next blocks, with a
 * timer in it that is centuries away: the short timers go on firing. */
static void wheel_top_level_never_wraps_onto_a_long_timer(void **state)
{
    world *self = *state;
    int64_t top_slot = INT64_C(1) << 30;
    make_world(self, 5 * top_slot - 3, 0);
    start(self, 0, CENTURY);
    start(self, 1, 68 * top_slot + 1);
    for (int64_t slot = 5; slot < 300; slot++) {
        int64_t begin = slot * top_slot;
        start(self, 2, begin + 2);
        assert_fires(self, begin - 1, "");
        assert_fires(self, begin + 1, slot == 68 ? "1" : "");
        assert_fires(self, begin + 2, "2");
    }
    assert_int_equal(eddy__wheel_count(&self->wheel), 1);
}

static void wheel_earlier_far_timer_is_not_lost_when_the_earliest_is_stopped(void **state)
{
    world *self = *state;
    int64_t block = INT64_C(1) << 36;
    make_world(self, 0, 0);
    start(self, 0, 3 * block);
    stop(self, 0);
    assert_fires(self, 10 * block, "");
    start(self, 1, 50 * block);
    start(self, 2, 40 * block);
    start(self, 3, 45 * block);
    stop(self, 2);
    assert_fires(self, 45 * block - 1, "");
    assert_fires(self, 45 * block, "3");
    assert_fires(self, 50 * block, "1");
}

static int give_world(void **state)
{
    static world self;
    *state = &self;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wheel_refuses_too_long_a_tick),
        cmocka_unit_test(wheel_fires_at_the_first_tick_not_before_the_deadline),
        cmocka_unit_test(wheel_past_deadline_fires_at_the_next_advance),
        cmocka_unit_test(wheel_fires_ties_in_start_order_from_every_level),
        cmocka_unit_test(wheel_orders_ticks_before_starts),
        cmocka_unit_test(wheel_moved_later_by_writing_the_field_fires_at_the_new_deadline),
        cmocka_unit_test(wheel_moved_later_counts_as_started_when_put_back),
        cmocka_unit_test(wheel_moved_later_only_writes_the_field),
        cmocka_unit_test(wheel_moved_while_far_away_takes_effect_at_once),
        cmocka_unit_test(wheel_rearmed_earlier_fires_at_the_new_deadline_once),
        cmocka_unit_test(wheel_stopped_never_fires),
        cmocka_unit_test(wheel_stop_is_harmless_when_not_armed),
        cmocka_unit_test(wheel_stop_and_start_take_a_timer_out_of_due),
        cmocka_unit_test(wheel_started_while_due_is_handled_waits_for_the_next_advance),
        cmocka_unit_test(wheel_advance_appends_to_what_due_holds),
        cmocka_unit_test(wheel_time_going_back_changes_nothing),
        cmocka_unit_test(wheel_time_below_zero_counts_as_zero),
        cmocka_unit_test(wheel_next_is_forever_when_nothing_can_fire),
        cmocka_unit_test(wheel_reaches_the_last_nanosecond_without_overflow),
        cmocka_unit_test(wheel_jumps_over_centuries),
        cmocka_unit_test(wheel_top_level_never_wraps_onto_a_long_timer),
        cmocka_unit_test(wheel_earlier_far_timer_is_not_lost_when_the_earliest_is_stopped),
    };
    return cmocka_run_group_tests(tests, give_world, NULL);
}
