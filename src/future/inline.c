/* SPDX-License-Identifier: MIT */
/*
 * inline.c - join and select of two or three as members of a frame. The children's pointers and their
 * results are members with names, which lie behind each other like the elements of an array.
 */
#include "eddy/select_inline.h"
#include "future/set.h"

_Static_assert(sizeof(eddy_branch) == sizeof(eddy__branch), "branch.h shows its size");
_Static_assert(sizeof(eddy_branches) == sizeof(eddy__branches), "branch.h shows its size");

#define BEHIND(type, second, first, bytes)                                                         \
    _Static_assert(offsetof(struct type, second) == offsetof(struct type, first) + (bytes),        \
                   #second " stands behind " #first)
#define IN_A_ROW(type, first, second) BEHIND(type, second, first, sizeof(void *))

IN_A_ROW(eddy_join2, a, b);
IN_A_ROW(eddy_join3, a, b);
IN_A_ROW(eddy_join3, b, c);
IN_A_ROW(eddy_select2, a, b);
IN_A_ROW(eddy_select3, a, b);
IN_A_ROW(eddy_select3, b, c);
BEHIND(eddy_join2, rb, ra, sizeof(eddy_result));
BEHIND(eddy_join3, rb, ra, sizeof(eddy_result));
BEHIND(eddy_join3, rc, rb, sizeof(eddy_result));

/* Where it all lies in one of the four structs. */
struct layout {
    size_t count;
    size_t futures, set, parts;
    size_t results;        /* join */
    size_t biased, winner; /* select */
};

#define WHERE(type, n)                                                                             \
    .count = (n), .futures = offsetof(struct type, a), .set = offsetof(struct type, set),          \
    .parts = offsetof(struct type, part)
#define WHERE_JOIN(type, n)                                                                        \
    {                                                                                              \
        WHERE(type, n), .results = offsetof(struct type, ra)                                       \
    }
#define WHERE_SELECT(type, n)                                                                      \
    {                                                                                              \
        WHERE(type, n), .biased = offsetof(struct type, biased),                                   \
                        .winner = offsetof(struct type, winner)                                    \
    }

static const struct layout join2 = WHERE_JOIN(eddy_join2, 2);
static const struct layout join3 = WHERE_JOIN(eddy_join3, 3);
static const struct layout select2 = WHERE_SELECT(eddy_select2, 2);
static const struct layout select3 = WHERE_SELECT(eddy_select3, 3);

static const struct layout *layout_of(const eddy_future *self)
{
    if (self->type == &eddy_join2_type)
        return &join2;
    if (self->type == &eddy_join3_type)
        return &join3;
    return self->type == &eddy_select2_type ? &select2 : &select3;
}

static void *member(eddy_future *self, size_t offset)
{
    return (char *)(void *)self + offset;
}

static eddy__set set_of(eddy_future *self, const struct layout *layout)
{
    return (eddy__set){
        .branches = member(self, layout->set),
        .branch = member(self, layout->parts),
        .future = member(self, layout->futures),
        .count = layout->count,
    };
}

static bool is_begun(const eddy__set *set)
{
    return set->branches->members.next != NULL;
}

static void begin(const eddy__set *set, eddy_task *task, bool biased)
{
    for (size_t i = 0; i < set->count; i++) {
        EDDY_ASSERT(set->future[i] != NULL, "task '%s' awaits a join or select without future %zu",
                    eddy_task_name(task), i);
        for (size_t before = 0; before < i; before++)
            EDDY_ASSERT(set->future[i] != set->future[before] ||
                            (set->future[i]->state & EDDY__FUTURE_STATIC) != 0,
                        "task '%s' awaits a join or select of future '%s' twice",
                        eddy_task_name(task), set->future[i]->type->name);
    }
    eddy__set_begin(set, task->core);
    if (!biased)
        eddy__set_shuffle(set, task->core);
}

/* ---- join ---- */

static const eddy_wait_type join_wait = {"join", eddy__branches_disarmed, false};

static eddy_result count_failed(const eddy_result *results, size_t count)
{
    eddy_result failed = 0;

    for (size_t i = 0; i < count; i++)
        failed += results[i] < 0;
    return failed;
}

static eddy_result join_poll(eddy_future *self, eddy_task *task)
{
    const struct layout *layout = layout_of(self);
    const eddy__set set = set_of(self, layout);
    eddy_result *results = member(self, layout->results);
    eddy_result result;
    size_t index;

    if (!is_begun(&set))
        begin(&set, task, true);
    eddy__branches_enter(set.branches, task);
    while (eddy__set_poll(&set, task, &index, &result))
        results[index] = result;
    if (eddy__list_empty(&set.branches->members))
        return count_failed(results, set.count);
    return eddy__branches_park(set.branches, task, &join_wait, false);
}

/* ---- select ---- */

static const eddy_wait_type select_wait = {"select", eddy__branches_disarmed, false};

static eddy_result select_poll(eddy_future *self, eddy_task *task)
{
    const struct layout *layout = layout_of(self);
    const eddy__set set = set_of(self, layout);
    bool biased = *(bool *)member(self, layout->biased);
    eddy_result result;
    size_t index;
    bool ended;

    if (!is_begun(&set))
        begin(&set, task, biased);
    eddy__branches_enter(set.branches, task);
    ended = biased ? eddy__set_poll_biased(&set, task, &self->line, &index, &result)
                   : eddy__set_poll(&set, task, &index, &result);
    if (!ended)
        return eddy__branches_park(set.branches, task, &select_wait, false);
    *(int *)member(self, layout->winner) = (int)index;
    return result;
}

/* ---- both ---- */

/* One that was never polled owns its children, too, but they are in no branch yet. */
static eddy_future *take_unpolled(const eddy__set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        eddy_future *future = set->future[i];

        set->future[i] = NULL;
        if (future != NULL)
            return future;
    }
    return NULL;
}

static eddy_future *take_child(eddy_future *self)
{
    const eddy__set set = set_of(self, layout_of(self));

    return is_begun(&set) ? eddy__set_take(&set) : take_unpolled(&set);
}

const eddy_type eddy_join2_type = {join_poll, eddy__done_nothing, sizeof(struct eddy_join2), "join",
                                   take_child};
const eddy_type eddy_join3_type = {join_poll, eddy__done_nothing, sizeof(struct eddy_join3), "join",
                                   take_child};
const eddy_type eddy_select2_type = {select_poll, eddy__done_nothing, sizeof(struct eddy_select2),
                                     "select", take_child};
const eddy_type eddy_select3_type = {select_poll, eddy__done_nothing, sizeof(struct eddy_select3),
                                     "select", take_child};
