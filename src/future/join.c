/* SPDX-License-Identifier: MIT */
/*
 * join.c - all of some boxed futures: every outcome, or none but the first error.
 */
#include "eddy/select.h"
#include "future/set.h"

struct join {
    eddy__many many;
    eddy_result *results; /* the caller's, or NULL */
    eddy_result failed;
};

static const eddy_wait_type join_wait = {"join", eddy__branches_disarmed, false};
static const eddy_wait_type try_join_wait = {"try_join", eddy__branches_disarmed, false};

/* The next outcome, noted; false: no more now. */
static bool next_outcome(struct join *self, eddy_task *task, eddy_result *result)
{
    size_t index;

    if (!eddy__set_poll(&self->many.set, task, &index, result))
        return false;
    if (self->results != NULL)
        self->results[index] = *result;
    self->failed += *result < 0;
    return true;
}

static bool is_over(const struct join *self)
{
    return eddy__list_empty(&self->many.branches.members);
}

static eddy_result join_poll(eddy_future *future, eddy_task *task)
{
    struct join *self = (struct join *)(void *)future;
    eddy_result result;

    eddy__branches_enter(&self->many.branches, task);
    while (next_outcome(self, task, &result))
        continue;
    if (is_over(self))
        return self->failed;
    return eddy__branches_park(&self->many.branches, task, &join_wait, false);
}

static eddy_result try_join_poll(eddy_future *future, eddy_task *task)
{
    struct join *self = (struct join *)(void *)future;
    eddy_result result;

    eddy__branches_enter(&self->many.branches, task);
    while (next_outcome(self, task, &result))
        if (result < 0)
            return result;
    if (is_over(self))
        return 0;
    return eddy__branches_park(&self->many.branches, task, &try_join_wait, false);
}

static const eddy_type join_type = {join_poll, eddy__many_done, sizeof(struct join), "join",
                                    eddy__many_take_child};
static const eddy_type try_join_type = {try_join_poll, eddy__many_done, sizeof(struct join),
                                        "try_join", eddy__many_take_child};

static eddy_future *new_join(eddy_handle *handle, const eddy_type *type,
                             eddy_future *const *futures, size_t count, eddy_result *results)
{
    struct join *self;

    if (results != NULL)
        for (size_t i = 0; i < count; i++)
            results[i] = EDDY_DROPPED;
    self = eddy__many_new(handle, type, futures, count,
                          type == &join_type ? "eddy_join_all" : "eddy_try_join_all");
    if (self == NULL)
        return eddy__future_failed(handle->core);
    self->results = results;
    return &self->many.frame;
}

eddy_future *eddy_join_all(eddy_handle *handle, eddy_future *const *futures, size_t count,
                           eddy_result *results)
{
    return new_join(handle, &join_type, futures, count, results);
}

eddy_future *eddy_try_join_all(eddy_handle *handle, eddy_future *const *futures, size_t count,
                               eddy_result *results)
{
    return new_join(handle, &try_join_type, futures, count, results);
}
