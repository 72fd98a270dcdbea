/* SPDX-License-Identifier: MIT */
/*
 * eddy/fd.h - the readiness of a descriptor that somebody else made and works with: another
 * library's socket, a pipe, a terminal, an eventfd, timerfd, inotify, a pidfd, another loop. Not
 * for regular files, which are always ready (eddy/file.h), and not the way to eddy's own kinds of
 * I/O, which are faster.
 *
 *     EDDY_POLL(n, eddy_fd_poll_ready(fd, task, EDDY_FD_READABLE));
 *     if (other_library_read(...) says EAGAIN) { eddy_fd_clear(fd, EDDY_FD_READABLE); poll again; }
 *
 * Readiness is told by the edge and kept until it is cleared. So: try; told EAGAIN, clear and poll
 * again. What becomes ready between the EAGAIN and the clear is not lost, as the loop looks only
 * between polls. It may be told for nothing: the system call decides. Registering costs a system
 * call or two, asking for one kind of readiness after another costs none, and one each time it is
 * told to be writable again.
 *
 * Two tasks may wait at once, each on one side: one asks for sets with EDDY_FD_WRITABLE, the other
 * for sets without. Who asks again for another set gives up none of the waits it has left: it may
 * be woken once for what it asked for before.
 *
 * A descriptor is not owned unless that is asked for. Its owner deregisters it (eddy_fd_free())
 * before he closes it: closed first, it may live on in the loop, and its number become a
 * stranger's.
 *
 * On a simulated loop there are none (-EOPNOTSUPP). All functions: thread of the loop only.
 */
#ifndef EDDY_FD_H
#define EDDY_FD_H

#include "eddy/future.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_fd eddy_fd;

/** What a descriptor is ready for. A hang-up makes it readable, too (in both directions: writable
    as well); an error makes it readable and writable: who waits looks, and is told. */
enum {
    EDDY_FD_READABLE = 1 << 0, /**< bytes, a message, a connection, the end, an error */
    EDDY_FD_WRITABLE = 1 << 1, /**< room, a connect that is over, an error */
    EDDY_FD_PRIORITY = 1 << 2, /**< POLLPRI: urgent data, a change of a pty or of a file in sysfs */
    EDDY_FD_HANGUP = 1 << 3,   /**< the other side has closed, or half-closed; a hint */
    EDDY_FD_ERROR = 1 << 4,    /**< an error waits to be told; a hint */
};

/** Zero means the default. */
typedef struct eddy_fd_options {
    size_t size_bytes; /**< sizeof(eddy_fd_options) */
    bool own;          /**< the descriptor is the object's: eddy_fd_free() closes it */
} eddy_fd_options;

/**
 * Register a descriptor with the loop, for all kinds of readiness at once.
 * @param handle   loop
 * @param fd       descriptor; nothing about it is changed. It should be non-blocking, else who
 *                 reads it though it was told so for nothing stops the loop
 * @param options  NULL for all defaults; copied
 * @param out      set to the object, owned by the caller; untouched on error
 * @return         0; on error the descriptor is the caller's in any case: -EPERM: cannot be polled
 *                 (a regular file, a directory, /dev/null); -EEXIST: this loop has it already;
 *                 -EBADF; -EINVAL: options of an unknown size; -EOPNOTSUPP: a simulated loop;
 *                 -ENOMEM, -ENOSPC, -EMFILE; EDDY_LOOP_GONE
 * What it is ready for now is told, too. Allocates: from the loop's slab. Thread: loop. See:
 * epoll_ctl(2), io_uring_prep_poll_multishot(3), tokio_core PollEvented::new
 */
EDDY_API int eddy_fd_new(eddy_handle *handle, int fd, const eddy_fd_options *options,
                         eddy_fd **out);

/**
 * Wait until it is ready for something.
 * @param self  descriptor
 * @param task  current task, of its loop (asserted); waits as "fd: write" when EDDY_FD_WRITABLE is
 *              among what it asks for, else as "fd: read"; two tasks on one of these sides are an
 *              assertion
 * @param mask  EDDY_FD_*, at least one (asserted)
 * @return      > 0: those of `mask` that it is ready for, and stays until eddy_fd_clear();
 *              EDDY_PENDING; -ECANCELED; -EBADF after eddy_fd_let_go(); EDDY_LOOP_GONE
 * Dropping: loses nothing. Allocates: no. Thread: loop. Cost: no system call; one when
 * EDDY_FD_PRIORITY is asked for and seems to hold.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_fd_poll_ready(eddy_fd *self, eddy_task *task,
                                                       uint32_t mask);

/**
 * Wait until it is readable: eddy_fd_poll_ready() for EDDY_FD_READABLE.
 * @param self  descriptor
 * @param task  current task
 * @return      as eddy_fd_poll_ready()
 * Dropping: loses nothing. Allocates: no. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_fd_poll_readable(eddy_fd *self, eddy_task *task);

/**
 * Wait until it is writable: eddy_fd_poll_ready() for EDDY_FD_WRITABLE.
 * @param self  descriptor
 * @param task  current task
 * @return      as eddy_fd_poll_ready()
 * Dropping: loses nothing. Allocates: no. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_fd_poll_writable(eddy_fd *self, eddy_task *task);

/**
 * It is no longer so: whoever asks next waits for it to become so anew. To be called when the
 * system said EAGAIN, and only then; or for EDDY_FD_HANGUP and EDDY_FD_ERROR, when one has taken
 * note.
 * @param self  descriptor
 * @param mask  EDDY_FD_* (asserted)
 * Allocates: no. Thread: loop. Cost: no system call.
 */
EDDY_API void eddy_fd_clear(eddy_fd *self, uint32_t mask);

/**
 * read(2) when it is readable, as often as it takes.
 * @param self    descriptor, non-blocking (asserted the first time)
 * @param task    current task; waits as "fd: read"
 * @param memory  at least `len` bytes
 * @param len     > 0 (asserted)
 * @return        > 0 bytes read; 0 the end; EDDY_PENDING; -ECANCELED; -errno of read(2) (eddy_why()
 *                has a note); EDDY_LOOP_GONE
 * Dropping: loses nothing. Allocates: no. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_fd_poll_read(eddy_fd *self, eddy_task *task, void *memory,
                                                      size_t len);

/**
 * write(2) when it is writable, as often as it takes to write something. SIGPIPE is not raised.
 * @param self  descriptor, non-blocking (asserted the first time)
 * @param task  current task; waits as "fd: write"
 * @param data  bytes
 * @param len   > 0 (asserted)
 * @return      > 0 bytes written, perhaps not all; EDDY_PENDING; -ECANCELED; -errno of write(2)
 *              (eddy_why() has a note); EDDY_LOOP_GONE
 * Dropping: what was written stays written. Allocates: no. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_fd_poll_write(eddy_fd *self, eddy_task *task,
                                                       const void *data, size_t len);

/**
 * A future for the readiness: ends as eddy_fd_poll_ready() does.
 * @param handle  loop
 * @param self    descriptor, borrowed until the future is gone
 * @param mask    EDDY_FD_*, at least one (asserted)
 * @return        boxed future, owned by the caller; never NULL. Its result is > 0, what it is ready
 *                for
 * Dropping: loses nothing. Allocates: from the loop's slab. Thread: loop.
 */
EDDY_API eddy_future *eddy_fd_ready(eddy_handle *handle, eddy_fd *self, uint32_t mask);

/**
 * The descriptor's number.
 * @param self  descriptor
 * @return      as given to eddy_fd_new(); closed already if the object owned it and the loop is
 *              gone
 * Thread: loop. Allocates: no.
 */
EDDY_API int eddy_fd_number(const eddy_fd *self);

/**
 * Deregister it at once, whoever waits: for libraries that say "forget this one, I close it now".
 * It is the caller's from now on, whoever owned it, and may be closed as soon as this returns.
 * Those who wait are woken; they, and whoever polls it later, are told -EBADF. The object stays
 * until it is freed.
 * @param self  descriptor; a second time does nothing
 * Thread: loop; also while a task is being dropped. Allocates: no. Cost: at most two system calls.
 */
EDDY_API void eddy_fd_let_go(eddy_fd *self);

/**
 * Deregister it, and take it back unclosed, whoever owned it. The object is gone.
 * @param self  descriptor; no other task may wait for it (asserted)
 * @return      its number, the caller's; EDDY_LOOP_GONE: the object owned it, and the loop has
 *              closed it
 * Thread: loop; any once the loop is freed. Allocates: no. Cost: at most two system calls.
 */
EDDY_API int eddy_fd_into_fd(eddy_fd *self);

/**
 * Deregister it; close it if it is owned, in the loop's next turn at the latest. One that is not
 * owned may be closed or registered again as soon as this returns. Allowed at any time, also by
 * whoever was just told that it is ready.
 * @param self  descriptor; NULL does nothing; no other task may wait for it (asserted: abort that
 *              task first, or have it free the object)
 * Thread: loop; any once the loop is freed. Allocates: no. Cost: at most two system calls.
 */
EDDY_API void eddy_fd_free(eddy_fd *self);

EDDY_EXTERN_C_END

#endif
