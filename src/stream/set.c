/* SPDX-License-Identifier: MIT */
/*
 * set.c - see set.h. A job's memory stays until it is told, or until the stream is done: its future
 * may look at what lies behind it in its own `done`.
 */
#include "stream/set.h"

_Static_assert(sizeof(eddy__entry) % 16 == 0, "what lies behind a job is aligned to 16");

void eddy__jobs_init(eddy__jobs *self, eddy_core *core, bool ordered)
{
    self->core = core;
    eddy__branches_init(&self->set);
    eddy__list_init(&self->line);
    self->ordered = ordered;
}

static eddy__entry *job_of_branch(eddy__branch *branch)
{
    return EDDY__CONTAINER(branch, eddy__entry, branch);
}

static eddy__entry *job_of_place(eddy__node *place)
{
    return EDDY__CONTAINER(place, eddy__entry, place);
}

eddy__entry *eddy__entry_new(eddy__jobs *self, size_t payload_bytes)
{
    eddy_core *core = self->core;
    eddy__entry *job = NULL;

    if (!core->gone && payload_bytes <= SIZE_MAX - sizeof *job)
        job = eddy__slab_alloc(&core->slab, sizeof *job + payload_bytes);
    if (job == NULL)
        return NULL;
    job->bytes = sizeof *job + payload_bytes;
    job->result = EDDY_PENDING;
    eddy__list_init(&job->place);
    eddy__branch_init(&job->branch, core);
    self->count++;
    return job;
}

void eddy__entry_start(eddy__jobs *self, eddy__entry *job, eddy_future *future, bool hurry)
{
    job->future = future;
    if (self->ordered)
        eddy__list_append(&self->line, &job->place);
    eddy__branches_add(&self->set, &job->branch);
    if (hurry)
        eddy__branches_hurry(&self->set, &job->branch);
}

void eddy__entry_start_ended(eddy__jobs *self, eddy__entry *job, eddy_result result)
{
    job->result = result;
    eddy__list_append(&self->line, &job->place);
}

void eddy__entry_poll(eddy__jobs *self, eddy__branch *branch, eddy_task *task)
{
    eddy__entry *job = job_of_branch(branch);
    eddy_result result = eddy__branch_poll(branch, job->future, task);

    if (result == EDDY_PENDING)
        return;
    job->future = NULL;
    job->result = result;
    eddy__branches_remove(&self->set, branch);
    if (!self->ordered)
        eddy__list_append(&self->line, &job->place);
}

eddy__entry *eddy__jobs_first(const eddy__jobs *self)
{
    return eddy__list_empty(&self->line) ? NULL : job_of_place(self->line.next);
}

eddy__entry *eddy__jobs_first_ended(const eddy__jobs *self)
{
    eddy__entry *first = eddy__jobs_first(self);

    return first != NULL && first->result != EDDY_PENDING ? first : NULL;
}

void eddy__entry_free(eddy__jobs *self, eddy__entry *job)
{
    eddy__list_remove(&job->place);
    self->count--;
    eddy__core_object_free(self->core, job, job->bytes);
}

eddy_future *eddy__entry_take(eddy__jobs *self, eddy__branch *branch)
{
    eddy__entry *job = job_of_branch(branch);
    eddy_future *future = job->future;

    job->future = NULL;
    eddy__branch_close(branch);
    eddy__branches_remove(&self->set, branch);
    if (!self->ordered)
        eddy__list_append(&self->line, &job->place);
    return future;
}

void eddy__jobs_end(eddy__jobs *self)
{
    while (!eddy__list_empty(&self->line))
        eddy__entry_free(self, job_of_place(self->line.next));
}
