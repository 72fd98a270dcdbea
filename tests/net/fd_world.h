/* SPDX-License-Identifier: MIT */
/*
 * fd_world.h - what the tests of foreign descriptors share: pipes and pairs, and tasks that wait.
 */
#ifndef EDDY_TEST_FD_WORLD_H
#define EDDY_TEST_FD_WORLD_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/loop.h"
#include "eddy/fd.h"

static inline void fd_pipe(int ends[2])
{
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
}

static inline void fd_pair(int ends[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
}

static inline void fd_put(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* Read until EAGAIN or the end. Returns the bytes. */
static inline size_t fd_drain(int fd)
{
    char bytes[4096];
    size_t all = 0;
    ssize_t n;

    while ((n = read(fd, bytes, sizeof bytes)) > 0)
        all += (size_t)n;
    return all;
}

/* Write until EAGAIN. */
static inline void fd_fill(int fd)
{
    static const char bytes[4096];

    while (write(fd, bytes, sizeof bytes) > 0)
        ;
    assert_int_equal(errno, EAGAIN);
}

static inline bool fd_is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static inline eddy_fd *fd_new(eddy_core *core, int number)
{
    eddy_fd *fd = NULL;

    assert_int_equal(eddy_fd_new(eddy_core_handle(core), number, NULL, &fd), 0);
    return fd;
}

/* Waits once. `result` may be NULL. */
struct fd_wait {
    EDDY_FRAME;
    eddy_fd *fd;
    uint32_t mask;
    int *polls;
    eddy_result *result;
};

static inline eddy_result fd_wait_poll(eddy_future *frame, eddy_task *task)
{
    struct fd_wait *self = (struct fd_wait *)(void *)frame;
    eddy_result n = eddy_fd_poll_ready(self->fd, task, self->mask);

    if (self->polls != NULL)
        (*self->polls)++;
    if (self->result != NULL)
        *self->result = n;
    return n;
}

static inline void fd_wait_done(eddy_future *frame)
{
    (void)frame;
}

static const eddy_type fd_wait_type = {fd_wait_poll, fd_wait_done, sizeof(struct fd_wait),
                                       "fd_wait", NULL};

/* Run until it is ready for something of the mask, and return that. */
static inline eddy_result fd_until(eddy_core *core, eddy_fd *fd, uint32_t mask)
{
    return test_run(core, fd_wait, .fd = fd, .mask = mask);
}

/* What it is ready for by now, without waiting; 0: for nothing of the mask. */
static inline eddy_result fd_now(eddy_core *core, eddy_fd *fd, uint32_t mask)
{
    eddy_result result = EDDY_PENDING;
    eddy_join *join;

    for (int i = 0; i < 3; i++)
        (void)eddy_core_turn(core, EDDY_MILLISECOND);
    join = test_spawn_join(core, fd_wait, .fd = fd, .mask = mask, .result = &result);
    (void)test_settle(core);
    eddy_join_abort(join);
    eddy_join_free(join);
    return result == EDDY_PENDING ? 0 : result;
}

#endif
