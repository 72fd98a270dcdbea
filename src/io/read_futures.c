/* SPDX-License-Identifier: MIT */
/*
 * read_futures.c - the reading verbs as boxed futures: a poll function and its arguments. There is no
 * progress in them, so there is nothing to release.
 */
#include "eddy/io_read.h"
#include "reactor/core.h"

struct reading {
    EDDY_FRAME;
    eddy_io *io;
    eddy_room memory;
    eddy_room *rest;
    eddy_gathered *into;
    size_t limit;
    unsigned char delimiter;
};

static struct reading *reading_of(eddy_future *frame)
{
    return (struct reading *)(void *)frame;
}

static eddy_result poll_read(eddy_future *frame, eddy_task *task)
{
    struct reading *self = reading_of(frame);

    return eddy_io_poll_read(self->io, task, self->memory.data, self->memory.len);
}

static eddy_result poll_exact(eddy_future *frame, eddy_task *task)
{
    struct reading *self = reading_of(frame);

    return eddy_io_poll_read_exact(self->io, task, self->rest);
}

static eddy_result poll_to_end(eddy_future *frame, eddy_task *task)
{
    struct reading *self = reading_of(frame);

    return eddy_io_poll_read_to_end(self->io, task, self->limit, self->into);
}

static eddy_result poll_until(eddy_future *frame, eddy_task *task)
{
    struct reading *self = reading_of(frame);

    return eddy_io_poll_read_until(self->io, task, self->delimiter, self->limit, self->into);
}

#define READING_TYPE(poll, name)                                                                   \
    {                                                                                              \
        poll, eddy__done_nothing, sizeof(struct reading), name, NULL                               \
    }
static const eddy_type read_type = READING_TYPE(poll_read, "io_read");
static const eddy_type exact_type = READING_TYPE(poll_exact, "io_read_exact");
static const eddy_type to_end_type = READING_TYPE(poll_to_end, "io_read_to_end");
static const eddy_type until_type = READING_TYPE(poll_until, "io_read_until");

/* The future with these arguments, of which the frame is empty. */
static eddy_future *reading_new(eddy_handle *handle, const eddy_type *type, struct reading reading)
{
    eddy__core_check(handle->core, type->name);
    reading.frame.type = type;
    return eddy_box(handle, &reading.frame);
}

eddy_future *eddy_io_read(eddy_handle *handle, eddy_io *io, void *memory, size_t len)
{
    return reading_new(handle, &read_type, (struct reading){.io = io, .memory = {memory, len}});
}

eddy_future *eddy_io_read_exact(eddy_handle *handle, eddy_io *io, eddy_room *rest)
{
    return reading_new(handle, &exact_type, (struct reading){.io = io, .rest = rest});
}

eddy_future *eddy_io_read_to_end(eddy_handle *handle, eddy_io *io, size_t limit,
                                 eddy_gathered *into)
{
    return reading_new(handle, &to_end_type,
                       (struct reading){.io = io, .limit = limit, .into = into});
}

eddy_future *eddy_io_read_until(eddy_handle *handle, eddy_io *io, unsigned char delimiter,
                                size_t limit, eddy_gathered *into)
{
    return reading_new(
        handle, &until_type,
        (struct reading){.io = io, .delimiter = delimiter, .limit = limit, .into = into});
}
