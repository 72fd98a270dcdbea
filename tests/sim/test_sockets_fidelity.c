/* SPDX-License-Identifier: MIT */
/*
 * What the simulated sockets claim about addresses, ports, descriptors and options, asked of the
 * kernel as well.
 */
#include "both.h"

/* ---- claims: addresses ---- */

static void both_ends_know_both_addresses(void)
{
    two it = couple();
    eddy_addr a = local_of(it.a), b = local_of(it.b), peer;

    assert_int_equal(at->type->peer_addr(at, it.a, &peer), 0);
    assert_true(eddy_addr_equal(&peer, &b));
    assert_int_equal(at->type->peer_addr(at, it.b, &peer), 0);
    assert_true(eddy_addr_equal(&peer, &a));
    reset_from(it.b);
    wait_for(it.a, EDDY__SIM_BROKEN);
    assert_int_equal(at->type->peer_addr(at, it.a, &peer), -ENOTCONN);
    peer = local_of(it.a);
    assert_true(eddy_addr_equal(&peer, &a));
    hang_up(it.a);
}

static void an_ipv6_listener_sees_ipv4_clients_mapped(void)
{
    eddy__socket_listen how = {.backlog = 4, .only_v6 = 0};
    eddy_addr any = eddy_addr_ipv6_any(0), addr, peer;
    int l = at->type->listen(at, &any, &how), client = make(), server;

    assert_true(l >= 0);
    addr = eddy_addr_ipv4_loopback(local_of(l).port);
    (void)net->connect(client, &addr);
    wait_for(l, EDDY__SIM_READABLE);
    server = net->accept(l);
    assert_int_equal(at->type->peer_addr(at, server, &peer), 0);
    assert_int_equal(peer.family, EDDY_ADDR_IPV6);
    assert_memory_equal(peer.ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\x01", 16);
    addr = local_of(server);
    assert_memory_equal(addr.ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\x01", 16);
    hang_up(server);
    hang_up(client);
    hang_up(l);
}

static void an_ipv6_listener_for_itself_refuses_ipv4(void)
{
    eddy__socket_listen how = {.backlog = 4, .only_v6 = 1};
    eddy_addr any = eddy_addr_ipv6_any(0), addr;
    int l = at->type->listen(at, &any, &how), client = make(), six;

    assert_true(l >= 0);
    addr = eddy_addr_ipv4_loopback(local_of(l).port);
    (void)net->connect(client, &addr);
    wait_for(client, EDDY__SIM_BROKEN);
    assert_int_equal(net->take_error(client), -ECONNREFUSED);
    addr = eddy_addr_ipv6_loopback(addr.port);
    six = at->type->stream(at, &addr);
    (void)net->connect(six, &addr);
    wait_for(six, EDDY__SIM_WRITABLE);
    assert_int_equal(net->take_error(six), 0);
    hang_up(six);
    hang_up(client);
    hang_up(l);
}

static void a_taken_port_is_in_use(void)
{
    int l = listener();
    eddy_addr addr = local_of(l);
    eddy_addr any = eddy_addr_ipv4_any(addr.port), six = eddy_addr_ipv6_any(addr.port);

    assert_int_equal(listen_on(addr, 4), -EADDRINUSE);
    assert_int_equal(listen_on(any, 4), -EADDRINUSE);
    assert_int_equal(listen_on(six, 4), -EADDRINUSE);
    hang_up(l);
    l = listen_on(addr, 4);
    assert_true(l >= 0);
    hang_up(l);
}

static void an_old_connection_holds_the_port_unless_it_may_be_used_again(void)
{
    eddy__socket_listen strict = {.backlog = 4, .only_v6 = -1};
    int l = listener(), client = connect_to(l), server, again;
    eddy_addr addr = local_of(l);

    wait_for(l, EDDY__SIM_READABLE);
    server = net->accept(l);
    hang_up(l);
    assert_int_equal(at->type->listen(at, &addr, &strict), -EADDRINUSE);
    again = listen_on(addr, 4);
    assert_true(again >= 0);
    hang_up(again);
    hang_up(server);
    hang_up(client);
}

static void listeners_may_share_a_port(void)
{
    eddy__socket_listen how = {.backlog = 4, .reuse_port = true, .only_v6 = -1};
    eddy_addr addr = eddy_addr_ipv4_loopback(0);
    int a = at->type->listen(at, &addr, &how), b;

    addr = local_of(a);
    b = at->type->listen(at, &addr, &how);
    assert_true(b >= 0);
    assert_int_equal(listen_on(addr, 4), -EADDRINUSE);
    hang_up(a);
    hang_up(b);
}

static void a_foreign_address_is_not_available(void)
{
    assert_int_equal(listen_on(eddy_addr_ipv4(192, 0, 2, 1, 0), 4), -EADDRNOTAVAIL);
}

static void port_0_is_some_free_port(void)
{
    int a = listener(), b = listener();
    eddy_addr first = local_of(a), second = local_of(b);

    assert_true(first.port >= 32768 && second.port >= 32768);
    assert_int_not_equal(first.port, second.port);
    hang_up(a);
    hang_up(b);
}

/* ---- claims: descriptors and options ---- */

static void the_lowest_free_number_comes_next(void)
{
    int a = make(), b = make(), c = make(), next;

    assert_true(a < b && b < c);
    hang_up(a);
    hang_up(b);
    next = make();
    assert_int_equal(next, a);
    assert_int_equal(make(), b);
    hang_up(a);
    hang_up(b);
    hang_up(c);
    assert_int_equal(at->type->adopt(at, c, false), -EBADF);
}

static void only_what_fits_is_adopted(void)
{
    int l = listener(), fd = make();

    assert_int_equal(at->type->adopt(at, l, true), 0);
    assert_int_equal(at->type->adopt(at, l, false), -EINVAL);
    assert_int_equal(at->type->adopt(at, fd, false), 0);
    assert_int_equal(at->type->adopt(at, fd, true), -EINVAL);
    assert_int_equal(at->type->adopt(at, -1, true), -EBADF);
    hang_up(fd);
    hang_up(l);
}

static void a_pair_is_connected(void)
{
    int fds[2];
    eddy_addr a, b;

    assert_int_equal(at->type->pair(at, fds), 0);
    say(fds[0], "there");
    hear(fds[1], "there");
    say(fds[1], "back");
    hear(fds[0], "back");
    assert_int_equal(at->type->peer_addr(at, fds[0], &a), 0);
    b = local_of(fds[1]);
    assert_true(eddy_addr_equal(&a, &b));
    hang_up(fds[0]);
    wait_for(fds[1], ENDED);
    hang_up(fds[1]);
}

static int get(int fd, eddy__socket_option option)
{
    int value = -77;

    assert_int_equal(at->type->get(at, fd, option, &value), 0);
    return value;
}

static void options_are_kept(void)
{
    int fd = make(), value;

    assert_int_equal(get(fd, EDDY__SOCKET_NODELAY), 1);
    set(fd, EDDY__SOCKET_RECV_BUFFER, 8192);
    assert_int_equal(get(fd, EDDY__SOCKET_RECV_BUFFER), 16384);
    set(fd, EDDY__SOCKET_RECV_BUFFER, 1);
    assert_int_equal(get(fd, EDDY__SOCKET_RECV_BUFFER), 2304);
    assert_int_equal(get(fd, EDDY__SOCKET_LINGER), -1);
    set(fd, EDDY__SOCKET_LINGER, 3);
    assert_int_equal(get(fd, EDDY__SOCKET_LINGER), 3);
    set(fd, EDDY__SOCKET_LINGER, -1);
    assert_int_equal(get(fd, EDDY__SOCKET_LINGER), -1);
    set(fd, EDDY__SOCKET_KEEPALIVE, 5);
    assert_int_equal(get(fd, EDDY__SOCKET_KEEPALIVE), 1);
    assert_int_equal(get(fd, EDDY__SOCKET_KEEPALIVE_IDLE), 7200);
    set(fd, EDDY__SOCKET_KEEPALIVE_IDLE, 30);
    assert_int_equal(get(fd, EDDY__SOCKET_KEEPALIVE_IDLE), 30);
    assert_int_equal(at->type->set(at, fd, EDDY__SOCKET_KEEPALIVE_IDLE, 0), -EINVAL);
    assert_int_equal(at->type->set(at, fd, EDDY__SOCKET_TTL, 256), -EINVAL);
    assert_int_equal(at->type->set(at, fd, EDDY__SOCKET_TTL, 0), -EINVAL);
    set(fd, EDDY__SOCKET_TTL, 9);
    assert_int_equal(get(fd, EDDY__SOCKET_TTL), 9);
    assert_true(at->type->set(at, fd, EDDY__SOCKET_ONLY_V6, 1) < 0);
    assert_true(at->type->get(at, fd, EDDY__SOCKET_ONLY_V6, &value) < 0);
    hang_up(fd);
}

/* ---- running ---- */

static claim claims[] = {
    CLAIM(both_ends_know_both_addresses),
    CLAIM(an_ipv6_listener_sees_ipv4_clients_mapped),
    CLAIM(an_ipv6_listener_for_itself_refuses_ipv4),
    CLAIM(a_taken_port_is_in_use),
    CLAIM(an_old_connection_holds_the_port_unless_it_may_be_used_again),
    CLAIM(listeners_may_share_a_port),
    CLAIM(a_foreign_address_is_not_available),
    CLAIM(port_0_is_some_free_port),
    CLAIM(the_lowest_free_number_comes_next),
    CLAIM(only_what_fits_is_adopted),
    CLAIM(a_pair_is_connected),
    CLAIM(options_are_kept),
};

int main(void)
{
    return run_on_both(claims, sizeof claims / sizeof *claims);
}
