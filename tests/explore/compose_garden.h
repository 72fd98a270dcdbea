/* SPDX-License-Identifier: MIT */
/*
 * compose_garden.h - trees of any kinds of nodes, and gardeners, who grow one tree after the other,
 * wait for its end, and meddle with it meanwhile.
 *
 * Private to tests/explore/compose.c.
 */
#ifndef EXPLORE_COMPOSE_GARDEN_H
#define EXPLORE_COMPOSE_GARDEN_H

#include "compose_sets.h"
#include "compose_steps.h"
#include "compose_streams.h"

#define TREES    4 /* of each gardener, one after the other */
#define DEPTH    3
#define YIELDS   30 /* turns in which whoever was woken has been polled */
#define PATIENCE 3  /* looks before a tree is asked to end */
#define ASKS_MAX 40 /* by then it must have ended: each ends a leaf of each part at least */

/* ---- growing ---- */

static const struct kind kinds[] = {
    {"join", join_make, join_check, NULL},
    {"try_join", try_join_make, try_join_check, NULL},
    {"select", select_make, select_check, NULL},
    {"select_biased", biased_make, select_check, NULL},
    {"select_ok", select_ok_make, select_ok_check, NULL},
    {"race", race_make, race_check, NULL},
    {"keep", keep_make, keep_check, NULL},
    {"embedded", embedded_make, embedded_check, NULL},
    {"set", set_make, set_check, NULL},
    {"items", items_make, items_check, NULL},
    {"chain", chain_make, chain_check, chain_check_done},
    {"flatten", flatten_make, flatten_check, NULL},
    {"lazy", lazy_make, lazy_check, NULL},
    {"loop", loop_make, loop_check, NULL},
    {"timeout", timeout_make, timeout_check, NULL},
    {"scope", scope_make, scope_check, NULL},
    {"shared", shared_make, shared_check, NULL},
};

static void inner_said(void *arg, eddy_result n)
{
    (void)node_end(arg, n);
}

static void inner_done(void *arg)
{
    node_done(arg);
}

/* By a future around it, or by the steps of a chain: of the node's own, if it is one. */
static eddy_future *inner_watch(struct node *self, eddy_future *future)
{
    bool shared = self->parent != NULL && self->parent->apart_below;

    if (shared || scene_random(2) == 0)
        return probe_new(self, future, 0);
    self->wrapped = true;
    future = eddy_inspect_err(eddy_inspect(future, inner_said, self), inner_said, self);
    return eddy_finally(future, inner_done, self);
}

/* Those that never end by themselves, or end all others, are rare. */
static unsigned some_leaf(void)
{
    unsigned kind = scene_random(LEAF_KINDS);

    if (kind == LEAF_NEVER || kind == LEAF_REBEL)
        kind = scene_random(4) == 0 ? kind : LEAF_NAP;
    return kind;
}

static eddy_future *grow(struct node *self, eddy_handle *handle)
{
    if (self->depth == 0 || (self->depth < DEPTH && scene_random(3) == 0)) {
        self->leaf_kind = some_leaf();
        return leaf_new(self, handle);
    }
    self->of = &kinds[scene_random(sizeof kinds / sizeof kinds[0])];
    return inner_watch(self, self->of->make(self, handle));
}

static eddy_future *child_new(struct node *self, eddy_handle *handle)
{
    return grow(node_new(self->tree, self), handle);
}

/* ---- a gardener ---- */

struct gardener {
    EDDY_FRAME;
    struct place *place;
    eddy_group *group;
    struct tree tree;
    unsigned round, looks, yields;
    struct nap nap;
};

/* What shared futures do is over a moment later. */
static void gardener_done(struct gardener *self)
{
    eddy_group_free(self->group);
    for (unsigned i = 0; i < self->tree.nodes; i++)
        TREE_CHECK(&self->tree, self->tree.node[i].done == 1,
                   "a %s is left when its group is freed", node_name(&self->tree.node[i]));
    eddy_join_free(self->tree.join);
    self->tree.alive = 0;
}

static bool gardener_plants(struct gardener *self, eddy_handle *handle)
{
    struct tree *tree = &self->tree;
    struct node *root;
    int error;

    *tree = (struct tree){.alive = ALIVE, .place = self->place, .handle = handle};
    root = node_new(tree, NULL);
    root->depth = DEPTH;
    error = eddy_group_spawn_joinable(self->group, grow(root, handle), &tree->join);
    if (error == 0)
        return true;
    SCENE_CHECK(short_of_memory(), "a tree was not spawned: %s", eddy_error_name(error));
    tree_check_over(tree, error);
    return false;
}

static void gardener_asks(struct gardener *self, int64_t grace_ns)
{
    tree_asks(&self->tree);
    eddy_join_cancel(self->tree.join, grace_ns);
}

/* One scope that is under way, if there is any. */
static void gardener_cancels_a_scope(struct gardener *self)
{
    for (unsigned i = 0; i < self->tree.nodes; i++) {
        struct node *node = &self->tree.node[i];

        if (node->scope == NULL)
            continue;
        node->scope_cancels++;
        eddy_scope_cancel(node->scope);
        return;
    }
}

/* It has looked, and the tree has not ended. */
static void gardener_meddles(struct gardener *self)
{
    struct tree *tree = &self->tree;
    uint32_t what = scene_random(12);

    if (tree->cancels > 0)
        tree_check_told(tree);
    SCENE_CHECK(tree->cancels < ASKS_MAX, "a tree was asked %d times to end, and goes on",
                ASKS_MAX);
    if (self->looks >= PATIENCE || what < 2) {
        gardener_asks(self, EDDY_FOREVER);
    } else if (what == 2) {
        tree->hurried = true;
        gardener_asks(self, scene_random(20) * EDDY_MILLISECOND);
    } else if (what == 3) {
        tree->aborted = true;
        eddy_join_abort(tree->join);
    } else if (what < 6) {
        gardener_cancels_a_scope(self);
    }
}

EDDY_ASYNC(gardener, gardener_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_group_new(eddy_task_handle(task), NULL, &self->group);
        if (n < 0)
            EDDY_RETURN(0); /* short of memory */
        for (; self->round < TREES; self->round++) {
            if (!gardener_plants(self, eddy_task_handle(task)))
                continue;
            for (self->looks = 0;; self->looks++) {
                nap_start(&self->nap, task, (1 + scene_random(60)) * EDDY_MILLISECOND);
                EDDY_POLL(n, nap_within(&self->nap, task, eddy_join_poll(self->tree.join, task)));
                if (eddy_join_ended(self->tree.join) != NULL)
                    break;
                if (n != -ETIMEDOUT)
                    EDDY_RETURN(0); /* it was asked to end itself */
                for (self->yields = 0; self->yields < YIELDS; self->yields++)
                    EDDY_YIELD();
                if (eddy_join_ended(self->tree.join) == NULL)
                    gardener_meddles(self);
            }
            tree_check_over(&self->tree, eddy_join_ended(self->tree.join)->result);
            eddy_join_free(self->tree.join);
            self->tree.join = NULL;
        }
        EDDY_END(0);
}

#endif
