/* SPDX-License-Identifier: MIT */
/*
 * run.h - one run from its start to its report: first the load is on and nothing is counted, then it
 * is measured, then nothing new is sent and every answer that is still owed has to come.
 *
 * A run ends by itself whatever the server does: the first thing that is wrong ends it, silence for
 * longer than `patience` too, and no function here or in a mode waits longer than that.
 */
#ifndef BENCH_LOAD_RUN_H
#define BENCH_LOAD_RUN_H

#include "account.h"
#include "histogram.h"
#include "options.h"
#include "pattern.h"
#include <stdbool.h>
#include <stddef.h>

enum run_phase { RUN_WARM, RUN_MEASURE, RUN_DRAIN, RUN_OVER };

struct run {
    struct options options;
    int epoll;
    enum run_phase phase;
    bool is_held;        /* run_advance() is called by the mode: a storm, between its rounds */
    bool is_idle_told;   /* call the handler with NULL when nothing has happened for `wait_ms` */
    int wait_ms;         /* how long to sleep at most while nothing happens */
    uint64_t measure_ns; /* when each of them begins */
    uint64_t drain_ns;
    uint64_t patience_ns;
    uint64_t now_ns;   /* when the events that are being handled were fetched */
    uint64_t heard_ns; /* when there was an answer last */
    uint64_t owed;     /* what was sent and is not answered, in a unit of the mode */
    uint64_t requests; /* answered, while measured */
    uint64_t bytes;    /* received, while measured */
    uint64_t lost;     /* datagrams */
    struct account before;
    struct account after;
    struct histogram latency;
    char extra[512]; /* what the mode has to add to the report: ",\"name\":value" */
    char error[200]; /* what was wrong first; empty: nothing */
    struct pattern pattern;
    unsigned char buffer[PATTERN_SLICE]; /* what is received is compared, and not kept */
};

/* Handles what epoll tells about one thing: the pointer it was registered with, and its events. */
typedef void run_handler(struct run *run, void *thing, uint32_t events);

/* Prepare a run by these options. */
void run_init(struct run *self, const struct options *options);
void run_deinit(struct run *self);

/* The load is on from now. */
void run_start(struct run *self);

/* Fetch events and handle them until the run is over. */
void run_loop(struct run *self, run_handler *handler);

/* Enter the next phase when its time has come; the loop does that, unless `is_held`. */
void run_advance(struct run *self);

/* It went wrong: `what`, and the text of an errno, or 0 for none. The run is over. */
void run_fail(struct run *self, const char *what, int error);

/* Print the report; whether the run went well. */
bool run_report(struct run *self);

/* Whether anything new may be sent. */
static inline bool run_goes_on(const struct run *self)
{
    return self->phase < RUN_DRAIN;
}

/* So many bytes have come. */
static inline void run_received(struct run *self, uint64_t bytes)
{
    self->heard_ns = self->now_ns;
    if (self->phase == RUN_MEASURE)
        self->bytes += bytes;
}

/* So many requests, sent at the time `since_ns`, were answered now. */
static inline void run_answered(struct run *self, uint64_t now_ns, uint64_t since_ns,
                                uint64_t count)
{
    if (self->phase != RUN_MEASURE)
        return;
    self->requests += count;
    histogram_add(&self->latency, now_ns - since_ns, count);
}

#endif
