/* SPDX-License-Identifier: MIT */
/*
 * tcp_write.c - the unsent bytes of a stream: queueing them, within the limit. (tcp_send.c sends
 * them.) Small writes are copied (tcp_cork.c), large memory (an eddy_buf, received bytes) is
 * referenced.
 */
#include <errno.h>
#include <string.h>

#include "net/tcp.h"

static const eddy_wait_type write_wait = {.why = "tcp: write", .external = true};

/* ---- queueing ---- */

/* Something was appended to tx. */
static inline void queued(eddy_tcp *self)
{
    self->source.flags |= EDDY__TCP_WROTE;
    eddy__source_attend(&self->source);
    if (self->tx.bytes >= EDDY__TCP_FLUSH_BYTES && self->flying == 0)
        eddy__tcp_try_flush(self);
}

/* ---- writing ---- */

eddy_result eddy__tcp_write_refusal(eddy_tcp *self)
{
    eddy_result error = self->write_error != 0 ? self->write_error : -EPIPE;

    if (self->write_error != 0)
        self->write_error = -EPIPE;
    return error;
}

/* What a write is told that cannot be made now. */
static EDDY__COLD eddy_result write_later(eddy_tcp *self, eddy_task *task)
{
    if ((self->source.flags & EDDY__TCP_WRITE_SHUT) != 0) {
        if (self->extra != NULL)
            eddy__tcp_unpark(&self->extra->writer, task);
        return eddy__tcp_told(self, task, write_wait.why, eddy__tcp_write_refusal(self));
    }
    self->source.core->stats.limit_send_queue++;
    return eddy__tcp_park_writer(self, task, &write_wait, eddy__tcp_send_queue(self) / 2);
}

/* May a write be made now? */
static inline bool writable(const eddy_tcp *self)
{
    return (self->source.flags & EDDY__TCP_WRITE_SHUT) == 0 &&
           self->tx.bytes < eddy__tcp_send_queue(self);
}

/* The writer goes on. */
static inline void written(eddy_tcp *self, const eddy_task *task)
{
    if (self->extra != NULL)
        eddy__tcp_unpark(&self->extra->writer, task);
    queued(self);
}

/* The stream was the last to write into the cork, where there is room for more, and nothing stands
 * in the way: the common case of many small answers in a row. */
static inline bool goes_behind(const eddy_tcp *self, const eddy_task *task, size_t len)
{
    const eddy__piece *last = self->tx.last;
    const eddy_core *core = self->source.core;

    /* Bytes that end where the cork's room begins are the cork's: blocks have a header. */
    return last != NULL && last->at + last->len == core->cork_at &&
           len <= (size_t)(core->cork_end - core->cork_at) && task->core == core &&
           task->budget > 0 && self->extra == NULL &&
           (self->source.flags & EDDY__TCP_WRITE_SHUT) == 0 &&
           self->tx.bytes + len < EDDY__TCP_FLUSH_BYTES;
}

static inline eddy_result put_behind(eddy_tcp *self, eddy_task *task, const void *data, size_t len)
{
    eddy_core *core = self->source.core;

    task->budget--;
    memcpy(core->cork_at, data, len);
    core->cork_at += len;
    self->tx.last->len += (uint32_t)len;
    self->tx.bytes += len;
    eddy__source_attend(&self->source);
    return (eddy_result)len;
}

static EDDY__NOINLINE eddy_result write_one(eddy_tcp *self, eddy_task *task, const void *data,
                                            size_t len)
{
    eddy_bytes part = {data, len};

    return eddy_tcp_poll_writev(self, task, &part, 1);
}

eddy_result eddy_tcp_poll_write(eddy_tcp *self, eddy_task *task, const void *data, size_t len)
{
    EDDY_ASSERT(len > 0, "eddy_tcp_poll_write is given 0 bytes");
    if (goes_behind(self, task, len))
        return put_behind(self, task, data, len);
    return write_one(self, task, data, len);
}

eddy_result eddy_tcp_poll_write_all(eddy_tcp *self, eddy_task *task, eddy_bytes *rest)
{
    while (rest->len > 0) {
        eddy_result accepted = eddy_tcp_poll_write(self, task, rest->data, rest->len);

        if (accepted < 0)
            return accepted;
        rest->data += accepted;
        rest->len -= (size_t)accepted;
    }
    return 0;
}

/* Their sum, or of the first of them more than is accepted whole. */
static inline size_t sum_of(const eddy_bytes *parts, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count && total <= EDDY_TCP_WRITE_WHOLE; i++)
        total += parts[i].len;
    return total;
}

eddy_result eddy_tcp_poll_writev(eddy_tcp *self, eddy_task *task, const eddy_bytes *parts,
                                 size_t count)
{
    size_t total, accepted;

    if (!eddy__tcp_enter(self, task))
        return EDDY_LOOP_GONE;
    if (!writable(self))
        return write_later(self, task);
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    total = sum_of(parts, count);
    if (total == 0)
        return 0;
    if (total <= EDDY_TCP_WRITE_WHOLE && eddy__tcp_takes_cork(self))
        accepted = eddy__tcp_copy_small(self, parts, count, total) ? total : 0;
    else
        accepted = eddy__tcp_copy_parts(self, parts, count, total);
    if (accepted == 0)
        return -ENOMEM;
    written(self, task);
    return (eddy_result)accepted;
}

eddy_result eddy_tcp_poll_write_buf(eddy_tcp *self, eddy_task *task, eddy_buf *buf, size_t from,
                                    size_t len)
{
    if (!eddy__tcp_enter(self, task))
        return EDDY_LOOP_GONE;
    EDDY_ASSERT(len > 0 && len <= buf->size_bytes && from <= buf->size_bytes - len,
                "bytes %zu to %zu of a buffer of %u are written", from, from + len,
                buf->size_bytes);
    if (!writable(self))
        return write_later(self, task);
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    if (!eddy__tcp_append(self, buf, buf->data + from, len))
        return -ENOMEM;
    written(self, task);
    return (eddy_result)len;
}

/* All or nothing: what is not small gets a block of its own. */
static bool copy_in_one(eddy_tcp *self, const void *data, size_t len)
{
    return len <= EDDY_TCP_WRITE_WHOLE ? eddy__tcp_copy_in(self, data, len) == len
                                       : eddy__tcp_copy_to_block(self, data, len, len);
}

eddy_result eddy_tcp_try_write(eddy_tcp *self, const void *data, size_t len)
{
    size_t limit;

    if (!eddy__tcp_check(self, "eddy_tcp_try_write"))
        return EDDY_LOOP_GONE;
    EDDY_ASSERT(len > 0, "eddy_tcp_try_write is given 0 bytes");
    if ((self->source.flags & EDDY__TCP_WRITE_SHUT) != 0)
        return eddy__tcp_write_refusal(self);
    limit = eddy__tcp_send_queue(self);
    if (self->tx.bytes >= limit || len > limit - self->tx.bytes) {
        self->source.core->stats.limit_send_queue++;
        return -EAGAIN;
    }
    if (!copy_in_one(self, data, len))
        return -ENOMEM;
    queued(self);
    return (eddy_result)len;
}

/* ---- forwarding ---- */

/* A tiny piece behind others, or any piece while receive blocks are scarce, is copied: a reader
 * that is slow must not pin blocks of 64 KiB by it. */
static bool is_better_copied(const eddy_tcp *to, const eddy__piece *piece)
{
    return (piece->len < EDDY__TCP_COPY_BELOW && to->tx.first != NULL) ||
           eddy__tcp_pool_is_tight(&to->source.core->pool);
}

/* The common case: one piece, nothing before it. */
static inline bool is_single(const eddy_tcp *from, const eddy_tcp *to)
{
    return from->rx.first == from->rx.last && to->tx.first == NULL &&
           !eddy__tcp_pool_is_tight(&to->source.core->pool);
}

/* Move the first piece. Without memory for a copy the piece itself goes. */
static void move_piece(eddy_tcp *from, eddy_tcp *to)
{
    eddy__pool *pool = &to->source.core->pool;
    eddy__piece *piece = eddy__pieces_shift(&from->rx);

    if (is_better_copied(to, piece)) {
        size_t copied = eddy__tcp_copy_in(to, piece->at, piece->len);

        piece->at += copied;
        piece->len -= (uint32_t)copied;
        if (piece->len == 0) {
            eddy__piece_free(pool, piece);
            return;
        }
    }
    eddy__pieces_append(&to->tx, piece);
}

static EDDY__NOINLINE void move_pieces(eddy_tcp *from, eddy_tcp *to)
{
    size_t limit = eddy__tcp_send_queue(to);

    do {
        move_piece(from, to);
    } while (from->rx.first != NULL && to->tx.bytes < limit);
}

static EDDY__NOINLINE eddy_result forward_slowly(eddy_tcp *from, eddy_tcp *to, eddy_task *task)
{
    size_t before = from->rx.bytes;

    if (!eddy__tcp_enter(from, task) || !eddy__tcp_enter(to, task))
        return EDDY_LOOP_GONE;
    if (before == 0)
        return 0;
    if (!writable(to))
        return write_later(to, task);
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    if (is_single(from, to)) {
        to->tx = from->rx;
        from->rx = (eddy__pieces){NULL, NULL, 0};
    } else {
        move_pieces(from, to);
    }
    before -= from->rx.bytes;
    eddy__tcp_give_credit(from, before);
    written(to, task);
    return (eddy_result)before;
}

/* The common case, in which nothing has to be asked: one piece came in this turn, nothing is queued
 * before it, the end of the turn will send it. */
static inline bool goes_straight(const eddy_tcp *from, const eddy_tcp *to, const eddy_task *task)
{
    const uint32_t flags = EDDY__SOURCE_TENDED | EDDY__TCP_WRITE_SHUT;

    return task->core == from->source.core && task->core == to->source.core &&
           from->rx.first != NULL && is_single(from, to) && to->extra == NULL &&
           (to->source.flags & flags) == EDDY__SOURCE_TENDED && task->budget > 0 &&
           from->source.slot.credit > 0 && from->rx.bytes < EDDY__TCP_FLUSH_BYTES;
}

eddy_result eddy_tcp_poll_forward(eddy_tcp *from, eddy_tcp *to, eddy_task *task)
{
    if (!goes_straight(from, to, task))
        return forward_slowly(from, to, task);
    task->budget--;
    to->tx = from->rx;
    to->source.flags |= EDDY__TCP_WROTE;
    from->rx = (eddy__pieces){NULL, NULL, 0};
    from->source.slot.credit += (int32_t)to->tx.bytes;
    return (eddy_result)to->tx.bytes;
}
