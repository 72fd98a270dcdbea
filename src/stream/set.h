/* SPDX-License-Identifier: MIT */
/*
 * set.h - children that come and go, each in a branch of its own: what the sets of futures and the
 * concurrent adaptors are made of.
 */
#ifndef EDDY__STREAM_SET_H
#define EDDY__STREAM_SET_H

#include "reactor/core.h"

/* One child and, behind it, what its maker wants to keep with it. Of the loop's slab. */
typedef struct eddy__entry {
    eddy__branch branch;
    eddy__node place;    /* in entries->line, or alone */
    eddy_future *future; /* NULL: ended, or taken to be dropped */
    eddy_result result;  /* EDDY_PENDING: not ended */
    size_t bytes;        /* of all of it */
} eddy__entry;

/* All entries of a stream. */
typedef struct eddy__entries {
    eddy_core *core;
    eddy__branches set;
    eddy__node line; /* what is to be told, in this order; not ordered: only what has ended */
    size_t count;    /* not told yet */
    bool ordered;
    bool closing; /* the stream is being dropped */
} eddy__entries;

void eddy__entries_init(eddy__entries *self, eddy_core *core, bool ordered);
/* An entry with zeroed memory behind it, that counts; NULL: no memory. */
eddy__entry *eddy__entry_new(eddy__entries *self, size_t payload_bytes);
/* The memory behind it, aligned to 16. */
static inline void *eddy__entry_payload(eddy__entry *self)
{
    return self + 1;
}
/* Have the future polled in it, from the next poll of the set on, or (`hurry`) in that under way. */
void eddy__entry_start(eddy__entries *self, eddy__entry *entry, eddy_future *future, bool hurry);
/* It has ended without a future, with a result. */
void eddy__entry_start_ended(eddy__entries *self, eddy__entry *entry, eddy_result result);
/* Poll the entry of a branch, as eddy__branches_next() has given it. */
void eddy__entry_poll(eddy__entries *self, eddy__branch *branch, eddy_task *task);
/* The one to be told now; NULL: it has not ended. */
eddy__entry *eddy__entries_first_ended(const eddy__entries *self);
/* The first in the line, ended or dropped; NULL: none is left. */
eddy__entry *eddy__entries_first(const eddy__entries *self);
/* It was told. */
void eddy__entry_free(eddy__entries *self, eddy__entry *entry);
/* Let go of the future of a branch that is an entry's; the entry's memory stays, in the line. */
eddy_future *eddy__entry_take(eddy__entries *self, eddy__branch *branch);
/* All futures are gone: free what is left. */
void eddy__entries_end(eddy__entries *self);

#endif
