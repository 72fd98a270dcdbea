/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_listener_bind.c - making a listener: addresses, options, adopting a socket, and what goes
 * wrong with each. Accepting is in test_listener.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/heap.h"
#include "../support/net.h"
#include "reactor/core.h"

#define OPTIONS(...) EDDY_OPTIONS(eddy_listener_options, __VA_ARGS__)

/* The listener's descriptor, to ask the system about. */
static int fd_of(eddy_listener *listener)
{
    return ((eddy__source *)(void *)listener)->slot.fd;
}

static eddy_listener *bound(eddy_core *core, eddy_addr to, const eddy_listener_options *options,
                            eddy_addr *addr)
{
    eddy_listener *listener = NULL;

    assert_int_equal(eddy_listener_bind(eddy_core_handle(core), &to, options, &listener), 0);
    assert_int_equal(eddy_listener_local_addr(listener, addr), 0);
    return listener;
}

static int bind_error(eddy_core *core, eddy_addr to, const eddy_listener_options *options)
{
    eddy_listener *listener = (eddy_listener *)(void *)&core;
    int error = eddy_listener_bind(eddy_core_handle(core), &to, options, &listener);

    assert_ptr_equal(listener, &core); /* untouched */
    return error;
}

/* A raw client comes through; returns the client's stream. */
static eddy_tcp *served(eddy_core *core, eddy_listener *listener, const eddy_addr *at)
{
    int peer = test_peer_connect(at);
    eddy_tcp *client = test_accept(core, listener);

    test_peer_close(peer);
    return client;
}

static void port_0_becomes_a_port_that_local_addr_tells(void **state)
{
    eddy_core *core = test_core();
    eddy_addr first, second;
    eddy_listener *a = bound(core, eddy_addr_ipv4_loopback(0), NULL, &first);
    eddy_listener *b = bound(core, eddy_addr_ipv4_loopback(0), NULL, &second);

    (void)state;
    assert_int_equal(first.family, EDDY_ADDR_IPV4);
    assert_true(eddy_addr_is_loopback(&first));
    assert_int_not_equal(first.port, 0);
    assert_int_not_equal(first.port, second.port);
    eddy_tcp_free(served(core, a, &first));
    eddy_listener_free(a);
    eddy_listener_free(b);
    test_core_end(core);
}

static void an_ipv6_listener_serves_ipv6(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr, peer;
    eddy_listener *listener = bound(core, eddy_addr_ipv6_loopback(0), NULL, &addr);
    eddy_tcp *client;

    (void)state;
    assert_int_equal(addr.family, EDDY_ADDR_IPV6);
    assert_true(eddy_addr_is_loopback(&addr));
    client = served(core, listener, &addr);
    assert_int_equal(eddy_tcp_local_addr(client, &peer), 0);
    assert_true(eddy_addr_equal(&peer, &addr));
    eddy_tcp_free(client);
    eddy_listener_free(listener);
    test_core_end(core);
}

static void dual_stack_on_serves_ipv4_and_ipv6(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr, v4, v6;
    eddy_listener *listener =
        bound(core, eddy_addr_ipv6_any(0), OPTIONS(.dual_stack = EDDY_DUAL_STACK_ON), &addr);
    bool only_v6 = true;

    (void)state;
    assert_int_equal(eddy_listener_only_v6(listener, &only_v6), 0);
    assert_false(only_v6);
    v4 = eddy_addr_ipv4_loopback(addr.port);
    v6 = eddy_addr_ipv6_loopback(addr.port);
    eddy_tcp_free(served(core, listener, &v4));
    eddy_tcp_free(served(core, listener, &v6));
    eddy_listener_free(listener);
    test_core_end(core);
}

/* The IPv4 port is taken first: it is the one that clients of other programs may still hold. */
static void dual_stack_off_leaves_the_ipv4_port_free(void **state)
{
    eddy_core *core = test_core();
    eddy_addr v4, v6;
    eddy_listener *other = bound(core, eddy_addr_ipv4_loopback(0), NULL, &v4);
    eddy_listener *listener =
        bound(core, eddy_addr_ipv6_any(v4.port), OPTIONS(.dual_stack = EDDY_DUAL_STACK_OFF), &v6);
    bool only_v6 = false;

    (void)state;
    assert_int_equal(eddy_listener_only_v6(listener, &only_v6), 0);
    assert_true(only_v6);
    v6 = eddy_addr_ipv6_loopback(v4.port);
    eddy_tcp_free(served(core, other, &v4));
    eddy_tcp_free(served(core, listener, &v6));
    eddy_listener_free(listener);
    eddy_listener_free(other);
    test_core_end(core);
}

static void only_v6_of_an_ipv4_listener_is_an_error(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = bound(core, eddy_addr_ipv4_loopback(0), NULL, &addr);
    bool only_v6 = true;
    int error = eddy_listener_only_v6(listener, &only_v6);

    (void)state;
    assert_true(error == -ENOPROTOOPT || error == -EOPNOTSUPP);
    assert_true(only_v6);
    eddy_listener_free(listener);
    test_core_end(core);
}

static void backlog_is_what_the_system_is_told(void **state)
{
    eddy_core *core = test_core();
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    eddy_addr addr;
    eddy_listener *listener = bound(core, eddy_addr_ipv4_loopback(0), OPTIONS(.backlog = 7), &addr);

    (void)state;
    assert_int_equal(getsockopt(fd_of(listener), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    assert_int_equal(info.tcpi_sacked, 7); /* of a listening socket: the longest queue */
    eddy_listener_free(listener);
    test_core_end(core);
}

static void a_busy_port_is_eaddrinuse(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr, theirs;
    eddy_listener *listener = bound(core, eddy_addr_ipv4_loopback(0), NULL, &addr);
    int fds = test_open_fds();
    int raw = test_peer_listen(1, &theirs);

    (void)state;
    assert_int_equal(bind_error(core, addr, NULL), -EADDRINUSE);
    assert_int_equal(bind_error(core, addr, OPTIONS(.reuse_port = true)), -EADDRINUSE);
    assert_int_equal(bind_error(core, theirs, NULL), -EADDRINUSE);
    test_peer_close(raw);
    assert_int_equal(test_open_fds(), fds);
    eddy_tcp_free(served(core, listener, &addr)); /* the first is none the worse */
    eddy_listener_free(listener);
    test_core_end(core);
}

static void an_address_that_is_not_ours_is_eaddrnotavail(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    assert_int_equal(bind_error(core, eddy_addr_ipv4(203, 0, 113, 7, 0), NULL), -EADDRNOTAVAIL);
    test_core_end(core);
}

static void options_out_of_range_are_einval(void **state)
{
    eddy_core *core = test_core();
    eddy_addr any = eddy_addr_ipv4_loopback(0), none = {0};
    eddy_listener_options unknown = {.size_bytes = sizeof unknown + 8};

    (void)state;
    assert_int_equal(bind_error(core, none, NULL), -EINVAL);
    assert_int_equal(bind_error(core, any, &unknown), -EINVAL);
    assert_int_equal(bind_error(core, any, OPTIONS(.backlog = -1)), -EINVAL);
    assert_int_equal(bind_error(core, any, OPTIONS(.dual_stack = (eddy_dual_stack)9)), -EINVAL);
    assert_int_equal(bind_error(core, any, OPTIONS(.accept_max = 65537)), -EINVAL);
    assert_int_equal(bind_error(core, any, OPTIONS(.accept_max = UINT32_MAX)), -EINVAL);
    test_core_end(core);
}

/* The end that closes first keeps the port busy for a while: here, the server's. */
static eddy_addr port_in_time_wait(eddy_core *core)
{
    eddy_addr addr;
    int fds = test_open_fds();
    eddy_listener *listener = bound(core, eddy_addr_ipv4_loopback(0), NULL, &addr);
    int peer = test_peer_connect(&addr);
    eddy_tcp *client = test_accept(core, listener);

    assert_int_equal(test_shutdown(core, client), 0);
    assert_int_equal(test_peer_ending(peer), 0);
    test_peer_close(peer);
    assert_int_equal(test_close(core, client), 0);
    eddy_tcp_free(client);
    eddy_listener_free(listener);
    test_until_fds(core, fds);
    return addr;
}

static void a_port_in_time_wait_can_be_bound_unless_that_is_turned_off(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr = port_in_time_wait(core);
    eddy_listener *listener;

    (void)state;
    assert_int_equal(bind_error(core, addr, OPTIONS(.no_reuse_address = true)), -EADDRINUSE);
    listener = bound(core, addr, NULL, &addr);
    eddy_tcp_free(served(core, listener, &addr));
    eddy_listener_free(listener);
    test_core_end(core);
}

static void reuse_port_lets_several_listen_on_one_port(void **state)
{
    eddy_core *core = test_core();
    const eddy_listener_options *shared = OPTIONS(.reuse_port = true);
    eddy_addr addr, again;
    eddy_listener *a = bound(core, eddy_addr_ipv4_loopback(0), shared, &addr);
    eddy_listener *b = bound(core, addr, shared, &again);

    (void)state;
    assert_true(eddy_addr_equal(&addr, &again));
    assert_int_equal(bind_error(core, addr, NULL), -EADDRINUSE); /* all must have asked for it */
    eddy_listener_free(a);
    eddy_listener_free(b);
    test_core_end(core);
}

static void accepted_streams_are_nodelay_unless_nagle_is_asked_for(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int nagle = 0; nagle < 2; nagle++) {
        eddy_addr addr;
        eddy_listener *listener =
            bound(core, eddy_addr_ipv4_loopback(0), OPTIONS(.nagle = nagle != 0), &addr);
        eddy_tcp *client = served(core, listener, &addr);
        bool nodelay = nagle != 0;

        assert_int_equal(eddy_tcp_nodelay(client, &nodelay), 0);
        assert_int_equal(nodelay, nagle == 0);
        eddy_tcp_free(client);
        eddy_listener_free(listener);
    }
    test_core_end(core);
}

static void ttl_is_set_read_and_inherited_and_a_wrong_one_changes_nothing(void **state)
{
    eddy_core *core = test_core();
    eddy_addr hosts[] = {eddy_addr_ipv4_loopback(0), eddy_addr_ipv6_loopback(0)};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        eddy_addr addr;
        eddy_listener *listener = bound(core, hosts[i], NULL, &addr);
        eddy_tcp *client;
        uint32_t ttl = 0;

        assert_int_equal(eddy_listener_set_ttl(listener, 33), 0);
        assert_int_equal(eddy_listener_set_ttl(listener, 0), -EINVAL);
        assert_int_equal(eddy_listener_set_ttl(listener, 256), -EINVAL);
        assert_int_equal(eddy_listener_set_ttl(listener, UINT32_MAX), -EINVAL);
        assert_int_equal(eddy_listener_ttl(listener, &ttl), 0);
        assert_int_equal(ttl, 33);
        client = served(core, listener, &addr);
        ttl = 0;
        assert_int_equal(eddy_tcp_ttl(client, &ttl), 0);
        assert_int_equal(ttl, 33);
        eddy_tcp_free(client);
        eddy_listener_free(listener);
    }
    test_core_end(core);
}

static void descriptors_are_non_blocking_and_close_on_exec(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = bound(core, eddy_addr_ipv4_loopback(0), NULL, &addr);
    eddy_tcp *client = served(core, listener, &addr);

    (void)state;
    assert_true(test_fd_is_careful(fd_of(listener)));
    assert_true(test_fd_is_careful(eddy_tcp_fd(client)));
    eddy_tcp_free(client);
    eddy_listener_free(listener);
    test_core_end(core);
}

static void an_adopted_socket_serves_what_waited_in_it(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr, told;
    int fds = test_open_fds();
    int fd = test_peer_listen(5, &addr);
    int early = test_peer_connect(&addr);
    eddy_listener *listener = NULL;
    eddy_tcp *client;
    char byte = 'x';

    (void)state;
    assert_int_equal(eddy_listener_adopt(eddy_core_handle(core), fd, &listener), 0);
    assert_true(test_fd_is_careful(fd));
    assert_int_equal(eddy_listener_local_addr(listener, &told), 0);
    assert_true(eddy_addr_equal(&told, &addr));
    client = test_accept(core, listener);
    test_peer_send(early, &byte, 1);
    assert_int_equal(test_read(core, client, &byte, 1), 1);
    eddy_tcp_free(client);
    eddy_tcp_free(served(core, listener, &addr));
    test_peer_close(early);
    eddy_listener_free(listener);
    test_until_fds(core, fds); /* it was the listener's */
    test_core_end(core);
}

static void adopt_refused(eddy_core *core, int fd, int expected)
{
    eddy_listener *listener = (eddy_listener *)(void *)&core;
    int flags = test_fd_flags(fd);

    assert_int_equal(eddy_listener_adopt(eddy_core_handle(core), fd, &listener), expected);
    assert_ptr_equal(listener, &core);
    assert_int_equal(test_fd_flags(fd), flags);
}

static void adopting_what_does_not_listen_is_refused_and_stays_the_callers(void **state)
{
    eddy_core *core = test_core();
    int stream = test_peer_socket();

    (void)state;
    adopt_refused(core, stream, -EINVAL);
    adopt_refused(core, -1, -EBADF);
    test_peer_close(stream);
    adopt_refused(core, stream, -EBADF);
    test_core_end(core);
}

static void adopting_what_is_no_stream_socket_is_refused(void **state)
{
    eddy_core *core = test_core();
    int datagram = socket(AF_INET, SOCK_DGRAM, 0);
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    adopt_refused(core, fds[0], -ENOTSOCK);
    adopt_refused(core, datagram, -EINVAL);
    close(fds[0]);
    close(fds[1]);
    close(datagram);
    test_core_end(core);
}

static void an_adopted_socket_is_no_more_the_childs_after_exec(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = NULL;
    int fd = test_peer_listen(1, &addr);

    (void)state;
    assert_int_equal(fcntl(fd, F_SETFD, 0), 0);
    assert_int_equal(eddy_listener_adopt(eddy_core_handle(core), fd, &listener), 0);
    assert_true(test_fd_is_careful(fd));
    eddy_listener_free(listener);
    test_core_end(core);
}

static void without_a_descriptor_bind_is_emfile(void **state)
{
    eddy_core *core = test_core();
    int before = test_fds_forbid();

    (void)state;
    assert_int_equal(bind_error(core, eddy_addr_ipv4_loopback(0), NULL), -EMFILE);
    test_fds_allow(before);
    test_core_end(core);
}

/* Fails the first allocation after the core is made, then the second, ... until all goes well. */
static void without_memory_bind_and_adopt_fail_and_leak_nothing(void **state)
{
    eddy_addr addr;
    int failures = 0;

    (void)state;
    for (long n = 0;; n++) {
        struct test_heap heap;
        eddy_allocator allocator;
        eddy_listener *a = NULL, *b = NULL;
        eddy_core *core;
        int fds, raw, first, second;

        test_heap_init(&heap, -1);
        allocator = test_heap_allocator(&heap);
        core = test_core_with((eddy_core_options){.allocator = &allocator});
        raw = test_peer_listen(1, &addr);
        fds = test_open_fds();
        addr.port = 0;
        atomic_store(&heap.fail_at, atomic_load(&heap.calls) + n);
        first = eddy_listener_bind(eddy_core_handle(core), &addr, NULL, &a);
        second = eddy_listener_adopt(eddy_core_handle(core), raw, &b);
        atomic_store(&heap.fail_at, -1);
        assert_true(first == 0 || first == -ENOMEM);
        assert_true(second == 0 || second == -ENOMEM);
        assert_int_equal(test_open_fds(), fds + (first == 0));
        if (second != 0)
            test_peer_close(raw); /* it is still ours */
        eddy_listener_free(a);
        eddy_listener_free(b);
        test_core_end(core);
        assert_int_equal(atomic_load(&heap.blocks), 0);
        assert_false(atomic_load(&heap.bad_free));
        failures += first != 0 || second != 0;
        if (first == 0 && second == 0)
            break;
    }
    assert_true(failures > 0);
}

static void a_listener_that_outlives_its_loop_says_so_and_can_be_freed(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = bound(core, eddy_addr_ipv4_loopback(0), NULL, &addr);
    uint32_t ttl;
    bool only_v6;

    (void)state;
    test_core_end(core);
    assert_int_equal(eddy_listener_local_addr(listener, &addr), EDDY_LOOP_GONE);
    assert_int_equal(eddy_listener_set_ttl(listener, 5), EDDY_LOOP_GONE);
    assert_int_equal(eddy_listener_ttl(listener, &ttl), EDDY_LOOP_GONE);
    assert_int_equal(eddy_listener_only_v6(listener, &only_v6), EDDY_LOOP_GONE);
    eddy_listener_free(listener);
    eddy_listener_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_0_becomes_a_port_that_local_addr_tells),
        cmocka_unit_test(an_ipv6_listener_serves_ipv6),
        cmocka_unit_test(dual_stack_on_serves_ipv4_and_ipv6),
        cmocka_unit_test(dual_stack_off_leaves_the_ipv4_port_free),
        cmocka_unit_test(only_v6_of_an_ipv4_listener_is_an_error),
        cmocka_unit_test(a_busy_port_is_eaddrinuse),
        cmocka_unit_test(an_address_that_is_not_ours_is_eaddrnotavail),
        cmocka_unit_test(options_out_of_range_are_einval),
        cmocka_unit_test(a_port_in_time_wait_can_be_bound_unless_that_is_turned_off),
        cmocka_unit_test(reuse_port_lets_several_listen_on_one_port),
        cmocka_unit_test(accepted_streams_are_nodelay_unless_nagle_is_asked_for),
        cmocka_unit_test(ttl_is_set_read_and_inherited_and_a_wrong_one_changes_nothing),
        cmocka_unit_test(descriptors_are_non_blocking_and_close_on_exec),
        cmocka_unit_test(an_adopted_socket_serves_what_waited_in_it),
        cmocka_unit_test(adopting_what_does_not_listen_is_refused_and_stays_the_callers),
        cmocka_unit_test(without_a_descriptor_bind_is_emfile),
        cmocka_unit_test(without_memory_bind_and_adopt_fail_and_leak_nothing),
        cmocka_unit_test(a_listener_that_outlives_its_loop_says_so_and_can_be_freed),
    };
    /* Asked of the kernel itself; and what is no stream socket a simulated host does not have. */
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(backlog_is_what_the_system_is_told),
        cmocka_unit_test(adopting_what_is_no_stream_socket_is_refused),
        cmocka_unit_test(an_adopted_socket_is_no_more_the_childs_after_exec),
    };

    return TEST_GROUPS(tests, kernel);
}
