/* SPDX-License-Identifier: MIT */
/*
 * eddy/io_copy.h - all that one byte stream receives to another, and both ways at once.
 *
 *     struct session {
 *         EDDY_FRAME;
 *         struct eddy_copy_bidirectional both;
 *         ...
 *         self->both = EDDY_INIT(eddy_copy_bidirectional, .a = client, .b = server);
 *         EDDY_AWAIT(n, &self->both);
 *
 * Bytes are passed on as fast as they are accepted, and no faster: what is not accepted stays in the
 * stream it came by. They are not copied where both streams are of a kind that can do without
 * (eddy_io_poll_forward()). There is no progress in the future but the counts: dropped midway, it loses
 * and repeats no byte, and another copy of the same streams goes on.
 *
 * While nothing more comes, what was written is flushed: a stream that holds bytes back until it is
 * asked never makes the other end wait for them. (TCP and Unix streams send by themselves.)
 *
 * All functions: thread of the loop only.
 */
#ifndef EDDY_IO_COPY_H
#define EDDY_IO_COPY_H

#include "eddy/async.h"
#include "eddy/io.h"
#include "eddy/time.h"

EDDY_EXTERN_C_BEGIN

/* ---- one way ---- */

/** A copy in an async function; see eddy_copy_type. Set `from` and `to`; the rest is zero. */
struct eddy_copy {
    EDDY_FRAME;
    eddy_io *from, *to; /* borrowed; may be the same: an echo */
    uint64_t copied;    /* bytes so far */
    eddy_io *failed; /* the stream that an error came from; NULL: none, or we were asked to end */
    uint32_t state;  /* private */
};

/**
 * The type of struct eddy_copy: copies until `from` ends, then flushes `to`, and does not shut it down.
 * The result is `copied`; or an error of either stream, told when all that came before was passed on.
 * Dropping: loses nothing. Allocates: no, but for what the streams do.
 */
EDDY_API extern const eddy_type eddy_copy_type;

/**
 * The same, boxed.
 * @param handle  loop of the byte streams                    borrowed
 * @param from    what is read; borrowed, outlives the future
 * @param to      what is written to; borrowed, outlives the future; may be the same
 * @param copied  memory for the count of bytes, current while it runs, outlives the future; what it
 *                holds is added to, so that a copy that goes on for another counts on. NULL: not wanted
 * @return        boxed future, owned by the caller; never NULL: the bytes that it has copied, or an
 *                error of either stream
 * Dropping: loses nothing. Thread: loop. Allocates: from the loop's slab. See: tokio_io io::copy
 */
EDDY_API eddy_future *eddy_io_copy(eddy_handle *handle, eddy_io *from, eddy_io *to,
                                   uint64_t *copied);

/* ---- both ways ---- */

/** A copy both ways in an async function; see eddy_copy_bidirectional_type. Set `a` and `b`, and limits
    if there are any; the rest is zero. */
struct eddy_copy_bidirectional {
    EDDY_FRAME;
    eddy_io *a, *b;                /* borrowed */
    int64_t half_close_timeout_ns; /* as in eddy_copy_options */
    int64_t idle_timeout_ns;
    struct eddy_copy a_to_b, b_to_a; /* look at .copied; the rest is private */
    eddy_io *failed;                 /* as in eddy_copied */
    eddy_deadline limit;             /* private */
    uint32_t state;                  /* private */
};

/**
 * The type of struct eddy_copy_bidirectional: the end of either stream is passed on to the other, which
 * is shut down behind what was written, while the other way goes on. The result is the bytes copied in
 * all, when both ways have ended; or the first error of either stream, or -ETIMEDOUT, at which both
 * stop: what was accepted is still delivered when a stream is freed, and thrown away when it is aborted,
 * so that its peer learns that something is missing.
 * Dropping: loses nothing; a shutdown that has begun goes on. Allocates: no, but for what the streams do.
 */
EDDY_API extern const eddy_type eddy_copy_bidirectional_type;

/** Limits of a copy both ways. Zero means none. */
typedef struct eddy_copy_options {
    size_t size_bytes;             /* sizeof(eddy_copy_options) */
    int64_t half_close_timeout_ns; /* when one way has ended, and for so long no byte has passed the
                                      other: -ETIMEDOUT */
    int64_t idle_timeout_ns;       /* no byte has passed either way for so long: -ETIMEDOUT */
} eddy_copy_options;

/** What a copy both ways has done. */
typedef struct eddy_copied {
    uint64_t a_to_b, b_to_a; /* bytes */
    eddy_io *failed;         /* the stream that an error came from, or that had not ended yet at
                                half_close_timeout_ns; NULL: none, both, or we were asked to end */
} eddy_copied;

/**
 * The same, boxed.
 * @param handle   loop of the byte streams                   borrowed
 * @param a        byte stream; borrowed, outlives the future
 * @param b        another; borrowed, outlives the future
 * @param options  limits, copied; NULL: none
 * @param copied   set, and current while it runs; outlives the future; NULL: not wanted
 * @return         boxed future, owned by the caller; never NULL: as of eddy_copy_bidirectional_type.
 *                 -EINVAL: options->size_bytes or a limit is wrong
 * Dropping: loses nothing; a shutdown that has begun goes on. Thread: loop. Allocates: from the loop's
 * slab. See: tokio io::copy_bidirectional
 */
EDDY_API eddy_future *eddy_io_copy_bidirectional(eddy_handle *handle, eddy_io *a, eddy_io *b,
                                                 const eddy_copy_options *options,
                                                 eddy_copied *copied);

EDDY_EXTERN_C_END

#endif
