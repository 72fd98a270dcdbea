/* SPDX-License-Identifier: MIT */
/*
 * adapt_counted.c - what is consumed and what is accepted, added up where the user can see it.
 */
#include "io/adapt.h"

struct counted {
    eddy__adapt base;
    eddy_io_counts *counts;
};

static struct counted *counted_of(const eddy_io *io)
{
    return (struct counted *)(void *)eddy__adapt_of(io);
}

static eddy_result add_written(const eddy_io *io, eddy_result n)
{
    if (n > 0)
        counted_of(io)->counts->written += (uint64_t)n;
    return n;
}

static void counted_consume(eddy_io *io, size_t len)
{
    eddy__through_consume(io, len);
    counted_of(io)->counts->read += len;
}

static eddy_result counted_writev(eddy_io *io, eddy_task *task, const eddy_bytes *parts,
                                  size_t count)
{
    return add_written(io, eddy__through_writev(io, task, parts, count));
}

static eddy_result counted_write_buf(eddy_io *io, eddy_task *task, eddy_buf *buf, size_t from,
                                     size_t len)
{
    return add_written(io, eddy__through_write_buf(io, task, buf, from, len));
}

static eddy_result counted_forward(eddy_io *io, eddy_io *to, eddy_task *task)
{
    eddy_result n = eddy_io_poll_forward(eddy__adapt_inner(io), eddy__adapt_inner(to), task);

    if (n > 0)
        counted_of(io)->counts->read += (uint64_t)n;
    return add_written(to, n);
}

const eddy_io_type eddy__counted_type = {
    .name = "counted",
    .fill = eddy__through_fill,
    .view = eddy__through_view,
    .consume = counted_consume,
    .writev = counted_writev,
    .write_buf = counted_write_buf,
    .flush = eddy__through_flush,
    .shutdown = eddy__through_shutdown,
    .forward = counted_forward,
    .stop_reading = eddy__through_stop_reading,
    .stop_writing = eddy__through_stop_writing,
    .abort = eddy__through_abort,
    .free = eddy__through_free,
    .forget_writer = eddy__through_forget_writer,
};

eddy_io *eddy_io_counted(eddy_handle *handle, eddy_io *io, eddy_io_counts *counts)
{
    struct counted *self = eddy__adapt_new(handle, &eddy__counted_type, sizeof *self, io);

    if (self == NULL)
        return eddy__adapt_failed(handle, io);
    self->counts = counts;
    return &self->base.io;
}
