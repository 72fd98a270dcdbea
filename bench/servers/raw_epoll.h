/* SPDX-License-Identifier: MIT */
/*
 * raw_epoll.h - what the modes of the hand-written epoll server share: a descriptor and what to do
 * when it is ready, and a stream's bytes that its full socket did not take.
 *
 * The recipe: edge-triggered, EPOLLIN alone, reading until a short read; a send that takes less than
 * it was given has met a full socket, and then EPOLLOUT alone is registered until what is left has
 * gone, so that no arriving byte wakes the loop meanwhile. The listener is level-triggered and gives
 * one connection at a time, so that no accept finds nothing.
 */
#ifndef BENCH_SERVERS_RAW_EPOLL_H
#define BENCH_SERVERS_RAW_EPOLL_H

#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "common.h"

/* EPOLLRDHUP: the end may have come with the last bytes, behind a short read; see stream_drained(). */
#define WATCH_READ  (EPOLLIN | EPOLLRDHUP | EPOLLET)
#define WATCH_WRITE (EPOLLOUT | EPOLLET)

struct watch {
    void (*ready)(struct watch *self, uint32_t events);
    int fd;
    uint32_t interest;
};

void watch_start(struct watch *self, uint32_t interest);
/* Does nothing when this is what is registered. */
void watch_change(struct watch *self, uint32_t interest);

/* Poll for ever. `turn` runs after each wait, before its events, and `after` behind them; NULL: not. */
void loop_run(void (*turn)(void), void (*after)(void));

/* Accept connections for ever: `open` has each descriptor, non-blocking. */
void listener_start(uint16_t port, void (*open)(int fd));

/* What every mode reads into; nothing stays in it from one event to the next. */
extern char read_buffer[SERVER_READ_BYTES];

struct tail {
    size_t size;
    size_t sent;
    char bytes[];
};

/* What a send came to. */
enum sent { SENT_ALL, SENT_PART, SENT_ENDED };

/* Send, and keep in `*tail`, which is NULL, what the socket does not take. */
enum sent stream_send(int fd, struct tail **tail, const char *bytes, size_t size);
/* Send what has been kept; `*tail` is NULL when it has all gone. */
enum sent stream_flush(int fd, struct tail **tail);

/* Whether a read left nothing behind it: a short one did, unless the stream's end waits there. It
 * would not be told again, as the edge has been seen. */
static inline bool stream_drained(size_t got, uint32_t events)
{
    return got < sizeof read_buffer && (events & EPOLLRDHUP) == 0;
}

void raw_epoll_echo(const struct server_args *args);
void raw_epoll_http(const struct server_args *args);
void raw_epoll_udp(const struct server_args *args);
void raw_epoll_proxy(const struct server_args *args);
void raw_epoll_source(const struct server_args *args);

#endif
