/* SPDX-License-Identifier: MIT */
/*
 * memory.h - the inside of a pair of byte streams in memory: what its files share.
 *
 *   memory.c      the pair, its two ends, how they end
 *   memory_way.c  one direction: what is written, arrives, is read
 *
 * Of a direction one end knows the reader's functions, the other the writer's.
 */
#ifndef EDDY__IO_MEMORY_H
#define EDDY__IO_MEMORY_H

#include "eddy/io_memory.h"
#include "io/held.h"

/* So many different points of time of arrival are told apart. */
enum { EDDY__MEMORY_MARKS = 16 };

typedef struct eddy__memory_mark {
    size_t len;
    int64_t when_ns;
} eddy__memory_mark;

typedef struct eddy__memory_way {
    eddy_core *core;
    const eddy_io_memory_options *options;
    eddy__held bytes; /* accepted and not read yet */
    size_t visible;   /* the first so many of them have arrived */
    size_t split; /* bytes to the end of the piece that is being read; may go beyond `visible` */
    size_t next;  /* in the list of splits */
    eddy__memory_mark marks[EDDY__MEMORY_MARKS]; /* what is under way, a ring */
    uint32_t first, under_way;
    eddy__alarm arrival; /* of the first of these */
    eddy_waiter reader, writer;
    size_t reader_min;   /* bytes that the reader waits for */
    bool flushing;       /* the writer waits for everything to arrive, not for room */
    bool shut;           /* the end was written; it has arrived when nothing is under way */
    bool deaf;           /* nobody reads: what is written is thrown away */
    bool closed;         /* the reader's end is gone: nothing can be written */
    bool lost;           /* and did not read all */
    int32_t read_error;  /* stands behind what is visible */
    int32_t write_error; /* told once, then it is -EPIPE */
} eddy__memory_way;

void eddy__memory_way_init(eddy__memory_way *self, eddy_core *core,
                           const eddy_io_memory_options *options);
/* Also after the loop is gone. */
void eddy__memory_way_deinit(eddy__memory_way *self);

/* The reader's. */
eddy_result eddy__memory_fill(eddy__memory_way *self, eddy_task *task, size_t min);
eddy_bytes eddy__memory_view(const eddy__memory_way *self);
void eddy__memory_consume(eddy__memory_way *self, size_t len);
/* What is there and what comes is thrown away; `closed`: and nothing may come any more. */
void eddy__memory_deafen(eddy__memory_way *self, bool closed);

/* The writer's. `whole`: all of it is accepted whatever the room, if there is any. */
eddy_result eddy__memory_write(eddy__memory_way *self, eddy_task *task, const eddy_bytes *parts,
                               size_t count, bool whole);
eddy_result eddy__memory_flush(eddy__memory_way *self, eddy_task *task);
eddy_result eddy__memory_shutdown(eddy__memory_way *self, eddy_task *task);
/* The end follows what was written. */
void eddy__memory_end(eddy__memory_way *self);

/* Both are told the error; what is under way is lost. */
void eddy__memory_fail(eddy__memory_way *self, int32_t error);

#endif
