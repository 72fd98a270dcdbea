/* SPDX-License-Identifier: MIT */
/*
 * Tests of groups of hosts and of everybody (255.255.255.255) in src/sim/udp*.c.
 */
#include "letters.h"

enum { PORT = 5353 };

static eddy__sim_host *c;

static int three_hosts(void **state)
{
    const eddy_addr third = eddy_addr_ipv4(10, 0, 0, 3, 0);

    (void)calm_room(state);
    return eddy__sim_host_new(room, "c", &third, &c);
}

static eddy_addr group_of(uint8_t last)
{
    return eddy_addr_ipv4(239, 1, 2, last, PORT);
}

static int change(eddy__sim_host *host, int fd, eddy__datagram_group group, bool join)
{
    return udp_of(host)->group(&host->system, fd, &group, join);
}

static int join(eddy__sim_host *host, int fd, uint8_t last)
{
    return change(host, fd, (eddy__datagram_group){.group = group_of(last)}, true);
}

static int leave(eddy__sim_host *host, int fd, uint8_t last)
{
    return change(host, fd, (eddy__datagram_group){.group = group_of(last)}, false);
}

static int shared(eddy__sim_host *host)
{
    const eddy__datagram_bind how = {.reuse_address = true, .only_v6 = -1};
    const eddy_addr at = eddy_addr_ipv4_any(PORT);
    int fd = udp_open(host);

    assert_int_equal(udp_of(host)->bind(&host->system, fd, &at, &how), 0);
    return fd;
}

static int heard(eddy__sim_host *host, int fd)
{
    run_out();
    return fetch_all(host, fd);
}

static void all_that_have_joined_hear_it_on_every_host(void **state)
{
    int fa = udp_at(a, 0), fb = shared(b), again = shared(b), stranger = shared(b), fc = shared(c);
    eddy_datagram it;

    (void)state;
    assert_int_equal(join(b, fb, 1), 0);
    assert_int_equal(join(b, again, 1), 0);
    assert_int_equal(join(b, stranger, 2), 0);
    assert_int_equal(join(c, fc, 1), 0);
    udp_set(c, fc, EDDY__DATAGRAM_TELL_LOCAL, 1);
    assert_int_equal(post(a, fa, group_of(1), "hello"), 1);
    run_out();
    (void)fetch(b, fb, "hello");
    (void)fetch(b, again, "hello");
    assert_int_equal(fetch_none(b, stranger), -EAGAIN);
    it = fetch(c, fc, "hello");
    assert_int_equal(it.local.ip[0], 239);
    assert_int_equal(it.interface_index, 2);
    assert_int_equal(it.peer.ip[3], 1);
}

static void who_leaves_hears_no_more(void **state)
{
    int fa = udp_at(a, 0), fb = shared(b);

    (void)state;
    assert_int_equal(leave(b, fb, 1), -EADDRNOTAVAIL);
    assert_int_equal(join(b, fb, 1), 0);
    assert_int_equal(join(b, fb, 1), -EADDRINUSE);
    assert_int_equal(leave(b, fb, 1), 0);
    assert_int_equal(post(a, fa, group_of(1), "x"), 1);
    assert_int_equal(heard(b, fb), 0);
}

static void a_member_of_one_source_hears_that_one_alone(void **state)
{
    eddy__datagram_group from_a = {.group = group_of(1), .source = a->addr};
    eddy__datagram_group from_c = {.group = group_of(1), .source = c->addr};
    int fa = udp_at(a, 0), fb = shared(b), fc = udp_at(c, 0);

    (void)state;
    assert_int_equal(change(b, fb, from_a, false), -EINVAL);
    assert_int_equal(change(b, fb, from_a, true), 0);
    assert_int_equal(change(b, fb, from_a, true), -EADDRNOTAVAIL);
    assert_int_equal(post(a, fa, group_of(1), "x"), 1);
    assert_int_equal(post(c, fc, group_of(1), "x"), 1);
    assert_int_equal(heard(b, fb), 1);
    assert_int_equal(change(b, fb, from_c, false), -EADDRNOTAVAIL);
    assert_int_equal(change(b, fb, from_c, true), 0);
    assert_int_equal(post(c, fc, group_of(1), "x"), 1);
    assert_int_equal(heard(b, fb), 1);
    assert_int_equal(join(b, fb, 1), -EADDRINUSE); /* any source, besides these */
    assert_int_equal(change(b, fb, from_a, false), 0);
    assert_int_equal(post(a, fa, group_of(1), "x"), 1);
    assert_int_equal(heard(b, fb), 0);
}

static void the_own_host_hears_it_unless_the_sender_does_not_want_that(void **state)
{
    int fa = shared(a), fb = shared(b);

    (void)state;
    assert_int_equal(join(a, fa, 1), 0);
    assert_int_equal(join(b, fb, 1), 0);
    assert_int_equal(post(a, fa, group_of(1), "x"), 1);
    assert_int_equal(heard(a, fa), 1);
    udp_set(a, fa, EDDY__DATAGRAM_MULTICAST_LOOP, 0);
    assert_int_equal(post(a, fa, group_of(1), "x"), 1);
    assert_int_equal(heard(a, fa), 0);
    assert_int_equal(fetch_all(b, fb), 2);
}

static void a_time_to_live_of_zero_and_the_loopback_interface_keep_it_here(void **state)
{
    eddy__datagram_group inner = {.group = group_of(1), .interface_index = 1};
    int fa = shared(a), local = shared(a), fb = shared(b);

    (void)state;
    assert_int_equal(join(a, fa, 1), 0);
    assert_int_equal(change(a, local, inner, true), 0);
    assert_int_equal(join(b, fb, 1), 0);
    udp_set(a, fa, EDDY__DATAGRAM_MULTICAST_TTL, 0);
    assert_int_equal(post(a, fa, group_of(1), "x"), 1);
    assert_int_equal(heard(a, fa), 1);
    udp_set(a, fa, EDDY__DATAGRAM_MULTICAST_TTL, 1);
    udp_set(a, fa, EDDY__DATAGRAM_MULTICAST_IFACE, 1);
    assert_int_equal(post(a, fa, group_of(1), "x"), 1);
    run_out();
    assert_int_equal(fetch(a, local, "x").peer.ip[0], 127);
    assert_int_equal(fetch_none(a, fa), -EAGAIN); /* it has joined by the network */
    assert_int_equal(fetch_none(b, fb), -EAGAIN);
}

static void one_that_is_bound_to_a_group_hears_nothing_else(void **state)
{
    int fa = udp_at(a, 0), fb = udp_open(b);

    (void)state;
    assert_int_equal(udp_bind(b, fb, group_of(1)), 0);
    assert_int_equal(join(b, fb, 1), 0);
    assert_int_equal(join(b, fb, 2), 0);
    assert_int_equal(post(a, fa, group_of(1), "x"), 1);
    assert_int_equal(post(a, fa, group_of(2), "x"), 1);
    assert_int_equal(post(a, fa, addr_of(b, PORT), "x"), 1);
    assert_int_equal(heard(b, fb), 1);
    assert_int_equal(post(b, fb, addr_of(a, udp_local(a, fa).port), "y"), 1);
    run_out();
    assert_int_equal(fetch(a, fa, "y").peer.ip[3], 2); /* not the group's address */
}

static void what_is_no_group_cannot_be_joined_and_too_many_neither(void **state)
{
    eddy__datagram_group six = {.group = eddy_addr_ipv6_loopback(0)};
    eddy__datagram_group mixed = {.group = group_of(1), .source = eddy_addr_ipv6_loopback(0)};
    eddy__datagram_group way_7 = {.group = group_of(1), .interface_index = 7};
    int fa = udp_open(a), n = 0;

    (void)state;
    assert_int_equal(change(a, fa, (eddy__datagram_group){.group = addr_of(b, 0)}, true), -EINVAL);
    six.group.ip[0] = 0xFF;
    assert_int_equal(change(a, fa, six, true), -EINVAL);
    assert_int_equal(change(a, fa, mixed, true), -EINVAL);
    assert_int_equal(change(a, fa, way_7, true), -ENODEV);
    assert_int_equal(change(a, 5, way_7, true), -EBADF);
    assert_int_equal(change(a, listen_at(a, 80, 1), way_7, true), -ENOPROTOOPT);
    while (n < 100 && join(a, fa, (uint8_t)n) == 0)
        n++;
    assert_int_equal(n, 20);
    assert_int_equal(join(a, fa, 77), -ENOBUFS);
}

static void everybody_is_spoken_to_by_leave_alone_and_all_of_that_port_hear(void **state)
{
    const eddy_addr everybody = eddy_addr_ipv4(255, 255, 255, 255, PORT);
    int fa = shared(a), fb = shared(b), again = shared(b), fc = shared(c), other = udp_at(c, 9);

    (void)state;
    assert_int_equal(post(a, fa, everybody, "x"), -EACCES);
    assert_int_equal(udp_connect(a, udp_open(a), everybody), -EACCES);
    udp_set(a, fa, EDDY__DATAGRAM_BROADCAST, 1);
    assert_int_equal(post(a, fa, everybody, "x"), 1);
    assert_int_equal(heard(a, fa), 1);
    assert_int_equal(fetch_all(b, fb) + fetch_all(b, again), 2);
    assert_int_equal(fetch_all(c, fc), 1);
    assert_int_equal(fetch_all(c, other), 0);
}

static void groups_of_ipv6_are_heard_by_hosts_of_ipv6(void **state)
{
    const eddy__datagram_bind how = {.only_v6 = -1};
    eddy_addr addr = eddy_addr_ipv6_loopback(0), any = eddy_addr_ipv6_any(PORT);
    eddy__datagram_group group = {.group = eddy_addr_ipv6_any(PORT)};
    eddy__sim_host *six, *other;
    int from, to;

    (void)state;
    addr.ip[0] = 0xfd;
    assert_int_equal(eddy__sim_host_new(room, "six", &addr, &six), 0);
    addr.ip[15] = 2;
    assert_int_equal(eddy__sim_host_new(room, "other", &addr, &other), 0);
    from = udp_open(six);
    to = udp_open(other);
    memcpy(group.group.ip, "\xff\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\xfb", 16);
    assert_int_equal(udp_of(other)->bind(&other->system, to, &any, &how), 0);
    assert_int_equal(change(other, to, group, true), 0);
    group.group.scope_id = 2;
    assert_int_equal(post(six, from, group.group, "x"), 1);
    assert_int_equal(post(six, from, (eddy_addr){.family = EDDY_ADDR_IPV6, .port = 1}, "x"), 1);
    run_out();
    (void)fetch(other, to, "x");
}

static void nobody_refuses_what_went_to_many(void **state)
{
    int fa = udp_at(a, 0);

    (void)state;
    assert_int_equal(udp_connect(a, fa, group_of(1)), 0);
    assert_int_equal(post(a, fa, nowhere, "x"), 1);
    run_out();
    assert_int_equal(fetch_none(a, fa), -EAGAIN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, three_hosts, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_that_have_joined_hear_it_on_every_host),
        TEST(who_leaves_hears_no_more),
        TEST(a_member_of_one_source_hears_that_one_alone),
        TEST(the_own_host_hears_it_unless_the_sender_does_not_want_that),
        TEST(a_time_to_live_of_zero_and_the_loopback_interface_keep_it_here),
        TEST(one_that_is_bound_to_a_group_hears_nothing_else),
        TEST(what_is_no_group_cannot_be_joined_and_too_many_neither),
        TEST(everybody_is_spoken_to_by_leave_alone_and_all_of_that_port_hear),
        TEST(groups_of_ipv6_are_heard_by_hosts_of_ipv6),
        TEST(nobody_refuses_what_went_to_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
