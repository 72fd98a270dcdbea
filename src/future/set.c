/* SPDX-License-Identifier: MIT */
/*
 * set.c - see set.h. A child is known by its place in the array of branches; its future stands at the
 * same place of another array, so that the embedded forms can show theirs as members.
 */
#include "future/set.h"

void eddy__set_begin(const eddy__set *self, eddy_core *core)
{
    eddy__branches_init(self->branches);
    for (size_t i = 0; i < self->count; i++) {
        eddy__branch_init(&self->branch[i], core);
        eddy__branches_add(self->branches, &self->branch[i]);
    }
}

void eddy__set_shuffle(const eddy__set *self, eddy_core *core)
{
    uint32_t below = self->count < UINT32_MAX ? (uint32_t)self->count : UINT32_MAX;

    if (below > 1)
        eddy__branches_rotate(self->branches, &self->branch[eddy__branches_draw(core, below)]);
}

/* Its `done` has run when it has a result. */
static eddy_result poll_at(const eddy__set *self, size_t index, eddy_task *task)
{
    eddy__branch *branch = &self->branch[index];
    eddy_result result = eddy__branch_poll(branch, self->future[index], task);

    if (result != EDDY_PENDING) {
        self->future[index] = NULL;
        eddy__branches_remove(branch);
    }
    return result;
}

bool eddy__set_poll(const eddy__set *self, eddy_task *task, size_t *index, eddy_result *result)
{
    eddy__branch *branch;

    while ((branch = eddy__branches_next(self->branches)) != NULL) {
        *index = (size_t)(branch - self->branch);
        *result = poll_at(self, *index, task);
        if (*result != EDDY_PENDING)
            return true;
        if (task->budget == 0)
            return false;
    }
    return false;
}

bool eddy__set_poll_biased(const eddy__set *self, eddy_task *task, uint32_t *from, size_t *index,
                           eddy_result *result)
{
    size_t begin = *from;

    *from = 0;
    for (size_t n = 0; n < self->count; n++) {
        size_t i = (begin + n) % self->count;
        bool had_budget = task->budget > 0;

        if (self->future[i] == NULL || (self->branch[i].state & EDDY__BRANCH_QUEUED) == 0)
            continue;
        *index = i;
        *result = poll_at(self, i, task);
        if (*result != EDDY_PENDING)
            return true;
        if (had_budget && task->budget == 0)
            *from = (uint32_t)(i + 1);
    }
    return false;
}

eddy_future *eddy__set_take_at(const eddy__set *self, size_t index)
{
    eddy_future *future = self->future[index];

    if (future == NULL)
        return NULL;
    self->future[index] = NULL;
    eddy__branch_close(&self->branch[index]);
    eddy__branches_remove(&self->branch[index]);
    return future;
}

eddy_future *eddy__set_take(const eddy__set *self)
{
    const eddy__node *first = self->branches->members.next;

    if (first == &self->branches->members)
        return NULL;
    return eddy__set_take_at(self,
                             (size_t)(EDDY__CONTAINER(first, eddy__branch, member) - self->branch));
}

/* ---- boxed ---- */

static size_t parts_bytes(size_t count)
{
    return count * (sizeof(eddy__branch) + sizeof(eddy_future *));
}

/* One that is given twice is found by the mark that it got the first time. */
static void take_over(const eddy_handle *handle, eddy_future *const *futures, size_t count,
                      const char *verb)
{
    for (size_t i = 0; i < count; i++) {
        eddy_core *core;

        EDDY_ASSERT(futures[i] != NULL, "%s is given NULL as future %zu", verb, i);
        core = eddy__future_core(futures[i], verb);
        EDDY_ASSERT(core == NULL || core == handle->core,
                    "%s is given future '%s', which is of another loop", verb,
                    futures[i]->type->name);
        if (core != NULL)
            futures[i]->state |= EDDY__FUTURE_LINKED;
    }
}

static void drop_all(eddy_future *const *futures, size_t count)
{
    for (size_t i = 0; i < count; i++)
        eddy__future_end(futures[i], NULL);
}

static bool make_parts(eddy__many *self, size_t count)
{
    self->set = (eddy__set){.branches = &self->branches, .count = count};
    if (count == 0)
        return true;
    if (count > SIZE_MAX / parts_bytes(1))
        return false;
    self->set.branch = eddy__slab_alloc(&self->core->slab, parts_bytes(count));
    if (self->set.branch == NULL)
        return false;
    self->set.future = (eddy_future **)(void *)(self->set.branch + count);
    return true;
}

void *eddy__many_new(eddy_handle *handle, const eddy_type *type, eddy_future *const *futures,
                     size_t count, const char *verb)
{
    eddy_core *core = handle->core;
    eddy__many *self;

    eddy__core_check(core, verb);
    take_over(handle, futures, count, verb);
    self = eddy__future_new(core, type);
    if (self == NULL) {
        drop_all(futures, count);
        return NULL;
    }
    self->core = core;
    if (!make_parts(self, count)) {
        eddy__future_free_box(&self->frame);
        drop_all(futures, count);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        self->set.future[i] = futures[i];
    eddy__set_begin(&self->set, core);
    return self;
}

eddy_future *eddy__many_take_child(eddy_future *self)
{
    return eddy__set_take(&((eddy__many *)(void *)self)->set);
}

void eddy__many_done(eddy_future *self)
{
    eddy__many *many = (eddy__many *)(void *)self;

    if (many->set.branch != NULL)
        eddy__core_object_free(many->core, many->set.branch, parts_bytes(many->set.count));
}
