/* SPDX-License-Identifier: MIT */
/*
 * Tests of connecting and accepting in the simulated network when something is in the way. When
 * each is noticed is part of the claim.
 */
#include "two_hosts.h"

/* ---- connecting ---- */

static int connect_error(int fd)
{
    (void)wait_for(a, fd, EDDY__SIM_BROKEN);
    return eddy__sim_take_error(a, fd);
}

static void nobody_listens_after_one_round_trip(void **state)
{
    (void)state;
    assert_int_equal(connect_error(start_connect(a, b, 80)), -ECONNREFUSED);
    assert_int_equal(room->now_ns, 200 * US);
}

static void there_is_no_such_host_after_a_latency(void **state)
{
    eddy_addr addr = eddy_addr_ipv4(10, 9, 9, 9, 80);
    int fd = a->system.type->stream(&a->system, &addr);

    (void)state;
    assert_int_equal(eddy__sim_connect(a, fd, &addr), -EINPROGRESS);
    assert_int_equal(connect_error(fd), -EHOSTUNREACH);
    assert_int_equal(room->now_ns, 100 * US);
}

static void another_family_has_no_way(void **state)
{
    eddy_addr addr = eddy_addr_ipv6_loopback(80);
    int fd;

    (void)state;
    addr.ip[0] = 0x20;
    fd = a->system.type->stream(&a->system, &addr);
    assert_int_equal(eddy__sim_connect(a, fd, &addr), -ENETUNREACH);
    addr = eddy_addr_ipv4_loopback(80);
    assert_int_equal(eddy__sim_connect(a, fd, &addr), -EAFNOSUPPORT);
}

static void silence_ends_a_connect_after_127_seconds(void **state)
{
    (void)state;
    (void)listen_at(b, 80, 4);
    cut(a, b);
    assert_int_equal(connect_error(start_connect(a, b, 80)), -ETIMEDOUT);
    assert_int_equal(room->now_ns, 127 * EDDY_SECOND);
}

static void a_connect_gets_through_once_the_way_is_whole(void **state)
{
    int fd;

    (void)state;
    (void)listen_at(b, 80, 4);
    cut(b, a);
    fd = start_connect(a, b, 80);
    run_until(2 * EDDY_SECOND);
    heal(b, a);
    assert_int_equal(wait_for(a, fd, EDDY__SIM_WRITABLE), 3 * EDDY_SECOND + 200 * US);
}

static void a_host_that_is_to_refuse_does(void **state)
{
    const int errors[] = {-ECONNREFUSED, -EHOSTUNREACH, -ENETUNREACH, -ETIMEDOUT};

    (void)state;
    (void)listen_at(b, 80, 4);
    for (int i = 0; i < 4; i++) {
        b->refuse = errors[i];
        assert_int_equal(connect_error(start_connect(a, b, 80)), errors[i]);
    }
    b->refuse = 0;
    (void)wait_for(a, start_connect(a, b, 80), EDDY__SIM_WRITABLE);
}

static void chance_refuses_hides_and_silences_connects(void **state)
{
    (void)state;
    (void)listen_at(b, 80, 4);
    odds(EDDY_CHAOS_REFUSE, 1000000);
    assert_int_equal(connect_error(start_connect(a, b, 80)), -ECONNREFUSED);
    odds(EDDY_CHAOS_REFUSE, 0);
    odds(EDDY_CHAOS_UNREACHABLE, 1000000);
    assert_int_equal(connect_error(start_connect(a, b, 80)), -EHOSTUNREACH);
    odds(EDDY_CHAOS_UNREACHABLE, 0);
    odds(EDDY_CHAOS_SILENT, 1000000);
    assert_int_equal(connect_error(start_connect(a, b, 80)), -ETIMEDOUT);
}

static void silence_by_chance_is_over_when_all_is_healed(void **state)
{
    int fd;

    (void)state;
    (void)listen_at(b, 80, 4);
    odds(EDDY_CHAOS_SILENT, 1000000);
    fd = start_connect(a, b, 80);
    run_until(500 * MS);
    room->healed = true;
    assert_int_equal(wait_for(a, fd, EDDY__SIM_WRITABLE), EDDY_SECOND + 200 * US);
}

static void a_full_backlog_lets_a_connect_wait_until_there_is_room(void **state)
{
    int l = listen_at(b, 80, 0), first = start_connect(a, b, 80), second;

    (void)state;
    run_for(MS);
    second = start_connect(a, b, 80);
    run_for(500 * MS);
    assert_int_equal(eddy__sim_ready(a, second), EDDY__SIM_CONNECTING);
    assert_true(eddy__sim_accept(b, l) >= 0);
    (void)wait_for(a, second, EDDY__SIM_WRITABLE);
    assert_in_range(room->now_ns, EDDY_SECOND, EDDY_SECOND + 2 * MS);
    hang_up(a, first);
}

/* Both first segments find room, the third ones do not. */
static void one_too_many_in_the_queue_is_let_in_later_with_its_bytes(void **state)
{
    int l = listen_at(b, 80, 0), first = start_connect(a, b, 80), second = start_connect(a, b, 80);
    int fd;

    (void)state;
    (void)wait_for(a, second, EDDY__SIM_WRITABLE);
    say(a, first, "first");
    say(a, second, "second");
    run_for(MS);
    fd = eddy__sim_accept(b, l);
    hear(b, fd, "first");
    assert_int_equal(eddy__sim_accept(b, l), -EAGAIN);
    (void)wait_for(b, l, EDDY__SIM_READABLE);
    fd = eddy__sim_accept(b, l);
    run_for(EDDY_SECOND);
    hear(b, fd, "second");
}

/* ---- accepting ---- */

static void accept_fails_as_often_as_it_is_told(void **state)
{
    int l = listen_at(b, 80, 4);

    (void)state;
    (void)start_connect(a, b, 80);
    b->accept_error = -ENFILE;
    b->accept_errors = 2;
    assert_int_equal(eddy__sim_accept(b, l), -EAGAIN);
    (void)wait_for(b, l, EDDY__SIM_READABLE);
    assert_int_equal(eddy__sim_accept(b, l), -ENFILE);
    assert_int_equal(eddy__sim_accept(b, l), -ENFILE);
    assert_true(eddy__sim_accept(b, l) >= 0);
}

static void an_aborted_connection_is_gone(void **state)
{
    int l = listen_at(b, 80, 4), fd = start_connect(a, b, 80);

    (void)state;
    odds(EDDY_CHAOS_ECONNABORTED, 1000000);
    (void)wait_for(b, l, EDDY__SIM_READABLE);
    assert_int_equal(eddy__sim_accept(b, l), -ECONNABORTED);
    assert_int_equal(eddy__sim_accept(b, l), -EAGAIN);
    assert_int_equal(connect_error(fd), -ECONNRESET);
}

static void descriptors_run_out_and_come_back(void **state)
{
    int l = listen_at(b, 80, 4), fd;

    (void)state;
    (void)start_connect(a, b, 80);
    (void)wait_for(b, l, EDDY__SIM_READABLE);
    b->fds_max = 1;
    assert_int_equal(eddy__sim_accept(b, l), -EMFILE);
    assert_int_equal(b->system.type->stream(&b->system, &b->addr), -EMFILE);
    b->fds_max = 2;
    fd = eddy__sim_accept(b, l);
    assert_int_equal(fd, l + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, calm_room, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_listens_after_one_round_trip),
        TEST(there_is_no_such_host_after_a_latency),
        TEST(another_family_has_no_way),
        TEST(silence_ends_a_connect_after_127_seconds),
        TEST(a_connect_gets_through_once_the_way_is_whole),
        TEST(a_host_that_is_to_refuse_does),
        TEST(chance_refuses_hides_and_silences_connects),
        TEST(silence_by_chance_is_over_when_all_is_healed),
        TEST(a_full_backlog_lets_a_connect_wait_until_there_is_room),
        TEST(one_too_many_in_the_queue_is_let_in_later_with_its_bytes),
        TEST(accept_fails_as_often_as_it_is_told),
        TEST(an_aborted_connection_is_gone),
        TEST(descriptors_run_out_and_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
