/* SPDX-License-Identifier: MIT */
/*
 * net_sim.c - the raw peer on the sockets of the simulated host that all loops of this thread live
 * on when EDDY_DRIVER is "sim". See net_backend.h.
 *
 * The room is kept from the first verb until nobody but this file has to do with it any more, so
 * that each test begins with a new one.
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
#include <string.h>

#include "sim/tcp.h"
#include "sys/datagrams_unix.h"

/* What is under way on a loopback has arrived after so long; what comes later is a time-out. */
#define ARRIVAL_NS EDDY_MILLISECOND
#define LIMIT_NS   (10 * EDDY_SECOND)

static eddy__sim *room;

static eddy__sim_host *the_host(void)
{
    return EDDY__CONTAINER(room->hosts.next, eddy__sim_host, all);
}

static eddy__sim_host *host(void)
{
    if (room == NULL)
        room = eddy__sim_default();
    assert_non_null(room);
    return the_host();
}

void test_net_sim_rest(void)
{
    if (room == NULL || room->refs > 1 || the_host()->fds_used > 0)
        return;
    eddy__sim_release(room);
    room = NULL;
}

static void arrive(void)
{
    int64_t until_ns = host()->sim->now_ns + ARRIVAL_NS;

    while (eddy__sim_next_ns(room, true) <= until_ns)
        (void)eddy__sim_step(room, NULL, until_ns);
}

/* One step on, within the limit. */
static void wait_until(int64_t limit_ns)
{
    assert_true(room->now_ns < limit_ns);
    (void)eddy__sim_step(room, NULL, limit_ns);
}

static int64_t limit(void)
{
    return host()->sim->now_ns + LIMIT_NS;
}

static void set(int fd, eddy__socket_option option, int value)
{
    assert_int_equal(host()->system.type->set(&host()->system, fd, option, value), 0);
}

/* ---- making ---- */

static int sim_socket(const eddy_addr *addr)
{
    int fd = host()->system.type->stream(&host()->system, addr);

    assert_true(fd >= 0);
    return fd;
}

static int sim_listen(const eddy_addr *at, int backlog)
{
    const eddy__socket_listen options = {.backlog = backlog, .only_v6 = -1};
    int fd = host()->system.type->listen(&host()->system, at, &options);

    assert_true(fd >= 0);
    return fd;
}

static eddy_addr sim_local_addr(int fd)
{
    eddy_addr addr;

    assert_int_equal(host()->system.type->local_addr(&host()->system, fd, &addr), 0);
    return addr;
}

static int sim_bind(const eddy_addr *at)
{
    eddy__sim_socket *socket;
    int fd = sim_socket(at);

    socket = eddy__sim_socket_of(host(), fd);
    assert_int_equal(eddy__sim_ports_bind(socket, at), 0);
    assert_int_equal(eddy__sim_ports_add(socket), 0);
    return fd;
}

static void sim_connect_later(int fd, const eddy_addr *addr)
{
    assert_int_equal(eddy__sim_connect(host(), fd, addr), -EINPROGRESS);
    arrive();
}

static void sim_connect_to(int fd, const eddy_addr *addr)
{
    int64_t limit_ns = limit();

    sim_connect_later(fd, addr);
    while ((eddy__sim_ready(host(), fd) & EDDY__SIM_CONNECTING) != 0)
        wait_until(limit_ns);
    assert_int_equal(eddy__sim_take_error(host(), fd), 0);
    arrive();
}

static int sim_try_accept(int listener)
{
    int fd;

    arrive();
    fd = eddy__sim_accept(host(), listener);
    assert_true(fd >= 0 || fd == -EAGAIN);
    return fd >= 0 ? fd : -1;
}

static int sim_accept(int listener)
{
    int64_t limit_ns = limit();
    int fd = sim_try_accept(listener);

    while (fd < 0) {
        wait_until(limit_ns);
        fd = sim_try_accept(listener);
    }
    return fd;
}

/* ---- bytes ---- */

static long sim_try_send(int fd, const void *data, size_t len)
{
    int64_t n = eddy__sim_send(host(), fd, data, len);

    arrive();
    return (long)n;
}

static long sim_send(int fd, const void *data, size_t len)
{
    int64_t limit_ns = limit();
    long n = sim_try_send(fd, data, len);

    while (n == -EAGAIN) {
        wait_until(limit_ns);
        n = sim_try_send(fd, data, len);
    }
    return n;
}

static long sim_try_recv(int fd, void *memory, size_t len)
{
    int64_t n;

    arrive();
    n = eddy__sim_recv(host(), fd, memory, len);
    arrive(); /* the window opens */
    return (long)n;
}

static long sim_recv(int fd, void *memory, size_t len)
{
    int64_t limit_ns = limit();
    long n = sim_try_recv(fd, memory, len);

    while (n == -EAGAIN) {
        wait_until(limit_ns);
        n = sim_try_recv(fd, memory, len);
    }
    return n;
}

/* ---- ending, and options ---- */

static void sim_shutdown(int fd)
{
    assert_int_equal(eddy__sim_shutdown(host(), fd), 0);
    arrive();
}

static void sim_close(int fd)
{
    (void)sim_local_addr(fd); /* fails the test when it is not open */
    host()->system.type->close(&host()->system, fd);
    arrive();
    test_net_sim_rest();
}

static void sim_reset(int fd)
{
    set(fd, EDDY__SOCKET_LINGER, 0);
    sim_close(fd);
}

static void sim_small_buffers(int fd)
{
    set(fd, EDDY__SOCKET_SEND_BUFFER, 4096);
    set(fd, EDDY__SOCKET_RECV_BUFFER, 4096);
}

static void sim_small_segments(int fd)
{
    (void)fd; /* as large as the window, and sent again as soon as that opens */
}

/* ---- descriptors ---- */

static bool sim_is_careful(int fd)
{
    return eddy__sim_socket_of(host(), fd) != NULL;
}

/* Somebody would be refused there, or heard. */
static bool sim_path_is_there(const char *path)
{
    eddy__system *system = &host()->system;
    const eddy__unix_datagrams *calls = system->type->datagrams->unix_names;
    int fd = calls->open(system, EDDY__DATAGRAM_UNIX);
    eddy_unix_addr name;
    int error;

    assert_true(fd >= 0);
    assert_int_equal(eddy_unix_addr_path(path, strlen(path), &name), 0);
    error = calls->connect(system, fd, &name);
    system->type->close(system, fd);
    test_net_sim_rest();
    return error != -ENOENT;
}

static eddy_unix_credentials sim_ourselves(void)
{
    int32_t pid = (int32_t)host()->index + 1;

    test_net_sim_rest();
    return (eddy_unix_credentials){.pid = pid};
}

static int sim_flags(int fd)
{
    (void)fd;
    return 0;
}

static int sim_open_fds(void)
{
    int count = (int)host()->fds_used;

    test_net_sim_rest();
    return count;
}

static int sim_fds_forbid(void)
{
    int before = (int)host()->fds_max;

    host()->fds_max = host()->fds_used;
    return before;
}

static void sim_fds_allow(int before)
{
    host()->fds_max = (uint32_t)before;
}

const test_net test_net_sim = {
    .socket = sim_socket,
    .listen = sim_listen,
    .bind = sim_bind,
    .local_addr = sim_local_addr,
    .connect_to = sim_connect_to,
    .connect_later = sim_connect_later,
    .accept = sim_accept,
    .try_accept = sim_try_accept,
    .send = sim_send,
    .recv = sim_recv,
    .try_send = sim_try_send,
    .try_recv = sim_try_recv,
    .shutdown = sim_shutdown,
    .close = sim_close,
    .reset = sim_reset,
    .small_buffers = sim_small_buffers,
    .small_segments = sim_small_segments,
    .is_careful = sim_is_careful,
    .path_is_there = sim_path_is_there,
    .ourselves = sim_ourselves,
    .flags = sim_flags,
    .open_fds = sim_open_fds,
    .fds_forbid = sim_fds_forbid,
    .fds_allow = sim_fds_allow,
};
