/* SPDX-License-Identifier: MIT */
/*
 * compose_probe.h - a future of the scenario's own around any boxed one, for a node of a tree of
 * tests/explore/compose.c: it watches that begin, end and go.
 *
 * Private to tests/explore/compose.c.
 */
#ifndef EXPLORE_COMPOSE_PROBE_H
#define EXPLORE_COMPOSE_PROBE_H

#include "compose_place.h"

/* Polls a boxed future for a node: what that says, when it is done, and, when the node is a leaf, what
 * it is told. Permits that it has taken are given back. */
struct probe {
    EDDY_FRAME;
    struct node *node;
    eddy_future *inner;
    bool polled;
    uint32_t permits, held;
};

static eddy_result probe_poll(eddy_future *future, eddy_task *task)
{
    struct probe *self = (struct probe *)(void *)future;
    eddy_result n;

    if (!self->polled)
        node_begin(self->node);
    self->polled = true;
    n = eddy_future_poll_child(future, self->inner, task);
    if (self->node->leaf)
        (void)node_waits(self->node, n);
    if (n == EDDY_PENDING)
        return n;
    self->inner = NULL;
    self->held = n == 0 ? self->permits : 0;
    return node_end(self->node, n);
}

/* Once it was polled it is in the list of children. */
static eddy_future *probe_take_child(eddy_future *future)
{
    struct probe *self = (struct probe *)(void *)future;
    eddy_future *inner = self->polled ? NULL : self->inner;

    self->inner = NULL;
    return inner;
}

static void probe_done(eddy_future *future)
{
    struct probe *self = (struct probe *)(void *)future;

    if (self->held > 0)
        eddy_semaphore_add(self->node->tree->place->permits, self->held);
    node_done(self->node);
}

static const eddy_type probe_type = {probe_poll, probe_done, sizeof(struct probe), "probe",
                                     probe_take_child};

static inline eddy_future *probe_new(struct node *node, eddy_future *inner, uint32_t permits)
{
    return eddy_box(node->tree->handle,
                    EDDY_FUTURE(probe, .node = node, .inner = inner, .permits = permits));
}

#endif
