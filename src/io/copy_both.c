/* SPDX-License-Identifier: MIT */
/*
 * copy_both.c - two copies between the same two byte streams, one each way, and the limits around them.
 *
 * Both are polled at each poll. Which of them first changes every time: a source that never pauses
 * spends the task's budget, and the other way has its turn in the next poll.
 */
#include <errno.h>

#include "eddy/compose.h"
#include "io/copy.h"
#include "reactor/core.h"
#include "time/sleep.h"

enum {
    STARTED = 1 << 0,
    B_FIRST = 1 << 1, /* in the next poll */
};

/* ---- one of the ways ---- */

/* 0: it is over, at every later call too; EDDY_PENDING; an error, and way->failed says whose. */
static eddy_result poll_way(struct eddy_copy *way, eddy_task *task)
{
    eddy_result n;

    if ((way->state & EDDY__COPY_OVER) != 0)
        return 0;
    n = eddy__copy_poll_end(way, task);
    if (n != 0)
        return n;
    n = eddy_io_poll_shutdown(way->to, task);
    if (n == 0)
        way->state |= EDDY__COPY_OVER;
    return eddy__copy_told(way, way->to, n);
}

static bool is_over(const struct eddy_copy *way)
{
    return (way->state & EDDY__COPY_OVER) != 0;
}

/* ---- limits ---- */

/* Something that grows whenever there was progress. */
static uint64_t progress(const struct eddy_copy_bidirectional *self)
{
    return self->a_to_b.copied + self->b_to_a.copied + (uint64_t)is_over(&self->a_to_b) +
           (uint64_t)is_over(&self->b_to_a);
}

/* 0: none. */
static int64_t limit_ns(const struct eddy_copy_bidirectional *self)
{
    bool half = is_over(&self->a_to_b) || is_over(&self->b_to_a);

    if (!half || self->half_close_timeout_ns == 0)
        return self->idle_timeout_ns;
    if (self->idle_timeout_ns == 0 || self->half_close_timeout_ns < self->idle_timeout_ns)
        return self->half_close_timeout_ns;
    return self->idle_timeout_ns;
}

/* The one that has not ended, when the other has. */
static eddy_io *last_one(const struct eddy_copy_bidirectional *self)
{
    if (is_over(&self->a_to_b) == is_over(&self->b_to_a))
        return NULL;
    return is_over(&self->a_to_b) ? self->b : self->a;
}

/* EDDY_PENDING or -ETIMEDOUT. */
static eddy_result wait_within(struct eddy_copy_bidirectional *self, eddy_task *task, bool moved)
{
    int64_t ns = limit_ns(self);
    eddy_result n;

    if (ns == 0)
        return EDDY_PENDING;
    if (moved || !self->limit.started)
        eddy_sleep_start(&self->limit, task, ns);
    n = eddy__limit_poll(&self->limit, task);
    if (n == -ETIMEDOUT)
        self->failed = last_one(self);
    return n;
}

/* ---- both ---- */

static void start(struct eddy_copy_bidirectional *self)
{
    self->state |= STARTED;
    self->a_to_b.from = self->b_to_a.to = self->a;
    self->a_to_b.to = self->b_to_a.from = self->b;
}

/* 0: both are over. */
static eddy_result poll_ways(struct eddy_copy_bidirectional *self, eddy_task *task)
{
    bool b_first = (self->state & B_FIRST) != 0;
    struct eddy_copy *first = b_first ? &self->b_to_a : &self->a_to_b;
    struct eddy_copy *second = b_first ? &self->a_to_b : &self->b_to_a;
    eddy_result n = poll_way(first, task);
    eddy_result other = eddy_is_error(n) ? n : poll_way(second, task);

    self->state ^= B_FIRST;
    self->failed = first->failed != NULL ? first->failed : second->failed;
    return eddy_is_error(other) || n == 0 ? other : n;
}

static eddy_result both_poll(eddy_future *frame, eddy_task *task)
{
    struct eddy_copy_bidirectional *self = (struct eddy_copy_bidirectional *)(void *)frame;
    uint64_t before = progress(self);
    eddy_result n;

    if ((self->state & STARTED) == 0)
        start(self);
    n = poll_ways(self, task);
    if (n == EDDY_PENDING)
        return wait_within(self, task, progress(self) != before);
    return n == 0 ? (eddy_result)(self->a_to_b.copied + self->b_to_a.copied) : n;
}

const eddy_type eddy_copy_bidirectional_type = {
    both_poll, eddy__done_nothing, sizeof(struct eddy_copy_bidirectional), "copy_bidirectional",
    NULL,
};

/* ---- boxed ---- */

struct boxed_both {
    struct eddy_copy_bidirectional both;
    eddy_copied *copied; /* the caller's; NULL: not wanted */
};

static void tell(const struct boxed_both *self)
{
    if (self->copied != NULL)
        *self->copied =
            (eddy_copied){self->both.a_to_b.copied, self->both.b_to_a.copied, self->both.failed};
}

static eddy_result boxed_poll(eddy_future *frame, eddy_task *task)
{
    eddy_result n = both_poll(frame, task);

    tell((struct boxed_both *)(void *)frame);
    return n;
}

static const eddy_type boxed_type = {
    boxed_poll, eddy__done_nothing, sizeof(struct boxed_both), "io_copy_bidirectional", NULL,
};

static bool is_valid(const eddy_copy_options *options)
{
    return options->size_bytes == sizeof *options && options->half_close_timeout_ns >= 0 &&
           options->idle_timeout_ns >= 0;
}

eddy_future *eddy_io_copy_bidirectional(eddy_handle *handle, eddy_io *a, eddy_io *b,
                                        const eddy_copy_options *options, eddy_copied *copied)
{
    struct boxed_both *self;

    eddy__core_check(handle->core, "eddy_io_copy_bidirectional");
    if (options != NULL && !is_valid(options))
        return eddy_ready(handle, -EINVAL);
    self = eddy__future_new(handle->core, &boxed_type);
    if (self == NULL)
        return eddy__future_failed(handle->core);
    self->both.a = a;
    self->both.b = b;
    if (options != NULL) {
        self->both.half_close_timeout_ns = options->half_close_timeout_ns;
        self->both.idle_timeout_ns = options->idle_timeout_ns;
    }
    self->copied = copied;
    tell(self);
    return &self->both.frame;
}
