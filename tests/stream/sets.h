/* SPDX-License-Identifier: MIT */
/*
 * sets.h - what the tests of sets of futures share.
 */
#ifndef EDDY_TEST_SETS_H
#define EDDY_TEST_SETS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../future/boxes.h"
#include "eddy/futures.h"

/* The constructors. */
typedef eddy_stream *set_fn(eddy_handle *);
static set_fn *const sets[] = {eddy_futures_unordered, eddy_futures_ordered};

static inline void push(eddy_stream *set, eddy_future *future, uint64_t key)
{
    assert_int_equal(eddy_futures_push(set, future, key), 0);
}

/* Adds up what a set tells. */
static inline eddy_result add(void *arg, const struct eddy_outcome *outcome)
{
    *(eddy_result *)arg += outcome->result;
    return 0;
}

static inline eddy_join *spawn_sum(eddy_core *core, eddy_stream *set, eddy_result *sum)
{
    return test_spawn_join_future(core, eddy_futures_for_each(set, add, sum), __FILE__, __LINE__);
}

#endif
