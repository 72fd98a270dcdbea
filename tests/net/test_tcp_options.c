/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_tcp_options.c - every socket option of a stream: what is set is what is read and what the
 * system has; what is refused changes nothing. Each on IPv4 and on IPv6.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "../support/net.h"
#include "reactor/core.h"

/* A stream of each family, with what it is connected to. */
struct world {
    eddy_core *core;
    eddy_tcp *v4, *v6;
    int peers[2];
};

static eddy_tcp *stream_to(eddy_core *core, eddy_addr host, int *peer)
{
    eddy_listener *listener = NULL;
    eddy_addr addr;
    eddy_tcp *client;

    assert_int_equal(eddy_listener_bind(eddy_core_handle(core), &host, NULL, &listener), 0);
    assert_int_equal(eddy_listener_local_addr(listener, &addr), 0);
    *peer = test_peer_connect(&addr);
    client = test_accept(core, listener);
    eddy_listener_free(listener);
    return client;
}

static void world_open(struct world *w)
{
    w->core = test_core();
    w->v4 = stream_to(w->core, eddy_addr_ipv4_loopback(0), &w->peers[0]);
    w->v6 = stream_to(w->core, eddy_addr_ipv6_loopback(0), &w->peers[1]);
}

static void world_close(struct world *w)
{
    test_peer_close(w->peers[0]);
    test_peer_close(w->peers[1]);
    eddy_tcp_free(w->v4);
    eddy_tcp_free(w->v6);
    test_core_end(w->core);
}

/* An option as the kernel calls it, and as a simulated host does. */
struct option {
    int level, name;
    eddy__socket_option option;
};
static const struct option nodelay = {IPPROTO_TCP, TCP_NODELAY, EDDY__SOCKET_NODELAY};
static const struct option ttl_v4 = {IPPROTO_IP, IP_TTL, EDDY__SOCKET_TTL};
static const struct option ttl_v6 = {IPPROTO_IPV6, IPV6_UNICAST_HOPS, EDDY__SOCKET_TTL};
static const struct option keep_on = {SOL_SOCKET, SO_KEEPALIVE, EDDY__SOCKET_KEEPALIVE};
static const struct option keep_idle = {IPPROTO_TCP, TCP_KEEPIDLE, EDDY__SOCKET_KEEPALIVE_IDLE};
static const struct option keep_interval = {IPPROTO_TCP, TCP_KEEPINTVL,
                                            EDDY__SOCKET_KEEPALIVE_INTERVAL};
static const struct option keep_probes = {IPPROTO_TCP, TCP_KEEPCNT, EDDY__SOCKET_KEEPALIVE_PROBES};
static const struct option recv_buffer = {SOL_SOCKET, SO_RCVBUF, EDDY__SOCKET_RECV_BUFFER};
static const struct option send_buffer = {SOL_SOCKET, SO_SNDBUF, EDDY__SOCKET_SEND_BUFFER};
static const struct option only_v6 = {IPPROTO_IPV6, IPV6_V6ONLY, EDDY__SOCKET_ONLY_V6};

/* What the system says. */
static int system_has(const struct world *w, const eddy_tcp *tcp, struct option option)
{
    eddy__system *system = w->core->driver->system;
    int value = -1, fd = eddy_tcp_fd(tcp);
    socklen_t size = sizeof value;

    if (w->core->sim != NULL)
        assert_int_equal(system->type->get(system, fd, option.option, &value), 0);
    else
        assert_int_equal(getsockopt(fd, option.level, option.name, &value, &size), 0);
    return value;
}

#define FOR_BOTH(w, tcp)                                                                           \
    for (eddy_tcp *tcp = (w).v4; tcp != NULL; tcp = tcp == (w).v4 ? (w).v6 : NULL)

static void nodelay_is_on_by_default_and_set_and_read(void **state)
{
    struct world w;
    bool on;

    (void)state;
    world_open(&w);
    FOR_BOTH(w, tcp)
    {
        assert_int_equal(eddy_tcp_nodelay(tcp, &on), 0);
        assert_true(on);
        assert_int_equal(eddy_tcp_set_nodelay(tcp, false), 0);
        assert_int_equal(eddy_tcp_nodelay(tcp, &on), 0);
        assert_false(on);
        assert_int_equal(system_has(&w, tcp, nodelay), 0);
        assert_int_equal(eddy_tcp_set_nodelay(tcp, true), 0);
        assert_int_equal(eddy_tcp_nodelay(tcp, &on), 0);
        assert_true(on);
    }
    world_close(&w);
}

static void nodelay_is_on_for_streams_of_every_origin(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    eddy_tcp *streams[5] = {NULL};
    int peer;

    (void)state;
    assert_int_equal(eddy_tcp_connect(eddy_core_handle(core), &addr, &streams[0]), 0);
    streams[1] = test_accept(core, listener);
    assert_int_equal(eddy_tcp_pair(eddy_core_handle(core), &streams[2], &streams[3]), 0);
    peer = test_peer(core, &streams[4]);
    for (int i = 0; i < 5; i++) {
        bool on = false;

        assert_int_equal(eddy_tcp_nodelay(streams[i], &on), 0);
        assert_true(on);
        eddy_tcp_free(streams[i]);
    }
    test_peer_close(peer);
    eddy_listener_free(listener);
    test_core_end(core);
}

static void ttl_is_set_and_read_and_a_wrong_one_changes_nothing(void **state)
{
    struct world w;
    uint32_t ttl;

    (void)state;
    world_open(&w);
    FOR_BOTH(w, tcp)
    {
        assert_int_equal(eddy_tcp_ttl(tcp, &ttl), 0);
        assert_in_range(ttl, 1, 255);
        for (uint32_t value = 1; value <= 255; value += 127) {
            assert_int_equal(eddy_tcp_set_ttl(tcp, value), 0);
            assert_int_equal(eddy_tcp_set_ttl(tcp, 0), -EINVAL);
            assert_int_equal(eddy_tcp_set_ttl(tcp, 256), -EINVAL);
            assert_int_equal(eddy_tcp_set_ttl(tcp, UINT32_MAX), -EINVAL);
            assert_int_equal(eddy_tcp_ttl(tcp, &ttl), 0);
            assert_int_equal(ttl, value);
        }
    }
    assert_int_equal(system_has(&w, w.v4, ttl_v4), 255);
    assert_int_equal(system_has(&w, w.v6, ttl_v6), 255);
    assert_int_equal(system_has(&w, w.v6, ttl_v4), 255);
    world_close(&w);
}

static void assert_keepalive(const eddy_tcp *tcp, eddy_keepalive expected)
{
    eddy_keepalive got;

    memset(&got, 0xa5, sizeof got);
    assert_int_equal(eddy_tcp_keepalive(tcp, &got), 0);
    assert_int_equal(got.on, expected.on);
    assert_int_equal(got.idle_ns, expected.idle_ns);
    assert_int_equal(got.interval_ns, expected.interval_ns);
    assert_int_equal(got.probes, expected.probes);
}

static void keepalive_is_set_and_read_and_rounded_up_to_seconds(void **state)
{
    eddy_keepalive first = {true, 7 * EDDY_SECOND, 2 * EDDY_SECOND, 5};
    eddy_keepalive odd = {true, 1, EDDY_SECOND + 1, 0};
    eddy_keepalive off = {.on = false};
    struct world w;

    (void)state;
    world_open(&w);
    FOR_BOTH(w, tcp)
    {
        eddy_keepalive got;

        assert_int_equal(eddy_tcp_keepalive(tcp, &got), 0);
        assert_false(got.on);
        assert_true(got.idle_ns > 0 && got.interval_ns > 0 && got.probes > 0); /* the system's */
        assert_int_equal(eddy_tcp_set_keepalive(tcp, &first), 0);
        assert_keepalive(tcp, first);
        assert_int_equal(system_has(&w, tcp, keep_on), 1);
        assert_int_equal(system_has(&w, tcp, keep_idle), 7);
        assert_int_equal(system_has(&w, tcp, keep_interval), 2);
        assert_int_equal(system_has(&w, tcp, keep_probes), 5);
        assert_int_equal(eddy_tcp_set_keepalive(tcp, &odd), 0);
        assert_keepalive(tcp, (eddy_keepalive){true, EDDY_SECOND, 2 * EDDY_SECOND, 5});
        assert_int_equal(eddy_tcp_set_keepalive(tcp, &off), 0);
        assert_keepalive(tcp, (eddy_keepalive){false, EDDY_SECOND, 2 * EDDY_SECOND, 5});
    }
    world_close(&w);
}

static void a_wrong_keepalive_changes_nothing(void **state)
{
    const eddy_keepalive good = {true, 7 * EDDY_SECOND, 2 * EDDY_SECOND, 5};
    const eddy_keepalive wrong[] = {
        {false, -1, EDDY_SECOND, 1},
        {false, EDDY_SECOND, -1, 1},
        {false, INT64_MAX, EDDY_SECOND, 1},
        {false, EDDY_SECOND, INT64_MAX, 1},
        {false, 40000 * EDDY_SECOND, EDDY_SECOND, 1},
        {false, EDDY_SECOND, 40000 * EDDY_SECOND, 1},
        {false, EDDY_SECOND, EDDY_SECOND, 128},
        {false, EDDY_SECOND, EDDY_SECOND, UINT32_MAX},
    };
    struct world w;

    (void)state;
    world_open(&w);
    FOR_BOTH(w, tcp)
    {
        assert_int_equal(eddy_tcp_set_keepalive(tcp, &good), 0);
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
            assert_int_equal(eddy_tcp_set_keepalive(tcp, &wrong[i]), -EINVAL);
            assert_keepalive(tcp, good);
        }
    }
    world_close(&w);
}

typedef int size_setter(eddy_tcp *self, size_t bytes);
typedef int size_getter(const eddy_tcp *self, size_t *bytes);

static void check_buffer(const struct world *w, eddy_tcp *tcp, size_setter *set, size_getter *get,
                         struct option option)
{
    size_t bytes = 0, before;

    assert_int_equal(set(tcp, 20000), 0);
    assert_int_equal(get(tcp, &before), 0);
    assert_true(before == 20000 || before == 40000); /* the system may double it */
    assert_int_equal(system_has(w, tcp, option), before);
    assert_int_equal(set(tcp, 0), -EINVAL);
    assert_int_equal(get(tcp, &bytes), 0);
    assert_int_equal(bytes, before);
    assert_int_equal(set(tcp, SIZE_MAX), 0); /* cut to what may be */
    assert_int_equal(get(tcp, &bytes), 0);
    assert_true(bytes > before && bytes < (size_t)1 << 31);
}

static void kernel_buffers_are_set_and_read(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    FOR_BOTH(w, tcp)
    {
        check_buffer(&w, tcp, eddy_tcp_set_recv_buffer, eddy_tcp_recv_buffer, recv_buffer);
        check_buffer(&w, tcp, eddy_tcp_set_send_buffer, eddy_tcp_send_buffer, send_buffer);
    }
    world_close(&w);
}

static void only_v6_is_read_and_refused_once_bound(void **state)
{
    struct world w;
    bool before = false, after = true;
    int error;

    (void)state;
    world_open(&w);
    assert_int_equal(eddy_tcp_only_v6(w.v6, &before), 0);
    assert_int_equal(before, system_has(&w, w.v6, only_v6) != 0);
    assert_int_equal(eddy_tcp_set_only_v6(w.v6, !before), -EINVAL);
    assert_int_equal(eddy_tcp_only_v6(w.v6, &after), 0);
    assert_int_equal(after, before);
    error = eddy_tcp_only_v6(w.v4, &after);
    assert_true(error == -ENOPROTOOPT || error == -EOPNOTSUPP);
    assert_true(eddy_tcp_set_only_v6(w.v4, true) < 0);
    world_close(&w);
}

static void only_v6_is_set_on_a_socket_that_is_not_bound(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp = NULL;
    int fd = test_peer_socket_v6();

    (void)state;
    assert_int_equal(eddy_tcp_adopt(eddy_core_handle(core), fd, &tcp), 0);
    for (int i = 0; i < 4; i++) {
        bool only = i % 2 != 0;

        assert_int_equal(eddy_tcp_set_only_v6(tcp, i % 2 == 0), 0);
        assert_int_equal(eddy_tcp_only_v6(tcp, &only), 0);
        assert_int_equal(only, i % 2 == 0);
    }
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void linger_is_set_and_read_and_rounded_up_to_seconds(void **state)
{
    const int64_t asked[] = {0, 1, EDDY_SECOND, 2 * EDDY_SECOND + 1, -1, -EDDY_SECOND, INT64_MIN};
    const int64_t got[] = {0, EDDY_SECOND, EDDY_SECOND, 3 * EDDY_SECOND, -1, -1, -1};
    struct world w;

    (void)state;
    world_open(&w);
    FOR_BOTH(w, tcp)
    {
        int64_t time_ns = 5;

        assert_int_equal(eddy_tcp_linger(tcp, &time_ns), 0);
        assert_int_equal(time_ns, -1);
        for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
            assert_int_equal(eddy_tcp_set_linger(tcp, asked[i]), 0);
            assert_int_equal(eddy_tcp_linger(tcp, &time_ns), 0);
            assert_int_equal(time_ns, got[i]);
        }
        assert_int_equal(eddy_tcp_set_linger(tcp, INT64_MAX), 0); /* as long as may be */
        assert_int_equal(eddy_tcp_linger(tcp, &time_ns), 0);
        assert_true(time_ns > 3600 * EDDY_SECOND);
    }
    world_close(&w);
}

static void a_linger_of_0_makes_the_final_close_a_reset(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);

    (void)state;
    assert_int_equal(eddy_tcp_set_linger(tcp, 0), 0);
    eddy_tcp_free(tcp);
    test_settle(core);
    assert_int_equal(test_peer_ending(peer), -ECONNRESET);
    test_peer_close(peer);
    test_core_end(core);
}

/* The peer takes nothing, so that the kernel has something to linger for. */
static void a_linger_of_the_kernels_never_holds_up_the_loop(void **state)
{
    static unsigned char large[1024 * 1024];
    eddy_tcp_limits limits = {.size_bytes = sizeof limits,
                              .send_queue_bytes = sizeof large,
                              .linger_ns = EDDY_MILLISECOND};
    eddy_core *core = test_core();
    int fds = test_open_fds();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    int64_t began_ns;

    (void)state;
    assert_int_equal(eddy_tcp_set_limits(tcp, &limits), 0);
    test_peer_small_buffers(peer);
    assert_int_equal(eddy_tcp_set_linger(tcp, 20 * EDDY_SECOND), 0);
    assert_true(test_write(core, tcp, large, sizeof large) > 0);
    test_settle(core);
    began_ns = eddy_now_ns(eddy_core_handle(core));
    eddy_tcp_free(tcp);
    test_until_fds(core, fds + 1);
    assert_true(eddy_now_ns(eddy_core_handle(core)) - began_ns < 9 * EDDY_SECOND);
    test_peer_close(peer);
    (void)eddy_core_free(core);
}

static void a_stream_that_is_no_tcp_has_no_address_and_refuses_nodelay(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp = NULL;
    eddy_addr addr = eddy_addr_ipv4_loopback(1);
    int fds[2];
    bool on;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(eddy_tcp_adopt(eddy_core_handle(core), fds[0], &tcp), 0);
    assert_int_equal(eddy_tcp_local_addr(tcp, &addr), 0);
    assert_int_equal(addr.family, EDDY_ADDR_NONE);
    assert_int_equal(eddy_tcp_peer_addr(tcp, &addr), 0);
    assert_int_equal(addr.family, EDDY_ADDR_NONE);
    assert_true(eddy_tcp_set_nodelay(tcp, true) < 0);
    assert_true(eddy_tcp_nodelay(tcp, &on) < 0);
    eddy_tcp_free(tcp);
    test_peer_close(fds[1]);
    test_core_end(core);
}

static void peer_addr_without_a_peer_is_enotconn(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp = NULL;
    eddy_addr addr;
    int listener = test_peer_listen(1, &addr), fd = test_peer_socket();

    (void)state;
    test_peer_close(listener);
    assert_int_equal(eddy_tcp_connect_fd(eddy_core_handle(core), fd, &addr, &tcp), 0);
    assert_int_equal(test_connected(core, tcp), -ECONNREFUSED);
    assert_int_equal(eddy_tcp_peer_addr(tcp, &addr), -ENOTCONN);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void once_the_loop_is_gone_every_option_says_so(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp, *other;
    eddy_keepalive keepalive = {0};
    eddy_addr addr;
    bool on;
    uint32_t ttl;
    size_t bytes;
    int64_t time_ns;

    (void)state;
    assert_int_equal(eddy_tcp_pair(eddy_core_handle(core), &tcp, &other), 0);
    test_core_end(core);
    assert_int_equal(eddy_tcp_local_addr(tcp, &addr), EDDY_LOOP_GONE);
    assert_int_equal(eddy_tcp_peer_addr(tcp, &addr), EDDY_LOOP_GONE);
    assert_int_equal(eddy_tcp_set_nodelay(tcp, true), EDDY_LOOP_GONE);
    assert_int_equal(eddy_tcp_nodelay(tcp, &on), EDDY_LOOP_GONE);
    assert_int_equal(eddy_tcp_set_ttl(tcp, 1), EDDY_LOOP_GONE);
    assert_int_equal(eddy_tcp_ttl(tcp, &ttl), EDDY_LOOP_GONE);
    assert_int_equal(eddy_tcp_set_keepalive(tcp, &keepalive), EDDY_LOOP_GONE);
    assert_int_equal(eddy_tcp_keepalive(tcp, &keepalive), EDDY_LOOP_GONE);
    assert_int_equal(eddy_tcp_set_recv_buffer(tcp, 1), EDDY_LOOP_GONE);
    assert_int_equal(eddy_tcp_recv_buffer(tcp, &bytes), EDDY_LOOP_GONE);
    assert_int_equal(eddy_tcp_set_send_buffer(tcp, 1), EDDY_LOOP_GONE);
    assert_int_equal(eddy_tcp_send_buffer(tcp, &bytes), EDDY_LOOP_GONE);
    assert_int_equal(eddy_tcp_set_only_v6(tcp, true), EDDY_LOOP_GONE);
    assert_int_equal(eddy_tcp_only_v6(tcp, &on), EDDY_LOOP_GONE);
    assert_int_equal(eddy_tcp_set_linger(tcp, EDDY_SECOND), EDDY_LOOP_GONE);
    assert_int_equal(eddy_tcp_linger(tcp, &time_ns), EDDY_LOOP_GONE);
    assert_int_equal(eddy_tcp_fd(tcp), -1);
    eddy_tcp_free(tcp);
    eddy_tcp_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodelay_is_on_by_default_and_set_and_read),
        cmocka_unit_test(nodelay_is_on_for_streams_of_every_origin),
        cmocka_unit_test(ttl_is_set_and_read_and_a_wrong_one_changes_nothing),
        cmocka_unit_test(keepalive_is_set_and_read_and_rounded_up_to_seconds),
        cmocka_unit_test(a_wrong_keepalive_changes_nothing),
        cmocka_unit_test(kernel_buffers_are_set_and_read),
        cmocka_unit_test(only_v6_is_read_and_refused_once_bound),
        cmocka_unit_test(only_v6_is_set_on_a_socket_that_is_not_bound),
        cmocka_unit_test(linger_is_set_and_read_and_rounded_up_to_seconds),
        cmocka_unit_test(a_linger_of_0_makes_the_final_close_a_reset),
        cmocka_unit_test(a_linger_of_the_kernels_never_holds_up_the_loop),
        cmocka_unit_test(peer_addr_without_a_peer_is_enotconn),
        cmocka_unit_test(once_the_loop_is_gone_every_option_says_so),
    };
    /* A simulated host has no Unix sockets. */
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(a_stream_that_is_no_tcp_has_no_address_and_refuses_nodelay),
    };

    return TEST_GROUPS(tests, kernel);
}
