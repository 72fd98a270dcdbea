/* SPDX-License-Identifier: MIT */
/*
 * fd.c - foreign descriptors: latched readiness (ready.h), and the two verbs that most use it for.
 */
#include "eddy/fd.h"

#include <errno.h>

#include "net/ready.h"
#include "sys/foreign.h"

struct eddy_fd {
    eddy__ready ready; /* first; slot.keep_fd: it is not owned */
    int fd;
    bool let_go;      /* deregistered: the number may be a stranger's by now */
    bool nonblocking; /* seen to be so */
    bool no_socket;   /* see foreign.h */
    bool refused;     /* it had no room when somebody last tried */
};

#define MASK_ALL                                                                                   \
    (EDDY_FD_READABLE | EDDY_FD_WRITABLE | EDDY_FD_PRIORITY | EDDY_FD_HANGUP | EDDY_FD_ERROR)

_Static_assert((int)EDDY_FD_READABLE == (int)EDDY__IS_READABLE &&
                   (int)EDDY_FD_WRITABLE == (int)EDDY__IS_WRITABLE &&
                   (int)EDDY_FD_PRIORITY == (int)EDDY__IS_PRIORITY &&
                   (int)EDDY_FD_HANGUP == (int)EDDY__IS_HANGUP &&
                   (int)EDDY_FD_ERROR == (int)EDDY__IS_ERROR,
               "the driver's bits are handed out as they are");

static const eddy_wait_type waits[] = {
    [EDDY__SIDE_READ] = {.why = "fd: read", .external = true},
    [EDDY__SIDE_WRITE] = {.why = "fd: write", .external = true},
};

/* Nothing is queued here. */
static void fd_ended(eddy__source *source)
{
    (void)source;
}

static const eddy__source_type fd_type = {
    .name = "fd",
    .size_bytes = sizeof(eddy_fd),
    .event = eddy__ready_event,
    .ended = fd_ended,
};

static eddy_fd *fd_of(eddy__ready *ready)
{
    return EDDY__CONTAINER(ready, eddy_fd, ready);
}

int eddy_fd_new(eddy_handle *handle, int fd, const eddy_fd_options *options, eddy_fd **out)
{
    const eddy_fd_options defaults = {.size_bytes = sizeof defaults};
    eddy_core *core = handle->core;
    eddy__ready *ready;
    int error;

    if (core->gone)
        return EDDY_LOOP_GONE;
    eddy__core_check(core, "eddy_fd_new");
    if (options == NULL)
        options = &defaults;
    if (options->size_bytes != sizeof *options)
        return -EINVAL;
    if (core->sim != NULL)
        return -EOPNOTSUPP; /* the number would name a descriptor of the simulated host's */
    error = eddy__ready_new(core, &fd_type, fd, 0, &ready);
    if (error != 0)
        return error;
    ready->source.slot.keep_fd = !options->own;
    *out = fd_of(ready);
    (*out)->fd = fd;
    return 0;
}

/* ---- readiness ---- */

/* May the system still be asked about the number? */
static bool is_ours(const eddy_fd *self)
{
    return !self->let_go && !self->ready.source.core->gone;
}

static void check_mask(uint32_t mask, const char *verb)
{
    EDDY_ASSERT(mask != 0 && (mask & ~(uint32_t)MASK_ALL) == 0,
                "%s is called with 0x%x: it takes one or more of EDDY_FD_*", verb, (unsigned)mask);
}

/* The kernel wakes who waits in a socket's queue for "input or priority" whenever there is input,
 * and io_uring passes that on as it is. Only those who ask for it pay for a second look. */
static void doubt_priority(eddy_fd *self, uint32_t mask)
{
    if ((mask & self->ready.is & EDDY_FD_PRIORITY) != 0 && is_ours(self) &&
        !eddy__foreign_has_priority(self->fd))
        eddy__ready_clear(&self->ready, EDDY_FD_PRIORITY);
}

/* A refused datagram makes its sender's socket writable for a moment, and io_uring passes that wake on:
 * who tried again would be woken by his own try, for ever. */
static void doubt_room(eddy_fd *self, uint32_t mask)
{
    if (!self->refused || (mask & self->ready.is & EDDY_FD_WRITABLE) == 0 || !is_ours(self))
        return;
    if (eddy__foreign_has_room(self->fd))
        self->refused = false;
    else
        eddy__ready_clear(&self->ready, EDDY_FD_WRITABLE);
}

eddy_result eddy_fd_poll_ready(eddy_fd *self, eddy_task *task, uint32_t mask)
{
    eddy__side side = (mask & EDDY_FD_WRITABLE) != 0 ? EDDY__SIDE_WRITE : EDDY__SIDE_READ;

    check_mask(mask, "eddy_fd_poll_ready");
    doubt_priority(self, mask);
    doubt_room(self, mask);
    if (self->let_go)
        return -EBADF;
    return eddy__ready_poll(&self->ready, task, side, mask, &waits[side]);
}

eddy_result eddy_fd_poll_readable(eddy_fd *self, eddy_task *task)
{
    return eddy_fd_poll_ready(self, task, EDDY_FD_READABLE);
}

eddy_result eddy_fd_poll_writable(eddy_fd *self, eddy_task *task)
{
    return eddy_fd_poll_ready(self, task, EDDY_FD_WRITABLE);
}

void eddy_fd_clear(eddy_fd *self, uint32_t mask)
{
    check_mask(mask, "eddy_fd_clear");
    if (!self->ready.source.core->gone)
        eddy__core_check(self->ready.source.core, "eddy_fd_clear");
    eddy__ready_clear(&self->ready, mask);
    self->refused = self->refused || (mask & EDDY_FD_WRITABLE) != 0;
}

/* ---- reading and writing ---- */

/* A descriptor that blocks would do so whenever it is told ready for nothing. */
static void check_nonblocking(eddy_fd *self, const char *verb)
{
    int is;

    if (self->nonblocking || !is_ours(self))
        return;
    is = eddy__foreign_is_nonblocking(self->fd);
    EDDY_ASSERT(is != 0, "%s of descriptor %d, which is blocking: set O_NONBLOCK first", verb,
                self->fd);
    self->nonblocking = is > 0; /* else it is none any more, and the system call tells */
}

eddy_result eddy_fd_poll_read(eddy_fd *self, eddy_task *task, void *memory, size_t len)
{
    EDDY_ASSERT(len > 0, "eddy_fd_poll_read is asked for 0 bytes: ask for at least 1");
    check_nonblocking(self, "eddy_fd_poll_read");
    for (;;) {
        eddy_result n = eddy_fd_poll_readable(self, task);

        if (n < 0)
            return n;
        n = eddy__foreign_read(self->fd, memory, len);
        if (n >= 0)
            return n;
        if (n != -EAGAIN)
            return eddy_why_note(task, waits[EDDY__SIDE_READ].why, NULL, n);
        eddy_fd_clear(self, EDDY_FD_READABLE);
    }
}

eddy_result eddy_fd_poll_write(eddy_fd *self, eddy_task *task, const void *data, size_t len)
{
    EDDY_ASSERT(len > 0, "eddy_fd_poll_write is given 0 bytes: give at least 1");
    check_nonblocking(self, "eddy_fd_poll_write");
    for (;;) {
        eddy_result n = eddy_fd_poll_writable(self, task);

        if (n < 0)
            return n;
        n = eddy__foreign_write(self->fd, data, len, &self->no_socket);
        if (n >= 0)
            return n;
        if (n != -EAGAIN)
            return eddy_why_note(task, waits[EDDY__SIDE_WRITE].why, NULL, n);
        eddy_fd_clear(self, EDDY_FD_WRITABLE);
    }
}

/* ---- as a future ---- */

struct fd_ready {
    EDDY_FRAME;
    eddy_fd *fd;
    uint32_t mask;
};

static eddy_result fd_ready_poll(eddy_future *frame, eddy_task *task)
{
    const struct fd_ready *self = (const struct fd_ready *)(void *)frame;

    return eddy_fd_poll_ready(self->fd, task, self->mask);
}

static const eddy_type fd_ready_type = {fd_ready_poll, eddy__done_nothing, sizeof(struct fd_ready),
                                        "fd_ready", NULL};

eddy_future *eddy_fd_ready(eddy_handle *handle, eddy_fd *self, uint32_t mask)
{
    struct fd_ready future = {.frame = {.type = &fd_ready_type}, .fd = self, .mask = mask};

    check_mask(mask, "eddy_fd_ready");
    eddy__core_check(handle->core, "eddy_fd_ready");
    return eddy_box(handle, &future.frame);
}

/* ---- ending ---- */

int eddy_fd_number(const eddy_fd *self)
{
    return self->fd;
}

void eddy_fd_let_go(eddy_fd *self)
{
    eddy__source *source = &self->ready.source;

    if (!is_ours(self))
        return;
    eddy__core_check(source->core, "eddy_fd_let_go");
    self->let_go = true;
    source->slot.keep_fd = true;
    eddy__source_detach(source);
    eddy__ready_wake(&self->ready);
}

int eddy_fd_into_fd(eddy_fd *self)
{
    eddy__source *source = &self->ready.source;
    bool closed = source->core->gone && !source->slot.keep_fd; /* by the end of the loop */
    int fd = self->fd;

    source->slot.keep_fd = true;
    eddy__ready_free(&self->ready);
    return closed ? EDDY_LOOP_GONE : fd;
}

void eddy_fd_free(eddy_fd *self)
{
    if (self != NULL)
        eddy__ready_free(&self->ready);
}
