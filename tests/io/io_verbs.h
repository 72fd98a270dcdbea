/* SPDX-License-Identifier: MIT */
/*
 * io_verbs.h - for tests of byte streams of any kind: every verb of the trait as a future that a test
 * runs in one line, and two tasks that send and check the bytes of test_pattern().
 */
#ifndef EDDY_TEST_IO_VERBS_H
#define EDDY_TEST_IO_VERBS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "eddy/eddy.h"
#include "eddy/io.h"
#include "support/net.h"

/* ---- one verb ---- */

struct io_verb;
typedef eddy_result io_verb_fn(struct io_verb *self, eddy_task *task);

/* One poll function with its arguments; *result: EDDY_PENDING until it ends. */
struct io_verb {
    EDDY_FRAME;
    io_verb_fn *poll;
    eddy_io *io, *to;
    void *memory;
    size_t len;
    eddy_bytes rest;
    const eddy_bytes *parts;
    eddy_buf *buf;
    eddy_result *result;
};

EDDY_ASYNC(io_verb, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, self->poll(self, task));
        if (self->result != NULL)
            *self->result = n;
        EDDY_END(self->result != NULL ? 0 : n);
}

static inline eddy_result io_verb_fill(struct io_verb *self, eddy_task *task)
{
    return eddy_io_poll_fill(self->io, task, self->len);
}

static inline eddy_result io_verb_read(struct io_verb *self, eddy_task *task)
{
    return eddy_io_poll_read(self->io, task, self->memory, self->len);
}

static inline eddy_result io_verb_peek(struct io_verb *self, eddy_task *task)
{
    return eddy_io_poll_peek(self->io, task, self->memory, self->len);
}

static inline eddy_result io_verb_write(struct io_verb *self, eddy_task *task)
{
    return eddy_io_poll_write(self->io, task, self->rest.data, self->rest.len);
}

static inline eddy_result io_verb_write_all(struct io_verb *self, eddy_task *task)
{
    return eddy_io_poll_write_all(self->io, task, &self->rest);
}

static inline eddy_result io_verb_writev(struct io_verb *self, eddy_task *task)
{
    return eddy_io_poll_writev(self->io, task, self->parts, self->len);
}

static inline eddy_result io_verb_write_buf(struct io_verb *self, eddy_task *task)
{
    return eddy_io_poll_write_buf(self->io, task, self->buf, 0, self->len);
}

static inline eddy_result io_verb_forward(struct io_verb *self, eddy_task *task)
{
    return eddy_io_poll_forward(self->io, self->to, task);
}

static inline eddy_result io_verb_flush(struct io_verb *self, eddy_task *task)
{
    return eddy_io_poll_flush(self->io, task);
}

static inline eddy_result io_verb_shutdown(struct io_verb *self, eddy_task *task)
{
    return eddy_io_poll_shutdown(self->io, task);
}

static inline eddy_result io_fill(eddy_core *core, eddy_io *io, size_t min)
{
    return test_run(core, io_verb, .poll = io_verb_fill, .io = io, .len = min);
}

static inline eddy_result io_read(eddy_core *core, eddy_io *io, void *memory, size_t len)
{
    return test_run(core, io_verb, .poll = io_verb_read, .io = io, .memory = memory, .len = len);
}

static inline eddy_result io_peek(eddy_core *core, eddy_io *io, void *memory, size_t len)
{
    return test_run(core, io_verb, .poll = io_verb_peek, .io = io, .memory = memory, .len = len);
}

static inline eddy_result io_write(eddy_core *core, eddy_io *io, const void *data, size_t len)
{
    return test_run(core, io_verb, .poll = io_verb_write, .io = io, .rest = {data, len});
}

static inline eddy_result io_write_all(eddy_core *core, eddy_io *io, const void *data, size_t len)
{
    return test_run(core, io_verb, .poll = io_verb_write_all, .io = io, .rest = {data, len});
}

static inline eddy_result io_writev(eddy_core *core, eddy_io *io, const eddy_bytes *parts,
                                    size_t count)
{
    return test_run(core, io_verb, .poll = io_verb_writev, .io = io, .parts = parts, .len = count);
}

static inline eddy_result io_write_buf(eddy_core *core, eddy_io *io, eddy_buf *buf)
{
    return test_run(core, io_verb, .poll = io_verb_write_buf, .io = io, .buf = buf,
                    .len = eddy_buf_len(buf));
}

static inline eddy_result io_forward(eddy_core *core, eddy_io *from, eddy_io *to)
{
    return test_run(core, io_verb, .poll = io_verb_forward, .io = from, .to = to);
}

static inline eddy_result io_flush(eddy_core *core, eddy_io *io)
{
    return test_run(core, io_verb, .poll = io_verb_flush, .io = io);
}

static inline eddy_result io_shutdown(eddy_core *core, eddy_io *io)
{
    return test_run(core, io_verb, .poll = io_verb_shutdown, .io = io);
}

/* Just these bytes come next, in as many reads as it takes. */
static inline void io_expect(eddy_core *core, eddy_io *io, const void *data, size_t len)
{
    const char *expected = data;
    char memory[512];

    while (len > 0) {
        eddy_result n = io_read(core, io, memory, len < sizeof memory ? len : sizeof memory);

        assert_true(n > 0);
        assert_memory_equal(memory, expected, (size_t)n);
        expected += n;
        len -= (size_t)n;
    }
}

static inline void io_expect_text(eddy_core *core, eddy_io *io, const char *text)
{
    io_expect(core, io, text, strlen(text));
}

static inline void io_write_text(eddy_core *core, eddy_io *io, const char *text)
{
    assert_int_equal(io_write_all(core, io, text, strlen(text)), 0);
}

/* The end comes next, and is told again and again. */
static inline void io_expect_end(eddy_core *core, eddy_io *io)
{
    assert_int_equal(io_fill(core, io, 1), 0);
    assert_int_equal(io_fill(core, io, 1), 0);
    assert_int_equal(eddy_io_view(io).len, 0);
}

/* ---- the pattern, by a task ---- */

enum { IO_PIECE_MAX = 5000 };

/* Sends bytes `have` and on of the pattern, in pieces of many sizes, until it has sent `total`; then
 * flushes and, if told, half-closes. What it has sent is in *have, so that another goes on there. */
struct io_sender {
    EDDY_FRAME;
    eddy_io *io;
    size_t *have;
    size_t total;
    bool shut;
    unsigned char piece[IO_PIECE_MAX];
};

static inline size_t io_sender_piece(struct io_sender *self)
{
    size_t len = *self->have * 7 % IO_PIECE_MAX + 1;

    if (len > self->total - *self->have)
        len = self->total - *self->have;
    test_pattern_fill(self->piece, len, *self->have);
    return len;
}

EDDY_ASYNC(io_sender, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (*self->have < self->total) {
            EDDY_POLL(n, eddy_io_poll_write(self->io, task, self->piece, io_sender_piece(self)));
            if (n < 0)
                EDDY_RETURN(n);
            *self->have += (size_t)n;
        }
        EDDY_POLL(n, eddy_io_poll_flush(self->io, task));
        if (n == 0 && self->shut)
            EDDY_POLL(n, eddy_io_poll_shutdown(self->io, task));
        EDDY_END(n);
}

/* Checks that bytes `have` and on of the pattern come, at least `min` in each view while there are so
 * many, until it has `total` or the end comes: returns 0. */
struct io_receiver {
    EDDY_FRAME;
    eddy_io *io;
    size_t *have;
    size_t total;
    size_t min;
};

static inline size_t io_receiver_min(const struct io_receiver *self)
{
    size_t left = self->total - *self->have;

    return left < self->min ? left : self->min;
}

/* Takes a little less than all, so that views are consumed in parts too. */
static inline void io_receiver_take(struct io_receiver *self)
{
    eddy_bytes view = eddy_io_view(self->io);
    size_t len = view.len > 3 && *self->have % 2 == 0 ? view.len - 3 : view.len;

    if (len > self->total - *self->have)
        len = self->total - *self->have;
    test_pattern_check(view.data, len, *self->have);
    eddy_io_consume(self->io, len);
    *self->have += len;
}

EDDY_ASYNC(io_receiver, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (*self->have < self->total) {
            EDDY_POLL(n, eddy_io_poll_fill(self->io, task, io_receiver_min(self)));
            if (n <= 0)
                EDDY_RETURN(n);
            assert_true((size_t)n >= io_receiver_min(self));
            assert_true(eddy_io_view(self->io).len >= (size_t)n);
            io_receiver_take(self);
        }
        EDDY_END(0);
}

#endif
