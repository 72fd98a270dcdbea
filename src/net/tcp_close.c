/* SPDX-License-Identifier: MIT */
/*
 * tcp_close.c - the ways in which a stream ends: half-closed, closed and waited for, given back,
 * thrown away, or half by half.
 *
 * Closing is: send what is queued, FIN, and read and throw away what still comes until the peer
 * ends too - because a socket that is closed with unread bytes resets the connection, and so
 * destroys the answer on its way. Both limits of that, a time and a number of bytes, are the
 * stream's. The user waits for it (eddy_tcp_poll_close) or leaves it to the loop (eddy_tcp_free).
 */
#include <errno.h>

#include "eddy/explore.h"
#include "net/tcp.h"
#include "sys/system.h"

static const eddy_wait_type shutdown_wait = {.why = "tcp: shutdown", .external = true};
static const eddy_wait_type close_wait = {.why = "tcp: close", .external = true};

/* ---- FIN ---- */

void eddy__tcp_try_fin(eddy_tcp *self)
{
    const uint32_t bits = EDDY__TCP_FIN_WANTED | EDDY__TCP_FIN_SENT | EDDY__TCP_CONNECTING;
    eddy_core *core = self->source.core;
    int error;

    if ((self->source.flags & bits) != EDDY__TCP_FIN_WANTED || self->tx.bytes > 0 ||
        self->write_error != 0)
        return;
    self->source.flags |= EDDY__TCP_FIN_SENT;
    error = core->driver->type->shutdown(core->driver, &self->source.slot);
    if (error != 0) /* "not connected" is how it says that the peer has reset */
        eddy__tcp_write_fail(self, error == -ENOTCONN ? -ECONNRESET : error);
    else
        eddy__tcp_wake_writer(self);
}

eddy_result eddy_tcp_poll_shutdown(eddy_tcp *self, eddy_task *task)
{
    if (!eddy__tcp_enter(self, task))
        return EDDY_LOOP_GONE;
    if (self->extra != NULL)
        eddy__tcp_unpark(&self->extra->writer, task);
    if (self->write_error != 0)
        return eddy__tcp_told(self, task, shutdown_wait.why, eddy__tcp_write_refusal(self));
    self->source.flags |= EDDY__TCP_FIN_WANTED | EDDY__TCP_WRITE_SHUT;
    eddy__tcp_try_flush(self);
    eddy__tcp_try_fin(self);
    if (self->write_error != 0)
        return eddy__tcp_told(self, task, shutdown_wait.why, eddy__tcp_write_refusal(self));
    if ((self->source.flags & EDDY__TCP_FIN_SENT) != 0)
        return eddy__task_spend(task) ? 0 : eddy__task_yield(task);
    return eddy__tcp_park_writer(self, task, &shutdown_wait, 0);
}

/* ---- closing ---- */

/* All that may come is welcome: it is thrown away. */
static void renew_credit(eddy_tcp *self)
{
    int32_t spent = (int32_t)eddy__tcp_recv_window(self) - self->source.slot.credit;

    if ((self->source.flags & EDDY__TCP_SUBSCRIBED) == 0)
        eddy__tcp_subscribe(self);
    else if (spent > 0)
        eddy__tcp_give_credit(self, (size_t)spent);
}

/* The extra part exists. */
static void start_closing(eddy_tcp *self)
{
    eddy_core *core = self->source.core;

    self->source.flags |=
        EDDY__TCP_CLOSING | EDDY__TCP_DISCARD | EDDY__TCP_FIN_WANTED | EDDY__TCP_WRITE_SHUT;
    eddy__pieces_clear(&core->pool, &self->rx);
    eddy__alarm_start(core, &self->extra->linger, self->extra->linger_ns);
    eddy__tcp_try_flush(self);
}

static bool is_broken(const eddy_tcp *self)
{
    return self->write_error != 0 || self->read_error != 0;
}

/* How closing ended; EDDY_PENDING while it goes on. */
static eddy_result closing_result(eddy_tcp *self)
{
    const uint32_t both = EDDY__TCP_FIN_SENT | EDDY__TCP_END;

    if (self->write_error != 0)
        return eddy__tcp_write_refusal(self);
    if (self->read_error != 0)
        return self->read_error;
    if ((self->source.flags & both) == both)
        return 0;
    if (self->extra->discarded > self->extra->linger_bytes)
        return -EMSGSIZE;
    return (self->source.flags & EDDY__TCP_TIMED_OUT) != 0 ? -ETIMEDOUT : EDDY_PENDING;
}

/* The bytes are counted when the driver has told how many of them have left, see tcp_ended(). */
static void count_cut_off(eddy_tcp *self)
{
    self->source.flags |= EDDY__TCP_CUT_OFF;
    self->source.core->stats.closes_cut_off++;
}

/* The system's; at 0 closing sends a reset. */
static void set_linger(const eddy_tcp *self, int seconds)
{
    eddy__system *system = self->source.core->driver->system;

    (void)system->type->set(system, self->source.slot.fd, EDDY__SOCKET_LINGER, seconds);
}

/* Let go of the connection; what is unsent stays until that is done. */
static void detach(eddy_tcp *self)
{
    eddy_core *core = self->source.core;

    eddy__pieces_clear(&core->pool, &self->rx);
    if (self->extra != NULL)
        eddy__alarm_stop(core, &self->extra->linger);
    if ((self->source.flags & EDDY__TCP_CUT_OFF) != 0 && self->tx.bytes > 0)
        set_linger(self, 0); /* a reset: the peer must not take what it got for all of it */
    eddy__source_detach(&self->source);
}

/* The peer has ended and has been sent everything: closing the socket is FIN enough. */
static bool needs_no_fin(const eddy_tcp *self)
{
    return self->tx.bytes == 0 && (self->source.flags & EDDY__TCP_END) != 0;
}

void eddy__tcp_tend_closing(eddy_tcp *self)
{
    bool freed = (self->source.flags & EDDY__TCP_FREED) != 0;
    bool broken;
    eddy_result result;

    if (!freed || !needs_no_fin(self))
        eddy__tcp_try_fin(self);
    broken = is_broken(self);
    result = freed && needs_no_fin(self) && !broken ? 0 : closing_result(self);
    if (result == EDDY_PENDING) {
        renew_credit(self);
        return;
    }
    self->source.flags |= EDDY__TCP_CLOSED;
    self->extra->close_result = (int32_t)result;
    if (result < 0 && !broken)
        count_cut_off(self);
    if (freed)
        detach(self);
    else
        eddy__tcp_wake_writer(self);
}

void eddy__tcp_linger_over(eddy__alarm *alarm)
{
    eddy_tcp *self = EDDY__CONTAINER(alarm, eddy__tcp_extra, linger)->tcp;

    EDDY_SOMETIMES("tcp: the linger time is over");
    self->source.flags |= EDDY__TCP_TIMED_OUT;
    eddy__source_attend(&self->source);
}

eddy_result eddy_tcp_poll_close(eddy_tcp *self, eddy_task *task)
{
    if (!eddy__tcp_enter(self, task))
        return EDDY_LOOP_GONE;
    if (eddy__tcp_extra_get(self) == NULL)
        return -ENOMEM;
    eddy__tcp_unpark(&self->extra->writer, task);
    if ((self->source.flags & EDDY__TCP_CLOSING) == 0)
        start_closing(self);
    if ((self->source.flags & EDDY__TCP_CLOSED) == 0)
        eddy__tcp_tend_closing(self);
    if ((self->source.flags & EDDY__TCP_CLOSED) != 0)
        return eddy__task_spend(task) ? self->extra->close_result : eddy__task_yield(task);
    return eddy__tcp_park_writer(self, task, &close_wait, 0);
}

/* ---- giving back ---- */

/* Only the task that is giving the stream back may still be waiting here. */
static void forget_waiter(const eddy_tcp *self, eddy_waiter *waiter)
{
    if (waiter->branch == NULL)
        return;
    EDDY_ASSERT(self->source.core->gone || eddy__waiter_is_polled(waiter),
                "a TCP stream is freed while task '%s' waits for %s", eddy__waiter_name(waiter),
                waiter->type->why);
    eddy_waiter_clear(waiter);
}

static void forget_waiters(eddy_tcp *self)
{
    forget_waiter(self, &self->reader);
    if (self->extra == NULL)
        return;
    forget_waiter(self, &self->extra->gone);
    forget_waiter(self, &self->extra->writer);
}

/* Something was written that the peer may not have received yet, and it may still listen. */
static bool is_worth_lingering(const eddy_tcp *self)
{
    const uint32_t over = EDDY__TCP_CONNECTING | EDDY__TCP_CLOSED;

    return (self->source.flags & over) == 0 && (self->source.flags & EDDY__TCP_WROTE) != 0 &&
           !is_broken(self) && !needs_no_fin(self);
}

/* Without memory to linger with, what can be sent at once is sent. */
static bool linger(eddy_tcp *self)
{
    if (!is_worth_lingering(self))
        return false;
    if (eddy__tcp_extra_get(self) == NULL) {
        eddy__tcp_try_flush(self);
        return false;
    }
    self->source.flags |= EDDY__TCP_FREED;
    if ((self->source.flags & EDDY__TCP_CLOSING) == 0)
        start_closing(self);
    eddy__source_attend(&self->source);
    return true;
}

/* With a linger time of the kernel's own, close(2) would hold up the loop. */
static void never_block(const eddy_tcp *self)
{
    if ((self->source.flags & EDDY__TCP_SO_LINGER) != 0 && !self->source.core->gone)
        set_linger(self, -1);
}

/* Nobody has the stream any more. */
static void finish(eddy_tcp *self)
{
    forget_waiters(self);
    never_block(self);
    if (!self->source.core->gone && !linger(self)) {
        if (self->tx.bytes > 0 && self->write_error == 0 &&
            (self->source.flags & EDDY__TCP_CUT_OFF) == 0)
            count_cut_off(self);
        detach(self);
    }
    eddy__source_release(&self->source);
}

static bool may_free(const eddy_tcp *self, const char *verb)
{
    if (self == NULL)
        return false;
    if (!self->source.core->gone)
        eddy__core_check(self->source.core, verb);
    EDDY_ASSERT((self->source.flags & EDDY__TCP_SPLIT) == 0,
                "%s: the stream was split, its halves own it: free those", verb);
    return true;
}

void eddy_tcp_free(eddy_tcp *self)
{
    if (may_free(self, "eddy_tcp_free"))
        finish(self);
}

void eddy_tcp_abort(eddy_tcp *self)
{
    if (!may_free(self, "eddy_tcp_abort"))
        return;
    forget_waiters(self);
    if (!self->source.core->gone) {
        self->write_error = -ECANCELED; /* thrown away on purpose, so not counted as cut off */
        set_linger(self, 0);
        detach(self);
    }
    eddy__source_release(&self->source);
}

/* ---- halves ---- */

void eddy_tcp_split(eddy_tcp *self, eddy_tcp_reader *reader, eddy_tcp_writer *writer)
{
    (void)eddy__tcp_check(self, "eddy_tcp_split");
    EDDY_ASSERT((self->source.flags & EDDY__TCP_SPLIT) == 0, "a TCP stream is split twice");
    self->source.flags |= EDDY__TCP_SPLIT | EDDY__TCP_READER | EDDY__TCP_WRITER;
    reader->tcp = self;
    writer->tcp = self;
}

/* Take `half` from its owner. True: it was the last. */
static bool half_ends(eddy_tcp *self, uint32_t half, const char *verb)
{
    if (!self->source.core->gone)
        eddy__core_check(self->source.core, verb);
    EDDY_ASSERT((self->source.flags & half) != 0, "%s: this half was freed before", verb);
    self->source.flags &= ~half;
    return (self->source.flags & (EDDY__TCP_READER | EDDY__TCP_WRITER)) == 0;
}

void eddy__tcp_stop_reading(eddy_tcp *self)
{
    forget_waiter(self, &self->reader);
    self->source.flags |= EDDY__TCP_DISCARD;
    if (!self->source.core->gone)
        eddy__pieces_clear(&self->source.core->pool, &self->rx);
}

void eddy__tcp_forget_writer(eddy_tcp *self)
{
    if (self->extra != NULL)
        forget_waiter(self, &self->extra->writer);
}

void eddy__tcp_stop_writing(eddy_tcp *self)
{
    eddy__tcp_forget_writer(self);
    self->source.flags |= EDDY__TCP_FIN_WANTED | EDDY__TCP_WRITE_SHUT;
    if (!self->source.core->gone)
        eddy__source_attend(&self->source);
}

void eddy_tcp_reader_free(eddy_tcp_reader *self)
{
    eddy_tcp *tcp = self->tcp;

    if (tcp == NULL)
        return;
    self->tcp = NULL;
    if (half_ends(tcp, EDDY__TCP_READER, "eddy_tcp_reader_free"))
        finish(tcp);
    else
        eddy__tcp_stop_reading(tcp);
}

void eddy_tcp_writer_free(eddy_tcp_writer *self)
{
    eddy_tcp *tcp = self->tcp;

    if (tcp == NULL)
        return;
    self->tcp = NULL;
    if (half_ends(tcp, EDDY__TCP_WRITER, "eddy_tcp_writer_free"))
        finish(tcp);
    else
        eddy__tcp_stop_writing(tcp);
}
