/* SPDX-License-Identifier: MIT */
/*
 * pipe_read.c - the unread bytes of a pipe: read when they are asked for, shown, released.
 */
#include <errno.h>
#include <string.h>

#include "net/pipe.h"

static const eddy_wait_type read_wait = {.why = "pipe: read", .external = true};

/* ---- unread bytes ---- */

void eddy__pipe_drop_unread(eddy_pipe *self)
{
    if (self->in != NULL)
        eddy__block_release(self->in);
    self->in = NULL;
    self->at = NULL;
    self->len = 0;
}

static size_t room_behind(const eddy_pipe *self)
{
    return (size_t)(self->in->data + self->in->size_bytes - (self->at + self->len));
}

/* A block with room for `min` bytes in all, and what is unread at its beginning. False: no memory. */
static bool find_room(eddy_pipe *self, size_t min)
{
    eddy__pool *pool = &eddy__pipe_core(self)->pool;
    eddy__block *block = NULL;

    if (self->in != NULL && self->len + room_behind(self) >= min && room_behind(self) > 0)
        return true;
    if (min <= pool->block_bytes)
        block = eddy__pool_take(pool);
    if (block == NULL)
        block = eddy__pool_heap_block(
            pool, (uint32_t)(min > EDDY__PIPE_READ_BYTES ? min : EDDY__PIPE_READ_BYTES));
    if (block == NULL)
        return false;
    if (self->in != NULL) {
        memcpy(block->data, self->at, self->len);
        eddy__block_release(self->in);
    }
    self->in = block;
    self->at = block->data;
    return true;
}

static int64_t read_bytes(const eddy_pipe *self, void *memory, size_t len)
{
    const eddy__source *source = &self->ready.source;
    int64_t n;

    if (self->pooled != NULL)
        return eddy__pooled_read(self->pooled, memory, len);
    n = eddy__pipe_read(source->slot.fd, (source->flags & EDDY__PIPE_IS_SOCKET) != 0, memory, len);
    if (n == 0 && (source->flags & EDDY__PIPE_IS_FIFO) != 0 &&
        !eddy__fifo_has_ended(source->slot.fd))
        return -EAGAIN; /* its first writer is still to come */
    return n;
}

/* No bytes now. 0, or -ENOMEM when it is not the pipe that has failed. */
static int read_nothing(eddy_pipe *self, int64_t result)
{
    if (self->len == 0)
        eddy__pipe_drop_unread(self);
    if (result == -ENOMEM)
        return -ENOMEM;
    if (result == -EBUSY) {
        self->ready.source.flags |= EDDY__PIPE_RETRY;
        eddy__source_attend_later(&self->ready.source);
        result = -EAGAIN;
    }
    if (result == -EAGAIN)
        eddy__ready_clear(&self->ready, EDDY__IS_READABLE);
    else if (result == 0)
        self->ready.source.flags |= EDDY__PIPE_END;
    else
        self->read_error = (int32_t)result;
    return 0;
}

static int read_more(eddy_pipe *self, size_t min)
{
    int64_t n;

    if (!find_room(self, min))
        return -ENOMEM;
    n = read_bytes(self, self->at + self->len, room_behind(self));
    if (n <= 0)
        return read_nothing(self, n);
    self->len += (uint32_t)n;
    eddy__pipe_core(self)->stats.bytes_received += (uint64_t)n;
    eddy__source_attend(&self->ready.source);
    return 0;
}

/* ---- reading ---- */

/* Nothing more comes: what the reader is told. */
static eddy_result tell_end(eddy_pipe *self, eddy_task *task)
{
    eddy__pipe_unpark(self, EDDY__SIDE_READ, task);
    return eddy__pipe_told(task, &read_wait, self->read_error);
}

eddy_result eddy__pipe_fill(eddy_io *io, eddy_task *task, size_t min)
{
    eddy_pipe *self = eddy__pipe_of(io);

    if (!eddy__pipe_enter(self, task))
        return EDDY_LOOP_GONE;
    EDDY_ASSERT(min > 0, "a pipe is asked for 0 bytes: ask for at least 1");
    if ((self->ready.source.flags & EDDY__PIPE_READS) == 0)
        return eddy__pipe_told(task, &read_wait, -EBADF);
    if (min > EDDY__PIPE_WINDOW)
        return -EMSGSIZE;
    if (self->len >= min) {
        if (!eddy__task_spend(task))
            return eddy__task_yield(task);
        eddy__pipe_unpark(self, EDDY__SIDE_READ, task);
        return self->len;
    }
    while (self->len < min) {
        eddy_result result;
        int error;

        if (self->read_error != 0 || (self->ready.source.flags & EDDY__PIPE_END) != 0)
            return tell_end(self, task);
        result =
            eddy__ready_poll(&self->ready, task, EDDY__SIDE_READ, EDDY__IS_READABLE, &read_wait);
        if (result < 0)
            return result;
        error = read_more(self, min);
        if (error != 0)
            return eddy__pipe_told(task, &read_wait, error);
    }
    return self->len;
}

eddy_bytes eddy__pipe_view(const eddy_io *io)
{
    const eddy_pipe *self = EDDY__CONTAINER(io, const eddy_pipe, io);

    return (eddy_bytes){self->at, self->len};
}

void eddy__pipe_consume(eddy_io *io, size_t len)
{
    eddy_pipe *self = eddy__pipe_of(io);

    if (eddy__pipe_core(self)->gone)
        return;
    EDDY_ASSERT(len <= self->len, "%zu bytes are consumed of the %zu that are in view", len,
                (size_t)self->len);
    self->at += len;
    self->len -= (uint32_t)len;
    if (self->len == 0)
        eddy__pipe_drop_unread(self);
}
