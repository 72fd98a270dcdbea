/* SPDX-License-Identifier: MIT */
/*
 * eddy/io_write.h - writing all of several ranges, and the writing verbs of eddy/io.h as boxed futures.
 *
 * What is left to write is in the caller's memory, advanced by what the stream has accepted: a drop
 * midway neither loses nor repeats a byte. What was accepted is on its way, whatever becomes of the
 * future. None of these flushes but the one that says so.
 *
 * All functions: thread of the loop only.
 */
#ifndef EDDY_IO_WRITE_H
#define EDDY_IO_WRITE_H

#include "eddy/io.h"

EDDY_EXTERN_C_BEGIN

/** Ranges of bytes that are still to be written. */
typedef struct eddy_parts {
    eddy_bytes *parts; /* the caller's array, changed: see eddy_io_poll_writev_all() */
    size_t count;
} eddy_parts;

/**
 * Write all of several byte ranges in order.
 * @param self  byte stream
 * @param task  current task
 * @param rest  what is left; advanced by what was accepted, the range it stands in too
 * @return      0: all accepted (at once when there is nothing); EDDY_PENDING; errors as
 *              eddy_io_poll_write()
 * Dropping: loses and repeats nothing. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_io_poll_writev_all(eddy_io *self, eddy_task *task,
                                                            eddy_parts *rest);

/* ---- boxed futures ---- */

/**
 * eddy_io_poll_write_all() as a future.
 * @param handle  loop of the byte stream                     borrowed
 * @param io      borrowed, outlives the future
 * @param rest    what to write, outlives the future, as do its bytes; advanced
 * @return        boxed future, owned by the caller; never NULL: 0
 * Dropping: loses and repeats nothing, `rest` tells what was not accepted. Thread: loop. Allocates: from
 * the loop's slab. See: tokio_io io::write_all
 */
EDDY_API eddy_future *eddy_io_write_all(eddy_handle *handle, eddy_io *io, eddy_bytes *rest);

/**
 * eddy_io_poll_writev_all() as a future.
 * @param handle  loop of the byte stream                     borrowed
 * @param io      borrowed, outlives the future
 * @param rest    what to write, outlives the future, as do its bytes; advanced
 * @return        boxed future, owned by the caller; never NULL: 0
 * Dropping: loses and repeats nothing, `rest` tells what was not accepted. Thread: loop. Allocates: from
 * the loop's slab.
 */
EDDY_API eddy_future *eddy_io_writev_all(eddy_handle *handle, eddy_io *io, eddy_parts *rest);

/**
 * eddy_io_poll_flush() as a future.
 * @param handle  loop of the byte stream                     borrowed
 * @param io      borrowed, outlives the future
 * @return        boxed future, owned by the caller; never NULL: 0
 * Dropping: loses nothing. Thread: loop. Allocates: from the loop's slab. See: tokio_io io::flush
 */
EDDY_API eddy_future *eddy_io_flush(eddy_handle *handle, eddy_io *io);

/**
 * eddy_io_poll_shutdown() as a future.
 * @param handle  loop of the byte stream                     borrowed
 * @param io      borrowed, outlives the future
 * @return        boxed future, owned by the caller; never NULL: 0
 * Dropping: once it was polled the end still follows. Thread: loop. Allocates: from the loop's slab.
 * See: tokio_io io::shutdown
 */
EDDY_API eddy_future *eddy_io_shutdown(eddy_handle *handle, eddy_io *io);

EDDY_EXTERN_C_END

#endif
