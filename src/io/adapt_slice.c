/* SPDX-License-Identifier: MIT */
/*
 * adapt_slice.c - bytes in memory as a byte stream that is read.
 */
#include "io/adapt.h"

struct memory_source {
    eddy__adapt base;
    eddy_bytes rest;
    eddy_slice slice; /* what keeps it; empty: the user does */
};

static struct memory_source *source_of(const eddy_io *io)
{
    return (struct memory_source *)(void *)eddy__adapt_of(io);
}

static eddy_result source_fill(eddy_io *io, eddy_task *task, size_t min)
{
    size_t len = source_of(io)->rest.len;

    if (!eddy__adapt_enter(io, task))
        return EDDY_LOOP_GONE;
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    return len < min ? 0 : (eddy_result)len;
}

static eddy_bytes source_view(const eddy_io *io)
{
    return source_of(io)->rest;
}

static void source_consume(eddy_io *io, size_t len)
{
    struct memory_source *self = source_of(io);

    eddy__adapt_check_consume(len, self->rest.len);
    if (len == 0)
        return;
    self->rest.data += len;
    self->rest.len -= len;
}

static void source_free(eddy_io *io)
{
    eddy_slice_release(&source_of(io)->slice);
    eddy__alone_free(io);
}

static const eddy_io_type source_type = {
    .name = "bytes",
    .fill = source_fill,
    .view = source_view,
    .consume = source_consume,
    .writev = eddy__alone_writev,
    .write_buf = eddy__alone_write_buf,
    .flush = eddy__alone_flush,
    .shutdown = eddy__alone_flush,
    .stop_reading = eddy__alone_stop,
    .stop_writing = eddy__alone_stop,
    .abort = source_free,
    .free = source_free,
};

eddy_io *eddy_io_from_bytes(eddy_handle *handle, eddy_bytes bytes)
{
    struct memory_source *self = eddy__adapt_new(handle, &source_type, sizeof *self, NULL);

    if (self == NULL)
        return eddy__adapt_failed(handle, NULL);
    self->rest = bytes;
    return &self->base.io;
}

eddy_io *eddy_io_from_slice(eddy_handle *handle, eddy_slice *slice)
{
    struct memory_source *self = eddy__adapt_new(handle, &source_type, sizeof *self, NULL);

    if (self == NULL) {
        eddy_slice_release(slice);
        return eddy__adapt_failed(handle, NULL);
    }
    self->slice = *slice;
    self->rest = eddy_slice_bytes(slice);
    *slice = (eddy_slice){0};
    return &self->base.io;
}
