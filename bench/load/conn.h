/* SPDX-License-Identifier: MIT */
/*
 * conn.h - a TCP connection as two streams of the pattern: what was sent, and how much of that has
 * come back. Each has its own place in the pattern to begin from.
 */
#ifndef BENCH_LOAD_CONN_H
#define BENCH_LOAD_CONN_H

#include "run.h"
#include <errno.h>
#include <sys/socket.h>

struct conn {
    int fd; /* -1: closed */
    uint32_t base;
    uint64_t goal; /* send up to there */
    uint64_t sent;
    uint64_t received;
    uint64_t since_ns; /* when what is unanswered was sent */
    uint64_t unanswered;
};

/* A new socket that is connected and does not block; -1: the run has failed. */
int conn_open(struct run *run);

/* As many of them, on none of which epoll looks yet; NULL: the run has failed. */
struct conn *conns_open(struct run *run, uint64_t count);

/* When the run was good: nothing more has come, and none has ended. Then close all, and free. */
void conns_close(struct run *run, struct conn *conns, uint64_t count);

/* Close all, and free, whatever is on its way. */
void conns_drop(struct conn *conns, uint64_t count);

/* Have epoll tell the run's loop about a socket: every change once (EPOLLET), or as `how` says. */
void conn_watch(struct run *run, int fd, void *thing, uint32_t how);

/* What epoll tells about a connection that has been reset; the run has failed then. */
bool conn_is_lost(struct run *run, int fd, uint32_t events);

/* Send as far as the goal, or as the socket takes it. */
static inline void conn_push(struct run *run, struct conn *self)
{
    while (self->sent < self->goal) {
        uint64_t rest = self->goal - self->sent;
        size_t len = rest < PATTERN_SLICE ? (size_t)rest : PATTERN_SLICE;
        ssize_t done = send(self->fd, pattern_at(&run->pattern, self->base + self->sent), len,
                            MSG_NOSIGNAL | MSG_DONTWAIT);

        if (done < 0) {
            if (errno != EAGAIN)
                run_fail(run, "send", errno);
            return;
        }
        self->sent += (uint64_t)done;
    }
}

/* Receive into the run's buffer: > 0 bytes; 0: nothing is there, or the run has failed. */
size_t conn_receive(struct run *run, int fd, size_t kept);

/* Whether the bytes are those that were sent and have not come back yet. */
bool conn_compare(struct run *run, struct conn *self, const unsigned char *bytes, size_t len);

/* Receive and compare: so many bytes; 0: nothing is there, or the run has failed. */
static inline size_t conn_take(struct run *run, struct conn *self)
{
    size_t len = conn_receive(run, self->fd, 0);

    return len > 0 && conn_compare(run, self, run->buffer, len) ? len : 0;
}

#endif
