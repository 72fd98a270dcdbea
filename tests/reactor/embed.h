/* SPDX-License-Identifier: MIT */
/*
 * embed.h - for tests of a loop inside another one: that one is poll(2) and nothing else. Turns are
 * made only when the descriptor is readable, and are counted.
 */
#ifndef EDDY_TEST_EMBED_H
#define EDDY_TEST_EMBED_H

#include <errno.h>
#include <limits.h>
#include <poll.h>

#include "../support/net.h"

enum { EMBED_TURNS_MAX = 1000, EMBED_LIMIT_MS = 10000 };

struct embed {
    eddy_core *core;
    int fd;
    int turns;
};

static inline struct embed embed_start(void)
{
    struct embed self = {.core = test_core()};

    self.fd = eddy_core_fd(self.core);
    assert_in_range(self.fd, 0, INT_MAX);
    return self;
}

static inline void embed_end(struct embed *self)
{
    test_core_end(self->core);
}

/* Is it readable, now or within so long? */
static inline bool embed_readable(const struct embed *self, int timeout_ms)
{
    struct pollfd ready = {.fd = self->fd, .events = POLLIN};
    int n;

    do
        n = poll(&ready, 1, timeout_ms);
    while (n < 0 && errno == EINTR);
    assert_true(n == 0 || ready.revents == POLLIN);
    return n == 1;
}

/* Turns as long as it is readable; returns how many there were. */
static inline int embed_pump(struct embed *self)
{
    int turns = 0;

    while (embed_readable(self, 0)) {
        assert_in_range(++turns, 1, EMBED_TURNS_MAX);
        assert_true(eddy_core_turn(self->core, 0) >= 0);
    }
    self->turns += turns;
    return turns;
}

/* The whole of the other loop, until the result is there. */
static inline eddy_result embed_until_done(struct embed *self, const eddy_result *result)
{
    while (*result == EDDY_PENDING) {
        assert_true(embed_readable(self, EMBED_LIMIT_MS));
        assert_true(eddy_core_turn(self->core, 0) >= 0);
        assert_in_range(++self->turns, 1, EMBED_TURNS_MAX);
    }
    embed_pump(self);
    return *result;
}

#endif
