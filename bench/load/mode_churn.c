/* SPDX-License-Identifier: MIT */
/*
 * mode_churn.c - connections that live for one byte each way: churn keeps a few on the way all the
 * time, storm lets all connect at once, and close at once when the last has its byte.
 */
#include "system.h"

#include "conn.h"
#include "mode.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Addresses that connections come from, from 127.0.0.2 on: a closed connection keeps its pair of
 * ports for a minute, and one address has no more than 28,000. */
enum { SOURCES = 200000 };

/* More than may wait to be accepted cannot come at once: Linux would drop some for a second, or reset
 * them. That is what servers listen with here, and the usual net.core.somaxconn. */
enum { BACKLOG = 4096 };

static struct {
    struct conn *all;
    uint64_t count;
    uint64_t opened; /* so far */
    uint64_t source; /* the address of the next one */
    uint64_t owed;   /* of a storm: in this round */
} churn;

/* Send the byte as soon as the connection is there: often that is at once, as both ends are here.
 * connect(2) has set it going; whether it will come to something epoll tells. */
static void send_byte(struct run *run, struct conn *self)
{
    self->goal = self->sent + 1;
    conn_push(run, self);
}

/* Returns a socket that is connecting, from an address of its own; -1: the run has failed. */
static int begin_to_connect(struct run *run)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)run->options.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;

    if (fd < 0) {
        run_fail(run, "socket", errno);
        return -1;
    }
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1u + (uint32_t)(churn.source++ % SOURCES));
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&from, sizeof from) == 0 &&
        (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS))
        return fd;
    run_fail(run, "connect", errno);
    close(fd);
    return -1;
}

static void open_one(struct run *run, struct conn *self)
{
    *self = (struct conn){.fd = -1, .base = (uint32_t)(churn.opened++ % PATTERN_PERIOD)};
    self->since_ns = clock_now();
    self->fd = begin_to_connect(run);
    if (self->fd < 0)
        return;
    run->owed++;
    send_byte(run, self);
    if (run->phase != RUN_OVER)
        conn_watch(run, self->fd, self, self->sent == 0 ? EPOLLOUT | EPOLLET : EPOLLET);
}

/* Whether the byte is back. */
static bool is_answered(struct run *run, struct conn *self, uint32_t events)
{
    if (conn_is_lost(run, self->fd, events))
        return false;
    conn_push(run, self);
    if (conn_take(run, self) == 0)
        return false;
    run->owed--;
    run_answered(run, clock_now(), self->since_ns, 1);
    return true;
}

static void close_one(struct conn *self)
{
    close(self->fd);
    self->fd = -1;
}

/* A run_handler: the next one takes the place. */
static void handle_churn(struct run *run, void *thing, uint32_t events)
{
    if (!is_answered(run, thing, events))
        return;
    close_one(thing);
    if (run_goes_on(run))
        open_one(run, thing);
}

/* A run_handler: the last of a round closes all, and they open again. Between rounds the run may
 * enter its next phase: only whole rounds are measured. */
static void handle_storm(struct run *run, void *thing, uint32_t events)
{
    if (!is_answered(run, thing, events) || run->owed > 0)
        return;
    for (uint64_t i = 0; i < churn.count; i++)
        close_one(&churn.all[i]);
    run_advance(run);
    for (uint64_t i = 0; i < churn.count && run_goes_on(run); i++)
        open_one(run, &churn.all[i]);
}

static void run_with(struct run *run, run_handler *handler)
{
    churn.count = run->options.conns;
    churn.source = (clock_now() >> 20) * 977; /* not where the run before this one has been */
    churn.all = calloc(churn.count, sizeof *churn.all);
    if (churn.all == NULL) {
        run_fail(run, "connections", ENOMEM);
        return;
    }
    for (uint64_t i = 0; i < churn.count; i++)
        churn.all[i].fd = -1;
    run_start(run);
    for (uint64_t i = 0; i < churn.count && run->phase != RUN_OVER; i++)
        open_one(run, &churn.all[i]);
    run_loop(run, handler);
    for (uint64_t i = 0; i < churn.count; i++) {
        if (churn.all[i].fd >= 0)
            close(churn.all[i].fd);
    }
    free(churn.all);
}

static void run_churn(struct run *run)
{
    run_with(run, handle_churn);
}

static void run_storm(struct run *run)
{
    run->is_held = true;
    run_with(run, handle_storm);
}

const struct mode mode_churn = {
    .name = "churn",
    .run = run_churn,
    .conns = {1, 100000, 32},
    .size = {1, 1, 1},
    .depth = {1, 1, 1},
    .pid = {0, INT32_MAX, 0},
};

const struct mode mode_storm = {
    .name = "storm",
    .run = run_storm,
    .conns = {1, BACKLOG, 1000},
    .size = {1, 1, 1},
    .depth = {1, 1, 1},
    .pid = {0, INT32_MAX, 0},
};
