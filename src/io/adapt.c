/* SPDX-License-Identifier: MIT */
/*
 * adapt.c - see adapt.h; and the stream that fails, the one that borrows, and taking an adaptor off.
 */
#include "io/adapt.h"

#include <errno.h>

/* ---- the failing one ---- */

struct failing {
    eddy_io io;
    eddy_result error;
};

static eddy_result error_of(const eddy_io *io)
{
    return EDDY__CONTAINER(io, const struct failing, io)->error;
}

static eddy_result fail(eddy_io *self, eddy_task *task)
{
    return eddy_why_note(task, "io", NULL, error_of(self));
}

static eddy_result fail_fill(eddy_io *self, eddy_task *task, size_t min)
{
    (void)min;
    return fail(self, task);
}

static eddy_bytes fail_view(const eddy_io *self)
{
    (void)self;
    return (eddy_bytes){NULL, 0};
}

static void fail_consume(eddy_io *self, size_t len)
{
    (void)self;
    eddy__adapt_check_consume(len, 0);
}

static eddy_result fail_writev(eddy_io *self, eddy_task *task, const eddy_bytes *parts,
                               size_t count)
{
    (void)parts;
    (void)count;
    return fail(self, task);
}

static eddy_result fail_write_buf(eddy_io *self, eddy_task *task, eddy_buf *buf, size_t from,
                                  size_t len)
{
    (void)buf;
    (void)from;
    (void)len;
    return fail(self, task);
}

static const eddy_io_type failing_type = {
    .name = "failing",
    .fill = fail_fill,
    .view = fail_view,
    .consume = fail_consume,
    .writev = fail_writev,
    .write_buf = fail_write_buf,
    .flush = fail,
    .shutdown = fail,
    .stop_reading = eddy__alone_stop,
    .stop_writing = eddy__alone_stop,
    .abort = eddy__alone_stop,
    .free = eddy__alone_stop,
};

/* `reserved` says that nobody owns it: many have it at a time, on many threads. */
static struct failing no_memory = {{&failing_type, 0, 1}, -ENOMEM};
static struct failing loop_gone = {{&failing_type, 0, 1}, EDDY_LOOP_GONE};
static struct failing invalid = {{&failing_type, 0, 1}, -EINVAL};

eddy_io *eddy__adapt_failed(const eddy_handle *handle, eddy_io *inner)
{
    eddy_io_free(inner);
    return handle->core->gone ? &loop_gone.io : &no_memory.io;
}

eddy_io *eddy__adapt_invalid(eddy_io *inner)
{
    eddy_io_free(inner);
    return &invalid.io;
}

bool eddy__adapt_is_failing(const eddy_io *io)
{
    return io->type == &failing_type;
}

/* ---- beginning and end ---- */

void *eddy__adapt_new(eddy_handle *handle, const eddy_io_type *type, size_t size_bytes,
                      eddy_io *inner)
{
    eddy_core *core = handle->core;
    eddy__adapt *self;

    eddy__core_check(core, type->name);
    EDDY_ASSERT(
        inner == NULL || inner->halves == 0 || type == &eddy__borrow_type,
        "the %s adaptor is given a %s stream that was split: use eddy_io_borrow() on a half",
        type->name, inner->type->name);
    self = core->gone ? NULL : eddy__slab_alloc(&core->slab, size_bytes);
    if (self == NULL)
        return NULL;
    eddy__core_memory_retain(core);
    self->io.type = type;
    self->core = core;
    self->inner = inner;
    self->size_bytes = size_bytes;
    return self;
}

void eddy__adapt_give_back(eddy__adapt *self)
{
    eddy_core *core = self->core;

    eddy__core_object_free(core, self, self->size_bytes);
    eddy__core_memory_release(core);
}

bool eddy__adapt_enter(const eddy_io *io, const eddy_task *task)
{
    const eddy_core *core = eddy__adapt_of(io)->core;

    if (task->core == core)
        return true;
    EDDY_ASSERT(
        core->gone,
        "task '%s' uses the %s stream of another loop: a stream belongs to the loop it was made "
        "on",
        eddy_task_name(task), io->type->name);
    return false;
}

void eddy__adapt_check_consume(size_t len, size_t most)
{
    EDDY_ASSERT(len <= most, "%zu bytes are consumed of the %zu that are in view", len, most);
}

/* ---- going through ---- */

eddy_result eddy__through_fill(eddy_io *self, eddy_task *task, size_t min)
{
    return eddy_io_poll_fill(eddy__adapt_inner(self), task, min);
}

eddy_bytes eddy__through_view(const eddy_io *self)
{
    return eddy_io_view(eddy__adapt_inner(self));
}

void eddy__through_consume(eddy_io *self, size_t len)
{
    eddy_io_consume(eddy__adapt_inner(self), len);
}

eddy_result eddy__through_writev(eddy_io *self, eddy_task *task, const eddy_bytes *parts,
                                 size_t count)
{
    return eddy_io_poll_writev(eddy__adapt_inner(self), task, parts, count);
}

eddy_result eddy__through_write_buf(eddy_io *self, eddy_task *task, eddy_buf *buf, size_t from,
                                    size_t len)
{
    return eddy_io_poll_write_buf(eddy__adapt_inner(self), task, buf, from, len);
}

eddy_result eddy__through_flush(eddy_io *self, eddy_task *task)
{
    return eddy_io_poll_flush(eddy__adapt_inner(self), task);
}

eddy_result eddy__through_shutdown(eddy_io *self, eddy_task *task)
{
    return eddy_io_poll_shutdown(eddy__adapt_inner(self), task);
}

void eddy__through_stop_reading(eddy_io *self)
{
    eddy_io *inner = eddy__adapt_inner(self);

    inner->type->stop_reading(inner);
}

void eddy__through_stop_writing(eddy_io *self)
{
    eddy_io *inner = eddy__adapt_inner(self);

    inner->type->stop_writing(inner);
}

void eddy__through_abort(eddy_io *self)
{
    eddy_io_abort(eddy__adapt_inner(self));
    eddy__adapt_give_back(eddy__adapt_of(self));
}

void eddy__through_free(eddy_io *self)
{
    eddy_io_free(eddy__adapt_inner(self));
    eddy__adapt_give_back(eddy__adapt_of(self));
}

void eddy__through_forget_writer(eddy_io *self)
{
    eddy_io *inner = eddy__adapt_inner(self);

    if (inner->type->forget_writer != NULL)
        inner->type->forget_writer(inner);
}

/* ---- alone ---- */

eddy_result eddy__alone_writev(eddy_io *self, eddy_task *task, const eddy_bytes *parts,
                               size_t count)
{
    (void)parts;
    (void)count;
    if (!eddy__adapt_enter(self, task))
        return EDDY_LOOP_GONE;
    return eddy_why_note(task, "io: write", NULL, -EPIPE);
}

eddy_result eddy__alone_write_buf(eddy_io *self, eddy_task *task, eddy_buf *buf, size_t from,
                                  size_t len)
{
    (void)buf;
    (void)from;
    (void)len;
    return eddy__alone_writev(self, task, NULL, 0);
}

eddy_result eddy__alone_flush(eddy_io *self, eddy_task *task)
{
    if (!eddy__adapt_enter(self, task))
        return EDDY_LOOP_GONE;
    return eddy__task_spend(task) ? 0 : eddy__task_yield(task);
}

void eddy__alone_stop(eddy_io *self)
{
    (void)self; /* nobody is told */
}

void eddy__alone_free(eddy_io *self)
{
    eddy__adapt_give_back(eddy__adapt_of(self));
}

/* ---- the one that borrows ---- */

const eddy_io_type eddy__borrow_type = {
    .name = "borrowed",
    .fill = eddy__through_fill,
    .view = eddy__through_view,
    .consume = eddy__through_consume,
    .writev = eddy__through_writev,
    .write_buf = eddy__through_write_buf,
    .flush = eddy__through_flush,
    .shutdown = eddy__through_shutdown,
    .stop_reading = eddy__alone_stop,
    .stop_writing = eddy__alone_stop,
    .abort = eddy__alone_free,
    .free = eddy__alone_free,
    .forget_writer = eddy__through_forget_writer,
};

eddy_io *eddy_io_borrow(eddy_handle *handle, eddy_io *io)
{
    eddy__adapt *self = eddy__adapt_new(handle, &eddy__borrow_type, sizeof *self, io);

    return self != NULL ? &self->io : eddy__adapt_failed(handle, NULL);
}

/* ---- taking one off ---- */

static bool can_be_taken_off(const eddy_io_type *type)
{
    static const eddy_io_type *const types[] = {
        &eddy__take_type,  &eddy__counted_type,  &eddy__rate_type,
        &eddy__timed_type, &eddy__buffered_type, &eddy__borrow_type,
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (type == types[i])
            return true;
    return false;
}

eddy_io *eddy_io_unwrap(eddy_io *self)
{
    eddy_io *inner;

    if (eddy__adapt_is_failing(self))
        return self;
    EDDY_ASSERT(can_be_taken_off(self->type),
                "eddy_io_unwrap: a %s stream has nothing to give back", self->type->name);
    EDDY_ASSERT(self->halves == 0, "eddy_io_unwrap: the stream was split, its halves own it");
    if (self->type == &eddy__buffered_type)
        eddy__buffered_take_off(self);
    if (self->type == &eddy__rate_type)
        eddy__rate_stop(self);
    if (self->type == &eddy__timed_type)
        eddy__timed_stop(self);
    inner = eddy__adapt_inner(self);
    eddy__adapt_give_back(eddy__adapt_of(self));
    return inner;
}
