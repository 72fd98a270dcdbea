/* SPDX-License-Identifier: MIT */
/*
 * pipe.c - pipes and their like as I/O objects: what the driver's events do to one, what is left for
 * the end of the turn, and how it ends. No user code runs from here; it is only woken.
 */
#include "net/pipe.h"

#include <errno.h>
#include <string.h>

#define RETRY_MIN_NS EDDY_MILLISECOND
#define RETRY_MAX_NS (64 * EDDY_MILLISECOND)

static eddy_pipe *pipe_of(eddy__source *source)
{
    return EDDY__CONTAINER(eddy__ready_of(source), eddy_pipe, ready);
}

static bool is_attached(const eddy_pipe *self)
{
    const uint32_t bits = EDDY__SOURCE_ATTACHED | EDDY__SOURCE_DETACHING;

    return (self->ready.source.flags & bits) == EDDY__SOURCE_ATTACHED;
}

/* ---- writing what was accepted ---- */

bool eddy__pipe_is_drained(const eddy_pipe *self)
{
    if (self->write_error != 0)
        return true;
    return self->tx.bytes == 0 && (self->pooled == NULL || !eddy__pooled_is_writing(self->pooled));
}

void eddy__pipe_write_fail(eddy_pipe *self, int32_t error)
{
    if (self->write_error == 0)
        self->write_error = error;
    self->ready.source.flags |= EDDY__PIPE_SHUT;
    eddy__pieces_clear(&eddy__pipe_core(self)->pool, &self->tx);
}

static size_t parts_of(const eddy__pieces *queue, eddy_bytes parts[EDDY__PIPE_PARTS_MAX])
{
    size_t n = 0;

    for (const eddy__piece *piece = queue->first; piece != NULL && n < EDDY__PIPE_PARTS_MAX;
         piece = piece->next)
        parts[n++] = (eddy_bytes){piece->at, piece->len};
    return n;
}

/* With nothing to write it asks a pooled one how the last job went. */
void eddy__pipe_flush(eddy_pipe *self)
{
    eddy_bytes parts[EDDY__PIPE_PARTS_MAX];

    while (self->write_error == 0 && is_attached(self) &&
           (self->ready.is & EDDY__IS_WRITABLE) != 0 &&
           (self->tx.bytes > 0 || self->pooled != NULL)) {
        int64_t n = eddy__pipe_io_write(self, parts, parts_of(&self->tx, parts));

        if (n < 0 && n != -EAGAIN)
            eddy__pipe_write_fail(self, (int32_t)n);
        if (n <= 0)
            break;
        eddy__pieces_consume(&eddy__pipe_core(self)->pool, &self->tx, (size_t)n);
    }
}

/* What can be read as well goes on; what cannot is closed. */
void eddy__pipe_try_fin(eddy_pipe *self)
{
    const uint32_t bits = EDDY__PIPE_FIN_WANTED | EDDY__PIPE_FIN_SENT;
    uint32_t flags = self->ready.source.flags;

    if ((flags & bits) != EDDY__PIPE_FIN_WANTED || !eddy__pipe_is_drained(self))
        return;
    self->ready.source.flags |= EDDY__PIPE_FIN_SENT;
    if (self->write_error != 0)
        return;
    if ((flags & EDDY__PIPE_IS_SOCKET) != 0) {
        int error = eddy__pipe_shutdown(self->ready.source.slot.fd);

        if (error != 0)
            eddy__pipe_write_fail(self, error == -ENOTCONN ? -EPIPE : error);
    } else if ((flags & EDDY__PIPE_READS) == 0) {
        eddy__source_detach(&self->ready.source);
    }
}

/* ---- events ---- */

void eddy__pipe_stir(eddy_pipe *self)
{
    const eddy__event event = {.slot = &self->ready.source.slot,
                               .type = EDDY__READY,
                               .result = EDDY__IS_READABLE | EDDY__IS_WRITABLE};

    eddy__ready_event(&self->ready.source, &event);
}

static bool is_busy_writing(const eddy_pipe *self)
{
    const uint32_t ending = EDDY__PIPE_FREED | EDDY__PIPE_FIN_WANTED;

    return self->tx.bytes > 0 || (self->ready.source.flags & ending) != 0;
}

/* A thread's signal says that anything may have become so. */
static void pipe_event(eddy__source *source, const eddy__event *event)
{
    eddy_pipe *self = pipe_of(source);

    if (event->type != EDDY__READY || (source->flags & EDDY__SOURCE_DETACHING) != 0)
        return;
    if (self->pooled != NULL)
        eddy__pipe_stir(self);
    else
        eddy__ready_event(source, event);
    if (is_busy_writing(self))
        eddy__source_attend(source);
}

/* ---- the end of a turn ---- */

/* A block of the pool is not kept for what somebody leaves unread. Without memory it is, for a
 * while. */
static void settle(eddy_pipe *self)
{
    eddy_core *core = eddy__pipe_core(self);
    eddy__block *own;

    if (self->in == NULL || self->in->kind != EDDY__BLOCK_POOL)
        return;
    if (!eddy__list_empty(&core->ready)) { /* the reader may be among them */
        eddy__source_attend(&self->ready.source);
        return;
    }
    own = eddy__pool_heap_block(&core->pool, self->len);
    if (own == NULL) {
        eddy__source_attend_later(&self->ready.source);
        return;
    }
    memcpy(own->data, self->at, self->len);
    eddy__block_release(self->in);
    self->in = own;
    self->at = own->data;
}

static void tend_writing(eddy_pipe *self)
{
    uint32_t flags = self->ready.source.flags;

    eddy__pipe_flush(self);
    eddy__pipe_try_fin(self);
    if ((flags & EDDY__PIPE_FREED) != 0 &&
        (eddy__pipe_is_drained(self) || (flags & EDDY__PIPE_TIMED_OUT) != 0))
        eddy__source_detach(&self->ready.source);
}

static void pipe_tend(eddy__source *source)
{
    eddy_pipe *self = pipe_of(source);

    if (!is_attached(self))
        return;
    if ((source->flags & EDDY__PIPE_RETRY) != 0) {
        source->flags &= ~(uint32_t)EDDY__PIPE_RETRY;
        eddy__pipe_stir(self);
    }
    settle(self);
    if (is_busy_writing(self))
        tend_writing(self);
}

/* ---- the end ---- */

static bool pipe_busy(const eddy__source *source)
{
    const eddy_pipe *self = EDDY__CONTAINER(source, const eddy_pipe, ready.source);

    return !eddy__pipe_is_drained(self) && (source->flags & EDDY__SOURCE_DETACHING) == 0;
}

static void count_unsent(const eddy_pipe *self)
{
    eddy_core *core = eddy__pipe_core(self);

    if (self->tx.bytes == 0 || self->write_error != 0)
        return;
    core->stats.bytes_cut_off += self->tx.bytes;
    core->stats.closes_cut_off++;
}

static void pipe_ended(eddy__source *source)
{
    eddy_pipe *self = pipe_of(source);
    eddy_core *core = source->core;

    count_unsent(self);
    eddy__pieces_clear(&core->pool, &self->tx);
    eddy__pipe_drop_unread(self);
    eddy__alarm_stop(core, &self->alarm);
    if (self->path != NULL)
        eddy__slab_free(&core->slab, self->path, strlen(self->path) + 1);
    self->path = NULL;
    if (self->pooled != NULL)
        eddy__pooled_leave(self->pooled);
    self->pooled = NULL;
}

const eddy__source_type eddy__pipe_type = {
    .name = "pipe",
    .size_bytes = sizeof(eddy_pipe),
    .event = pipe_event,
    .tend = pipe_tend,
    .ended = pipe_ended,
    .busy = pipe_busy,
};

/* ---- an alarm for two things, of which the second comes when the first is over ---- */

void eddy__pipe_open_later(eddy_pipe *self)
{
    self->ready.source.flags |= EDDY__SOURCE_ENDS;
    self->retry_ns = self->retry_ns == 0 ? RETRY_MIN_NS : 2 * self->retry_ns;
    if (self->retry_ns > RETRY_MAX_NS)
        self->retry_ns = RETRY_MAX_NS;
    eddy__alarm_start(eddy__pipe_core(self), &self->alarm, self->retry_ns);
}

static void try_open(eddy_pipe *self)
{
    int fd = eddy__fifo_open(self->path, false, true);
    int error = fd >= 0 ? eddy__source_attach(&self->ready.source, fd, EDDY__SLOT_READY) : fd;

    if (error == -ENXIO) {
        eddy__pipe_open_later(self);
        return;
    }
    if (error != 0 && fd >= 0)
        eddy__pipe_close(fd);
    if (error != 0)
        eddy__pipe_write_fail(self, error);
    eddy__pipe_stir(self);
}

static void alarm_fires(eddy__alarm *alarm)
{
    eddy_pipe *self = EDDY__CONTAINER(alarm, eddy_pipe, alarm);

    if ((self->ready.source.flags & EDDY__SOURCE_ENDS) != 0) {
        try_open(self);
        return;
    }
    self->ready.source.flags |= EDDY__PIPE_TIMED_OUT;
    eddy__source_attend(&self->ready.source);
}

/* ---- making and giving back ---- */

eddy_pipe *eddy__pipe_new(eddy_core *core, const eddy__pipe_facts *facts)
{
    eddy__source *source = eddy__source_new(core, &eddy__pipe_type);
    eddy_pipe *self;

    if (source == NULL)
        return NULL;
    self = pipe_of(source);
    self->io.type = &eddy__pipe_io;
    self->linger_ns = EDDY__PIPE_LINGER_NS;
    eddy__alarm_init(&self->alarm, alarm_fires);
    source->flags |= facts->reads ? EDDY__PIPE_READS : 0;
    source->flags |= facts->writes ? EDDY__PIPE_WRITES : 0;
    source->flags |= facts->sort == EDDY__PIPE_SOCKET ? EDDY__PIPE_IS_SOCKET : 0;
    return self;
}

/* Only the task that gives it back may still be waiting here. */
static void forget_waiters(eddy_pipe *self)
{
    for (int side = EDDY__SIDE_READ; side <= EDDY__SIDE_WRITE; side++) {
        eddy_waiter *waiter = &self->ready.waiters[side];

        if (waiter->branch == NULL)
            continue;
        EDDY_ASSERT(eddy__pipe_core(self)->gone || eddy__waiter_is_polled(waiter),
                    "a pipe is freed while task '%s' waits for %s", eddy__waiter_name(waiter),
                    waiter->type->why);
        eddy_waiter_clear(waiter);
    }
}

/* What was accepted is still on its way. */
static bool linger(eddy_pipe *self)
{
    eddy_core *core = eddy__pipe_core(self);

    eddy__pipe_flush(self);
    if (eddy__pipe_is_drained(self) || !is_attached(self))
        return false;
    self->ready.source.flags |= EDDY__PIPE_FREED | EDDY__PIPE_FIN_WANTED | EDDY__PIPE_SHUT;
    eddy__pipe_drop_unread(self);
    eddy__alarm_start(core, &self->alarm, self->linger_ns);
    eddy__source_attend(&self->ready.source);
    return true;
}

void eddy__pipe_free(eddy_io *io)
{
    eddy_pipe *self = EDDY__CONTAINER(io, eddy_pipe, io);
    eddy_core *core = eddy__pipe_core(self);

    if (!core->gone)
        eddy__core_check(core, "eddy_pipe_free");
    forget_waiters(self);
    if (!core->gone && !linger(self))
        eddy__source_detach(&self->ready.source);
    eddy__source_release(&self->ready.source);
}

void eddy__pipe_abort(eddy_io *io)
{
    eddy_pipe *self = EDDY__CONTAINER(io, eddy_pipe, io);
    eddy_core *core = eddy__pipe_core(self);

    if (!core->gone)
        eddy__core_check(core, "eddy_io_abort");
    forget_waiters(self);
    if (!core->gone) {
        self->write_error = -ECANCELED; /* thrown away on purpose, so not counted as cut off */
        eddy__source_detach(&self->ready.source);
    }
    eddy__source_release(&self->ready.source);
}

void eddy_pipe_free(eddy_pipe *self)
{
    if (self != NULL)
        eddy_io_free(&self->io);
}

eddy_io *eddy_pipe_io(eddy_pipe *self)
{
    return &self->io;
}

bool eddy_pipe_is_pooled(const eddy_pipe *self)
{
    return self->pooled != NULL;
}
