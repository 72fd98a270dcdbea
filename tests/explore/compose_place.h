/* SPDX-License-Identifier: MIT */
/*
 * compose_place.h - what the leaves of tests/explore/compose.c share on one host: gates, permits, a
 * channel of items, tokens under a lock.
 *
 * Private to tests/explore/compose.c.
 */
#ifndef EXPLORE_COMPOSE_PLACE_H
#define EXPLORE_COMPOSE_PLACE_H

#include "compose_model.h"

#define GATES   2
#define PERMITS 3
#define TOKENS  2

/* A gate lets all through that wait there when it is opened. */
struct gate {
    struct at_gate *first;
    uint32_t openings;
};

struct at_gate {
    eddy_waiter waiter;
    struct gate *gate; /* whose list it is in; NULL: none */
    struct at_gate *next;
    struct tree *tree;
    uint32_t openings; /* when it came */
};

/* What the leaves of one host share. */
struct place {
    struct gate gate[GATES];
    eddy_semaphore *permits;
    eddy_sender *sender; /* of items: taken by another task */
    uint64_t accepted, accepted_sum, received, received_sum;
    eddy_sender *token_sender; /* of tokens: each goes back where it was taken */
    eddy_receiver *token_receiver;
    eddy_mutex *token_mutex; /* whoever waits for a token has it locked */
};

/* ---- gates ---- */

static inline void at_gate_leave(struct at_gate *self)
{
    struct at_gate **at;

    if (self->gate == NULL)
        return;
    for (at = &self->gate->first; *at != self; at = &(*at)->next)
        continue;
    *at = self->next;
    self->gate = NULL;
    self->tree->armed--;
}

static inline void gate_disarm(eddy_waiter *waiter)
{
    at_gate_leave((struct at_gate *)(void *)waiter);
}

static const eddy_wait_type gate_wait = {.why = "gate", .disarm = gate_disarm};

static inline void gate_open(struct gate *self)
{
    self->openings++;
    while (self->first != NULL) {
        struct at_gate *at = self->first;

        at_gate_leave(at);
        eddy_waiter_wake(&at->waiter);
    }
}

static inline eddy_result at_gate_poll(struct at_gate *self, struct gate *gate, eddy_task *task)
{
    eddy_result n;

    if (gate->openings != self->openings) {
        at_gate_leave(self);
        eddy_waiter_clear(&self->waiter);
        return 0;
    }
    n = eddy_waiter_park(&self->waiter, task, &gate_wait);
    if (n != EDDY_PENDING) {
        at_gate_leave(self);
    } else if (self->gate == NULL) {
        self->gate = gate;
        self->next = gate->first;
        gate->first = self;
        self->tree->armed++;
    }
    return n;
}

#endif
