/* SPDX-License-Identifier: MIT */
/*
 * compose_sets.h - nodes of the trees of tests/explore/compose.c that have several children at once:
 * joins and selects, boxed and embedded. What each says is held against what its children said.
 *
 * Private to tests/explore/compose.c.
 */
#ifndef EXPLORE_COMPOSE_SETS_H
#define EXPLORE_COMPOSE_SETS_H

#include "compose_node.h"

/* ---- joins and selects ---- */

static inline eddy_future *several_new(struct node *self, eddy_handle *handle,
                                       eddy_future *(*all)(struct node *self, eddy_handle *handle,
                                                           eddy_future **futures, size_t count))
{
    eddy_future *futures[CHILDREN_MAX] = {NULL};
    unsigned count = some_children(self);

    for (unsigned i = 0; i < count; i++)
        futures[i] = child_new(self, handle);
    return all(self, handle, futures, count);
}

static eddy_future *join_of(struct node *self, eddy_handle *handle, eddy_future **futures,
                            size_t count)
{
    return eddy_join_all(handle, futures, count, self->results);
}

static eddy_future *join_make(struct node *self, eddy_handle *handle)
{
    return several_new(self, handle, join_of);
}

static void join_check(const struct node *self)
{
    eddy_result failed = 0;

    for (unsigned i = 0; i < self->count; i++) {
        eddy_result said = node_said(self->child[i]);

        TREE_CHECK(self->tree, self->results[i] == said, "a join's result %u is wrong", i);
        failed += said < 0;
    }
    check_said(self, failed);
}

static eddy_future *try_join_of(struct node *self, eddy_handle *handle, eddy_future **futures,
                                size_t count)
{
    return eddy_try_join_all(handle, futures, count, self->results);
}

static eddy_future *try_join_make(struct node *self, eddy_handle *handle)
{
    return several_new(self, handle, try_join_of);
}

/* The first error is the last end. */
static void try_join_check(const struct node *self)
{
    eddy_result said = 0;

    if (!ends_are_heard(self))
        return;
    for (unsigned i = 0; i < self->count; i++) {
        const struct node *child = self->child[i];

        TREE_CHECK(self->tree, self->results[i] == (child->ended ? child->result : EDDY_DROPPED),
                   "a try_join's result %u is wrong", i);
        TREE_CHECK(self->tree, !child->ended || child->result >= 0 || said == 0,
                   "a try_join went on after an error");
        if (child->ended && child->result < 0)
            said = child->result;
    }
    TREE_CHECK(self->tree, said < 0 || children_ended(self) == self->count,
               "a try_join has ended before its children");
    check_said(self, said);
}

static eddy_future *select_of(struct node *self, eddy_handle *handle, eddy_future **futures,
                              size_t count)
{
    return eddy_select(handle, futures, count, &self->winner);
}

static eddy_future *select_make(struct node *self, eddy_handle *handle)
{
    return several_new(self, handle, select_of);
}

static eddy_future *biased_of(struct node *self, eddy_handle *handle, eddy_future **futures,
                              size_t count)
{
    return eddy_select_biased(handle, futures, count, &self->winner);
}

static eddy_future *biased_make(struct node *self, eddy_handle *handle)
{
    return several_new(self, handle, biased_of);
}

static void select_check(const struct node *self)
{
    if (!ends_are_heard(self))
        return;
    TREE_CHECK(self->tree, self->winner < self->count, "a select has no winner");
    TREE_CHECK(self->tree, children_ended(self) == 1, "%u children of a select have ended",
               children_ended(self));
    if (self->winner < self->count)
        check_said(self, node_said(self->child[self->winner]));
}

static eddy_future *race_make(struct node *self, eddy_handle *handle)
{
    eddy_future *first = child_new(self, handle);

    return eddy_race(first, child_new(self, handle));
}

static void race_check(const struct node *self)
{
    const struct node *winner = self->child[self->child[0]->ended ? 0 : 1];

    if (!ends_are_heard(self))
        return;
    TREE_CHECK(self->tree, children_ended(self) == 1, "%u children of a race have ended",
               children_ended(self));
    check_said(self, node_said(winner));
}

static eddy_future *select_ok_of(struct node *self, eddy_handle *handle, eddy_future **futures,
                                 size_t count)
{
    return eddy_select_ok(handle, futures, count, &self->winner);
}

static eddy_future *select_ok_make(struct node *self, eddy_handle *handle)
{
    return several_new(self, handle, select_ok_of);
}

/* The winner is the last that has ended, and all before it have failed. */
static void select_ok_check(const struct node *self)
{
    const struct node *winner = self->winner < self->count ? self->child[self->winner] : self;

    if (!ends_are_heard(self))
        return;
    for (unsigned i = 0; i < self->count; i++) {
        const struct node *child = self->child[i];

        if (child == winner)
            check_said(self, node_said(winner));
        else if (child->ended)
            TREE_CHECK(self->tree, child->result < 0 && child->order < winner->order,
                       "a select_ok has passed a success over");
        else
            TREE_CHECK(self->tree, self->result >= 0 || short_of_memory(),
                       "a select_ok has given up too early");
    }
}

/* ---- a select that gives its losers back ---- */

struct keeper {
    EDDY_FRAME;
    struct node *node;
    eddy_future *future[CHILDREN_MAX]; /* `left` of them; all NULL while a select has them */
    eddy_future *select;
    size_t left, winner;
    eddy_result wins;
};

static void keeper_drop(struct keeper *self)
{
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        eddy_future_drop(self->future[i]);
        self->future[i] = NULL;
    }
    self->left = 0;
}

static void keeper_done(struct keeper *self)
{
    keeper_drop(self);
}

/* The winner's place is filled by the last one. */
static void keeper_looks(struct keeper *self)
{
    if (self->winner == SIZE_MAX) { /* no memory: all are dropped */
        keeper_drop(self);
        return;
    }
    self->wins++;
    self->left--;
    TREE_CHECK(self->node->tree, self->future[self->winner] == NULL, "a winner was given back");
    self->future[self->winner] = self->future[self->left];
    self->future[self->left] = NULL;
    for (size_t i = 0; i < self->left; i++)
        TREE_CHECK(self->node->tree, self->future[i] != NULL, "a loser was not given back");
    if (scene_random(4) == 0)
        keeper_drop(self);
}

EDDY_ASYNC(keeper, keeper_done)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->left > 0) {
            self->winner = SIZE_MAX;
            self->select =
                eddy_select_keep(self->node->tree->handle, self->future, self->left, &self->winner);
            EDDY_AWAIT_FUTURE(n, self->select);
            (void)n;
            keeper_looks(self);
        }
        EDDY_END(self->wins);
}

static eddy_future *keep_of(struct node *self, eddy_handle *handle, eddy_future **futures,
                            size_t count)
{
    struct keeper keeper = EDDY_INIT(keeper, .node = self, .left = count);

    memcpy(keeper.future, futures, sizeof keeper.future);
    return eddy_box(handle, &keeper.frame);
}

static eddy_future *keep_make(struct node *self, eddy_handle *handle)
{
    return several_new(self, handle, keep_of);
}

static void keep_check(const struct node *self)
{
    if (!ends_are_heard(self))
        return;
    if (!short_of_memory()) /* else there may be winners that could not be made */
        check_said(self, children_ended(self));
}

/* ---- embedded joins and selects ---- */

struct embedded {
    EDDY_FRAME;
    struct node *node;
    eddy_future *future[CHILDREN_MAX]; /* owned until the first poll */
    union {
        struct eddy_join2 join2;
        struct eddy_join3 join3;
        struct eddy_select2 select2;
        struct eddy_select3 select3;
    };
};

static void embedded_done(struct embedded *self)
{
    for (size_t i = 0; eddy_future_is_new(&self->frame) && i < CHILDREN_MAX; i++)
        eddy_future_drop(self->future[i]);
}

static void embedded_results(struct embedded *self)
{
    bool two = self->node->wanted == 2;

    self->node->results[0] = two ? self->join2.ra : self->join3.ra;
    self->node->results[1] = two ? self->join2.rb : self->join3.rb;
    self->node->results[2] = two ? 0 : self->join3.rc;
}

static struct eddy_select3 embedded_any(struct embedded *self)
{
    return EDDY_INIT(eddy_select3, .a = self->future[0], .b = self->future[1], .c = self->future[2],
                     .biased = self->node->seen == 1);
}

EDDY_ASYNC(embedded, embedded_done)
{
    eddy_result n;

    EDDY_BEGIN
        if (self->node->seen == 2 && self->node->wanted == 2) {
            EDDY_JOIN2(n, &self->join2, self->future[0], self->future[1]);
            embedded_results(self);
        } else if (self->node->seen == 2) {
            EDDY_JOIN3(n, &self->join3, self->future[0], self->future[1], self->future[2]);
            embedded_results(self);
        } else if (self->node->wanted == 2) {
            EDDY_SELECT2(n, &self->select2, self->future[0], self->future[1]);
            self->node->winner = (size_t)self->select2.winner;
        } else {
            self->select3 = embedded_any(self);
            EDDY_AWAIT(n, &self->select3);
            self->node->winner = (size_t)self->select3.winner;
        }
        EDDY_END(n);
}

/* `seen`: 0, 1: a select; 2: a join. */
static eddy_future *embedded_make(struct node *self, eddy_handle *handle)
{
    struct embedded embedded = EDDY_INIT(embedded, .node = self);

    self->wanted = 2 + scene_random(2);
    self->seen = scene_random(3);
    for (unsigned i = 0; i < self->wanted; i++)
        embedded.future[i] = child_new(self, handle);
    return eddy_box(handle, &embedded.frame);
}

static void embedded_check(const struct node *self)
{
    if (self->seen == 2)
        join_check(self);
    else
        select_check(self);
}

#endif
