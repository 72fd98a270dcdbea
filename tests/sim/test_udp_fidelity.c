/* SPDX-License-Identifier: MIT */
/*
 * What simulated datagrams do, and what the kernel's do over its loopback: the same claims for both.
 */
#include "both.h"

#include "sys/datagrams.h"

static const eddy__datagrams *udp(void)
{
    return at->type->datagrams;
}

static int open_udp(void)
{
    const eddy_addr any = eddy_addr_ipv4_any(0);
    int fd = udp()->open(at, &any);

    assert_true(fd >= 0);
    return fd;
}

static int bind_udp(int fd, eddy_addr addr, bool reuse_address, bool reuse_port)
{
    const eddy__datagram_bind how = {
        .reuse_address = reuse_address, .reuse_port = reuse_port, .only_v6 = -1};

    return udp()->bind(at, fd, &addr, &how);
}

static int bound(void)
{
    int fd = open_udp();

    assert_int_equal(bind_udp(fd, eddy_addr_ipv4_loopback(0), false, false), 0);
    return fd;
}

static int connect_udp(int fd, eddy_addr addr)
{
    return udp()->connect(at, fd, &addr);
}

static int send_it(int fd, eddy_datagram it)
{
    int later = 0;

    return udp()->send(at, fd, &it, 1, &later);
}

static const eddy_addr nowhere = {0};

static int post(int fd, eddy_addr to, const char *text)
{
    char copy[32];

    strcpy(copy, text);
    return send_it(fd, (eddy_datagram){.data = copy, .len = strlen(text), .peer = to});
}

static int fetch_raw(int fd, char *memory, size_t space, eddy_datagram *it)
{
    *it = (eddy_datagram){.data = memory, .room = space};
    return udp()->recv(at, fd, it, 1);
}

static eddy_datagram fetch(int fd, const char *text)
{
    char memory[64] = {0};
    eddy_datagram it;

    wait_for(fd, EDDY__SIM_READABLE);
    assert_int_equal(fetch_raw(fd, memory, sizeof memory - 1, &it), 1);
    assert_string_equal(memory, text);
    assert_int_equal(it.full_len, strlen(text));
    return it;
}

static int fetch_none(int fd)
{
    char memory[64];
    eddy_datagram it;
    int n = fetch_raw(fd, memory, sizeof memory, &it);

    assert_true(n < 0);
    return n;
}

/* An address that nobody has, for now. */
static eddy_addr closed_port(void)
{
    int fd = bound();
    eddy_addr addr = local_of(fd);

    hang_up(fd);
    return addr;
}

static void set_udp(int fd, eddy__datagram_option option, int value)
{
    assert_int_equal(udp()->set(at, fd, option, value), 0);
}

static int get_udp(int fd, eddy__datagram_option option)
{
    int value = -1;

    assert_int_equal(udp()->get(at, fd, option, &value), 0);
    return value;
}

/* ---- datagrams ---- */

static void payload_and_source_arrive(void)
{
    int one = bound(), other = bound();
    eddy_addr from = local_of(one);
    eddy_datagram it;

    assert_int_equal(fetch_none(other), -EAGAIN);
    assert_int_equal(post(one, local_of(other), "hello"), 1);
    assert_int_equal(post(one, local_of(other), ""), 1);
    it = fetch(other, "hello");
    assert_true(eddy_addr_equal(&it.peer, &from));
    assert_int_equal(it.local.family, EDDY_ADDR_NONE);
    assert_int_equal(it.flags, 0);
    (void)fetch(other, "");
    assert_int_equal(fetch_none(other), -EAGAIN);
    hang_up(one);
    hang_up(other);
}

static void what_does_not_fit_is_lost_and_told(void)
{
    int one = bound(), other = bound();
    char memory[4] = "....";
    eddy_datagram it;

    assert_int_equal(post(one, local_of(other), "too long"), 1);
    assert_int_equal(post(one, local_of(other), "next"), 1);
    wait_for(other, EDDY__SIM_READABLE);
    assert_int_equal(fetch_raw(other, memory, 3, &it), 1);
    assert_memory_equal(memory, "too.", 4);
    assert_int_equal(it.len, 3);
    assert_int_equal(it.full_len, 8);
    assert_int_equal(it.flags, EDDY_DATAGRAM_TRUNCATED);
    (void)fetch(other, "next");
    hang_up(one);
    hang_up(other);
}

static void sizes_have_a_limit(void)
{
    static char bytes[66000];
    int one = bound(), other = bound();
    eddy_datagram it = {.data = bytes, .len = 65508, .peer = local_of(other)};

    assert_int_equal(send_it(one, it), -EMSGSIZE);
    it.len = 65507;
    assert_int_equal(send_it(one, it), 1);
    wait_for(other, EDDY__SIM_READABLE);
    assert_int_equal(fetch_raw(other, bytes, sizeof bytes, &it), 1);
    assert_int_equal(it.len, 65507);
    hang_up(one);
    hang_up(other);
}

static void mistakes_are_told_at_once(void)
{
    int fd = bound();
    eddy_addr port_0 = eddy_addr_ipv4_loopback(0),
              everybody = eddy_addr_ipv4(255, 255, 255, 255, 9);

    assert_int_equal(post(fd, nowhere, "x"), -EDESTADDRREQ);
    assert_int_equal(post(fd, port_0, "x"), -EINVAL);
    assert_int_equal(post(fd, everybody, "x"), -EACCES);
    assert_int_equal(connect_udp(fd, everybody), -EACCES);
    assert_int_equal(post(fd, eddy_addr_ipv6_loopback(9), "x"), -EAFNOSUPPORT);
    assert_int_equal(connect_udp(fd, eddy_addr_ipv6_loopback(9)), -EAFNOSUPPORT);
    assert_int_equal(bind_udp(fd, eddy_addr_ipv4_loopback(0), false, false), -EINVAL);
    hang_up(fd);
}

/* ---- ports ---- */

static void a_port_is_shared_when_all_want_to(void)
{
    int one = open_udp(), other = open_udp();
    eddy_addr addr;

    assert_int_equal(bind_udp(one, eddy_addr_ipv4_loopback(0), true, false), 0);
    addr = local_of(one);
    assert_int_equal(bind_udp(other, addr, false, false), -EADDRINUSE);
    assert_int_equal(bind_udp(other, eddy_addr_ipv4_any(addr.port), false, true), -EADDRINUSE);
    hang_up(other);
    other = open_udp();
    assert_int_equal(bind_udp(other, addr, true, false), 0);
    assert_int_equal(post(one, addr, "for the last"), 1);
    (void)fetch(other, "for the last");
    assert_int_equal(connect_udp(one, local_of(other)), 0); /* to itself, as it were */
    hang_up(one);
    hang_up(other);
}

static void a_connected_one_comes_first(void)
{
    int sender = bound(), one = open_udp(), other = open_udp();
    eddy_addr addr;

    assert_int_equal(bind_udp(one, eddy_addr_ipv4_loopback(0), true, false), 0);
    addr = local_of(one);
    assert_int_equal(bind_udp(other, addr, true, false), 0);
    assert_int_equal(connect_udp(one, local_of(sender)), 0);
    assert_int_equal(post(sender, addr, "for the first"), 1);
    (void)fetch(one, "for the first");
    assert_int_equal(fetch_none(other), -EAGAIN);
    hang_up(sender);
    hang_up(one);
    hang_up(other);
}

static void one_that_was_never_bound_has_a_port_once_it_has_sent(void)
{
    int fd = open_udp(), other = bound();

    assert_int_equal(local_of(fd).port, 0);
    assert_int_equal(post(fd, local_of(other), "x"), 1);
    assert_int_not_equal(local_of(fd).port, 0);
    assert_int_equal(fetch(other, "x").peer.port, local_of(fd).port);
    hang_up(fd);
    hang_up(other);
}

/* ---- connected ---- */

static void a_connected_one_hears_its_peer_alone(void)
{
    int one = bound(), peer = bound(), stranger = bound();

    assert_int_equal(connect_udp(one, local_of(peer)), 0);
    assert_int_equal(post(one, nowhere, "hello"), 1);
    (void)fetch(peer, "hello");
    assert_int_equal(post(stranger, local_of(one), "not this"), 1);
    assert_int_equal(post(peer, local_of(one), "but this"), 1);
    (void)fetch(one, "but this");
    assert_int_equal(fetch_none(one), -EAGAIN);
    hang_up(one);
    hang_up(peer);
    hang_up(stranger);
}

static void disconnecting_keeps_the_port_and_forgets_the_address(void)
{
    int one = open_udp(), peer = bound(), stranger = bound();
    eddy_addr addr;
    uint16_t port;

    assert_int_equal(bind_udp(one, eddy_addr_ipv4_any(0), false, false), 0);
    port = local_of(one).port;
    assert_int_equal(connect_udp(one, local_of(peer)), 0);
    addr = local_of(one);
    assert_true(eddy_addr_is_loopback(&addr));
    assert_int_equal(connect_udp(one, nowhere), 0);
    addr = local_of(one);
    assert_true(eddy_addr_is_any(&addr));
    assert_int_equal(addr.port, port);
    assert_int_equal(post(one, nowhere, "x"), -EDESTADDRREQ);
    assert_int_equal(post(stranger, eddy_addr_ipv4_loopback(port), "x"), 1);
    (void)fetch(one, "x");
    hang_up(one);
    hang_up(peer);
    hang_up(stranger);
}

static void a_closed_port_is_told_once(void)
{
    int fd = bound();

    assert_int_equal(connect_udp(fd, closed_port()), 0);
    assert_int_equal(post(fd, nowhere, "x"), 1);
    wait_for(fd, EDDY__SIM_BROKEN);
    assert_int_equal(net->ready(fd), EDDY__SIM_WRITABLE | EDDY__SIM_BROKEN);
    assert_int_equal(fetch_none(fd), -ECONNREFUSED);
    assert_int_equal(fetch_none(fd), -EAGAIN);
    assert_int_equal(post(fd, nowhere, "x"), 1);
    wait_for(fd, EDDY__SIM_BROKEN);
    assert_int_equal(post(fd, nowhere, "x"), -ECONNREFUSED);
    assert_int_equal(net->ready(fd), EDDY__SIM_WRITABLE);
    hang_up(fd);
}

static void an_error_comes_before_what_has_arrived(void)
{
    int fd = bound(), peer = bound();

    assert_int_equal(connect_udp(fd, local_of(peer)), 0);
    assert_int_equal(post(peer, local_of(fd), "before"), 1);
    wait_for(fd, EDDY__SIM_READABLE);
    hang_up(peer);
    assert_int_equal(post(fd, nowhere, "x"), 1);
    wait_for(fd, EDDY__SIM_BROKEN);
    assert_int_equal(fetch_none(fd), -ECONNREFUSED);
    (void)fetch(fd, "before");
    hang_up(fd);
}

static void nobody_else_is_told_of_a_closed_port(void)
{
    int fd = bound(), connected = bound(), peer = bound();
    eddy_addr closed = closed_port();

    assert_int_equal(connect_udp(connected, local_of(peer)), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(post(fd, closed, "x"), 1);
        assert_int_equal(post(connected, closed, "x"), 1);
        for (int step = 0; step < 5; step++)
            (void)net->step();
    }
    assert_int_equal(fetch_none(fd), -EAGAIN);
    assert_int_equal(fetch_none(connected), -EAGAIN);
    hang_up(fd);
    hang_up(connected);
    hang_up(peer);
}

/* ---- what is told, limits, options ---- */

static void who_asks_is_told_the_address_the_interface_and_the_class(void)
{
    int one = bound(), other = bound();
    char text[] = "x";
    eddy_addr loopback = eddy_addr_ipv4_loopback(0);
    eddy_datagram it = {.data = text, .len = 1, .peer = local_of(other), .traffic_class = 2};

    set_udp(other, EDDY__DATAGRAM_TELL_LOCAL, 1);
    set_udp(other, EDDY__DATAGRAM_TELL_CLASS, 1);
    set_udp(one, EDDY__DATAGRAM_TRAFFIC_CLASS, 0x28);
    assert_int_equal(send_it(one, it), 1);
    it.flags = EDDY_DATAGRAM_TRAFFIC_CLASS;
    assert_int_equal(send_it(one, it), 1);
    it = fetch(other, "x");
    assert_true(eddy_addr_equal(&it.local, &loopback));
    assert_int_equal(it.interface_index, 1);
    assert_int_equal(it.flags, EDDY_DATAGRAM_TRAFFIC_CLASS);
    assert_int_equal(it.traffic_class, 0x28);
    assert_int_equal(fetch(other, "x").traffic_class, 2);
    hang_up(one);
    hang_up(other);
}

static void a_full_queue_drops_what_comes(void)
{
    int one = bound(), other = bound(), got = 0;
    char memory[8];
    eddy_datagram it;

    set_udp(other, EDDY__DATAGRAM_RECV_BUFFER, 4096);
    assert_int_equal(get_udp(other, EDDY__DATAGRAM_RECV_BUFFER), 8192);
    for (int i = 0; i < 60; i++) {
        assert_int_equal(post(one, local_of(other), "x"), 1);
        (void)net->step();
    }
    while (fetch_raw(other, memory, sizeof memory, &it) == 1)
        got++;
    assert_in_range(got, 2, 20);
    assert_int_equal(post(one, local_of(other), "y"), 1);
    (void)fetch(other, "y");
    hang_up(one);
    hang_up(other);
}

static void options_have_the_same_defaults_and_ranges(void)
{
    static const struct {
        eddy__datagram_option option;
        int by_default, bad, error;
    } cases[] = {
        {EDDY__DATAGRAM_TTL, 64, 256, -EINVAL},
        {EDDY__DATAGRAM_TTL, 64, 0, -EINVAL},
        {EDDY__DATAGRAM_MULTICAST_TTL, 1, 256, -EINVAL},
        {EDDY__DATAGRAM_MULTICAST_LOOP, 1, 0, 0},
        {EDDY__DATAGRAM_BROADCAST, 0, 0, 0},
        {EDDY__DATAGRAM_TRAFFIC_CLASS, 0, 0, 0},
    };
    int fd = bound();

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(get_udp(fd, cases[i].option), cases[i].by_default);
        assert_int_equal(udp()->set(at, fd, cases[i].option, cases[i].bad), cases[i].error);
    }
    set_udp(fd, EDDY__DATAGRAM_TTL, -1);
    assert_int_equal(get_udp(fd, EDDY__DATAGRAM_TTL), 64);
    set_udp(fd, EDDY__DATAGRAM_SEND_BUFFER, 1);
    assert_int_equal(get_udp(fd, EDDY__DATAGRAM_SEND_BUFFER), 4608);
    set_udp(fd, EDDY__DATAGRAM_RECV_BUFFER, 1);
    assert_int_equal(get_udp(fd, EDDY__DATAGRAM_RECV_BUFFER), 2304);
    hang_up(fd);
}

/* ---- groups ---- */

static int change(int fd, eddy_addr group, eddy_addr source, bool join)
{
    const eddy__datagram_group it = {.group = group, .source = source, .interface_index = 1};

    return udp()->group(at, fd, &it, join);
}

static void groups_are_joined_and_left_by_the_same_rules(void)
{
    const eddy_addr group = eddy_addr_ipv4(239, 7, 7, 7, 0), one = eddy_addr_ipv4_loopback(0);
    const eddy_addr other = eddy_addr_ipv4(127, 0, 0, 9, 0);
    int fd = bound();

    assert_int_equal(change(fd, eddy_addr_ipv4_loopback(0), nowhere, true), -EINVAL);
    assert_int_equal(change(fd, group, nowhere, false), -EADDRNOTAVAIL);
    assert_int_equal(change(fd, group, nowhere, true), 0);
    assert_int_equal(change(fd, group, nowhere, true), -EADDRINUSE);
    assert_int_equal(change(fd, group, one, true), 0); /* now it hears that one alone */
    assert_int_equal(change(fd, group, nowhere, true), -EADDRINUSE);
    assert_int_equal(change(fd, group, nowhere, false), 0);
    assert_int_equal(change(fd, group, one, false), -EINVAL);
    assert_int_equal(change(fd, group, one, true), 0);
    assert_int_equal(change(fd, group, one, true), -EADDRNOTAVAIL);
    assert_int_equal(change(fd, group, other, false), -EADDRNOTAVAIL);
    assert_int_equal(change(fd, group, other, true), 0);
    assert_int_equal(change(fd, group, nowhere, true), -EADDRINUSE);
    assert_int_equal(change(fd, group, nowhere, false), 0); /* all of it */
    assert_int_equal(change(fd, group, other, false), -EINVAL);
    hang_up(fd);
}

static void a_group_is_heard_over_loopback(void)
{
    eddy_addr group = eddy_addr_ipv4(239, 7, 7, 7, 0);
    int sender = bound(), fd = open_udp();

    assert_int_equal(bind_udp(fd, eddy_addr_ipv4_any(0), false, false), 0);
    assert_int_equal(change(fd, group, nowhere, true), 0);
    group.port = local_of(fd).port;
    set_udp(sender, EDDY__DATAGRAM_MULTICAST_IFACE, 1);
    assert_int_equal(post(sender, group, "all"), 1);
    (void)fetch(fd, "all");
    hang_up(sender);
    hang_up(fd);
}

int main(void)
{
    static claim claims[] = {
        CLAIM(payload_and_source_arrive),
        CLAIM(what_does_not_fit_is_lost_and_told),
        CLAIM(sizes_have_a_limit),
        CLAIM(mistakes_are_told_at_once),
        CLAIM(a_port_is_shared_when_all_want_to),
        CLAIM(a_connected_one_comes_first),
        CLAIM(one_that_was_never_bound_has_a_port_once_it_has_sent),
        CLAIM(a_connected_one_hears_its_peer_alone),
        CLAIM(disconnecting_keeps_the_port_and_forgets_the_address),
        CLAIM(a_closed_port_is_told_once),
        CLAIM(an_error_comes_before_what_has_arrived),
        CLAIM(nobody_else_is_told_of_a_closed_port),
        CLAIM(who_asks_is_told_the_address_the_interface_and_the_class),
        CLAIM(a_full_queue_drops_what_comes),
        CLAIM(options_have_the_same_defaults_and_ranges),
        CLAIM(groups_are_joined_and_left_by_the_same_rules),
        CLAIM(a_group_is_heard_over_loopback),
    };

    return run_on_both(claims, (int)(sizeof claims / sizeof *claims));
}
