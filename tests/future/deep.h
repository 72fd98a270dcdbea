/* SPDX-License-Identifier: MIT */
/*
 * deep.h - runs on a thread with a small stack: what is a million deep and uses the stack ends the
 * program there. Beside the run a task counts how often it had its turn, and looks at the heap.
 *
 * What runs on the thread asserts nothing, cmocka would jump out of the thread: it leaves results,
 * which the test looks at.
 */
#ifndef EDDY_TEST_DEEP_H
#define EDDY_TEST_DEEP_H

#include <pthread.h>

#include "boxed.h"
#include "reactor/core.h"

#if defined(__SANITIZE_ADDRESS__)
#define DEEP_UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DEEP_UNDER_ASAN 1
#endif
#endif
#ifdef DEEP_UNDER_ASAN
enum { DEEP = 100000, DEEP_STACK_BYTES = 256 * 1024 }; /* its frames are larger, its heap slower */
#else
enum { DEEP = 1000000, DEEP_STACK_BYTES = 64 * 1024 };
#endif

struct deep {
    /* Makes the future that is run, or makes some and drops it and gives another. */
    eddy_future *(*make)(struct deep *self);
    eddy_core *core;
    eddy_result result;
    int64_t ticks;           /* turns that another task had meanwhile */
    uint64_t heap_before;    /* when the future was made */
    uint64_t heap_most;      /* seen by the other task */
    int64_t calls, released; /* of the test's callbacks */
    eddy_future *slot;
    bool over;
};

struct ticker {
    EDDY_FRAME;
    struct deep *deep;
};

static inline void look_at_heap(struct deep *deep)
{
    eddy_core_stats stats;

    eddy_core_stats_get(deep->core, &stats);
    if (stats.heap_bytes > deep->heap_most)
        deep->heap_most = stats.heap_bytes;
}

EDDY_ASYNC(ticker, eddy_nothing)
{
    EDDY_BEGIN
        while (!self->deep->over) {
            self->deep->ticks++;
            look_at_heap(self->deep);
            EDDY_YIELD();
        }
        EDDY_END(0);
}

static inline void *deep_main(void *arg)
{
    struct deep *self = arg;
    eddy_core_stats stats;
    eddy_future *future;

    self->result = eddy_core_new(NULL, &self->core);
    if (self->result != 0)
        return NULL;
    self->result = eddy_spawn(eddy_core_handle(self->core), EDDY_FUTURE(ticker, .deep = self));
    future = self->make(self);
    eddy_core_stats_get(self->core, &stats);
    self->heap_before = stats.heap_bytes;
    if (self->result == 0)
        self->result = eddy_core_run(self->core, future);
    self->over = true;
    (void)eddy_core_free(self->core);
    return NULL;
}

/* Runs it to its end. */
static inline void deep_run(struct deep *self)
{
    pthread_attr_t attributes;
    pthread_t thread;

    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, DEEP_STACK_BYTES), 0);
    assert_int_equal(pthread_create(&thread, &attributes, deep_main, self), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_attr_destroy(&attributes), 0);
}

/* At least once for each budget of a poll, less those that the first turns may miss. */
static inline void check_others_had_their_turn(const struct deep *self)
{
    assert_true(self->ticks >= DEEP / 128 - 2);
}

static inline void check_heap_was_bounded(const struct deep *self)
{
    assert_true(self->heap_most <= self->heap_before + UINT64_C(64) * 1024);
}

#endif
