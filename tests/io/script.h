/* SPDX-License-Identifier: MIT */
/*
 * script.h - a byte stream that does as a test says: what it receives comes in pieces of a size, each
 * when the test makes a step; what is written is accepted in pieces of a size, when the test makes room;
 * and what was written is flushed when the test lets it. Errors come where the test wants them. And
 * running boxed futures while steps are made.
 */
#ifndef EDDY_TESTS_IO_SCRIPT_H
#define EDDY_TESTS_IO_SCRIPT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/loop.h"
#include "eddy/io.h"
#include "reactor/core.h"

enum { SCRIPT_OUT = 4096 };

/* Set what differs from zero, then script_init(). */
struct script {
    eddy_io io;
    const char *in; /* what comes, in_len bytes of it */
    size_t in_len;
    size_t piece;          /* bytes that come at each step; 0: all is there from the beginning */
    size_t came, consumed; /* of `in` */
    eddy_result ending;    /* behind `in`: 0 the end, or an error */
    bool endless;          /* `in` comes again and again, no step is needed */
    unsigned char out[SCRIPT_OUT]; /* what was written */
    size_t out_len;
    size_t accept;      /* bytes that are accepted at each step; 0: as much as there is room for */
    size_t room;        /* private: left of it */
    eddy_result refuse; /* an error of every write, flush and shutdown; 0: none */
    bool holds;         /* what is written is flushed when somebody asks, and a step is made */
    bool forgets;       /* what is written is counted only */
    size_t flushed;     /* of out */
    int fills, flushes, shutdowns, frees;
    bool flush_wanted, shut;
    eddy_waiter reader, writer;
};

static const eddy_wait_type script_read_wait = {.why = "test: read"};
static const eddy_wait_type script_write_wait = {.why = "test: write"};

static inline struct script *script_of(eddy_io *io)
{
    return EDDY__CONTAINER(io, struct script, io);
}

static inline bool script_is_over(const struct script *self)
{
    return self->came == self->in_len && !self->endless;
}

static inline eddy_result script_fill(eddy_io *io, eddy_task *task, size_t min)
{
    struct script *self = script_of(io);
    size_t len = self->came - self->consumed;

    self->fills++;
    if (len < min && !script_is_over(self))
        return eddy_waiter_park(&self->reader, task, &script_read_wait);
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    eddy_waiter_clear(&self->reader);
    return len >= min ? (eddy_result)len : self->ending;
}

static inline eddy_bytes script_view(const eddy_io *io)
{
    const struct script *self = EDDY__CONTAINER(io, const struct script, io);

    return (eddy_bytes){(const unsigned char *)self->in + self->consumed,
                        self->came - self->consumed};
}

static inline void script_consume(eddy_io *io, size_t len)
{
    struct script *self = script_of(io);

    assert_true(len <= self->came - self->consumed);
    self->consumed += len;
    if (self->endless && self->consumed == self->in_len)
        self->consumed = 0;
}

static inline size_t script_put(struct script *self, eddy_bytes part)
{
    size_t len = part.len < self->room ? part.len : self->room;

    assert_true(self->forgets || len <= SCRIPT_OUT - self->out_len);
    if (len > 0 && !self->forgets)
        memcpy(self->out + self->out_len, part.data, len);
    self->out_len += len;
    self->room -= len;
    return len;
}

static inline eddy_result script_writev(eddy_io *io, eddy_task *task, const eddy_bytes *parts,
                                        size_t count)
{
    struct script *self = script_of(io);
    size_t before = self->out_len;

    assert_false(self->shut);
    if (self->refuse != 0)
        return self->refuse;
    if (self->room == 0)
        return eddy_waiter_park(&self->writer, task, &script_write_wait);
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    eddy_waiter_clear(&self->writer);
    for (size_t i = 0; i < count && self->room > 0; i++)
        (void)script_put(self, parts[i]);
    if (!self->holds)
        self->flushed = self->out_len;
    return (eddy_result)(self->out_len - before);
}

static inline eddy_result script_write_buf(eddy_io *io, eddy_task *task, eddy_buf *buf, size_t from,
                                           size_t len)
{
    eddy_bytes part = {eddy_buf_data(buf) + from, len};

    return script_writev(io, task, &part, 1);
}

static inline eddy_result script_flush(eddy_io *io, eddy_task *task)
{
    struct script *self = script_of(io);

    self->flushes++;
    if (self->refuse != 0)
        return self->refuse;
    self->flush_wanted = true;
    if (self->flushed < self->out_len)
        return eddy_waiter_park(&self->writer, task, &script_write_wait);
    eddy_waiter_clear(&self->writer);
    return 0;
}

static inline eddy_result script_shutdown(eddy_io *io, eddy_task *task)
{
    struct script *self = script_of(io);
    eddy_result n = script_flush(io, task);

    if (n != 0)
        return n;
    self->shut = true;
    self->shutdowns++;
    return 0;
}

static inline void script_stop(eddy_io *io)
{
    (void)io;
}

static inline void script_free(eddy_io *io)
{
    script_of(io)->frees++;
}

static const eddy_io_type script_type = {
    .name = "script",
    .fill = script_fill,
    .view = script_view,
    .consume = script_consume,
    .writev = script_writev,
    .write_buf = script_write_buf,
    .flush = script_flush,
    .shutdown = script_shutdown,
    .stop_reading = script_stop,
    .stop_writing = script_stop,
    .abort = script_free,
    .free = script_free,
};

static inline eddy_io *script_init(struct script *self)
{
    self->io.type = &script_type;
    if (self->piece == 0)
        self->came = self->in_len;
    self->room = self->accept == 0 ? SIZE_MAX : self->accept;
    return &self->io;
}

/* A script of which only the input is said; in pieces. */
static inline struct script script_reading(const char *in, size_t piece)
{
    return (struct script){.in = in, .in_len = strlen(in), .piece = piece};
}

/* The next piece comes, there is room for the next, what was to be flushed is. */
static inline void script_step(struct script *self)
{
    size_t left = self->in_len - self->came;

    self->came += left < self->piece ? left : self->piece;
    if (self->accept != 0)
        self->room = self->accept;
    if (self->flush_wanted)
        self->flushed = self->out_len;
    self->flush_wanted = false;
    eddy_waiter_wake(&self->reader);
    eddy_waiter_wake(&self->writer);
}

/* Run the boxed future to its end, a step of both scripts after each turn. `b` may be NULL. */
static inline eddy_result script_run(eddy_core *core, eddy_future *future, struct script *a,
                                     struct script *b)
{
    eddy_join *join = test_spawn_join_future(core, future, __FILE__, __LINE__);

    for (int i = 0; i < 100000 && eddy_join_ended(join) == NULL; i++) {
        (void)test_turn(core);
        script_step(a);
        if (b != NULL)
            script_step(b);
    }
    assert_non_null(eddy_join_ended(join));
    return test_join_end(core, join);
}

#endif
