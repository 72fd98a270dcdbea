/* SPDX-License-Identifier: MIT */
/*
 * pipes.h - for tests of pipes: the verbs of a byte stream as futures that run in one line, and
 * descriptors of every kind. Included once per test program.
 */
#ifndef EDDY_TEST_PIPES_H
#define EDDY_TEST_PIPES_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/net.h"
#include "eddy/pipe.h"

/* ---- verbs ---- */

typedef enum talk_verb {
    FILL,
    READ,
    WRITE,
    WRITEV,
    WRITE_ALL,
    WRITE_BUF,
    FORWARD,
    FLUSH,
    SHUTDOWN
} talk_verb;

struct talk {
    EDDY_FRAME;
    eddy_io *io, *to;
    talk_verb verb;
    void *memory;
    size_t len;
    eddy_bytes *rest;
    const eddy_bytes *parts; /* `len` of them */
    eddy_buf *buf;
    eddy_result *result; /* EDDY_PENDING until it is over; may be NULL */
};

static inline eddy_result talk_once(struct talk *self, eddy_task *task)
{
    switch (self->verb) {
    case FILL:
        return eddy_io_poll_fill(self->io, task, self->len);
    case READ:
        return eddy_io_poll_read(self->io, task, self->memory, self->len);
    case WRITE:
        return eddy_io_poll_write(self->io, task, self->memory, self->len);
    case WRITEV:
        return eddy_io_poll_writev(self->io, task, self->parts, self->len);
    case WRITE_ALL:
        return eddy_io_poll_write_all(self->io, task, self->rest);
    case WRITE_BUF:
        return eddy_io_poll_write_buf(self->io, task, self->buf, 0, self->len);
    case FORWARD:
        return eddy_io_poll_forward(self->io, self->to, task);
    case FLUSH:
        return eddy_io_poll_flush(self->io, task);
    default:
        return eddy_io_poll_shutdown(self->io, task);
    }
}

EDDY_ASYNC(talk, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, talk_once(self, task));
        if (self->result != NULL)
            *self->result = n;
        EDDY_END(n);
}

static inline eddy_result do_read(eddy_core *core, eddy_io *io, void *memory, size_t len)
{
    return test_run(core, talk, .io = io, .verb = READ, .memory = memory, .len = len);
}

static inline eddy_result do_fill(eddy_core *core, eddy_io *io, size_t min)
{
    return test_run(core, talk, .io = io, .verb = FILL, .len = min);
}

static inline eddy_result do_write(eddy_core *core, eddy_io *io, const void *data, size_t len)
{
    return test_run(core, talk, .io = io, .verb = WRITE, .memory = (void *)(uintptr_t)data,
                    .len = len);
}

static inline eddy_result do_write_all(eddy_core *core, eddy_io *io, const void *data, size_t len)
{
    eddy_bytes rest = {data, len};

    return test_run(core, talk, .io = io, .verb = WRITE_ALL, .rest = &rest);
}

static inline eddy_result do_flush(eddy_core *core, eddy_io *io)
{
    return test_run(core, talk, .io = io, .verb = FLUSH);
}

static inline eddy_result do_shutdown(eddy_core *core, eddy_io *io)
{
    return test_run(core, talk, .io = io, .verb = SHUTDOWN);
}

/* Just these bytes come next. */
static inline void do_expect(eddy_core *core, eddy_io *io, const void *data, size_t len)
{
    unsigned char memory[4096];
    size_t had = 0;

    while (had < len) {
        size_t part = len - had < sizeof memory ? len - had : sizeof memory;
        eddy_result n = do_read(core, io, memory, part);

        assert_true(n > 0);
        assert_memory_equal(memory, (const unsigned char *)data + had, (size_t)n);
        had += (size_t)n;
    }
}

/* ---- descriptors ---- */

static inline int flags_of(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    assert_true(flags >= 0);
    return flags;
}

/* A pair of plain, blocking ones. */
static inline void raw_pipe(int fds[2])
{
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
}

/* A terminal that passes bytes on as they are. */
static inline void raw_terminal(int *master, int *slave)
{
    struct termios modes;

    assert_int_equal(openpty(master, slave, NULL, NULL, NULL), 0);
    assert_int_equal(tcgetattr(*slave, &modes), 0);
    cfmakeraw(&modes);
    assert_int_equal(tcsetattr(*slave, TCSANOW, &modes), 0);
}

/* An empty file without a name. */
static inline int raw_file(void)
{
    char path[] = "/tmp/eddy-pipes-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);

    assert_true(fd >= 0);
    unlink(path);
    return fd;
}

static inline eddy_pool *small_pool(void)
{
    const eddy_pool_options options = {.size_bytes = sizeof options, .threads = 2};
    eddy_pool *pool;

    assert_int_equal(eddy_pool_new(&options, &pool), 0);
    return pool;
}

static inline eddy_pipe *pipe_over(eddy_core *core, int fd, bool shared, eddy_pool *pool)
{
    const eddy_pipe_options options = {
        .size_bytes = sizeof options, .shared = shared, .pool = pool};
    eddy_pipe *pipe;

    assert_int_equal(eddy_pipe_new(eddy_core_handle(core), fd, &options, &pipe), 0);
    return pipe;
}

#endif
