/* SPDX-License-Identifier: MIT */
/*
 * adapt.h - functions that the tests of adaptors give to them.
 */
#ifndef EDDY_TESTS_SINK_ADAPT_H
#define EDDY_TESTS_SINK_ADAPT_H

#include <string.h>

#include "eddy/stream_source.h"

/* Twice the number; a negative one is an error. `arg` counts the calls. */
static inline int twice(void *arg, const void *item, void *out)
{
    int64_t number;

    memcpy(&number, item, sizeof number);
    ++*(int *)arg;
    if (number < 0)
        return (int)number;
    number *= 2;
    memcpy(out, &number, sizeof number);
    return 0;
}

static inline int copy_number(void *arg, const void *item, void *out)
{
    (void)arg;
    memcpy(out, item, sizeof(int64_t));
    return 0;
}

/* The item itself, at once. */
static inline eddy_stream *make_one(void *arg, eddy_handle *handle, const void *item)
{
    (void)arg;
    return eddy_stream_array(handle, item, 1, sizeof(int64_t));
}

static inline void look(void *arg, const void *item)
{
    (void)arg;
    (void)item;
}

static inline eddy_result same_error(void *arg, eddy_result error)
{
    (void)arg;
    return error;
}

#endif
