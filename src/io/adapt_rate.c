/* SPDX-License-Identifier: MIT */
/*
 * adapt_rate.c - so many bytes per second. Of each direction one point of time is kept: when what has
 * gone through is paid for. It may lie ahead by the time of a burst; what is worth more than that has to
 * wait until it is not. Nothing ticks: only who waits has a timer.
 */
#include <errno.h>

#include "io/adapt.h"
#include "time/sleep.h"

struct way {
    int64_t per_s; /* 0: no limit */
    int64_t burst;
    int64_t paid_ns; /* until when */
    eddy_sleep sleep;
};

struct rate {
    eddy__adapt base;
    struct way in, out;
    size_t allowed; /* bytes that a view may show */
};

static const eddy_wait_type read_wait = {"rate: read", eddy__sleep_disarm, false};
static const eddy_wait_type write_wait = {"rate: write", eddy__sleep_disarm, false};

static struct rate *rate_of(const eddy_io *io)
{
    return (struct rate *)(void *)eddy__adapt_of(io);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What so many bytes take; more than 2^31 - 1 are as many. */
static int64_t cost_ns(const struct way *self, size_t bytes)
{
    int64_t len = bytes < INT32_MAX ? (int64_t)bytes : INT32_MAX;

    return (len * EDDY_SECOND + self->per_s - 1) / self->per_s;
}

/* When a burst could begin again, and so the point from which on time is worth bytes. */
static int64_t free_from_ns(const struct way *self)
{
    return self->paid_ns - cost_ns(self, (size_t)self->burst);
}

/* How many bytes may go now. */
static size_t allowance(const struct way *self, int64_t now_ns)
{
    int64_t span_ns;

    if (self->per_s == 0)
        return SIZE_MAX;
    if (self->paid_ns <= now_ns)
        return (size_t)self->burst;
    span_ns = now_ns - free_from_ns(self);
    if (span_ns <= 0)
        return 0;
    /* Both factors are within a burst's: the product is below 2^31 seconds in ns. */
    return (size_t)smaller(span_ns * self->per_s / EDDY_SECOND, self->burst);
}

static void pay(struct way *self, eddy_core *core, size_t len)
{
    int64_t now_ns;

    if (self->per_s == 0 || len == 0)
        return;
    now_ns = eddy__core_now(core);
    if (self->paid_ns < now_ns)
        self->paid_ns = now_ns;
    self->paid_ns = eddy__time_add(self->paid_ns, cost_ns(self, len));
}

/* Wait until `want` bytes, or a burst, may go. 0: they may, *allowed: so many, at least. */
static eddy_result wait_for(struct way *self, eddy_task *task, size_t want,
                            const eddy_wait_type *type, size_t *allowed)
{
    size_t least = self->per_s == 0 ? 0 : (size_t)smaller((int64_t)want, self->burst);
    eddy_result result;

    *allowed = allowance(self, eddy__core_now(task->core));
    if (*allowed >= least) {
        if (self->sleep.waiter.branch != NULL)
            eddy_sleep_stop(&self->sleep, task);
        return 0;
    }
    eddy_sleep_start_at(&self->sleep, task,
                        eddy__time_add(free_from_ns(self), cost_ns(self, least)));
    result = eddy__sleep_poll_as(&self->sleep, task, type);
    *allowed = least;
    return result;
}

/* ---- reading ---- */

static eddy_result rate_fill(eddy_io *io, eddy_task *task, size_t min)
{
    struct rate *self = rate_of(io);
    size_t allowed;
    eddy_result n;

    if (!eddy__adapt_enter(io, task))
        return EDDY_LOOP_GONE;
    n = wait_for(&self->in, task, min < INT32_MAX ? min : INT32_MAX, &read_wait, &allowed);
    if (n < 0)
        return n;
    n = eddy_io_poll_fill(self->base.inner, task, min);
    if (n < 0)
        return n;
    self->allowed = allowed > min ? allowed : min;
    return (size_t)n > self->allowed ? (eddy_result)self->allowed : n;
}

static eddy_bytes rate_view(const eddy_io *io)
{
    const struct rate *self = rate_of(io);
    eddy_bytes view = eddy_io_view(self->base.inner);

    if (view.len > self->allowed)
        view.len = self->allowed;
    return view;
}

static void rate_consume(eddy_io *io, size_t len)
{
    struct rate *self = rate_of(io);

    eddy__adapt_check_consume(len, rate_view(io).len);
    eddy_io_consume(self->base.inner, len);
    self->allowed -= len;
    if (!self->base.core->gone)
        pay(&self->in, self->base.core, len);
}

/* ---- writing ---- */

enum { PARTS_MAX = 16 };

static size_t total_of(const eddy_bytes *parts, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += parts[i].len;
    return total;
}

/* Copy the parts that hold the first `most` bytes; as many as there are places for. */
static size_t cut_off(eddy_bytes *cut, const eddy_bytes *parts, size_t count, size_t most)
{
    size_t n = 0;

    for (; n < count && n < PARTS_MAX && most > 0; n++) {
        cut[n] = parts[n];
        if (cut[n].len > most)
            cut[n].len = most;
        most -= cut[n].len;
    }
    return n;
}

/* Half a burst is worth a write. */
static eddy_result wait_to_write(struct rate *self, eddy_task *task, size_t len, size_t *allowed)
{
    size_t half = self->out.burst > 1 ? (size_t)self->out.burst / 2 : 1;

    return wait_for(&self->out, task, len < half ? len : half, &write_wait, allowed);
}

static eddy_result paid(struct rate *self, eddy_result n)
{
    if (n > 0)
        pay(&self->out, self->base.core, (size_t)n);
    return n;
}

static eddy_result rate_writev(eddy_io *io, eddy_task *task, const eddy_bytes *parts, size_t count)
{
    struct rate *self = rate_of(io);
    size_t total = total_of(parts, count), allowed;
    eddy_bytes cut[PARTS_MAX];
    eddy_result n;

    if (!eddy__adapt_enter(io, task))
        return EDDY_LOOP_GONE;
    n = wait_to_write(self, task, total, &allowed);
    if (n < 0)
        return n;
    if (total <= EDDY_IO_WRITE_WHOLE || total <= allowed)
        return paid(self, eddy_io_poll_writev(self->base.inner, task, parts, count));
    count = cut_off(cut, parts, count, allowed);
    return paid(self, eddy_io_poll_writev(self->base.inner, task, cut, count));
}

static eddy_result rate_write_buf(eddy_io *io, eddy_task *task, eddy_buf *buf, size_t from,
                                  size_t len)
{
    struct rate *self = rate_of(io);
    size_t allowed;
    eddy_result n;

    if (!eddy__adapt_enter(io, task))
        return EDDY_LOOP_GONE;
    n = wait_to_write(self, task, len, &allowed);
    if (n < 0)
        return n;
    return paid(self, eddy_io_poll_write_buf(self->base.inner, task, buf, from, len));
}

/* ---- beginning and end ---- */

static void stop(struct way *self)
{
    if (self->sleep.waiter.branch != NULL)
        eddy_sleep_stop(&self->sleep, NULL);
}

void eddy__rate_stop(eddy_io *io)
{
    if (eddy__adapt_of(io)->core->gone)
        return;
    stop(&rate_of(io)->in);
    stop(&rate_of(io)->out);
}

static void rate_forget_writer(eddy_io *io)
{
    if (!eddy__adapt_of(io)->core->gone)
        stop(&rate_of(io)->out);
    eddy__through_forget_writer(io);
}

static void rate_abort(eddy_io *io)
{
    eddy__rate_stop(io);
    eddy__through_abort(io);
}

static void rate_free(eddy_io *io)
{
    eddy__rate_stop(io);
    eddy__through_free(io);
}

const eddy_io_type eddy__rate_type = {
    .name = "rate",
    .fill = rate_fill,
    .view = rate_view,
    .consume = rate_consume,
    .writev = rate_writev,
    .write_buf = rate_write_buf,
    .flush = eddy__through_flush,
    .shutdown = eddy__through_shutdown,
    .stop_reading = eddy__through_stop_reading,
    .stop_writing = eddy__through_stop_writing,
    .abort = rate_abort,
    .free = rate_free,
    .forget_writer = rate_forget_writer,
};

static int64_t cut(uint64_t value)
{
    return value < INT32_MAX ? (int64_t)value : INT32_MAX;
}

static void init_way(struct way *self, uint64_t per_s, size_t burst, int64_t now_ns)
{
    self->paid_ns = now_ns;
    self->per_s = cut(per_s);
    self->burst = cut(burst == 0 ? per_s / 10 : burst);
    if (self->burst == 0)
        self->burst = 1;
}

eddy_io *eddy_io_rate(eddy_handle *handle, eddy_io *io, const eddy_io_rate_options *options)
{
    struct rate *self;
    int64_t now_ns;

    if (options->size_bytes != sizeof *options)
        return eddy__adapt_invalid(io);
    self = eddy__adapt_new(handle, &eddy__rate_type, sizeof *self, io);
    if (self == NULL)
        return eddy__adapt_failed(handle, io);
    now_ns = eddy__core_now(handle->core);
    init_way(&self->in, options->read_per_s, options->burst_bytes, now_ns);
    init_way(&self->out, options->write_per_s, options->burst_bytes, now_ns);
    return &self->base.io;
}
