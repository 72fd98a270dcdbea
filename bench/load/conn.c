/* SPDX-License-Identifier: MIT */
/*
 * conn.c - opening, receiving, comparing, closing.
 */
#include "system.h"

#include "conn.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <unistd.h>

/* A prime, so that the bases of connections do not come near each other again. */
#define BASE_STEP UINT64_C(7919)
/* An answer too many has so long to come. */
#define QUIET_US  10000

/* connect(2) waits for as long as a send may. Returns an errno. */
static int connect_within(int fd, uint16_t port, double seconds)
{
    struct sockaddr_in server = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = (time_t)seconds};
    int one = 1;

    limit.tv_usec = (suseconds_t)((seconds - (double)limit.tv_sec) * 1e6);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0)
        return errno;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0)
        return errno;
    if (connect(fd, (struct sockaddr *)&server, sizeof server) != 0)
        return errno == EINPROGRESS ? ETIMEDOUT : errno;
    return 0;
}

int conn_open(struct run *run)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0) {
        run_fail(run, "socket", errno);
        return -1;
    }
    error = connect_within(fd, (uint16_t)run->options.port, run->options.patience);
    if (error == 0)
        return fd;
    close(fd);
    run_fail(run, "connect", error);
    return -1;
}

struct conn *conns_open(struct run *run, uint64_t count)
{
    struct conn *conns = calloc(count, sizeof *conns);

    if (conns == NULL) {
        run_fail(run, "connections", ENOMEM);
        return NULL;
    }
    for (uint64_t i = 0; i < count; i++) {
        conns[i].base = (uint32_t)(i * BASE_STEP % PATTERN_PERIOD);
        conns[i].fd = run->phase != RUN_OVER ? conn_open(run) : -1;
    }
    if (run->phase != RUN_OVER)
        return conns;
    conns_drop(conns, count);
    return NULL;
}

/* Nothing is owed on this connection. */
static void expect_quiet(struct run *run, const struct conn *self)
{
    ssize_t len = recv(self->fd, run->buffer, sizeof run->buffer, MSG_DONTWAIT);

    if (len > 0)
        run_fail(run, "more came back than was sent", 0);
    else if (len == 0)
        run_fail(run, "the server closed a connection", 0);
    else if (errno != EAGAIN)
        run_fail(run, "receive", errno);
}

void conns_drop(struct conn *conns, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        if (conns[i].fd >= 0)
            close(conns[i].fd);
    }
    free(conns);
}

void conns_close(struct run *run, struct conn *conns, uint64_t count)
{
    if (run->error[0] == '\0')
        usleep(QUIET_US);
    for (uint64_t i = 0; i < count && run->error[0] == '\0'; i++)
        expect_quiet(run, &conns[i]);
    conns_drop(conns, count);
}

void conn_watch(struct run *run, int fd, void *thing, uint32_t how)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | how, .data.ptr = thing};

    if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        run_fail(run, "epoll_ctl", errno);
}

bool conn_is_lost(struct run *run, int fd, uint32_t events)
{
    int error = 0;
    socklen_t len = sizeof error;

    if ((events & (EPOLLERR | EPOLLHUP)) == 0)
        return false;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    run_fail(run, "a connection is lost", error);
    return true;
}

size_t conn_receive(struct run *run, int fd, size_t kept)
{
    ssize_t len = recv(fd, run->buffer + kept, sizeof run->buffer - kept, MSG_DONTWAIT);

    if (len > 0) {
        run_received(run, (uint64_t)len);
        return (size_t)len;
    }
    if (len == 0)
        run_fail(run, "the server closed a connection", 0);
    else if (errno != EAGAIN)
        run_fail(run, "receive", errno);
    return 0;
}

bool conn_compare(struct run *run, struct conn *self, const unsigned char *bytes, size_t len)
{
    if (len > self->sent - self->received) {
        run_fail(run, "more came back than was sent", 0);
        return false;
    }
    if (memcmp(bytes, pattern_at(&run->pattern, self->base + self->received), len) != 0) {
        run_fail(run, "a byte came back changed", 0);
        return false;
    }
    self->received += len;
    return true;
}
