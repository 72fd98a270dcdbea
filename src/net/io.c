/* SPDX-License-Identifier: MIT */
/*
 * io.c - the verbs of the trait eddy_io: each goes to the stream's own table, but for those that are
 * made of others, and the two halves, which are the same for every stream.
 */
#include "eddy/io.h"

#include <string.h>

#include "base/assert.h"

/* ---- reading ---- */

eddy_result eddy_io_poll_fill(eddy_io *self, eddy_task *task, size_t min)
{
    return self->type->fill(self, task, min);
}

eddy_bytes eddy_io_view(const eddy_io *self)
{
    return self->type->view(self);
}

void eddy_io_consume(eddy_io *self, size_t len)
{
    self->type->consume(self, len);
}

eddy_result eddy_io_poll_peek(eddy_io *self, eddy_task *task, void *memory, size_t len)
{
    eddy_result result;
    eddy_bytes view;

    EDDY_ASSERT(len > 0, "a %s stream is read into 0 bytes of memory", self->type->name);
    result = self->type->fill(self, task, 1);
    if (result <= 0)
        return result;
    view = self->type->view(self);
    if (len > view.len)
        len = view.len;
    memcpy(memory, view.data, len);
    return (eddy_result)len;
}

eddy_result eddy_io_poll_read(eddy_io *self, eddy_task *task, void *memory, size_t len)
{
    eddy_result copied = eddy_io_poll_peek(self, task, memory, len);

    if (copied > 0)
        self->type->consume(self, (size_t)copied);
    return copied;
}

/* ---- writing ---- */

eddy_result eddy_io_poll_write(eddy_io *self, eddy_task *task, const void *data, size_t len)
{
    eddy_bytes part = {data, len};

    EDDY_ASSERT(len > 0, "0 bytes are written to a %s stream", self->type->name);
    return self->type->writev(self, task, &part, 1);
}

eddy_result eddy_io_poll_write_all(eddy_io *self, eddy_task *task, eddy_bytes *rest)
{
    while (rest->len > 0) {
        eddy_result written = self->type->writev(self, task, rest, 1);

        if (written < 0)
            return written;
        EDDY_ASSERT(written > 0, "a %s stream has accepted 0 bytes of some", self->type->name);
        rest->data += written;
        rest->len -= (size_t)written;
    }
    return 0;
}

eddy_result eddy_io_poll_writev(eddy_io *self, eddy_task *task, const eddy_bytes *parts,
                                size_t count)
{
    return self->type->writev(self, task, parts, count);
}

eddy_result eddy_io_poll_write_buf(eddy_io *self, eddy_task *task, eddy_buf *buf, size_t from,
                                   size_t len)
{
    EDDY_ASSERT(len > 0 && from <= eddy_buf_len(buf) && len <= eddy_buf_len(buf) - from,
                "%zu bytes from byte %zu on are written of a buffer of %zu", len, from,
                eddy_buf_len(buf));
    return self->type->write_buf(self, task, buf, from, len);
}

eddy_result eddy_io_poll_forward(eddy_io *from, eddy_io *to, eddy_task *task)
{
    eddy_bytes view;
    eddy_result moved;

    if (from->type->forward != NULL && from->type == to->type)
        return from->type->forward(from, to, task);
    view = from->type->view(from);
    if (view.len == 0)
        return 0;
    moved = to->type->writev(to, task, &view, 1);
    if (moved > 0)
        from->type->consume(from, (size_t)moved);
    return moved;
}

eddy_result eddy_io_poll_flush(eddy_io *self, eddy_task *task)
{
    return self->type->flush(self, task);
}

eddy_result eddy_io_poll_shutdown(eddy_io *self, eddy_task *task)
{
    return self->type->shutdown(self, task);
}

/* ---- ending ---- */

static void check_whole(const eddy_io *self, const char *verb)
{
    EDDY_ASSERT(self->halves == 0, "%s: the stream was split, its halves own it: free those", verb);
}

void eddy_io_free(eddy_io *self)
{
    if (self == NULL)
        return;
    check_whole(self, "eddy_io_free");
    self->type->free(self);
}

void eddy_io_abort(eddy_io *self)
{
    if (self == NULL)
        return;
    check_whole(self, "eddy_io_abort");
    self->type->abort(self);
}

/* ---- halves ---- */

enum { READER = 1 << 0, WRITER = 1 << 1 };

/* The stream that fails because there was no memory for another: all users' and threads', so that
 * nothing is written to it. */
static bool is_static(const eddy_io *self)
{
    return self->reserved != 0;
}

void eddy_io_split(eddy_io *self, eddy_io_reader *reader, eddy_io_writer *writer)
{
    check_whole(self, "eddy_io_split");
    if (!is_static(self))
        self->halves = READER | WRITER;
    reader->io = self;
    writer->io = self;
}

eddy_io *eddy_io_reunite(eddy_io_reader *reader, eddy_io_writer *writer)
{
    eddy_io *self = reader->io;

    EDDY_ASSERT(self != NULL && self == writer->io,
                "eddy_io_reunite: these are not the two halves of one stream");
    if (!is_static(self))
        self->halves = 0;
    reader->io = NULL;
    writer->io = NULL;
    return self;
}

/* Take `half` from its owner. True: it was the last, and the stream is gone. */
static bool half_ends(eddy_io *self, uint32_t half, const char *verb)
{
    if (is_static(self))
        return true;
    EDDY_ASSERT((self->halves & half) != 0, "%s: this half was freed before", verb);
    self->halves &= ~half;
    if (self->halves != 0)
        return false;
    self->type->free(self);
    return true;
}

void eddy_io_reader_free(eddy_io_reader *self)
{
    eddy_io *io = self->io;

    self->io = NULL;
    if (io != NULL && !half_ends(io, READER, "eddy_io_reader_free"))
        io->type->stop_reading(io);
}

void eddy_io_writer_free(eddy_io_writer *self)
{
    eddy_io *io = self->io;

    self->io = NULL;
    if (io != NULL && !half_ends(io, WRITER, "eddy_io_writer_free"))
        io->type->stop_writing(io);
}
