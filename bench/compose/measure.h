/* SPDX-License-Identifier: MIT */
/*
 * measure.h - what the programs of the table of costs have in common: how an operation is timed,
 * how heap allocations are counted, how a result is printed. Used by eddy's program and by those of
 * the peers that are written in C++; tokio/src/measure.rs is the same in Rust.
 *
 *     PROGRAM [--pass-ms=N] [--passes=N] [--list | --version | NAME...]
 *
 * For each measure two lines are printed, nanoseconds and heap allocations for one operation:
 *     {"bench":"spawn","value":41.2,"unit":"ns"}
 *     {"bench":"spawn","value":0.0,"unit":"allocs"}
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One row of the table. */
typedef struct measure {
    const char *name;
    /* Do the operation `count` times, or a little more often; check what came out with
       measure_check(). Returns how often it was done. */
    uint64_t (*run)(void *arg, uint64_t count);
    /* Two threads work at the same time, each on a processor of its own: time is that of the clock
       on the wall. Else the program is given one processor, and time is what it used of that,
       which other programs on the machine disturb less. */
    bool parallel;
} measure;

/* Called by a measure, if at all, when its preparations are over, and before it tidies up: time is
 * taken, and allocations are counted, between the two. */
void measure_begin(void);
void measure_end(void);

/* What a program measures. */
typedef struct measure_program {
    const char *version;         /* of the library, and its name */
    const measure *const *lists; /* end with NULL; each is an array that ends with a NULL name */
    void *arg;                   /* handed to the measures */
} measure_program;

/* A program's main(). */
int measure_main(int argc, char **argv, const measure_program *program);

/* Ends the program, with its measure's name, when a result is not what it must be: a number is
 * worth nothing when the work was not done. */
void measure_check(bool is_right, const char *what);

/* 0 + 1 + ... + (count - 1). */
static inline uint64_t measure_sum(uint64_t count)
{
    return count % 2 == 0 ? count / 2 * (count - 1) : (count - 1) / 2 * count;
}

/* Heap allocations of this process while counting was on (heap.c). */
extern bool heap_is_counting;
uint64_t heap_counted(void);

#ifdef __cplusplus
}
#endif

#endif
