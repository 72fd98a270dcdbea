/* SPDX-License-Identifier: MIT */
/*
 * adapt_chain.c - one byte stream behind another. Each is read where it is; only what a fill asks for
 * that reaches over the end of the first is copied together, into the seam.
 */
#include <errno.h>

#include "io/adapt.h"
#include "io/held.h"

/* The inner one is the second. */
struct chain {
    eddy__adapt base;
    eddy_io *first;  /* NULL: it was read to its end */
    eddy__held seam; /* bytes that come before those of the second; the first is gone */
};

static struct chain *chain_of(const eddy_io *io)
{
    return (struct chain *)(void *)eddy__adapt_of(io);
}

/* False: no memory, nothing has changed. */
static bool move_to_seam(struct chain *self, eddy_io *from, size_t len)
{
    if (!eddy__held_reserve(&self->seam, self->base.core, len))
        return false;
    eddy__held_append(&self->seam, eddy_io_view(from).data, len);
    eddy_io_consume(from, len);
    return true;
}

/* The first has ended: what it shows is the rest. */
static bool leave_first(struct chain *self)
{
    if (!move_to_seam(self, self->first, eddy_io_view(self->first).len))
        return false;
    eddy_io_free(self->first);
    self->first = NULL;
    return true;
}

/* The seam holds less than is asked for. */
static eddy_result fill_seam(struct chain *self, eddy_task *task, size_t min)
{
    eddy_io *second = self->base.inner;
    size_t more = min - self->seam.len;
    eddy_result n = eddy_io_poll_fill(second, task, more);

    if (n < 0)
        return n;
    if (!move_to_seam(self, second, n == 0 ? eddy_io_view(second).len : more))
        return -ENOMEM;
    return n == 0 ? 0 : (eddy_result)self->seam.len;
}

static eddy_result chain_fill(eddy_io *io, eddy_task *task, size_t min)
{
    struct chain *self = chain_of(io);
    eddy_result n;

    EDDY_ASSERT(min > 0, "a chain of streams is asked for 0 bytes: ask for at least 1");
    if (self->first != NULL) {
        n = eddy_io_poll_fill(self->first, task, min);
        if (n != 0)
            return n;
        if (!leave_first(self))
            return -ENOMEM;
    }
    if (self->seam.len == 0)
        return eddy_io_poll_fill(self->base.inner, task, min);
    if (self->seam.len < min)
        return fill_seam(self, task, min);
    return eddy__task_spend(task) ? (eddy_result)self->seam.len : eddy__task_yield(task);
}

static eddy_bytes chain_view(const eddy_io *io)
{
    const struct chain *self = chain_of(io);

    if (self->first != NULL)
        return eddy_io_view(self->first);
    return self->seam.len > 0 ? eddy__held_bytes(&self->seam) : eddy_io_view(self->base.inner);
}

static void chain_consume(eddy_io *io, size_t len)
{
    struct chain *self = chain_of(io);

    if (self->first != NULL) {
        eddy_io_consume(self->first, len);
    } else if (self->seam.len > 0) {
        eddy__adapt_check_consume(len, self->seam.len);
        eddy__held_consume(&self->seam, len);
    } else {
        eddy_io_consume(self->base.inner, len);
    }
}

static void chain_stop_reading(eddy_io *io)
{
    struct chain *self = chain_of(io);

    if (self->first != NULL)
        self->first->type->stop_reading(self->first);
    eddy__through_stop_reading(io);
}

static void chain_abort(eddy_io *io)
{
    struct chain *self = chain_of(io);

    eddy_io_abort(self->first);
    eddy__held_free(&self->seam, self->base.core);
    eddy__through_abort(io);
}

static void chain_free(eddy_io *io)
{
    struct chain *self = chain_of(io);

    eddy_io_free(self->first);
    eddy__held_free(&self->seam, self->base.core);
    eddy__through_free(io);
}

static const eddy_io_type chain_type = {
    .name = "chain",
    .fill = chain_fill,
    .view = chain_view,
    .consume = chain_consume,
    .writev = eddy__through_writev,
    .write_buf = eddy__through_write_buf,
    .flush = eddy__through_flush,
    .shutdown = eddy__through_shutdown,
    .stop_reading = chain_stop_reading,
    .stop_writing = eddy__through_stop_writing,
    .abort = chain_abort,
    .free = chain_free,
    .forget_writer = eddy__through_forget_writer,
};

eddy_io *eddy_io_chain(eddy_handle *handle, eddy_io *first, eddy_io *second)
{
    struct chain *self;

    EDDY_ASSERT(first->halves == 0, "eddy_io_chain: the first stream was split: use "
                                    "eddy_io_borrow() on a half");
    self = eddy__adapt_new(handle, &chain_type, sizeof *self, second);
    if (self == NULL) {
        eddy_io_free(first);
        return eddy__adapt_failed(handle, second);
    }
    self->first = first;
    return &self->base.io;
}
