/* SPDX-License-Identifier: MIT */
/*
 * tcp.c - a TCP stream as an I/O object: how one is made, what the driver's events do to it, and
 * what is left for the end of the turn. No user code runs from here; it is only woken.
 */
#include <errno.h>

#include "eddy/explore.h"
#include "net/tcp.h"
#include "sys/system.h"

/* ---- events ---- */

/* The connection is of no use any more, in either direction. */
static EDDY__COLD void fail(eddy_tcp *self, int32_t error)
{
    if (self->read_error == 0 && (self->source.flags & EDDY__TCP_END) == 0)
        self->read_error = error;
    eddy__tcp_write_fail(self, error);
    eddy__waiter_wake(&self->reader);
    if (self->extra != NULL)
        eddy__waiter_wake(&self->extra->gone);
}

/* Bytes that nobody will read. */
static EDDY__COLD void discard(eddy_tcp *self, const eddy__event *event)
{
    EDDY_SOMETIMES("tcp: bytes that nobody will read");
    eddy__block_release(event->block);
    if ((self->source.flags & EDDY__TCP_CLOSING) == 0)
        return;
    self->extra->discarded += (uint32_t)event->result;
    eddy__source_attend(&self->source);
}

/* More of the block that the last piece ends in. */
static bool extends(const eddy__piece *last, const eddy__event *event)
{
    return last->block == event->block && last->at + last->len == event->at;
}

/* False: there is no memory for a piece. The event's reference is used up in any case. */
static EDDY__NOINLINE bool keep(eddy_tcp *self, const eddy__event *event)
{
    eddy__piece *last = self->rx.last;
    uint32_t len = (uint32_t)event->result;

    if (last != NULL && extends(last, event)) {
        last->len += len;
        self->rx.bytes += len;
        eddy__block_release(event->block);
        return true;
    }
    last = eddy__piece_new(&self->source.core->pool, event->block, event->at, len);
    if (last == NULL) {
        EDDY_SOMETIMES("tcp: no memory for received bytes");
        eddy__block_release(event->block);
        return false;
    }
    eddy__pieces_append(&self->rx, last);
    return true;
}

/* What the reader leaves, the end of the turn puts away. */
static EDDY__NOINLINE void on_bytes(eddy_tcp *self, const eddy__event *event)
{
    eddy_core *core = self->source.core;

    core->stats.bytes_received += (uint32_t)event->result;
    if ((self->source.flags & EDDY__TCP_DISCARD) != 0 || self->read_error != 0) {
        discard(self, event);
        return;
    }
    if (!keep(self, event)) {
        fail(self, -ENOMEM);
        return;
    }
    if (self->source.slot.credit <= 0 && self->source.slot.credit + event->result > 0) {
        EDDY_SOMETIMES("tcp: the receive window is full");
        core->stats.limit_recv_window++;
    }
    if (self->rx.bytes >= self->reader_min)
        eddy__waiter_wake(&self->reader);
    eddy__source_attend(&self->source);
}

static void on_end(eddy_tcp *self)
{
    self->source.flags |= EDDY__TCP_END;
    eddy__waiter_wake(&self->reader);
    if (self->extra != NULL)
        eddy__waiter_wake(&self->extra->gone);
    if ((self->source.flags & EDDY__TCP_CLOSING) != 0)
        eddy__source_attend(&self->source);
}

/* The bytes before it are unread, so neither end nor error can be had yet: see which will come. */
static void on_hangup(eddy_tcp *self)
{
    eddy__system *system = self->source.core->driver->system;

    EDDY_SOMETIMES("tcp: the peer was gone before its bytes were read");
    self->source.flags |= EDDY__TCP_HANGUP;
    if (self->extra == NULL)
        return;
    if ((self->source.flags & EDDY__TCP_FIN_SENT) == 0 &&
        system->type->is_reset(system, self->source.slot.fd))
        self->extra->hangup = -ECONNRESET;
    eddy__waiter_wake(&self->extra->gone);
}

static void on_connected(eddy_tcp *self, int32_t result)
{
    self->source.flags &= ~(uint32_t)EDDY__TCP_CONNECTING;
    if (result < 0) {
        self->source.flags |= EDDY__TCP_CONNECT_FAILED;
        fail(self, result);
        return;
    }
    self->source.core->stats.connections_opened++;
    eddy__tcp_wake_writer(self);
    if (self->reader.branch != NULL || (self->source.flags & EDDY__TCP_GONE_WANTED) != 0)
        eddy__tcp_subscribe(self);
    if (self->tx.first != NULL || (self->source.flags & EDDY__TCP_TEND_MORE) != 0)
        eddy__source_attend(&self->source);
}

static EDDY__NOINLINE void on_sent(eddy_tcp *self, int32_t result)
{
    self->flying = 0;
    if (result < 0 || self->write_error != 0) {
        eddy__tcp_write_fail(self, result < 0 ? result : self->write_error);
        return;
    }
    eddy__tcp_sent(self, (uint32_t)result);
    if (self->tx.first != NULL || (self->source.flags & EDDY__TCP_TEND_MORE) != 0)
        eddy__source_attend(&self->source);
}

/* What is rare. */
static EDDY__COLD void on_other(eddy_tcp *self, const eddy__event *event)
{
    switch (event->type) {
    case EDDY__END:
        on_end(self);
        break;
    case EDDY__ERROR:
        fail(self, event->result);
        break;
    case EDDY__HANGUP:
        on_hangup(self);
        break;
    case EDDY__CONNECTED:
        on_connected(self, event->result);
        break;
    case EDDY__BYTES:
    case EDDY__SENT:
    case EDDY__ACCEPTED:
    case EDDY__ACCEPT_FAILED:
    case EDDY__READY:
    case EDDY__ENDED:
        break; /* handled before, of another kind of slot, or source.c's */
    }
}

/* The common case of on_bytes(): nothing else is there. False: it is not that simple, and nothing was
 * done. */
static inline bool on_few_bytes(eddy_tcp *self, const eddy__event *event)
{
    eddy_core *core = self->source.core;
    uint32_t len = (uint32_t)event->result;
    eddy__piece *piece;

    if ((self->source.flags & (EDDY__SOURCE_DETACHING | EDDY__TCP_DISCARD)) != 0 ||
        self->read_error != 0 || self->rx.first != NULL || self->source.slot.credit <= 0 ||
        core->pool.free_pieces == NULL)
        return false;
    core->stats.bytes_received += len;
    piece = eddy__piece_new(&core->pool, event->block, event->at, len);
    self->rx = (eddy__pieces){piece, piece, len};
    eddy__source_attend_told(&self->source);
    if (len >= self->reader_min)
        eddy__waiter_wake(&self->reader);
    return true;
}

/* It came in one batch with what ended the stream. */
static EDDY__COLD void on_late(const eddy__event *event)
{
    if (event->type == EDDY__BYTES)
        eddy__block_release(event->block);
}

/* Each kind is a function of its own, so that none pays for another's registers. */
static void tcp_event(eddy__source *source, const eddy__event *event)
{
    eddy_tcp *self = eddy__tcp_of(source);

    if (event->type == EDDY__BYTES && on_few_bytes(self, event))
        return;
    if ((source->flags & EDDY__SOURCE_DETACHING) != 0)
        on_late(event);
    else if (event->type == EDDY__BYTES)
        on_bytes(self, event);
    else if (event->type == EDDY__SENT)
        on_sent(self, event->result);
    else
        on_other(self, event);
}

/* ---- the end of a turn, and of everything ---- */

static EDDY__NOINLINE void tend_more(eddy_tcp *self, uint32_t flags)
{
    eddy__tcp_try_flush(self);
    if ((flags & EDDY__TCP_GONE_WANTED) != 0)
        eddy__tcp_watch(self);
    if ((flags & (EDDY__TCP_CLOSING | EDDY__TCP_CLOSED)) == EDDY__TCP_CLOSING)
        eddy__tcp_tend_closing(self);
    else
        eddy__tcp_try_fin(self);
}

/* There is more to do than to send what was written. */
static EDDY__NOINLINE void tend_all(eddy_tcp *self, uint32_t flags)
{
    if ((flags & (EDDY__SOURCE_ATTACHED | EDDY__SOURCE_DETACHING)) != EDDY__SOURCE_ATTACHED)
        return;
    if (self->rx.first != NULL)
        eddy__tcp_settle(self);
    if ((flags & EDDY__TCP_TEND_MORE) != 0)
        tend_more(self, flags);
    else
        eddy__tcp_try_flush(self);
}

static void tcp_tend(eddy__source *source)
{
    const uint32_t all =
        EDDY__SOURCE_ATTACHED | EDDY__SOURCE_DETACHING | EDDY__TCP_CONNECTING | EDDY__TCP_TEND_MORE;
    eddy_tcp *self = eddy__tcp_of(source);

    if ((source->flags & all) == EDDY__SOURCE_ATTACHED && self->rx.first == NULL &&
        self->tx.first != NULL && self->flying == 0 && self->write_error == 0) {
        source->slot.sent_late = self->extra == NULL; /* no writer waits, now or in the sleep */
        eddy__tcp_flush(self);
    } else {
        tend_all(self, source->flags);
    }
}

/* Accepted, and never taken by the kernel. Of a send that was cut off, only the driver knows how
 * much of it had left, and only when it could still be asked. */
static void count_unsent(eddy_tcp *self)
{
    eddy_core *core = self->source.core;
    uint32_t left = 0;

    if (self->tx.bytes == 0 || self->write_error != 0)
        return;
    if (self->flying > 0 && (self->source.flags & EDDY__SOURCE_ATTACHED) == 0)
        left = self->source.slot.sent;
    core->stats.bytes_sent += left;
    core->stats.bytes_cut_off += self->tx.bytes - left;
    if ((self->source.flags & EDDY__TCP_CUT_OFF) == 0)
        core->stats.closes_cut_off++;
}

static void tcp_ended(eddy__source *source)
{
    eddy_tcp *self = eddy__tcp_of(source);
    eddy_core *core = source->core;

    count_unsent(self);
    self->flying = 0;
    eddy__pieces_clear(&core->pool, &self->rx);
    eddy__pieces_clear(&core->pool, &self->tx);
    if (self->extra == NULL)
        return;
    eddy__alarm_stop(core, &self->extra->linger);
    if (self->extra->name != NULL)
        eddy__unix_dial_free(self);
    eddy__slab_free(&core->slab, self->extra, sizeof *self->extra);
    self->extra = NULL;
}

static bool tcp_busy(const eddy__source *source)
{
    const eddy_tcp *self = EDDY__CONTAINER(source, const eddy_tcp, source);

    return self->tx.bytes > 0 && self->write_error == 0 &&
           (source->flags & EDDY__SOURCE_DETACHING) == 0;
}

static const eddy__source_type tcp_type = {
    .name = "tcp",
    .size_bytes = sizeof(eddy_tcp),
    .event = tcp_event,
    .tend = tcp_tend,
    .ended = tcp_ended,
    .busy = tcp_busy,
};

/* ---- making one ---- */

bool eddy__tcp_enter_other(const eddy_tcp *self, const eddy_task *task)
{
    EDDY_ASSERT(self->source.core->gone,
                "task '%s' uses a TCP stream of another loop: a stream belongs to the loop it was "
                "made on",
                eddy_task_name(task));
    return false;
}

void eddy__tcp_unpark_now(eddy_waiter *waiter, const eddy_task *task)
{
    EDDY_ASSERT(eddy__waiter_may_move(waiter, task),
                "two tasks use %s of one stream: '%s' waits, '%s' may not go before it",
                waiter->type->why, eddy__waiter_name(waiter), eddy_task_name(task));
    eddy_waiter_clear(waiter);
}

eddy_tcp *eddy__tcp_new_unattached(eddy_core *core)
{
    eddy__source *source = eddy__source_new(core, &tcp_type);

    if (source == NULL)
        return NULL;
    eddy__tcp_of(source)->io.type = &eddy__tcp_io;
    return eddy__tcp_of(source);
}

int eddy__tcp_new(eddy_core *core, int fd, eddy_tcp **out)
{
    eddy_tcp *self = eddy__tcp_new_unattached(core);
    int error;

    if (self == NULL)
        return -ENOMEM;
    error = eddy__source_attach(&self->source, fd, EDDY__SLOT_STREAM);
    if (error == 0)
        *out = self;
    else
        eddy__source_release(&self->source);
    return error;
}

/* ---- the rare part ---- */

eddy__tcp_extra *eddy__tcp_extra_get(eddy_tcp *self)
{
    eddy__tcp_extra *extra = self->extra;

    if (extra != NULL)
        return extra;
    extra = eddy__slab_alloc(&self->source.core->slab, sizeof *extra);
    if (extra == NULL)
        return NULL;
    extra->tcp = self;
    extra->send_queue_bytes = EDDY__TCP_SEND_QUEUE;
    extra->recv_window_bytes = EDDY__TCP_RECV_WINDOW;
    extra->linger_ns = EDDY__TCP_LINGER_NS;
    extra->linger_bytes = EDDY__TCP_LINGER_BYTES;
    eddy__alarm_init(&extra->linger, eddy__tcp_linger_over);
    self->extra = extra;
    return extra;
}

eddy_result eddy__tcp_park_writer(eddy_tcp *self, eddy_task *task, const eddy_wait_type *type,
                                  size_t wake_at)
{
    eddy__tcp_extra *extra = eddy__tcp_extra_get(self);

    if (extra == NULL)
        return -ENOMEM;
    extra->wake_at = wake_at;
    return eddy_waiter_park(&extra->writer, task, type);
}

/* The window may change while bytes are there: the credit moves with it. */
static void set_window(eddy_tcp *self, size_t bytes)
{
    eddy__slot *slot = &self->source.slot;
    int32_t before = slot->credit;
    int32_t change = (int32_t)((int64_t)bytes - (int64_t)self->extra->recv_window_bytes);

    self->extra->recv_window_bytes = bytes;
    if ((self->source.flags & EDDY__TCP_SUBSCRIBED) == 0)
        return;
    slot->credit = before + change;
    if (before <= 0 && slot->credit > 0)
        self->source.core->driver->type->credit(self->source.core->driver, slot);
}

static size_t at_most(size_t bytes, size_t most)
{
    return bytes < most ? bytes : most;
}

int eddy_tcp_set_limits(eddy_tcp *self, const eddy_tcp_limits *limits)
{
    const size_t most = (size_t)1 << 30; /* credit is counted in 31 bits */
    eddy__tcp_extra *extra;

    if (!eddy__tcp_check(self, "eddy_tcp_set_limits"))
        return EDDY_LOOP_GONE;
    if (limits->size_bytes != sizeof *limits || limits->linger_ns < 0)
        return -EINVAL;
    extra = eddy__tcp_extra_get(self);
    if (extra == NULL)
        return -ENOMEM;
    if (limits->send_queue_bytes != 0)
        extra->send_queue_bytes = at_most(limits->send_queue_bytes, most);
    if (limits->recv_window_bytes != 0)
        set_window(self, at_most(limits->recv_window_bytes, most));
    if (limits->linger_ns != 0)
        extra->linger_ns = limits->linger_ns;
    if (limits->linger_bytes != 0)
        extra->linger_bytes = limits->linger_bytes;
    return 0;
}
