/* SPDX-License-Identifier: MIT */
/*
 * copy.c - all that one byte stream receives to another.
 *
 * It goes piece by piece: wait until something is in view, forward that, which waits for room. What was
 * not accepted stays where it is, so there is nothing to lose here.
 */
#include <errno.h>

#include "io/copy.h"
#include "net/tcp.h"

eddy_result eddy__copy_told(struct eddy_copy *self, eddy_io *stream, eddy_result result)
{
    if (eddy_is_error(result) && result != -ECANCELED)
        self->failed = stream;
    return result;
}

/* A TCP stream sends what was written at the end of the turn; to wait for that would be a wake for
 * nothing. Of others we do not know. */
static bool sends_by_itself(const eddy_io *stream)
{
    return stream->type == &eddy__tcp_io;
}

/* Nothing is there to be copied: then nobody must wait for what was. EDDY_PENDING, or an error. */
static eddy_result flush_meanwhile(struct eddy_copy *self, eddy_task *task)
{
    eddy_result n;

    if ((self->state & EDDY__COPY_UNSENT) == 0)
        return EDDY_PENDING;
    n = eddy_io_poll_flush(self->to, task);
    if (n != 0)
        return eddy__copy_told(self, self->to, n);
    self->state &= ~(uint32_t)EDDY__COPY_UNSENT;
    return EDDY_PENDING;
}

/* 1: something is in view; 0: the end; EDDY_PENDING; an error. */
static eddy_result fill(struct eddy_copy *self, eddy_task *task)
{
    eddy_result n;

    if ((self->state & EDDY__COPY_FILLED) != 0)
        return 1;
    n = eddy_io_poll_fill(self->from, task, 1);
    if (n == EDDY_PENDING)
        return flush_meanwhile(self, task);
    if (n > 0)
        self->state |= EDDY__COPY_FILLED;
    return eddy__copy_told(self, self->from, n);
}

static void forwarded(struct eddy_copy *self, size_t len)
{
    EDDY_ASSERT(len > 0, "a %s stream has accepted 0 bytes of some", self->to->type->name);
    self->copied += len;
    self->state &= ~(uint32_t)EDDY__COPY_FILLED;
    if (!sends_by_itself(self->to))
        self->state |= EDDY__COPY_UNSENT;
}

/* Streams that are always ready, both of them, may be of types that know of no budget. */
eddy_result eddy__copy_poll_end(struct eddy_copy *self, eddy_task *task)
{
    for (bool again = false; (self->state & EDDY__COPY_ENDED) == 0; again = true) {
        eddy_result n;

        if (again && !eddy__task_spend(task))
            return eddy__task_yield(task);
        n = fill(self, task);
        if (n < 0)
            return n;
        if (n == 0) {
            self->state |= EDDY__COPY_ENDED;
            break;
        }
        n = eddy_io_poll_forward(self->from, self->to, task);
        if (n < 0)
            return eddy__copy_told(self, self->to, n);
        forwarded(self, (size_t)n);
    }
    return 0;
}

/* ---- as a future ---- */

static eddy_result copy_poll(eddy_future *frame, eddy_task *task)
{
    struct eddy_copy *self = (struct eddy_copy *)(void *)frame;
    eddy_result n = eddy__copy_poll_end(self, task);

    if (n == 0)
        n = eddy__copy_told(self, self->to, eddy_io_poll_flush(self->to, task));
    return n == 0 ? (eddy_result)self->copied : n;
}

const eddy_type eddy_copy_type = {
    copy_poll, eddy__done_nothing, sizeof(struct eddy_copy), "copy", NULL,
};

struct boxed_copy {
    struct eddy_copy copy;
    uint64_t *counter; /* the caller's; NULL: not wanted */
};

static eddy_result boxed_poll(eddy_future *frame, eddy_task *task)
{
    struct boxed_copy *self = (struct boxed_copy *)(void *)frame;
    uint64_t before = self->copy.copied;
    eddy_result n = copy_poll(frame, task);

    if (self->counter != NULL)
        *self->counter += self->copy.copied - before;
    return n;
}

static const eddy_type boxed_type = {
    boxed_poll, eddy__done_nothing, sizeof(struct boxed_copy), "io_copy", NULL,
};

eddy_future *eddy_io_copy(eddy_handle *handle, eddy_io *from, eddy_io *to, uint64_t *copied)
{
    struct boxed_copy boxed = {
        .copy = {.frame = {.type = &boxed_type}, .from = from, .to = to},
        .counter = copied,
    };

    eddy__core_check(handle->core, "eddy_io_copy");
    return eddy_box(handle, &boxed.copy.frame);
}
