/* SPDX-License-Identifier: MIT */
/*
 * mode_bulk.c - long streams: bulk has them echoed, source receives what the server sends without
 * end. A request is a byte. What is unanswered of a bulk stream is bounded: without that, megabytes
 * pile up in socket buffers, and the figure tells which cache they fell out of.
 *
 * epoll tells a socket again as long as something is there to receive: each gets its turn after one
 * receive, however fast it fills.
 */
#include "system.h"

#include "conn.h"
#include "mode.h"

/* So much is unanswered in all, unless `window` says otherwise; less only where each would be left
 * with next to nothing. */
enum { WINDOWS_KIB = 256, WINDOW_KIB_MIN = 64 };

static void count_bytes(struct run *run, size_t len)
{
    if (run->phase == RUN_MEASURE)
        run->requests += len;
}

static void fill_window(struct run *run, struct conn *self)
{
    uint64_t sent = self->sent;

    if (!run_goes_on(run))
        return;
    self->goal = self->received + run->options.window * 1024;
    conn_push(run, self);
    run->owed += self->sent - sent;
}

/* A run_handler. As long as bytes are unanswered an answer comes: nobody has to wait for room. */
static void handle_bulk(struct run *run, void *thing, uint32_t events)
{
    struct conn *self = thing;
    size_t len;

    if (conn_is_lost(run, self->fd, events))
        return;
    len = conn_take(run, self);
    count_bytes(run, len);
    run->owed -= len;
    fill_window(run, self);
}

/* A run_handler. */
static void handle_source(struct run *run, void *thing, uint32_t events)
{
    struct conn *self = thing;

    if (!conn_is_lost(run, self->fd, events))
        count_bytes(run, conn_take(run, self));
}

static void run_bulk(struct run *run)
{
    struct options *options = &run->options;
    struct conn *conns = conns_open(run, options->conns);

    if (conns == NULL)
        return;
    if (options->window == 0)
        options->window = WINDOWS_KIB / options->conns;
    if (options->window < WINDOW_KIB_MIN)
        options->window = WINDOW_KIB_MIN;
    run_start(run);
    for (uint64_t i = 0; i < options->conns && run->phase != RUN_OVER; i++) {
        conn_watch(run, conns[i].fd, &conns[i], 0);
        fill_window(run, &conns[i]);
    }
    run_loop(run, handle_bulk);
    conns_close(run, conns, options->conns);
}

static void run_source(struct run *run)
{
    uint64_t count = run->options.conns;
    struct conn *conns = conns_open(run, count);

    if (conns == NULL)
        return;
    run_start(run);
    for (uint64_t i = 0; i < count && run->phase != RUN_OVER; i++) {
        conns[i].base = 0;
        conns[i].sent = UINT64_MAX; /* whatever comes was asked for */
        conn_watch(run, conns[i].fd, &conns[i], 0);
    }
    run_loop(run, handle_source);
    conns_drop(conns, count);
}

const struct mode mode_bulk = {
    .name = "bulk",
    .run = run_bulk,
    .conns = {1, 100000, 1},
    .pid = {0, INT32_MAX, 0},
    .window = {0, 1 << 20, 0},
};

const struct mode mode_source = {
    .name = "source",
    .run = run_source,
    .conns = {1, 100000, 1},
    .pid = {0, INT32_MAX, 0},
};
