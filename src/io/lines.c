/* SPDX-License-Identifier: MIT */
/*
 * lines.c - delimiters and lines, shown where they were received.
 *
 * What was searched stays in the byte stream, contiguous, and only how far the search has come is
 * remembered: who loses that searches again.
 */
#include <errno.h>
#include <string.h>

#include "eddy/io_read.h"
#include "stream/stream.h"

/* ---- searching ---- */

/* Look at the bytes in view that were not looked at yet. > 0: so many as far as the delimiter; 0: more
 * are needed. */
static eddy_result look(eddy_search *self, eddy_bytes view, unsigned char delimiter)
{
    size_t len = view.len < self->limit ? view.len : self->limit;
    const unsigned char *found =
        memchr(view.data + self->searched, delimiter, len - self->searched);

    if (found != NULL) {
        self->searched = 0;
        return (eddy_result)(found - view.data) + 1;
    }
    if (len == self->limit)
        return -EMSGSIZE;
    self->searched = len;
    return 0;
}

eddy_result eddy_io_poll_until(eddy_io *self, eddy_task *task, unsigned char delimiter,
                               eddy_search *search)
{
    eddy_result n;

    EDDY_ASSERT(search->limit > 0 && search->searched < search->limit,
                "eddy_io_poll_until: %zu bytes were searched, the limit is %zu", search->searched,
                search->limit);
    do {
        n = eddy_io_poll_fill(self, task, search->searched + 1);
        if (n < 0)
            return n;
        if (n == 0) {
            search->searched = 0;
            return (eddy_result)eddy_io_view(self).len;
        }
        n = look(search, eddy_io_view(self), delimiter);
    } while (n == 0);
    return n;
}

/* The text of a line of so many bytes. */
static eddy_bytes text_of(eddy_bytes view, size_t len)
{
    eddy_bytes text = {view.data, len};

    if (text.data[text.len - 1] != '\n')
        return text;
    text.len--;
    if (text.len > 0 && text.data[text.len - 1] == '\r')
        text.len--;
    return text;
}

eddy_result eddy_io_poll_line(eddy_io *self, eddy_task *task, eddy_search *search, eddy_bytes *line)
{
    eddy_result n = eddy_io_poll_until(self, task, '\n', search);

    if (n > 0)
        *line = text_of(eddy_io_view(self), (size_t)n);
    return n;
}

/* ---- the stream ---- */

struct lines {
    eddy_stream stream;
    eddy_io *io;
    eddy_search search;
    size_t told; /* bytes of the line that was told last; consumed when the next is asked for */
};

static void release_told(struct lines *self)
{
    size_t told = self->told;

    self->told = 0;
    eddy_io_consume(self->io, told);
}

static eddy_result lines_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct lines *self = (struct lines *)(void *)stream;
    eddy_bytes line;
    eddy_result n;

    release_told(self);
    if (!eddy__task_spend(task)) /* the byte stream may be of a type that knows of no budget */
        return eddy__task_yield(task);
    n = eddy_io_poll_line(self->io, task, &self->search, &line);
    if (n <= 0)
        return n;
    self->told = (size_t)n;
    memcpy(item, &line, sizeof line);
    return 1;
}

static void lines_done(eddy_future *frame)
{
    release_told((struct lines *)(void *)frame);
}

static const eddy_stream_type lines_type = {
    .base = {eddy_stream_no_future, lines_done, sizeof(struct lines), "io_lines", NULL},
    .poll_next = lines_next,
};

eddy_stream *eddy_io_lines(eddy_handle *handle, eddy_io *io, size_t limit)
{
    struct lines *self = eddy__stream_new_source(handle, &lines_type, sizeof(eddy_bytes));

    EDDY_ASSERT(limit > 0, "eddy_io_lines: lines of at most 0 bytes");
    if (self == NULL)
        return eddy__stream_failed(handle->core);
    self->io = io;
    self->search.limit = limit;
    return &self->stream;
}
