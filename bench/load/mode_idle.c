/* SPDX-License-Identifier: MIT */
/*
 * mode_idle.c - many connections, and what memory each costs the server: after it was accepted, and
 * after it has echoed once, which shows buffers that stay. Then a few of them, spread over all, echo
 * as fast as they can: that must not become dearer by the others being there.
 */
#include "system.h"

#include "echo.h"
#include "mode.h"
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { ONE_ECHO = 16, SETTLE_US = 50000, SETTLE_STEPS = 4, SETTLE_LIMIT = 60 };

/* The server's memory, once it has not changed for a while: it may still be accepting. */
static long settled_kb(struct run *run)
{
    long kb = account_memory_kb((pid_t)run->options.pid, "RssAnon:");
    int steady = 0;

    for (int i = 0; steady < SETTLE_STEPS && i < SETTLE_LIMIT; i++) {
        long before = kb;

        usleep(SETTLE_US);
        kb = account_memory_kb((pid_t)run->options.pid, "RssAnon:");
        steady = kb == before ? steady + 1 : 0;
    }
    if (kb < 0)
        run_fail(run, "pid: its memory cannot be read", 0);
    return kb;
}

/* One small message, and wait until it is back. */
static void echo_once(struct run *run, struct conn *self)
{
    struct pollfd wait = {.fd = self->fd, .events = POLLIN};
    int patience_ms = (int)(run->options.patience * 1e3);

    self->goal += ONE_ECHO;
    conn_push(run, self);
    while (run->phase != RUN_OVER && self->received < self->goal) {
        if (poll(&wait, 1, patience_ms) == 1)
            conn_take(run, self);
        else
            run_fail(run, "no answer on an idle connection", 0);
    }
}

/* Memory before, with connections, and with used ones; what it says goes into the report. */
static struct conn *open_and_weigh(struct run *run)
{
    uint64_t count = run->options.conns;
    long before = settled_kb(run);
    long resident = account_memory_kb((pid_t)run->options.pid, "VmRSS:");
    struct conn *conns = conns_open(run, count);
    long opened, used;

    if (conns == NULL)
        return NULL;
    opened = settled_kb(run);
    for (uint64_t i = 0; i < count && run->phase != RUN_OVER; i++)
        echo_once(run, &conns[i]);
    used = settled_kb(run);
    snprintf(run->extra, sizeof run->extra,
             ",\"idle\":%llu,\"rss0_kb\":%ld,\"bytes_per_conn\":%.1f,\"bytes_per_conn_used\":%.1f",
             (unsigned long long)count, resident, (double)(opened - before) * 1024 / (double)count,
             (double)(used - before) * 1024 / (double)count);
    return conns;
}

static void run_idle(struct run *run)
{
    uint64_t count = run->options.conns, active = run->options.active;
    struct conn *conns = open_and_weigh(run);

    if (conns == NULL)
        return;
    if (active > count)
        active = count;
    run_start(run);
    for (uint64_t i = 0; i < active && run->phase != RUN_OVER; i++)
        echo_start(run, &conns[i * count / active]);
    run_loop(run, echo_handle);
    conns_close(run, conns, count);
}

const struct mode mode_idle = {
    .name = "idle",
    .run = run_idle,
    .conns = {1, 1000000, 1000},
    .size = {1, 1 << 24, 64},
    .depth = {1, 65536, 1},
    .pid = {1, INT32_MAX, 0},
    .active = {1, 1000000, 100},
};
