/* SPDX-License-Identifier: MIT */
/*
 * buffered.h - a stream that works on several items of another at a time, for buffered.c and
 * concurrent.c.
 */
#ifndef EDDY__BUFFERED_H
#define EDDY__BUFFERED_H

#include "eddy/futures.h"

/* What is done with an item: one of the two. */
typedef struct eddy__buffered_work {
    eddy_item_work *work;
    eddy_future *(*each)(void *arg, eddy_handle *handle, const void *item);
    void *arg;
} eddy__buffered_work;

/* `name` is that of its type: it is shown, and says whether what comes of the items is told in their
 * order. */
typedef enum eddy__buffered_kind {
    EDDY__BUFFERED_ORDERED,
    EDDY__BUFFERED_UNORDERED,
    EDDY__BUFFERED_FOR_EACH,
} eddy__buffered_kind;

eddy_stream *eddy__buffered_new(eddy_stream *input, eddy__buffered_kind kind, size_t limit,
                                size_t out_bytes, eddy__buffered_work work);

#endif
