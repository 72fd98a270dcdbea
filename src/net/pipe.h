/* SPDX-License-Identifier: MIT */
/*
 * pipe.h - the inside of a pipe: what its files share. Nobody else includes it.
 *
 *   pipe.c         the object: events, the end of a turn, its end
 *   pipe_io.c      the trait eddy_io
 *   pipe_read.c    reading
 *   pipe_write.c   writing, half-closing
 *   pipe_open.c    where they come from
 *   pipe_pooled.c  what cannot be polled, on the threads of a pool
 *
 * Bytes are read when they are asked for, into a block that exists while some are unread, and written
 * at once as far as there is room. What was accepted and had none is in `tx`: the rest of one small
 * write, or of one buffer.
 */
#ifndef EDDY__PIPE_H
#define EDDY__PIPE_H

#include "eddy/pipe.h"
#include "net/ready.h"
#include "sys/pipes.h"

/* Bits of source.flags. */
enum {
    EDDY__PIPE_READS = EDDY__SOURCE_OWN << 0,
    EDDY__PIPE_WRITES = EDDY__SOURCE_OWN << 1,
    EDDY__PIPE_IS_SOCKET = EDDY__SOURCE_OWN << 2,
    EDDY__PIPE_IS_FIFO = EDDY__SOURCE_OWN
                         << 3,               /* opened by name: its first writer may be to come */
    EDDY__PIPE_END = EDDY__SOURCE_OWN << 4,  /* the end stands behind the unread bytes */
    EDDY__PIPE_SHUT = EDDY__SOURCE_OWN << 5, /* no more writes: an end, or an error */
    EDDY__PIPE_FIN_WANTED = EDDY__SOURCE_OWN << 6, /* the end follows what is queued */
    EDDY__PIPE_FIN_SENT = EDDY__SOURCE_OWN << 7,
    EDDY__PIPE_FREED = EDDY__SOURCE_OWN << 8, /* nobody has it: the loop finishes it */
    EDDY__PIPE_TIMED_OUT = EDDY__SOURCE_OWN << 9,
    EDDY__PIPE_RETRY = EDDY__SOURCE_OWN << 10, /* the pool had no room: try again later */
};

enum {
    EDDY__PIPE_WINDOW = 64 * 1024, /* more is never held unread */
    EDDY__PIPE_READ_BYTES = 4096,  /* read at once when no block is free */
};
#define EDDY__PIPE_LINGER_NS (5 * EDDY_SECOND)

typedef struct eddy__pooled eddy__pooled;

struct eddy_pipe {
    eddy__ready ready; /* its slot's descriptor; of a pooled one, what its threads tell by */
    eddy_io io;
    eddy__pooled *pooled; /* NULL: it is polled */
    eddy__block *in;      /* NULL: nothing is unread */
    unsigned char *at;
    uint32_t len;        /* unread, from `at` on */
    int32_t read_error;  /* stands behind them, told at every later read */
    int32_t write_error; /* told once, then it is -EPIPE */
    eddy__pieces tx;
    int64_t linger_ns;
    eddy__alarm alarm; /* until a FIFO has a reader; once freed, the time to linger */
    int64_t retry_ns;
    char *path; /* of a FIFO that has no reader yet; else NULL */
};

static inline eddy_core *eddy__pipe_core(const eddy_pipe *self)
{
    return self->ready.source.core;
}

/* pipe.c */
extern const eddy__source_type eddy__pipe_type;
/* One that has no descriptor yet. NULL: no memory. */
eddy_pipe *eddy__pipe_new(eddy_core *core, const eddy__pipe_facts *facts);
/* Everything that was accepted has left, or never will. */
bool eddy__pipe_is_drained(const eddy_pipe *self);
/* Write what is queued, as far as there is room. */
void eddy__pipe_flush(eddy_pipe *self);
/* Nothing can be written any more. */
void eddy__pipe_write_fail(eddy_pipe *self, int32_t error);
/* Drained: the end is told, if that is wanted, and was not. */
void eddy__pipe_try_fin(eddy_pipe *self);
/* Both waiters look again. */
void eddy__pipe_stir(eddy_pipe *self);
/* A FIFO that nobody reads: try again, in a while. */
void eddy__pipe_open_later(eddy_pipe *self);
void eddy__pipe_free(eddy_io *io);
void eddy__pipe_abort(eddy_io *io);

/* pipe_io.c */
extern const eddy_io_type eddy__pipe_io;
/* The beginning of every poll function. False: the loop is gone. */
bool eddy__pipe_enter(const eddy_pipe *self, const eddy_task *task);
/* What `task` waited for on that side has come. */
void eddy__pipe_unpark(eddy_pipe *self, eddy__side side, const eddy_task *task);
/* An error that the task is told is noted with it; returned. */
eddy_result eddy__pipe_told(eddy_task *task, const eddy_wait_type *type, eddy_result error);

static inline eddy_pipe *eddy__pipe_of(eddy_io *io)
{
    return EDDY__CONTAINER(io, eddy_pipe, io);
}

/* pipe_read.c: of the trait */
eddy_result eddy__pipe_fill(eddy_io *io, eddy_task *task, size_t min);
eddy_bytes eddy__pipe_view(const eddy_io *io);
void eddy__pipe_consume(eddy_io *io, size_t len);
/* Forget the unread bytes. */
void eddy__pipe_drop_unread(eddy_pipe *self);

/* pipe_write.c: of the trait */
eddy_result eddy__pipe_writev(eddy_io *io, eddy_task *task, const eddy_bytes *parts, size_t count);
eddy_result eddy__pipe_write_buf(eddy_io *io, eddy_task *task, eddy_buf *buf, size_t from,
                                 size_t len);
eddy_result eddy__pipe_poll_flush(eddy_io *io, eddy_task *task);
eddy_result eddy__pipe_poll_shutdown(eddy_io *io, eddy_task *task);
/* Write what there is room for: bytes; -EAGAIN; -errno. */
int64_t eddy__pipe_io_write(eddy_pipe *self, const eddy_bytes *parts, size_t count);

/* pipe_pooled.c */
/* Over `fd`. NULL and *error. */
eddy__pooled *eddy__pooled_new(eddy_pool *pool, int fd, const eddy__pipe_facts *facts, int *error);
/* It closes the descriptor in the end. */
void eddy__pooled_own(eddy__pooled *self);
/* The eventfd that is signalled when something may have changed. */
int eddy__pooled_wake(const eddy__pooled *self);
/* As eddy__pipe_read() and _write(); -EBUSY: the pool has no room now. */
int64_t eddy__pooled_read(eddy__pooled *self, void *memory, size_t len);
int64_t eddy__pooled_write(eddy__pooled *self, const eddy_bytes *parts, size_t count);
/* Something that was accepted is still being written, or its end has not been looked at. */
bool eddy__pooled_is_writing(const eddy__pooled *self);
/* The pipe lets go, having waited long enough: what is written to a file is, all other jobs end. */
void eddy__pooled_leave(eddy__pooled *self);

#endif
