/* SPDX-License-Identifier: MIT */
/*
 * sockets.c - see sockets.h. One function for one thought; where several calls are needed, the
 * descriptor is closed again when one of them fails.
 */
#include "sys/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sys/datagrams.h"
#include "sys/sockaddr.h"
#include "sys/socket_fd.h"
#include "sys/unix.h"

static int domain_of(const eddy_addr *addr)
{
    return addr->family == EDDY_ADDR_IPV6 ? AF_INET6 : AF_INET;
}

static void close_fd(int fd)
{
    (void)close(fd); /* never again after EINTR: the number may be a stranger's */
}

static int close_with(int fd, int error)
{
    close_fd(fd);
    return error;
}

static int kernel_stream(eddy__system *system, const eddy_addr *to)
{
    int fd = socket(domain_of(to), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    int error;

    (void)system;
    if (fd < 0)
        return -errno;
    error = eddy__socket_set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    return error == 0 ? fd : close_with(fd, error);
}

/* Blocks. Once interrupted, it goes on by itself: calling again waits for how that ends. */
static int connect_to(int fd, const eddy_addr *addr)
{
    struct sockaddr_storage storage;
    socklen_t size = eddy__sockaddr_from(addr, &storage);

    while (connect(fd, (struct sockaddr *)&storage, size) < 0) {
        if (errno == EISCONN)
            return 0;
        if (errno != EINTR && errno != EALREADY)
            return -errno;
    }
    return 0;
}

static int prepare_listener(int fd, const eddy_addr *addr, const eddy__socket_listen *options)
{
    int error = 0;

    if (options->reuse_address)
        error = eddy__socket_set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (error == 0 && options->reuse_port)
        error = eddy__socket_set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (error == 0 && options->only_v6 >= 0 && addr->family == EDDY_ADDR_IPV6)
        error = eddy__socket_set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, options->only_v6);
    if (error == 0 && options->nodelay)
        error = eddy__socket_set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (error == 0)
        error = eddy__socket_bind(fd, addr);
    if (error == 0 && listen(fd, options->backlog) < 0)
        error = -errno;
    return error;
}

static int kernel_listen(eddy__system *system, const eddy_addr *addr,
                         const eddy__socket_listen *options)
{
    int fd = socket(domain_of(addr), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    int error;

    (void)system;
    if (fd < 0)
        return -errno;
    error = prepare_listener(fd, addr, options);
    return error == 0 ? fd : close_with(fd, error);
}

/* ---- addresses ---- */

static int kernel_local_addr(eddy__system *system, int fd, eddy_addr *addr)
{
    (void)system;
    return eddy__socket_local(fd, addr);
}

static int kernel_peer_addr(eddy__system *system, int fd, eddy_addr *addr)
{
    (void)system;
    return eddy__socket_peer(fd, addr);
}

/* ---- a pair ---- */

/* Somebody else may be faster at the port: only the peer that is `expected` will do. */
static int accept_from(int listener, const eddy_addr *expected)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        eddy_addr peer;
        int error;

        if (fd < 0 && errno != EINTR && errno != ECONNABORTED)
            return -errno;
        if (fd < 0)
            continue;
        error = eddy__socket_peer(fd, &peer);
        if (error == 0 && eddy_addr_equal(&peer, expected))
            return fd;
        close_fd(fd);
        if (error != 0 && error != -ENOTCONN) /* it may have been ours: nobody else may come */
            return error;
    }
}

/* The listener blocks, and so does the connect: to a queue that is empty it is immediate. */
static int connect_pair(int listener, int client)
{
    eddy_addr addr;
    int error = eddy__socket_local(listener, &addr);

    if (error == 0)
        error = connect_to(client, &addr);
    if (error == 0)
        error = eddy__socket_local(client, &addr);
    return error == 0 ? accept_from(listener, &addr) : error;
}

static int make_pair(int listener, int fds[2])
{
    int error;

    fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fds[0] < 0)
        return -errno;
    fds[1] = connect_pair(listener, fds[0]);
    if (fds[1] < 0)
        return close_with(fds[0], fds[1]);
    error = eddy__socket_set_flags(fds[0]);
    if (error == 0)
        error = eddy__socket_set_flags(fds[1]);
    if (error == 0)
        return 0;
    close_fd(fds[1]);
    return close_with(fds[0], error);
}

static int kernel_pair(eddy__system *system, int fds[2])
{
    eddy_addr addr = eddy_addr_ipv4_loopback(0);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    int error;

    (void)system;
    if (listener < 0)
        return -errno;
    error = eddy__socket_bind(listener, &addr);
    if (error == 0 && listen(listener, 1) < 0)
        error = -errno;
    if (error == 0)
        error = make_pair(listener, fds);
    return close_with(listener, error);
}

/* ---- adopting ---- */

static int kernel_adopt(eddy__system *system, int fd, bool listening)
{
    int type = 0, listens = 0;
    int error = eddy__socket_get_int(fd, SOL_SOCKET, SO_TYPE, &type);

    (void)system;
    if (error == 0)
        error = eddy__socket_get_int(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens);
    if (error != 0)
        return error;
    if (type != SOCK_STREAM || (listens != 0) != listening)
        return -EINVAL;
    return eddy__socket_set_flags(fd);
}

/* ---- options ---- */

typedef struct option_name {
    int level, name;
} option_name;

static const option_name option_names[] = {
    [EDDY__SOCKET_NODELAY] = {IPPROTO_TCP, TCP_NODELAY},
    [EDDY__SOCKET_RECV_BUFFER] = {SOL_SOCKET, SO_RCVBUF},
    [EDDY__SOCKET_SEND_BUFFER] = {SOL_SOCKET, SO_SNDBUF},
    [EDDY__SOCKET_ONLY_V6] = {IPPROTO_IPV6, IPV6_V6ONLY},
    [EDDY__SOCKET_KEEPALIVE] = {SOL_SOCKET, SO_KEEPALIVE},
    [EDDY__SOCKET_KEEPALIVE_IDLE] = {IPPROTO_TCP, TCP_KEEPIDLE},
    [EDDY__SOCKET_KEEPALIVE_INTERVAL] = {IPPROTO_TCP, TCP_KEEPINTVL},
    [EDDY__SOCKET_KEEPALIVE_PROBES] = {IPPROTO_TCP, TCP_KEEPCNT},
    [EDDY__SOCKET_TTL] = {IPPROTO_IP, IP_TTL},
};

static int find_name(int fd, eddy__socket_option option, option_name *found)
{
    int domain = 0;
    int error;

    *found = option_names[option];
    if (option != EDDY__SOCKET_TTL)
        return 0;
    error = eddy__socket_get_int(fd, SOL_SOCKET, SO_DOMAIN, &domain);
    if (domain == AF_INET6)
        *found = (option_name){IPPROTO_IPV6, IPV6_UNICAST_HOPS};
    return error;
}

static int set_linger(int fd, int seconds)
{
    struct linger linger = {.l_onoff = seconds >= 0, .l_linger = seconds >= 0 ? seconds : 0};

    return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) < 0 ? -errno : 0;
}

static int get_linger(int fd, int *seconds)
{
    struct linger linger = {0, 0};
    socklen_t size = sizeof linger;

    if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size) < 0)
        return -errno;
    *seconds = linger.l_onoff != 0 ? linger.l_linger : -1;
    return 0;
}

static int kernel_set(eddy__system *system, int fd, eddy__socket_option option, int value)
{
    option_name name;
    int error;

    (void)system;
    if (option == EDDY__SOCKET_LINGER)
        return set_linger(fd, value);
    error = find_name(fd, option, &name);
    if (error == 0)
        error = eddy__socket_set_int(fd, name.level, name.name, value);
    /* An IPv6 socket whose peer is IPv4 goes by the IPv4 one. */
    if (error == 0 && name.level == IPPROTO_IPV6 && name.name == IPV6_UNICAST_HOPS)
        error = eddy__socket_set_int(fd, IPPROTO_IP, IP_TTL, value);
    return error;
}

static int kernel_get(eddy__system *system, int fd, eddy__socket_option option, int *value)
{
    option_name name;
    int error;

    (void)system;
    if (option == EDDY__SOCKET_LINGER)
        return get_linger(fd, value);
    error = find_name(fd, option, &name);
    return error == 0 ? eddy__socket_get_int(fd, name.level, name.name, value) : error;
}

bool eddy__kernel_is_reset(int fd)
{
    struct tcp_info info = {.tcpi_state = TCP_ESTABLISHED};
    socklen_t size = sizeof info;

    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_CLOSE;
}

static bool kernel_is_reset(eddy__system *system, int fd)
{
    (void)system;
    return eddy__kernel_is_reset(fd);
}

/* ---- the table ---- */

static void kernel_close(eddy__system *system, int fd)
{
    (void)system;
    close_fd(fd);
}

static int64_t kernel_wall_ns(eddy__system *system)
{
    struct timespec now;

    (void)system;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail: the clock exists */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static const eddy__system_type kernel_type = {
    .stream = kernel_stream,
    .listen = kernel_listen,
    .pair = kernel_pair,
    .adopt = kernel_adopt,
    .close = kernel_close,
    .is_reset = kernel_is_reset,
    .local_addr = kernel_local_addr,
    .peer_addr = kernel_peer_addr,
    .set = kernel_set,
    .get = kernel_get,
    .wall_ns = kernel_wall_ns,
    .datagrams = &eddy__kernel_datagrams,
    .unix_sockets = &eddy__kernel_unix_sockets,
};

eddy__system eddy__kernel = {&kernel_type};
