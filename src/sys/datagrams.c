/* SPDX-License-Identifier: MIT */
/*
 * datagrams.c - the kernel's datagram sockets: making, binding, connecting, options, groups. What they
 * send and receive is in datagrams_io.c.
 */
#include "sys/datagrams.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/datagrams_io.h"
#include "sys/datagrams_unix.h"
#include "sys/sockaddr.h"
#include "sys/socket_fd.h"

/* Younger than some systems' headers. */
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/* ---- making ---- */

static int kernel_open(eddy__system *system, const eddy_addr *of)
{
    int domain = of->family == EDDY_ADDR_IPV6 ? AF_INET6 : AF_INET;
    int fd = socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);

    (void)system;
    return fd < 0 ? -errno : fd;
}

static int kernel_bind(eddy__system *system, int fd, const eddy_addr *addr,
                       const eddy__datagram_bind *options)
{
    int error = 0;

    (void)system;
    if (options->reuse_address)
        error = eddy__socket_set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (error == 0 && options->reuse_port)
        error = eddy__socket_set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (error == 0 && options->only_v6 >= 0 && addr->family == EDDY_ADDR_IPV6)
        error = eddy__socket_set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, options->only_v6);
    return error == 0 ? eddy__socket_bind(fd, addr) : error;
}

/* -EINVAL: of no sort that can be used. */
static int find_sort(int domain, int type)
{
    if (domain == AF_INET || domain == AF_INET6)
        return type == SOCK_DGRAM ? EDDY__DATAGRAM_IP : -EINVAL;
    if (domain != AF_UNIX)
        return -EINVAL;
    switch (type) {
    case SOCK_DGRAM:
        return EDDY__DATAGRAM_UNIX;
    case SOCK_SEQPACKET:
        return EDDY__DATAGRAM_SEQPACKET;
    case SOCK_STREAM:
        return EDDY__DATAGRAM_STREAM;
    default:
        return -EINVAL;
    }
}

static int kernel_adopt(eddy__system *system, int fd, eddy__datagram_sort *sort)
{
    int domain, type;
    int found = eddy__socket_get_int(fd, SOL_SOCKET, SO_TYPE, &type);

    (void)system;
    if (found == 0)
        found = eddy__socket_get_int(fd, SOL_SOCKET, SO_DOMAIN, &domain);
    if (found == 0)
        found = find_sort(domain, type);
    if (found < 0)
        return found;
    *sort = (eddy__datagram_sort)found;
    return eddy__socket_set_flags(fd);
}

/* ---- connecting ---- */

/* The kernel takes away a port that it had chosen itself: then nobody reaches the socket any more, so it
 * is bound to that again. */
static int disconnect(int fd)
{
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    eddy_addr before = {.family = EDDY_ADDR_NONE}, after = before;
    int error = eddy__socket_local(fd, &before);

    if (error == 0 && connect(fd, &nobody, sizeof nobody) < 0)
        error = -errno;
    if (error == 0)
        error = eddy__socket_local(fd, &after);
    if (error != 0 || after.port != 0 || before.port == 0)
        return error;
    after.port = before.port;
    return eddy__socket_bind(fd, &after);
}

static int kernel_connect(eddy__system *system, int fd, const eddy_addr *to)
{
    struct sockaddr_storage storage;
    socklen_t size = eddy__sockaddr_from(to, &storage);

    (void)system;
    if (size == 0)
        return disconnect(fd);
    return connect(fd, (struct sockaddr *)&storage, size) < 0 ? -errno : 0;
}

/* ---- options ---- */

typedef struct option_name {
    int level, name;
} option_name;

/* As an IPv4 socket has them, and as an IPv6 one has. */
static const option_name option_names[][2] = {
    [EDDY__DATAGRAM_RECV_BUFFER] = {{SOL_SOCKET, SO_RCVBUF}, {SOL_SOCKET, SO_RCVBUF}},
    [EDDY__DATAGRAM_SEND_BUFFER] = {{SOL_SOCKET, SO_SNDBUF}, {SOL_SOCKET, SO_SNDBUF}},
    [EDDY__DATAGRAM_BROADCAST] = {{SOL_SOCKET, SO_BROADCAST}, {SOL_SOCKET, SO_BROADCAST}},
    [EDDY__DATAGRAM_TTL] = {{IPPROTO_IP, IP_TTL}, {IPPROTO_IPV6, IPV6_UNICAST_HOPS}},
    [EDDY__DATAGRAM_TRAFFIC_CLASS] = {{IPPROTO_IP, IP_TOS}, {IPPROTO_IPV6, IPV6_TCLASS}},
    [EDDY__DATAGRAM_MULTICAST_TTL] = {{IPPROTO_IP, IP_MULTICAST_TTL},
                                      {IPPROTO_IPV6, IPV6_MULTICAST_HOPS}},
    [EDDY__DATAGRAM_MULTICAST_LOOP] = {{IPPROTO_IP, IP_MULTICAST_LOOP},
                                       {IPPROTO_IPV6, IPV6_MULTICAST_LOOP}},
    [EDDY__DATAGRAM_MULTICAST_IFACE] = {{IPPROTO_IP, IP_MULTICAST_IF},
                                        {IPPROTO_IPV6, IPV6_MULTICAST_IF}},
    [EDDY__DATAGRAM_TELL_LOCAL] = {{IPPROTO_IP, IP_PKTINFO}, {IPPROTO_IPV6, IPV6_RECVPKTINFO}},
    [EDDY__DATAGRAM_TELL_CLASS] = {{IPPROTO_IP, IP_RECVTOS}, {IPPROTO_IPV6, IPV6_RECVTCLASS}},
    [EDDY__DATAGRAM_JOIN_SEGMENTS] = {{IPPROTO_UDP, UDP_GRO}, {IPPROTO_UDP, UDP_GRO}},
    [EDDY__DATAGRAM_ONLY_V6] = {{IPPROTO_IPV6, IPV6_V6ONLY}, {IPPROTO_IPV6, IPV6_V6ONLY}},
    [EDDY__DATAGRAM_REUSE_ADDRESS] = {{SOL_SOCKET, SO_REUSEADDR}, {SOL_SOCKET, SO_REUSEADDR}},
    [EDDY__DATAGRAM_REUSE_PORT] = {{SOL_SOCKET, SO_REUSEPORT}, {SOL_SOCKET, SO_REUSEPORT}},
};

static int is_v6(int fd, bool *v6)
{
    int domain;
    int error = eddy__socket_get_int(fd, SOL_SOCKET, SO_DOMAIN, &domain);

    *v6 = error == 0 && domain == AF_INET6;
    return error;
}

/* Is it asked of each of the two protocols, for the IPv4 peers that an IPv6 socket may have? */
static bool is_of_both(eddy__datagram_option option)
{
    return option == EDDY__DATAGRAM_TTL || option == EDDY__DATAGRAM_TRAFFIC_CLASS ||
           option == EDDY__DATAGRAM_TELL_CLASS;
}

static int set_interface_ipv4(int fd, int number)
{
    struct ip_mreqn request = {.imr_ifindex = number};

    return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) < 0 ? -errno : 0;
}

static int kernel_set(eddy__system *system, int fd, eddy__datagram_option option, int value)
{
    const option_name *names = option_names[option];
    bool v6;
    int error = is_v6(fd, &v6);

    (void)system;
    if (error != 0)
        return error;
    if (option == EDDY__DATAGRAM_MULTICAST_IFACE && !v6)
        return set_interface_ipv4(fd, value);
    error = eddy__socket_set_int(fd, names[v6].level, names[v6].name, value);
    if (error == 0 && v6 && is_of_both(option))
        error = eddy__socket_set_int(fd, names[0].level, names[0].name, value);
    return error;
}

static int kernel_get(eddy__system *system, int fd, eddy__datagram_option option, int *value)
{
    const option_name *names = option_names[option];
    bool v6;
    int error = is_v6(fd, &v6);

    (void)system;
    return error == 0 ? eddy__socket_get_int(fd, names[v6].level, names[v6].name, value) : error;
}

/* ---- groups ---- */

static int join_any(int fd, int level, const eddy__datagram_group *group, bool join)
{
    struct group_req request = {.gr_interface = group->interface_index};
    int name = join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP;

    (void)eddy__sockaddr_from(&group->group, &request.gr_group);
    return setsockopt(fd, level, name, &request, sizeof request) < 0 ? -errno : 0;
}

static int join_source(int fd, int level, const eddy__datagram_group *group, bool join)
{
    struct group_source_req request = {.gsr_interface = group->interface_index};
    int name = join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP;

    (void)eddy__sockaddr_from(&group->group, &request.gsr_group);
    (void)eddy__sockaddr_from(&group->source, &request.gsr_source);
    return setsockopt(fd, level, name, &request, sizeof request) < 0 ? -errno : 0;
}

static int kernel_group(eddy__system *system, int fd, const eddy__datagram_group *group, bool join)
{
    int level = group->group.family == EDDY_ADDR_IPV6 ? IPPROTO_IPV6 : IPPROTO_IP;

    (void)system;
    return group->source.family == EDDY_ADDR_NONE ? join_any(fd, level, group, join)
                                                  : join_source(fd, level, group, join);
}

const eddy__datagrams eddy__kernel_datagrams = {
    .open = kernel_open,
    .bind = kernel_bind,
    .adopt = kernel_adopt,
    .connect = kernel_connect,
    .send = eddy__kernel_datagrams_send,
    .recv = eddy__kernel_datagrams_recv,
    .set = kernel_set,
    .get = kernel_get,
    .group = kernel_group,
    .unix_names = &eddy__kernel_unix_datagrams,
};
