/* SPDX-License-Identifier: MIT */
/*
 * pipe_write.c - writing to a pipe: at once as far as there is room, waiting for the rest; and its end.
 */
#include <errno.h>
#include <string.h>

#include "net/pipe.h"

static const eddy_wait_type write_wait = {.why = "pipe: write", .external = true};
static const eddy_wait_type flush_wait = {.why = "pipe: flush", .external = true};
static const eddy_wait_type shutdown_wait = {.why = "pipe: shutdown", .external = true};

/* ---- writing ---- */

int64_t eddy__pipe_io_write(eddy_pipe *self, const eddy_bytes *parts, size_t count)
{
    const eddy__source *source = &self->ready.source;
    bool is_socket = (source->flags & EDDY__PIPE_IS_SOCKET) != 0;
    int64_t n = self->pooled != NULL ? eddy__pooled_write(self->pooled, parts, count)
                                     : eddy__pipe_write(source->slot.fd, is_socket, parts, count);

    if (n == -EBUSY) {
        self->ready.source.flags |= EDDY__PIPE_RETRY;
        eddy__source_attend_later(&self->ready.source);
        n = -EAGAIN;
    }
    if (n == -EAGAIN)
        eddy__ready_clear(&self->ready, EDDY__IS_WRITABLE);
    if (n > 0)
        eddy__pipe_core(self)->stats.bytes_sent += (uint64_t)n;
    return n;
}

static eddy_result refusal(eddy_pipe *self, eddy_task *task, const eddy_wait_type *type)
{
    eddy_result error = self->write_error != 0 ? self->write_error : -EPIPE;

    eddy__pipe_unpark(self, EDDY__SIDE_WRITE, task);
    if (self->write_error != 0)
        self->write_error = -EPIPE;
    return eddy__pipe_told(task, type, error);
}

/* Wait until nothing is queued and there may be room: > 0. */
static eddy_result wait_for_room(eddy_pipe *self, eddy_task *task)
{
    eddy_result result;

    do {
        eddy__pipe_flush(self);
        if (self->write_error != 0 || (self->ready.source.flags & EDDY__PIPE_SHUT) != 0)
            return refusal(self, task, &write_wait);
        result =
            eddy__ready_poll(&self->ready, task, EDDY__SIDE_WRITE, EDDY__IS_WRITABLE, &write_wait);
    } while (result > 0 && self->tx.bytes > 0);
    return result;
}

/* Queue a copy. False: no memory. */
static bool keep_rest(eddy_pipe *self, const unsigned char *data, size_t len)
{
    eddy__pool *pool = &eddy__pipe_core(self)->pool;
    eddy__block *block = eddy__pool_heap_block(pool, (uint32_t)len);
    eddy__piece *piece;

    if (block == NULL)
        return false;
    piece = eddy__piece_new(pool, block, block->data, (uint32_t)len);
    if (piece == NULL) {
        eddy__block_release(block);
        return false;
    }
    memcpy(block->data, data, len);
    eddy__pieces_append(&self->tx, piece);
    return true;
}

/* As much as there is room for: > 0; -EAGAIN. What is small is in one part, and goes whole. */
static int64_t write_now(eddy_pipe *self, const eddy_bytes *parts, size_t count)
{
    int64_t n = eddy__pipe_io_write(self, parts, count);

    if (n <= 0 || count != 1 || parts->len > EDDY_IO_WRITE_WHOLE || (size_t)n == parts->len)
        return n;
    /* A pipe takes that at once, a terminal or a socket may not. Without memory it is torn. */
    return keep_rest(self, parts->data + n, parts->len - (size_t)n) ? (int64_t)parts->len : n;
}

static eddy_result write_parts(eddy_pipe *self, eddy_task *task, const eddy_bytes *parts,
                               size_t count)
{
    int64_t n;

    do {
        eddy_result room = wait_for_room(self, task);

        if (room < 0)
            return room;
        n = write_now(self, parts, count);
    } while (n == -EAGAIN);
    if (n == -ENOMEM)
        return eddy__pipe_told(task, &write_wait, -ENOMEM);
    if (n < 0) {
        eddy__pipe_write_fail(self, (int32_t)n);
        return refusal(self, task, &write_wait);
    }
    return n;
}

/* How many bytes, or more than what is small. */
static size_t total_of(const eddy_bytes *parts, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count && total <= EDDY_IO_WRITE_WHOLE; i++)
        total += parts[i].len;
    return total;
}

static eddy_result write_gathered(eddy_pipe *self, eddy_task *task, const eddy_bytes *parts,
                                  size_t count)
{
    unsigned char memory[EDDY_IO_WRITE_WHOLE];
    eddy_bytes all = {memory, 0};

    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0)
            memcpy(memory + all.len, parts[i].data, parts[i].len);
        all.len += parts[i].len;
    }
    return write_parts(self, task, &all, 1);
}

/* 0: it may be written to. */
static eddy_result may_write(const eddy_pipe *self, eddy_task *task, const eddy_wait_type *type)
{
    if (!eddy__pipe_enter(self, task))
        return EDDY_LOOP_GONE;
    if ((self->ready.source.flags & EDDY__PIPE_WRITES) == 0)
        return eddy__pipe_told(task, type, -EBADF);
    return 0;
}

eddy_result eddy__pipe_writev(eddy_io *io, eddy_task *task, const eddy_bytes *parts, size_t count)
{
    eddy_pipe *self = eddy__pipe_of(io);
    eddy_result result = may_write(self, task, &write_wait);
    size_t total = total_of(parts, count);

    if (result < 0)
        return result;
    if (total == 0)
        return eddy__task_spend(task) ? 0 : eddy__task_yield(task);
    if (count > 1 && total <= EDDY_IO_WRITE_WHOLE)
        return write_gathered(self, task, parts, count);
    return write_parts(self, task, parts, count);
}

/* It is queued, and leaves from there at once as far as there is room. */
eddy_result eddy__pipe_write_buf(eddy_io *io, eddy_task *task, eddy_buf *buf, size_t from,
                                 size_t len)
{
    eddy_pipe *self = eddy__pipe_of(io);
    eddy_result result = may_write(self, task, &write_wait);
    eddy__piece *piece;

    if (result == 0)
        result = wait_for_room(self, task);
    if (result < 0)
        return result;
    piece = eddy__piece_new(&eddy__pipe_core(self)->pool, buf, buf->data + from, (uint32_t)len);
    if (piece == NULL)
        return eddy__pipe_told(task, &write_wait, -ENOMEM);
    eddy__block_retain(buf);
    eddy__pieces_append(&self->tx, piece);
    eddy__pipe_flush(self);
    if (self->write_error != 0)
        return refusal(self, task, &write_wait);
    return (eddy_result)len;
}

/* ---- flushing, and the end ---- */

/* Wait until all that was accepted has left. 0, or as a write. */
static eddy_result drain(eddy_pipe *self, eddy_task *task, const eddy_wait_type *type)
{
    for (;;) {
        eddy_result result;

        eddy__pipe_flush(self);
        if (self->write_error != 0)
            return refusal(self, task, type);
        if (eddy__pipe_is_drained(self))
            return 0;
        if (self->pooled != NULL) /* a job is under way: its end sets it again */
            eddy__ready_clear(&self->ready, EDDY__IS_WRITABLE);
        result = eddy__ready_poll(&self->ready, task, EDDY__SIDE_WRITE, EDDY__IS_WRITABLE, type);
        if (result < 0)
            return result;
    }
}

eddy_result eddy__pipe_poll_flush(eddy_io *io, eddy_task *task)
{
    eddy_pipe *self = eddy__pipe_of(io);
    eddy_result result = may_write(self, task, &flush_wait);

    if (result == 0)
        result = drain(self, task, &flush_wait);
    if (result < 0)
        return result;
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    eddy__pipe_unpark(self, EDDY__SIDE_WRITE, task);
    return 0;
}

eddy_result eddy__pipe_poll_shutdown(eddy_io *io, eddy_task *task)
{
    eddy_pipe *self = eddy__pipe_of(io);
    eddy_result result = may_write(self, task, &shutdown_wait);

    if (result < 0)
        return result;
    self->ready.source.flags |= EDDY__PIPE_SHUT | EDDY__PIPE_FIN_WANTED;
    result = drain(self, task, &shutdown_wait);
    if (result < 0)
        return result;
    eddy__pipe_try_fin(self);
    if (self->write_error != 0)
        return refusal(self, task, &shutdown_wait);
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    eddy__pipe_unpark(self, EDDY__SIDE_WRITE, task);
    return 0;
}
