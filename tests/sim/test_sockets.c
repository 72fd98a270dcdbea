/* SPDX-License-Identifier: MIT */
/*
 * Tests of the descriptors and addresses of simulated hosts, beyond what the kernel is asked about
 * in test_tcp_fidelity.c: two families, hosts that go, buffers that wrap.
 */
#include "two_hosts.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "sim/tcp.h"

static void a_ring_gives_what_it_was_given(void **state)
{
    const eddy_allocator *allocator = &eddy__allocator_malloc;
    eddy__sim_ring ring = {0};
    unsigned char memory[3000];
    size_t put = 0, got = 0;

    (void)state;
    for (size_t round = 1; round < 400; round++) {
        size_t len = (round * 37) % sizeof memory, part = ring.used / 2 + round % 2;

        for (size_t i = 0; i < len; i++)
            memory[i] = pattern(put + i);
        assert_int_equal(eddy__sim_ring_put(&ring, allocator, memory, len), 0);
        put += len;
        part = part > sizeof memory ? sizeof memory : part;
        part = part > ring.used ? ring.used : part;
        eddy__sim_ring_copy(&ring, 0, memory, part);
        for (size_t i = 0; i < part; i++)
            assert_int_equal(memory[i], pattern(got + i));
        eddy__sim_ring_drop(&ring, allocator, part);
        got += part;
        assert_int_equal(ring.used, put - got);
    }
    eddy__sim_ring_drop(&ring, allocator, ring.used);
    assert_null(ring.bytes); /* empty, it has no memory */
}

static void a_host_has_its_loopback_and_its_own_address(void **state)
{
    eddy_addr addr = eddy_addr_ipv4_loopback(80);
    eddy__socket_listen how = {.backlog = 4, .only_v6 = -1};
    int l = a->system.type->listen(&a->system, &addr, &how);
    int fd = a->system.type->stream(&a->system, &addr);

    (void)state;
    assert_int_equal(eddy__sim_connect(a, fd, &addr), -EINPROGRESS);
    (void)wait_for(a, l, EDDY__SIM_READABLE);
    fd = start_connect(b, a, 80); /* bound to the loopback alone */
    (void)wait_for(b, fd, EDDY__SIM_BROKEN);
    assert_int_equal(eddy__sim_take_error(b, fd), -ECONNREFUSED);
    fd = start_connect(a, a, 80);
    (void)wait_for(a, fd, EDDY__SIM_BROKEN);
    assert_int_equal(eddy__sim_take_error(a, fd), -ECONNREFUSED);
}

static void an_ipv6_socket_reaches_ipv4_hosts_by_mapped_addresses(void **state)
{
    eddy_addr mapped = {.family = EDDY_ADDR_IPV6, .port = 80};
    eddy_addr peer, plain = addr_of(b, 80);
    int fd, l = listen_at(b, 80, 4);

    (void)state;
    memcpy(mapped.ip + 10, "\xff\xff\x0a\x00\x00\x02", 6);
    fd = a->system.type->stream(&a->system, &mapped);
    assert_int_equal(eddy__sim_connect(a, fd, &mapped), -EINPROGRESS);
    (void)wait_for(b, l, EDDY__SIM_READABLE);
    assert_int_equal(a->system.type->peer_addr(&a->system, fd, &peer), 0);
    assert_true(eddy_addr_equal(&peer, &mapped));
    assert_int_equal(a->system.type->local_addr(&a->system, fd, &peer), 0);
    assert_int_equal(peer.family, EDDY_ADDR_IPV6);
    fd = eddy__sim_accept(b, l);
    assert_int_equal(b->system.type->local_addr(&b->system, fd, &peer), 0);
    assert_true(eddy_addr_equal(&peer, &plain));
    assert_int_equal(b->system.type->peer_addr(&b->system, fd, &peer), 0);
    assert_int_equal(peer.family, EDDY_ADDR_IPV4);
}

static void hosts_of_ipv6_talk(void **state)
{
    eddy_addr addr = eddy_addr_ipv6_loopback(0);
    eddy__sim_host *six, *other;
    int l, fd;

    (void)state;
    addr.ip[0] = 0xfd;
    assert_int_equal(eddy__sim_host_new(room, "six", &addr, &six), 0);
    addr.ip[15] = 2;
    assert_int_equal(eddy__sim_host_new(room, "other", &addr, &other), 0);
    l = listen_at(other, 80, 4);
    fd = start_connect(six, other, 80);
    (void)wait_for(other, l, EDDY__SIM_READABLE);
    say(six, fd, "hello");
    fd = eddy__sim_accept(other, l);
    (void)wait_for(other, fd, EDDY__SIM_READABLE);
    hear(other, fd, "hello");
}

static void a_crash_takes_all_descriptors_and_leaves_nothing(void **state)
{
    two it = couple();
    int l = listen_at(b, 80, 4);

    (void)state;
    (void)start_connect(a, b, 80);
    run_for(MS);
    (void)start_connect(b, a, 80);
    eddy__sim_host_crash(b);
    assert_int_equal(b->fds_used, 0);
    assert_true(eddy__list_empty(&b->sockets));
    assert_int_equal(eddy__sim_recv(b, it.b, &it, 1), -EBADF);
    assert_int_equal(eddy__sim_accept(b, l), -EBADF);
    hang_up(b, l); /* whoever still has the number does no harm */
    run_for(MS);
    eddy__sim_host_start(b);
    assert_int_equal(listen_at(b, 80, 4), EDDY__SIM_FIRST_FD);
}

static void numbers_of_the_kernel_are_no_descriptors(void **state)
{
    char byte;

    (void)state;
    assert_int_equal(a->system.type->adopt(&a->system, 0, false), -EBADF);
    assert_int_equal(a->system.type->adopt(&a->system, EDDY__SIM_FIRST_FD + 99, false), -EBADF);
    assert_int_equal(eddy__sim_recv(a, 1, &byte, 1), -EBADF);
    assert_int_equal(eddy__sim_send(a, 1, "x", 1), -EBADF);
    assert_int_equal(eddy__sim_ready(a, 1), 0);
    assert_int_equal(eddy__sim_shutdown(a, 1), -EBADF);
    assert_int_equal(eddy__sim_take_error(a, 1), -EBADF);
}

static void the_wall_clock_is_the_hosts(void **state)
{
    int64_t before_ns = a->system.type->wall_ns(&a->system);

    (void)state;
    run_for(EDDY_SECOND);
    assert_int_equal(a->system.type->wall_ns(&a->system), before_ns + EDDY_SECOND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, calm_room, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_gives_what_it_was_given),
        TEST(a_host_has_its_loopback_and_its_own_address),
        TEST(an_ipv6_socket_reaches_ipv4_hosts_by_mapped_addresses),
        TEST(hosts_of_ipv6_talk),
        TEST(a_crash_takes_all_descriptors_and_leaves_nothing),
        TEST(numbers_of_the_kernel_are_no_descriptors),
        TEST(the_wall_clock_is_the_hosts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
