/* SPDX-License-Identifier: MIT */
/*
 * compose_steps.h - nodes of the trees of tests/explore/compose.c that have one child after the other,
 * or one with something around it: chains, loops, time limits, scopes, shared futures. What each says
 * is held against what its children said.
 *
 * Private to tests/explore/compose.c.
 */
#ifndef EXPLORE_COMPOSE_STEPS_H
#define EXPLORE_COMPOSE_STEPS_H

#include "compose_node.h"

/* ---- chains ---- */

enum step_kind {
    STEP_MAP,
    STEP_MAP_ERR,
    STEP_LOOK,
    STEP_LOOK_ERR,
    STEP_FINALLY,
    STEP_THEN, /* from here on: with a future of its own */
    STEP_AND_THEN,
    STEP_OR_ELSE,
    STEP_KINDS
};

static inline eddy_result mapped(eddy_result value)
{
    return (value < 0 ? -value : value + 1) % 100;
}

static eddy_result step_map(void *arg, eddy_result value)
{
    struct step *self = arg;

    self->calls++;
    return mapped(value);
}

static void step_look(void *arg, eddy_result value)
{
    struct step *self = arg;

    (void)value;
    self->calls++;
}

/* All that was made by then is over. */
static void step_finally(void *arg)
{
    struct step *self = arg;

    TREE_CHECK(self->node->tree, self->node->tree->alive == ALIVE,
               "a step is reached that outlives its tree");
    for (unsigned i = 0; i < self->node->count; i++)
        TREE_CHECK(self->node->tree, self->node->child[i]->done == 1,
                   "a finally runs before what stands before it is done");
    self->calls++;
}

static eddy_future *step_next(void *arg, eddy_handle *handle, eddy_result value)
{
    struct step *self = arg;

    (void)value;
    self->calls++;
    return child_new(self->node, handle);
}

static eddy_future *step_add(eddy_future *input, struct step *step)
{
    switch ((enum step_kind)step->kind) {
    case STEP_MAP:
        return eddy_map(input, step_map, step);
    case STEP_MAP_ERR:
        return eddy_map_err(input, step_map, step);
    case STEP_LOOK:
        return eddy_inspect(input, step_look, step);
    case STEP_LOOK_ERR:
        return eddy_inspect_err(input, step_look, step);
    case STEP_FINALLY:
        return eddy_finally(input, step_finally, step);
    case STEP_THEN:
        return eddy_then(input, step_next, step);
    case STEP_AND_THEN:
        return eddy_and_then(input, step_next, step);
    default:
        return eddy_or_else(input, step_next, step);
    }
}

static eddy_future *chain_make(struct node *self, eddy_handle *handle)
{
    eddy_future *future = child_new(self, handle);
    unsigned futures = 1;

    self->steps = 1 + scene_random(STEPS_MAX);
    for (unsigned i = 0; i < self->steps; i++) {
        struct step *step = &self->step[i];

        step->node = self;
        step->kind = (uint8_t)scene_random(futures < CHILDREN_MAX ? STEP_KINDS : STEP_THEN);
        futures += step->kind >= STEP_THEN;
        future = step_add(future, step);
    }
    return future;
}

static inline bool step_is_taken(enum step_kind kind, eddy_result value)
{
    if (kind == STEP_FINALLY || kind == STEP_THEN)
        return true;
    if (kind == STEP_MAP_ERR || kind == STEP_LOOK_ERR || kind == STEP_OR_ELSE)
        return value < 0;
    return value >= 0;
}

static void chain_check(const struct node *self)
{
    eddy_result value = node_said(self->child[0]);
    unsigned futures = 1;

    for (unsigned i = 0; i < self->steps; i++) {
        const struct step *step = &self->step[i];
        bool taken = step_is_taken((enum step_kind)step->kind, value);

        TREE_CHECK(self->tree, step->calls == taken, "a chain's step (kind %u) was called %u times",
                   step->kind, step->calls);
        if (!taken)
            continue;
        if (step->kind >= STEP_THEN)
            value = futures < self->count ? node_said(self->child[futures++]) : EDDY_PENDING;
        else if (step->kind <= STEP_MAP_ERR)
            value = mapped(value);
    }
    check_said(self, value);
}

/* However it ends: what is to be released was released once. */
static inline void chain_check_done(const struct node *self)
{
    for (unsigned i = 0; i < self->steps; i++)
        if (self->step[i].kind == STEP_FINALLY)
            TREE_CHECK(self->tree, self->step[i].calls == 1,
                       "a chain's finally was called %u times", self->step[i].calls);
}

/* ---- one that makes the next ---- */

static void flatten_put(void *arg, eddy_result value)
{
    struct node *self = arg;

    (void)value;
    self->inner = child_new(self, self->tree->handle);
}

static eddy_future *flatten_make(struct node *self, eddy_handle *handle)
{
    eddy_future *first = child_new(self, handle);

    return eddy_flatten(eddy_inspect(first, flatten_put, self), &self->inner);
}

static void flatten_check(const struct node *self)
{
    bool first_failed = node_said(self->child[0]) < 0;

    TREE_CHECK(self->tree, self->inner == NULL, "a flatten has left its inner future");
    TREE_CHECK(self->tree, self->count == (first_failed ? 1 : 2), "a flatten has made %u futures",
               self->count);
    check_said(self, node_said(self->child[self->count - 1]));
}

static eddy_future *lazy_child(void *arg, eddy_handle *handle)
{
    return child_new(arg, handle);
}

static eddy_future *lazy_make(struct node *self, eddy_handle *handle)
{
    return eddy_lazy(handle, lazy_child, self);
}

static void lazy_check(const struct node *self)
{
    check_said(self, node_said(self->child[0]));
}

/* ---- loops ---- */

static eddy_result loop_again(void *arg, eddy_result value)
{
    const struct node *self = arg;

    return self->count < self->wanted ? EDDY_CONTINUE : value;
}

static eddy_future *loop_body(void *arg, eddy_handle *handle)
{
    struct node *self = arg;

    for (unsigned i = 0; i < self->count; i++)
        TREE_CHECK(self->tree, self->child[i]->done == 1,
                   "a loop goes round before its body is done");
    return eddy_map(child_new(self, handle), loop_again, self);
}

static eddy_future *loop_make(struct node *self, eddy_handle *handle)
{
    (void)some_children(self);
    return eddy_loop(handle, loop_body, self);
}

static void loop_check(const struct node *self)
{
    const struct node *last = self->child[self->count - 1];

    TREE_CHECK(self->tree, node_said(last) < 0 || self->count == self->wanted,
               "a loop has gone round %u times", self->count);
    check_said(self, node_said(last));
}

/* ---- time limits ---- */

static inline int64_t some_limit(struct node *self, eddy_handle *handle)
{
    int64_t duration_ns = scene_random(80) * EDDY_MILLISECOND;

    self->limit_ns = eddy_now_ns(handle) + duration_ns;
    return duration_ns;
}

static eddy_future *timeout_make(struct node *self, eddy_handle *handle)
{
    int64_t duration_ns = some_limit(self, handle);
    eddy_future *inner = child_new(self, handle);

    if (scene_random(2) == 0)
        return eddy_timeout_after(inner, duration_ns);
    return eddy_deadline_at(inner, self->limit_ns);
}

static void timeout_check(const struct node *self)
{
    if (!ends_are_heard(self))
        return;
    if (self->child[0]->ended) {
        check_said(self, self->child[0]->result);
        return;
    }
    check_said(self, -ETIMEDOUT);
    TREE_CHECK(self->tree, eddy_now_ns(self->tree->handle) >= self->limit_ns,
               "a time limit was over early");
}

/* ---- scopes ---- */

struct scoped {
    EDDY_FRAME;
    struct node *node;
    eddy_future *inner; /* owned until the first poll */
    int64_t duration_ns, grace_ns;
    struct eddy_scope scope;
};

static void scoped_done(struct scoped *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_future_drop(self->inner);
    self->node->scope = NULL;
}

EDDY_ASYNC(scoped, scoped_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->node->scope = &self->scope;
        self->scope = EDDY_INIT(eddy_scope, .inner = self->inner, .duration_ns = self->duration_ns,
                                .grace_ns = self->grace_ns);
        EDDY_AWAIT(n, &self->scope);
        self->node->scope = NULL;
        EDDY_END(n);
}

static eddy_future *scope_make(struct node *self, eddy_handle *handle)
{
    int64_t grace_ns = scene_random(2) == 0 ? 0 : scene_random(40) * EDDY_MILLISECOND;
    int64_t duration_ns = scene_random(3) == 0 ? 0 : some_limit(self, handle);
    eddy_future *inner = child_new(self, handle);

    self->ordered = grace_ns > 0; /* it may be dropped */
    return eddy_box(handle, EDDY_FUTURE(scoped, .node = self, .inner = inner,
                                        .duration_ns = duration_ns, .grace_ns = grace_ns));
}

static void scope_check(const struct node *self)
{
    if (!ends_are_heard(self))
        return;
    if (self->child[0]->ended) {
        check_said(self, self->child[0]->result);
        return;
    }
    TREE_CHECK(self->tree, self->ordered, "a scope without a grace time has dropped what is in it");
    if (self->result == -ECANCELED)
        TREE_CHECK(self->tree, self->scope_cancels > 0, "a scope was cancelled by nobody");
    else
        check_said(self, -ETIMEDOUT);
    if (self->result == -ETIMEDOUT)
        TREE_CHECK(self->tree, eddy_now_ns(self->tree->handle) >= self->limit_ns,
                   "a scope was over early");
}

/* ---- shared futures ---- */

enum { SHARED_WAITS = 2 };

static void shared_forget(void *arg)
{
    struct node *self = arg;

    eddy_shared_release(self->shared);
    self->shared = NULL;
}

/* The first child is the shared one; the others wait for it. */
static eddy_future *shared_make(struct node *self, eddy_handle *handle)
{
    eddy_future *waits[SHARED_WAITS], *future;

    self->apart_below = true;
    self->shared = eddy_shared_new(child_new(self, handle));
    self->apart_below = false;
    for (unsigned i = 0; i < SHARED_WAITS; i++) {
        struct node *wait = node_new(self->tree, self);

        wait->leaf = true;
        wait->waits_for = self->child[0];
        waits[i] = probe_new(wait, eddy_shared_wait(self->shared), 0);
    }
    future = scene_random(2) == 0 ? eddy_join_all(handle, waits, SHARED_WAITS, self->results)
                                  : eddy_select(handle, waits, SHARED_WAITS, &self->winner);
    return eddy_finally(future, shared_forget, self);
}

static inline bool wait_said_right(const struct node *self, const struct node *wait)
{
    if (!wait->ended || wait->told > 0 || wait->late)
        return true;
    if (wait->result == -ENOMEM && short_of_memory())
        return true; /* it could not be made */
    return wait->result == node_said(self->child[0]);
}

static void shared_check(const struct node *self)
{
    for (unsigned i = 1; i <= SHARED_WAITS; i++)
        TREE_CHECK(self->tree, wait_said_right(self, self->child[i]),
                   "a wait for a shared future said %s", eddy_error_name(self->child[i]->result));
    if (self->winner < SHARED_WAITS)
        check_said(self, node_said(self->child[1 + self->winner]));
    else
        check_said(self, (node_said(self->child[1]) < 0) + (node_said(self->child[2]) < 0));
}

#endif
