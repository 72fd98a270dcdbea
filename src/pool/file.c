/* SPDX-License-Identifier: MIT */
/*
 * file.c - open files: the object, and the operations on it that move no bytes.
 */
#include "pool/file.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "sys/file.h"

eddy_file *eddy__file_new(eddy_pool *pool, int fd)
{
    eddy_file *self = eddy__alloc(&pool->allocator, sizeof *self);

    if (self == NULL) {
        (void)eddy__file_close(fd);
        return NULL;
    }
    eddy__pool_keep(pool);
    self->pool = pool;
    self->fd = fd;
    eddy__atomic_init(&self->refs, 1);
    return self;
}

eddy_file *eddy__file_retain(eddy_file *self)
{
    /* Relaxed: the caller holds a reference. */
    uint32_t before = eddy__atomic_fetch_add(&self->refs, 1, memory_order_relaxed);

    EDDY_ASSERT(before != 0, "a file is used after it was closed or given back");
    return self;
}

int eddy__file_release(eddy_file *self)
{
    eddy_pool *pool = self->pool;
    int error;

    /* acq_rel: pairs with itself. The last one comes after all that the others did. */
    if (eddy__atomic_fetch_sub(&self->refs, 1, memory_order_acq_rel) != 1)
        return 0;
    error = eddy__file_close(self->fd);
    eddy__free(&pool->allocator, self, sizeof *self);
    eddy__pool_let_go(pool);
    return error;
}

void eddy_file_free(eddy_file *file)
{
    if (file != NULL)
        (void)eddy__file_release(file);
}

/* ---- open ---- */

struct opening {
    eddy_pool *pool; /* lives: the job holds it */
    eddy_file *file; /* until it is told */
    eddy_file **out;
    uint32_t flags;
    char path[];
};

static eddy_result run_open(void *arg)
{
    struct opening *self = arg;
    int fd = eddy__file_open(self->path, self->flags);

    if (fd < 0)
        return fd;
    self->file = eddy__file_new(self->pool, fd);
    return self->file != NULL ? 0 : -ENOMEM;
}

static void tell_open(void *arg, eddy_result result)
{
    struct opening *self = arg;

    (void)result;
    *self->out = self->file;
    self->file = NULL;
}

static void release_open(void *arg)
{
    eddy_file_free(((struct opening *)arg)->file);
}

static const eddy__blocking_kind open_kind = {
    .type = EDDY__BLOCKING_TYPE("file_open"),
    .work = {.run = run_open, .tell = tell_open, .release = release_open},
    .operation = "file: open",
};

eddy_future *eddy_file_open(eddy_handle *handle, eddy_pool *pool, const char *path, uint32_t flags,
                            eddy_file **file)
{
    size_t size = strlen(path) + 1;
    struct opening *self;
    void *payload;
    eddy_future *future =
        eddy__blocking_new(handle, pool, &open_kind, sizeof *self + size, &payload);

    if (future == NULL)
        return eddy__future_failed(handle->core);
    self = payload;
    self->pool = pool;
    self->out = file;
    self->flags = flags;
    memcpy(self->path, path, size);
    return future;
}

/* ---- sync, info, close ---- */

struct with_file {
    eddy_file *file;
    eddy_file_info info, *out;
};

static void release_file(void *arg)
{
    eddy_file_free(((struct with_file *)arg)->file);
}

static eddy_future *work_on(eddy_handle *handle, eddy_file *file, const eddy__blocking_kind *kind,
                            eddy_file_info *info)
{
    struct with_file *self;
    void *payload;
    eddy_future *future = eddy__blocking_new(handle, file->pool, kind, sizeof *self, &payload);

    if (future == NULL)
        return eddy__future_failed(handle->core);
    self = payload;
    self->file = eddy__file_retain(file);
    self->out = info;
    return future;
}

static eddy_result run_sync(void *arg)
{
    return eddy__file_sync(((struct with_file *)arg)->file->fd);
}

static const eddy__blocking_kind sync_kind = {
    .type = EDDY__BLOCKING_TYPE("file_sync"),
    .work = {.run = run_sync, .release = release_file},
    .operation = "file: sync",
};

eddy_future *eddy_file_sync(eddy_handle *handle, eddy_file *file)
{
    return work_on(handle, file, &sync_kind, NULL);
}

static eddy_result run_info(void *arg)
{
    struct with_file *self = arg;

    return eddy__file_stat_open(self->file->fd, &self->info);
}

static void tell_info(void *arg, eddy_result result)
{
    struct with_file *self = arg;

    (void)result;
    *self->out = self->info;
}

static const eddy__blocking_kind info_kind = {
    .type = EDDY__BLOCKING_TYPE("file_info"),
    .work = {.run = run_info, .tell = tell_info, .release = release_file},
    .operation = "file: info",
};

eddy_future *eddy_file_info_get(eddy_handle *handle, eddy_file *file, eddy_file_info *info)
{
    return work_on(handle, file, &info_kind, info);
}

static eddy_result run_close(void *arg)
{
    struct with_file *self = arg;
    eddy_file *file = self->file;

    self->file = NULL;
    return eddy__file_release(file);
}

static const eddy__blocking_kind close_kind = {
    .type = EDDY__BLOCKING_TYPE("file_close"),
    .work = {.run = run_close, .release = release_file},
    .operation = "file: close",
};

/* The user's reference is given back at once: the job holds one of its own, and without a job nobody
 * needs the file any more. */
eddy_future *eddy_file_close(eddy_handle *handle, eddy_file *file)
{
    eddy_future *future = work_on(handle, file, &close_kind, NULL);

    (void)eddy__file_release(file);
    return future;
}
