/* SPDX-License-Identifier: MIT */
/*
 * program.h - a program of loop operations, decoded from bytes, run on one loop through the public
 * API, with everything that must hold checked while it runs and at its end (a broken promise
 * aborts the process, see check.h). fuzz_loop.c runs what libFuzzer makes up; fuzz_compare.c runs
 * the same program on several drivers.
 *
 * The bytes: PROGRAM_HEADER_BYTES of settings (program.c), then instructions of three bytes:
 * operation, and two operands. OP_END ends a script; a program has up to PROGRAM_SCRIPTS_MAX of
 * them. Each task runs one script. Every sequence of bytes is a program, and every program ends:
 * the instructions that are carried out are counted.
 *
 * A program is of one of two kinds. A *free* one does anything at any time; which of its operations
 * succeed depends on the order of events. A *network* (of Kahn's kind) has tasks that share nothing
 * but channels - streams and counting signals - each with one reader, one writer, and reads that
 * wait for all they want: all it does is determined by the program, so its outcome must be the same
 * on every driver.
 */
#ifndef FUZZ_PROGRAM_H
#define FUZZ_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PROGRAM_HEADER_BYTES = 6,
    PROGRAM_SCRIPTS_MAX = 8,
    PROGRAM_TASKS_MAX = 48,
    PROGRAM_ENDS_MAX = 16,
    PROGRAM_BYTES_MAX = PROGRAM_HEADER_BYTES + 3 * 200
};

/** How a program is run. */
typedef struct program_options {
    const char *driver; /* name of a driver of eddy's */
    bool virtual_time;  /* it is the simulated one: waiting costs nothing, the header's last byte
                           is the seed of its chances */
    bool network;       /* run it as a network, whatever its header says */
} program_options;

/** What a network has come to; of a free program these are only the totals. */
typedef struct program_outcome {
    uint64_t task_hash[PROGRAM_TASKS_MAX]; /* of each operation and its result, in order */
    uint32_t task_done[PROGRAM_TASKS_MAX]; /* operations that have ended */
    uint8_t task_at[PROGRAM_TASKS_MAX];    /* the operation that it waits in; 0: it has ended */
    uint64_t end_hash[PROGRAM_ENDS_MAX];   /* of the bytes read there */
    uint32_t end_read[PROGRAM_ENDS_MAX];   /* how many */
    uint32_t end_written[PROGRAM_ENDS_MAX];
    uint32_t end_over[PROGRAM_ENDS_MAX]; /* 1: the end of the stream was seen */
    uint32_t operations;                 /* of all tasks */
} program_outcome;

/**
 * Run a program to its end.
 * @param options  how
 * @param data     the program
 * @param size     its length; what is behind PROGRAM_BYTES_MAX is left out
 * @param outcome  filled
 * @return         0; what eddy_core_new() said when the loop cannot be made
 */
int program_run(const program_options *options, const uint8_t *data, size_t size,
                program_outcome *outcome);

/**
 * Make up a network that does much.
 * @param seed  the same seed makes the same program
 * @param data  room for PROGRAM_BYTES_MAX; filled
 * @return      its length
 */
size_t program_make_network(uint64_t seed, uint8_t *data);

/**
 * The name of an operation, for reports.
 * @param op  as in program_outcome.task_at
 * @return    static text
 */
const char *program_op_name(uint8_t op);

/**
 * Write the program for a person to read.
 * @param data  the program
 * @param size  its length
 */
void program_print(const uint8_t *data, size_t size);

#endif
