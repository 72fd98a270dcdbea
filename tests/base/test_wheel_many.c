/* SPDX-License-Identifier: MIT */
/*
 * test_wheel_many.c - src/base/wheel.h in large numbers: one timer from many clocks, and many
 * timers on one clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/wheel.h"

static uint64_t random_word(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void wheel_timer_fits_in_32_bytes(void **state)
{
    (void)state;
    assert_true(sizeof(eddy__timer) <= 32);
}

/* One timer, anywhere: not a nanosecond before its deadline, nor before its tick; then at once. */
static void wheel_fires_never_early(void **state)
{
    eddy__wheel wheel;
    eddy__timer timer;
    eddy__node due;
    uint64_t seed = 0x9e3779b97f4a7c15;
    (void)state;
    eddy__timer_init(&timer);
    eddy__list_init(&due);
    for (int i = 0; i < 50000; i++) {
        uint8_t shift = (uint8_t)(random_word(&seed) % (EDDY__WHEEL_SHIFT_MAX + 1));
        int64_t tick = INT64_C(1) << shift;
        int64_t now = (int64_t)(random_word(&seed) >> (2 + random_word(&seed) % 62));
        int64_t deadline = now + 1 + (int64_t)(random_word(&seed) >> (2 + random_word(&seed) % 62));
        bool reachable = deadline <= INT64_MAX - tick;
        int64_t due_ns = reachable ? (deadline + tick - 1) & -tick : INT64_MAX;
        eddy__wheel_init(&wheel, now, shift);
        eddy__wheel_start(&wheel, &timer, deadline);
        eddy__wheel_advance(&wheel, deadline - 1, &due);
        assert_true(eddy__list_empty(&due));
        eddy__wheel_advance(&wheel, due_ns - 1, &due);
        assert_true(eddy__list_empty(&due));
        eddy__wheel_advance(&wheel, due_ns, &due);
        assert_true(eddy__list_empty(&due) != reachable);
        eddy__wheel_stop(&wheel, &timer);
    }
}

static void wheel_holds_a_million_timers(void **state)
{
    enum { MILLION = 1000000 };
    eddy__timer *timers = malloc(MILLION * sizeof *timers);
    eddy__wheel wheel;
    eddy__node due;
    uint64_t seed = 88172645463325252;
    int64_t last = 0;
    uint32_t fired = 0;
    (void)state;
    assert_non_null(timers);
    eddy__wheel_init(&wheel, 0, 20);
    eddy__list_init(&due);
    for (int i = 0; i < MILLION; i++) {
        eddy__timer_init(&timers[i]);
        eddy__wheel_start(&wheel, &timers[i], (int64_t)(random_word(&seed) % (1ULL << 36)) + 1);
    }
    assert_int_equal(eddy__wheel_count(&wheel), MILLION);
    for (int i = 0; i < MILLION; i++)
        eddy__wheel_stop(&wheel, &timers[random_word(&seed) % MILLION]);
    uint32_t left = eddy__wheel_count(&wheel);
    assert_in_range(left, MILLION / 3, MILLION / 2);
    eddy__wheel_advance(&wheel, INT64_C(1) << 36, &due);
    EDDY__LIST_FOR_EACH (it, &due) {
        int64_t tick = (EDDY__CONTAINER(it, eddy__timer, link)->deadline_ns + 0xfffff) >> 20;
        assert_true(tick >= last);
        last = tick;
        fired++;
    }
    assert_int_equal(fired, left);
    assert_int_equal(eddy__wheel_count(&wheel), 0);
    free(timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wheel_timer_fits_in_32_bytes),
        cmocka_unit_test(wheel_fires_never_early),
        cmocka_unit_test(wheel_holds_a_million_timers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
