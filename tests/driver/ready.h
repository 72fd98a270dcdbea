/* SPDX-License-Identifier: MIT */
/*
 * ready.h - for tests of mere readiness: a side over a descriptor of the test's, what has become of it,
 * and pipes and pairs to be filled and emptied.
 */
#ifndef EDDY_TESTS_DRIVER_READY_H
#define EDDY_TESTS_DRIVER_READY_H

#include "support/driver_world.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    READABLE = EDDY__IS_READABLE,
    WRITABLE = EDDY__IS_WRITABLE,
    PRIORITY = EDDY__IS_PRIORITY,
    HANGUP = EDDY__IS_HANGUP,
    FAILED = EDDY__IS_ERROR,
};

static inline void watch(world *w, side *s, int fd)
{
    side_init(s);
    side_attach(w, s, fd, EDDY__SLOT_READY);
}

static inline void make_pipe(int ends[2])
{
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
}

static inline void make_pair(int ends[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
}

static inline void put(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* Read until EAGAIN, and take note that it is no longer readable. */
static inline void drain(side *s)
{
    char bytes[256];

    while (read(s->slot.fd, bytes, sizeof bytes) > 0)
        ;
    assert_int_equal(errno, EAGAIN);
    s->ready &= ~(uint32_t)READABLE;
}

/* Write until EAGAIN, and take note that it is no longer writable. */
static inline void fill(side *s)
{
    static const char bytes[4096];

    while (write(s->slot.fd, bytes, sizeof bytes) > 0)
        ;
    assert_int_equal(errno, EAGAIN);
    s->ready &= ~(uint32_t)WRITABLE;
}

#endif
