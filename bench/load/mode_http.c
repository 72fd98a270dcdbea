/* SPDX-License-Identifier: MIT */
/*
 * mode_http.c - GET over connections that stay, `depth` requests in one send. What an answer has to
 * look like is learned from the first one (answer.h); a byte that differs later is an error.
 */
#include "system.h"

#include "answer.h"
#include "conn.h"
#include "mode.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { DEPTH_MAX = 256, REQUEST_MAX = 512 };

struct client {
    struct conn conn;
    size_t kept; /* bytes of an answer whose end has not come yet */
    char part[ANSWER_MAX];
};

/* A window of requests, and what is known of the answers; there is one run in a process. */
static struct {
    char requests[DEPTH_MAX * REQUEST_MAX];
    size_t len;
    struct answer answer;
} http;

static void write_requests(struct options *options)
{
    int one = snprintf(http.requests, REQUEST_MAX,
                       "GET %s HTTP/1.1\r\nHost: localhost\r\n"
                       "Accept: text/plain,text/html;q=0.9,*/*;q=0.1\r\n"
                       "Connection: keep-alive\r\n\r\n",
                       options->path);

    options->size = (uint64_t)one;
    for (uint64_t i = 1; i < options->depth; i++)
        memcpy(http.requests + i * options->size, http.requests, options->size);
    http.len = options->depth * options->size;
}

/* Nothing is on its way when a window is sent, and it is small: the socket takes all of it. */
static void send_window(struct run *run, struct client *self, uint64_t now_ns)
{
    ssize_t done = send(self->conn.fd, http.requests, http.len, MSG_NOSIGNAL | MSG_DONTWAIT);

    self->conn.since_ns = now_ns;
    self->conn.unanswered = run->options.depth;
    run->owed++;
    if (done < 0)
        run_fail(run, "send", errno);
    else if ((size_t)done != http.len)
        run_fail(run, "send: the socket did not take all requests", 0);
}

/* Count the whole answers in the run's buffer and keep what is left. */
static uint64_t count_answers(struct run *run, struct client *self, size_t len)
{
    const char *bytes = (const char *)run->buffer;
    const char *complaint = NULL;
    uint64_t count = 0;
    size_t at = 0, one;

    while ((one = answer_match(&http.answer, bytes + at, len - at, &complaint)) > 0) {
        at += one;
        count++;
    }
    if (complaint == NULL && count > self->conn.unanswered)
        complaint = "more answers came than were asked for";
    if (complaint != NULL) {
        run_fail(run, complaint, 0);
        return 0;
    }
    self->kept = len - at; /* less than ANSWER_MAX, or there would be a complaint */
    memcpy(self->part, bytes + at, self->kept);
    return count;
}

static void take_answers(struct run *run, struct client *self, size_t len)
{
    uint64_t count = count_answers(run, self, len);
    uint64_t now_ns;

    if (count == 0)
        return;
    now_ns = clock_now();
    run_answered(run, now_ns, self->conn.since_ns, count);
    self->conn.unanswered -= count;
    if (self->conn.unanswered > 0)
        return;
    run->owed--;
    if (self->kept > 0)
        run_fail(run, "more answers came than were asked for", 0);
    else if (run_goes_on(run))
        send_window(run, self, now_ns);
}

/* A run_handler. */
static void handle(struct run *run, void *thing, uint32_t events)
{
    struct client *self = thing;
    size_t len, kept;

    if (conn_is_lost(run, self->conn.fd, events))
        return;
    do {
        kept = self->kept;
        len = conn_receive(run, self->conn.fd, kept);
        if (len == 0)
            return;
        memcpy(run->buffer, self->part, kept);
        take_answers(run, self, kept + len);
    } while (run->phase != RUN_OVER &&
             (kept + len == sizeof run->buffer || (events & EPOLLRDHUP) != 0));
}

/* The load, on connections that are open. */
static void drive(struct run *run, struct client *clients, const struct conn *conns)
{
    run_start(run);
    for (uint64_t i = 0; i < run->options.conns && run->phase != RUN_OVER; i++) {
        clients[i].conn.fd = conns[i].fd;
        conn_watch(run, conns[i].fd, &clients[i], EPOLLET);
        send_window(run, &clients[i], clock_now());
    }
    run_loop(run, handle);
}

static void run_http(struct run *run)
{
    uint64_t count = run->options.conns;
    struct client *clients = calloc(count, sizeof *clients);
    struct conn *conns;

    if (clients == NULL) {
        run_fail(run, "connections", ENOMEM);
        return;
    }
    write_requests(&run->options);
    conns = conns_open(run, count);
    if (conns != NULL) {
        drive(run, clients, conns);
        conns_close(run, conns, count);
    }
    free(clients);
}

const struct mode mode_http = {
    .name = "http",
    .run = run_http,
    .conns = {1, 1000000, 1},
    .depth = {1, DEPTH_MAX, 1},
    .pid = {0, INT32_MAX, 0},
};
