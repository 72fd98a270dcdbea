/* SPDX-License-Identifier: MIT */
/*
 * adapt_timed.c - limits on how long a read or a write may wait, and on how long nothing may move.
 *
 * A wait begins at the first "not yet" after an answer. Who drops it is not to be told at once when he
 * comes again an hour later, nor may dropping in a loop make the limit longer: so its time stands still
 * from the drop on, until somebody waits again.
 */
#include <errno.h>

#include "io/adapt.h"
#include "time/sleep.h"

struct side {
    eddy_sleep sleep;
    int64_t limit_ns; /* 0: none */
    int64_t since_ns; /* the wait's beginning, moved on by its pauses */
    int64_t left_ns;  /* when it was dropped */
    bool waiting;
    bool paused;
};

struct timed {
    eddy__adapt base;
    struct side in, out;
    int64_t idle_ns;
    int64_t moved_ns; /* when something was read or written last */
};

static void pause_side(eddy_waiter *waiter)
{
    eddy_sleep *sleep = EDDY__CONTAINER(waiter, eddy_sleep, waiter);
    struct side *self = EDDY__CONTAINER(sleep, struct side, sleep);

    eddy__sleep_disarm(waiter);
    self->paused = true;
    self->left_ns = eddy__core_now(sleep->core);
}

static const eddy_wait_type read_wait = {"timed: read", pause_side, false};
static const eddy_wait_type write_wait = {"timed: write", pause_side, false};

static struct timed *timed_of(const eddy_io *io)
{
    return (struct timed *)(void *)eddy__adapt_of(io);
}

/* ---- a wait ---- */

static void begin_or_go_on(struct side *self, int64_t now_ns)
{
    if (!self->waiting)
        self->since_ns = now_ns;
    else if (self->paused)
        self->since_ns += now_ns - self->left_ns;
    self->waiting = true;
    self->paused = false;
}

static int64_t due_ns(const struct timed *self, const struct side *side)
{
    int64_t when_ns = EDDY_FOREVER;

    if (side->limit_ns > 0)
        when_ns = eddy__time_add(side->since_ns, side->limit_ns);
    if (self->idle_ns > 0) {
        int64_t moved_ns = self->moved_ns > side->since_ns ? self->moved_ns : side->since_ns;
        int64_t idle_ns = eddy__time_add(moved_ns, self->idle_ns);

        when_ns = idle_ns < when_ns ? idle_ns : when_ns;
    }
    return when_ns;
}

/* A request to end is left to what is inside, see eddy__limit_poll(). */
static eddy_result poll_shielded(eddy_sleep *sleep, eddy_task *task, const eddy_wait_type *type)
{
    eddy_result result;

    eddy_task_shield(task, true);
    result = eddy__sleep_poll_as(sleep, task, type);
    eddy_task_shield(task, false);
    return result;
}

static eddy_result wait_on(struct timed *self, struct side *side, eddy_task *task,
                           const eddy_wait_type *type)
{
    int64_t when_ns;

    if (side->limit_ns == 0 && self->idle_ns == 0)
        return EDDY_PENDING;
    begin_or_go_on(side, eddy__core_now(task->core));
    when_ns = due_ns(self, side);
    eddy_sleep_start_at(&side->sleep, task, when_ns);
    if (poll_shielded(&side->sleep, task, type) == EDDY_PENDING)
        return EDDY_PENDING;
    side->waiting = false;
    return eddy_why_note(task, type->why, NULL, -ETIMEDOUT);
}

/* What the inner stream has answered. */
static eddy_result within(struct timed *self, struct side *side, eddy_task *task,
                          const eddy_wait_type *type, eddy_result result)
{
    if (result == EDDY_PENDING)
        return wait_on(self, side, task, type);
    side->waiting = false;
    if (side->sleep.waiter.branch != NULL)
        eddy_sleep_stop(&side->sleep, task);
    if (result > 0 && self->idle_ns > 0)
        self->moved_ns = eddy__core_now(self->base.core);
    return result;
}

/* ---- the trait ---- */

static eddy_result timed_fill(eddy_io *io, eddy_task *task, size_t min)
{
    struct timed *self = timed_of(io);

    return within(self, &self->in, task, &read_wait, eddy__through_fill(io, task, min));
}

static eddy_result timed_writev(eddy_io *io, eddy_task *task, const eddy_bytes *parts, size_t count)
{
    struct timed *self = timed_of(io);

    return within(self, &self->out, task, &write_wait,
                  eddy__through_writev(io, task, parts, count));
}

static eddy_result timed_write_buf(eddy_io *io, eddy_task *task, eddy_buf *buf, size_t from,
                                   size_t len)
{
    struct timed *self = timed_of(io);

    return within(self, &self->out, task, &write_wait,
                  eddy__through_write_buf(io, task, buf, from, len));
}

static eddy_result timed_flush(eddy_io *io, eddy_task *task)
{
    struct timed *self = timed_of(io);

    return within(self, &self->out, task, &write_wait, eddy__through_flush(io, task));
}

static eddy_result timed_shutdown(eddy_io *io, eddy_task *task)
{
    struct timed *self = timed_of(io);

    return within(self, &self->out, task, &write_wait, eddy__through_shutdown(io, task));
}

static void stop(struct side *self)
{
    if (self->sleep.waiter.branch != NULL)
        eddy_sleep_stop(&self->sleep, NULL);
}

void eddy__timed_stop(eddy_io *io)
{
    if (eddy__adapt_of(io)->core->gone)
        return;
    stop(&timed_of(io)->in);
    stop(&timed_of(io)->out);
}

static void timed_forget_writer(eddy_io *io)
{
    if (!eddy__adapt_of(io)->core->gone)
        stop(&timed_of(io)->out);
    eddy__through_forget_writer(io);
}

static void timed_abort(eddy_io *io)
{
    eddy__timed_stop(io);
    eddy__through_abort(io);
}

static void timed_free(eddy_io *io)
{
    eddy__timed_stop(io);
    eddy__through_free(io);
}

const eddy_io_type eddy__timed_type = {
    .name = "timed",
    .fill = timed_fill,
    .view = eddy__through_view,
    .consume = eddy__through_consume,
    .writev = timed_writev,
    .write_buf = timed_write_buf,
    .flush = timed_flush,
    .shutdown = timed_shutdown,
    .stop_reading = eddy__through_stop_reading,
    .stop_writing = eddy__through_stop_writing,
    .abort = timed_abort,
    .free = timed_free,
    .forget_writer = timed_forget_writer,
};

eddy_io *eddy_io_timed(eddy_handle *handle, eddy_io *io, const eddy_io_timed_options *options)
{
    struct timed *self;

    if (options->size_bytes != sizeof *options || options->read_ns < 0 || options->write_ns < 0 ||
        options->idle_ns < 0)
        return eddy__adapt_invalid(io);
    self = eddy__adapt_new(handle, &eddy__timed_type, sizeof *self, io);
    if (self == NULL)
        return eddy__adapt_failed(handle, io);
    self->in.limit_ns = options->read_ns;
    self->out.limit_ns = options->write_ns;
    self->idle_ns = options->idle_ns;
    self->moved_ns = INT64_MIN;
    return &self->base.io;
}
