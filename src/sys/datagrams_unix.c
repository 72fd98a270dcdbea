/* SPDX-License-Identifier: MIT */
/*
 * datagrams_unix.c - the kernel's Unix datagram sockets. See datagrams_unix.h.
 */
#include "sys/datagrams_unix.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "eddy/error.h"
#include "sys/datagrams_io.h"
#include "sys/passed.h"

static int type_of(eddy__datagram_sort sort)
{
    int type = sort == EDDY__DATAGRAM_SEQPACKET ? SOCK_SEQPACKET : SOCK_DGRAM;

    return type | SOCK_NONBLOCK | SOCK_CLOEXEC;
}

static int kernel_open(eddy__system *system, eddy__datagram_sort sort)
{
    int fd = socket(AF_UNIX, type_of(sort), 0);

    (void)system;
    return fd < 0 ? -errno : fd;
}

static int kernel_pair(eddy__system *system, eddy__datagram_sort sort, int fds[2])
{
    (void)system;
    return socketpair(AF_UNIX, type_of(sort), 0, fds) < 0 ? -errno : 0;
}

static int kernel_bind(eddy__system *system, int fd, const eddy_unix_addr *name,
                       const eddy__unix_listen *options, eddy__unix_place *place)
{
    (void)system;
    return eddy__unix_bind(fd, name, options, place);
}

static int kernel_listen(eddy__system *system, int fd, int32_t backlog)
{
    (void)system;
    return listen(fd, backlog) < 0 ? -errno : 0;
}

static int kernel_accept(eddy__system *system, int fd)
{
    int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)system;
    return client < 0 ? -errno : client;
}

static int kernel_connect(eddy__system *system, int fd, const eddy_unix_addr *to)
{
    struct sockaddr_storage storage;
    socklen_t size = eddy__unix_sockaddr_from(to, &storage);

    (void)system;
    return connect(fd, (struct sockaddr *)&storage, size) < 0 ? -errno : 0;
}

static int set_socket(int fd, int name, int value)
{
    return setsockopt(fd, SOL_SOCKET, name, &value, sizeof value) < 0 ? -errno : 0;
}

static int kernel_tell_credentials(eddy__system *system, int fd, bool on)
{
    (void)system;
    return set_socket(fd, SO_PASSCRED, on);
}

/* The end gives no bytes, as an empty message does; but a message has a time. */
static int kernel_tell_end(eddy__system *system, int fd)
{
    (void)system;
    return set_socket(fd, SO_TIMESTAMP, 1);
}

/* ---- sending ---- */

static int kernel_send(eddy__system *system, int fd, eddy__datagram_sort sort,
                       const eddy_datagram *datagram)
{
    struct sockaddr_storage name;
    struct iovec part = {datagram->data, datagram->len};
    _Alignas(struct cmsghdr) unsigned char control[EDDY__PASSED_SEND_BYTES];
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control};
    int error = eddy__passed_put(&header, datagram->passed);
    ssize_t sent;

    (void)system;
    if (error != 0 || (sort == EDDY__DATAGRAM_STREAM && datagram->len == 0))
        return -EINVAL;
    if (header.msg_controllen == 0)
        header.msg_control = NULL;
    if (datagram->name != NULL) {
        header.msg_namelen = eddy__unix_sockaddr_from(datagram->name, &name);
        header.msg_name = &name;
    }
    do
        sent = sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : (int)sent;
}

/* ---- receiving ---- */

/* Names that only others can bind read as none. */
static void take_name(eddy_datagram *datagram, const struct msghdr *from)
{
    if (datagram->name == NULL)
        return;
    if (from->msg_namelen == 0 ||
        eddy__unix_sockaddr_to(from->msg_name, from->msg_namelen, datagram->name) != 0)
        *datagram->name = (eddy_unix_addr){.kind = EDDY_UNIX_UNNAMED};
}

static void take(eddy_datagram *datagram, const struct msghdr *from, size_t full, bool all_passed)
{
    datagram->full_len = full;
    datagram->len = full < datagram->room ? full : datagram->room;
    datagram->flags = full > datagram->room ? EDDY_DATAGRAM_TRUNCATED : 0;
    if (!all_passed)
        datagram->flags |= EDDY_DATAGRAM_PASSED_CUT;
    datagram->segment_bytes = 0;
    datagram->traffic_class = 0;
    datagram->interface_index = 0;
    datagram->local = (eddy_addr){0};
    datagram->peer = (eddy_addr){0};
    take_name(datagram, from);
}

static bool is_end(eddy__datagram_sort sort, ssize_t got, bool stamped)
{
    return got == 0 &&
           (sort == EDDY__DATAGRAM_STREAM || (sort == EDDY__DATAGRAM_SEQPACKET && !stamped));
}

static int kernel_recv(eddy__system *system, int fd, eddy__datagram_sort sort,
                       eddy_datagram *datagram)
{
    int flags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
    struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
    struct iovec part = {datagram->data, datagram->room};
    _Alignas(struct cmsghdr) unsigned char control[EDDY__PASSED_RECV_BYTES];
    struct msghdr header = {
        .msg_name = &name,
        .msg_namelen = sizeof name,
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = eddy__passed_room(datagram->passed),
    };
    bool all_passed, stamped;
    ssize_t got;

    (void)system;
    if (sort == EDDY__DATAGRAM_STREAM && datagram->room == 0)
        return -EINVAL;
    if (sort != EDDY__DATAGRAM_STREAM)
        flags |=
            MSG_TRUNC; /* the length it had is asked for; a stream's bytes would be thrown away */
    do
        got = recvmsg(fd, &header, flags);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    all_passed = eddy__passed_take(&header, datagram->passed, &stamped);
    if (is_end(sort, got, stamped))
        return EDDY_CLOSED;
    take(datagram, &header, (size_t)got, all_passed);
    return 0;
}

/* Of an error, too: sending tells it. */
static bool kernel_has_room(eddy__system *system, int fd)
{
    struct pollfd state = {.fd = fd, .events = POLLOUT};

    (void)system;
    return poll(&state, 1, 0) != 0;
}

const eddy__unix_datagrams eddy__kernel_unix_datagrams = {
    .open = kernel_open,
    .pair = kernel_pair,
    .bind = kernel_bind,
    .listen = kernel_listen,
    .accept = kernel_accept,
    .connect = kernel_connect,
    .tell_credentials = kernel_tell_credentials,
    .tell_end = kernel_tell_end,
    .send = kernel_send,
    .recv = kernel_recv,
    .has_room = kernel_has_room,
};
