/* SPDX-License-Identifier: MIT */
/*
 * compose_model.h - what is known of a tree of futures that runs: each of its nodes, from when it is
 * made until it is done, what it said, and who is still to be told that the tree was asked to end.
 *
 * A request to end is owed to each leaf that had begun when it was made. And to whoever waits next, as
 * long as nobody was told: those that came too late must not make it go lost. A leaf that is shielded
 * is owed it until later; one within a shared future never.
 *
 * Private to tests/explore/compose.c.
 */
#ifndef EXPLORE_COMPOSE_MODEL_H
#define EXPLORE_COMPOSE_MODEL_H

#include "scene.h"

#define CHILDREN_MAX 3
#define STEPS_MAX    4
#define NODES_MAX    40 /* of a tree of depth 3: 1 + 3 + 9 + 27 */
#define ALIVE        UINT32_C(0x7EEA11FE)
#define OWED_MAX     12 /* polls of a leaf that may be without an answer: it was not its turn */

struct node;

/* A kind of inner node. */
struct kind {
    const char *name;
    /* Gives the future, with its children in it, or to be made later by child_new(). */
    eddy_future *(*make)(struct node *self, eddy_handle *handle);
    /* It has ended, and not for lack of memory: is that what must come of what its children said? */
    void (*check)(const struct node *self);
    /* It is done, ended or not. May be NULL. */
    void (*check_done)(const struct node *self);
};

/* One step of a chain. */
struct step {
    struct node *node;
    uint8_t kind;
    unsigned calls;
};

struct node {
    struct tree *tree;
    struct node *parent;
    struct node *child[CHILDREN_MAX];
    unsigned count;        /* children that were made */
    const struct kind *of; /* NULL: a leaf, of this kind: */
    unsigned leaf_kind;
    unsigned depth;

    bool leaf, begun, ended;
    bool wrapped; /* watched by steps behind it, which may be dropped when it has ended already */
    unsigned done;
    unsigned order;     /* of its end, among the tree's */
    eddy_result result; /* when it has ended */
    int64_t limit_ns;   /* not before that it may have been over; 0: no limit */

    /* a leaf */
    bool apart; /* within a shared future: in a task of its own */
    bool apart_below;
    bool shielded, owed, late; /* late: it was told that time is over */
    unsigned told, polls_owed;
    const struct node *waits_for; /* a shared future's */
    eddy_result plan;             /* what it says when nothing disturbs it */

    /* what combinators write, and more for them */
    eddy_result results[CHILDREN_MAX];
    size_t winner;
    unsigned wanted, seen, limit;
    bool ordered;
    eddy_future *inner;
    eddy_shared *shared;
    eddy_stream *set;
    struct eddy_scope *scope; /* while it is under way */
    unsigned scope_cancels;
    struct step step[STEPS_MAX];
    unsigned steps;
};

struct tree {
    uint32_t alive; /* ALIVE, as long as its leaves may use it */
    struct place *place;
    eddy_handle *handle;
    eddy_join *join;
    struct node node[NODES_MAX];
    unsigned nodes, ends;
    unsigned armed;   /* waits at gates */
    unsigned cancels; /* requests to end */
    unsigned told;    /* leaves, since the last of them */
    bool aborted, hurried;
};

/* ---- what is wrong, and where ---- */

static inline const char *node_name(const struct node *self)
{
    return self->of != NULL ? self->of->name : "leaf";
}

/* A line for each node into the timeline, once something is wrong. */
static inline void tree_note(const struct tree *self)
{
    char line[200];

    for (unsigned i = 0; i < self->nodes; i++) {
        const struct node *node = &self->node[i];
        int parent = node->parent != NULL ? (int)(node->parent - self->node) : -1;

        (void)snprintf(line, sizeof line, "node %u of %d: %s %u %s%s%s%s%s result %s", i, parent,
                       node_name(node), node->leaf_kind, node->begun ? " begun" : "",
                       node->done > 0 ? " done" : "", node->owed ? " owed" : "",
                       node->shielded ? " shielded" : "", node->apart ? " apart" : "",
                       node->ended ? eddy_error_name(node->result) : "none");
        eddy_world_note(scene.world, line);
    }
}

#define TREE_CHECK(tree, condition, ...)                                                           \
    do {                                                                                           \
        if (!(condition) && !scene.wrong) {                                                        \
            tree_note(tree);                                                                       \
            scene_wrong(__VA_ARGS__);                                                              \
        }                                                                                          \
    } while (0)

/* ---- nodes ---- */

static inline bool short_of_memory(void)
{
    return scene_count(EDDY_CHAOS_NO_MEMORY) > 0;
}

static inline struct node *node_new(struct tree *tree, struct node *parent)
{
    struct node *self = &tree->node[tree->nodes];

    if (tree->nodes == NODES_MAX) {
        scene_wrong("a tree has more than %d nodes", NODES_MAX);
        return self - 1;
    }
    tree->nodes++;
    *self = (struct node){.tree = tree, .parent = parent};
    self->winner = SIZE_MAX;
    if (parent != NULL) {
        self->apart = parent->apart || parent->apart_below;
        self->depth = parent->depth - 1;
        parent->child[parent->count++] = self;
    }
    return self;
}

static inline void node_begin(struct node *self)
{
    TREE_CHECK(self->tree, self->tree->alive == ALIVE, "a future begins that outlives its tree");
    TREE_CHECK(self->tree, !self->begun && self->done == 0,
               "a future begins twice, or when it is done");
    self->begun = true;
}

/* What is below an inner node is over when it is; a shared future may go a moment later. */
static inline void node_check_children(const struct node *self)
{
    for (unsigned i = 0; i < self->count; i++)
        TREE_CHECK(self->tree, self->child[i]->done == 1 || self->child[i]->apart,
                   "a %s is over before its child %u", self->of->name, i);
}

/* Nothing has disturbed it: it says what it was planned to say. */
static inline void leaf_check(const struct node *self)
{
    if (self->waits_for != NULL)
        return;
    if (self->told == 0 && !self->late && !short_of_memory())
        TREE_CHECK(self->tree, self->result == self->plan, "a leaf (kind %u) said %s",
                   self->leaf_kind, eddy_error_name(self->result));
}

static inline eddy_result node_end(struct node *self, eddy_result result)
{
    TREE_CHECK(self->tree, !self->ended && self->done == 0,
               "a future ends twice, or when it is done");
    self->ended = true;
    self->result = result;
    self->order = self->tree->ends++;
    if (self->of == NULL) {
        leaf_check(self);
        return result;
    }
    node_check_children(self);
    if (result != -ENOMEM || !short_of_memory())
        self->of->check(self);
    return result;
}

static inline void node_done(struct node *self)
{
    TREE_CHECK(self->tree, self->tree->alive == ALIVE, "a future is done that outlives its tree");
    TREE_CHECK(self->tree, self->done == 0, "a future is done %u times", self->done + 1);
    self->done++;
    self->owed = false;
    if (self->of == NULL)
        return;
    node_check_children(self);
    if (self->of->check_done != NULL)
        self->of->check_done(self);
}

/* What whoever awaits it was told: one that could not be made says so without having run. */
static inline eddy_result node_said(const struct node *self)
{
    TREE_CHECK(self->tree, self->ended || short_of_memory(),
               "a future was awaited and has not ended");
    return self->ended ? self->result : -ENOMEM;
}

/* ---- being asked to end ---- */

/* The task is about to be asked, by eddy_join_cancel(). */
static inline void tree_asks(struct tree *self)
{
    self->cancels++;
    self->told = 0;
    for (unsigned i = 0; i < self->nodes; i++) {
        struct node *node = &self->node[i];

        node->owed = node->leaf && node->begun && node->done == 0 && !node->apart;
        node->polls_owed = 0;
    }
}

static inline bool is_owed(const struct node *self)
{
    const struct tree *tree = self->tree;

    return !self->apart && !self->shielded && self->done == 0 &&
           (self->owed || (tree->cancels > 0 && tree->told == 0));
}

/* Requests that may have reached it: those to the task, and those to scopes around. */
static inline unsigned requests_to(const struct node *self)
{
    unsigned count = self->apart ? 0 : self->tree->cancels;

    for (const struct node *at = self; at != NULL; at = at->parent)
        count += at->scope_cancels;
    return count;
}

static inline bool has_a_limit_that_is_over(const struct node *self)
{
    for (const struct node *at = self; at != NULL; at = at->parent)
        if (at->limit_ns != 0 && eddy_now_ns(self->tree->handle) >= at->limit_ns)
            return true;
    return false;
}

static inline void node_told(struct node *self, eddy_result n)
{
    TREE_CHECK(self->tree, !self->shielded, "a leaf was told to end behind its shield");
    if (n == -ETIMEDOUT) {
        TREE_CHECK(self->tree, has_a_limit_that_is_over(self),
                   "a leaf was told early that time is over");
        self->late = true;
        return;
    }
    self->told++;
    self->owed = false;
    self->tree->told++;
    TREE_CHECK(self->tree, self->told <= requests_to(self),
               "a leaf was told %u times to end, asked %u times", self->told, requests_to(self));
}

/* What a wait for a shared future says is what that has said. */
static inline bool passes_on(const struct node *self)
{
    return self->waits_for != NULL && self->waits_for->ended;
}

/* What a wait of a leaf has given; returns it. */
static inline eddy_result node_waits(struct node *self, eddy_result n)
{
    if ((n == -ECANCELED || n == -ETIMEDOUT) && !passes_on(self))
        node_told(self, n);
    if (n != EDDY_PENDING || !is_owed(self)) {
        self->polls_owed = 0;
        return n;
    }
    TREE_CHECK(self->tree, ++self->polls_owed <= OWED_MAX,
               "a leaf (kind %u) was asked to end, and waits on", self->leaf_kind);
    return n;
}

/* Some time after a request: all that should have been told were. */
static inline void tree_check_told(const struct tree *self)
{
    for (unsigned i = 0; i < self->nodes; i++) {
        const struct node *node = &self->node[i];

        TREE_CHECK(self, !node->leaf || !node->begun || !is_owed(node),
                   "a leaf (kind %u in a %s) was never told that it was asked to end",
                   node->leaf_kind, node->parent->of->name);
    }
}

/* ---- the end of a tree ---- */

static inline void tree_check_over(const struct tree *self, eddy_result result)
{
    const struct node *root = &self->node[0];

    for (unsigned i = 0; i < self->nodes; i++)
        TREE_CHECK(self, self->node[i].done == 1, "a %s was done %u times",
                   node_name(&self->node[i]), self->node[i].done);
    TREE_CHECK(self, self->armed == 0, "%u waits are left of a tree that is over", self->armed);
    if (result == EDDY_DROPPED)
        TREE_CHECK(self, self->aborted || self->hurried,
                   "a tree was dropped, and nobody asked for it");
    else
        TREE_CHECK(self, result == node_said(root), "a tree said %s, its root %s",
                   eddy_error_name(result), eddy_error_name(node_said(root)));
}

#endif
