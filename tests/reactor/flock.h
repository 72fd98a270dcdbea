/* SPDX-License-Identifier: MIT */
/*
 * flock.h - a future that does nothing but keep its children in branches: through it the tests of
 * branches see what they do.
 */
#ifndef EDDY_TEST_FLOCK_H
#define EDDY_TEST_FLOCK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/loop.h"
#include "reactor/core.h"

enum { FLOCK_MAX = 4 };

/* Ends when all its children have, with the sum of what they said. */
struct flock {
    EDDY_FRAME;
    struct test_trace *trace;
    eddy_future *child[FLOCK_MAX];
    int n; /* children */
    bool begun;
    bool dies; /* polls itself from within a child: see the test */
    eddy_result sum;
    eddy__branches set;
    eddy__branch branch[FLOCK_MAX];
};

static const eddy_wait_type flock_wait = {"flock", eddy__branches_disarmed, false};

static inline void flock_begin(struct flock *self, eddy_core *core)
{
    self->begun = true;
    eddy__branches_init(&self->set);
    for (int i = 0; i < self->n; i++) {
        eddy__branch_init(&self->branch[i], core);
        eddy__branches_add(&self->set, &self->branch[i]);
    }
}

static inline eddy_result flock_poll(eddy_future *frame, eddy_task *task)
{
    struct flock *self = (struct flock *)(void *)frame;
    eddy__branch *branch;

    if (self->trace != NULL)
        self->trace->polls++;
    if (!self->begun)
        flock_begin(self, task->core);
    eddy__branches_enter(&self->set, task);
    while ((branch = eddy__branches_next(&self->set)) != NULL) {
        size_t i = (size_t)(branch - self->branch);
        eddy_result result = eddy__branch_poll(branch, self->child[i], task);

        if (result == EDDY_PENDING)
            continue;
        self->child[i] = NULL;
        self->sum += result;
        eddy__branches_remove(branch);
    }
    if (eddy__list_empty(&self->set.members))
        return self->sum;
    return eddy__branches_park(&self->set, task, &flock_wait, false);
}

static inline eddy_future *flock_take_child(eddy_future *frame)
{
    struct flock *self = (struct flock *)(void *)frame;

    for (int i = 0; i < self->n; i++) {
        eddy_future *child = self->child[i];

        self->child[i] = NULL;
        if (child != NULL && self->begun)
            eddy__branch_close(&self->branch[i]);
        if (child != NULL)
            return child;
    }
    return NULL;
}

static inline void flock_done(eddy_future *frame)
{
    test_trace_done(((struct flock *)(void *)frame)->trace);
}

static const eddy_type flock_type = {flock_poll, flock_done, sizeof(struct flock), "flock",
                                     flock_take_child};

static inline eddy_future *box(eddy_core *core, eddy_future *frame)
{
    return eddy_box(eddy_core_handle(core), frame);
}

static inline eddy_future *wait_at(eddy_core *core, struct test_gate *gate,
                                   struct test_trace *trace)
{
    return box(core, EDDY_FUTURE(test_wait, .gate = gate, .trace = trace));
}

static inline eddy_future *value_of(eddy_core *core, int yields, eddy_result value,
                                    struct test_trace *trace)
{
    return box(core, EDDY_FUTURE(test_value, .yields = yields, .value = value, .trace = trace));
}

/* A flock of three that wait at gates. */
struct three {
    struct test_gate gates[3];
    struct test_trace traces[3];
    struct test_trace flock;
};

static inline eddy_future *flock_of_three(eddy_core *core, struct three *three)
{
    eddy_future *child[3];

    for (int i = 0; i < 3; i++)
        child[i] = wait_at(core, &three->gates[i], &three->traces[i]);
    return box(core, EDDY_FUTURE(flock, .child = {child[0], child[1], child[2]}, .n = 3,
                                 .trace = &three->flock));
}

static inline void assert_polls(const struct three *three, int a, int b, int c)
{
    assert_int_equal(three->traces[0].polls, a);
    assert_int_equal(three->traces[1].polls, b);
    assert_int_equal(three->traces[2].polls, c);
}

#endif
