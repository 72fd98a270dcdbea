/* SPDX-License-Identifier: MIT */
/*
 * mode.h - what kinds of load there are: a name, what its options may be, and a function that
 * produces the load until the run is over.
 */
#ifndef BENCH_LOAD_MODE_H
#define BENCH_LOAD_MODE_H

#include <stdint.h>

struct run;

/* An option's least and most value in this mode, and the one it has when it is not given. Where both
 * are the same there is nothing to choose. */
struct mode_limit {
    uint64_t min;
    uint64_t max;
    uint64_t usual;
};

struct mode {
    const char *name;
    void (*run)(struct run *run);
    struct mode_limit conns;
    struct mode_limit size;
    struct mode_limit depth;
    struct mode_limit active;
    struct mode_limit window;
    struct mode_limit pid; /* min 1: the mode cannot do without */
};

/* Every one of them, up to a NULL. */
extern const struct mode *const modes[];

extern const struct mode mode_echo;   /* a window of messages on each connection, back and again */
extern const struct mode mode_idle;   /* many connections, of which a few echo: memory */
extern const struct mode mode_mixed;  /* a few slow connections beside busy ones: fairness */
extern const struct mode mode_churn;  /* connect, one byte each way, close; a few at a time */
extern const struct mode mode_storm;  /* the same, but all connect at once and close at once */
extern const struct mode mode_udp;    /* datagrams */
extern const struct mode mode_bulk;   /* long streams that are echoed */
extern const struct mode mode_source; /* long streams that the server sends */
extern const struct mode mode_http;   /* GET, keep-alive, pipelined */

#endif
