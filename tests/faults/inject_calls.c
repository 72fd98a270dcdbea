/* SPDX-License-Identifier: MIT */
/*
 * inject_calls.c - libinject.so before pthread_create() and the system calls of stream sockets, epoll
 * and their like. See inject.h and inject.c.
 *
 * Where a kernel that says "nothing there" or gives less than it has would tell of the rest later,
 * so does this: the edge of epoll is raised again.
 */
#include "inject.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

enum { FDS_MAX = 1024 };

/* What each descriptor is watched for; `epoll` is one more than the number, 0: by none. */
static struct {
    int epoll;
    struct epoll_event event;
} watched[FDS_MAX];

/* --- threads --- */

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *arg)
{
    int error = inject_fault(KIND_thread, CALLER);

    REAL(int, pthread_create, pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    return error != 0 ? error : real(thread, attributes, start, arg);
}

/* --- calls that fail and do nothing then --- */

FAIL_OR_CALL(KIND_socket, socket, (int domain, int type, int protocol), (domain, type, protocol))
FAIL_OR_CALL(KIND_socketpair, socketpair, (int domain, int type, int protocol, int fds[2]),
             (domain, type, protocol, fds))
FAIL_OR_CALL(KIND_bind, bind, (int fd, __CONST_SOCKADDR_ARG to, socklen_t size), (fd, to, size))
FAIL_OR_CALL(KIND_listen, listen, (int fd, int backlog), (fd, backlog))
FAIL_OR_CALL(KIND_setsockopt, setsockopt,
             (int fd, int level, int name, const void *value, socklen_t size),
             (fd, level, name, value, size))
FAIL_OR_CALL(KIND_getsockopt, getsockopt,
             (int fd, int level, int name, void *restrict value, socklen_t *restrict size),
             (fd, level, name, value, size))
FAIL_OR_CALL(KIND_getsockname, getsockname, (int fd, __SOCKADDR_ARG to, socklen_t *restrict size),
             (fd, to, size))
FAIL_OR_CALL(KIND_getsockname, getpeername, (int fd, __SOCKADDR_ARG to, socklen_t *restrict size),
             (fd, to, size))
FAIL_OR_CALL(KIND_eventfd, eventfd, (unsigned count, int flags), (count, flags))
FAIL_OR_CALL(KIND_timerfd, timerfd_create, (clockid_t clock, int flags), (clock, flags))
FAIL_OR_CALL(KIND_epoll_create, epoll_create1, (int flags), (flags))

int fcntl(int fd, int command, ...)
{
    int error = inject_fault(KIND_fcntl, CALLER);
    va_list arguments;
    long value;

    REAL(int, fcntl, int, int, ...);
    va_start(arguments, command);
    value = va_arg(arguments, long); /* every command's argument fits a register */
    va_end(arguments);
    return error != 0 ? inject_failed(error) : real(fd, command, value);
}

/* --- calls that move something --- */

bool inject_raise_edge(int fd)
{
    REAL(int, epoll_ctl, int, int, int, struct epoll_event *);
    return fd >= 0 && fd < FDS_MAX && watched[fd].epoll > 0 &&
           real(watched[fd].epoll - 1, EPOLL_CTL_MOD, fd, &watched[fd].event) == 0;
}

int inject_fault_with_edge(enum kind kind, int fd, const void *caller)
{
    int error = inject_fault(kind, caller);

    if ((error == EAGAIN || error == SHORT) && (inject_has_ring() || !inject_raise_edge(fd)))
        error = 0;
    return error;
}

static int number_of(int fd, int option)
{
    int value = 0;
    socklen_t size = sizeof value;

    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

/* Of what does not listen the kernel says nothing else. */
int accept4(int fd, __SOCKADDR_ARG from, socklen_t *restrict size, int flags)
{
    bool listens = number_of(fd, SO_ACCEPTCONN) == 1;
    int error = listens ? inject_fault_with_edge(KIND_accept4, fd, CALLER) : 0;

    REAL(int, accept4, int, __SOCKADDR_ARG, socklen_t *restrict, int);
    return error != 0 ? inject_failed(error) : real(fd, from, size, flags);
}

/* An interrupted connect goes on by itself. */
int connect(int fd, __CONST_SOCKADDR_ARG to, socklen_t size)
{
    int error = inject_fault(KIND_connect, CALLER);

    REAL(int, connect, int, __CONST_SOCKADDR_ARG, socklen_t);
    if (error != 0 && error != EINTR)
        return inject_failed(error);
    return real(fd, to, size) == 0 && error == 0 ? 0 : inject_failed(error != 0 ? error : errno);
}

void inject_break_up(int fd, int error)
{
    REAL(int, shutdown, int, int);
    if (error == ECONNRESET || error == EPIPE || error == ETIMEDOUT)
        (void)real(fd, SHUT_RDWR);
}

int shutdown(int fd, int how)
{
    int error = inject_fault(KIND_shutdown, CALLER);

    REAL(int, shutdown, int, int);
    if (error != 0) /* it is not connected any more */
        (void)real(fd, SHUT_RDWR);
    return error != 0 ? inject_failed(error) : real(fd, how);
}

size_t inject_half(size_t size)
{
    return size > 1 ? size / 2 : size;
}

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
    int error = inject_fault_with_edge(KIND_recv, fd, CALLER);
    ssize_t n;

    REAL(ssize_t, recv, int, void *, size_t, int);
    if (error == 0)
        return real(fd, bytes, size, flags);
    inject_break_up(fd, error);
    if (error > 0)
        return inject_failed(error);
    n = real(fd, bytes, 1, flags);
    if (n > 0)
        (void)inject_raise_edge(fd); /* once more, lest it is taken for this byte's */
    return n;
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    int error = inject_fault_with_edge(KIND_send, fd, CALLER);

    REAL(ssize_t, send, int, const void *, size_t, int);
    inject_break_up(fd, error);
    if (error > 0)
        return inject_failed(error);
    return real(fd, bytes, error == SHORT ? inject_half(size) : size, flags);
}

static struct iovec one_half;
static struct msghdr one_half_header;

const struct msghdr *inject_half_message(const struct msghdr *message)
{
    one_half = message->msg_iov[0];
    one_half.iov_len = inject_half(one_half.iov_len);
    one_half_header = *message;
    one_half_header.msg_iov = &one_half;
    one_half_header.msg_iovlen = 1;
    return &one_half_header;
}

/* A datagram is sent as a whole or not at all. */
ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    int error = inject_fault_with_edge(
        number_of(fd, SO_TYPE) == SOCK_STREAM ? KIND_send : KIND_sendmsg, fd, CALLER);

    REAL(ssize_t, sendmsg, int, const struct msghdr *, int);
    inject_break_up(fd, error);
    if (error > 0)
        return inject_failed(error);
    return real(fd, error == SHORT ? inject_half_message(message) : message, flags);
}

/* --- epoll --- */

/* The kernel can refuse to add; to change and to remove what is there it cannot. */
int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    int error = operation == EPOLL_CTL_ADD ? inject_fault(KIND_epoll_add, CALLER) : 0;
    int result;

    REAL(int, epoll_ctl, int, int, int, struct epoll_event *);
    if (error != 0)
        return inject_failed(error);
    result = real(epoll, operation, fd, event);
    if (result == 0 && fd >= 0 && fd < FDS_MAX) {
        watched[fd].epoll = operation == EPOLL_CTL_DEL ? 0 : epoll + 1;
        if (event != NULL)
            watched[fd].event = *event;
    }
    return result;
}

int epoll_wait(int epoll, struct epoll_event *events, int max, int timeout)
{
    int error = inject_fault(KIND_epoll_wait, CALLER);

    REAL(int, epoll_wait, int, struct epoll_event *, int, int);
    return error > 0 ? inject_failed(error)
                     : real(epoll, events, error == SHORT ? 1 : max, timeout);
}
