/* SPDX-License-Identifier: MIT */
/*
 * eddy/io_adapt.h - byte streams made of byte streams: limited, chained, counted, slowed down, timed,
 * buffered; and the simplest ones: empty, a sink, one byte for ever, bytes in memory.
 *
 *     eddy_io *body = eddy_io_take(handle, eddy_io_borrow(handle, io), length);
 *
 * Each lies in memory of the loop, is owned by the caller, and owns what it is given from the call on:
 * freeing or aborting it does that to what is inside. Bytes are not copied but where that is said, and
 * stay in the inner stream until they are consumed: dropping a future, freeing an adaptor that only
 * borrows, and eddy_io_unwrap() lose none. What is inside is not used otherwise meanwhile.
 *
 * None returns NULL. Without memory what was given is freed, and the answer is a static stream whose
 * every call fails with -ENOMEM (once the loop is freed, EDDY_LOOP_GONE): it need not be looked at
 * before it is read or written.
 *
 * All functions: thread of the loop only.
 */
#ifndef EDDY_IO_ADAPT_H
#define EDDY_IO_ADAPT_H

#include "eddy/core.h"
#include "eddy/io.h"
#include "eddy/slice.h"

EDDY_EXTERN_C_BEGIN

/* ---- around one ---- */

/**
 * Read no more than so many bytes: then comes the end, and what follows stays unread in the inner
 * stream. Writing goes through.
 * @param handle  loop of the stream                          borrowed
 * @param io      taken over
 * @param limit   bytes
 * @return        byte stream, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab. See: std::io::Read::take
 */
EDDY_API eddy_io *eddy_io_take(eddy_handle *handle, eddy_io *io, uint64_t limit);

/**
 * How many bytes may still be read of an eddy_io_take().
 * @param self  made by eddy_io_take() (asserted)
 * @return      bytes; 0 of the failing one
 * Thread: loop. Allocates: no.
 */
EDDY_API uint64_t eddy_io_take_left(const eddy_io *self);

/** What has gone through an eddy_io_counted(). */
typedef struct eddy_io_counts {
    uint64_t read;    /* bytes consumed */
    uint64_t written; /* bytes accepted */
} eddy_io_counts;

/**
 * Count what goes through.
 * @param handle  loop of the stream                          borrowed
 * @param io      taken over
 * @param counts  added to; outlives the stream               borrowed
 * @return        byte stream, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_io *eddy_io_counted(eddy_handle *handle, eddy_io *io, eddy_io_counts *counts);

/** How fast an eddy_io_rate() is. Zero means no limit, but for burst_bytes. */
typedef struct eddy_io_rate_options {
    size_t size_bytes;    /* sizeof(eddy_io_rate_options) */
    uint64_t read_per_s;  /* bytes per second, at most 2^31 - 1 */
    uint64_t write_per_s; /* the same */
    size_t
        burst_bytes; /* so many at once after a pause, at most 2^31 - 1; 0: a tenth of a second's */
} eddy_io_rate_options;

/**
 * Read and write no faster than so many bytes per second, by the loop's clock. A view shows what may be
 * read now. What must be whole (a small write, a buffer, a fill beyond the burst) goes through whole
 * and delays what comes next.
 * @param handle   loop of the stream                         borrowed
 * @param io       taken over
 * @param options  copied; values beyond what is possible are cut off
 * @return         byte stream, owned by the caller; never NULL; options of an unknown size: one whose
 *                 every call fails with -EINVAL
 * Waits as "rate: read", "rate: write". Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_io *eddy_io_rate(eddy_handle *handle, eddy_io *io,
                               const eddy_io_rate_options *options);

/** Limits of an eddy_io_timed(). Zero means none. */
typedef struct eddy_io_timed_options {
    size_t size_bytes; /* sizeof(eddy_io_timed_options) */
    int64_t read_ns;   /* of one wait for bytes */
    int64_t write_ns;  /* of one wait for room, for a flush, for a shutdown */
    int64_t idle_ns;   /* of any wait, since anything was read or written */
} eddy_io_timed_options;

/**
 * Limit every wait: one that lasts longer ends with -ETIMEDOUT. The stream is whole afterwards, and may
 * be tried again, with the whole time. A wait is what lies between two answers: when it is dropped its
 * time stands still until somebody waits again. What is ready beats a limit that has passed.
 * @param handle   loop of the stream                         borrowed
 * @param io       taken over
 * @param options  copied
 * @return         byte stream, owned by the caller; never NULL; options of an unknown size or negative:
 *                 one whose every call fails with -EINVAL
 * Waits as "timed: read", "timed: write" beside the inner wait. Thread: loop. Allocates: from the
 * loop's slab. See: tokio_io_timeout TimeoutStream
 */
EDDY_API eddy_io *eddy_io_timed(eddy_handle *handle, eddy_io *io,
                                const eddy_io_timed_options *options);

/**
 * Collect small writes, and see more contiguous bytes than the inner stream shows. Writes are copied
 * until more than `write_bytes` would be held: then they, at a flush, at a shutdown, go to the inner
 * stream together; what is larger goes there directly. A fill for more than the inner stream can hold,
 * up to `read_bytes`, copies.
 * @param handle       loop of the stream                     borrowed
 * @param io           taken over
 * @param read_bytes   0: reading goes through
 * @param write_bytes  0: writing goes through
 * @return             byte stream, owned by the caller; never NULL
 * Freeing it, or its writing half, with bytes collected has a task of its own write these; when there
 * is no memory for that task they are lost: flush first. Without memory for its buffer a write goes
 * through. Dropping: loses nothing; a shutdown that was dropped must be polled on, or the stream freed.
 * Thread: loop. Allocates: from the loop's slab; the buffers at the first use.
 * See: std::io::BufReader, std::io::BufWriter
 */
EDDY_API eddy_io *eddy_io_buffered(eddy_handle *handle, eddy_io *io, size_t read_bytes,
                                   size_t write_bytes);

/**
 * A stream that only borrows: freeing or aborting it leaves the inner one as it is. To put an adaptor
 * on a half (eddy_io_split()), or on a stream for a while.
 * @param handle  loop of the stream                          borrowed
 * @param io      borrowed; outlives the new one
 * @return        byte stream, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_io *eddy_io_borrow(eddy_handle *handle, eddy_io *io);

/**
 * Take an adaptor off: what is inside goes on at the first byte that was not consumed.
 * @param self  made by eddy_io_take(), counted, rate, timed, buffered or borrow (asserted); not split,
 *              nobody waits on it, and a buffered one holds no bytes: what it shows was consumed, what
 *              was written flushed (asserted). Gone afterwards
 * @return      what was inside, owned by the caller (of a borrowing one: borrowed still); of the
 *              failing one that itself
 * Thread: loop. Allocates: no. See: std::io::Take::into_inner
 */
EDDY_API eddy_io *eddy_io_unwrap(eddy_io *self);

/* ---- around two ---- */

/**
 * Read one byte stream to its end, then another. What is written goes to the second: to put bytes that
 * were read before back in front of a connection, chain eddy_io_from_slice() and that. Only a fill
 * that reaches over the seam copies.
 * @param handle  loop of both                                borrowed
 * @param first   taken over; freed when it has been read to its end
 * @param second  taken over
 * @return        byte stream, owned by the caller; never NULL. An error of the first is told for ever
 * Thread: loop. Allocates: from the loop's slab; at the seam as said. See: std::io::Read::chain
 */
EDDY_API eddy_io *eddy_io_chain(eddy_handle *handle, eddy_io *first, eddy_io *second);

/* ---- around nothing ---- */

/**
 * Nothing to read: the end, at once. Writes get -EPIPE.
 * @param handle  loop                                        borrowed
 * @return        byte stream, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab. See: std::io::empty
 */
EDDY_API eddy_io *eddy_io_empty(eddy_handle *handle);

/**
 * Accepts all that is written, at once, until its shutdown, and throws it away. Nothing to read.
 * @param handle  loop                                        borrowed
 * @return        byte stream, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab. See: std::io::sink
 */
EDDY_API eddy_io *eddy_io_sink(eddy_handle *handle);

/**
 * One byte, without end; up to EDDY_IO_WRITE_WHOLE of it in a view. Writes get -EPIPE.
 * @param handle  loop                                        borrowed
 * @param byte    the byte
 * @return        byte stream, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab. See: std::io::repeat
 */
EDDY_API eddy_io *eddy_io_repeat(eddy_handle *handle, unsigned char byte);

/**
 * Bytes in memory, then the end. Writes get -EPIPE.
 * @param handle  loop                                        borrowed
 * @param bytes   borrowed; outlive the stream
 * @return        byte stream, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_io *eddy_io_from_bytes(eddy_handle *handle, eddy_bytes bytes);

/**
 * The bytes of a slice, then the end. Writes get -EPIPE.
 * @param handle  loop                                        borrowed
 * @param slice   taken over, zeroed
 * @return        byte stream, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_io *eddy_io_from_slice(eddy_handle *handle, eddy_slice *slice);

EDDY_EXTERN_C_END

#endif
