/* SPDX-License-Identifier: MIT */
/*
 * grove.h - a world for programs drawn from a seed (test_set_seeds.c): what is alive in it, and its
 * leaves, which sleep, yield, ring for each other, and push more leaves into sets that are under way.
 */
#ifndef EDDY_TESTS_GROVE_H
#define EDDY_TESTS_GROVE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "eddy/async.h"
#include "eddy/compose.h"
#include "eddy/futures.h"
#include "eddy/sim.h"
#include "reactor/core.h"

enum { LEAVES_MAX = 400, SETS_MAX = 64, KEEPS_MAX = 64, TASKS = 8 };

/* One set of futures, from its making to the end of the world. */
struct set {
    eddy_stream *stream; /* NULL: gone */
    bool ordered;
    uint64_t pushed, told, last;
    uint8_t seen[LEAVES_MAX + 8];
};

/* The caller's array of a select that keeps. */
struct keep {
    eddy_future *futures[3];
};

static struct grove {
    eddy_world *world;
    eddy_handle *handle;
    uint32_t leaves, done, sets_n, keeps_n;
    uint8_t dones[LEAVES_MAX];
    eddy_waiter bells[LEAVES_MAX];
    bool rung[LEAVES_MAX];
    struct set sets[SETS_MAX];
    struct keep keeps[KEEPS_MAX];
    eddy_join *tasks[TASKS];
} grove;

static inline uint32_t any(uint32_t below)
{
    return eddy_world_random(grove.world, below);
}

/* ---- leaves ---- */

struct leaf {
    EDDY_FRAME;
    uint32_t number;
    uint32_t steps;
    bool deaf; /* goes on when it is asked to end */
    eddy_sleep sleep;
    int32_t *out;
};

static const eddy_wait_type bell_wait = {"test: bell", NULL, false};

static inline eddy_future *new_leaf(int32_t *out);

static inline void ring(void)
{
    uint32_t at;

    if (grove.leaves == 0)
        return;
    at = any(grove.leaves);
    grove.rung[at] = true;
    eddy_waiter_wake(&grove.bells[at]);
}

static inline void push_leaf(void)
{
    eddy_future *leaf;
    struct set *set;

    if (grove.sets_n == 0 || grove.leaves >= LEAVES_MAX)
        return;
    set = &grove.sets[any(grove.sets_n)];
    if (set->stream == NULL)
        return;
    leaf = new_leaf(NULL);
    if (eddy_futures_push(set->stream, leaf, set->pushed) == 0)
        set->pushed++;
}

static inline void leaf_done(struct leaf *self)
{
    grove.dones[self->number]++;
    grove.done++;
    if (any(4) == 0)
        ring();
    if (any(16) == 0)
        push_leaf();
}

/* Until somebody rings, but not for ever. */
static inline eddy_result leaf_listen(struct leaf *self, eddy_task *task)
{
    eddy_waiter *bell = &grove.bells[self->number];
    eddy_result result = eddy_sleep_poll(&self->sleep, task);

    if (result == EDDY_PENDING && !grove.rung[self->number])
        return eddy_waiter_park(bell, task, &bell_wait);
    eddy_waiter_clear(bell);
    if (result != EDDY_PENDING)
        return result;
    eddy_sleep_stop(&self->sleep, task);
    return 0;
}

static inline int64_t some_time(void)
{
    return any(3) == 0 ? 0 : any(3000) * EDDY_MICROSECOND;
}

EDDY_ASYNC(leaf, leaf_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->steps > 0; self->steps--) {
            if (any(3) == 0)
                ring();
            if (any(8) == 0)
                push_leaf();
            if (any(2) == 0)
                EDDY_YIELD();
            grove.rung[self->number] = false;
            eddy_sleep_start(&self->sleep, task, some_time());
            if (any(2) == 0) {
                EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            } else {
                EDDY_POLL(n, leaf_listen(self, task));
            }
            if (n < 0 && !self->deaf)
                EDDY_RETURN(n);
        }
        if (self->out != NULL)
            *self->out = (int32_t)self->number;
        EDDY_END(any(5) == 0 ? -EIO : (eddy_result)self->number);
}

static inline eddy_future *new_leaf(int32_t *out)
{
    uint32_t steps, deaf;

    if (grove.leaves == LEAVES_MAX)
        return eddy_ready(grove.handle, 0);
    steps = any(5);
    deaf = any(4);
    return eddy_box(grove.handle, EDDY_FUTURE(leaf, .number = grove.leaves++, .steps = steps,
                                              .deaf = deaf == 0, .out = out));
}

#endif
