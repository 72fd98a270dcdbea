/* SPDX-License-Identifier: MIT */
/*
 * compose_leaf.h - what the trees of tests/explore/compose.c end in: leaves that sleep, yield, wait at
 * gates, for permits, for room and for tokens; that hold a request back, or do not hurry to follow it;
 * and futures of the library alone.
 *
 * Private to tests/explore/compose.c.
 */
#ifndef EXPLORE_COMPOSE_LEAF_H
#define EXPLORE_COMPOSE_LEAF_H

#include "compose_probe.h"

enum leaf_kind {
    LEAF_READY,
    LEAF_NEVER,
    LEAF_NAP,
    LEAF_STUBBORN, /* goes on for a while when it is asked to end */
    LEAF_SHY,      /* behind a shield first */
    LEAF_YIELD,
    LEAF_GATE,
    LEAF_PERMIT,
    LEAF_ACQUIRE,
    LEAF_ITEM,
    LEAF_TOKEN,
    LEAF_REBEL, /* asks its own tree to end */
    LEAF_KINDS
};

/* ---- at a gate ---- */

struct gate_leaf {
    EDDY_FRAME;
    struct node *node;
    struct gate *gate;
    struct at_gate at;
};

static void gate_leaf_done(struct gate_leaf *self)
{
    SCENE_CHECK(self->at.gate == NULL, "a leaf is done and still waits at a gate");
    node_done(self->node);
}

EDDY_ASYNC(gate_leaf, gate_leaf_done)
{
    eddy_result n;

    EDDY_BEGIN
        node_begin(self->node);
        self->gate = &self->node->tree->place->gate[scene_random(GATES)];
        self->at.tree = self->node->tree;
        self->at.openings = self->gate->openings;
        EDDY_POLL(n, node_waits(self->node, at_gate_poll(&self->at, self->gate, task)));
        EDDY_END(node_end(self->node, n < 0 ? n : self->node->plan));
}

/* ---- time ---- */

struct nap_leaf {
    EDDY_FRAME;
    struct node *node;
    struct nap nap;
    eddy_result told;
};

static void nap_leaf_done(struct nap_leaf *self)
{
    node_done(self->node);
}

EDDY_ASYNC(nap_leaf, nap_leaf_done)
{
    eddy_result n;

    EDDY_BEGIN
        node_begin(self->node);
        nap_start(&self->nap, task, scene_random(60) * EDDY_MILLISECOND);
        EDDY_POLL(n, node_waits(self->node, nap_poll(&self->nap, task)));
        self->told = n;
        if (n < 0 && self->node->leaf_kind == LEAF_STUBBORN) {
            nap_start(&self->nap, task, scene_random(30) * EDDY_MILLISECOND);
            EDDY_POLL(n, node_waits(self->node, nap_poll(&self->nap, task)));
        }
        EDDY_END(node_end(self->node, self->told < 0 ? self->told : self->node->plan));
}

/* Behind a shield first, then without it. */
struct shy_leaf {
    EDDY_FRAME;
    struct node *node;
    struct nap nap;
};

static void shy_leaf_done(struct shy_leaf *self)
{
    node_done(self->node);
}

static void shy_leaf_shield(struct shy_leaf *self, eddy_task *task, bool on)
{
    eddy_task_shield(task, on);
    self->node->shielded = on;
    nap_start(&self->nap, task, scene_random(30) * EDDY_MILLISECOND);
}

EDDY_ASYNC(shy_leaf, shy_leaf_done)
{
    eddy_result n;

    EDDY_BEGIN
        node_begin(self->node);
        shy_leaf_shield(self, task, true);
        EDDY_POLL(n, node_waits(self->node, nap_poll(&self->nap, task)));
        SCENE_CHECK(n == 0, "a sleep behind a shield has ended with %s", eddy_error_name(n));
        shy_leaf_shield(self, task, false);
        EDDY_POLL(n, node_waits(self->node, nap_poll(&self->nap, task)));
        EDDY_END(node_end(self->node, n < 0 ? n : self->node->plan));
}

struct yield_leaf {
    EDDY_FRAME;
    struct node *node;
    uint32_t rounds;
};

static void yield_leaf_done(struct yield_leaf *self)
{
    node_done(self->node);
}

EDDY_ASYNC(yield_leaf, yield_leaf_done)
{
    EDDY_BEGIN
        node_begin(self->node);
        for (self->rounds = scene_random(4); self->rounds > 0; self->rounds--)
            EDDY_YIELD();
        EDDY_END(node_end(self->node, self->node->plan));
}

/* ---- permits, items, tokens ---- */

struct permit_leaf {
    EDDY_FRAME;
    struct node *node;
    uint32_t need, held;
    eddy_ticket ticket;
    struct nap nap;
};

static void permit_leaf_done(struct permit_leaf *self)
{
    if (self->held > 0)
        eddy_semaphore_add(self->node->tree->place->permits, self->held);
    node_done(self->node);
}

EDDY_ASYNC(permit_leaf, permit_leaf_done)
{
    eddy_result n;

    EDDY_BEGIN
        node_begin(self->node);
        self->need = 1 + scene_random(PERMITS);
        EDDY_POLL(n, node_waits(self->node,
                                eddy_semaphore_poll_acquire(self->node->tree->place->permits, task,
                                                            &self->ticket, self->need)));
        if (n < 0)
            EDDY_RETURN(node_end(self->node, n));
        self->held = self->need;
        nap_start(&self->nap, task, scene_random(20) * EDDY_MILLISECOND);
        EDDY_POLL(n, node_waits(self->node, nap_poll(&self->nap, task)));
        EDDY_END(node_end(self->node, n < 0 ? n : self->node->plan));
}

struct item_leaf {
    EDDY_FRAME;
    struct node *node;
    struct place *place;
    uint64_t item;
    eddy_ticket ticket;
};

static void item_leaf_done(struct item_leaf *self)
{
    node_done(self->node);
}

EDDY_ASYNC(item_leaf, item_leaf_done)
{
    eddy_result n;

    EDDY_BEGIN
        node_begin(self->node);
        self->place = self->node->tree->place;
        self->item = scene_random(1000);
        EDDY_POLL(n, node_waits(self->node, eddy_sender_poll_send(self->place->sender, task,
                                                                  &self->ticket, &self->item)));
        if (n == 0) {
            self->place->accepted++;
            self->place->accepted_sum += self->item;
        }
        EDDY_END(node_end(self->node, n < 0 ? n : self->node->plan));
}

struct token_leaf {
    EDDY_FRAME;
    struct node *node;
    struct place *place;
    bool locked, has;
    uint64_t token;
    eddy_ticket ticket;
    struct nap nap;
};

static void token_leaf_unlock(struct token_leaf *self)
{
    if (self->locked)
        eddy_mutex_unlock(self->place->token_mutex);
    self->locked = false;
}

static void token_leaf_done(struct token_leaf *self)
{
    int error = 0;

    token_leaf_unlock(self);
    if (self->has)
        error = eddy_sender_try_send(self->place->token_sender, &self->token);
    SCENE_CHECK(error == 0, "a token does not fit where it was: %s", eddy_error_name(error));
    node_done(self->node);
}

EDDY_ASYNC(token_leaf, token_leaf_done)
{
    eddy_result n;

    EDDY_BEGIN
        node_begin(self->node);
        self->place = self->node->tree->place;
        EDDY_POLL(n, node_waits(self->node, eddy_mutex_poll_lock(self->place->token_mutex, task,
                                                                 &self->ticket)));
        if (n < 0)
            EDDY_RETURN(node_end(self->node, n));
        self->locked = true;
        EDDY_POLL(n, node_waits(self->node, eddy_receiver_poll_next(self->place->token_receiver,
                                                                    task, &self->token)));
        token_leaf_unlock(self);
        self->has = n == 1;
        if (n < 0)
            EDDY_RETURN(node_end(self->node, n));
        nap_start(&self->nap, task, scene_random(20) * EDDY_MILLISECOND);
        EDDY_POLL(n, node_waits(self->node, nap_poll(&self->nap, task)));
        EDDY_END(node_end(self->node, n < 0 ? n : self->node->plan));
}

/* ---- one that turns against its own tree ---- */

struct rebel_leaf {
    EDDY_FRAME;
    struct node *node;
    struct nap nap;
};

static void rebel_leaf_done(struct rebel_leaf *self)
{
    node_done(self->node);
}

static void rebel_leaf_acts(struct rebel_leaf *self)
{
    struct tree *tree = self->node->tree;

    if (tree->join == NULL)
        return;
    if (scene_random(3) == 0) {
        tree->aborted = true;
        eddy_join_abort(tree->join);
    } else {
        tree_asks(tree);
        eddy_join_cancel(tree->join, EDDY_FOREVER);
    }
}

EDDY_ASYNC(rebel_leaf, rebel_leaf_done)
{
    eddy_result n;

    EDDY_BEGIN
        node_begin(self->node);
        rebel_leaf_acts(self);
        nap_start(&self->nap, task, scene_random(20) * EDDY_MILLISECOND);
        EDDY_POLL(n, node_waits(self->node, nap_poll(&self->nap, task)));
        EDDY_END(node_end(self->node, n < 0 ? n : self->node->plan));
}

/* ---- all of them ---- */

static inline eddy_result leaf_plan(void)
{
    static const eddy_result errors[] = {-EIO, -EPIPE, -ENOENT};
    uint32_t what = scene_random(9);

    return what < 3 ? errors[what] : (eddy_result)what;
}

#define LEAF(name) eddy_box(handle, EDDY_FUTURE(name, .node = node))

static inline eddy_future *leaf_of_library(struct node *node, eddy_handle *handle)
{
    if (node->leaf_kind == LEAF_READY)
        return probe_new(node, eddy_ready(handle, node->plan), 0);
    if (node->leaf_kind == LEAF_NEVER)
        return probe_new(node, eddy_never(handle), 0);
    node->plan = 0;
    return probe_new(node, eddy_acquire(handle, node->tree->place->permits, 2), 2);
}

/* What a node says that is a leaf. */
static inline eddy_future *leaf_new(struct node *node, eddy_handle *handle)
{
    node->leaf = true;
    node->plan = leaf_plan();
    switch ((enum leaf_kind)node->leaf_kind) {
    case LEAF_NAP:
    case LEAF_STUBBORN:
        return LEAF(nap_leaf);
    case LEAF_SHY:
        return LEAF(shy_leaf);
    case LEAF_YIELD:
        return LEAF(yield_leaf);
    case LEAF_GATE:
        return LEAF(gate_leaf);
    case LEAF_PERMIT:
        return LEAF(permit_leaf);
    case LEAF_ITEM:
        return LEAF(item_leaf);
    case LEAF_TOKEN:
        return LEAF(token_leaf);
    case LEAF_REBEL:
        return LEAF(rebel_leaf);
    default:
        return leaf_of_library(node, handle);
    }
}

#endif
