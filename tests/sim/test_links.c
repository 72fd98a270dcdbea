/* SPDX-License-Identifier: MIT */
/*
 * Tests of src/sim/links.c: how long a segment takes, and whether the way is open.
 */
#include "two_hosts.h"

static void a_calm_link_has_exactly_its_latency(void **state)
{
    (void)state;
    assert_int_equal(eddy__sim_link_arrival(way(a, b), 16384), 100 * US);
    assert_int_equal(eddy__sim_link_arrival(way(a, a), 16384), 5 * US);
    way(a, b)->latency_ns = 30 * MS;
    assert_int_equal(eddy__sim_link_arrival(way(a, b), 1), 30 * MS);
    assert_int_equal(eddy__sim_link_arrival(way(b, a), 1), 100 * US);
}

static void a_link_is_made_once_per_direction(void **state)
{
    (void)state;
    assert_ptr_equal(way(a, b), way(a, b));
    assert_ptr_not_equal(way(a, b), way(b, a));
    assert_ptr_equal(way(a, b)->from, a);
    assert_ptr_equal(way(a, b)->to, b);
}

static void bandwidth_lets_one_segment_wait_for_the_other(void **state)
{
    (void)state;
    way(a, b)->bytes_per_second = 1000000;
    assert_int_equal(eddy__sim_link_arrival(way(a, b), 1000), 1 * MS + 100 * US);
    assert_int_equal(eddy__sim_link_arrival(way(a, b), 500), 1500 * US + 100 * US);
    assert_int_equal(eddy__sim_link_arrival(way(a, b), 0), 1500 * US + 100 * US);
    run_until(10 * MS);
    assert_int_equal(eddy__sim_link_arrival(way(a, b), 1000), 11 * MS + 100 * US);
}

static void a_link_works_unless_it_is_cut_or_its_end_stands(void **state)
{
    (void)state;
    assert_true(eddy__sim_link_works(way(a, b)));
    way(a, b)->cut_until_ns = 5 * MS;
    assert_false(eddy__sim_link_works(way(a, b)));
    assert_true(eddy__sim_link_works(way(b, a)));
    run_until(5 * MS);
    assert_true(eddy__sim_link_works(way(a, b)));
    b->paused_until_ns = 6 * MS;
    assert_false(eddy__sim_link_works(way(a, b)));
    run_until(6 * MS);
    eddy__sim_host_crash(b);
    assert_false(eddy__sim_link_works(way(a, b)));
    assert_true(eddy__sim_link_works(way(b, a)));
}

static void jitter_stays_below_its_bound_and_differs(void **state)
{
    int64_t least = INT64_MAX, most = 0;

    (void)state;
    odds(EDDY_CHAOS_LATENCY, 1000000);
    for (int i = 0; i < 200; i++) {
        int64_t took_ns = eddy__sim_link_arrival(way(a, b), 10);

        least = took_ns < least ? took_ns : least;
        most = took_ns > most ? took_ns : most;
    }
    assert_in_range(least, 100 * US, 150 * US);
    assert_in_range(most, 1050 * US, 1100 * US);
}

static void chance_cuts_one_way_or_both_for_at_most_ten_seconds(void **state)
{
    (void)state;
    odds(EDDY_CHAOS_CUT_ONE_WAY, 1000000);
    (void)eddy__sim_link_arrival(way(a, b), 10);
    odds(EDDY_CHAOS_CUT_ONE_WAY, 0);
    assert_in_range(way(a, b)->cut_until_ns, 1, 10 * EDDY_SECOND);
    assert_int_equal(way(b, a)->cut_until_ns, 0);
    way(a, b)->cut_until_ns = 0;
    odds(EDDY_CHAOS_CUT, 1000000);
    (void)eddy__sim_link_arrival(way(b, a), 10);
    assert_in_range(way(b, a)->cut_until_ns, 1, 10 * EDDY_SECOND);
    assert_int_equal(way(a, b)->cut_until_ns, way(b, a)->cut_until_ns);
}

static void chance_makes_a_link_slow_for_a_while(void **state)
{
    (void)state;
    odds(EDDY_CHAOS_SLOW, 1000000);
    assert_int_equal(eddy__sim_link_arrival(way(a, b), 10000), 100 * MS + 100 * US);
    odds(EDDY_CHAOS_SLOW, 0);
    run_until(6 * EDDY_SECOND);
    assert_int_equal(eddy__sim_link_arrival(way(a, b), 10000), 6 * EDDY_SECOND + 100 * US);
}

static eddy__sim_host *struck;
static eddy_chaos struck_by;

static void note_strike(void *arg, eddy__sim_host *host, eddy_chaos chaos)
{
    (void)arg;
    struck = host;
    struck_by = chaos;
}

static void only_the_world_crashes_a_host_and_never_over_loopback(void **state)
{
    (void)state;
    odds(EDDY_CHAOS_CRASH, 1000000);
    (void)eddy__sim_link_arrival(way(a, b), 1); /* nobody to carry it out */
    room->strike = note_strike;
    (void)eddy__sim_link_arrival(way(a, a), 1);
    assert_null(struck);
    (void)eddy__sim_link_arrival(way(a, b), 1);
    assert_true(struck == a || struck == b);
    assert_int_equal(struck_by, EDDY_CHAOS_CRASH);
}

static void healing_opens_every_way(void **state)
{
    (void)state;
    cut(a, b);
    cut(b, b);
    way(b, a)->slow_until_ns = EDDY_FOREVER;
    a->stalled_until_ns = EDDY_FOREVER;
    eddy__sim_links_heal(room);
    assert_true(eddy__sim_link_works(way(a, b)));
    assert_true(eddy__sim_link_works(way(b, b)));
    assert_int_equal(way(b, a)->slow_until_ns, 0);
    assert_int_equal(a->stalled_until_ns, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, calm_room, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_calm_link_has_exactly_its_latency),
        TEST(a_link_is_made_once_per_direction),
        TEST(bandwidth_lets_one_segment_wait_for_the_other),
        TEST(a_link_works_unless_it_is_cut_or_its_end_stands),
        TEST(jitter_stays_below_its_bound_and_differs),
        TEST(chance_cuts_one_way_or_both_for_at_most_ten_seconds),
        TEST(chance_makes_a_link_slow_for_a_while),
        TEST(only_the_world_crashes_a_host_and_never_over_loopback),
        TEST(healing_opens_every_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
