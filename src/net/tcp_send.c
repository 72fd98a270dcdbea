/* SPDX-License-Identifier: MIT */
/*
 * tcp_send.c - the unsent bytes of a stream leave: what tcp_write.c queued is sent by one gathered
 * send at the end of the turn, at 64 KiB, or on push; while that flies, what is written waits for
 * the next one.
 */
#include <errno.h>

#include "net/tcp.h"

static const eddy_wait_type flush_wait = {.why = "tcp: flush", .external = true};

/* ---- sending ---- */

void eddy__tcp_wake_writer(eddy_tcp *self)
{
    if (self->extra != NULL)
        eddy__waiter_wake(&self->extra->writer);
}

/* The one piece that is queued has left. */
static inline void sent_one(eddy_tcp *self, eddy__piece *piece)
{
    eddy_core *core = self->source.core;

    core->stats.bytes_sent += piece->len;
    self->tx = (eddy__pieces){NULL, NULL, 0};
    eddy__piece_free(&core->pool, piece);
    eddy__tcp_wake_writer(self);
}

static EDDY__NOINLINE void sent_some(eddy_tcp *self, size_t len)
{
    eddy_core *core = self->source.core;

    core->stats.bytes_sent += len;
    eddy__pieces_consume(&core->pool, &self->tx, len);
    if (self->extra != NULL && self->tx.bytes <= self->extra->wake_at)
        eddy__waiter_wake(&self->extra->writer);
}

void eddy__tcp_sent(eddy_tcp *self, size_t len)
{
    eddy__piece *first = self->tx.first;

    if (first->next == NULL && first->len == len)
        sent_one(self, first);
    else
        sent_some(self, len);
}

/* Memory is short here; the peer knows nothing of it, and will not end the stream. Bytes were lost,
 * so that nothing good can come of it any more: who only reads must hear of it, too. */
static void tell_reader(eddy_tcp *self, int32_t error)
{
    if (error != -ENOMEM && error != -ENOBUFS)
        return;
    if (self->read_error == 0 && (self->source.flags & EDDY__TCP_END) == 0)
        self->read_error = error;
    eddy__waiter_wake(&self->reader);
    if (self->extra != NULL)
        eddy__waiter_wake(&self->extra->gone);
}

/* What flies stays until the driver is done with it. */
void eddy__tcp_write_fail(eddy_tcp *self, int32_t error)
{
    eddy_core *core = self->source.core;

    if (self->write_error == 0) {
        self->write_error = error;
        if ((self->source.flags & EDDY__TCP_FREED) != 0)
            core->stats.bytes_cut_off += self->tx.bytes;
    }
    self->source.flags |= EDDY__TCP_WRITE_SHUT;
    tell_reader(self, error);
    if (self->flying == 0)
        eddy__pieces_clear(&core->pool, &self->tx);
    eddy__tcp_wake_writer(self);
    if ((self->source.flags & EDDY__TCP_CLOSING) != 0)
        eddy__source_attend(&self->source);
}

/* Gather up to EDDY__IOV_MAX pieces. Returns how many; *bytes: their sum, which fits in 31 bits. */
static uint32_t gather_parts(const eddy__pieces *queue, eddy__iov *iov, size_t *bytes)
{
    uint32_t n = 0;

    *bytes = 0;
    for (const eddy__piece *piece = queue->first; piece != NULL && n < EDDY__IOV_MAX;
         piece = piece->next) {
        if (n > 0 && *bytes + piece->len > INT32_MAX)
            break;
        iov[n++] = (eddy__iov){piece->at, piece->len};
        *bytes += piece->len;
    }
    return n;
}

/* The driver did not take `bytes` at once. */
static void flush_later(eddy_tcp *self, eddy_result result, size_t bytes)
{
    if (result == EDDY_PENDING)
        self->flying = (uint32_t)bytes;
    else
        eddy__tcp_write_fail(self, (int32_t)result);
}

static EDDY__NOINLINE void flush_many(eddy_tcp *self)
{
    eddy__driver *driver = self->source.core->driver;
    eddy__iov iov[EDDY__IOV_MAX];

    do {
        size_t bytes;
        uint32_t n = gather_parts(&self->tx, iov, &bytes);
        eddy_result result;

        if (bytes < self->tx.bytes)
            self->source.slot.sent_late = false; /* the rest waits for it */
        result = driver->type->send(driver, &self->source.slot, iov, n);
        if (result < 0) {
            flush_later(self, result, bytes);
            return;
        }
        eddy__tcp_sent(self, bytes);
    } while (self->tx.first != NULL);
}

void eddy__tcp_flush(eddy_tcp *self)
{
    eddy__driver *driver = self->source.core->driver;
    eddy__piece *first = self->tx.first;
    eddy__iov part;
    eddy_result result;

    if (first->next != NULL) {
        flush_many(self);
        return;
    }
    part = (eddy__iov){first->at, first->len};
    result = driver->type->send(driver, &self->source.slot, &part, 1);
    if (result < 0)
        flush_later(self, result, part.len);
    else
        sent_one(self, first);
}

void eddy__tcp_try_flush(eddy_tcp *self)
{
    self->source.slot.sent_late = false;
    if (self->tx.first != NULL && self->flying == 0 && self->write_error == 0 &&
        (self->source.flags & EDDY__TCP_CONNECTING) == 0)
        eddy__tcp_flush(self);
}

/* ---- flushing ---- */

void eddy_tcp_push(eddy_tcp *self)
{
    if (eddy__tcp_check(self, "eddy_tcp_push"))
        eddy__tcp_try_flush(self);
}

size_t eddy_tcp_queued(const eddy_tcp *self)
{
    (void)eddy__tcp_check(self, "eddy_tcp_queued");
    return self->tx.bytes;
}

eddy_result eddy_tcp_poll_flush(eddy_tcp *self, eddy_task *task)
{
    if (!eddy__tcp_enter(self, task))
        return EDDY_LOOP_GONE;
    if (self->write_error == 0 && self->tx.bytes > 0)
        return eddy__tcp_park_writer(self, task, &flush_wait, 0);
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    if (self->extra != NULL)
        eddy__tcp_unpark(&self->extra->writer, task);
    if (self->write_error == 0)
        return 0;
    return eddy__tcp_told(self, task, flush_wait.why, eddy__tcp_write_refusal(self));
}
