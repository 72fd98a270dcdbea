/* SPDX-License-Identifier: MIT */
/*
 * compose_node.h - what all inner nodes of the trees of tests/explore/compose.c have in common.
 *
 * Private to tests/explore/compose.c.
 */
#ifndef EXPLORE_COMPOSE_NODE_H
#define EXPLORE_COMPOSE_NODE_H

#include "compose_leaf.h"

/* A new child, of any kind, and what is below it. */
static eddy_future *child_new(struct node *self, eddy_handle *handle);

static inline unsigned some_children(struct node *self)
{
    self->wanted = 1 + scene_random(CHILDREN_MAX);
    return self->wanted;
}

static inline unsigned children_ended(const struct node *self)
{
    unsigned count = 0;

    for (unsigned i = 0; i < self->count; i++)
        count += self->child[i]->ended;
    return count;
}

/* What has ended below it was heard of. */
static inline bool ends_are_heard(const struct node *self)
{
    for (unsigned i = 0; i < self->count; i++)
        if (self->child[i]->wrapped)
            return false;
    return true;
}

static inline void check_said(const struct node *self, eddy_result said)
{
    TREE_CHECK(self->tree, self->result == said, "a %s said %s instead of %s", self->of->name,
               eddy_error_name(self->result), eddy_error_name(said));
}

#endif
