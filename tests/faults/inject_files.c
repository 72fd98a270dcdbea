/* SPDX-License-Identifier: MIT */
/*
 * inject_files.c - libinject.so before the system calls of datagrams, of pipes, terminals and files, and
 * of names in the file system. See inject.h and inject.c.
 *
 * An eventfd, a timer and their like are left alone: what the kernel says of those follows from what
 * they hold.
 */
#include "inject.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* Of glibc, for open() with flags that the compiler does not know. */
int __open_2(const char *path, int flags);

/* --- datagrams --- */

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    int error = inject_fault_with_edge(KIND_recvmsg, fd, CALLER);

    REAL(ssize_t, recvmsg, int, struct msghdr *, int);
    inject_break_up(fd, error);
    return error != 0 ? inject_failed(error) : real(fd, message, flags);
}

/* The edge is raised again behind the call, lest the rest is taken for what it told. */
int recvmmsg(int fd, struct mmsghdr *list, unsigned n, int flags, struct timespec *timeout)
{
    int error = inject_fault_with_edge(KIND_recvmmsg, fd, CALLER);
    int got;

    REAL(int, recvmmsg, int, struct mmsghdr *, unsigned, int, struct timespec *);
    if (error > 0)
        return inject_failed(error);
    got = real(fd, list, error == SHORT ? 1 : n, flags, timeout);
    if (error == SHORT && got > 0)
        (void)inject_raise_edge(fd);
    return got;
}

int sendmmsg(int fd, struct mmsghdr *list, unsigned n, int flags)
{
    int error = inject_fault_with_edge(KIND_sendmmsg, fd, CALLER);

    REAL(int, sendmmsg, int, struct mmsghdr *, unsigned, int);
    if (error > 0)
        return inject_failed(error);
    return real(fd, list, error == SHORT ? (unsigned)inject_half(n) : n, flags);
}

/* --- bytes of pipes and files --- */

static bool is_left_alone(int fd)
{
    struct stat about;

    return fstat(fd, &about) == 0 && (about.st_mode & S_IFMT) == 0;
}

/* What may wait is not told "not now". */
static int fault_of(enum kind kind, int fd, const void *caller)
{
    int error;

    if (is_left_alone(fd))
        return 0;
    if ((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0)
        return inject_fault_with_edge(kind, fd, caller);
    error = inject_fault(kind, caller);
    return error == EAGAIN ? 0 : error;
}

ssize_t read(int fd, void *bytes, size_t size)
{
    int error = fault_of(KIND_read, fd, CALLER);
    ssize_t n;

    REAL(ssize_t, read, int, void *, size_t);
    if (error > 0)
        return inject_failed(error);
    n = real(fd, bytes, error == SHORT && size > 1 ? 1 : size);
    if (error == SHORT && n > 0)
        (void)inject_raise_edge(fd);
    return n;
}

ssize_t pread(int fd, void *bytes, size_t size, off_t offset)
{
    int error = fault_of(KIND_read, fd, CALLER);

    REAL(ssize_t, pread, int, void *, size_t, off_t);
    if (error > 0)
        return inject_failed(error);
    return real(fd, bytes, error == SHORT ? inject_half(size) : size, offset);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    int error = fault_of(KIND_write, fd, CALLER);

    REAL(ssize_t, write, int, const void *, size_t);
    if (error > 0)
        return inject_failed(error);
    return real(fd, bytes, error == SHORT ? inject_half(size) : size);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    int error = fault_of(KIND_write, fd, CALLER);

    REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
    if (error > 0)
        return inject_failed(error);
    return real(fd, bytes, error == SHORT ? inject_half(size) : size, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    int error = fault_of(KIND_write, fd, CALLER);
    struct iovec half;

    REAL(ssize_t, writev, int, const struct iovec *, int);
    if (error > 0)
        return inject_failed(error);
    if (error != SHORT || n == 0)
        return real(fd, parts, n);
    half = (struct iovec){parts[0].iov_base, inject_half(parts[0].iov_len)};
    return real(fd, &half, 1);
}

ssize_t pwritev2(int fd, const struct iovec *parts, int n, off_t offset, int flags)
{
    int error = fault_of(KIND_pwritev2, fd, CALLER);
    struct iovec half;

    REAL(ssize_t, pwritev2, int, const struct iovec *, int, off_t, int);
    if (error > 0)
        return inject_failed(error);
    if (error != SHORT || n == 0)
        return real(fd, parts, n, offset, flags);
    half = (struct iovec){parts[0].iov_base, inject_half(parts[0].iov_len)};
    return real(fd, &half, 1, offset, flags);
}

/* --- calls that fail and do nothing then --- */

FAIL_OR_CALL(KIND_pipe, pipe2, (int fds[2], int flags), (fds, flags))
FAIL_OR_CALL(KIND_poll, poll, (struct pollfd * fds, nfds_t n, int timeout), (fds, n, timeout))
FAIL_OR_CALL(KIND_sync, fsync, (int fd), (fd))
FAIL_OR_CALL(KIND_rename, rename, (const char *from, const char *to), (from, to))
FAIL_OR_CALL(KIND_rename, renameat2,
             (int from_folder, const char *from, int to_folder, const char *to, unsigned flags),
             (from_folder, from, to_folder, to, flags))
FAIL_OR_CALL(KIND_unlink, unlink, (const char *path), (path))
FAIL_OR_CALL(KIND_chmod, chmod, (const char *path, mode_t mode), (path, mode))
FAIL_OR_CALL(KIND_chmod, fchmod, (int fd, mode_t mode), (fd, mode))
FAIL_OR_CALL(KIND_open, __open_2, (const char *path, int flags), (path, flags))

int open(const char *path, int flags, ...)
{
    int error = inject_fault(KIND_open, CALLER);
    va_list arguments;
    unsigned mode;

    REAL(int, open, const char *, int, ...);
    va_start(arguments, flags);
    mode = va_arg(arguments, unsigned); /* anything, and not looked at, where there is none */
    va_end(arguments);
    return error != 0 ? inject_failed(error) : real(path, flags, mode);
}
