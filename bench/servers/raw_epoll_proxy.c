/* SPDX-License-Identifier: MIT */
/*
 * raw_epoll_proxy.c - a connection to the upstream for each that is accepted, and what comes from
 * the one goes to the other. An end is passed on once all before it has been sent; the pair is over
 * when both ends have been.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "raw_epoll.h"

struct side {
    struct watch watch;
    struct side *other;
    struct pair *pair;
    struct tail *tail; /* what came from the other one and this one's socket did not take */
    bool connected;
    bool ended;  /* nothing more comes from it */
    bool passed; /* and the other one's socket has been told */
};

struct pair {
    struct side sides[2]; /* the client, the upstream */
    struct pair *next_over;
    bool over;
};

static struct sockaddr_in upstream;

/* To be freed behind the turn: events of the other side may be among those that have come. */
static struct pair *pairs_over;

static void pair_end(struct pair *self)
{
    if (self->over)
        return;
    for (int i = 0; i < 2; i++) {
        close(self->sides[i].watch.fd);
        free(self->sides[i].tail);
    }
    self->over = true;
    self->next_over = pairs_over;
    pairs_over = self;
}

static void free_pairs(void)
{
    while (pairs_over != NULL) {
        struct pair *pair = pairs_over;

        pairs_over = pair->next_over;
        free(pair);
    }
}

/* Register what each side waits for: bytes, unless the other one's socket is full of earlier ones;
 * room, while it is full itself. Done once for all that an event has brought about. */
static void pair_watch(struct pair *self)
{
    for (int i = 0; i < 2; i++) {
        struct side *side = &self->sides[i];
        bool reads =
            !side->ended && side->connected && side->other->connected && side->other->tail == NULL;
        bool writes = side->tail != NULL || !side->connected;

        watch_change(&side->watch, EPOLLET | (reads ? WATCH_READ : 0) | (writes ? WATCH_WRITE : 0));
    }
}

/* Tell the other side's socket of the end, if all before it has been sent. */
static void side_pass_end(struct side *self)
{
    if (!self->ended || self->passed || self->other->tail != NULL)
        return;
    self->passed = true;
    shutdown(self->other->watch.fd, SHUT_WR);
    if (self->other->passed)
        pair_end(self->pair);
}

/* Read and pass on until nothing is left or the other socket is full. False: the pair is over. */
static bool side_copy(struct side *self, uint32_t events)
{
    ssize_t got;

    do {
        got = recv(self->watch.fd, read_buffer, sizeof read_buffer, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (got == 0) {
            self->ended = true;
            side_pass_end(self);
            return !self->pair->over;
        }
        switch (got < 0 ? SENT_ENDED
                        : stream_send(self->other->watch.fd, &self->other->tail, read_buffer,
                                      (size_t)got)) {
        case SENT_ALL:
            break;
        case SENT_PART:
            return true;
        case SENT_ENDED:
            pair_end(self->pair);
            return false;
        }
    } while (!stream_drained((size_t)got, events));
    return true;
}

/* Send what is left, and read on where it came from. False: the pair is over. */
static bool side_flush(struct side *self)
{
    switch (stream_flush(self->watch.fd, &self->tail)) {
    case SENT_ALL:
        side_pass_end(self->other);
        return !self->pair->over && (self->other->ended || side_copy(self->other, 0));
    case SENT_PART:
        return true;
    default:
        pair_end(self->pair);
        return false;
    }
}

static bool side_connected(struct side *self)
{
    int fault = 0;
    socklen_t size = sizeof fault;

    getsockopt(self->watch.fd, SOL_SOCKET, SO_ERROR, &fault, &size);
    if (fault != 0) {
        pair_end(self->pair);
        return false;
    }
    self->connected = true;
    return true;
}

static void side_ready(struct watch *watch, uint32_t events)
{
    struct side *self = (struct side *)watch;
    bool goes_on = !self->pair->over;

    if (goes_on && !self->connected)
        goes_on = side_connected(self);
    else if (goes_on && self->tail != NULL && (events & ~(uint32_t)EPOLLIN) != 0)
        goes_on = side_flush(self);
    if (goes_on && (events & ~(uint32_t)EPOLLOUT) != 0 && !self->ended && self->other->tail == NULL)
        goes_on = side_copy(self, events);
    if (goes_on)
        pair_watch(self->pair);
}

static void pair_connect(struct pair *self)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        server_die("socket");
    server_nodelay(fd);
    self->sides[1].watch.fd = fd;
    if (connect(fd, (struct sockaddr *)&upstream, sizeof upstream) < 0 && errno != EINPROGRESS)
        pair_end(self);
}

static void pair_open(int fd)
{
    struct pair *self = server_alloc(1, sizeof *self);

    for (int i = 0; i < 2; i++) {
        self->sides[i].watch.ready = side_ready;
        self->sides[i].pair = self;
        self->sides[i].other = &self->sides[1 - i];
    }
    self->sides[0].watch.fd = fd;
    self->sides[0].connected = true;
    pair_connect(self);
    if (self->over)
        return;
    /* The client is not read from before there is somewhere for its bytes to go. */
    watch_start(&self->sides[0].watch, EPOLLET);
    watch_start(&self->sides[1].watch, WATCH_WRITE);
}

void raw_epoll_proxy(const struct server_args *args)
{
    upstream = server_address(args->upstream);
    listener_start(args->port, pair_open);
    loop_run(NULL, free_pairs);
}
