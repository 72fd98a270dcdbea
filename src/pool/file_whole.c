/* SPDX-License-Identifier: MIT */
/*
 * file_whole.c - what is asked by path, without an open file in between: read all, write all, stat.
 */
#include <errno.h>
#include <string.h>

#include "eddy/file.h"
#include "pool/pool.h"
#include "sys/file.h"

enum {
    FIRST_BYTES = 4096, /* room for a file that does not say how long it is */
    PROBE_BYTES = 512   /* read beyond the end, where nothing should be */
};

struct whole {
    const eddy_allocator *allocator; /* the pool's */
    size_t bytes_max;
    eddy_buf *buf; /* read, not told; to be written */
    eddy_buf **out;
    eddy_file_info info, *info_out;
    char path[];
};

/* NULL: no memory. */
static eddy_future *begin(eddy_handle *handle, eddy_pool *pool, const eddy__blocking_kind *kind,
                          const char *path, struct whole **out)
{
    size_t size = strlen(path) + 1;
    void *payload;
    eddy_future *future = eddy__blocking_new(handle, pool, kind, sizeof **out + size, &payload);

    if (future == NULL)
        return NULL;
    *out = payload;
    (*out)->allocator = &pool->allocator;
    memcpy((*out)->path, path, size);
    return future;
}

static void release_whole(void *arg)
{
    eddy_buf_release(((struct whole *)arg)->buf);
}

/* ---- read ---- */

/* Another buffer of `size` with the first `len` bytes. */
static int resize(struct whole *self, size_t len, size_t size)
{
    eddy_buf *buf = eddy_buf_new(self->allocator, size);

    if (buf == NULL)
        return -ENOMEM;
    if (len > 0)
        memcpy(eddy_buf_data(buf), eddy_buf_data(self->buf), len);
    eddy_buf_release(self->buf);
    self->buf = buf;
    return 0;
}

/* The buffer is full: is there more? Then make room, and take it. How much, 0: the end. */
static int64_t read_on(struct whole *self, int fd, size_t len)
{
    unsigned char more[PROBE_BYTES];
    int64_t n = eddy__file_read_some(fd, more, sizeof more);
    size_t size = len <= self->bytes_max / 2 ? 2 * len : self->bytes_max;
    int error;

    if (n <= 0)
        return n;
    if ((size_t)n > self->bytes_max - len)
        return -EFBIG;
    error = resize(self, len, size < len + (size_t)n ? len + (size_t)n : size);
    if (error != 0)
        return error;
    memcpy(eddy_buf_data(self->buf) + len, more, (size_t)n);
    return n;
}

static eddy_result read_to_end(struct whole *self, int fd)
{
    size_t len = 0;
    int64_t n;
    int error = 0;

    do {
        size_t room = eddy_buf_len(self->buf) - len;

        n = room > 0 ? eddy__file_read_some(fd, eddy_buf_data(self->buf) + len, room)
                     : read_on(self, fd, len);
        if (n < 0)
            return n;
        len += (size_t)n;
    } while (n > 0);
    if (len > 0 && len < eddy_buf_len(self->buf))
        error = resize(self, len, len);
    return error != 0 ? error : (eddy_result)len;
}

/* A buffer of the file's length; what its length does not tell is found out by reading. */
static int prepare(struct whole *self, int fd)
{
    uint64_t size;
    int error = eddy__file_stat_open(fd, &self->info);

    if (error != 0)
        return error;
    if (self->info.kind == EDDY_FILE_DIRECTORY)
        return -EISDIR;
    size = self->info.kind == EDDY_FILE_REGULAR ? self->info.size_bytes : 0;
    if (size > self->bytes_max)
        return -EFBIG;
    if (size == 0)
        size = self->bytes_max < FIRST_BYTES ? self->bytes_max : FIRST_BYTES;
    return resize(self, 0, (size_t)size);
}

static eddy_result run_read(void *arg)
{
    struct whole *self = arg;
    eddy_result result;
    int fd = eddy__file_open(self->path, EDDY_FILE_READ);

    if (fd < 0)
        return fd;
    result = prepare(self, fd);
    if (result == 0)
        result = read_to_end(self, fd);
    (void)eddy__file_close(fd);
    return result;
}

static void tell_read(void *arg, eddy_result result)
{
    struct whole *self = arg;

    *self->out = result > 0 ? self->buf : NULL;
    if (result > 0)
        self->buf = NULL;
}

static const eddy__blocking_kind read_kind = {
    .type = EDDY__BLOCKING_TYPE("file_read"),
    .work = {.run = run_read, .tell = tell_read, .release = release_whole},
    .operation = "file: read all",
};

eddy_future *eddy_file_read(eddy_handle *handle, eddy_pool *pool, const char *path,
                            size_t bytes_max, eddy_buf **buf)
{
    struct whole *self;
    eddy_future *future;

    EDDY_ASSERT(bytes_max >= 1 && bytes_max <= INT32_MAX,
                "a file of at most %zu bytes is to be read: the limit must be in 1..2^31 - 1",
                bytes_max);
    future = begin(handle, pool, &read_kind, path, &self);
    if (future == NULL)
        return eddy__future_failed(handle->core);
    self->bytes_max = bytes_max;
    self->out = buf;
    return future;
}

/* ---- write ---- */

static eddy_result run_write(void *arg)
{
    const uint32_t flags = EDDY_FILE_WRITE | EDDY_FILE_CREATE | EDDY_FILE_TRUNCATE;
    struct whole *self = arg;
    int fd = eddy__file_open(self->path, flags);
    eddy_result result = 0;
    int error;

    if (fd < 0)
        return fd;
    if (self->buf != NULL)
        result = eddy__file_write_at(fd, eddy_buf_data(self->buf), eddy_buf_len(self->buf), 0);
    error = eddy__file_close(fd);
    return error < 0 && result >= 0 ? error : result;
}

static const eddy__blocking_kind write_kind = {
    .type = EDDY__BLOCKING_TYPE("file_write"),
    .work = {.run = run_write, .release = release_whole},
    .operation = "file: write all",
};

eddy_future *eddy_file_write(eddy_handle *handle, eddy_pool *pool, const char *path, eddy_buf *buf)
{
    struct whole *self;
    eddy_future *future = begin(handle, pool, &write_kind, path, &self);

    if (future == NULL)
        return eddy__future_failed(handle->core);
    self->buf = buf != NULL ? eddy_buf_retain(buf) : NULL;
    return future;
}

/* ---- stat ---- */

static eddy_result run_stat(void *arg)
{
    struct whole *self = arg;

    return eddy__file_stat(self->path, &self->info);
}

static void tell_stat(void *arg, eddy_result result)
{
    struct whole *self = arg;

    (void)result;
    *self->info_out = self->info;
}

static const eddy__blocking_kind stat_kind = {
    .type = EDDY__BLOCKING_TYPE("file_stat"),
    .work = {.run = run_stat, .tell = tell_stat, .release = release_whole},
    .operation = "file: stat",
};

eddy_future *eddy_file_stat(eddy_handle *handle, eddy_pool *pool, const char *path,
                            eddy_file_info *info)
{
    struct whole *self;
    eddy_future *future = begin(handle, pool, &stat_kind, path, &self);

    if (future == NULL)
        return eddy__future_failed(handle->core);
    self->info_out = info;
    return future;
}
