/* SPDX-License-Identifier: MIT */
/*
 * datagrams_io.c - the kernel's datagrams of the internet, sent and received: one by sendmsg(2), many by
 * sendmmsg(2), and between eddy_datagram and the control data that goes with each.
 */
#include "sys/datagrams_io.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

#include "sys/sockaddr.h"
#include "sys/socket_fd.h"

/* Younger than some systems' headers. */
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum {
    /* Both kinds of packet information, of traffic class, and the segments' size; and room to spare for
       what an adopted socket may have been asked to tell. */
    CONTROL_BYTES = 320,
};

/* What the kernel is handed for one datagram, beside its struct msghdr. */
typedef struct message {
    struct iovec part;
    struct sockaddr_storage peer;
    _Alignas(struct cmsghdr) unsigned char control[CONTROL_BYTES];
} message;

void eddy__control_put(struct msghdr *to, int level, int type, const void *value, size_t size)
{
    struct cmsghdr *head = (void *)((unsigned char *)to->msg_control + to->msg_controllen);

    memset(head, 0, CMSG_SPACE(size));
    head->cmsg_level = level;
    head->cmsg_type = type;
    head->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(head), value, size);
    to->msg_controllen += CMSG_SPACE(size);
}

/* ---- what goes along ---- */

/* An IPv4 address in an IPv6 one: the packet will be an IPv4 one. */
static bool is_mapped(const eddy_addr *addr)
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

    return addr->family == EDDY_ADDR_IPV6 && memcmp(addr->ip, prefix, sizeof prefix) == 0;
}

static void put_local_ipv4(struct msghdr *to, const eddy_addr *local, uint32_t interface_index)
{
    struct in_pktinfo info = {.ipi_ifindex = (int)interface_index};

    if (local->family == EDDY_ADDR_IPV4)
        memcpy(&info.ipi_spec_dst, local->ip, sizeof info.ipi_spec_dst);
    eddy__control_put(to, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
}

static void put_local_ipv6(struct msghdr *to, const eddy_addr *local, uint32_t interface_index)
{
    struct in6_pktinfo info = {.ipi6_ifindex = interface_index};

    if (local->family == EDDY_ADDR_IPV6)
        memcpy(&info.ipi6_addr, local->ip, sizeof info.ipi6_addr);
    eddy__control_put(to, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
}

/* Where a datagram goes; NONE: nowhere, which the kernel will tell. */
static eddy_addr target_of(int fd, const eddy_datagram *datagram)
{
    eddy_addr target = datagram->peer;

    if (target.family == EDDY_ADDR_NONE)
        (void)eddy__socket_peer(fd, &target);
    return target;
}

/* An address tells the protocol. An interface alone has to be told by that of the packet: of an IPv6
 * socket that goes to an IPv4 peer, the kernel refuses the other. */
static void put_local(struct msghdr *to, int fd, const eddy_datagram *datagram)
{
    const eddy_addr *local = &datagram->local;
    eddy_addr target;
    bool ipv6 = local->family == EDDY_ADDR_IPV6;

    if (local->family == EDDY_ADDR_NONE && datagram->interface_index == 0)
        return;
    if (local->family == EDDY_ADDR_NONE) {
        target = target_of(fd, datagram);
        ipv6 = target.family == EDDY_ADDR_IPV6 && !is_mapped(&target);
    }
    if (ipv6)
        put_local_ipv6(to, local, datagram->interface_index);
    else
        put_local_ipv4(to, local, datagram->interface_index);
}

static void put_control(struct msghdr *to, int fd, const eddy_datagram *datagram)
{
    int class = datagram->traffic_class;

    put_local(to, fd, datagram);
    if ((datagram->flags & EDDY_DATAGRAM_TRAFFIC_CLASS) != 0) {
        eddy__control_put(to, IPPROTO_IP, IP_TOS, &class, sizeof class);
        eddy__control_put(to, IPPROTO_IPV6, IPV6_TCLASS, &class, sizeof class);
    }
    if (datagram->segment_bytes != 0)
        eddy__control_put(to, IPPROTO_UDP, UDP_SEGMENT, &datagram->segment_bytes,
                          sizeof datagram->segment_bytes);
}

static void take_local_ipv4(eddy_datagram *datagram, const struct cmsghdr *head)
{
    struct in_pktinfo info;

    memcpy(&info, CMSG_DATA(head), sizeof info);
    datagram->local = (eddy_addr){.family = EDDY_ADDR_IPV4};
    memcpy(datagram->local.ip, &info.ipi_addr, sizeof info.ipi_addr);
    datagram->interface_index = (uint32_t)info.ipi_ifindex;
}

static void take_local_ipv6(eddy_datagram *datagram, const struct cmsghdr *head)
{
    struct in6_pktinfo info;

    memcpy(&info, CMSG_DATA(head), sizeof info);
    datagram->local = (eddy_addr){.family = EDDY_ADDR_IPV6};
    memcpy(datagram->local.ip, &info.ipi6_addr, sizeof info.ipi6_addr);
    if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
        datagram->local.scope_id = info.ipi6_ifindex;
    datagram->interface_index = info.ipi6_ifindex;
}

/* Told as one byte or as an int. */
static void take_class(eddy_datagram *datagram, const struct cmsghdr *head)
{
    int class = 0;

    if (head->cmsg_len >= CMSG_LEN(sizeof class)) {
        memcpy(&class, CMSG_DATA(head), sizeof class);
        datagram->traffic_class = (uint8_t) class;
    } else {
        datagram->traffic_class = *CMSG_DATA(head);
    }
    datagram->flags |= EDDY_DATAGRAM_TRAFFIC_CLASS;
}

static void take_segments(eddy_datagram *datagram, const struct cmsghdr *head)
{
    int bytes = 0;

    memcpy(&bytes, CMSG_DATA(head), sizeof bytes);
    datagram->segment_bytes = (uint16_t)bytes;
}

static bool is(const struct cmsghdr *head, int level, int type)
{
    return head->cmsg_level == level && head->cmsg_type == type;
}

static void take_one(eddy_datagram *datagram, const struct cmsghdr *head)
{
    if (is(head, IPPROTO_IP, IP_PKTINFO))
        take_local_ipv4(datagram, head);
    else if (is(head, IPPROTO_IPV6, IPV6_PKTINFO))
        take_local_ipv6(datagram, head);
    else if (is(head, IPPROTO_IP, IP_TOS) || is(head, IPPROTO_IPV6, IPV6_TCLASS))
        take_class(datagram, head);
    else if (is(head, IPPROTO_UDP, UDP_GRO))
        take_segments(datagram, head);
}

/* `full`: MSG_TRUNC asks for the length that it had. */
static void take(eddy_datagram *datagram, struct msghdr *from, size_t full,
                 const struct sockaddr_storage *peer)
{
    datagram->full_len = full;
    datagram->len = full < datagram->room ? full : datagram->room;
    datagram->flags = full > datagram->room ? EDDY_DATAGRAM_TRUNCATED : 0;
    datagram->segment_bytes = 0;
    datagram->traffic_class = 0;
    datagram->interface_index = 0;
    datagram->local = (eddy_addr){0};
    datagram->peer = (eddy_addr){0};
    if (from->msg_namelen > 0)
        datagram->peer = eddy__sockaddr_to_addr(peer);
    for (struct cmsghdr *head = CMSG_FIRSTHDR(from); head != NULL; head = CMSG_NXTHDR(from, head))
        take_one(datagram, head);
}

/* ---- sending ---- */

/* The bytes are only read. */
static void prepare_send(struct msghdr *to, message *memory, int fd, const eddy_datagram *datagram)
{
    memory->part = (struct iovec){datagram->data, datagram->len};
    *to =
        (struct msghdr){.msg_iov = &memory->part, .msg_iovlen = 1, .msg_control = memory->control};
    to->msg_namelen = eddy__sockaddr_from(&datagram->peer, &memory->peer);
    to->msg_name = to->msg_namelen > 0 ? &memory->peer : NULL;
    put_control(to, fd, datagram);
    if (to->msg_controllen == 0)
        to->msg_control = NULL;
}

static int send_one(int fd, const eddy_datagram *datagram)
{
    struct msghdr header;
    message memory;
    ssize_t sent;

    prepare_send(&header, &memory, fd, datagram);
    do
        sent = sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

static int send_many(int fd, const eddy_datagram *list, uint32_t n)
{
    struct mmsghdr headers[EDDY__DATAGRAMS_AT_ONCE];
    message memory[EDDY__DATAGRAMS_AT_ONCE];
    int sent;

    for (uint32_t i = 0; i < n; i++)
        prepare_send(&headers[i].msg_hdr, &memory[i], fd, &list[i]);
    do
        sent = sendmmsg(fd, headers, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

bool eddy__datagram_error_is_passing(int error)
{
    switch (-error) {
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENONET:
    case ENOPROTOOPT:
    case EPROTO:
    case EOPNOTSUPP:
    case EACCES:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

/* sendmmsg() would forget an error that an earlier datagram of the same list has brought back: with
 * nobody at the other end, every call would succeed. So one by one. */
static int send_each(int fd, const eddy_datagram *list, uint32_t n, int *later)
{
    int error = 0;
    uint32_t sent = 0;

    while (sent < n && (error = send_one(fd, &list[sent])) == 0)
        sent++;
    if (sent == 0)
        return error;
    if (error != 0 && eddy__datagram_error_is_passing(error))
        *later = error;
    return (int)sent;
}

int eddy__kernel_datagrams_send(eddy__system *system, int fd, const eddy_datagram *list, uint32_t n,
                                int *later)
{
    int error;

    (void)system;
    if (n > 1)
        return later == NULL ? send_many(fd, list, n) : send_each(fd, list, n, later);
    error = send_one(fd, list);
    return error == 0 ? 1 : error;
}

/* ---- receiving ---- */

/* The length is asked for, not only that it did not fit; nobody's descriptor stays open over an exec. */
#define RECV_FLAGS (MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC)

static void prepare_recv(struct msghdr *to, message *memory, const eddy_datagram *datagram)
{
    memory->part = (struct iovec){datagram->data, datagram->room};
    *to = (struct msghdr){
        .msg_name = &memory->peer,
        .msg_namelen = sizeof memory->peer,
        .msg_iov = &memory->part,
        .msg_iovlen = 1,
        .msg_control = memory->control,
        .msg_controllen = sizeof memory->control,
    };
}

static int recv_one(int fd, eddy_datagram *datagram)
{
    struct msghdr header;
    message memory;
    ssize_t full;

    prepare_recv(&header, &memory, datagram);
    do
        full = recvmsg(fd, &header, RECV_FLAGS);
    while (full < 0 && errno == EINTR);
    if (full < 0)
        return -errno;
    take(datagram, &header, (size_t)full, &memory.peer);
    return 1;
}

/* An error behind the first datagram is kept by the kernel for the next call. */
static int recv_many(int fd, eddy_datagram *list, uint32_t n)
{
    struct mmsghdr headers[EDDY__DATAGRAMS_AT_ONCE];
    message memory[EDDY__DATAGRAMS_AT_ONCE];
    int got;

    for (uint32_t i = 0; i < n; i++)
        prepare_recv(&headers[i].msg_hdr, &memory[i], &list[i]);
    do
        got = recvmmsg(fd, headers, n, RECV_FLAGS, NULL);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    for (int i = 0; i < got; i++)
        take(&list[i], &headers[i].msg_hdr, headers[i].msg_len, &memory[i].peer);
    return got;
}

int eddy__kernel_datagrams_recv(eddy__system *system, int fd, eddy_datagram *list, uint32_t n)
{
    (void)system;
    return n == 1 ? recv_one(fd, list) : recv_many(fd, list, n);
}
