/* SPDX-License-Identifier: MIT */
/*
 * eddy/io_read.h - reading more than what happens to be there: so many bytes, all to the end, as far as
 * a delimiter, line by line. On top of the reading of eddy/io.h, for every byte stream.
 *
 *     eddy_room rest = {header, sizeof header};
 *     EDDY_POLL(n, eddy_io_poll_read_exact(self->io, task, &self->rest));
 *
 * Each verb is a poll function whose progress is in the caller's memory (a cursor, the bytes gathered)
 * or was not made at all (the bytes are still in the stream), so that a drop midway loses no byte: ask
 * again, with the same memory, by whatever verb fits what is left. The boxed futures below are these
 * poll functions with their arguments: their result is a number, what is read goes to memory that is
 * named when the future is made and outlives it.
 *
 * All functions: thread of the loop only.
 */
#ifndef EDDY_IO_READ_H
#define EDDY_IO_READ_H

#include "eddy/io.h"
#include "eddy/stream.h"

EDDY_EXTERN_C_BEGIN

/* ---- so many bytes ---- */

/** Memory that is still to be filled. */
typedef struct eddy_room {
    unsigned char *data;
    size_t len;
} eddy_room;

/**
 * Read until memory is full.
 * @param self  byte stream
 * @param task  current task
 * @param rest  what is left to fill; advanced by what was read, so that a drop loses and repeats
 *              nothing
 * @return      0: full (at once when rest->len is 0); EDDY_PENDING; EDDY_UNEXPECTED_END: the stream
 *              ended before, what came of it is in front of `rest`; errors as eddy_io_poll_fill()
 * Dropping: loses nothing. Thread: loop. Allocates: no. See: tokio_io io::read_exact
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_io_poll_read_exact(eddy_io *self, eddy_task *task,
                                                            eddy_room *rest);

/* ---- gathered in memory that grows ---- */

/** Bytes that are read one behind the other. All zero at first; the owner ends it by
    eddy_buf_release(buf), and until then is the only one who holds `buf`. To begin anew in the same
    memory set len to 0. */
typedef struct eddy_gathered {
    eddy_buf *buf; /* they are its first bytes; NULL: none yet. Of the loop's allocator */
    size_t len;
} eddy_gathered;

/**
 * Read until the end.
 * @param self   byte stream
 * @param task   current task
 * @param limit  bytes in `into` at most, up to 2^31 - 1 (asserted)
 * @param into   appended to
 * @return       into->len at the end, also at every later call; EDDY_PENDING; -EMSGSIZE: there is more
 *               than `limit`; -ENOMEM; errors as eddy_io_poll_fill(). After each, `into` has what was
 *               read, the rest is still in the stream: it can be gone on with
 * Dropping: loses nothing. Thread: loop. Allocates: when `into` has to grow, at least to twice its size.
 * See: tokio_io io::read_to_end
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_io_poll_read_to_end(eddy_io *self, eddy_task *task,
                                                             size_t limit, eddy_gathered *into);

/**
 * Read as far as a delimiter, which is read too.
 * @param self       byte stream
 * @param task       current task
 * @param delimiter  byte
 * @param limit      bytes in `into` at most, up to 2^31 - 1 (asserted)
 * @param into       appended to
 * @return           into->len, and the delimiter is the last byte, or the stream has ended (0: with
 *                   nothing before); EDDY_PENDING; -EMSGSIZE: it is not among the first `limit`;
 *                   -ENOMEM; errors as eddy_io_poll_fill(). After each, `into` has what was read, the
 *                   rest is still in the stream
 * Dropping: loses nothing. Thread: loop. Allocates: as eddy_io_poll_read_to_end(). Cost: each byte is
 * looked at once. See: tokio_io io::read_until
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_io_poll_read_until(eddy_io *self, eddy_task *task,
                                                            unsigned char delimiter, size_t limit,
                                                            eddy_gathered *into);

/* ---- shown where they were received ---- */

/** A search for a delimiter: what was searched is not searched again when more has come. Set `limit`;
    the rest is zero, and made zero again by whoever consumes bytes while nothing was found. */
typedef struct eddy_search {
    size_t limit;    /* bytes of the longest find, with its delimiter, > 0 */
    size_t searched; /* private */
} eddy_search;

/**
 * Wait until a delimiter is in view; nothing is copied or consumed.
 * @param self       byte stream
 * @param task       current task
 * @param delimiter  byte
 * @param search     how far it has come
 * @return           > 0 bytes in front of eddy_io_view(), the delimiter is the last of them, or they
 *                   are all that was left at the end; consume so many and ask for the next; 0 the end,
 *                   and nothing is left; EDDY_PENDING; -EMSGSIZE, at every later call too: it is not
 *                   among the first `limit` bytes, or of those that the stream can show at once; errors
 *                   as eddy_io_poll_fill()
 * Dropping: loses nothing. Thread: loop. Allocates: as eddy_io_poll_fill().
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_io_poll_until(eddy_io *self, eddy_task *task,
                                                       unsigned char delimiter,
                                                       eddy_search *search);

/**
 * Wait for a line of text: it ends by "\n" or "\r\n", and the last one may lack that; a "\r" without
 * "\n" is a part of it. What the bytes are, UTF-8 or not, is not looked at.
 * @param self    byte stream
 * @param task    current task
 * @param search  how far it has come
 * @param line    set to the text, without its end; valid as a view is
 * @return        > 0 bytes that the line takes in the stream: consume so many, when the text is used,
 *                and ask for the next; else as eddy_io_poll_until()
 * Dropping: loses nothing. Thread: loop. Allocates: as eddy_io_poll_fill().
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_io_poll_line(eddy_io *self, eddy_task *task,
                                                      eddy_search *search, eddy_bytes *line);

/**
 * The lines of a byte stream; see eddy_io_poll_line(). With more to them than text: eddy/codec.h.
 * @param handle  loop of the byte stream                     borrowed
 * @param io      what is read; borrowed, outlives the stream of lines; nobody else reads meanwhile
 * @param limit   bytes of the longest line, its end included, > 0 (asserted)
 * @return        boxed stream of eddy_bytes, owned by the caller; never NULL. Errors as
 *                eddy_io_poll_line(); after -EMSGSIZE the line is still in the byte stream, and the next
 *                poll tells it again
 * An item stays where it was received until the poll function that got it returns, or the next is asked
 * for. Dropping: loses nothing: other reads go on behind the last line that was told.
 * Thread: loop. Allocates: from the loop's slab, once. See: tokio_io io::lines
 */
EDDY_API eddy_stream *eddy_io_lines(eddy_handle *handle, eddy_io *io, size_t limit);

/* ---- boxed futures ---- */

/**
 * One successful read.
 * @param handle  loop of the byte stream                     borrowed
 * @param io      borrowed, outlives the future
 * @param memory  room for `len` bytes, outlives the future
 * @param len     > 0
 * @return        boxed future, owned by the caller; never NULL: as eddy_io_poll_read()
 * Dropping: loses nothing. Thread: loop. Allocates: from the loop's slab. See: tokio_io io::read
 */
EDDY_API eddy_future *eddy_io_read(eddy_handle *handle, eddy_io *io, void *memory, size_t len);

/**
 * eddy_io_poll_read_exact() as a future.
 * @param handle  loop of the byte stream                     borrowed
 * @param io      borrowed, outlives the future
 * @param rest    what to fill, outlives the future; advanced
 * @return        boxed future, owned by the caller; never NULL
 * Dropping: loses nothing, `rest` tells what came. Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_future *eddy_io_read_exact(eddy_handle *handle, eddy_io *io, eddy_room *rest);

/**
 * eddy_io_poll_read_to_end() as a future.
 * @param handle  loop of the byte stream                     borrowed
 * @param io      borrowed, outlives the future
 * @param limit   bytes in `into` at most
 * @param into    appended to, outlives the future
 * @return        boxed future, owned by the caller; never NULL
 * Dropping: loses nothing, `into` has what came. Thread: loop. Allocates: from the loop's slab, and
 * `into`.
 */
EDDY_API eddy_future *eddy_io_read_to_end(eddy_handle *handle, eddy_io *io, size_t limit,
                                          eddy_gathered *into);

/**
 * eddy_io_poll_read_until() as a future.
 * @param handle     loop of the byte stream                  borrowed
 * @param io         borrowed, outlives the future
 * @param delimiter  byte
 * @param limit      bytes in `into` at most
 * @param into       appended to, outlives the future
 * @return           boxed future, owned by the caller; never NULL
 * Dropping: loses nothing, `into` has what came. Thread: loop. Allocates: from the loop's slab, and
 * `into`.
 */
EDDY_API eddy_future *eddy_io_read_until(eddy_handle *handle, eddy_io *io, unsigned char delimiter,
                                         size_t limit, eddy_gathered *into);

EDDY_EXTERN_C_END

#endif
