/* SPDX-License-Identifier: MIT */
/*
 * eddy/tcp.h - a TCP stream: connect, read by view, write corked, close without losing anything.
 *
 * Reading is a view: eddy_tcp_poll_fill() waits until bytes can be seen, eddy_tcp_view() shows
 * them, eddy_tcp_consume() releases them. Writing is corked: what is written is queued, and leaves
 * when the loop's turn ends, so that many small answers are one send. The queue has a limit; at the
 * limit a write waits: that is the backpressure.
 *
 * The stream owns its operations, a future only waits: dropping a future in the middle of any of
 * these calls loses no byte. One task may read while another writes; two tasks waiting to read (or
 * to write) on one stream is an assertion. Errors are sticky: what broke a stream is told to every
 * later read; to the write side once, later writes get -EPIPE.
 *
 * All functions: thread of the loop only. Once the loop is freed they return EDDY_LOOP_GONE, and
 * eddy_tcp_free() stays safe.
 */
#ifndef EDDY_TCP_H
#define EDDY_TCP_H

#include "eddy/addr.h"
#include "eddy/buf.h"
#include "eddy/task.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_tcp eddy_tcp;

/** Limits of one stream. Zero means the default. */
typedef struct eddy_tcp_limits {
    size_t size_bytes;        /* sizeof(eddy_tcp_limits) */
    size_t send_queue_bytes;  /* a write waits beyond this; 64 KiB. Exceeded by at most one piece */
    size_t recv_window_bytes; /* unread bytes held before the kernel is asked to wait; 64 KiB */
    int64_t linger_ns;        /* after free or close, time to deliver what is left; 5 s */
    size_t linger_bytes;      /* and bytes that are read and thrown away meanwhile; 1 MiB */
} eddy_tcp_limits;

/* ---- making one ---- */

/**
 * Start connecting. The stream can be written to at once; writes leave when it is connected.
 * @param handle  loop
 * @param to      address of the peer
 * @param out     set to the stream, owned by the caller; untouched on error
 * @return        0: under way, see eddy_tcp_poll_connected(); -EINVAL: no address or port 0;
 *                -EMFILE, -ENOBUFS, -ENOMEM, EDDY_LOOP_GONE
 * Freeing the stream cancels the attempt; what was written until then is dropped, and counted.
 * Allocates: from the loop's slab.
 * See: connect(2), io_uring_prep_connect(3), tokio_core TcpStream::connect
 * Thread: loop.
 */
EDDY_API int eddy_tcp_connect(eddy_handle *handle, const eddy_addr *to, eddy_tcp **out);

/**
 * As eddy_tcp_connect(), with a socket of the caller's: one that is bound to an address or a
 * device, or has options set that must be there from the first packet on.
 * @param handle  loop
 * @param fd      stream socket, neither connected nor listening; made non-blocking and
 *                close-on-exec; the stream's when this succeeds, the caller's still when not
 * @param to      address of the peer, of the socket's family
 * @param out     set to the stream, owned by the caller; untouched on error
 * @return        0: under way, see eddy_tcp_poll_connected(), which tells -EISCONN and
 *                -EAFNOSUPPORT too; -EINVAL: no address, port 0, or not a stream socket; -EBADF,
 *                -ENOTSOCK, -ENOMEM, EDDY_LOOP_GONE
 * Allocates: from the loop's slab. See: tokio_core TcpStream::connect_stream
 * Thread: loop.
 */
EDDY_API int eddy_tcp_connect_fd(eddy_handle *handle, int fd, const eddy_addr *to, eddy_tcp **out);

/**
 * Wait until the connection stands.
 * @param self  stream
 * @param task  current task; waits as "tcp: connect"
 * @return      0; EDDY_PENDING; -ECONNREFUSED, -ENETUNREACH, -EHOSTUNREACH, -ETIMEDOUT, -ECANCELED
 * Dropping: the attempt goes on until the stream is freed.
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_tcp_poll_connected(eddy_tcp *self, eddy_task *task);

/**
 * Take over a connected stream socket.
 * @param handle  loop
 * @param fd      descriptor that no other object has; made non-blocking and close-on-exec; the
 *                stream's when this succeeds, the caller's still when not
 * @param out     set to the stream, owned by the caller
 * @return        0; -EBADF, -ENOTSOCK, -EINVAL (not a stream socket), -ENOMEM, EDDY_LOOP_GONE
 * Thread: loop.
 */
EDDY_API int eddy_tcp_adopt(eddy_handle *handle, int fd, eddy_tcp **out);

/**
 * Two streams connected to each other over loopback, for tests.
 * @param handle  loop
 * @param a       set to one end, owned by the caller
 * @param b       set to the other
 * @return        0 or -errno; on error neither is set
 * Blocks: for a connect over loopback.
 * Thread: loop.
 */
EDDY_API int eddy_tcp_pair(eddy_handle *handle, eddy_tcp **a, eddy_tcp **b);

/**
 * Set limits; members that are zero keep their value.
 * @param self    stream
 * @param limits  new limits, copied
 * @return        0; -EINVAL: unknown size
 * Thread: loop.
 */
EDDY_API int eddy_tcp_set_limits(eddy_tcp *self, const eddy_tcp_limits *limits);

/* ---- reading ---- */

/**
 * Wait until at least `min` contiguous bytes can be seen with eddy_tcp_view().
 * @param self  stream
 * @param task  current task; waits as "tcp: read"
 * @param min   bytes, 1..recv_window_bytes
 * @return      > 0 bytes in view; 0 the peer closed and fewer than `min` bytes are left (they are
 *              still in view); EDDY_PENDING; -ECONNRESET, -ETIMEDOUT, ... after the bytes that came
 *              before; -EMSGSIZE: min is above the window; -ECANCELED
 * Dropping: loses nothing, the bytes stay in the stream. Allocates: no. Cost: at most 1 system
 * call. See: recv(2), io_uring_prep_recv_multishot(3)
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_tcp_poll_fill(eddy_tcp *self, eddy_task *task, size_t min);

/**
 * The contiguous unread bytes.
 * @param self  stream
 * @return      bytes, valid until the poll function returns or the stream is used for reading
 * again; len 0 when there are none
 * Thread: loop.
 */
EDDY_API eddy_bytes eddy_tcp_view(const eddy_tcp *self);

/**
 * Release bytes from the front of the unread ones.
 * @param self  stream
 * @param len   bytes, at most what poll_fill or view told (asserted)
 * Thread: loop.
 */
EDDY_API void eddy_tcp_consume(eddy_tcp *self, size_t len);

/**
 * Copy what is there into memory, waiting for the first byte.
 * @param self    stream
 * @param task    current task; waits as "tcp: read"
 * @param memory  at least `len` bytes
 * @param len     > 0
 * @return        > 0 bytes copied and consumed; 0 the peer closed; EDDY_PENDING; errors as
 * poll_fill
 * Dropping: loses nothing.
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_tcp_poll_read(eddy_tcp *self, eddy_task *task,
                                                       void *memory, size_t len);

/**
 * As eddy_tcp_poll_read(), but the bytes stay unread.
 * @param self    stream
 * @param task    current task; waits as "tcp: read"
 * @param memory  at least `len` bytes
 * @param len     > 0
 * @return        as eddy_tcp_poll_read()
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_tcp_poll_peek(eddy_tcp *self, eddy_task *task,
                                                       void *memory, size_t len);

/**
 * Wait until the peer has closed or reset the connection, though nobody reads. Unread bytes stay.
 * @param self  stream
 * @param task  current task; waits as "tcp: gone"; beside it another task may read
 * @return      0: the peer closed its side; -ECONNRESET, ...: it is broken; EDDY_PENDING
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_tcp_poll_gone(eddy_tcp *self, eddy_task *task);

/* ---- writing ---- */

/** A single write of no more bytes is accepted whole or waits: a small answer is never torn. */
#define EDDY_TCP_WRITE_WHOLE 4096

/**
 * Queue bytes, as many as the limit lets in (at most EDDY_TCP_WRITE_WHOLE: all of them); waits
 * while there is no room at all.
 * @param self  stream
 * @param task  current task; waits as "tcp: write"
 * @param data  bytes, copied
 * @param len   > 0
 * @return      > 0 bytes accepted; EDDY_PENDING; -EPIPE, -ECONNRESET, ...; -ECANCELED
 * Dropping: what was accepted is delivered. Cost: no system call, or one at 64 KiB.
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_tcp_poll_write(eddy_tcp *self, eddy_task *task,
                                                        const void *data, size_t len);

/**
 * Queue all bytes of a cursor.
 * @param self  stream
 * @param task  current task; waits as "tcp: write"
 * @param rest  what is left; advanced by what was accepted, so that a drop loses and repeats
 * nothing
 * @return      0: all accepted; EDDY_PENDING; errors as eddy_tcp_poll_write()
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_tcp_poll_write_all(eddy_tcp *self, eddy_task *task,
                                                            eddy_bytes *rest);

/**
 * Queue several byte ranges in order, as many bytes as the limit lets in.
 * @param self   stream
 * @param task   current task; waits as "tcp: write"
 * @param parts  ranges, copied
 * @param count  how many
 * @return       bytes accepted, in all (0 when all ranges are empty); else as eddy_tcp_poll_write()
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_tcp_poll_writev(eddy_tcp *self, eddy_task *task,
                                                         const eddy_bytes *parts, size_t count);

/**
 * Queue a reference-counted buffer without copying it.
 * @param self  stream
 * @param task  current task; waits as "tcp: write"
 * @param buf   buffer; one reference is taken by the stream when accepted
 * @param from  offset of the first byte to send
 * @param len   bytes, > 0; from + len within the buffer (asserted)
 * @return      `len`: accepted, all of it; EDDY_PENDING while the queue is at its limit; errors as
 *              eddy_tcp_poll_write()
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_tcp_poll_write_buf(eddy_tcp *self, eddy_task *task,
                                                            eddy_buf *buf, size_t from, size_t len);

/**
 * Move all unread bytes of one stream to the out-queue of another (or of itself), without copying.
 * @param from  stream to read
 * @param to    stream to write; of the same loop (asserted)
 * @param task  current task; waits as "tcp: write" on `to`; never waits for bytes to come
 * @return      bytes moved (0 when there were none); EDDY_PENDING; errors of writing `to`
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_tcp_poll_forward(eddy_tcp *from, eddy_tcp *to,
                                                          eddy_task *task);

/**
 * Queue all bytes now or none; never waits. For broadcasts that would rather drop a slow reader.
 * @param self  stream
 * @param data  bytes, copied
 * @param len   > 0
 * @return      `len`; -EAGAIN: it does not fit within the limit; errors as eddy_tcp_poll_write()
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_tcp_try_write(eddy_tcp *self, const void *data,
                                                       size_t len);

/**
 * Send what is queued now instead of at the end of the turn.
 * @param self  stream
 * Thread: loop.
 */
EDDY_API void eddy_tcp_push(eddy_tcp *self);

/**
 * Bytes that were accepted and that the kernel has not taken yet.
 * @param self  stream
 * @return      bytes
 * Thread: loop.
 */
EDDY_API size_t eddy_tcp_queued(const eddy_tcp *self);

/**
 * Wait until the kernel has taken all that was written.
 * @param self  stream
 * @param task  current task; waits as "tcp: flush"
 * @return      0; EDDY_PENDING; errors as eddy_tcp_poll_write(); -ECANCELED
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_tcp_poll_flush(eddy_tcp *self, eddy_task *task);

/* ---- ending ---- */

/**
 * Half-close: no more writes; FIN follows what is queued. Reading goes on.
 * @param self  stream
 * @param task  current task; waits as "tcp: shutdown"
 * @return      0: the FIN is on its way; EDDY_PENDING; errors as eddy_tcp_poll_write()
 * Dropping: the FIN still follows.
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_tcp_poll_shutdown(eddy_tcp *self, eddy_task *task);

/**
 * Close and learn how it went: flush, FIN, read and throw away until the peer closes too, within
 * the linger limits. Free the stream afterwards.
 * @param self  stream
 * @param task  current task; waits as "tcp: close"
 * @return      0: the peer closed after having received all; EDDY_PENDING; -ETIMEDOUT: linger_ns
 *              passed; -EMSGSIZE: the peer went on sending beyond linger_bytes; -ECONNRESET, -EPIPE
 * Dropping: the stream's free does the rest in the background.
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_tcp_poll_close(eddy_tcp *self, eddy_task *task);

/**
 * Give the stream back. What was written is still delivered: the loop finishes it within the linger
 * limits, and keeps an answer from being destroyed by what the peer is still sending. When a limit
 * cuts it off the peer gets a reset, never an end that looks like all.
 * @param self  stream; NULL does nothing; no task but the one that frees it may be waiting on it
 *              (asserted), nor may that task go on with what it waits for
 * Thread: loop; any once the loop is freed.
 */
EDDY_API void eddy_tcp_free(eddy_tcp *self);

/**
 * Throw the connection away: unsent bytes are dropped and the peer gets a reset (RST).
 * @param self  stream; gone afterwards, as with eddy_tcp_free(); NULL does nothing; nobody else
 *              waits on it (asserted)
 * Thread: loop; any once the loop is freed.
 */
EDDY_API void eddy_tcp_abort(eddy_tcp *self);

/* ---- halves ---- */

/** The reading half of a stream: use `tcp` with the functions that read. */
typedef struct eddy_tcp_reader {
    eddy_tcp *tcp;
} eddy_tcp_reader;

/** The writing half of a stream: use `tcp` with the functions that write. */
typedef struct eddy_tcp_writer {
    eddy_tcp *tcp;
} eddy_tcp_writer;

/**
 * Split a stream into two halves that different tasks own. The stream ends with the second half.
 * @param self    stream; now owned by the halves: not to be freed any more
 * @param reader  set
 * @param writer  set
 * Thread: loop.
 */
EDDY_API void eddy_tcp_split(eddy_tcp *self, eddy_tcp_reader *reader, eddy_tcp_writer *writer);

/**
 * Give the reading half back: what comes is read no more.
 * @param self  half; zeroed; one that is zero is left alone; nobody else waits to read (asserted)
 * Thread: loop.
 */
EDDY_API void eddy_tcp_reader_free(eddy_tcp_reader *self);

/**
 * Give the writing half back: FIN follows what was written.
 * @param self  half; zeroed; one that is zero is left alone; nobody else waits to write (asserted)
 * Thread: loop.
 */
EDDY_API void eddy_tcp_writer_free(eddy_tcp_writer *self);

EDDY_EXTERN_C_END

#endif
