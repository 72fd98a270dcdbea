/* SPDX-License-Identifier: MIT */
/*
 * raw_epoll_source.c - every connection is sent the pattern, without end and without a copy.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "../load/pattern.h"
#include "raw_epoll.h"

struct sink {
    struct watch watch;
    uint64_t sent;
};

static struct pattern pattern;

/* Level-triggered with one send an event: nobody who reads fast keeps the others waiting. */
static void sink_ready(struct watch *watch, uint32_t events)
{
    struct sink *self = (struct sink *)watch;
    ssize_t sent = -1;

    if ((events & (EPOLLRDHUP | EPOLLERR | EPOLLHUP)) == 0) {
        sent = send(watch->fd, pattern_at(&pattern, self->sent), PATTERN_SLICE, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR))
            sent = 0;
    }
    if (sent < 0) {
        close(watch->fd);
        free(self);
        return;
    }
    self->sent += (uint64_t)sent;
}

static void sink_open(int fd)
{
    struct sink *self = server_alloc(1, sizeof *self);

    self->watch = (struct watch){.ready = sink_ready, .fd = fd};
    watch_start(&self->watch, EPOLLOUT | EPOLLRDHUP);
}

void raw_epoll_source(const struct server_args *args)
{
    pattern_fill(&pattern);
    listener_start(args->port, sink_open);
    loop_run(NULL, NULL);
}
