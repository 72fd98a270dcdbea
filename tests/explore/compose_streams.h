/* SPDX-License-Identifier: MIT */
/*
 * compose_streams.h - nodes of the trees of tests/explore/compose.c whose children come and go: sets of
 * futures, and streams of which several items are worked on at a time. What each tells is held against
 * what its children said.
 *
 * Private to tests/explore/compose.c.
 */
#ifndef EXPLORE_COMPOSE_STREAMS_H
#define EXPLORE_COMPOSE_STREAMS_H

#include "compose_node.h"

/* ---- sets of futures ---- */

/* What a future says may be a reason for one more. */
static void set_push(struct node *self)
{
    unsigned place = self->count;

    if (place < CHILDREN_MAX && scene_random(2) == 0 &&
        eddy_futures_push(self->set, child_new(self, self->tree->handle), place) == 0)
        self->wanted++;
}

static eddy_result set_each(void *arg, const struct eddy_outcome *outcome)
{
    struct node *self = arg;
    const struct node *child = self->child[outcome->key];

    TREE_CHECK(self->tree, outcome->result == node_said(child),
               "a set tells %s of a future that said %s", eddy_error_name(outcome->result),
               eddy_error_name(node_said(child)));
    TREE_CHECK(self->tree, child->done == 1, "a set tells of a future that is not done");
    TREE_CHECK(self->tree, !self->ordered || outcome->key == self->seen || short_of_memory(),
               "an ordered set tells in another order");
    self->seen++;
    set_push(self);
    return 0;
}

static eddy_future *set_make(struct node *self, eddy_handle *handle)
{
    unsigned pushed = 0;
    eddy_stream *set;

    self->ordered = scene_random(2) == 0;
    set = self->ordered ? eddy_futures_ordered(handle) : eddy_futures_unordered(handle);
    self->set = set;
    (void)some_children(self);
    for (unsigned i = 0; i < self->wanted; i++)
        pushed += eddy_futures_push(set, child_new(self, handle), i) == 0;
    self->wanted = pushed;
    return eddy_futures_for_each(set, set_each, self);
}

static void set_check(const struct node *self)
{
    TREE_CHECK(self->tree, self->seen == self->wanted, "a set has told %u outcomes of %u",
               self->seen, self->wanted);
    check_said(self, self->wanted);
}

/* ---- several items at a time ---- */

static const uint32_t places[CHILDREN_MAX] = {0, 1, 2};

static inline unsigned children_running(const struct node *self)
{
    unsigned count = 0;

    for (unsigned i = 0; i < self->count; i++)
        count += self->child[i]->done == 0;
    return count;
}

static eddy_future *item_each(void *arg, eddy_handle *handle, const void *item)
{
    struct node *self = arg;

    TREE_CHECK(self->tree, *(const uint32_t *)item == self->count, "an item came out of order");
    TREE_CHECK(self->tree, children_running(self) < self->limit,
               "more futures run than the limit allows");
    return child_new(self, handle);
}

static eddy_future *item_work(void *arg, eddy_handle *handle, const void *item, void *out)
{
    (void)out;
    return item_each(arg, handle, item);
}

static eddy_result item_told(void *arg, const void *item)
{
    struct node *self = arg;
    eddy_result said;

    memcpy(&said, item, sizeof said);
    if (self->ordered)
        TREE_CHECK(self->tree, said == node_said(self->child[self->seen]),
                   "an item was told in another order");
    self->seen++;
    return 0;
}

/* `winner` tells how: 0: for_each_concurrent, 1: buffered, 2: buffer_unordered. */
static eddy_future *items_make(struct node *self, eddy_handle *handle)
{
    eddy_stream *input;

    (void)some_children(self);
    self->limit = 1 + scene_random(CHILDREN_MAX);
    self->winner = scene_random(3);
    self->ordered = self->winner == 1;
    input = eddy_stream_array(handle, places, self->wanted, sizeof places[0]);
    if (self->winner == 0)
        return eddy_stream_for_each_concurrent(input, self->limit, item_each, self);
    input = self->ordered ? eddy_stream_buffered(input, self->limit, 0, item_work, self)
                          : eddy_stream_buffer_unordered(input, self->limit, 0, item_work, self);
    return eddy_stream_for_each(input, item_told, self);
}

static void items_check(const struct node *self)
{
    bool found = self->result >= 0;

    for (unsigned i = 0; i < self->count && !found; i++)
        found = self->child[i]->ended && self->child[i]->result == self->result;
    TREE_CHECK(self->tree, found, "an error came of items that none of them has given");
    if (self->result < 0)
        return;
    TREE_CHECK(self->tree, children_ended(self) == self->wanted,
               "not all items have been worked on");
    check_said(self, self->wanted);
}

#endif
