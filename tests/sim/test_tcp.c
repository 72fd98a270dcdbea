/* SPDX-License-Identifier: MIT */
/*
 * Tests of the simulated TCP between two hosts where nothing goes wrong: what takes how long, how
 * much is under way, how much memory that costs. What Linux does too is in test_tcp_fidelity.c.
 */
#include "two_hosts.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- time ---- */

static void a_connection_takes_one_round_trip_and_its_acceptance_half_more(void **state)
{
    int l = listen_at(b, 80, 16);
    int fd = start_connect(a, b, 80);

    (void)state;
    assert_int_equal(eddy__sim_ready(a, fd), EDDY__SIM_CONNECTING);
    assert_int_equal(wait_for(a, fd, EDDY__SIM_WRITABLE), 200 * US);
    assert_int_equal(eddy__sim_ready(b, l), 0);
    assert_int_equal(wait_for(b, l, EDDY__SIM_READABLE), 300 * US);
}

static void bytes_take_exactly_the_latency(void **state)
{
    two it = couple();
    int64_t from_ns = room->now_ns;

    (void)state;
    way(a, b)->latency_ns = 7 * MS;
    say(a, it.a, "x");
    assert_int_equal(wait_for(b, it.b, EDDY__SIM_READABLE), from_ns + 7 * MS);
}

static void loopback_takes_its_own_latency(void **state)
{
    int l = listen_at(a, 80, 16);
    int fd = start_connect(a, a, 80);

    (void)state;
    assert_int_equal(wait_for(a, fd, EDDY__SIM_WRITABLE), 10 * US);
    assert_int_equal(wait_for(a, l, EDDY__SIM_READABLE), 15 * US);
}

static void bandwidth_decides_how_long_a_megabyte_takes(void **state)
{
    two it = couple();
    int64_t from_ns = room->now_ns;
    size_t sent = 0, got = 0;

    (void)state;
    way(a, b)->bytes_per_second = 1000000;
    while (got < 1000000) {
        (void)pour(a, it.a, &sent, 1000000);
        assert_int_equal(drink(b, it.b, &got), -EAGAIN);
        if (got < 1000000)
            assert_true(eddy__sim_step(room, NULL, EDDY_FOREVER));
    }
    assert_in_range(room->now_ns - from_ns, EDDY_SECOND, EDDY_SECOND + 20 * MS);
    assert_int_equal(room->chances[EDDY_CHAOS_LOSS].happened, 0);
}

static size_t bytes_sent;

static void count_bytes(void *arg, const char *line)
{
    const char *what = strstr(line, "send data");
    size_t bytes = 0;

    (void)arg;
    if (what != NULL && sscanf(what, "send data %zu", &bytes) == 1)
        bytes_sent += bytes;
}

/* Answers wait behind the bytes of the other way for longer than a second. */
static void a_slow_link_with_both_ways_full_sends_little_twice(void **state)
{
    enum { BYTES = 300000 };
    size_t sent_a = 0, sent_b = 0, got_a = 0, got_b = 0;
    two it;

    (void)state;
    open_room(&(eddy__sim_options){.calm = true, .trace = count_bytes});
    it = couple();
    bytes_sent = 0;
    way(a, b)->bytes_per_second = 50000;
    way(b, a)->bytes_per_second = 50000;
    while (got_a < BYTES || got_b < BYTES) {
        (void)pour(a, it.a, &sent_a, BYTES);
        (void)pour(b, it.b, &sent_b, BYTES);
        (void)drink(a, it.a, &got_a);
        (void)drink(b, it.b, &got_b);
        if (got_a < BYTES || got_b < BYTES)
            assert_true(eddy__sim_step(room, NULL, EDDY_FOREVER));
    }
    assert_in_range(bytes_sent, 2 * BYTES, 2 * BYTES + 4 * 16384);
    assert_in_range(room->now_ns, 6 * EDDY_SECOND, 10 * EDDY_SECOND);
    eddy__sim_release(room);
}

/* ---- windows ---- */

static void a_reader_who_does_not_read_stops_the_writer(void **state)
{
    two it = couple();
    size_t sent = 0, got = 0;

    (void)state;
    do
        assert_int_equal(pour(a, it.a, &sent, SIZE_MAX), -EAGAIN);
    while (eddy__sim_step(room, NULL, EDDY_FOREVER)); /* ends: a full buffer keeps no room going */
    assert_int_equal(sent, 2 * 65536);
    assert_int_equal(eddy__sim_unread(b, it.b), 65536);
    assert_int_equal(eddy__sim_ready(a, it.a), 0);
    while (got < sent) {
        assert_int_equal(drink(b, it.b, &got), -EAGAIN);
        if (got < sent)
            assert_true(eddy__sim_step(room, NULL, EDDY_FOREVER));
    }
    (void)wait_for(a, it.a, EDDY__SIM_WRITABLE);
}

static void a_full_buffer_is_not_writable_before_a_third_is_free(void **state)
{
    static unsigned char block[32768];
    two it = couple();
    size_t sent = 0;

    (void)state;
    do
        (void)pour(a, it.a, &sent, SIZE_MAX);
    while (eddy__sim_step(room, NULL, EDDY_FOREVER));
    assert_int_equal(eddy__sim_recv(b, it.b, block, 16384), 16384);
    run_for(MS);
    assert_int_equal(eddy__sim_ready(a, it.a), 0);
    assert_int_equal(eddy__sim_recv(b, it.b, block, 16384), 16384);
    run_for(MS);
    assert_int_equal(eddy__sim_ready(a, it.a), EDDY__SIM_WRITABLE);
}

static void a_writer_that_waits_for_a_day_is_not_given_up(void **state)
{
    two it = couple();
    size_t sent = 0, got = 0;

    (void)state;
    (void)pour(a, it.a, &sent, SIZE_MAX);
    run_for(MS);
    (void)pour(a, it.a, &sent, SIZE_MAX);
    run_for(86400 * EDDY_SECOND);
    assert_int_equal(eddy__sim_ready(a, it.a), 0);
    while (got < sent) {
        (void)drink(b, it.b, &got);
        if (got < sent)
            assert_true(eddy__sim_step(room, NULL, EDDY_FOREVER));
    }
}

static void segments_do_not_overtake_each_other(void **state)
{
    two it = couple();
    size_t sent = 0, got = 0;

    (void)state;
    odds(EDDY_CHAOS_LATENCY, 1000000);
    way(a, b)->jitter_ns = 50 * MS;
    for (int i = 0; i < 30; i++)
        (void)pour(a, it.a, &sent, sent + 1000);
    run_for(51 * MS);
    (void)drink(b, it.b, &got);
    assert_int_equal(got, sent);
}

typedef struct bell {
    eddy__sim_watcher watcher;
    int rung;
} bell;

static void ring_bell(eddy__sim_watcher *watcher)
{
    EDDY__CONTAINER(watcher, bell, watcher)->rung++;
}

static void a_watcher_is_told_of_what_it_could_not_know(void **state)
{
    two it = couple();
    bell left = {.watcher.changed = ring_bell}, right = {.watcher.changed = ring_bell};
    size_t sent = 0, got = 0;

    (void)state;
    assert_int_equal(eddy__sim_watch(a, it.a, &left.watcher), 0);
    assert_int_equal(eddy__sim_watch(a, it.a, &right.watcher), -EEXIST);
    assert_int_equal(eddy__sim_watch(b, it.b, &right.watcher), 0);
    assert_int_equal(eddy__sim_watch(b, 7, &right.watcher), -EBADF);
    say(a, it.a, "x");
    run_out();
    assert_true(right.rung > 0);
    hear(b, it.b, "x");
    do
        (void)pour(a, it.a, &sent, SIZE_MAX);
    while (eddy__sim_step(room, NULL, EDDY_FOREVER));
    left.rung = 0;
    while (drink(b, it.b, &got) == -EAGAIN && eddy__sim_step(room, NULL, EDDY_FOREVER))
        continue;
    assert_true(left.rung > 0);
    assert_int_equal(eddy__sim_ready(a, it.a), EDDY__SIM_WRITABLE);
    right.rung = 0;
    hang_up(a, it.a);
    run_out();
    assert_true(right.rung > 0);
    assert_int_equal(eddy__sim_watch(b, it.b, NULL), 0);
    assert_int_equal(eddy__sim_watch(b, it.b, &right.watcher), 0);
}

static void a_small_buffer_holds_little(void **state)
{
    two it = couple();
    size_t sent = 0;

    (void)state;
    assert_int_equal(a->system.type->set(&a->system, it.a, EDDY__SOCKET_SEND_BUFFER, 4096), 0);
    assert_int_equal(pour(a, it.a, &sent, SIZE_MAX), -EAGAIN);
    assert_int_equal(sent, 4096);
}

/* ---- many ---- */

static size_t memory_used;

static void *count_alloc(size_t size, void *arg)
{
    (void)arg;
    memory_used += size;
    return malloc(size);
}

static void count_free(void *memory, size_t size, void *arg)
{
    (void)arg;
    memory_used -= memory != NULL ? size : 0;
    free(memory);
}

enum { MANY = 10000 };

static void ten_thousand_connections_cost_little_and_leave_nothing(void **state)
{
    static int clients[MANY], servers[MANY];
    const eddy_allocator counting = {count_alloc, count_free, NULL};
    int l;

    (void)state;
    memory_used = 0;
    open_room(&(eddy__sim_options){.calm = true, .allocator = &counting});
    a->fds_max = b->fds_max = 2 * MANY;
    l = listen_at(b, 80, 4096);
    for (int i = 0; i < MANY; i++) {
        clients[i] = start_connect(a, b, 80);
        if (i % 1000 == 999)
            run_for(MS);
        for (int fd; i % 1000 == 999 && (fd = eddy__sim_accept(b, l)) >= 0;)
            servers[fd - EDDY__SIM_FIRST_FD - 1] = fd;
    }
    for (int i = 0; i < MANY; i++)
        say(a, clients[i], "ping");
    run_for(MS);
    for (int i = 0; i < MANY; i++)
        hear(b, servers[i], "ping");
    assert_true(memory_used < (size_t)MANY * 2 * 1000);
    for (int i = 0; i < MANY; i++) {
        hang_up(a, clients[i]);
        hang_up(b, servers[i]);
    }
    run_for(MS);
    assert_int_equal(a->fds_used, 0);
    assert_true(a->time_waits_n <= 1024);
    hang_up(b, l);
    run_for(61 * EDDY_SECOND);
    assert_true(eddy__list_empty(&a->sockets));
    assert_true(eddy__list_empty(&b->sockets));
    eddy__sim_release(room);
    assert_int_equal(memory_used, 0);
}

static void no_port_is_left_after_28232_connections(void **state)
{
    eddy_addr addr;
    int fd, l = listen_at(b, 80, 16);

    (void)state;
    cut(a, b);
    a->fds_max = UINT32_MAX;
    for (int i = 32768; i <= 60999; i++)
        (void)start_connect(a, b, 80);
    addr = addr_of(b, 80);
    fd = a->system.type->stream(&a->system, &addr);
    assert_int_equal(eddy__sim_connect(a, fd, &addr), -EADDRNOTAVAIL);
    addr.port = 81; /* towards elsewhere each port is free */
    assert_int_equal(eddy__sim_connect(a, fd, &addr), -EINPROGRESS);
    hang_up(b, l);
}

static void shared_listeners_get_their_share(void **state)
{
    eddy__socket_listen how = {.backlog = 4096, .reuse_port = true, .only_v6 = -1};
    eddy_addr addr = addr_of(b, 80);
    int first = b->system.type->listen(&b->system, &addr, &how);
    int second = b->system.type->listen(&b->system, &addr, &how);
    int n = 0, m = 0;

    (void)state;
    for (int i = 0; i < 200; i++)
        (void)start_connect(a, b, 80);
    run_for(MS);
    while (eddy__sim_accept(b, first) >= 0)
        n++;
    while (eddy__sim_accept(b, second) >= 0)
        m++;
    assert_int_equal(n + m, 200);
    assert_in_range(n, 60, 140);
}

/* ---- orphans ---- */

static void who_waits_for_the_end_of_a_peer_that_keeps_quiet_gives_up(void **state)
{
    two it = couple();

    (void)state;
    hang_up(a, it.a);
    run_for(59 * EDDY_SECOND);
    assert_false(eddy__list_empty(&a->sockets));
    run_for(2 * EDDY_SECOND);
    assert_true(eddy__list_empty(&a->sockets));
    say(b, it.b, "x");
    run_for(MS);
    assert_int_equal(eddy__sim_take_error(b, it.b), -EPIPE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, calm_room, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_connection_takes_one_round_trip_and_its_acceptance_half_more),
        TEST(bytes_take_exactly_the_latency),
        TEST(loopback_takes_its_own_latency),
        TEST(bandwidth_decides_how_long_a_megabyte_takes),
        cmocka_unit_test(a_slow_link_with_both_ways_full_sends_little_twice),
        TEST(a_reader_who_does_not_read_stops_the_writer),
        TEST(a_full_buffer_is_not_writable_before_a_third_is_free),
        TEST(a_writer_that_waits_for_a_day_is_not_given_up),
        TEST(segments_do_not_overtake_each_other),
        TEST(a_watcher_is_told_of_what_it_could_not_know),
        TEST(a_small_buffer_holds_little),
        cmocka_unit_test(ten_thousand_connections_cost_little_and_leave_nothing),
        TEST(no_port_is_left_after_28232_connections),
        TEST(shared_listeners_get_their_share),
        TEST(who_waits_for_the_end_of_a_peer_that_keeps_quiet_gives_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
