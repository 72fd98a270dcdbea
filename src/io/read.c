/* SPDX-License-Identifier: MIT */
/*
 * read.c - so many bytes, all bytes, and all as far as a delimiter, read into the caller's memory.
 *
 * A byte is consumed when it is where it belongs, never before: so there is no progress here that a
 * drop could lose.
 */
#include <errno.h>
#include <string.h>

#include "eddy/io_read.h"
#include "reactor/core.h"

enum { FIRST_BYTES = 512 }; /* of memory that grows */

/* ---- so many bytes ---- */

eddy_result eddy_io_poll_read_exact(eddy_io *self, eddy_task *task, eddy_room *rest)
{
    while (rest->len > 0) {
        eddy_result n = eddy_io_poll_read(self, task, rest->data, rest->len);

        if (n == 0)
            return EDDY_UNEXPECTED_END;
        if (n < 0)
            return n;
        rest->data += n;
        rest->len -= (size_t)n;
    }
    return 0;
}

/* ---- memory that grows ---- */

static size_t room_of(const eddy_gathered *self)
{
    return self->buf != NULL ? eddy_buf_len(self->buf) : 0;
}

/* Twice as much as there was, but no more than can be used. */
static size_t next_room(const eddy_gathered *self, size_t need, size_t limit)
{
    size_t room = room_of(self) < FIRST_BYTES / 2 ? FIRST_BYTES : 2 * room_of(self);

    if (room > limit)
        room = limit;
    return room < need ? need : room;
}

/* Room for `more` bytes behind those that are there. False: no memory, nothing has changed. */
static bool grow(eddy_gathered *self, size_t more, size_t limit, const eddy_task *task)
{
    size_t need = self->len + more;
    eddy_buf *buf;

    if (need <= room_of(self))
        return true;
    buf = eddy_buf_new(&task->core->memory.inner, next_room(self, need, limit));
    if (buf == NULL)
        return false;
    if (self->len > 0)
        memcpy(eddy_buf_data(buf), eddy_buf_data(self->buf), self->len);
    eddy_buf_release(self->buf);
    self->buf = buf;
    return true;
}

/* ---- gathering ---- */

static void check_gathered(const eddy_gathered *self, size_t limit, const char *verb)
{
    EDDY_ASSERT(limit <= INT32_MAX, "%s: a limit of %zu bytes, at most 2^31 - 1 are possible", verb,
                limit);
    EDDY_ASSERT(self->len <= room_of(self), "%s: %zu bytes are said to be in a buffer of %zu", verb,
                self->len, room_of(self));
}

/* Wait for bytes, and for something that may be done with them. > 0: so many in view may be taken;
 * 0: the end. */
static eddy_result wait_for_some(eddy_io *io, eddy_task *task, size_t limit,
                                 const eddy_gathered *into)
{
    eddy_result n = eddy_io_poll_fill(io, task, 1);
    size_t len;

    if (n <= 0)
        return n;
    if (into->len >= limit)
        return -EMSGSIZE;
    len = eddy_io_view(io).len;
    return (eddy_result)(len < limit - into->len ? len : limit - into->len);
}

/* Take `len` bytes out of the view. 0 or -ENOMEM. */
static eddy_result take(eddy_io *io, size_t len, size_t limit, const eddy_task *task,
                        eddy_gathered *into)
{
    if (!grow(into, len, limit, task))
        return -ENOMEM;
    memcpy(eddy_buf_data(into->buf) + into->len, eddy_io_view(io).data, len);
    into->len += len;
    eddy_io_consume(io, len);
    return 0;
}

eddy_result eddy_io_poll_read_to_end(eddy_io *self, eddy_task *task, size_t limit,
                                     eddy_gathered *into)
{
    eddy_result n;

    check_gathered(into, limit, "eddy_io_poll_read_to_end");
    do {
        n = wait_for_some(self, task, limit, into);
        if (n == 0)
            return (eddy_result)into->len;
        if (n > 0)
            n = take(self, (size_t)n, limit, task, into);
        if (n == 0 && !eddy__task_spend(task)) /* it may be of a type that knows of no budget */
            return eddy__task_yield(task);
    } while (n == 0);
    return n;
}

/* One look. 1: it is not there yet; 0: it was read, or the end was reached; an error. */
static eddy_result take_until(eddy_io *io, eddy_task *task, unsigned char delimiter, size_t limit,
                              eddy_gathered *into)
{
    eddy_result n = wait_for_some(io, task, limit, into);
    const unsigned char *at, *found;
    size_t len;

    if (n <= 0)
        return n;
    at = eddy_io_view(io).data;
    found = memchr(at, delimiter, (size_t)n);
    len = found != NULL ? (size_t)(found - at) + 1 : (size_t)n;
    n = take(io, len, limit, task, into);
    return n < 0 ? n : found == NULL;
}

eddy_result eddy_io_poll_read_until(eddy_io *self, eddy_task *task, unsigned char delimiter,
                                    size_t limit, eddy_gathered *into)
{
    eddy_result n;

    check_gathered(into, limit, "eddy_io_poll_read_until");
    do {
        n = take_until(self, task, delimiter, limit, into);
    } while (n > 0);
    return n < 0 ? n : (eddy_result)into->len;
}
