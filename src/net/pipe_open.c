/* SPDX-License-Identifier: MIT */
/*
 * pipe_open.c - where pipes come from: a descriptor of whatever kind, a pair, a FIFO, standard input
 * and output. What a descriptor is decides how it is read and written, see eddy/pipe.h.
 */
#include <errno.h>
#include <string.h>

#include "net/pipe.h"

/* What becomes of one that is being made. */
typedef struct opening {
    eddy_core *core;
    eddy__pipe_facts facts;
    eddy_pool *pool;
    int64_t linger_ns;
} opening;

/* Take over `fd`, which is the pipe's when this succeeds, but for one that is to be kept. */
static int attach(const opening *how, int fd, bool keep_fd, eddy_pipe **out)
{
    eddy_pipe *self = eddy__pipe_new(how->core, &how->facts);
    int error;

    if (self == NULL)
        return -ENOMEM;
    self->ready.source.slot.keep_fd = keep_fd;
    error = eddy__source_attach(&self->ready.source, fd, EDDY__SLOT_READY);
    if (error != 0) {
        eddy__source_release(&self->ready.source);
        return error;
    }
    self->ready.is = EDDY__IS_READABLE | EDDY__IS_WRITABLE; /* until it is found not to be so */
    if (how->linger_ns > 0)
        self->linger_ns = how->linger_ns;
    *out = self;
    return 0;
}

/* What is watched is the eventfd of the pool's threads, which is not the driver's to close. On error the
 * descriptor is still the caller's. */
static int attach_pooled(opening *how, int fd, eddy_pipe **out)
{
    eddy__pooled *pooled;
    int error;

    if (how->pool == NULL)
        return -EPERM;
    pooled = eddy__pooled_new(how->pool, fd, &how->facts, &error);
    if (pooled == NULL)
        return error;
    error = attach(how, eddy__pooled_wake(pooled), true, out);
    if (error != 0) {
        eddy__pooled_leave(pooled);
        return error;
    }
    (*out)->pooled = pooled;
    eddy__pooled_own(pooled);
    eddy__pipe_close_on_exec(fd);
    return 0;
}

/* A thread may still use a shared one when its owner has closed it, and the number is a stranger's: so
 * it uses a copy. */
static int attach_copy(opening *how, int fd, eddy_pipe **out)
{
    int copy = eddy__pipe_copy(fd);
    int error;

    if (copy < 0)
        return copy;
    error = attach_pooled(how, copy, out);
    if (error != 0)
        eddy__pipe_close(copy);
    return error;
}

static int take_own(opening *how, int fd, eddy_pipe **out)
{
    int error;

    if (how->facts.sort == EDDY__PIPE_FILE)
        return attach_pooled(how, fd, out);
    error = eddy__pipe_make_own(fd, &how->facts);
    if (error == 0)
        error = attach(how, fd, false, out);
    if (error == 0)
        return 0;
    eddy__pipe_restore(fd, &how->facts);
    return error == -EPERM ? attach_pooled(how, fd, out) : error;
}

static int take_shared(opening *how, int fd, eddy_pipe **out)
{
    int copy, error;

    if (how->facts.sort == EDDY__PIPE_SOCKET)
        return attach(how, fd, true, out);
    if (how->facts.sort != EDDY__PIPE_FIFO && how->facts.sort != EDDY__PIPE_TTY)
        return attach_copy(how, fd, out);
    copy = eddy__pipe_reopen(fd, &how->facts);
    if (copy < 0) /* another user's terminal, no /proc, a FIFO that nobody reads */
        return copy == -EMFILE || copy == -ENFILE ? copy : attach_copy(how, fd, out);
    error = attach(how, copy, false, out);
    if (error != 0)
        eddy__pipe_close(copy);
    return error;
}

/* 0: something can be opened on this loop. */
static int check_loop(eddy_core *core, const char *verb)
{
    if (core->gone)
        return EDDY_LOOP_GONE;
    eddy__core_check(core, verb);
    return core->sim != NULL ? -EOPNOTSUPP : 0;
}

int eddy_pipe_new(eddy_handle *handle, int fd, const eddy_pipe_options *options, eddy_pipe **out)
{
    const eddy_pipe_options defaults = {.size_bytes = sizeof defaults};
    opening how = {.core = handle->core};
    int error = check_loop(handle->core, "eddy_pipe_new");

    if (options == NULL)
        options = &defaults;
    if (error == 0 && (options->size_bytes != sizeof *options || options->linger_ns < 0))
        error = -EINVAL;
    if (error == 0)
        error = eddy__pipe_examine(fd, &how.facts);
    if (error != 0)
        return error;
    how.pool = options->pool;
    how.linger_ns = options->linger_ns;
    return options->shared ? take_shared(&how, fd, out) : take_own(&how, fd, out);
}

int eddy_pipe_pair(eddy_handle *handle, eddy_pipe **reader, eddy_pipe **writer)
{
    opening in = {.core = handle->core, .facts = {.sort = EDDY__PIPE_FIFO, .reads = true}};
    opening out = {.core = handle->core, .facts = {.sort = EDDY__PIPE_FIFO, .writes = true}};
    eddy_pipe *first = NULL;
    int fds[2];
    int error = check_loop(handle->core, "eddy_pipe_pair");

    if (error == 0)
        error = eddy__pipe_pair(fds);
    if (error != 0)
        return error;
    error = attach(&in, fds[0], false, &first);
    if (error != 0)
        eddy__pipe_close(fds[0]);
    else
        error = attach(&out, fds[1], false, writer);
    if (error != 0) {
        eddy__pipe_close(fds[1]);
        eddy_pipe_free(first);
        return error;
    }
    *reader = first;
    return 0;
}

/* ---- FIFOs ---- */

static int open_fifo(eddy_core *core, const char *path, eddy_fifo_end end, eddy_pipe **out)
{
    bool reads = end != EDDY_FIFO_WRITE;
    opening how = {.core = core,
                   .facts = {.sort = EDDY__PIPE_FIFO, .reads = reads, .writes = !reads}};
    int fd = eddy__fifo_open(path, reads, end != EDDY_FIFO_READ);
    int error;

    if (fd < 0)
        return fd;
    error = attach(&how, fd, false, out);
    if (error != 0)
        eddy__pipe_close(fd);
    else
        (*out)->ready.source.flags |= EDDY__PIPE_IS_FIFO;
    return error;
}

/* A writer that waits for its reader. */
static int open_later(eddy_core *core, const char *path, eddy_pipe **out)
{
    const eddy__pipe_facts facts = {.sort = EDDY__PIPE_FIFO, .writes = true};
    size_t size = strlen(path) + 1;
    eddy_pipe *self = eddy__pipe_new(core, &facts);

    if (self == NULL)
        return -ENOMEM;
    self->path = eddy__slab_alloc(&core->slab, size);
    if (self->path == NULL) {
        eddy__source_release(&self->ready.source);
        return -ENOMEM;
    }
    memcpy(self->path, path, size);
    eddy__pipe_open_later(self);
    *out = self;
    return 0;
}

int eddy_fifo_open(eddy_handle *handle, const char *path, eddy_fifo_end end, eddy_pipe **out)
{
    int error = check_loop(handle->core, "eddy_fifo_open");

    if (error != 0)
        return error;
    if ((unsigned)end > EDDY_FIFO_WRITE)
        return -EINVAL;
    error = open_fifo(handle->core, path, end, out);
    return error == -ENXIO ? open_later(handle->core, path, out) : error;
}

/* ---- standard input and output ---- */

static int standard(eddy_handle *handle, int fd, eddy_pool *pool, eddy_pipe **out)
{
    const eddy_pipe_options options = {.size_bytes = sizeof options, .shared = true, .pool = pool};

    return eddy_pipe_new(handle, fd, &options, out);
}

int eddy_stdin(eddy_handle *handle, eddy_pool *pool, eddy_pipe **out)
{
    return standard(handle, 0, pool, out);
}

int eddy_stdout(eddy_handle *handle, eddy_pool *pool, eddy_pipe **out)
{
    return standard(handle, 1, pool, out);
}

int eddy_stderr(eddy_handle *handle, eddy_pool *pool, eddy_pipe **out)
{
    return standard(handle, 2, pool, out);
}
