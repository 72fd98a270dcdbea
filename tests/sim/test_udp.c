/* SPDX-License-Identifier: MIT */
/*
 * Tests of src/sim/udp*.c: what becomes of a datagram in a calm room. Where it goes is
 * test_udp_addr.c's and test_udp_groups.c's, what chance does to it test_udp_faults.c's.
 */
#include "letters.h"

/* ---- one way ---- */

static void payload_and_source_arrive_intact_after_the_latency_of_the_link(void **state)
{
    int fa = udp_at(a, 0), fb = udp_at(b, 53);
    eddy_datagram it;

    (void)state;
    assert_int_equal(fetch_none(b, fb), -EAGAIN);
    assert_int_equal(post(a, fa, addr_of(b, 53), "hello"), 1);
    assert_int_equal(wait_for(b, fb, EDDY__SIM_READABLE), 100 * US);
    it = fetch(b, fb, "hello");
    assert_int_equal(it.peer.port, udp_local(a, fa).port);
    it.peer.port = 0;
    assert_true(eddy_addr_equal(&it.peer, &a->addr));
    assert_int_equal(it.flags, 0);
    assert_int_equal(fetch_none(b, fb), -EAGAIN);
}

static void one_of_no_bytes_is_a_datagram(void **state)
{
    int fa = udp_at(a, 0), fb = udp_at(b, 53);

    (void)state;
    assert_int_equal(udp_send(a, fa, (eddy_datagram){.peer = addr_of(b, 53)}), 1);
    (void)wait_for(b, fb, EDDY__SIM_READABLE);
    (void)fetch(b, fb, "");
    assert_int_equal(fetch_none(b, fb), -EAGAIN);
}

static void what_does_not_fit_is_cut_off_lost_and_told(void **state)
{
    int fa = udp_at(a, 0), fb = udp_at(b, 53);
    unsigned char memory[100];
    eddy_datagram it;

    (void)state;
    assert_int_equal(post_bytes(a, fa, addr_of(b, 53), 200), 1);
    assert_int_equal(post_bytes(a, fa, addr_of(b, 53), 0), 1);
    run_out();
    assert_int_equal(fetch_into(b, fb, memory, sizeof memory, &it), 1);
    assert_int_equal(it.len, 100);
    assert_int_equal(it.full_len, 200);
    assert_int_equal(it.flags, EDDY_DATAGRAM_TRUNCATED);
    for (size_t i = 0; i < sizeof memory; i++)
        assert_int_equal(memory[i], pattern(i));
    (void)fetch(b, fb, ""); /* not the rest */
}

static void the_largest_is_taken_and_one_more_byte_is_not(void **state)
{
    static unsigned char memory[70000];
    int fa = udp_at(a, 0), fb = udp_at(b, 53);
    eddy_datagram it;

    (void)state;
    assert_int_equal(post_bytes(a, fa, addr_of(b, 53), 65508), -EMSGSIZE);
    assert_int_equal(post_bytes(a, fa, addr_of(b, 53), 65507), 1);
    run_out();
    assert_int_equal(fetch_into(b, fb, memory, sizeof memory, &it), 1);
    assert_int_equal(it.full_len, 65507);
    assert_int_equal(memory[65506], pattern(65506));
}

static void what_was_sent_first_arrives_first_whatever_the_jitter(void **state)
{
    int fa = udp_at(a, 0), fb = udp_at(b, 53);
    char text[2] = {0};

    (void)state;
    odds(EDDY_CHAOS_LATENCY, 1000000);
    for (int i = 0; i < 26; i++) {
        text[0] = (char)('a' + i);
        assert_int_equal(post(a, fa, addr_of(b, 53), text), 1);
    }
    run_out();
    for (int i = 0; i < 26; i++) {
        text[0] = (char)('a' + i);
        (void)fetch(b, fb, text);
    }
}

static void many_are_sent_and_received_by_one_call(void **state)
{
    char texts[3][2] = {"x", "y", "z"}, memory[5][8];
    int fa = udp_at(a, 0), fb = udp_at(b, 53), later = 0;
    eddy_datagram list[5] = {{0}};

    (void)state;
    for (size_t i = 0; i < 3; i++)
        list[i] = (eddy_datagram){.data = texts[i], .len = 1, .peer = addr_of(b, 53)};
    assert_int_equal(udp_of(a)->send(&a->system, fa, list, 3, &later), 3);
    run_out();
    for (size_t i = 0; i < 5; i++)
        list[i] = (eddy_datagram){.data = memory[i], .room = sizeof memory[i]};
    assert_int_equal(udp_of(b)->recv(&b->system, fb, list, 2), 2);
    assert_int_equal(udp_of(b)->recv(&b->system, fb, list + 2, 3), 1);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(memory[i][0], texts[i][0]);
}

static void what_is_wrong_with_a_later_one_is_told_to_the_next_call(void **state)
{
    char text[2] = "x";
    int fa = udp_at(a, 0), later = 0;
    eddy_datagram list[2] = {
        {.data = text, .len = 1, .peer = addr_of(b, 53)},
        {.data = text, .len = 1},
    };

    (void)state;
    assert_int_equal(udp_of(a)->send(&a->system, fa, list, 2, &later), 1);
    assert_int_equal(udp_of(a)->send(&a->system, fa, list + 1, 1, &later), -EDESTADDRREQ);
}

static void a_long_one_is_cut_into_segments(void **state)
{
    int fa = udp_at(a, 0), fb = udp_at(b, 53);
    unsigned char bytes[250], memory[100];
    eddy_datagram it = {.data = bytes, .len = 250, .segment_bytes = 100, .peer = addr_of(b, 53)};

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = pattern(i);
    assert_int_equal(udp_send(a, fa, it), 1);
    run_out();
    for (size_t at = 0; at < 250; at += 100) {
        assert_int_equal(fetch_into(b, fb, memory, sizeof memory, &it), 1);
        assert_int_equal(it.len, at == 200 ? 50 : 100);
        assert_int_equal(memory[0], pattern(at));
    }
    it = (eddy_datagram){.data = bytes, .len = 129, .segment_bytes = 1, .peer = addr_of(b, 53)};
    assert_int_equal(udp_send(a, fa, it), -EINVAL);
}

/* ---- limits ---- */

static void a_full_queue_drops_what_comes_and_goes_on_when_it_is_read(void **state)
{
    int fa = udp_at(a, 0), fb = udp_at(b, 53), got, value = 0;

    (void)state;
    udp_set(b, fb, EDDY__DATAGRAM_RECV_BUFFER, 4096);
    assert_int_equal(udp_of(b)->get(&b->system, fb, EDDY__DATAGRAM_RECV_BUFFER, &value), 0);
    assert_int_equal(value, 8192);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(post(a, fa, addr_of(b, 53), "x"), 1);
    run_out();
    got = fetch_all(b, fb);
    assert_in_range(got, 8192 / 1000, 8192 / 768 + 1);
    assert_int_equal(post(a, fa, addr_of(b, 53), "y"), 1);
    run_out();
    (void)fetch(b, fb, "y");
}

static void a_slow_link_fills_the_buffer_of_the_sender_and_says_when_there_is_room(void **state)
{
    int fa = udp_at(a, 0), fb = udp_at(b, 53), sent = 0, n;

    (void)state;
    way(a, b)->bytes_per_second = 1000000;
    udp_set(a, fa, EDDY__DATAGRAM_SEND_BUFFER, 5000);
    while ((n = post_bytes(a, fa, addr_of(b, 53), 1000)) == 1)
        sent++;
    assert_int_equal(n, -EAGAIN);
    assert_int_equal(sent, 6); /* of 1768 each, into 10000 */
    assert_int_equal(eddy__sim_ready(a, fa) & EDDY__SIM_WRITABLE, 0);
    assert_int_equal(wait_for(a, fa, EDDY__SIM_WRITABLE), 4 * MS); /* less than half is left */
    assert_int_equal(post_bytes(a, fa, addr_of(b, 53), 1000), 1);
    run_out();
    assert_int_equal(room->now_ns, 7 * MS + 100 * US);
    assert_int_equal(fetch_all(b, fb), 7);
}

static void what_has_not_left_leaves_all_the_same_when_its_sender_is_closed(void **state)
{
    int fa = udp_at(a, 0), fb = udp_at(b, 53);

    (void)state;
    way(a, b)->bytes_per_second = 1000000;
    for (int i = 0; i < 5; i++)
        assert_int_equal(post_bytes(a, fa, addr_of(b, 53), 1000), 1);
    hang_up(a, fa);
    run_out();
    assert_int_equal(fetch_all(b, fb), 5);
}

/* ---- what is wrong ---- */

static void mistakes_are_told_at_once(void **state)
{
    eddy_addr zero = addr_of(b, 0), six = eddy_addr_ipv6_loopback(53);
    int fa = udp_at(a, 0), stream = listen_at(a, 80, 4);
    char text[2] = "x";
    eddy_datagram it = {.data = text, .len = 1, .peer = addr_of(b, 53), .interface_index = 7};
    eddy__datagram_sort sort;

    (void)state;
    assert_int_equal(post(a, fa, zero, "x"), -EINVAL);
    assert_int_equal(post(a, fa, six, "x"), -EAFNOSUPPORT);
    assert_int_equal(udp_connect(a, fa, six), -EAFNOSUPPORT);
    assert_int_equal(udp_send(a, fa, it), -ENODEV);
    assert_int_equal(post(a, -1, addr_of(b, 53), "x"), -EBADF);
    assert_int_equal(fetch_none(a, 5), -EBADF);
    assert_int_equal(fetch_none(a, stream), -EOPNOTSUPP);
    assert_int_equal(post(a, stream, addr_of(b, 53), "x"), -EOPNOTSUPP);
    assert_int_equal(udp_of(a)->adopt(&a->system, stream, &sort), -EINVAL);
    assert_int_equal(udp_of(a)->adopt(&a->system, 5, &sort), -EBADF);
    assert_int_equal(udp_of(a)->adopt(&a->system, fa, &sort), 0);
    assert_int_equal(sort, EDDY__DATAGRAM_IP);
    assert_int_equal(a->system.type->adopt(&a->system, fa, false), -EINVAL);
}

static void options_are_kept_and_out_of_range_refused(void **state)
{
    static const struct {
        eddy__datagram_option option;
        int by_default, value, bad;
    } cases[] = {
        {EDDY__DATAGRAM_TTL, 64, 7, 256},          {EDDY__DATAGRAM_TRAFFIC_CLASS, 0, 0xB8, 256},
        {EDDY__DATAGRAM_MULTICAST_TTL, 1, 0, 256}, {EDDY__DATAGRAM_MULTICAST_LOOP, 1, 0, 0},
        {EDDY__DATAGRAM_BROADCAST, 0, 1, 0},       {EDDY__DATAGRAM_JOIN_SEGMENTS, 0, 1, 0},
        {EDDY__DATAGRAM_TELL_LOCAL, 0, 1, 0},      {EDDY__DATAGRAM_TELL_CLASS, 0, 1, 0},
    };
    int fa = udp_open(a), value;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(udp_of(a)->get(&a->system, fa, cases[i].option, &value), 0);
        assert_int_equal(value, cases[i].by_default);
        udp_set(a, fa, cases[i].option, cases[i].value);
        if (cases[i].bad != 0)
            assert_int_equal(udp_of(a)->set(&a->system, fa, cases[i].option, cases[i].bad),
                             -EINVAL);
        assert_int_equal(udp_of(a)->get(&a->system, fa, cases[i].option, &value), 0);
        assert_int_equal(value, cases[i].value);
    }
    assert_int_equal(udp_of(a)->set(&a->system, fa, EDDY__DATAGRAM_MULTICAST_IFACE, 3), -ENODEV);
    assert_int_equal(udp_of(a)->set(&a->system, fa, EDDY__DATAGRAM_REUSE_PORT, 1), -ENOPROTOOPT);
    assert_int_equal(udp_of(a)->get(&a->system, fa, EDDY__DATAGRAM_ONLY_V6, &value), -ENOPROTOOPT);
    assert_int_equal(udp_of(a)->set(&a->system, 5, EDDY__DATAGRAM_TTL, 1), -EBADF);
}

static void no_descriptor_is_left_is_told(void **state)
{
    int value = 0;

    (void)state;
    a->fds_max = 2;
    (void)udp_at(a, 0);
    hang_up(a, udp_at(a, 0));
    (void)udp_at(a, 0);
    value = udp_of(a)->open(&a->system, &a->addr);
    assert_int_equal(value, -EMFILE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, calm_room, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(payload_and_source_arrive_intact_after_the_latency_of_the_link),
        TEST(one_of_no_bytes_is_a_datagram),
        TEST(what_does_not_fit_is_cut_off_lost_and_told),
        TEST(the_largest_is_taken_and_one_more_byte_is_not),
        TEST(what_was_sent_first_arrives_first_whatever_the_jitter),
        TEST(many_are_sent_and_received_by_one_call),
        TEST(what_is_wrong_with_a_later_one_is_told_to_the_next_call),
        TEST(a_long_one_is_cut_into_segments),
        TEST(a_full_queue_drops_what_comes_and_goes_on_when_it_is_read),
        TEST(a_slow_link_fills_the_buffer_of_the_sender_and_says_when_there_is_room),
        TEST(what_has_not_left_leaves_all_the_same_when_its_sender_is_closed),
        TEST(mistakes_are_told_at_once),
        TEST(options_are_kept_and_out_of_range_refused),
        TEST(no_descriptor_is_left_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
