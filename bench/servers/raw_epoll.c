/* SPDX-License-Identifier: MIT */
/*
 * raw_epoll - the base that the others are measured by: a server on epoll(7) that does no more than
 * its mode needs. This file is the loop; each mode is a file of its own. See raw_epoll.h.
 */
#include "raw_epoll.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX 512

char read_buffer[SERVER_READ_BYTES];

static int loop_fd;

static void control(struct watch *self, int operation)
{
    struct epoll_event event = {.events = self->interest, .data.ptr = self};

    if (epoll_ctl(loop_fd, operation, self->fd, &event) < 0)
        server_die("epoll_ctl");
}

void watch_start(struct watch *self, uint32_t interest)
{
    self->interest = interest;
    control(self, EPOLL_CTL_ADD);
}

void watch_change(struct watch *self, uint32_t interest)
{
    if (self->interest == interest)
        return;
    self->interest = interest;
    control(self, EPOLL_CTL_MOD);
}

void loop_run(void (*turn)(void), void (*after)(void))
{
    static struct epoll_event events[EVENTS_MAX];

    for (;;) {
        int count = epoll_wait(loop_fd, events, EVENTS_MAX, -1);

        if (turn != NULL)
            turn();
        for (int i = 0; i < count; i++) {
            struct watch *watch = events[i].data.ptr;

            watch->ready(watch, events[i].events);
        }
        if (after != NULL)
            after();
    }
}

static struct {
    struct watch watch;
    void (*open)(int fd);
} listener;

/* Level-triggered: if there is another one, the next wait tells. */
static void listener_ready(struct watch *self, uint32_t events)
{
    int fd = accept4(self->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (fd >= 0)
        listener.open(fd);
    else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
        server_die("accept4");
}

void listener_start(uint16_t port, void (*open)(int fd))
{
    listener.watch = (struct watch){.ready = listener_ready, .fd = server_listen(port)};
    listener.open = open;
    watch_start(&listener.watch, EPOLLIN);
}

/* send(2); what a full socket takes is 0 bytes. */
static ssize_t try_send(int fd, const char *bytes, size_t size)
{
    ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);

    return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
}

static void keep(struct tail **tail, const char *bytes, size_t size)
{
    *tail = malloc(sizeof **tail + size);
    if (*tail == NULL)
        server_die("malloc");
    **tail = (struct tail){.size = size};
    memcpy((*tail)->bytes, bytes, size);
}

enum sent stream_send(int fd, struct tail **tail, const char *bytes, size_t size)
{
    ssize_t sent = try_send(fd, bytes, size);

    if (sent == (ssize_t)size)
        return SENT_ALL;
    if (sent < 0)
        return SENT_ENDED;
    keep(tail, bytes + sent, size - (size_t)sent);
    return SENT_PART;
}

enum sent stream_flush(int fd, struct tail **tail)
{
    struct tail *left = *tail;
    ssize_t sent = try_send(fd, left->bytes + left->sent, left->size - left->sent);

    if (sent < 0)
        return SENT_ENDED;
    left->sent += (size_t)sent;
    if (left->sent < left->size)
        return SENT_PART;
    free(left);
    *tail = NULL;
    return SENT_ALL;
}

int main(int argc, char **argv)
{
    static const struct server_mode modes[] = {
        {"echo", raw_epoll_echo},   {"http", raw_epoll_http},     {"udp", raw_epoll_udp},
        {"proxy", raw_epoll_proxy}, {"source", raw_epoll_source}, {NULL, NULL},
    };

    loop_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop_fd < 0)
        server_die("epoll_create1");
    return server_main(argc, argv, modes);
}
