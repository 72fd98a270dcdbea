/* SPDX-License-Identifier: MIT */
/*
 * Tests of what may go wrong with simulated datagrams: by chance, when a link is cut, when a host
 * stands still or goes down; and that one seed is one run.
 */
#include "failing.h"
#include "letters.h"

enum { ALWAYS = 1000000, MANY = 1000 };

/* `n` datagrams from a to b, each with its number; what arrived, in order. */
typedef struct run {
    int fa, fb;
    int got[4 * MANY], got_n;
} run;

static void start(run *r)
{
    *r = (run){.fa = udp_at(a, 0), .fb = udp_at(b, 53)};
    udp_set(b, r->fb, EDDY__DATAGRAM_RECV_BUFFER, 200000);
}

static void gather(run *r)
{
    eddy_datagram it;
    int number;

    while (fetch_into(b, r->fb, &number, sizeof number, &it) == 1)
        r->got[r->got_n++] = number;
}

static void exchange(run *r, int n)
{
    for (int i = 0; i < n; i++) {
        (void)udp_send(a, r->fa,
                       (eddy_datagram){.data = &(int){i}, .len = sizeof i, .peer = addr_of(b, 53)});
        run_for(MS);
        gather(r);
    }
    run_out();
    gather(r);
}

static int times(const run *r, int number)
{
    int n = 0;

    for (int i = 0; i < r->got_n; i++)
        n += r->got[i] == number;
    return n;
}

static bool in_order(const run *r)
{
    for (int i = 1; i < r->got_n; i++)
        if (r->got[i] < r->got[i - 1])
            return false;
    return true;
}

/* ---- by chance ---- */

static void calm_datagrams_all_arrive_once_and_in_order(void **state)
{
    run r;

    (void)state;
    start(&r);
    exchange(&r, MANY);
    assert_int_equal(r.got_n, MANY);
    assert_true(in_order(&r));
}

static void some_are_lost(void **state)
{
    run r;

    (void)state;
    start(&r);
    odds(EDDY_CHAOS_DGRAM_LOSS, ALWAYS / 10);
    exchange(&r, MANY);
    assert_int_equal(r.got_n, MANY - (int)room->chances[EDDY_CHAOS_DGRAM_LOSS].happened);
    assert_in_range(r.got_n, MANY * 8 / 10, MANY * 97 / 100);
    assert_true(in_order(&r));
}

static void some_come_twice(void **state)
{
    run r;
    int twice = 0;

    (void)state;
    start(&r);
    odds(EDDY_CHAOS_DGRAM_DUPLICATE, ALWAYS / 10);
    exchange(&r, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_in_range(times(&r, i), 1, 2);
        twice += times(&r, i) == 2;
    }
    assert_int_equal(twice, room->chances[EDDY_CHAOS_DGRAM_DUPLICATE].happened);
    assert_in_range(twice, MANY * 3 / 100, MANY * 2 / 10);
}

static void some_are_overtaken(void **state)
{
    run r;

    (void)state;
    start(&r);
    odds(EDDY_CHAOS_DGRAM_REORDER, ALWAYS / 10);
    exchange(&r, MANY);
    assert_int_equal(r.got_n, MANY);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(times(&r, i), 1);
    assert_false(in_order(&r));
}

static void some_are_refused_and_a_connected_sender_is_told(void **state)
{
    int refused = 0;
    run r;

    (void)state;
    start(&r);
    assert_int_equal(udp_connect(a, r.fa, addr_of(b, 53)), 0);
    odds(EDDY_CHAOS_DGRAM_REFUSE, ALWAYS / 10);
    for (int i = 0; i < MANY; i++) {
        eddy_datagram it = {.data = &(int){i}, .len = sizeof i};

        refused += udp_send(a, r.fa, it) == -ECONNREFUSED;
        run_for(MS);
        gather(&r);
    }
    run_out();
    gather(&r);
    refused += fetch_none(a, r.fa) == -ECONNREFUSED;
    assert_int_equal(refused, room->chances[EDDY_CHAOS_DGRAM_REFUSE].happened);
    assert_in_range(refused, MANY * 3 / 100, MANY * 2 / 10);
}

/* It is that datagram's result; the socket is writable all the time, so nobody waits for that. */
static void enobufs_a_thousand_times_is_told_a_thousand_times_and_the_socket_lives(void **state)
{
    run r;

    (void)state;
    start(&r);
    odds(EDDY_CHAOS_DGRAM_ENOBUFS, ALWAYS);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(post(a, r.fa, addr_of(b, 53), "x"), -ENOBUFS);
        assert_true((eddy__sim_ready(a, r.fa) & EDDY__SIM_WRITABLE) != 0);
    }
    odds(EDDY_CHAOS_DGRAM_ENOBUFS, 0);
    exchange(&r, 1);
    assert_int_equal(r.got_n, 1);
}

static void within_a_host_nothing_is_lost_doubled_or_refused(void **state)
{
    int from = udp_at(a, 0), to = udp_at(a, 53);

    (void)state;
    odds(EDDY_CHAOS_DGRAM_LOSS, ALWAYS);
    odds(EDDY_CHAOS_DGRAM_DUPLICATE, ALWAYS);
    odds(EDDY_CHAOS_DGRAM_REORDER, ALWAYS);
    odds(EDDY_CHAOS_DGRAM_REFUSE, ALWAYS);
    for (int i = 0; i < 100; i++)
        assert_int_equal(post(a, from, addr_of(a, 53), "x"), 1);
    run_out();
    assert_int_equal(fetch_all(a, to), 100);
}

static void lists_are_cut_short_by_chance_and_nothing_is_lost_by_it(void **state)
{
    char texts[8][2] = {"a", "b", "c", "d", "e", "f", "g", "h"}, memory[8][4];
    int later = 0, sent = 0, got = 0, calls = 0;
    eddy_datagram list[8];
    run r;

    (void)state;
    start(&r);
    odds(EDDY_CHAOS_SHORT_WRITE, ALWAYS);
    odds(EDDY_CHAOS_SPLIT, ALWAYS);
    for (size_t i = 0; i < 8; i++)
        list[i] = (eddy_datagram){.data = texts[i], .len = 1, .peer = addr_of(b, 53)};
    for (; sent < 8; calls++)
        sent += udp_of(a)->send(&a->system, r.fa, list + sent, (uint32_t)(8 - sent), &later);
    run_out();
    for (size_t i = 0; i < 8; i++)
        list[i] = (eddy_datagram){.data = memory[i], .room = sizeof memory[i]};
    for (; got < 8; calls++)
        got += udp_of(b)->recv(&b->system, r.fb, list + got, (uint32_t)(8 - got));
    assert_true(calls > 2);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(memory[i][0], texts[i][0]);
}

/* ---- links and hosts ---- */

static void what_a_cut_link_is_given_is_lost_and_nobody_is_told(void **state)
{
    run r;

    (void)state;
    start(&r);
    assert_int_equal(udp_connect(a, r.fa, addr_of(b, 53)), 0);
    cut(a, b);
    assert_int_equal(post(a, r.fa, nowhere, "x"), 1);
    run_out();
    heal(a, b);
    run_out();
    assert_int_equal(fetch_none(b, r.fb), -EAGAIN);
    assert_int_equal(fetch_none(a, r.fa), -EAGAIN);
    assert_int_equal(post(a, r.fa, nowhere, "x"), 1);
    cut(a, b); /* while it is under way */
    run_out();
    assert_int_equal(fetch_none(b, r.fb), -EAGAIN);
}

static void a_crash_takes_the_sockets_and_what_comes_then_is_lost(void **state)
{
    run r;

    (void)state;
    start(&r);
    assert_int_equal(udp_connect(a, r.fa, addr_of(b, 53)), 0);
    assert_int_equal(post(b, r.fb, udp_local(a, r.fa), "last words"), 1);
    assert_int_equal(post(a, r.fa, nowhere, "x"), 1);
    eddy__sim_host_crash(b);
    assert_int_equal(fetch_none(b, r.fb), -EBADF);
    run_out();
    (void)fetch(a, r.fa, "last words");
    assert_int_equal(post(a, r.fa, nowhere, "x"), 1);
    run_out();
    assert_int_equal(fetch_none(a, r.fa), -EAGAIN); /* nobody is there to refuse it */
    eddy__sim_host_start(b);
    assert_int_equal(post(a, r.fa, nowhere, "x"), 1);
    run_out();
    assert_int_equal(fetch_none(a, r.fa), -ECONNREFUSED);
    r.fb = udp_at(b, 53); /* the port is free again */
    assert_int_equal(post(a, r.fa, nowhere, "y"), 1);
    run_out();
    (void)fetch(b, r.fb, "y");
}

static void a_crash_of_a_sender_whose_buffer_is_full_leaves_nothing(void **state)
{
    run r;

    (void)state;
    start(&r);
    way(a, b)->bytes_per_second = 1000;
    for (int i = 0; i < 20; i++)
        assert_int_equal(post_bytes(a, r.fa, addr_of(b, 53), 100), 1);
    eddy__sim_host_crash(a);
    run_out();
    assert_int_equal(fetch_all(b, r.fb), 20); /* the network has them */
}

static void a_host_that_stands_still_misses_what_others_send_and_keeps_its_own(void **state)
{
    int inner, from;
    run r;

    (void)state;
    start(&r);
    inner = udp_at(b, 54);
    from = udp_at(b, 0);
    assert_int_equal(post(b, from, addr_of(b, 54), "own"), 1);
    b->paused_until_ns = EDDY_SECOND;
    assert_int_equal(post(a, r.fa, addr_of(b, 53), "x"), 1);
    run_until(EDDY_SECOND / 2);
    assert_int_equal(fetch_none(b, inner), -EAGAIN);
    b->paused_until_ns = 0;
    eddy__sim_host_goes_on(b);
    run_out();
    assert_true(room->now_ns < EDDY_SECOND);
    (void)fetch(b, inner, "own");
    assert_int_equal(fetch_none(b, r.fb), -EAGAIN);
}

static void what_a_stalled_receiver_is_sent_comes_afterwards_in_order(void **state)
{
    run r;

    (void)state;
    start(&r);
    b->stalled_until_ns = EDDY_SECOND;
    for (int i = 0; i < 3; i++)
        assert_int_equal(post(a, r.fa, addr_of(b, 53), i == 0 ? "x" : i == 1 ? "y" : "z"), 1);
    run_until(EDDY_SECOND - 1);
    assert_int_equal(fetch_none(b, r.fb), -EAGAIN);
    run_until(EDDY_SECOND);
    (void)fetch(b, r.fb, "x");
    (void)fetch(b, r.fb, "y");
    (void)fetch(b, r.fb, "z");
}

/* ---- memory ---- */

/* -ENOMEM, or a datagram that is lost; nothing leaks. */
static void without_memory_a_socket_is_not_made_or_a_datagram_is_lost(void **state)
{
    const eddy__datagram_group group = {.group = eddy_addr_ipv4(239, 0, 0, 1, 0)};
    bool done = false;

    (void)state;
    for (uint64_t n = 1; !done; n++) {
        int fa, fb, joined;

        open_failing_room();
        fb = udp_at(b, 53);
        fail_at = n;
        fa = udp_of(a)->open(&a->system, &a->addr);
        assert_true(fa >= 0 || fa == -ENOMEM);
        if (fa >= 0) {
            assert_int_equal(post(a, fa, addr_of(b, 53), "x"), 1);
            joined = udp_of(a)->group(&a->system, fa, &group, true);
            assert_true(joined == 0 || joined == -ENOMEM);
            run_out();
            done = fetch_all(b, fb) == 1 && joined == 0;
        }
        assert_true(done || fail_at == 0);
        close_failing_room();
    }
}

/* ---- seeds ---- */

static uint64_t hash_of(uint64_t seed, int *got_n)
{
    uint64_t hash;
    run r;

    open_room(&(eddy__sim_options){.seed = seed, .faults = true});
    for (int i = EDDY_CHAOS_DGRAM_LOSS; i <= EDDY_CHAOS_DGRAM_ENOBUFS; i++)
        odds((eddy_chaos)i, ALWAYS / 20);
    start(&r);
    exchange(&r, 300);
    *got_n = r.got_n;
    hash = room->hash;
    eddy__sim_release(room);
    return hash;
}

static void the_same_seed_gives_the_same_hash_and_another_another(void **state)
{
    int first, again, other;

    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        uint64_t hash = hash_of(seed, &first);

        assert_true(hash == hash_of(seed, &again));
        assert_int_equal(first, again);
        assert_true(hash != hash_of(seed + 100, &other));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, calm_room, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(calm_datagrams_all_arrive_once_and_in_order),
        TEST(some_are_lost),
        TEST(some_come_twice),
        TEST(some_are_overtaken),
        TEST(some_are_refused_and_a_connected_sender_is_told),
        TEST(enobufs_a_thousand_times_is_told_a_thousand_times_and_the_socket_lives),
        TEST(within_a_host_nothing_is_lost_doubled_or_refused),
        TEST(lists_are_cut_short_by_chance_and_nothing_is_lost_by_it),
        TEST(what_a_cut_link_is_given_is_lost_and_nobody_is_told),
        TEST(a_crash_takes_the_sockets_and_what_comes_then_is_lost),
        TEST(a_crash_of_a_sender_whose_buffer_is_full_leaves_nothing),
        TEST(a_host_that_stands_still_misses_what_others_send_and_keeps_its_own),
        TEST(what_a_stalled_receiver_is_sent_comes_afterwards_in_order),
        cmocka_unit_test(without_memory_a_socket_is_not_made_or_a_datagram_is_lost),
        cmocka_unit_test(the_same_seed_gives_the_same_hash_and_another_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
