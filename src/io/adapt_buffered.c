/* SPDX-License-Identifier: MIT */
/*
 * adapt_buffered.c - small writes collected, and more contiguous bytes than the inner stream can show.
 *
 * Reading goes through as long as the inner stream shows what is asked for. Bytes that were written and
 * not passed on when nobody can poll for them any more (the stream, or its writing half, is freed) are
 * passed on by a task, the drainer, which has the stream until then.
 */
#include <errno.h>

#include "io/adapt.h"
#include "io/held.h"

struct buffered {
    eddy__adapt base;
    size_t read_bytes, write_bytes;
    eddy__held rx, tx;
    bool shut;     /* no more writes */
    bool draining; /* a task has it */
    bool freed;    /* and nobody else */
};

static struct buffered *buffered_of(const eddy_io *io)
{
    return (struct buffered *)(void *)eddy__adapt_of(io);
}

/* ---- reading ---- */

/* One more portion; more than asked for, while there is room. */
static eddy_result gather(struct buffered *self, eddy_task *task)
{
    eddy_io *inner = self->base.inner;
    eddy_result n = eddy_io_poll_fill(inner, task, 1);
    size_t room = self->read_bytes - self->rx.len;
    size_t len = n > 0 && (size_t)n > room ? room : (size_t)n;

    if (n <= 0)
        return n;
    if (!eddy__held_reserve(&self->rx, self->base.core, len))
        return -ENOMEM;
    eddy__held_append(&self->rx, eddy_io_view(inner).data, len);
    eddy_io_consume(inner, len);
    return n;
}

static eddy_result buffered_fill(eddy_io *io, eddy_task *task, size_t min)
{
    struct buffered *self = buffered_of(io);
    eddy_result n = -EMSGSIZE;

    if (!eddy__adapt_enter(io, task))
        return EDDY_LOOP_GONE;
    if (self->rx.len == 0)
        n = eddy_io_poll_fill(self->base.inner, task, min);
    if (n != -EMSGSIZE)
        return n;
    if (min > self->read_bytes)
        return -EMSGSIZE;
    while (self->rx.len < min) {
        n = gather(self, task);
        if (n <= 0)
            return n;
    }
    return eddy__task_spend(task) ? (eddy_result)self->rx.len : eddy__task_yield(task);
}

static eddy_bytes buffered_view(const eddy_io *io)
{
    const struct buffered *self = buffered_of(io);

    return self->rx.len > 0 ? eddy__held_bytes(&self->rx) : eddy_io_view(self->base.inner);
}

static void buffered_consume(eddy_io *io, size_t len)
{
    struct buffered *self = buffered_of(io);

    if (self->rx.len == 0) {
        eddy_io_consume(self->base.inner, len);
        return;
    }
    eddy__adapt_check_consume(len, self->rx.len);
    eddy__held_consume(&self->rx, len);
}

/* ---- writing ---- */

/* Pass on what was collected. 0: all. */
static eddy_result drain(struct buffered *self, eddy_task *task)
{
    while (self->tx.len > 0) {
        const eddy_bytes bytes = eddy__held_bytes(&self->tx);
        eddy_result n = eddy_io_poll_writev(self->base.inner, task, &bytes, 1);

        if (n < 0)
            return n;
        eddy__held_consume(&self->tx, (size_t)n);
    }
    return 0;
}

/* Without memory for the buffer nothing is collected. */
static bool can_collect(struct buffered *self, size_t len)
{
    size_t room = self->write_bytes - self->tx.len;

    return len <= room && eddy__held_reserve(&self->tx, self->base.core, room);
}

static eddy_result collect(struct buffered *self, eddy_task *task, const eddy_bytes *parts,
                           size_t count)
{
    size_t before = self->tx.len;

    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    for (size_t i = 0; i < count; i++)
        eddy__held_append(&self->tx, parts[i].data, parts[i].len);
    return (eddy_result)(self->tx.len - before);
}

/* 1: these bytes can be collected, 0: they can be passed on now; else what the write is told. */
static eddy_result prepare(struct buffered *self, eddy_task *task, size_t len)
{
    eddy_result n;

    if (!eddy__adapt_enter(&self->base.io, task))
        return EDDY_LOOP_GONE;
    if (self->shut)
        return eddy_why_note(task, "io: write", NULL, -EPIPE);
    if (can_collect(self, len))
        return 1;
    n = drain(self, task);
    return n == 0 && can_collect(self, len) ? 1 : n;
}

static eddy_result buffered_writev(eddy_io *io, eddy_task *task, const eddy_bytes *parts,
                                   size_t count)
{
    struct buffered *self = buffered_of(io);
    size_t len = 0;
    eddy_result n;

    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    n = prepare(self, task, len);
    if (n < 0)
        return n;
    return n == 1 ? collect(self, task, parts, count)
                  : eddy__through_writev(io, task, parts, count);
}

static eddy_result buffered_write_buf(eddy_io *io, eddy_task *task, eddy_buf *buf, size_t from,
                                      size_t len)
{
    const eddy_bytes part = {eddy_buf_data(buf) + from, len};
    struct buffered *self = buffered_of(io);
    eddy_result n = prepare(self, task, len);

    if (n < 0)
        return n;
    return n == 1 ? collect(self, task, &part, 1)
                  : eddy__through_write_buf(io, task, buf, from, len);
}

static eddy_result buffered_flush(eddy_io *io, eddy_task *task)
{
    struct buffered *self = buffered_of(io);
    eddy_result n = eddy__adapt_enter(io, task) ? drain(self, task) : EDDY_LOOP_GONE;

    return n == 0 ? eddy__through_flush(io, task) : n;
}

static eddy_result buffered_shutdown(eddy_io *io, eddy_task *task)
{
    struct buffered *self = buffered_of(io);
    eddy_result n;

    if (!eddy__adapt_enter(io, task))
        return EDDY_LOOP_GONE;
    self->shut = true;
    n = drain(self, task);
    return n == 0 ? eddy__through_shutdown(io, task) : n;
}

/* ---- the end ---- */

static void release(struct buffered *self)
{
    eddy__held_free(&self->rx, self->base.core);
    eddy__held_free(&self->tx, self->base.core);
    eddy_io_free(self->base.inner);
    eddy__adapt_give_back(&self->base);
}

struct drainer {
    EDDY_FRAME;
    struct buffered *stream;
};

static eddy_result drainer_poll(eddy_future *frame, eddy_task *task)
{
    struct buffered *stream = ((struct drainer *)(void *)frame)->stream;
    eddy_result n = drain(stream, task);

    return n == EDDY_PENDING ? n : 0; /* nobody is left to be told an error */
}

/* Passed on, failed, dropped, or never begun: there was no memory. */
static void drainer_done(eddy_future *frame)
{
    struct buffered *stream = ((struct drainer *)(void *)frame)->stream;

    stream->draining = false;
    stream->tx.len = 0;
    if (stream->freed)
        release(stream);
    else
        eddy__through_stop_writing(&stream->base.io);
}

static const eddy_type drainer_type = {
    .poll = drainer_poll,
    .done = drainer_done,
    .size_bytes = sizeof(struct drainer),
    .name = "buffered: what was left",
};

/* `stream` may be gone afterwards. */
static void start_drainer(struct buffered *stream)
{
    struct drainer self = {.frame = {.type = &drainer_type}, .stream = stream};

    stream->draining = true;
    eddy__through_forget_writer(&stream->base.io);
    (void)eddy_spawn(&stream->base.core->handle, &self.frame);
}

static void buffered_stop_writing(eddy_io *io)
{
    struct buffered *self = buffered_of(io);

    self->shut = true;
    if (self->tx.len > 0 && !self->base.core->gone)
        start_drainer(self);
    else
        eddy__through_stop_writing(io);
}

static void buffered_free(eddy_io *io)
{
    struct buffered *self = buffered_of(io);

    self->freed = true;
    if (self->draining)
        return;
    if (self->tx.len > 0 && !self->base.core->gone)
        start_drainer(self);
    else
        release(self);
}

/* Not while it is drained: then the writing half has been given back, and halves are only freed. */
static void buffered_abort(eddy_io *io)
{
    struct buffered *self = buffered_of(io);

    EDDY_ASSERT(!self->draining, "a buffered stream is aborted whose writing half was freed");
    eddy__held_free(&self->rx, self->base.core);
    eddy__held_free(&self->tx, self->base.core);
    eddy__through_abort(io);
}

void eddy__buffered_take_off(eddy_io *io)
{
    struct buffered *self = buffered_of(io);

    EDDY_ASSERT(self->rx.len == 0,
                "eddy_io_unwrap: the buffered stream holds %zu bytes: consume them first",
                self->rx.len);
    EDDY_ASSERT(self->tx.len == 0,
                "eddy_io_unwrap: the buffered stream has not passed on %zu bytes: flush them first",
                self->tx.len);
    EDDY_ASSERT(!self->draining, "eddy_io_unwrap: the buffered stream is passing bytes on");
    eddy__held_free(&self->rx, self->base.core);
    eddy__held_free(&self->tx, self->base.core);
}

const eddy_io_type eddy__buffered_type = {
    .name = "buffered",
    .fill = buffered_fill,
    .view = buffered_view,
    .consume = buffered_consume,
    .writev = buffered_writev,
    .write_buf = buffered_write_buf,
    .flush = buffered_flush,
    .shutdown = buffered_shutdown,
    .stop_reading = eddy__through_stop_reading,
    .stop_writing = buffered_stop_writing,
    .abort = buffered_abort,
    .free = buffered_free,
    .forget_writer = eddy__through_forget_writer,
};

eddy_io *eddy_io_buffered(eddy_handle *handle, eddy_io *io, size_t read_bytes, size_t write_bytes)
{
    struct buffered *self = eddy__adapt_new(handle, &eddy__buffered_type, sizeof *self, io);

    if (self == NULL)
        return eddy__adapt_failed(handle, io);
    self->read_bytes = read_bytes;
    self->write_bytes = write_bytes;
    return &self->base.io;
}
