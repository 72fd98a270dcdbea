/* SPDX-License-Identifier: MIT */
/*
 * congestion.c - preloaded into a process (LD_PRELOAD), has its TCP sockets use the congestion control
 * that EDDY_BENCH_CONGESTION names, as all servers that are compared shall use the same: those that it
 * makes, as they may be connected through io_uring, and those that it listens on or connects, as it
 * may have been given them. Connections have it from the socket they are accepted on. A socket of
 * another kind stays as it is. A program that is linked statically is not reached.
 */
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

typedef int socket_call(int family, int type, int protocol);
typedef int listen_call(int fd, int backlog);
typedef int connect_call(int fd, const struct sockaddr *address, socklen_t size);

static void choose(int fd)
{
    const char *name = getenv("EDDY_BENCH_CONGESTION");

    if (name != NULL)
        setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)strlen(name));
}

/* The call that this one stands before. ISO C has no cast from dlsym(3)'s result to a function. */
static void find_next(const char *name, void *call, size_t size)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (found == NULL)
        abort();
    memcpy(call, &found, size);
}

int socket(int family, int type, int protocol)
{
    static socket_call *next;
    int fd, error;

    if (next == NULL)
        find_next("socket", &next, sizeof next);
    fd = next(family, type, protocol);
    error = errno;
    if (fd >= 0)
        choose(fd);
    errno = error;
    return fd;
}

int listen(int fd, int backlog)
{
    static listen_call *next;

    if (next == NULL)
        find_next("listen", &next, sizeof next);
    choose(fd);
    return next(fd, backlog);
}

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    static connect_call *next;

    if (next == NULL)
        find_next("connect", &next, sizeof next);
    choose(fd);
    return next(fd, address, size);
}
