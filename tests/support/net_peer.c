/* SPDX-License-Identifier: MIT */
/*
 * net_peer.c - the raw peer of net.h, on the kernel or on the simulated host: net_backend.h.
 */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "net_backend.h"

#include <errno.h>

#include "eddy/tcp_options.h"

static const test_net *net(void)
{
    return test_is_simulated() ? &test_net_sim : &test_net_kernel;
}

/* ---- making ---- */

int test_peer_listen_at(const eddy_addr *at, int backlog)
{
    return net()->listen(at, backlog);
}

int test_peer_listen(int backlog, eddy_addr *addr)
{
    const eddy_addr any = eddy_addr_ipv4_loopback(0);
    int fd = net()->listen(&any, backlog);

    *addr = net()->local_addr(fd);
    return fd;
}

int test_peer_deaf(eddy_addr *addr)
{
    const eddy_addr any = eddy_addr_ipv4_loopback(0);
    int fd = net()->bind(&any);

    *addr = net()->local_addr(fd);
    return fd;
}

eddy_addr test_peer_addr(int fd)
{
    return net()->local_addr(fd);
}

int test_peer_socket(void)
{
    const eddy_addr ipv4 = eddy_addr_ipv4_loopback(0);

    return net()->socket(&ipv4);
}

int test_peer_socket_v6(void)
{
    const eddy_addr ipv6 = eddy_addr_ipv6_loopback(0);

    return net()->socket(&ipv6);
}

void test_peer_connect_to(int fd, const eddy_addr *addr)
{
    net()->connect_to(fd, addr);
}

int test_peer_connect(const eddy_addr *addr)
{
    int fd = net()->socket(addr);

    net()->connect_to(fd, addr);
    return fd;
}

int test_peer_connect_later(const eddy_addr *addr)
{
    int fd = net()->socket(addr);

    net()->connect_later(fd, addr);
    return fd;
}

int test_peer_accept(int listener)
{
    return net()->accept(listener);
}

int test_peer_try_accept(int listener)
{
    return net()->try_accept(listener);
}

int test_peer(eddy_core *core, eddy_tcp **stream)
{
    eddy_addr addr;
    int listener = test_peer_listen(1, &addr);
    int peer = test_peer_connect(&addr);
    int fd = test_peer_accept(listener);

    test_peer_close(listener);
    assert_int_equal(eddy_tcp_adopt(eddy_core_handle(core), fd, stream), 0);
    return peer;
}

/* A small window wants small segments: the kernel fills up a window that is smaller than one only
 * once in 200 ms. Both must be so before the connection is made. */
int test_peer_slow(eddy_core *core, eddy_tcp **stream)
{
    eddy_addr addr;
    int listener = test_peer_listen(1, &addr);
    int peer = test_peer_socket();
    int fd;

    net()->small_segments(peer);
    test_peer_small_buffers(peer);
    test_peer_connect_to(peer, &addr);
    fd = test_peer_accept(listener);
    test_peer_close(listener);
    assert_int_equal(eddy_tcp_adopt(eddy_core_handle(core), fd, stream), 0);
    assert_int_equal(eddy_tcp_set_send_buffer(*stream, 4096), 0);
    return peer;
}

/* ---- bytes ---- */

void test_peer_send(int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        long n = net()->send(fd, at, len);

        assert_true(n > 0);
        at += n;
        len -= (size_t)n;
    }
}

void test_peer_recv(int fd, void *memory, size_t len)
{
    char *at = memory;

    while (len > 0) {
        long n = net()->recv(fd, at, len);

        assert_true(n > 0);
        at += n;
        len -= (size_t)n;
    }
}

long test_peer_try_recv(int fd, void *memory, size_t len)
{
    return net()->try_recv(fd, memory, len);
}

size_t test_peer_try_send(int fd, const void *data, size_t len)
{
    long n = net()->try_send(fd, data, len);

    return n < 0 ? 0 : (size_t)n;
}

/* ---- ending ---- */

int test_peer_ending(int fd)
{
    char byte;
    long n = net()->recv(fd, &byte, 1);

    assert_true(n <= 0);
    return (int)n;
}

void test_peer_shutdown(int fd)
{
    net()->shutdown(fd);
}

void test_peer_close(int fd)
{
    net()->close(fd);
}

void test_peer_reset(int fd)
{
    net()->reset(fd);
}

void test_peer_small_buffers(int fd)
{
    net()->small_buffers(fd);
}

/* ---- descriptors ---- */

bool test_fd_is_careful(int fd)
{
    return net()->is_careful(fd);
}

bool test_path_is_there(const char *path)
{
    return net()->path_is_there(path);
}

eddy_unix_credentials test_ourselves(void)
{
    return net()->ourselves();
}

int test_fd_flags(int fd)
{
    return net()->flags(fd);
}

int test_open_fds(void)
{
    return net()->open_fds();
}

int test_fds_forbid(void)
{
    return net()->fds_forbid();
}

void test_fds_allow(int before)
{
    net()->fds_allow(before);
}
