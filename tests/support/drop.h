/* SPDX-License-Identifier: MIT */
/*
 * drop.h - the standard test of every future: drop it at moment k, for all k.
 *
 * A moment is a number of polls. For each k and each way of dropping there is a fresh loop and a
 * fresh world; the future is driven until it has been polled k times, then dropped, until a k is
 * reached at which it ends by itself first. Each time the loop must be left as clean as if the
 * future had never been: no task, no timer, no wait, no memory, no descriptor. What else the world
 * promises ("no byte is lost") its `end` asserts.
 */
#ifndef EDDY_TEST_DROP_H
#define EDDY_TEST_DROP_H

#include "loop.h"

/* The ways in which a future can go before its end. */
enum test_drop_way {
    TEST_DROP_ABORT,  /* between two turns; k = 0: never polled */
    TEST_DROP_QUEUED, /* woken and not polled yet, by a neighbour that runs just before it */
    TEST_DROP_CHILD,  /* by the future that polls it, right after its k-th poll */
    TEST_DROP_SELF,   /* its task is aborted inside its own k-th poll */
    TEST_DROP_CORE,   /* together with its loop, between two turns */
    TEST_DROP_WAYS
};

struct test_drop {
    /* Make the world anew, and the future in it: a boxed one. The loop is fresh. */
    eddy_future *(*begin)(void *world, eddy_core *core);
    /* After each turn, to let the world go on: a peer that sends, a clock. May be NULL. */
    void (*step)(void *world, eddy_core *core);
    /* The future is gone: assert what must hold, then give back all that begin made. `result` is
     * what it returned, EDDY_DROPPED when it was dropped; `core` is NULL when the loop went too.
     * May be NULL. */
    void (*end)(void *world, eddy_core *core, eddy_result result);
    void *world;
    eddy_core_options options; /* of each loop; its allocator is the helper's */
};

/* Does all that. Returns the greatest number of polls after which the future was dropped by
 * TEST_DROP_ABORT: a test asserts it, to show that the moments it means were among them. */
int test_drop_anywhere(const struct test_drop *self);

#endif
