/* SPDX-License-Identifier: MIT */
/*
 * write.c - all of several ranges; and the writing verbs as boxed futures: a poll function and its
 * arguments. There is no progress in them, so there is nothing to release.
 */
#include "eddy/io_write.h"
#include "reactor/core.h"

/* ---- ranges ---- */

static void advance(eddy_parts *rest, size_t len)
{
    while (rest->count > 0 && len >= rest->parts->len) {
        len -= rest->parts->len;
        rest->parts++;
        rest->count--;
    }
    if (rest->count > 0) {
        rest->parts->data += len;
        rest->parts->len -= len;
    }
}

eddy_result eddy_io_poll_writev_all(eddy_io *self, eddy_task *task, eddy_parts *rest)
{
    advance(rest, 0); /* empty ranges in front */
    while (rest->count > 0) {
        eddy_result n = eddy_io_poll_writev(self, task, rest->parts, rest->count);

        if (n < 0)
            return n;
        EDDY_ASSERT(n > 0, "a %s stream has accepted 0 bytes of some", self->type->name);
        advance(rest, (size_t)n);
    }
    return 0;
}

/* ---- futures ---- */

struct writing {
    EDDY_FRAME;
    eddy_io *io;
    eddy_bytes *rest;
    eddy_parts *parts;
};

static struct writing *writing_of(eddy_future *frame)
{
    return (struct writing *)(void *)frame;
}

static eddy_result poll_all(eddy_future *frame, eddy_task *task)
{
    return eddy_io_poll_write_all(writing_of(frame)->io, task, writing_of(frame)->rest);
}

static eddy_result poll_parts(eddy_future *frame, eddy_task *task)
{
    return eddy_io_poll_writev_all(writing_of(frame)->io, task, writing_of(frame)->parts);
}

static eddy_result poll_flush(eddy_future *frame, eddy_task *task)
{
    return eddy_io_poll_flush(writing_of(frame)->io, task);
}

static eddy_result poll_shutdown(eddy_future *frame, eddy_task *task)
{
    return eddy_io_poll_shutdown(writing_of(frame)->io, task);
}

#define WRITING_TYPE(poll, name)                                                                   \
    {                                                                                              \
        poll, eddy__done_nothing, sizeof(struct writing), name, NULL                               \
    }
static const eddy_type all_type = WRITING_TYPE(poll_all, "io_write_all");
static const eddy_type parts_type = WRITING_TYPE(poll_parts, "io_writev_all");
static const eddy_type flush_type = WRITING_TYPE(poll_flush, "io_flush");
static const eddy_type shutdown_type = WRITING_TYPE(poll_shutdown, "io_shutdown");

/* The future with these arguments, of which the frame is empty. */
static eddy_future *writing_new(eddy_handle *handle, const eddy_type *type, struct writing writing)
{
    eddy__core_check(handle->core, type->name);
    writing.frame.type = type;
    return eddy_box(handle, &writing.frame);
}

eddy_future *eddy_io_write_all(eddy_handle *handle, eddy_io *io, eddy_bytes *rest)
{
    return writing_new(handle, &all_type, (struct writing){.io = io, .rest = rest});
}

eddy_future *eddy_io_writev_all(eddy_handle *handle, eddy_io *io, eddy_parts *rest)
{
    return writing_new(handle, &parts_type, (struct writing){.io = io, .parts = rest});
}

eddy_future *eddy_io_flush(eddy_handle *handle, eddy_io *io)
{
    return writing_new(handle, &flush_type, (struct writing){.io = io});
}

eddy_future *eddy_io_shutdown(eddy_handle *handle, eddy_io *io)
{
    return writing_new(handle, &shutdown_type, (struct writing){.io = io});
}
