/* SPDX-License-Identifier: MIT */
/*
 * run.c - the phases of a run, and its loop.
 */
#include "system.h"

#include "mode.h"
#include "run.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, FILES_SPARE = 64 };

void run_fail(struct run *self, const char *what, int error)
{
    if (self->error[0] == '\0') {
        snprintf(self->error, sizeof self->error, "%s%s%s", what, error != 0 ? ": " : "",
                 error != 0 ? strerror(error) : "");
    }
    self->phase = RUN_OVER;
}

static uint64_t nanoseconds(double seconds)
{
    return (uint64_t)(seconds * (double)SECOND_NS);
}

/* As many open files as this process may ask for. */
static void allow_files(struct run *self)
{
    struct rlimit limit;
    uint64_t needed = self->options.conns + self->options.active + FILES_SPARE;
    char text[100];

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (needed > limit.rlim_max) {
        snprintf(text, sizeof text,
                 "conns: %llu open files are needed and %llu allowed (ulimit -Hn)",
                 (unsigned long long)needed, (unsigned long long)limit.rlim_max);
        run_fail(self, text, 0);
    }
}

void run_init(struct run *self, const struct options *options)
{
    self->options = *options;
    self->phase = RUN_WARM;
    self->wait_ms = 20;
    self->patience_ns = nanoseconds(options->patience);
    pattern_fill(&self->pattern);
    self->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (self->epoll < 0)
        run_fail(self, "epoll_create1", errno);
    if (options->pid != 0 && !account_knows((pid_t)options->pid))
        run_fail(self, "pid: there is no such process", 0);
    allow_files(self);
}

void run_deinit(struct run *self)
{
    if (self->epoll >= 0)
        close(self->epoll);
}

static void begin_to_measure(struct run *self)
{
    account_take(&self->before, (pid_t)self->options.pid);
    self->requests = 0;
    self->bytes = 0;
    self->phase = RUN_MEASURE;
    self->drain_ns = self->before.time_ns + nanoseconds(self->options.secs);
}

void run_start(struct run *self)
{
    self->now_ns = clock_now();
    self->heard_ns = self->now_ns;
    self->measure_ns = self->now_ns + nanoseconds(self->options.warm);
    self->drain_ns = self->measure_ns + nanoseconds(self->options.secs);
    if (self->options.warm <= 0 && self->phase == RUN_WARM)
        begin_to_measure(self);
}

static void begin_to_drain(struct run *self)
{
    account_take(&self->after, (pid_t)self->options.pid);
    self->phase = RUN_DRAIN;
    self->drain_ns = self->after.time_ns;
}

/* Nothing may come for `patience`, and the drain may not last longer than that. */
static void lose_patience(struct run *self)
{
    char text[100];
    bool is_silent = self->now_ns - self->heard_ns > self->patience_ns;
    bool is_late = self->now_ns > self->drain_ns + self->patience_ns;

    if (!is_silent && !is_late)
        return;
    snprintf(text, sizeof text, "%s %g s%s",
             is_silent ? "no answer for" : "answers are still owed after", self->options.patience,
             is_silent ? "" : " without new requests");
    run_fail(self, text, 0);
}

void run_advance(struct run *self)
{
    uint64_t wanted = self->options.reqs;
    bool is_enough = wanted != 0 && self->requests >= wanted;

    if (self->phase == RUN_WARM && self->now_ns >= self->measure_ns)
        begin_to_measure(self);
    else if (self->phase == RUN_MEASURE && (is_enough || self->now_ns >= self->drain_ns))
        begin_to_drain(self);
    if (self->phase == RUN_DRAIN && self->owed == 0)
        self->phase = RUN_OVER;
}

void run_loop(struct run *self, run_handler *handler)
{
    struct epoll_event events[EVENTS_MAX];

    while (self->phase != RUN_OVER) {
        int count = epoll_wait(self->epoll, events, EVENTS_MAX, self->wait_ms);

        if (count < 0 && errno != EINTR) {
            run_fail(self, "epoll_wait", errno);
            return;
        }
        self->now_ns = clock_now();
        for (int i = 0; i < count && self->phase != RUN_OVER; i++)
            handler(self, events[i].data.ptr, events[i].events);
        if (count <= 0 && self->is_idle_told)
            handler(self, NULL, 0);
        if (self->phase != RUN_OVER && !self->is_held)
            run_advance(self);
        if (self->phase != RUN_OVER)
            lose_patience(self);
    }
}
