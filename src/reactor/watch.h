/* SPDX-License-Identifier: MIT */
/*
 * watch.h - how long polls take: which of them was a stall, and when the tasks of a turn have had
 * their time. The clock costs more than a small poll, so it is asked only when the processor's
 * counter does not rule out that there is something to tell.
 */
#ifndef EDDY__WATCH_H
#define EDDY__WATCH_H

#include "base/ticks.h"
#include "reactor/core.h"

typedef struct eddy__watch {
    eddy_core *core;
    uint64_t quiet;       /* so many ticks after clock_ticks there is nothing to tell */
    uint64_t clock_ticks; /* the counter, just after clock_ns was read */
    uint64_t before;      /* the counter when the poll that is under way began */
    int64_t clock_ns;     /* the clock, when it was read last */
    int64_t start_ns;     /* the same when the turn's tasks began */
    bool over;            /* they have had their time */
    bool counted;         /* the counter goes with the clock: not in a simulated world */
} eddy__watch;

/* Who was polled: the task may be gone when that is told. */
typedef struct eddy__watched {
    const char *name;
    const eddy_type *type;
    uint64_t id;
} eddy__watched;

/* The turn's tasks begin; core->now_ns is their start. */
void eddy__watch_begin(eddy__watch *, eddy_core *core);
/* A poll has ended at `ticks`, and the counter does not rule out that it was long. */
void eddy__watch_look(eddy__watch *, const eddy__watched *who, uint64_t ticks);

/* A poll has ended, and the next one begins. */
static inline void eddy__watch_poll(eddy__watch *self, const eddy__watched *who)
{
    uint64_t ticks = eddy__ticks();

    if (ticks - self->clock_ticks >= self->quiet)
        eddy__watch_look(self, who, ticks);
    else
        self->before = ticks;
}

#endif
