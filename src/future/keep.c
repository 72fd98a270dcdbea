/* SPDX-License-Identifier: MIT */
/*
 * keep.c - a select whose losers go on living. Each child is in a box of its own, a "kept" future,
 * from the start, so that giving it back needs no memory: the box has the branch in which the child
 * waits, whoever polls the box and when. A box that is given back looks like one that was never
 * polled, so it may go wherever such a future may go; to a later eddy_select_keep() as it is.
 */
#include "eddy/select.h"
#include "future/set.h"

/* ---- a child that may be polled by one after the other ---- */

struct kept {
    eddy_future frame;
    eddy__branches set; /* of that one branch */
    eddy__branch branch;
    eddy_future *inner; /* boxed; NULL: ended */
};

static const eddy_wait_type kept_wait = {"kept", eddy__branches_disarmed, false};

static eddy_result kept_poll(eddy_future *future, eddy_task *task)
{
    struct kept *self = (struct kept *)(void *)future;
    eddy_result result;

    eddy__branches_enter(&self->set, task);
    if (eddy__branches_next(&self->set) != NULL) {
        result = eddy__branch_poll(&self->branch, self->inner, task);
        if (result != EDDY_PENDING) {
            self->inner = NULL;
            return result;
        }
    }
    return eddy__branches_park(&self->set, task, &kept_wait, false);
}

static eddy_future *kept_take_child(eddy_future *future)
{
    struct kept *self = (struct kept *)(void *)future;
    eddy_future *inner = self->inner;

    self->inner = NULL;
    if (inner != NULL)
        eddy__branch_close(&self->branch);
    return inner;
}

static const eddy_type kept_type = {kept_poll, eddy__done_nothing, sizeof(struct kept), "kept",
                                    kept_take_child};

/* One that is kept already is good as it is. NULL: no memory. */
static eddy_future *keep(eddy_core *core, eddy_future *inner)
{
    struct kept *self;

    if (inner->type == &kept_type)
        return inner;
    self = eddy__future_new(core, &kept_type);
    if (self == NULL)
        return NULL;
    eddy__branches_init(&self->set);
    eddy__branch_init(&self->branch, core);
    eddy__branches_add(&self->set, &self->branch);
    self->inner = inner;
    if ((inner->state & EDDY__FUTURE_STATIC) == 0)
        inner->state |= EDDY__FUTURE_LINKED;
    return &self->frame;
}

/* Nobody's child and nobody polls it: as new. It waits at nothing itself, what it waited at was a
 * branch that is closed now. */
static void let_go(eddy_future *kept)
{
    kept->state = EDDY__FUTURE_BOXED;
}

/* ---- the select ---- */

struct select_keep {
    eddy__many many;
    eddy_future **futures; /* the caller's */
    size_t *winner;        /* the caller's, or NULL */
};

static const eddy_wait_type select_keep_wait = {"select_keep", eddy__branches_disarmed, false};

static void give_back(struct select_keep *self)
{
    const eddy__set *set = &self->many.set;

    for (size_t i = 0; i < set->count; i++) {
        int32_t asked = set->branch[i].asked;

        self->futures[i] = eddy__set_take_at(set, i);
        if (self->futures[i] == NULL)
            continue;
        let_go(self->futures[i]);
        if (asked != 0) /* it has not been told yet */
            eddy__branch_ask(&((struct kept *)(void *)self->futures[i])->branch, asked);
    }
}

static eddy_result select_keep_poll(eddy_future *future, eddy_task *task)
{
    struct select_keep *self = (struct select_keep *)(void *)future;
    eddy_result result;
    size_t index;

    if (!self->many.begun)
        eddy__set_shuffle(&self->many.set, self->many.core);
    self->many.begun = true;
    eddy__branches_enter(&self->many.branches, task);
    if (!eddy__set_poll(&self->many.set, task, &index, &result))
        return eddy__branches_park(&self->many.branches, task, &select_keep_wait, false);
    give_back(self);
    if (self->winner != NULL)
        *self->winner = index;
    return result;
}

static const eddy_type select_keep_type = {select_keep_poll, eddy__many_done,
                                           sizeof(struct select_keep), "select_keep",
                                           eddy__many_take_child};

static void drop_all(eddy_future **futures, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        eddy__future_end(futures[i], NULL);
        futures[i] = NULL;
    }
}

static void check_input(const eddy_handle *handle, const eddy_future *future, size_t index)
{
    const eddy_core *core;

    EDDY_ASSERT(future != NULL, "eddy_select_keep is given NULL as future %zu", index);
    core = eddy__future_core(future, "eddy_select_keep");
    EDDY_ASSERT(core == NULL || core == handle->core,
                "eddy_select_keep is given future '%s', which is of another loop",
                future->type->name);
}

/* All that is given is in boxes then, or dropped. */
static bool keep_all(const eddy_handle *handle, eddy_future **futures, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        eddy_future *kept;

        check_input(handle, futures[i], i);
        kept = keep(handle->core, futures[i]);
        if (kept == NULL) {
            drop_all(futures, count);
            return false;
        }
        futures[i] = kept;
    }
    return true;
}

eddy_future *eddy_select_keep(eddy_handle *handle, eddy_future **futures, size_t count,
                              size_t *winner)
{
    struct select_keep *self;

    EDDY_ASSERT(count > 0, "eddy_select_keep is given no future: there is nothing to wait for");
    eddy__core_check(handle->core, "eddy_select_keep");
    if (!keep_all(handle, futures, count))
        return eddy__future_failed(handle->core);
    self = eddy__many_new(handle, &select_keep_type, futures, count, "eddy_select_keep");
    for (size_t i = 0; i < count; i++)
        futures[i] = NULL;
    if (self == NULL)
        return eddy__future_failed(handle->core);
    self->futures = futures;
    self->winner = winner;
    return &self->many.frame;
}
