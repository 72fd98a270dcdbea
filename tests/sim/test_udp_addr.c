/* SPDX-License-Identifier: MIT */
/*
 * Tests of src/sim/udp*.c: addresses, ports, who a datagram is for; sockets that are connected.
 */
#include "letters.h"

/* ---- addresses ---- */

static void a_port_is_somebodys_alone_unless_all_want_to_share_it(void **state)
{
    const eddy__datagram_bind plain = {.only_v6 = -1};
    const eddy__datagram_bind address = {.reuse_address = true, .only_v6 = -1};
    const eddy__datagram_bind port = {.reuse_port = true, .only_v6 = -1};
    const eddy_addr at = eddy_addr_ipv4_any(53), loopback = eddy_addr_ipv4_loopback(53);
    int first = udp_open(a), other = udp_open(a), third = udp_open(a);

    (void)state;
    assert_int_equal(udp_of(a)->bind(&a->system, first, &at, &address), 0);
    assert_int_equal(udp_of(a)->bind(&a->system, other, &at, &plain), -EADDRINUSE);
    assert_int_equal(udp_of(a)->bind(&a->system, other, &loopback, &port), -EADDRINUSE);
    assert_int_equal(udp_of(a)->bind(&a->system, other, &at, &address), 0);
    assert_int_equal(udp_of(a)->bind(&a->system, other, &at, &address), -EINVAL); /* twice */
    hang_up(a, first);
    hang_up(a, other);
    assert_int_equal(udp_of(a)->bind(&a->system, third, &at, &port), 0);
    assert_int_equal(udp_local(a, third).port, 53);
}

static void a_stream_may_have_the_same_port(void **state)
{
    (void)state;
    (void)listen_at(a, 53, 4);
    (void)udp_at(a, 53);
    assert_int_equal(udp_bind(a, udp_open(a), addr_of(b, 9)), -EADDRNOTAVAIL);
    assert_int_equal(udp_bind(a, udp_open(a), eddy_addr_ipv6_any(9)), -EAFNOSUPPORT);
}

static void port_zero_gives_one_that_is_free(void **state)
{
    uint16_t seen[100];

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        seen[i] = udp_local(a, udp_at(a, 0)).port;
        assert_in_range(seen[i], 32768, 60999);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(seen[i], seen[j]);
    }
}

static void one_that_was_never_bound_gets_a_port_when_it_sends(void **state)
{
    int fa = udp_open(a), fb = udp_at(b, 53);

    (void)state;
    assert_int_equal(udp_local(a, fa).port, 0);
    assert_int_equal(post(a, fa, addr_of(b, 53), "x"), 1);
    run_out();
    assert_int_equal(fetch(b, fb, "x").peer.port, udp_local(a, fa).port);
    assert_int_not_equal(udp_local(a, fa).port, 0);
}

static void
the_last_that_shares_an_address_gets_all_and_those_of_a_port_get_their_share(void **state)
{
    const eddy__datagram_bind how[2] = {{.reuse_address = true, .only_v6 = -1},
                                        {.reuse_port = true, .only_v6 = -1}};
    int fds[3], got[3];

    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        eddy_addr at = eddy_addr_ipv4_any((uint16_t)(50 + kind));

        for (size_t i = 0; i < 3; i++) {
            fds[i] = udp_open(b);
            assert_int_equal(udp_of(b)->bind(&b->system, fds[i], &at, &how[kind]), 0);
        }
        for (int i = 0; i < 60; i++)
            assert_int_equal(post(a, udp_at(a, 0), addr_of(b, at.port), "x"), 1);
        run_out();
        for (size_t i = 0; i < 3; i++)
            got[i] = fetch_all(b, fds[i]);
        assert_int_equal(got[0] + got[1] + got[2], 60);
        assert_true(kind == 0 ? got[2] == 60 : got[0] > 5 && got[1] > 5 && got[2] > 5);
    }
}

static void there_is_loopback_by_every_address_of_the_host(void **state)
{
    int fa = udp_at(a, 53), from = udp_at(a, 0), inner = udp_open(a);
    eddy_addr loopback = eddy_addr_ipv4_loopback(53);

    (void)state;
    assert_int_equal(post(a, from, loopback, "one"), 1);
    assert_int_equal(wait_for(a, fa, EDDY__SIM_READABLE), 5 * US);
    assert_int_equal(fetch(a, fa, "one").peer.ip[0], 127);
    assert_int_equal(post(a, from, addr_of(a, 53), "two"), 1);
    assert_int_equal(post(a, from, eddy_addr_ipv4_any(53), "three"), 1);
    run_out();
    assert_int_equal(fetch(a, fa, "two").peer.ip[0], 10);
    assert_int_equal(fetch(a, fa, "three").peer.ip[0], 127);
    loopback.port = 0;
    assert_int_equal(udp_bind(a, inner, loopback), 0);
    assert_int_equal(post(a, inner, addr_of(b, 53), "x"), -EINVAL); /* nobody could answer */
}

static void only_one_that_asks_is_told_where_a_datagram_went_to_and_its_class(void **state)
{
    int fa = udp_at(a, 0), fb = udp_at(b, 53);
    char text[2] = "x";
    eddy_datagram it = {.data = text, .len = 1, .peer = addr_of(b, 53)};

    (void)state;
    udp_set(a, fa, EDDY__DATAGRAM_TRAFFIC_CLASS, 0x28);
    assert_int_equal(udp_send(a, fa, it), 1);
    run_out();
    it = fetch(b, fb, "x");
    assert_int_equal(it.local.family, EDDY_ADDR_NONE);
    assert_int_equal(it.interface_index, 0);
    assert_int_equal(it.flags, 0);
    udp_set(b, fb, EDDY__DATAGRAM_TELL_LOCAL, 1);
    udp_set(b, fb, EDDY__DATAGRAM_TELL_CLASS, 1);
    assert_int_equal(post(a, fa, addr_of(b, 53), "x"), 1);
    it = (eddy_datagram){.data = text, .len = 1, .peer = addr_of(b, 53), .traffic_class = 3};
    it.flags = EDDY_DATAGRAM_TRAFFIC_CLASS;
    assert_int_equal(udp_send(a, fa, it), 1);
    run_out();
    it = fetch(b, fb, "x");
    assert_true(eddy_addr_equal(&it.local, &b->addr)); /* without a port */
    assert_int_equal(it.interface_index, 2);
    assert_int_equal(it.flags, EDDY_DATAGRAM_TRAFFIC_CLASS);
    assert_int_equal(it.traffic_class, 0x28);
    assert_int_equal(fetch(b, fb, "x").traffic_class, 3);
}

static void the_sender_says_by_which_address(void **state)
{
    int fa = udp_at(a, 0), fb = udp_at(a, 53);
    char text[2] = "x";
    eddy_datagram it = {.data = text, .len = 1, .peer = addr_of(a, 53)};

    (void)state;
    it.local = eddy_addr_ipv4_loopback(0);
    assert_int_equal(udp_send(a, fa, it), 1);
    run_out();
    it.peer = fetch(a, fb, "x").peer;
    assert_int_equal(it.peer.ip[0], 127);
    assert_int_equal(it.peer.port, udp_local(a, fa).port);
    it.local = addr_of(b, 0);
    assert_int_equal(udp_send(a, fa, it), -EINVAL);
}

static void an_ipv6_socket_talks_to_ipv4_by_mapped_addresses(void **state)
{
    eddy_addr any = eddy_addr_ipv6_any(53), mapped = {.family = EDDY_ADDR_IPV6, .port = 53};
    const eddy__datagram_bind how = {.only_v6 = 0}, only = {.only_v6 = 1};
    int fa = udp_of(a)->open(&a->system, &any), fb = udp_of(b)->open(&b->system, &any), value = 0;
    eddy_datagram it;

    (void)state;
    memcpy(mapped.ip + 10, "\xff\xff\x0a\x00\x00\x02", 6);
    assert_int_equal(udp_of(b)->bind(&b->system, fb, &any, &how), 0);
    assert_int_equal(post(a, fa, mapped, "x"), 1);
    run_out();
    udp_set(b, fb, EDDY__DATAGRAM_TELL_LOCAL, 1);
    it = fetch(b, fb, "x");
    mapped.port = udp_local(a, fa).port;
    mapped.ip[15] = 1;
    assert_true(eddy_addr_equal(&it.peer, &mapped));
    assert_int_equal(post(a, udp_at(a, 0), addr_of(b, 53), "y"), 1); /* a plain one */
    run_out();
    assert_int_equal(fetch(b, fb, "y").local.family, EDDY_ADDR_IPV6);
    hang_up(b, fb);
    fb = udp_of(b)->open(&b->system, &any);
    assert_int_equal(udp_of(b)->bind(&b->system, fb, &any, &only), 0);
    assert_int_equal(post(b, fb, mapped, "x"), -ENETUNREACH);
    assert_int_equal(udp_of(b)->get(&b->system, fb, EDDY__DATAGRAM_ONLY_V6, &value), 0);
    assert_int_equal(value, 1);
}

/* ---- connected ---- */

static void a_connected_one_sends_without_an_address_and_hears_its_peer_alone(void **state)
{
    int fa = udp_at(a, 0), fb = udp_at(b, 53), other = udp_at(b, 54);
    eddy_addr at, peer;

    (void)state;
    assert_int_equal(post(a, fa, nowhere, "x"), -EDESTADDRREQ);
    assert_int_equal(a->system.type->peer_addr(&a->system, fa, &peer), -ENOTCONN);
    assert_int_equal(udp_connect(a, fa, addr_of(b, 53)), 0);
    at = udp_local(a, fa);
    peer = addr_of(a, at.port);
    assert_true(eddy_addr_equal(&at, &peer)); /* no longer of every address */
    assert_int_equal(a->system.type->peer_addr(&a->system, fa, &peer), 0);
    assert_int_equal(peer.port, 53);
    assert_int_equal(post(a, fa, nowhere, "one"), 1);
    assert_int_equal(post(b, other, at, "not this"), 1);
    assert_int_equal(post(b, fb, at, "two"), 1);
    run_out();
    (void)fetch(b, fb, "one");
    (void)fetch(a, fa, "two");
    assert_int_equal(fetch_none(a, fa), -EAGAIN);
    assert_int_equal(post(a, fa, addr_of(b, 54), "to another"), 1);
    run_out();
    (void)fetch(b, other, "to another");
}

static void once_disconnected_it_hears_everybody_by_the_same_port(void **state)
{
    int fa = udp_at(a, 0), fb = udp_at(b, 54);
    uint16_t port = udp_local(a, fa).port;
    eddy_addr at;

    (void)state;
    assert_int_equal(udp_connect(a, fa, addr_of(b, 53)), 0);
    assert_int_equal(udp_connect(a, fa, nowhere), 0);
    at = udp_local(a, fa);
    assert_true(eddy_addr_is_any(&at));
    assert_int_equal(at.port, port);
    assert_int_equal(post(b, fb, addr_of(a, port), "x"), 1);
    run_out();
    (void)fetch(a, fa, "x");
    assert_int_equal(post(a, fa, nowhere, "x"), -EDESTADDRREQ);
}

static void a_connected_one_comes_before_those_that_are_not(void **state)
{
    const eddy__datagram_bind how = {.reuse_address = true, .only_v6 = -1};
    const eddy_addr at = eddy_addr_ipv4_any(53), exactly = addr_of(b, 53);
    int fa = udp_at(a, 9), connected = udp_open(b), other = udp_open(b);

    (void)state;
    assert_int_equal(udp_of(b)->bind(&b->system, connected, &at, &how), 0);
    assert_int_equal(udp_of(b)->bind(&b->system, other, &exactly, &how), 0);
    assert_int_equal(udp_connect(b, connected, addr_of(a, 9)), 0);
    assert_int_equal(post(a, fa, addr_of(b, 53), "x"), 1);
    assert_int_equal(post(a, udp_at(a, 0), addr_of(b, 53), "y"), 1);
    run_out();
    (void)fetch(b, connected, "x");
    (void)fetch(b, other, "y");
}

static void a_closed_port_is_told_once_to_a_connected_one_and_it_lives(void **state)
{
    int fa = udp_at(a, 0), fb;

    (void)state;
    assert_int_equal(udp_connect(a, fa, addr_of(b, 53)), 0);
    assert_int_equal(post(a, fa, nowhere, "x"), 1);
    assert_int_equal(wait_for(a, fa, EDDY__SIM_BROKEN), 200 * US);
    assert_int_equal(eddy__sim_ready(a, fa) & EDDY__SIM_READABLE, 0); /* nothing but the error */
    assert_int_equal(fetch_none(a, fa), -ECONNREFUSED);
    assert_int_equal(fetch_none(a, fa), -EAGAIN);
    assert_int_equal(post(a, fa, nowhere, "x"), 1);
    run_out();
    assert_int_equal(post(a, fa, nowhere, "x"), -ECONNREFUSED); /* the other way to be told */
    fb = udp_at(b, 53);
    assert_int_equal(post(a, fa, nowhere, "y"), 1);
    run_out();
    (void)fetch(b, fb, "y");
    assert_int_equal(fetch_none(a, fa), -EAGAIN);
}

static void an_error_comes_before_what_has_arrived_and_two_are_one(void **state)
{
    int fa = udp_at(a, 0), fb = udp_at(b, 53), later = 0;
    char text[2] = "x";
    eddy_datagram list[2] = {{.data = text, .len = 1}, {.data = text, .len = 1}};

    (void)state;
    assert_int_equal(udp_connect(a, fa, addr_of(b, 53)), 0);
    assert_int_equal(post(b, fb, udp_local(a, fa), "before"), 1);
    run_out();
    hang_up(b, fb);
    assert_int_equal(udp_of(a)->send(&a->system, fa, list, 2, &later), 2);
    run_out();
    assert_int_equal(fetch_none(a, fa), -ECONNREFUSED); /* of both, one word is left */
    (void)fetch(a, fa, "before");
    assert_int_equal(later, 0);
}

static void nobody_else_is_told_of_a_closed_port(void **state)
{
    int fa = udp_at(a, 0), connected = udp_at(a, 0);

    (void)state;
    assert_int_equal(udp_connect(a, connected, addr_of(b, 54)), 0);
    assert_int_equal(post(a, fa, addr_of(b, 53), "x"), 1);
    assert_int_equal(post(a, connected, addr_of(b, 53), "x"), 1); /* not its peer */
    run_out();
    assert_int_equal(fetch_none(a, fa), -EAGAIN);
    assert_int_equal(fetch_none(a, connected), -EAGAIN);
    assert_int_equal(post(a, fa, addr_of(b, 53), "x"), 1);
    assert_int_equal(post(a, fa, eddy_addr_ipv4(10, 0, 0, 77, 53), "x"), 1); /* no such host */
    run_out();
    assert_int_equal(fetch_none(a, fa), -EAGAIN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, calm_room, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_port_is_somebodys_alone_unless_all_want_to_share_it),
        TEST(a_stream_may_have_the_same_port),
        TEST(port_zero_gives_one_that_is_free),
        TEST(one_that_was_never_bound_gets_a_port_when_it_sends),
        TEST(the_last_that_shares_an_address_gets_all_and_those_of_a_port_get_their_share),
        TEST(there_is_loopback_by_every_address_of_the_host),
        TEST(only_one_that_asks_is_told_where_a_datagram_went_to_and_its_class),
        TEST(the_sender_says_by_which_address),
        TEST(an_ipv6_socket_talks_to_ipv4_by_mapped_addresses),
        TEST(a_connected_one_sends_without_an_address_and_hears_its_peer_alone),
        TEST(once_disconnected_it_hears_everybody_by_the_same_port),
        TEST(a_connected_one_comes_before_those_that_are_not),
        TEST(a_closed_port_is_told_once_to_a_connected_one_and_it_lives),
        TEST(an_error_comes_before_what_has_arrived_and_two_are_one),
        TEST(nobody_else_is_told_of_a_closed_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
