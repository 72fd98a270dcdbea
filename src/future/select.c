/* SPDX-License-Identifier: MIT */
/*
 * select.c - the first of some boxed futures: whatever it says, or the first success. The others are
 * dropped before it is told.
 */
#include "eddy/select.h"
#include "future/set.h"

struct select {
    eddy__many many;
    size_t *winner; /* the caller's, or NULL */
};

static const eddy_wait_type select_wait = {"select", eddy__branches_disarmed, false};

static struct select *select_of(eddy_future *future)
{
    return (struct select *)(void *)future;
}

static eddy_result tell(struct select *self, size_t index, eddy_result result)
{
    if (self->winner != NULL)
        *self->winner = index;
    return result;
}

static void enter(struct select *self, eddy_task *task)
{
    if (!self->many.begun)
        eddy__set_shuffle(&self->many.set, self->many.core);
    self->many.begun = true;
    eddy__branches_enter(&self->many.branches, task);
}

static eddy_result park(struct select *self, eddy_task *task)
{
    return eddy__branches_park(&self->many.branches, task, &select_wait, false);
}

static eddy_result select_poll(eddy_future *future, eddy_task *task)
{
    struct select *self = select_of(future);
    eddy_result result;
    size_t index;

    enter(self, task);
    if (eddy__set_poll(&self->many.set, task, &index, &result))
        return tell(self, index, result);
    return park(self, task);
}

static eddy_result biased_poll(eddy_future *future, eddy_task *task)
{
    struct select *self = select_of(future);
    eddy_result result;
    size_t index;

    eddy__branches_enter(&self->many.branches, task);
    if (eddy__set_poll_biased(&self->many.set, task, &future->line, &index, &result))
        return tell(self, index, result);
    return park(self, task);
}

static eddy_result ok_poll(eddy_future *future, eddy_task *task)
{
    struct select *self = select_of(future);
    eddy_result result;
    size_t index;

    enter(self, task);
    while (eddy__set_poll(&self->many.set, task, &index, &result))
        if (result >= 0 || eddy__list_empty(&self->many.branches.members))
            return tell(self, index, result);
    return park(self, task);
}

#define SELECT_TYPE(name, poll)                                                                    \
    {                                                                                              \
        poll, eddy__many_done, sizeof(struct select), name, eddy__many_take_child                  \
    }

static const eddy_type select_type = SELECT_TYPE("select", select_poll);
static const eddy_type biased_type = SELECT_TYPE("select_biased", biased_poll);
static const eddy_type ok_type = SELECT_TYPE("select_ok", ok_poll);
static const eddy_type race_type = SELECT_TYPE("race", select_poll);

static eddy_future *new_select(eddy_handle *handle, const eddy_type *type, const char *verb,
                               eddy_future *const *futures, size_t count, size_t *winner)
{
    struct select *self;

    EDDY_ASSERT(count > 0, "%s is given no future: there is nothing to wait for", verb);
    self = eddy__many_new(handle, type, futures, count, verb);
    if (self == NULL)
        return eddy__future_failed(handle->core);
    self->winner = winner;
    return &self->many.frame;
}

eddy_future *eddy_select(eddy_handle *handle, eddy_future *const *futures, size_t count,
                         size_t *winner)
{
    return new_select(handle, &select_type, "eddy_select", futures, count, winner);
}

eddy_future *eddy_select_biased(eddy_handle *handle, eddy_future *const *futures, size_t count,
                                size_t *winner)
{
    return new_select(handle, &biased_type, "eddy_select_biased", futures, count, winner);
}

eddy_future *eddy_select_ok(eddy_handle *handle, eddy_future *const *futures, size_t count,
                            size_t *winner)
{
    return new_select(handle, &ok_type, "eddy_select_ok", futures, count, winner);
}

/* One that has failed to be made knows no loop; two of them are as good as one. */
eddy_future *eddy_race(eddy_future *first, eddy_future *second)
{
    eddy_future *const both[] = {first, second};
    eddy_core *core;

    EDDY_ASSERT(first != NULL && second != NULL, "eddy_race is given NULL");
    core = eddy__future_core(first, "eddy_race");
    if (core == NULL)
        core = eddy__future_core(second, "eddy_race");
    if (core == NULL)
        return first;
    return new_select(&core->handle, &race_type, "eddy_race", both, 2, NULL);
}
