/* SPDX-License-Identifier: MIT */
/*
 * file.c - see sys/file.h.
 */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ALL_FLAGS = 2 * EDDY_FILE_APPEND - 1, MODE = 0666 };

#define NANOSECONDS INT64_C(1000000000)

/* -1: it makes no sense. */
static int flags_of(uint32_t flags)
{
    bool reads = (flags & EDDY_FILE_READ) != 0, writes = (flags & EDDY_FILE_WRITE) != 0;
    int of = O_CLOEXEC;

    if ((flags & ~(uint32_t)ALL_FLAGS) != 0 || !(reads || writes))
        return -1;
    of |= reads && writes ? O_RDWR : writes ? O_WRONLY : O_RDONLY;
    of |= (flags & EDDY_FILE_CREATE) != 0 ? O_CREAT : 0;
    of |= (flags & EDDY_FILE_EXCLUSIVE) != 0 ? O_EXCL : 0;
    of |= (flags & EDDY_FILE_TRUNCATE) != 0 ? O_TRUNC : 0;
    of |= (flags & EDDY_FILE_APPEND) != 0 ? O_APPEND : 0;
    return of;
}

int eddy__file_open(const char *path, uint32_t flags)
{
    int how = flags_of(flags);
    int fd;

    if (how == -1)
        return -EINVAL;
    do {
        fd = open(path, how, MODE);
    } while (fd < 0 && errno == EINTR);
    return fd >= 0 ? fd : -errno;
}

/* Not again after EINTR: on Linux the descriptor is gone, and the number may be a stranger's. */
int eddy__file_close(int fd)
{
    return close(fd) == 0 || errno == EINTR ? 0 : -errno;
}

int64_t eddy__file_read_some(int fd, void *memory, size_t len)
{
    ssize_t n;

    do {
        n = read(fd, memory, len);
    } while (n < 0 && errno == EINTR);
    return n >= 0 ? n : -errno;
}

int64_t eddy__file_read_at(int fd, void *memory, size_t len, uint64_t offset)
{
    size_t got = 0;

    while (got < len) {
        ssize_t n = pread(fd, (char *)memory + got, len - got, (off_t)(offset + got));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (int64_t)got;
}

int64_t eddy__file_write_at(int fd, const void *data, size_t len, uint64_t offset)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = pwrite(fd, (const char *)data + done, len - done, (off_t)(offset + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        done += (size_t)n;
    }
    return (int64_t)len;
}

int eddy__file_sync(int fd)
{
    int result;

    do {
        result = fsync(fd);
    } while (result < 0 && errno == EINTR);
    return result == 0 ? 0 : -errno;
}

static eddy_file_kind kind_of(mode_t mode)
{
    if (S_ISREG(mode))
        return EDDY_FILE_REGULAR;
    return S_ISDIR(mode) ? EDDY_FILE_DIRECTORY : EDDY_FILE_OTHER;
}

static int tell(int result, const struct stat *stat, eddy_file_info *info)
{
    if (result != 0)
        return -errno;
    *info = (eddy_file_info){
        .size_bytes = (uint64_t)stat->st_size,
        .modified_ns = (int64_t)stat->st_mtim.tv_sec * NANOSECONDS + stat->st_mtim.tv_nsec,
        .permissions = (uint32_t)stat->st_mode & 07777u,
        .kind = kind_of(stat->st_mode),
        .device = (uint64_t)stat->st_dev,
        .inode = (uint64_t)stat->st_ino,
    };
    return 0;
}

int eddy__file_stat(const char *path, eddy_file_info *info)
{
    struct stat it;

    return tell(stat(path, &it), &it, info);
}

int eddy__file_stat_open(int fd, eddy_file_info *info)
{
    struct stat it;

    return tell(fstat(fd, &it), &it, info);
}
