/* SPDX-License-Identifier: MIT */
/*
 * file_io.c - reading and writing parts of an open file. The bytes travel in the job, so that a
 * thread never touches the user's memory, which may be gone by then.
 */
#include <string.h>

#include "pool/file.h"
#include "sys/file.h"

struct transfer {
    eddy_file *file;
    void *out; /* reading: the user's */
    size_t len;
    uint64_t offset;
    unsigned char data[];
};

static void release_transfer(void *arg)
{
    eddy_file_free(((struct transfer *)arg)->file);
}

/* NULL: no memory. */
static eddy_future *begin(eddy_handle *handle, eddy_file *file, const eddy__blocking_kind *kind,
                          size_t len, struct transfer **out)
{
    eddy_future *future;
    void *payload;

    EDDY_ASSERT(len <= INT32_MAX, "%s: %zu bytes at once, more than 2^31 - 1", kind->operation,
                len);
    future = eddy__blocking_new(handle, file->pool, kind, sizeof **out + len, &payload);
    if (future == NULL)
        return NULL;
    *out = payload;
    (*out)->file = eddy__file_retain(file);
    (*out)->len = len;
    return future;
}

static eddy_result run_read(void *arg)
{
    struct transfer *self = arg;

    return eddy__file_read_at(self->file->fd, self->data, self->len, self->offset);
}

static void tell_read(void *arg, eddy_result result)
{
    struct transfer *self = arg;

    if (result > 0)
        memcpy(self->out, self->data, (size_t)result);
}

static const eddy__blocking_kind read_kind = {
    .type = EDDY__BLOCKING_TYPE("file_read_at"),
    .work = {.run = run_read, .tell = tell_read, .release = release_transfer},
    .operation = "file: read",
};

eddy_future *eddy_file_read_at(eddy_handle *handle, eddy_file *file, void *memory, size_t len,
                               uint64_t offset)
{
    struct transfer *self;
    eddy_future *future = begin(handle, file, &read_kind, len, &self);

    if (future == NULL)
        return eddy__future_failed(handle->core);
    self->out = memory;
    self->offset = offset;
    return future;
}

static eddy_result run_write(void *arg)
{
    struct transfer *self = arg;

    return eddy__file_write_at(self->file->fd, self->data, self->len, self->offset);
}

static const eddy__blocking_kind write_kind = {
    .type = EDDY__BLOCKING_TYPE("file_write_at"),
    .work = {.run = run_write, .release = release_transfer},
    .operation = "file: write",
};

eddy_future *eddy_file_write_at(eddy_handle *handle, eddy_file *file, const void *data, size_t len,
                                uint64_t offset)
{
    struct transfer *self;
    eddy_future *future = begin(handle, file, &write_kind, len, &self);

    if (future == NULL)
        return eddy__future_failed(handle->core);
    if (len > 0)
        memcpy(self->data, data, len);
    self->offset = offset;
    return future;
}
