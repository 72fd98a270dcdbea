/* SPDX-License-Identifier: MIT */
/*
 * plain.c - see plain.h. Each verb has the kernel's way and the simulated host's, nothing else.
 */
#include "support/plain.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/driver_world.h"

/* What is under way on a loopback has arrived after so long; what comes later is a time-out. */
#define ARRIVAL_NS EDDY_MILLISECOND

enum { BUFFER_BYTES = 208 * 1024 };

bool plain_is_simulated(void)
{
    const char *name = getenv("EDDY_DRIVER");

    return name != NULL && strcmp(name, "sim") == 0;
}

/* The simulated host; NULL: the kernel. */
static eddy__sim_host *host_of(const world *w)
{
    return w->driver->cpu != NULL ? w->driver->cpu->host : NULL;
}

void plain_arrive(world *w)
{
    eddy__sim_host *host = host_of(w);
    int64_t until_ns;

    if (host == NULL)
        return;
    until_ns = host->sim->now_ns + ARRIVAL_NS;
    while (eddy__sim_next_ns(host->sim, true) <= until_ns)
        (void)eddy__sim_step(host->sim, NULL, until_ns);
}

static int64_t result_of(int64_t n)
{
    return n < 0 ? -errno : n;
}

/* ---- making ---- */

int plain_socket(world *w)
{
    const eddy_addr to = eddy_addr_ipv4_loopback(1);
    eddy__sim_host *host = host_of(w);
    int fd;

    if (host != NULL)
        fd = host->system.type->stream(&host->system, &to);
    else
        fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    return fd;
}

static int sim_listen(eddy__sim_host *host, uint16_t *port, int backlog)
{
    const eddy__socket_listen options = {.backlog = backlog, .only_v6 = -1};
    eddy_addr addr = eddy_addr_ipv4_loopback(*port);
    int fd = host->system.type->listen(&host->system, &addr, &options);

    assert_true(fd >= 0);
    assert_int_equal(host->system.type->local_addr(&host->system, fd, &addr), 0);
    *port = addr.port;
    return fd;
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int plain_listen(world *w, uint16_t *port, int backlog)
{
    struct sockaddr_in at = loopback(*port);
    socklen_t size = sizeof at;
    int fd;

    if (host_of(w) != NULL)
        return sim_listen(host_of(w), port, backlog);
    fd = plain_socket(w);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

int plain_begin_connect(world *w, uint16_t port)
{
    const eddy_addr to = eddy_addr_ipv4_loopback(port);
    struct sockaddr_in at = loopback(port);
    int fd = plain_socket(w);

    if (host_of(w) == NULL) {
        (void)connect(fd, (struct sockaddr *)&at, sizeof at);
        return fd;
    }
    (void)eddy__sim_connect(host_of(w), fd, &to);
    plain_arrive(w);
    return fd;
}

int plain_connect(world *w, uint16_t port)
{
    struct sockaddr_in at = loopback(port);
    int fd;

    if (host_of(w) != NULL) {
        fd = plain_begin_connect(w, port);
        assert_int_equal(eddy__sim_take_error(host_of(w), fd), 0);
        assert_false(eddy__sim_ready(host_of(w), fd) & EDDY__SIM_CONNECTING);
        return fd;
    }
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

int plain_accept(world *w, int listener)
{
    plain_arrive(w);
    if (host_of(w) != NULL)
        return eddy__sim_accept(host_of(w), listener);
    return (int)result_of(accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

/* Buffers as large as the kernel's, which grow. */
static void sim_enlarge(eddy__system *system, int fd)
{
    assert_int_equal(system->type->set(system, fd, EDDY__SOCKET_SEND_BUFFER, BUFFER_BYTES), 0);
    assert_int_equal(system->type->set(system, fd, EDDY__SOCKET_RECV_BUFFER, BUFFER_BYTES), 0);
}

void plain_pair(world *w, int fds[2])
{
    uint16_t port = 0;
    int listener = plain_listen(w, &port, 1);

    fds[1] = plain_connect(w, port);
    fds[0] = plain_accept(w, listener);
    assert_true(fds[0] >= 0);
    plain_close(w, listener);
    for (int i = 0; i < 2 && host_of(w) != NULL; i++)
        sim_enlarge(&host_of(w)->system, fds[i]);
}

void plain_pair_as(world *w, int fds[2], int number)
{
    if (host_of(w) != NULL) { /* the lowest that is free comes first */
        assert_int_equal(host_of(w)->system.type->pair(&host_of(w)->system, fds), 0);
        return;
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    if (fds[0] == number || fcntl(number, F_GETFD) >= 0)
        return;
    assert_int_equal(dup2(fds[0], number), number);
    close(fds[0]);
    fds[0] = number;
}

/* ---- bytes ---- */

int64_t plain_send(world *w, int fd, const void *data, size_t len)
{
    int64_t n;

    if (host_of(w) == NULL)
        return result_of(send(fd, data, len, MSG_NOSIGNAL));
    n = eddy__sim_send(host_of(w), fd, data, len);
    plain_arrive(w);
    return n;
}

int64_t plain_recv(world *w, int fd, void *data, size_t max)
{
    int64_t n;

    if (host_of(w) == NULL)
        return result_of(recv(fd, data, max, 0));
    plain_arrive(w);
    n = eddy__sim_recv(host_of(w), fd, data, max);
    plain_arrive(w); /* the window opens */
    return n;
}

int64_t plain_unread(world *w, int fd)
{
    char all[4096];

    if (host_of(w) == NULL)
        return result_of(recv(fd, all, sizeof all, MSG_PEEK));
    plain_arrive(w);
    return (int64_t)eddy__sim_unread(host_of(w), fd);
}

void plain_write(world *w, int fd, const void *data, size_t len)
{
    assert_int_equal(plain_send(w, fd, data, len), len);
}

/* ---- ending ---- */

int plain_shutdown(world *w, int fd)
{
    int result;

    if (host_of(w) == NULL)
        return (int)result_of(shutdown(fd, SHUT_WR));
    result = eddy__sim_shutdown(host_of(w), fd);
    plain_arrive(w);
    return result;
}

void plain_close(world *w, int fd)
{
    eddy__sim_host *host = host_of(w);

    if (host == NULL) {
        close(fd);
        return;
    }
    host->system.type->close(&host->system, fd);
    plain_arrive(w);
}

void plain_reset(world *w, int fd)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    eddy__system *system = w->driver->system;

    if (host_of(w) != NULL)
        assert_int_equal(system->type->set(system, fd, EDDY__SOCKET_LINGER, 0), 0);
    else
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    plain_close(w, fd);
}

/* ---- descriptors ---- */

bool plain_is_adoptable(world *w, int fd)
{
    return host_of(w) != NULL ||
           ((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

int fd_count(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = -3; /* ".", "..", and the directory itself */

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

int plain_count(world *w)
{
    return host_of(w) != NULL ? (int)host_of(w)->fds_used : fd_count();
}

static uint64_t set_limit(world *w, uint64_t limit)
{
    eddy__sim_host *host = host_of(w);
    struct rlimit files;
    uint64_t before;

    if (host != NULL) {
        before = host->fds_max;
        host->fds_max = (uint32_t)limit;
        return before;
    }
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    before = files.rlim_cur;
    files.rlim_cur = (rlim_t)limit;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    return before;
}

uint64_t plain_forbid_descriptors(world *w)
{
    int lowest;

    if (host_of(w) != NULL)
        return set_limit(w, host_of(w)->fds_used);
    lowest = dup(0);
    assert_true(lowest >= 0);
    close(lowest);
    return set_limit(w, (uint64_t)lowest);
}

void plain_allow_descriptors(world *w, uint64_t limit)
{
    (void)set_limit(w, limit);
}
