/* SPDX-License-Identifier: MIT */
/*
 * unix_listen.c - the kernel's half of a Unix listener: binding, and the file that a path leaves
 * behind.
 *
 * A file of which nobody has the socket any more is stale. To see it, a datagram socket is connected
 * to it: with a stream socket behind the path that fails by its kind, whether or not that one listens
 * yet, and disturbs nobody; only a dead one refuses. A dead one never comes alive again.
 *
 * Between looking at a path and unlinking it somebody else may have put his own there. So what is to
 * go is first moved aside, looked at again where nobody else will find it, and put back when it
 * is another's.
 */
#include "sys/unix_listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sys/sockets.h"
#include "sys/thread.h"

enum { PERMISSIONS = 07777, ASIDE_TRIES = 16, LOOKS = 20, ASIDE_MAX = EDDY_UNIX_NAME_MAX + 32 };

/* ---- files ---- */

/* The name with its NUL. */
static void path_of(const eddy_unix_addr *addr, char path[EDDY_UNIX_NAME_MAX + 1])
{
    memcpy(path, addr->name, addr->len);
    path[addr->len] = '\0';
}

/* Numbers of inodes are given out again, and soon; the time of making comes with them. (It stays as
 * it is, whatever is sent or set.) */
static void identify(const struct stat *file, eddy__unix_place *place)
{
    place->device = file->st_dev;
    place->inode = file->st_ino;
    place->made_ns = (int64_t)file->st_mtim.tv_sec * 1000000000 + file->st_mtim.tv_nsec;
}

static bool is_at(const char *path, const eddy__unix_place *place)
{
    eddy__unix_place found;
    struct stat file;

    if (lstat(path, &file) < 0 || !S_ISSOCK(file.st_mode))
        return false;
    identify(&file, &found);
    return found.device == place->device && found.inode == place->inode &&
           found.made_ns == place->made_ns;
}

/* 0 or -errno; -EEXIST: `to` is taken. */
static int move(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    return -errno;
}

/* A name in the same folder that nobody has, most likely. */
static void name_aside(const char *path, unsigned attempt, char aside[ASIDE_MAX])
{
    const char *slash = strrchr(path, '/');
    int folder = slash == NULL ? 0 : (int)(slash + 1 - path);
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)snprintf(aside, ASIDE_MAX, "%.*s.eddy-%x-%x", folder, path, (unsigned)getpid(),
                   (unsigned)now.tv_nsec + attempt);
}

/* Where a file system cannot move without replacing, that is left out: the name is nobody's. */
static int move_aside(const char *path, char aside[ASIDE_MAX])
{
    int error = -EEXIST;

    for (unsigned attempt = 0; attempt < ASIDE_TRIES && error == -EEXIST; attempt++) {
        name_aside(path, attempt, aside);
        error = move(path, aside);
        if (error == -EINVAL || error == -ENOSYS)
            error = rename(path, aside) == 0 ? 0 : -errno;
    }
    return error;
}

/* ---- stale paths ---- */

/* 1: it refuses; 0: somebody has it, or there is nothing; -errno. */
static int refuses(const eddy_unix_addr *addr)
{
    struct sockaddr_storage storage;
    socklen_t size = eddy__unix_sockaddr_from(addr, &storage);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = 0;

    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&storage, size) < 0)
        error = errno;
    (void)close(fd);
    switch (error) {
    case ECONNREFUSED:
        return 1;
    case 0: /* a datagram socket has it */
    case EPROTOTYPE:
    case EPERM: /* one that hears only its own peer */
    case ENOENT:
        return 0;
    default:
        return -error;
    }
}

/* As refuses(), of a path that may be too long to be a name. */
static bool is_dead(const char *path)
{
    int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    char text[EDDY_UNIX_NAME_MAX];
    eddy_unix_addr addr;
    bool dead;

    if (fd < 0)
        return false;
    (void)snprintf(text, sizeof text, "/proc/self/fd/%d", fd);
    dead = eddy_unix_addr_path(text, strlen(text), &addr) == 0 && refuses(&addr) == 1;
    (void)close(fd);
    return dead;
}

/* Unlink the path if it is this file, and nobody has it, if that is wanted. 0; -EADDRINUSE: it is not
 * so; -errno. */
static int remove_file(const char *path, const eddy__unix_place *place, bool if_dead)
{
    char aside[ASIDE_MAX];
    int error;

    if (!is_at(path, place))
        return -EADDRINUSE;
    error = move_aside(path, aside);
    if (error != 0)
        return error;
    if (is_at(aside, place) && (!if_dead || is_dead(aside)))
        return unlink(aside) == 0 ? 0 : -errno;
    (void)move(aside, path); /* it was another's, who came in between */
    return -EADDRINUSE;
}

/* The file that is stale is told by *file; -ENOENT: there is none. */
static int find_stale(const eddy_unix_addr *addr, struct stat *file)
{
    char path[EDDY_UNIX_NAME_MAX + 1];

    if (addr->kind != EDDY_UNIX_PATH)
        return 0;
    path_of(addr, path);
    if (lstat(path, file) < 0)
        return -errno;
    return S_ISSOCK(file->st_mode) ? refuses(addr) : 0;
}

int eddy__kernel_unix_is_stale(eddy__system *system, const eddy_unix_addr *addr)
{
    struct stat file;
    int stale = find_stale(addr, &file);

    (void)system;
    return stale == -ENOENT ? 0 : stale;
}

/* 0: it was stale and is gone; -ENOENT: it was gone already; -EADDRINUSE, -errno. */
static int remove_stale(const eddy_unix_addr *addr)
{
    char path[EDDY_UNIX_NAME_MAX + 1];
    eddy__unix_place place;
    struct stat file;
    int stale = find_stale(addr, &file);

    if (stale <= 0)
        return stale < 0 ? stale : -EADDRINUSE;
    path_of(addr, path);
    identify(&file, &place);
    return remove_file(path, &place, true);
}

/* ---- listening ---- */

static int bind_to(int fd, const eddy_unix_addr *addr)
{
    struct sockaddr_storage storage;
    socklen_t size = eddy__unix_sockaddr_from(addr, &storage);

    return bind(fd, (struct sockaddr *)&storage, size) < 0 ? -errno : 0;
}

static int bind_replacing(int fd, const eddy_unix_addr *addr, bool replace_stale)
{
    int error = bind_to(fd, addr);

    if (error != -EADDRINUSE || !replace_stale || addr->kind != EDDY_UNIX_PATH)
        return error;
    error = remove_stale(addr);
    return error == 0 || error == -ENOENT ? bind_to(fd, addr) : error;
}

/* Whoever believed that a dead one was still there may have moved ours aside for a moment. */
static int find_own(const char *path, struct stat *file)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    int looks = 1;

    while (lstat(path, file) < 0) {
        if (errno != ENOENT || looks++ == LOOKS)
            return -errno;
        (void)nanosleep(&moment, NULL);
    }
    return 0;
}

/* Whose file it is, and its permissions: those that the umask has taken away are put back. Nobody
 * can connect before it listens. */
static int settle_path(const eddy_unix_addr *addr, int32_t mode, eddy__unix_place *place)
{
    char path[EDDY_UNIX_NAME_MAX + 1];
    struct stat file;
    int error;

    if (addr->kind != EDDY_UNIX_PATH)
        return 0;
    path_of(addr, path);
    error = find_own(path, &file);
    if (error != 0)
        return error;
    *place =
        (eddy__unix_place){.ours = true, .fork_generation = eddy__fork_generation, .addr = *addr};
    identify(&file, place);
    if (mode < 0 || (file.st_mode & PERMISSIONS) == (unsigned)mode)
        return 0;
    return chmod(path, (mode_t)mode) == 0 ? 0 : -errno;
}

/* The socket's own mode is what the file will have, less the umask: it is never more open than
 * was asked for. */
int eddy__unix_bind(int fd, const eddy_unix_addr *addr, const eddy__unix_listen *options,
                    eddy__unix_place *place)
{
    int error = 0;

    place->ours = false;
    if (options->mode >= 0 && fchmod(fd, (mode_t)options->mode) < 0)
        error = -errno;
    if (error == 0)
        error = bind_replacing(fd, addr, options->replace_stale);
    if (error == 0)
        error = settle_path(addr, options->mode, place);
    if (error != 0)
        eddy__kernel_unix_remove(&eddy__kernel, place);
    return error;
}

int eddy__kernel_unix_listen(eddy__system *system, const eddy_unix_addr *addr,
                             const eddy__unix_listen *options, eddy__unix_place *place)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0)
        return -errno;
    error = eddy__unix_bind(fd, addr, options, place);
    if (error == 0 && listen(fd, options->backlog) < 0)
        error = -errno;
    if (error == 0)
        return fd;
    eddy__kernel_unix_remove(system, place);
    (void)close(fd);
    return error;
}

void eddy__kernel_unix_remove(eddy__system *system, eddy__unix_place *place)
{
    char path[EDDY_UNIX_NAME_MAX + 1];

    (void)system;
    if (!place->ours || place->fork_generation != eddy__fork_generation)
        return;
    place->ours = false;
    path_of(&place->addr, path);
    (void)remove_file(path, place, false); /* a path that is in the way is stale */
}
