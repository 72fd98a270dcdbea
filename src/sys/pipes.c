/* SPDX-License-Identifier: MIT */
/*
 * pipes.c - see pipes.h. What waits, for the threads of a pool: pipes_waiting.c.
 */
#include "sys/pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x100 /* since Linux 6.18: no SIGPIPE */
#endif

/* ---- what it is ---- */

/* Opening /dev/ptmx anew would make another terminal. */
static bool is_master(int fd)
{
    unsigned number;

    return ioctl(fd, TIOCGPTN, &number) == 0;
}

static int sort_of(int fd, eddy__pipe_sort *sort)
{
    struct termios modes;
    struct stat file;
    int type = 0;
    socklen_t size = sizeof type;

    if (fstat(fd, &file) < 0)
        return -errno;
    *sort = EDDY__PIPE_OTHER;
    if (S_ISDIR(file.st_mode))
        return -EISDIR;
    if (S_ISSOCK(file.st_mode)) {
        *sort = EDDY__PIPE_SOCKET;
        return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM
                   ? 0
                   : -EINVAL;
    }
    if (S_ISFIFO(file.st_mode))
        *sort = EDDY__PIPE_FIFO;
    else if (S_ISREG(file.st_mode) || S_ISBLK(file.st_mode))
        *sort = EDDY__PIPE_FILE;
    else if (S_ISCHR(file.st_mode) && tcgetattr(fd, &modes) == 0 && !is_master(fd))
        *sort = EDDY__PIPE_TTY;
    return 0;
}

int eddy__pipe_examine(int fd, eddy__pipe_facts *facts)
{
    int access;

    facts->flags = fcntl(fd, F_GETFL);
    facts->fd_flags = fcntl(fd, F_GETFD);
    if (facts->flags < 0 || facts->fd_flags < 0)
        return -errno;
    access = facts->flags & O_ACCMODE;
    facts->reads = access == O_RDONLY || access == O_RDWR;
    facts->writes = access == O_WRONLY || access == O_RDWR;
    if ((facts->flags & O_PATH) != 0)
        return -EBADF;
    return sort_of(fd, &facts->sort);
}

void eddy__pipe_close_on_exec(int fd)
{
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* cannot fail: it is open */
}

int eddy__pipe_make_own(int fd, const eddy__pipe_facts *facts)
{
    if (fcntl(fd, F_SETFL, facts->flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    return 0;
}

void eddy__pipe_restore(int fd, const eddy__pipe_facts *facts)
{
    (void)fcntl(fd, F_SETFL, facts->flags);
    (void)fcntl(fd, F_SETFD, facts->fd_flags);
}

int eddy__pipe_reopen(int fd, const eddy__pipe_facts *facts)
{
    char path[32];
    int copy;

    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    do
        copy = open(path, (facts->flags & O_ACCMODE) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    while (copy < 0 && errno == EINTR);
    return copy < 0 ? -errno : copy;
}

int eddy__pipe_copy(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    return copy < 0 ? -errno : copy;
}

void eddy__pipe_close(int fd)
{
    (void)close(fd); /* never again after EINTR: the number may be a stranger's */
}

int eddy__pipe_pair(int fds[2])
{
    return pipe2(fds, O_NONBLOCK | O_CLOEXEC) < 0 ? -errno : 0;
}

/* ---- FIFOs ---- */

int eddy__fifo_open(const char *path, bool reads, bool writes)
{
    int access = reads && writes ? O_RDWR : writes ? O_WRONLY : O_RDONLY;
    struct stat file;
    int fd;

    if (stat(path, &file) < 0)
        return -errno;
    if (!S_ISFIFO(file.st_mode)) /* to open another thing may do something to it */
        return -EINVAL;
    do
        fd = open(path, access | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &file) == 0 && S_ISFIFO(file.st_mode))
        return fd;
    (void)close(fd);
    return -EINVAL;
}

bool eddy__fifo_has_ended(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    return poll(&ready, 1, 0) < 0 || (ready.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

/* ---- moving bytes ---- */

int64_t eddy__pipe_read(int fd, bool is_socket, void *memory, size_t len)
{
    ssize_t n;

    do
        n = is_socket ? recv(fd, memory, len, MSG_DONTWAIT) : read(fd, memory, len);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int to_iovec(const eddy_bytes *parts, size_t count, struct iovec iov[EDDY__PIPE_PARTS_MAX])
{
    int n = 0;

    for (size_t i = 0; i < count && n < EDDY__PIPE_PARTS_MAX; i++) {
        if (parts[i].len > 0) /* the kernel only reads it */
            iov[n++] = (struct iovec){(void *)(uintptr_t)parts[i].data, parts[i].len};
    }
    return n;
}

static int64_t write_socket(int fd, const eddy_bytes *parts, size_t count)
{
    struct iovec iov[EDDY__PIPE_PARTS_MAX];
    struct msghdr message = {.msg_iov = iov};
    ssize_t n;

    message.msg_iovlen = (size_t)to_iovec(parts, count, iov);
    do
        n = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int64_t write_plain(int fd, const struct iovec *iov, int n)
{
    ssize_t written;

    do
        written = writev(fd, iov, n);
    while (written < 0 && errno == EINTR);
    return written < 0 ? -errno : written;
}

/* Was one pending before? Then it is not ours to take. */
static bool is_pending(const sigset_t *before)
{
    sigset_t pending;

    return sigismember(before, SIGPIPE) == 1 && sigpending(&pending) == 0 &&
           sigismember(&pending, SIGPIPE) == 1;
}

/* The signal comes to the thread that writes, before the call returns: it is blocked, and taken. */
static int64_t write_guarded(int fd, const struct iovec *iov, int n)
{
    const struct timespec at_once = {0, 0};
    sigset_t sigpipe, before;
    int64_t written;
    bool pending;

    (void)sigemptyset(&sigpipe);
    (void)sigaddset(&sigpipe, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
    pending = is_pending(&before);
    written = write_plain(fd, iov, n);
    if (written == -EPIPE && !pending) {
        while (sigtimedwait(&sigpipe, NULL, &at_once) < 0 && errno == EINTR)
            continue;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return written;
}

int64_t eddy__pipe_write_guarded(int fd, const eddy_bytes *parts, size_t count)
{
    struct iovec iov[EDDY__PIPE_PARTS_MAX];

    return write_guarded(fd, iov, to_iovec(parts, count, iov));
}

/* Newer kernels leave the signal out when they are asked; which they are is found out once. */
int64_t eddy__pipe_write(int fd, bool is_socket, const eddy_bytes *parts, size_t count)
{
    static atomic_bool too_old; /* relaxed: whoever reads it late asks once more */
    struct iovec iov[EDDY__PIPE_PARTS_MAX];
    ssize_t written;
    int n;

    if (is_socket)
        return write_socket(fd, parts, count);
    n = to_iovec(parts, count, iov);
    if (atomic_load_explicit(&too_old, memory_order_relaxed))
        return write_guarded(fd, iov, n);
    do
        written = pwritev2(fd, iov, n, -1, RWF_NOSIGNAL);
    while (written < 0 && errno == EINTR);
    if (written >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL))
        return written < 0 ? -errno : written;
    if (errno != EINVAL) /* that is the file's own opinion, most likely */
        atomic_store_explicit(&too_old, true, memory_order_relaxed);
    return write_guarded(fd, iov, n);
}

int eddy__pipe_shutdown(int fd)
{
    return shutdown(fd, SHUT_WR) < 0 ? -errno : 0;
}
