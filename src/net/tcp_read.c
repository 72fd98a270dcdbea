/* SPDX-License-Identifier: MIT */
/*
 * tcp_read.c - the unread bytes of a stream: waiting for them, showing them, releasing them, and
 * putting away what a turn leaves over.
 *
 * They lie where the driver received them, as pieces of its blocks, and are copied only when more
 * contiguous bytes are asked for than a piece has, or when they would pin a block for a while.
 * Credit + unread bytes = window, always, from the first read on.
 */
#include <errno.h>
#include <string.h>

#include "eddy/explore.h"
#include "net/tcp.h"

static const eddy_wait_type read_wait = {.why = "tcp: read", .external = true};
static const eddy_wait_type gone_wait = {.why = "tcp: gone", .external = true};

/* ---- credit ---- */

void eddy__tcp_subscribe(eddy_tcp *self)
{
    eddy_core *core = self->source.core;
    eddy__slot *slot = &self->source.slot;

    if ((self->source.flags & (EDDY__TCP_SUBSCRIBED | EDDY__TCP_CONNECTING)) != 0)
        return;
    self->source.flags |= EDDY__TCP_SUBSCRIBED;
    slot->credit = (int32_t)eddy__tcp_recv_window(self);
    core->driver->type->credit(core->driver, slot);
}

/* ---- putting bytes together, and away ---- */

/* Copy up to `len` bytes from the front of a queue, which stays as it is. Returns how many. */
static size_t copy_front(const eddy__pieces *queue, unsigned char *to, size_t len)
{
    size_t copied = 0;

    for (const eddy__piece *piece = queue->first; piece != NULL && copied < len;
         piece = piece->next) {
        size_t part = piece->len < len - copied ? piece->len : len - copied;

        memcpy(to + copied, piece->at, part);
        copied += part;
    }
    return copied;
}

/* Give the piece a block of its own that has room for `len` bytes. A piece that had one, which has
 * become too small, gets twice as much: who asks for a little more again and again copies each
 * byte a few times at most. */
static bool move_out(eddy__pool *pool, eddy__piece *piece, size_t len)
{
    size_t room = piece->block->kind == EDDY__BLOCK_HEAP ? 2 * len : len;
    eddy__block *block = eddy__pool_heap_block(pool, (uint32_t)room);

    if (block == NULL)
        return false;
    memcpy(block->data, piece->at, piece->len);
    eddy__block_release(piece->block);
    piece->block = block;
    piece->at = block->data;
    return true;
}

/* The same in the cork, which costs no allocation: for few bytes that are to be read at once. */
static bool move_to_cork(eddy_core *core, eddy__piece *piece, size_t len)
{
    eddy__block *cork;

    if (len > EDDY_TCP_WRITE_WHOLE)
        return false;
    cork = eddy__tcp_cork_open(core, len);
    if (cork == NULL)
        return false;
    memcpy(core->cork_at, piece->at, piece->len);
    eddy__block_retain(cork);
    eddy__block_release(piece->block);
    piece->block = cork;
    piece->at = core->cork_at;
    core->cork_at += len;
    return true;
}

static void put_first(eddy__pieces *queue, eddy__piece *piece)
{
    piece->next = queue->first;
    queue->first = piece;
    if (queue->last == NULL)
        queue->last = piece;
    queue->bytes += piece->len;
}

/* Make the first `len` bytes contiguous, in a block of their own; `passing`: or in the cork, because
 * somebody is about to read them. 0 or -ENOMEM: nothing changed. */
static EDDY__COLD int gather(eddy_tcp *self, size_t len, bool passing)
{
    eddy_core *core = self->source.core;
    eddy__pool *pool = &core->pool;
    eddy__piece *first = self->rx.first;
    size_t more = len - first->len;
    int error = 0;

    (void)eddy__pieces_shift(&self->rx);
    if (eddy__tcp_has_room(first, more) || (passing && move_to_cork(core, first, len)) ||
        move_out(pool, first, len)) {
        first->len += (uint32_t)copy_front(&self->rx, first->at + first->len, more);
        eddy__pieces_consume(pool, &self->rx, more);
    } else {
        error = -ENOMEM;
    }
    put_first(&self->rx, first);
    return error;
}

/* While tasks are ready it waits: the reader may be among them, and take all. Without memory the
 * bytes stay where they are for a while: it is tried again, or a dry pool would stay so. */
void eddy__tcp_settle(eddy_tcp *self)
{
    eddy_core *core = self->source.core;

    if (self->rx.last->block->kind != EDDY__BLOCK_POOL)
        return;
    if (!eddy__tcp_pool_is_tight(&core->pool)) {
        if (!eddy__list_empty(&core->ready)) {
            eddy__source_attend(&self->source);
            return;
        }
        if (self->rx.bytes > core->pool.block_bytes / 8)
            return;
    }
    if (gather(self, self->rx.bytes, false) != 0) {
        EDDY_SOMETIMES("tcp: no memory to put away what nobody reads");
        eddy__source_attend_later(&self->source);
    }
}

/* ---- filling ---- */

/* Nothing more will come, or not enough is there: what the reader is told. */
static eddy_result fill_later(eddy_tcp *self, eddy_task *task, size_t min)
{
    if (self->read_error == 0 && (self->source.flags & EDDY__TCP_END) == 0) {
        eddy__tcp_subscribe(self);
        self->reader_min = (uint32_t)min;
        return eddy_waiter_park(&self->reader, task, &read_wait);
    }
    eddy__tcp_unpark(&self->reader, task);
    /* The rest is shown in one view, as far as there is memory for that. */
    if (self->rx.first != NULL && self->rx.first != self->rx.last)
        (void)gather(self, self->rx.bytes, true);
    return eddy__tcp_told(self, task, read_wait.why, self->read_error);
}

/* Out of line, so that the common case needs no stack. */
static EDDY__NOINLINE eddy_result fill_slowly(eddy_tcp *self, eddy_task *task, size_t min)
{
    int error;

    if (min > eddy__tcp_recv_window(self))
        return -EMSGSIZE;
    if (self->rx.first == NULL || self->rx.bytes < min)
        return fill_later(self, task, min);
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    eddy__tcp_unpark(&self->reader, task);
    error = gather(self, self->rx.bytes < 2 * min ? self->rx.bytes : min, true);
    return error != 0 ? error : (eddy_result)self->rx.first->len;
}

/* The common wait: nothing is there, and more will come. */
static EDDY__NOINLINE eddy_result fill_empty(eddy_tcp *self, eddy_task *task, size_t min)
{
    const uint32_t flags = self->source.flags & (EDDY__TCP_SUBSCRIBED | EDDY__TCP_END);

    if (flags != EDDY__TCP_SUBSCRIBED || self->read_error != 0 || min > eddy__tcp_recv_window(self))
        return fill_slowly(self, task, min);
    self->reader_min = (uint32_t)min;
    return eddy__waiter_park(&self->reader, task, &read_wait);
}

eddy_result eddy_tcp_poll_fill(eddy_tcp *self, eddy_task *task, size_t min)
{
    const eddy__piece *first = self->rx.first;

    if (!eddy__tcp_enter(self, task))
        return EDDY_LOOP_GONE;
    EDDY_ASSERT(min > 0, "eddy_tcp_poll_fill is asked for 0 bytes: ask for at least 1");
    if (first == NULL)
        return fill_empty(self, task, min);
    if (first->len < min)
        return fill_slowly(self, task, min);
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    eddy__tcp_unpark(&self->reader, task);
    return first->len;
}

eddy_bytes eddy_tcp_view(const eddy_tcp *self)
{
    const eddy__piece *first = self->rx.first;

    (void)eddy__tcp_check(self, "eddy_tcp_view");
    return first == NULL ? (eddy_bytes){NULL, 0} : (eddy_bytes){first->at, first->len};
}

void eddy_tcp_consume(eddy_tcp *self, size_t len)
{
    eddy__piece *first = self->rx.first;

    if (!eddy__tcp_check(self, "eddy_tcp_consume"))
        return;
    EDDY_ASSERT(len <= (first == NULL ? 0 : first->len),
                "%zu bytes are consumed of the %zu that are in view", len,
                first == NULL ? (size_t)0 : (size_t)first->len);
    if (len == 0)
        return;
    if (len < first->len) {
        first->at += len;
        first->len -= (uint32_t)len;
        self->rx.bytes -= len;
    } else {
        eddy__piece_free(&self->source.core->pool, eddy__pieces_shift(&self->rx));
    }
    eddy__tcp_give_credit(self, len);
}

/* ---- copying ---- */

eddy_result eddy_tcp_poll_peek(eddy_tcp *self, eddy_task *task, void *memory, size_t len)
{
    if (!eddy__tcp_enter(self, task))
        return EDDY_LOOP_GONE;
    EDDY_ASSERT(len > 0, "a TCP stream is read into 0 bytes of memory");
    if (self->rx.first == NULL)
        return fill_later(self, task, 1);
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    eddy__tcp_unpark(&self->reader, task);
    return (eddy_result)copy_front(&self->rx, memory, len);
}

eddy_result eddy_tcp_poll_read(eddy_tcp *self, eddy_task *task, void *memory, size_t len)
{
    eddy_result copied = eddy_tcp_poll_peek(self, task, memory, len);

    if (copied > 0) {
        eddy__pieces_consume(&self->source.core->pool, &self->rx, (size_t)copied);
        eddy__tcp_give_credit(self, (size_t)copied);
    }
    return copied;
}

/* ---- gone ---- */

/* As long as there is credit the end comes by itself. */
void eddy__tcp_watch(eddy_tcp *self)
{
    eddy_core *core = self->source.core;
    eddy__slot *slot = &self->source.slot;

    if (self->extra->gone.branch == NULL || slot->credit > 0 || slot->watch ||
        (self->source.flags & (EDDY__TCP_CONNECTING | EDDY__TCP_HANGUP | EDDY__TCP_END)) != 0)
        return;
    slot->watch = true;
    core->driver->type->credit(core->driver, slot);
}

eddy_result eddy_tcp_poll_gone(eddy_tcp *self, eddy_task *task)
{
    eddy__tcp_extra *extra;

    if (!eddy__tcp_enter(self, task))
        return EDDY_LOOP_GONE;
    extra = eddy__tcp_extra_get(self);
    if (extra == NULL)
        return -ENOMEM;
    if (self->read_error == 0 && (self->source.flags & (EDDY__TCP_END | EDDY__TCP_HANGUP)) == 0) {
        self->source.flags |= EDDY__TCP_GONE_WANTED;
        eddy__tcp_subscribe(self);
        eddy__source_attend(&self->source);
        return eddy_waiter_park(&extra->gone, task, &gone_wait);
    }
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    eddy__tcp_unpark(&extra->gone, task);
    if (self->read_error != 0)
        return eddy__tcp_told(self, task, gone_wait.why, self->read_error);
    return (self->source.flags & EDDY__TCP_END) != 0 ? 0 : extra->hangup;
}
