/* SPDX-License-Identifier: MIT */
/*
 * both_unix.h - for tests that ask the kernel and a simulated host the same of Unix sockets that keep
 * messages apart: their verbs over either. Everything here is static, a test includes it once.
 */
#ifndef EDDY_TEST_BOTH_UNIX_H
#define EDDY_TEST_BOTH_UNIX_H

#include "both.h"
#include "eddy/unix_dgram.h"
#include "sys/datagrams_unix.h"

enum { IN = EDDY__SIM_READABLE, OUT = EDDY__SIM_WRITABLE };

static const eddy__datagram_sort DGRAM = EDDY__DATAGRAM_UNIX, MESSAGES = EDDY__DATAGRAM_SEQPACKET;

static inline const eddy__unix_datagrams *calls(void)
{
    return at->type->datagrams->unix_names;
}

static inline eddy__datagram_sort sort_of(int fd)
{
    eddy__datagram_sort sort;

    assert_int_equal(at->type->datagrams->adopt(at, fd, &sort), 0);
    return sort;
}

static inline int open_one(eddy__datagram_sort sort)
{
    int fd = calls()->open(at, sort);

    assert_true(fd >= 0);
    assert_int_equal(calls()->tell_end(at, fd), 0);
    return fd;
}

/* An abstract one of this process. */
static inline eddy_unix_addr name_of(const char *text)
{
    char full[64];
    eddy_unix_addr name;
    int len = snprintf(full, sizeof full, "eddy-test-%ld-%s", (long)getpid(), text);

    assert_int_equal(eddy_unix_addr_abstract(full, (size_t)len, &name), 0);
    return name;
}

static inline int bind_name(int fd, eddy_unix_addr name)
{
    const eddy__unix_listen how = {.mode = -1};
    eddy__unix_place place;

    return calls()->bind(at, fd, &name, &how, &place);
}

static inline int bound(eddy__datagram_sort sort, const char *text)
{
    int fd = open_one(sort);

    assert_int_equal(bind_name(fd, name_of(text)), 0);
    return fd;
}

static inline int connect_name(int fd, const char *text)
{
    const eddy_unix_addr name = name_of(text);

    return calls()->connect(at, fd, &name);
}

static inline two pair_of(eddy__datagram_sort sort)
{
    int fds[2];

    assert_int_equal(calls()->pair(at, sort, fds), 0);
    assert_int_equal(calls()->tell_end(at, fds[0]), 0);
    assert_int_equal(calls()->tell_end(at, fds[1]), 0);
    return (two){fds[0], fds[1]};
}

/* Bytes, or -errno. */
static inline int post(int fd, const char *text)
{
    char copy[32];
    const eddy_datagram it = {.data = copy, .len = strlen(text)};

    strcpy(copy, text);
    return calls()->send(at, fd, sort_of(fd), &it);
}

static inline int post_to(int fd, const char *text, eddy_unix_addr to)
{
    char copy[32];
    const eddy_datagram it = {.data = copy, .len = strlen(text), .name = &to};

    strcpy(copy, text);
    return calls()->send(at, fd, sort_of(fd), &it);
}

static inline eddy_datagram fetch(int fd, const char *text, size_t space, eddy_unix_addr *from)
{
    char memory[32] = {0};
    eddy_datagram it = {.data = memory, .room = space, .name = from};

    assert_int_equal(calls()->recv(at, fd, sort_of(fd), &it), 0);
    assert_string_equal(memory, text);
    it.data = NULL;
    return it;
}

static inline void take(int fd, const char *text)
{
    assert_int_equal(fetch(fd, text, 31, NULL).full_len, strlen(text));
}

static inline int take_none(int fd)
{
    char memory[32];
    eddy_datagram it = {.data = memory, .room = sizeof memory};
    int error = calls()->recv(at, fd, sort_of(fd), &it);

    assert_true(error < 0);
    return error;
}

/* 0, or why nobody is told. */
static inline int peer_of(int fd, eddy_unix_addr *name)
{
    return at->type->unix_sockets->peer_name(at, fd, name);
}

static inline eddy_unix_addr local_name(int fd)
{
    eddy_unix_addr name;

    assert_int_equal(at->type->unix_sockets->local_name(at, fd, &name), 0);
    return name;
}

static inline bool same(eddy_unix_addr one, eddy_unix_addr other)
{
    return eddy_unix_addr_equal(&one, &other);
}

/* How many letters of one byte go before one does not; that is told -EAGAIN. */
static inline int fill(int fd, eddy_unix_addr *to)
{
    int sent = 0, n;

    while ((n = to != NULL ? post_to(fd, "x", *to) : post(fd, "x")) == 1)
        sent++;
    assert_int_equal(n, -EAGAIN);
    return sent;
}

static inline int listening(const char *text, int32_t backlog)
{
    int fd = bound(MESSAGES, text);

    assert_int_equal(calls()->listen(at, fd, backlog), 0);
    return fd;
}

#endif
