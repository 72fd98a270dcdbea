/* SPDX-License-Identifier: MIT */
/*
 * adapt_empty.c - the byte streams that stand on nothing: the empty one, the sink, one byte for ever.
 */
#include <errno.h>
#include <string.h>

#include "io/adapt.h"

/* ---- nothing to read ---- */

static eddy_result empty_fill(eddy_io *io, eddy_task *task, size_t min)
{
    (void)min;
    return eddy__alone_flush(io, task);
}

static eddy_bytes empty_view(const eddy_io *io)
{
    (void)io;
    return (eddy_bytes){NULL, 0};
}

static void empty_consume(eddy_io *io, size_t len)
{
    (void)io;
    eddy__adapt_check_consume(len, 0);
}

static const eddy_io_type empty_type = {
    .name = "empty",
    .fill = empty_fill,
    .view = empty_view,
    .consume = empty_consume,
    .writev = eddy__alone_writev,
    .write_buf = eddy__alone_write_buf,
    .flush = eddy__alone_flush,
    .shutdown = eddy__alone_flush,
    .stop_reading = eddy__alone_stop,
    .stop_writing = eddy__alone_stop,
    .abort = eddy__alone_free,
    .free = eddy__alone_free,
};

eddy_io *eddy_io_empty(eddy_handle *handle)
{
    eddy__adapt *self = eddy__adapt_new(handle, &empty_type, sizeof *self, NULL);

    return self != NULL ? &self->io : eddy__adapt_failed(handle, NULL);
}

/* ---- the sink ---- */

struct sink {
    eddy__adapt base;
    bool shut;
};

static struct sink *sink_of(const eddy_io *io)
{
    return (struct sink *)(void *)eddy__adapt_of(io);
}

static eddy_result swallow(eddy_io *io, eddy_task *task, size_t len)
{
    if (sink_of(io)->shut)
        return eddy__alone_writev(io, task, NULL, 0);
    if (!eddy__adapt_enter(io, task))
        return EDDY_LOOP_GONE;
    return eddy__task_spend(task) ? (eddy_result)len : eddy__task_yield(task);
}

static eddy_result sink_writev(eddy_io *io, eddy_task *task, const eddy_bytes *parts, size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    return swallow(io, task, len);
}

static eddy_result sink_write_buf(eddy_io *io, eddy_task *task, eddy_buf *buf, size_t from,
                                  size_t len)
{
    (void)buf;
    (void)from;
    return swallow(io, task, len);
}

static eddy_result sink_shutdown(eddy_io *io, eddy_task *task)
{
    sink_of(io)->shut = true;
    return eddy__alone_flush(io, task);
}

static void sink_stop_writing(eddy_io *io)
{
    sink_of(io)->shut = true;
}

static const eddy_io_type sink_type = {
    .name = "sink",
    .fill = empty_fill,
    .view = empty_view,
    .consume = empty_consume,
    .writev = sink_writev,
    .write_buf = sink_write_buf,
    .flush = eddy__alone_flush,
    .shutdown = sink_shutdown,
    .stop_reading = eddy__alone_stop,
    .stop_writing = sink_stop_writing,
    .abort = eddy__alone_free,
    .free = eddy__alone_free,
};

eddy_io *eddy_io_sink(eddy_handle *handle)
{
    struct sink *self = eddy__adapt_new(handle, &sink_type, sizeof *self, NULL);

    return self != NULL ? &self->base.io : eddy__adapt_failed(handle, NULL);
}

/* ---- one byte for ever ---- */

struct repeat {
    eddy__adapt base;
    unsigned char bytes[EDDY_IO_WRITE_WHOLE];
};

static eddy_result repeat_fill(eddy_io *io, eddy_task *task, size_t min)
{
    if (!eddy__adapt_enter(io, task))
        return EDDY_LOOP_GONE;
    if (min > EDDY_IO_WRITE_WHOLE)
        return -EMSGSIZE;
    return eddy__task_spend(task) ? EDDY_IO_WRITE_WHOLE : eddy__task_yield(task);
}

static eddy_bytes repeat_view(const eddy_io *io)
{
    const struct repeat *self = (const struct repeat *)(const void *)eddy__adapt_of(io);

    return (eddy_bytes){self->bytes, sizeof self->bytes};
}

static void repeat_consume(eddy_io *io, size_t len)
{
    (void)io;
    eddy__adapt_check_consume(len, EDDY_IO_WRITE_WHOLE);
}

static const eddy_io_type repeat_type = {
    .name = "repeat",
    .fill = repeat_fill,
    .view = repeat_view,
    .consume = repeat_consume,
    .writev = eddy__alone_writev,
    .write_buf = eddy__alone_write_buf,
    .flush = eddy__alone_flush,
    .shutdown = eddy__alone_flush,
    .stop_reading = eddy__alone_stop,
    .stop_writing = eddy__alone_stop,
    .abort = eddy__alone_free,
    .free = eddy__alone_free,
};

eddy_io *eddy_io_repeat(eddy_handle *handle, unsigned char byte)
{
    struct repeat *self = eddy__adapt_new(handle, &repeat_type, sizeof *self, NULL);

    if (self == NULL)
        return eddy__adapt_failed(handle, NULL);
    memset(self->bytes, byte, sizeof self->bytes);
    return &self->base.io;
}
