/* SPDX-License-Identifier: MIT */
/*
 * foreign.c - see foreign.h.
 */
#include "sys/foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int eddy__foreign_is_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags < 0 ? -errno : (flags & O_NONBLOCK) != 0;
}

static bool is_told(int fd, short events)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};

    return poll(&poll_fd, 1, 0) != 0;
}

bool eddy__foreign_has_priority(int fd)
{
    return is_told(fd, POLLPRI);
}

bool eddy__foreign_has_room(int fd)
{
    return is_told(fd, POLLOUT);
}

int64_t eddy__foreign_read(int fd, void *memory, size_t len)
{
    ssize_t n;

    do
        n = read(fd, memory, len);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int64_t write_plainly(int fd, const void *data, size_t len)
{
    ssize_t n;

    do
        n = write(fd, data, len);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

/* A write to a pipe nobody reads raises SIGPIPE for this very thread, before it returns: blocked
 * until then, the signal is taken away, unless one was pending before. */
static int64_t write_quietly(int fd, const void *data, size_t len)
{
    const struct timespec at_once = {0, 0};
    sigset_t sigpipe, pending, before;
    int64_t n;

    (void)sigemptyset(&sigpipe);
    (void)sigaddset(&sigpipe, SIGPIPE);
    (void)sigpending(&pending);
    if (sigismember(&pending, SIGPIPE) == 1)
        return write_plainly(fd, data, len); /* blocked already */
    (void)pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
    n = write_plainly(fd, data, len);
    if (n == -EPIPE) {
        while (sigtimedwait(&sigpipe, NULL, &at_once) < 0 && errno == EINTR)
            ;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return n;
}

int64_t eddy__foreign_write(int fd, const void *data, size_t len, bool *no_socket)
{
    ssize_t n;

    if (*no_socket)
        return write_quietly(fd, data, len);
    do
        n = send(fd, data, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n >= 0 || errno != ENOTSOCK)
        return n < 0 ? -errno : n;
    *no_socket = true;
    return write_quietly(fd, data, len);
}
