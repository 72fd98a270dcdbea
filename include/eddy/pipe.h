/* SPDX-License-Identifier: MIT */
/*
 * eddy/pipe.h - pipes, FIFOs, terminals, standard input and output, and whatever else is read and
 * written as bytes: each is a byte stream, used through its eddy_io (eddy/io.h).
 *
 *     EDDY_TRY(eddy_stdin(handle, pool, &input));
 *     EDDY_POLL(n, eddy_io_poll_fill(eddy_pipe_io(input), task, 1));
 *
 * How it is done depends on what the descriptor is, and whose:
 *   - own, and it can be polled (a pipe, a FIFO, a terminal, a socket): it is made non-blocking;
 *   - shared with others (`shared`; standard input and output always are): being non-blocking is of the
 *     open file, which the shell and other programs use, too, so it is never changed. Pipes, FIFOs and
 *     terminals are opened anew (/proc/self/fd), sockets are asked not to wait call by call;
 *   - what cannot be polled (a regular file, /dev/null) or not be opened anew: a thread of a pool reads
 *     and writes it, up to 64 KiB at a time. Reading is ahead of what is asked for by so much. What is
 *     written to the master of a terminal that is shared, and that nobody reads, holds its thread in the
 *     kernel, and eddy_pool_release() with it: no call writes there without waiting.
 *
 * A write is tried at once; what is small (EDDY_IO_WRITE_WHOLE) is accepted whole or waits. A pipe
 * whose reader is gone gives -EPIPE, and no signal: SIGPIPE is kept away whatever the program's
 * settings are. Freeing one keeps the promise of close(2): what was accepted is delivered, by the loop,
 * within `linger_ns`. The end of a writing pipe (eddy_io_poll_shutdown()) closes it; of a shared one the
 * reader sees no end before the last of the others has closed it, too. A socket is half-closed. What
 * can be read as well, a terminal for instance, has no end of writing.
 *
 * Not on simulated loops: -EOPNOTSUPP (eddy/io_memory.h has byte streams for those). All functions:
 * thread of the loop only.
 */
#ifndef EDDY_PIPE_H
#define EDDY_PIPE_H

#include "eddy/io.h"
#include "eddy/pool.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_pipe eddy_pipe;

/** Zero means the default. */
typedef struct eddy_pipe_options {
    size_t size_bytes; /* sizeof(eddy_pipe_options) */
    bool shared;       /* others use the open file, too: its flags are left as they are, and the
                          descriptor is not closed */
    eddy_pool
        *pool; /* threads for what cannot be polled; NULL: then that is -EPERM. Outlives the pipe
                          and what it has still to deliver: when it has ended, reading and the next
                          write give EDDY_CLOSED, later writes -EPIPE. No reference is taken */
    int64_t linger_ns; /* after free, time to deliver what is left; 5 s */
} eddy_pipe_options;

/** Which end of a FIFO. */
typedef enum eddy_fifo_end {
    EDDY_FIFO_READ,    /* its end is told when the last writer has closed it */
    EDDY_FIFO_READ_ON, /* it has no end: other writers may come */
    EDDY_FIFO_WRITE
} eddy_fifo_end;

/**
 * A descriptor as a byte stream, to be read, written or both as it was opened.
 * @param handle   loop
 * @param fd       descriptor; unless it is shared: made close-on-exec, and the pipe's when this succeeds,
 *                 the caller's still, as it was, when not
 * @param options  NULL for all defaults; copied
 * @param out      set to the pipe, owned by the caller; untouched on error
 * @return         0; -EBADF; -EPERM: it cannot be polled, and there is no pool; -EINVAL: options of an
 *                 unknown size, a negative time, a socket of datagrams; -EISDIR; -EMFILE, -ENOMEM,
 *                 -EOPNOTSUPP, EDDY_LOOP_GONE
 * Thread: loop. Allocates: from the loop's slab. See: pipe(7), fifo(7), epoll_ctl(2)
 */
EDDY_API int eddy_pipe_new(eddy_handle *handle, int fd, const eddy_pipe_options *options,
                           eddy_pipe **out);

/**
 * A pipe and its two ends.
 * @param handle  loop
 * @param reader  set, owned by the caller
 * @param writer  set, owned by the caller
 * @return        0; -EMFILE, -ENOMEM, -EOPNOTSUPP, EDDY_LOOP_GONE; on error neither is set
 * Thread: loop. Allocates: from the loop's slab. See: pipe2(2)
 */
EDDY_API int eddy_pipe_pair(eddy_handle *handle, eddy_pipe **reader, eddy_pipe **writer);

/**
 * Open one end of a FIFO, without waiting for the other end.
 * @param handle  loop
 * @param path    of the FIFO, ended by a NUL; copied
 * @param end     which
 * @param out     set to the pipe, owned by the caller; untouched on error
 * @return        0; -ENOENT, -EACCES; -EINVAL: it is no FIFO, or no such end; -EMFILE, -ENOMEM,
 *                -EOPNOTSUPP, EDDY_LOOP_GONE
 * A reader waits for the first writer as for bytes. A FIFO cannot be opened for writing before there is
 * a reader, and nobody tells when there is: writes wait, and it is tried again and again, after 1 ms at
 * first, 64 ms at last. The first write tells what else may happen (-ENOENT: it was removed meanwhile).
 * Thread: loop. Allocates: from the loop's slab. Blocks: no more than open(2) of a path. See: fifo(7)
 */
EDDY_API int eddy_fifo_open(eddy_handle *handle, const char *path, eddy_fifo_end end,
                            eddy_pipe **out);

/**
 * Standard input, whatever it is, left as it is.
 * @param handle  loop
 * @param pool    as eddy_pipe_options.pool
 * @param out     set to the pipe, owned by the caller; untouched on error
 * @return        as eddy_pipe_new()
 * Freeing it leaves descriptor 0 open. Nobody else should read it meanwhile: stdio has a buffer of its
 * own. Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API int eddy_stdin(eddy_handle *handle, eddy_pool *pool, eddy_pipe **out);

/**
 * Standard output, whatever it is, left as it is.
 * @param handle  loop
 * @param pool    as eddy_pipe_options.pool
 * @param out     set to the pipe, owned by the caller; untouched on error
 * @return        as eddy_pipe_new()
 * What stdio holds back in its own buffer comes later than what is written here: fflush(3) first.
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API int eddy_stdout(eddy_handle *handle, eddy_pool *pool, eddy_pipe **out);

/**
 * Standard error, as eddy_stdout().
 * @param handle  loop
 * @param pool    as eddy_pipe_options.pool
 * @param out     set to the pipe, owned by the caller; untouched on error
 * @return        as eddy_pipe_new()
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API int eddy_stderr(eddy_handle *handle, eddy_pool *pool, eddy_pipe **out);

/**
 * A pipe as a byte stream. Reading one that was opened for writing alone gives -EBADF, and the other way
 * round. Waits as "pipe: read", "pipe: write", "pipe: flush", "pipe: shutdown".
 * @param self  pipe, borrowed: the eddy_io is another name of it, and ends with it. Freeing either
 *              frees both
 * @return      never NULL
 * Errors are sticky: what broke reading is told to every later read; writing: once, then -EPIPE. At most
 * 64 KiB are in view: eddy_io_poll_fill() for more is -EMSGSIZE.
 * Thread: loop. Allocates: no.
 */
EDDY_API eddy_io *eddy_pipe_io(eddy_pipe *self);

/**
 * Whether threads of the pool read and write it.
 * @param self  pipe
 * @return      true: it cannot be polled
 * Thread: loop. Allocates: no.
 */
EDDY_API bool eddy_pipe_is_pooled(const eddy_pipe *self);

/**
 * Give it back. What was written is still delivered, within linger_ns.
 * @param self  pipe; NULL does nothing; nobody else waits on it, and it was not split (asserted)
 * A descriptor that is its own is closed when all is delivered and the loop has made a turn or two.
 * Thread: loop; any once the loop is freed.
 */
EDDY_API void eddy_pipe_free(eddy_pipe *self);

EDDY_EXTERN_C_END

#endif
