/* SPDX-License-Identifier: MIT */
/*
 * net_kernel.c - the raw peer on the kernel's sockets: plain, blocking, with a limit of ten
 * seconds. See net_backend.h.
 */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "net_backend.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "sys/sockaddr.h"

/* ---- making ---- */

static void limit_waits(int fd)
{
    struct timeval limit = {.tv_sec = 10};

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), 0);
}

static int kernel_socket(const eddy_addr *addr)
{
    int family = addr->family == EDDY_ADDR_IPV6 ? AF_INET6 : AF_INET;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    limit_waits(fd);
    return fd;
}

static eddy_addr kernel_local_addr(int fd)
{
    struct sockaddr_storage storage;
    socklen_t size = sizeof storage;

    assert_int_equal(getsockname(fd, (struct sockaddr *)&storage, &size), 0);
    return eddy__sockaddr_to_addr(&storage);
}

static int kernel_bind(const eddy_addr *at)
{
    struct sockaddr_storage storage;
    socklen_t size = eddy__sockaddr_from(at, &storage);
    int fd = kernel_socket(at);

    assert_int_equal(bind(fd, (struct sockaddr *)&storage, size), 0);
    return fd;
}

static int kernel_listen(const eddy_addr *at, int backlog)
{
    int fd = kernel_bind(at);

    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static void kernel_connect_to(int fd, const eddy_addr *addr)
{
    struct sockaddr_storage storage;
    socklen_t size = eddy__sockaddr_from(addr, &storage);

    while (connect(fd, (struct sockaddr *)&storage, size) < 0 && errno != EISCONN)
        assert_true(errno == EINTR || errno == EALREADY); /* a ring may interrupt what blocks */
}

static void kernel_connect_later(int fd, const eddy_addr *addr)
{
    struct sockaddr_storage storage;
    socklen_t size = eddy__sockaddr_from(addr, &storage);

    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    (void)connect(fd, (struct sockaddr *)&storage, size);
}

static int kernel_accept(int listener)
{
    int fd;

    do
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    assert_true(fd >= 0);
    limit_waits(fd);
    return fd;
}

static int kernel_try_accept(int listener)
{
    struct pollfd ready = {.fd = listener, .events = POLLIN};

    return poll(&ready, 1, 0) == 1 ? kernel_accept(listener) : -1;
}

/* ---- bytes ---- */

static long kernel_send(int fd, const void *data, size_t len)
{
    ssize_t n;

    do
        n = send(fd, data, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static long kernel_recv(int fd, void *memory, size_t len)
{
    ssize_t n;

    do
        n = recv(fd, memory, len, MSG_WAITALL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static long kernel_try_send(int fd, const void *data, size_t len)
{
    ssize_t n = send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

    return n < 0 ? -errno : n;
}

static long kernel_try_recv(int fd, void *memory, size_t len)
{
    ssize_t n = recv(fd, memory, len, MSG_DONTWAIT);

    return n < 0 ? -errno : n;
}

/* ---- ending, and options ---- */

static void kernel_shutdown(int fd)
{
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
}

static void kernel_close(int fd)
{
    assert_int_equal(close(fd), 0);
}

static void kernel_reset(int fd)
{
    struct linger linger = {.l_onoff = 1};

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    assert_int_equal(close(fd), 0);
}

static void kernel_small_buffers(int fd)
{
    int bytes = 4096;

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes), 0);
}

static void kernel_small_segments(int fd)
{
    const int segment = 1000;

    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment), 0);
}

/* ---- descriptors ---- */

static bool kernel_is_careful(int fd)
{
    return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

static bool kernel_path_is_there(const char *path)
{
    struct stat file;

    return lstat(path, &file) == 0;
}

static eddy_unix_credentials kernel_ourselves(void)
{
    return (eddy_unix_credentials){.pid = getpid(), .uid = getuid(), .gid = getgid()};
}

static int kernel_flags(int fd)
{
    return 2 * fcntl(fd, F_GETFL) + (fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static int kernel_open_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = -1; /* this one */

    assert_non_null(dir);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static int set_fds_limit(int to)
{
    struct rlimit limit;
    int before;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    before = (int)limit.rlim_cur;
    limit.rlim_cur = (rlim_t)to;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return before;
}

static int kernel_fds_forbid(void)
{
    int lowest = dup(0); /* all below are in use */

    assert_true(lowest >= 0);
    close(lowest);
    return set_fds_limit(lowest);
}

static void kernel_fds_allow(int before)
{
    (void)set_fds_limit(before);
}

const test_net test_net_kernel = {
    .socket = kernel_socket,
    .listen = kernel_listen,
    .bind = kernel_bind,
    .local_addr = kernel_local_addr,
    .connect_to = kernel_connect_to,
    .connect_later = kernel_connect_later,
    .accept = kernel_accept,
    .try_accept = kernel_try_accept,
    .send = kernel_send,
    .recv = kernel_recv,
    .try_send = kernel_try_send,
    .try_recv = kernel_try_recv,
    .shutdown = kernel_shutdown,
    .close = kernel_close,
    .reset = kernel_reset,
    .small_buffers = kernel_small_buffers,
    .small_segments = kernel_small_segments,
    .is_careful = kernel_is_careful,
    .path_is_there = kernel_path_is_there,
    .ourselves = kernel_ourselves,
    .flags = kernel_flags,
    .open_fds = kernel_open_fds,
    .fds_forbid = kernel_fds_forbid,
    .fds_allow = kernel_fds_allow,
};
