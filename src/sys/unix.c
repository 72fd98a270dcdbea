/* SPDX-License-Identifier: MIT */
/*
 * unix.c - the kernel's Unix stream sockets: their names as the kernel writes them, connecting,
 * pairs, who is at the other end. Listening, and what a path leaves behind: unix_listen.c.
 */
#include "sys/unix.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "eddy/unix.h"
#include "sys/unix_listen.h"

enum {
    STREAM = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
    NAME_AT = offsetof(struct sockaddr_un, sun_path)
};

_Static_assert(sizeof(((struct sockaddr_un *)0)->sun_path) == EDDY_UNIX_NAME_MAX + 1,
               "the longest path and its NUL, or a NUL and the longest abstract name");

/* ---- names ---- */

/* The NUL behind a path is handed over, too, as everybody does. */
uint32_t eddy__unix_sockaddr_from(const eddy_unix_addr *addr, struct sockaddr_storage *storage)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    bool is_path = addr->kind == EDDY_UNIX_PATH;

    memcpy(name.sun_path + (is_path ? 0 : 1), addr->name, addr->len);
    memcpy(storage, &name, sizeof name);
    return NAME_AT + (addr->kind == EDDY_UNIX_UNNAMED ? 0 : (uint32_t)addr->len + 1);
}

int eddy__unix_sockaddr_to(const struct sockaddr_storage *storage, uint32_t size,
                           eddy_unix_addr *addr)
{
    struct sockaddr_un name;
    size_t len = size > NAME_AT ? size - NAME_AT : 0;

    memcpy(&name, storage, sizeof name);
    if (name.sun_family != AF_UNIX)
        return -EAFNOSUPPORT;
    *addr = (eddy_unix_addr){.kind = EDDY_UNIX_UNNAMED};
    if (len == 0)
        return 0;
    if (name.sun_path[0] == '\0')
        return eddy_unix_addr_abstract(name.sun_path + 1, len - 1, addr);
    return eddy_unix_addr_path(name.sun_path, strnlen(name.sun_path, len), addr);
}

static int kernel_local_name(eddy__system *system, int fd, eddy_unix_addr *name)
{
    struct sockaddr_storage storage;
    socklen_t size = sizeof storage;

    (void)system;
    if (getsockname(fd, (struct sockaddr *)&storage, &size) < 0)
        return -errno;
    return eddy__unix_sockaddr_to(&storage, size, name);
}

static int kernel_peer_name(eddy__system *system, int fd, eddy_unix_addr *name)
{
    struct sockaddr_storage storage;
    socklen_t size = sizeof storage;

    (void)system;
    if (getpeername(fd, (struct sockaddr *)&storage, &size) < 0)
        return -errno;
    return eddy__unix_sockaddr_to(&storage, size, name);
}

/* ---- connecting ---- */

static int kernel_connect(eddy__system *system, const eddy_unix_addr *to)
{
    struct sockaddr_storage storage;
    socklen_t size = eddy__unix_sockaddr_from(to, &storage);
    int fd = socket(AF_UNIX, STREAM, 0);
    int error;

    (void)system;
    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&storage, size) == 0)
        return fd;
    error = -errno;
    (void)close(fd);
    return error;
}

static int kernel_pair(eddy__system *system, int fds[2])
{
    (void)system;
    return socketpair(AF_UNIX, STREAM, 0, fds) < 0 ? -errno : 0;
}

/* The kernel answers for every socket, and with nobody's numbers where it knows none. */
static int kernel_credentials(eddy__system *system, int fd, eddy_unix_credentials *out)
{
    struct ucred them = {0, 0, 0};
    socklen_t size = sizeof them;
    int domain = 0;
    socklen_t domain_size = sizeof domain;

    (void)system;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_size) < 0)
        return -errno;
    if (domain != AF_UNIX)
        return -EAFNOSUPPORT;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &them, &size) < 0)
        return -errno;
    *out = (eddy_unix_credentials){.pid = them.pid, .uid = them.uid, .gid = them.gid};
    return 0;
}

const eddy__unix_sockets eddy__kernel_unix_sockets = {
    .connect = kernel_connect,
    .listen = eddy__kernel_unix_listen,
    .remove = eddy__kernel_unix_remove,
    .is_stale = eddy__kernel_unix_is_stale,
    .pair = kernel_pair,
    .local_name = kernel_local_name,
    .peer_name = kernel_peer_name,
    .credentials = kernel_credentials,
};
