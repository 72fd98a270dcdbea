/* SPDX-License-Identifier: MIT */
/*
 * options.h - the command line: load MODE port=N [name=value]...
 */
#ifndef BENCH_LOAD_OPTIONS_H
#define BENCH_LOAD_OPTIONS_H

#include <stdint.h>

struct mode;

struct options {
    const struct mode *mode;
    uint64_t port;
    uint64_t conns;
    uint64_t size;  /* bytes of a message */
    uint64_t depth; /* messages sent before the first is answered */
    uint64_t reqs;  /* end after so many requests, if that is before secs have passed; 0: do not */
    uint64_t pid;   /* of the server; 0: its processor time is not told */
    uint64_t active;
    uint64_t window; /* KiB of a stream that are not answered yet */
    double secs;
    double warm;     /* seconds that are not measured, before those that are */
    double patience; /* seconds without an answer after which the server has failed */
    const char *path;
};

/* Read the command line. Ends the program with one line and status 2 when something is wrong. */
void options_read(struct options *self, int argc, char **argv);

#endif
