/* SPDX-License-Identifier: MIT */
/*
 * eddy/io.h - one trait over all byte streams: TCP, Unix sockets, pipes, the terminal, memory, and what
 * anybody else writes (TLS). Whoever speaks a protocol takes an eddy_io, and runs over each of them.
 *
 *     eddy_io *io = eddy_tcp_io(tcp);
 *     EDDY_POLL(n, eddy_io_poll_fill(io, task, 1));
 *     view = eddy_io_view(io);
 *
 * The rules are those of eddy/tcp.h. Reading is a view: fill waits, view shows, consume releases. What
 * is written is accepted, and delivered though the stream is freed. The stream owns its operations, a
 * future only waits: a drop in the middle of any call loses no byte. One task may read while another
 * writes. What is done with one: eddy/io_read.h, eddy/io_write.h, eddy/io_copy.h; streams and sinks of
 * items: eddy/transport.h.
 *
 * All functions: thread of the loop only. Once the loop is freed those that wait return EDDY_LOOP_GONE,
 * and freeing stays safe.
 */
#ifndef EDDY_IO_H
#define EDDY_IO_H

#include "eddy/buf.h"
#include "eddy/tcp.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_io eddy_io;

/** A single write of no more bytes is accepted whole or waits: a small answer is never torn. */
#define EDDY_IO_WRITE_WHOLE EDDY_TCP_WRITE_WHOLE

/** What a kind of byte stream can do: the same for all of the kind, static. Each member does what the
    function of its name says; none is NULL but where that is said. writev never accepts 0 bytes of some.
    One that is always ready need not care for others: whoever reads or copies without end does. */
typedef struct eddy_io_type {
    const char *name; /* for reports, e.g. "tcp" */
    eddy_result (*fill)(eddy_io *self, eddy_task *task, size_t min);
    eddy_bytes (*view)(const eddy_io *self);
    void (*consume)(eddy_io *self, size_t len);
    eddy_result (*writev)(eddy_io *self, eddy_task *task, const eddy_bytes *parts, size_t count);
    eddy_result (*write_buf)(eddy_io *self, eddy_task *task, eddy_buf *buf, size_t from,
                             size_t len);
    eddy_result (*flush)(eddy_io *self, eddy_task *task);
    eddy_result (*shutdown)(eddy_io *self, eddy_task *task);
    /** Move all that is in view to `to`, which is of the same type, without copying. NULL: by copying. */
    eddy_result (*forward)(eddy_io *self, eddy_io *to, eddy_task *task);
    /** Nobody reads any more: what comes may be thrown away. */
    void (*stop_reading)(eddy_io *self);
    /** Nobody writes any more: what shutdown does, without waiting. */
    void (*stop_writing)(eddy_io *self);
    /** Throw it away, with what was not sent. */
    void (*abort)(eddy_io *self);
    void (*free)(eddy_io *self);
    /** The task that is being polled, if it has waited to write, waits no more: another goes on. NULL:
        nobody ever waits. */
    void (*forget_writer)(eddy_io *self);
    void *reserved; /* NULL */
} eddy_io_type;

/** A byte stream: the first member, or any member, of the struct that it is. */
struct eddy_io {
    const eddy_io_type *type;
    uint32_t halves;   /* private to eddy_io_split(); 0 at first */
    uint32_t reserved; /* 0; private to eddy */
};

/**
 * A TCP or Unix stream as a byte stream.
 * @param tcp  stream, borrowed: the eddy_io is another name of it, and ends with it. Freeing either
 *             frees both
 * @return     never NULL
 * Thread: loop. Allocates: no.
 */
EDDY_API eddy_io *eddy_tcp_io(eddy_tcp *tcp);

/* ---- reading ---- */

/**
 * Wait until at least `min` contiguous bytes can be seen with eddy_io_view().
 * @param self  byte stream
 * @param task  current task
 * @param min   bytes, > 0
 * @return      > 0 bytes in view, at least min; 0 the end, and fewer than `min` bytes are left (they are
 *              still in view); EDDY_PENDING; -EMSGSIZE: it never holds so many; -ECANCELED; the stream's
 *              errors, after the bytes that came before
 * Dropping: loses nothing. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_io_poll_fill(eddy_io *self, eddy_task *task, size_t min);

/**
 * The contiguous unread bytes, as the last fill has found them: what came since may or may not be there.
 * @param self  byte stream
 * @return      bytes, valid until the poll function returns or the stream is used for reading again;
 *              len 0 when there are none
 * Thread: loop. Allocates: no.
 */
EDDY_API eddy_bytes eddy_io_view(const eddy_io *self);

/**
 * Release bytes from the front of the unread ones.
 * @param self  byte stream
 * @param len   bytes, at most what fill or view told (asserted)
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_io_consume(eddy_io *self, size_t len);

/**
 * Copy what is in view into memory, waiting for the first byte.
 * @param self    byte stream
 * @param task    current task
 * @param memory  at least `len` bytes
 * @param len     > 0
 * @return        > 0 bytes copied and consumed; 0 the end; EDDY_PENDING; errors as eddy_io_poll_fill()
 * Dropping: loses nothing. Thread: loop. Allocates: no.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_io_poll_read(eddy_io *self, eddy_task *task, void *memory,
                                                      size_t len);

/**
 * As eddy_io_poll_read(), but the bytes stay unread.
 * @param self    byte stream
 * @param task    current task
 * @param memory  at least `len` bytes
 * @param len     > 0
 * @return        as eddy_io_poll_read()
 * Thread: loop. Allocates: no.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_io_poll_peek(eddy_io *self, eddy_task *task, void *memory,
                                                      size_t len);

/* ---- writing ---- */

/**
 * Write bytes, as many as there is room for (at most EDDY_IO_WRITE_WHOLE: all of them); waits while
 * there is no room at all.
 * @param self  byte stream
 * @param task  current task
 * @param data  bytes, copied
 * @param len   > 0
 * @return      > 0 bytes accepted; EDDY_PENDING; -EPIPE: it was shut down, or the peer is gone;
 *              -ECANCELED; the stream's errors
 * Dropping: what was accepted is delivered. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_io_poll_write(eddy_io *self, eddy_task *task,
                                                       const void *data, size_t len);

/**
 * Write all bytes of a cursor.
 * @param self  byte stream
 * @param task  current task
 * @param rest  what is left; advanced by what was accepted, so that a drop loses and repeats nothing
 * @return      0: all accepted; EDDY_PENDING; errors as eddy_io_poll_write()
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_io_poll_write_all(eddy_io *self, eddy_task *task,
                                                           eddy_bytes *rest);

/**
 * Write several byte ranges in order, as many bytes as there is room for.
 * @param self   byte stream
 * @param task   current task
 * @param parts  ranges, copied
 * @param count  how many
 * @return       bytes accepted, in all (0 when all ranges are empty); else as eddy_io_poll_write()
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_io_poll_writev(eddy_io *self, eddy_task *task,
                                                        const eddy_bytes *parts, size_t count);

/**
 * Write of a reference-counted buffer, without copying where the stream can.
 * @param self  byte stream
 * @param task  current task
 * @param buf   buffer; one reference is taken by the stream when accepted
 * @param from  offset of the first byte
 * @param len   bytes, > 0; from + len within the buffer (asserted)
 * @return      `len`: accepted, all of it; EDDY_PENDING; errors as eddy_io_poll_write()
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_io_poll_write_buf(eddy_io *self, eddy_task *task,
                                                           eddy_buf *buf, size_t from, size_t len);

/**
 * Move all that is in view of one stream to another, without copying where both can.
 * @param from  stream to read
 * @param to    stream to write, may be the same
 * @param task  current task; waits for room in `to`, never for bytes to come
 * @return      > 0 bytes moved; 0: there were none in view; EDDY_PENDING; errors of writing `to`
 * Dropping: loses and repeats nothing. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_io_poll_forward(eddy_io *from, eddy_io *to,
                                                         eddy_task *task);

/**
 * Wait until all that was written has left this program (or, in memory, is the reader's to take).
 * @param self  byte stream
 * @param task  current task
 * @return      0; EDDY_PENDING; errors as eddy_io_poll_write()
 * Dropping: loses nothing. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_io_poll_flush(eddy_io *self, eddy_task *task);

/**
 * No more writes: the peer sees the end behind what was written. Reading goes on.
 * @param self  byte stream
 * @param task  current task
 * @return      0: the end is on its way; EDDY_PENDING; errors as eddy_io_poll_write()
 * Dropping: the end still follows. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_io_poll_shutdown(eddy_io *self, eddy_task *task);

/* ---- ending ---- */

/**
 * Give it back. What was written is still delivered.
 * @param self  byte stream; NULL does nothing; nobody else waits on it, and it was not split (asserted)
 * Thread: loop; any once the loop is freed.
 */
EDDY_API void eddy_io_free(eddy_io *self);

/**
 * Throw it away, with what was written and has not left yet; the peer learns of it where that can be
 * told (TCP: a reset).
 * @param self  byte stream; NULL does nothing; nobody else waits on it, and it was not split (asserted)
 * Thread: loop; any once the loop is freed.
 */
EDDY_API void eddy_io_abort(eddy_io *self);

/* ---- halves ---- */

/** The reading half of a byte stream: use `io` with the functions that read. */
typedef struct eddy_io_reader {
    eddy_io *io;
} eddy_io_reader;

/** The writing half of a byte stream: use `io` with the functions that write. */
typedef struct eddy_io_writer {
    eddy_io *io;
} eddy_io_writer;

/**
 * Split a byte stream into two halves that different tasks own. It ends with the second half.
 * @param self    byte stream; now owned by the halves: not to be freed any more
 * @param reader  set
 * @param writer  set
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_io_split(eddy_io *self, eddy_io_reader *reader, eddy_io_writer *writer);

/**
 * The two halves are one again.
 * @param reader  half; zeroed
 * @param writer  half of the same stream (asserted); zeroed
 * @return        the stream, owned by the caller
 * Thread: loop. Allocates: no.
 */
EDDY_API eddy_io *eddy_io_reunite(eddy_io_reader *reader, eddy_io_writer *writer);

/**
 * Give the reading half back: what comes is read no more.
 * @param self  half; zeroed; one that is zero is left alone; nobody else waits to read (asserted)
 * Thread: loop.
 */
EDDY_API void eddy_io_reader_free(eddy_io_reader *self);

/**
 * Give the writing half back: the end follows what was written.
 * @param self  half; zeroed; one that is zero is left alone; nobody else waits to write (asserted)
 * Thread: loop.
 */
EDDY_API void eddy_io_writer_free(eddy_io_writer *self);

EDDY_EXTERN_C_END

#endif
