/* SPDX-License-Identifier: MIT */
/*
 * mode_mixed.c - hot connections that echo as fast as they can, and cold ones beside them with one
 * message every 5 ms each: how long do the cold ones wait in a server that the hot ones keep busy?
 *
 * The cold ones are looked at after every event of a hot one, so that they do not wait here instead
 * of in the server. A cold message that is due while the one before it is unanswered counts from
 * when it was due: a server does not look better by slowing down who asks.
 */
#include "system.h"

#include "echo.h"
#include "mode.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define PERIOD_NS UINT64_C(5000000)
enum { COLD_EVENTS = 64, NONE = 0 };

struct cold {
    struct conn conn; /* its `since_ns` is when the message was sent, or was due */
    uint64_t due_ns;  /* of the next message, when it could not be sent then; NONE */
};

/* The cold ones; there is one run in a process. */
static struct {
    struct cold *all;
    uint64_t count;
    uint64_t next; /* number of the next message of all; it is for the cold one `next % count` */
    uint64_t start_ns;
    int epoll;
    struct histogram latency;
} colds;

static void send_message(struct run *run, struct cold *self, uint64_t since_ns)
{
    self->conn.since_ns = since_ns;
    self->conn.goal += run->options.size;
    run->owed++;
    conn_push(run, &self->conn);
}

/* Send what is due by now. The cold ones take turns, evenly over each period. */
static void send_due(struct run *run, uint64_t now_ns)
{
    while (run_goes_on(run)) {
        uint64_t due_ns = colds.start_ns + colds.next * PERIOD_NS / colds.count;
        struct cold *self = &colds.all[colds.next % colds.count];

        if (due_ns > now_ns)
            return;
        colds.next++;
        if (self->conn.received == self->conn.goal)
            send_message(run, self, now_ns);
        else if (self->due_ns == NONE)
            self->due_ns = due_ns;
    }
}

static void receive_cold(struct run *run, struct cold *self)
{
    uint64_t now_ns;

    conn_push(run, &self->conn);
    if (conn_take(run, &self->conn) == 0 || self->conn.received < self->conn.goal)
        return;
    now_ns = clock_now();
    run->owed--;
    if (run->phase == RUN_MEASURE) {
        run->requests++;
        histogram_add(&colds.latency, now_ns - self->conn.since_ns, 1);
    }
    if (self->due_ns != NONE && run_goes_on(run))
        send_message(run, self, self->due_ns);
    self->due_ns = NONE;
}

static void look_at_cold(struct run *run)
{
    struct epoll_event events[COLD_EVENTS];
    int count = epoll_wait(colds.epoll, events, COLD_EVENTS, 0);

    for (int i = 0; i < count && run->phase != RUN_OVER; i++) {
        struct cold *cold = events[i].data.ptr;

        if (!conn_is_lost(run, cold->conn.fd, events[i].events))
            receive_cold(run, cold);
    }
    send_due(run, clock_now());
}

/* A run_handler: of a hot connection, or NULL for the cold ones' epoll. */
static void handle(struct run *run, void *thing, uint32_t events)
{
    if (thing != NULL)
        echo_handle(run, thing, events);
    if (run->phase != RUN_OVER)
        look_at_cold(run);
}

static void open_cold(struct run *run, struct cold *self, uint64_t number)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = self};

    self->conn.base = (uint32_t)(number * 31 % PATTERN_PERIOD);
    self->conn.fd = run->phase != RUN_OVER ? conn_open(run) : -1;
    if (run->phase != RUN_OVER && epoll_ctl(colds.epoll, EPOLL_CTL_ADD, self->conn.fd, &event) != 0)
        run_fail(run, "epoll_ctl", errno);
}

static void open_colds(struct run *run)
{
    colds.count = run->options.active;
    colds.all = calloc(colds.count, sizeof *colds.all);
    colds.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (colds.all == NULL || colds.epoll < 0) {
        run_fail(run, "cold connections", errno);
        colds.count = 0;
    }
    for (uint64_t i = 0; i < colds.count; i++)
        open_cold(run, &colds.all[i], i);
}

static void close_colds(void)
{
    for (uint64_t i = 0; i < colds.count; i++) {
        if (colds.all[i].conn.fd >= 0)
            close(colds.all[i].conn.fd);
    }
    free(colds.all);
    if (colds.epoll >= 0)
        close(colds.epoll);
}

static void report_cold(struct run *run)
{
    const struct histogram *latency = &colds.latency;

    if (latency->count == 0 && run->error[0] == '\0')
        run_fail(run, "no cold request was answered", 0);
    snprintf(
        run->extra, sizeof run->extra,
        ",\"cold_p50_us\":%.2f,\"cold_p99_us\":%.2f,\"cold_max_us\":%.2f,\"cold_requests\":%llu",
        histogram_quantile(latency, .5) / 1e3, histogram_quantile(latency, .99) / 1e3,
        (double)latency->max / 1e3, (unsigned long long)latency->count);
}

static void run_mixed(struct run *run)
{
    uint64_t count = run->options.conns;
    struct conn *hot = conns_open(run, count);

    if (hot == NULL)
        return;
    open_colds(run);
    conn_watch(run, colds.epoll, NULL, 0);
    run->wait_ms = 1; /* what is due is sent no later than that while the hot ones sleep */
    run_start(run);
    colds.start_ns = run->now_ns;
    for (uint64_t i = 0; i < count && run->phase != RUN_OVER; i++)
        echo_start(run, &hot[i]);
    run_loop(run, handle);
    report_cold(run);
    conns_close(run, hot, count);
    close_colds();
}

const struct mode mode_mixed = {
    .name = "mixed",
    .run = run_mixed,
    .conns = {1, 100000, 8},
    .size = {1, PATTERN_SLICE, 64},
    .depth = {1, 65536, 16},
    .pid = {0, INT32_MAX, 0},
    .active = {1, 10000, 20},
};
