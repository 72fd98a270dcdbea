/* SPDX-License-Identifier: MIT */
/*
 * socket_fd.c - see socket_fd.h.
 */
#include "sys/socket_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "sys/sockaddr.h"

int eddy__socket_set_int(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) < 0 ? -errno : 0;
}

int eddy__socket_get_int(int fd, int level, int name, int *value)
{
    socklen_t size = sizeof *value;

    *value = 0; /* some are bytes */
    return getsockopt(fd, level, name, value, &size) < 0 ? -errno : 0;
}

int eddy__socket_set_flags(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
}

int eddy__socket_bind(int fd, const eddy_addr *addr)
{
    struct sockaddr_storage storage;
    socklen_t size = eddy__sockaddr_from(addr, &storage);

    return bind(fd, (struct sockaddr *)&storage, size) < 0 ? -errno : 0;
}

int eddy__socket_local(int fd, eddy_addr *addr)
{
    struct sockaddr_storage storage;
    socklen_t size = sizeof storage;

    if (getsockname(fd, (struct sockaddr *)&storage, &size) < 0)
        return -errno;
    *addr = eddy__sockaddr_to_addr(&storage);
    return 0;
}

int eddy__socket_peer(int fd, eddy_addr *addr)
{
    struct sockaddr_storage storage;
    socklen_t size = sizeof storage;

    if (getpeername(fd, (struct sockaddr *)&storage, &size) < 0)
        return -errno;
    *addr = eddy__sockaddr_to_addr(&storage);
    return 0;
}
