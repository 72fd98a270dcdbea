/* SPDX-License-Identifier: MIT */
/*
 * pipes.h - descriptors that are read and written as bytes: what they are, how one that others use
 * too can be had without waiting, and the calls that move the bytes, none of which raises SIGPIPE.
 *
 * They are the kernel's; no simulated system has any. Functions return 0 (or what is said) or -errno;
 * a call that a signal has interrupted is made again.
 */
#ifndef EDDY__PIPES_H
#define EDDY__PIPES_H

#include "eddy/base.h"

typedef enum eddy__pipe_sort {
    EDDY__PIPE_SOCKET, /* of a stream */
    EDDY__PIPE_FIFO,   /* a pipe or a FIFO */
    EDDY__PIPE_TTY,    /* a terminal: not the master of one */
    EDDY__PIPE_FILE,   /* a regular file: never waits, and cannot be polled */
    EDDY__PIPE_OTHER,  /* a device */
} eddy__pipe_sort;

typedef struct eddy__pipe_facts {
    eddy__pipe_sort sort;
    bool reads, writes; /* as it was opened */
    int flags;          /* this and the next: to be put back by eddy__pipe_restore() */
    int fd_flags;
} eddy__pipe_facts;

/* At most this many parts in one write. */
#define EDDY__PIPE_PARTS_MAX 64

/* -EBADF; -EISDIR; -EINVAL: a socket of datagrams. */
int eddy__pipe_examine(int fd, eddy__pipe_facts *facts);
void eddy__pipe_close_on_exec(int fd);
/* Non-blocking and close-on-exec. */
int eddy__pipe_make_own(int fd, const eddy__pipe_facts *facts);
/* As it was before that. */
void eddy__pipe_restore(int fd, const eddy__pipe_facts *facts);
/* The same pipe, FIFO or terminal by an open file of its own, non-blocking and close-on-exec: a
 * descriptor. */
int eddy__pipe_reopen(int fd, const eddy__pipe_facts *facts);
/* Another number, close-on-exec, for the same open file. */
int eddy__pipe_copy(int fd);
void eddy__pipe_close(int fd);
int eddy__pipe_pair(int fds[2]);

/* An end of a FIFO, without waiting. -EINVAL: it is none; -ENXIO: to write, and nobody reads. */
int eddy__fifo_open(const char *path, bool reads, bool writes);
/* A read has given 0: is it the end? A FIFO that no writer has ever opened has none. */
bool eddy__fifo_has_ended(int fd);

/* Without waiting, if the descriptor is non-blocking or a socket. Bytes; 0 the end; -EAGAIN. */
int64_t eddy__pipe_read(int fd, bool is_socket, void *memory, size_t len);
/* Bytes, at least 1; -EAGAIN; -EPIPE. */
int64_t eddy__pipe_write(int fd, bool is_socket, const eddy_bytes *parts, size_t count);
/* No more bytes will be written to a socket. */
int eddy__pipe_shutdown(int fd);

/* Waiting, for the threads of a pool. `stop`: an eventfd that ends the wait when it is signalled
 * (-ECANCELED); -1: it does not wait. */
int64_t eddy__pipe_read_waiting(int fd, int stop, void *memory, size_t len);
/* All of it: len, or an error after which a part may be written. */
int64_t eddy__pipe_write_waiting(int fd, int stop, const void *data, size_t len);

/* As eddy__pipe_write() of no socket, on kernels that cannot leave the signal out: for its test. */
int64_t eddy__pipe_write_guarded(int fd, const eddy_bytes *parts, size_t count);

#endif
