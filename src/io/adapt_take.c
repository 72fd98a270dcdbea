/* SPDX-License-Identifier: MIT */
/*
 * adapt_take.c - reading that ends after so many bytes. The rest stays in the inner stream.
 */
#include "io/adapt.h"

struct take {
    eddy__adapt base;
    uint64_t left;
};

static struct take *take_of(const eddy_io *io)
{
    return (struct take *)(void *)eddy__adapt_of(io);
}

/* An inner view that reaches over the limit ends there; when that is too few, it is the end. */
static eddy_result take_fill(eddy_io *io, eddy_task *task, size_t min)
{
    struct take *self = take_of(io);
    eddy_result n;

    if (self->left == 0)
        return eddy__alone_flush(io, task);
    n = eddy_io_poll_fill(self->base.inner, task, min < self->left ? min : (size_t)self->left);
    if (n > 0 && (uint64_t)n > self->left)
        n = (eddy_result)self->left;
    return n > 0 && (uint64_t)n < min ? 0 : n;
}

static eddy_bytes take_view(const eddy_io *io)
{
    const struct take *self = take_of(io);
    eddy_bytes view = eddy_io_view(self->base.inner);

    if (view.len > self->left)
        view.len = (size_t)self->left;
    return view;
}

static void take_consume(eddy_io *io, size_t len)
{
    struct take *self = take_of(io);

    eddy__adapt_check_consume(len, take_view(io).len);
    eddy_io_consume(self->base.inner, len);
    self->left -= len;
}

const eddy_io_type eddy__take_type = {
    .name = "take",
    .fill = take_fill,
    .view = take_view,
    .consume = take_consume,
    .writev = eddy__through_writev,
    .write_buf = eddy__through_write_buf,
    .flush = eddy__through_flush,
    .shutdown = eddy__through_shutdown,
    .stop_reading = eddy__through_stop_reading,
    .stop_writing = eddy__through_stop_writing,
    .abort = eddy__through_abort,
    .free = eddy__through_free,
    .forget_writer = eddy__through_forget_writer,
};

eddy_io *eddy_io_take(eddy_handle *handle, eddy_io *io, uint64_t limit)
{
    struct take *self = eddy__adapt_new(handle, &eddy__take_type, sizeof *self, io);

    if (self == NULL)
        return eddy__adapt_failed(handle, io);
    self->left = limit;
    return &self->base.io;
}

uint64_t eddy_io_take_left(const eddy_io *self)
{
    if (eddy__adapt_is_failing(self))
        return 0;
    EDDY_ASSERT(self->type == &eddy__take_type, "eddy_io_take_left: this is a %s stream",
                self->type->name);
    return take_of(self)->left;
}
