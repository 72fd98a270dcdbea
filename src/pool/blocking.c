/* SPDX-License-Identifier: MIT */
/*
 * blocking.c - the future of a job's result. It waits by a waiter, for reports and cancels, and is
 * woken by a waker, from the job's thread; the waker is that of the branch in which it waits.
 */
#include "pool/pool.h"

static const eddy_wait_type job_wait = {"pool: job", NULL, true};

static eddy__blocking *self_of(eddy_future *future)
{
    return (eddy__blocking *)(void *)future;
}

/* ---- making ---- */

static eddy__blocking *new_future(eddy_handle *handle, const eddy_type *type)
{
    eddy__blocking *self;

    eddy__core_check(handle->core, "eddy_blocking");
    self = eddy__future_new(handle->core, type);
    if (self == NULL)
        return NULL;
    self->core = handle->core;
    self->operation = job_wait.why;
    eddy__simulated_job_init(self);
    return self;
}

static eddy_future *fail(const eddy_core *core, const eddy_work *work, void *arg)
{
    if (work->release != NULL)
        work->release(arg);
    return eddy__future_failed(core);
}

static const eddy_type blocking_type = EDDY__BLOCKING_TYPE("blocking");

eddy_future *eddy_blocking_work(eddy_handle *handle, eddy_pool *pool, const eddy_work *work,
                                void *arg)
{
    eddy__blocking *self = new_future(handle, &blocking_type);

    if (self == NULL)
        return fail(handle->core, work, arg);
    self->job = eddy__job_new(pool, work, arg, 0);
    if (self->job == NULL) {
        eddy_future_drop(&self->frame);
        return fail(handle->core, work, arg);
    }
    return &self->frame;
}

eddy_future *eddy__blocking_new(eddy_handle *handle, eddy_pool *pool,
                                const eddy__blocking_kind *kind, size_t payload_bytes,
                                void **payload)
{
    eddy__blocking *self = new_future(handle, &kind->type);

    if (self == NULL)
        return NULL;
    self->operation = kind->operation;
    self->job = eddy__job_new(pool, &kind->work, NULL, payload_bytes);
    if (self->job == NULL) {
        eddy_future_drop(&self->frame);
        return NULL;
    }
    *payload = self->job->payload;
    return &self->frame;
}

/* The simple form: a function and its argument, in the job's payload. */
struct call {
    eddy_result (*run)(void *arg);
    void *arg;
};

static eddy_result run_call(void *arg)
{
    const struct call *call = arg;

    return call->run(call->arg);
}

static const eddy__blocking_kind call_kind = {
    .type = EDDY__BLOCKING_TYPE("blocking"),
    .work = {.run = run_call},
    .operation = "pool: job",
};

eddy_future *eddy_blocking(eddy_handle *handle, eddy_pool *pool, eddy_result (*run)(void *arg),
                           void *arg)
{
    struct call *call;
    void *payload;
    eddy_future *future =
        eddy__blocking_new(handle, pool, &call_kind, sizeof(struct call), &payload);

    if (future == NULL)
        return eddy__future_failed(handle->core);
    call = payload;
    *call = (struct call){run, arg};
    return future;
}

void eddy__blocking_settle(eddy_future *future, eddy_result result)
{
    eddy__blocking *self = self_of(future);

    self->settled = true;
    self->job->result = result;
    self->job->state = EDDY__JOB_OVER;
}

/* ---- polling ---- */

static bool is_simulated(const eddy__blocking *self)
{
    return self->core->sim != NULL;
}

/* First poll. The job takes the waker. */
static int put(eddy__blocking *self, eddy_waker *waker)
{
    eddy__job *job = self->job;
    int error;

    job->waker = *waker; /* nobody else knows the job yet */
    *waker = (eddy_waker){0};
    error = is_simulated(self) ? eddy__simulated_job_put(job) : eddy__job_put(job, true);
    if (error != 0)
        eddy_waker_release(&job->waker);
    return error;
}

/* Where is the job? Wherever the future is polled now, that is woken from now on. 0 or an error. */
static int look(eddy__blocking *self, eddy_task *task, eddy__job_state *state)
{
    eddy_waker waker = {0};
    int error = 0;

    if (self->waiter.branch != task->branch)
        error = eddy_task_waker(task, &waker);
    if (error == 0 && !self->in_line) {
        error = put(self, &waker);
        self->in_line = error == 0;
    }
    if (error == 0 && is_simulated(self))
        eddy__simulated_job_go_on(self);
    if (error == 0)
        *state = eddy__job_look(self->job, &waker);
    eddy_waker_release(&waker);
    return error;
}

static eddy_result end(eddy__blocking *self, eddy_task *task, eddy_result result)
{
    eddy_waiter_clear(&self->waiter);
    return result < 0 ? eddy_why_note(task, self->operation, NULL, result) : result;
}

static eddy_result tell(eddy__blocking *self, eddy_task *task)
{
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    return end(self, task, eddy__job_tell(self->job));
}

eddy_result eddy__blocking_poll(eddy_future *future, eddy_task *task)
{
    eddy__blocking *self = self_of(future);
    eddy__job_state state = EDDY__JOB_OVER;
    int error = self->settled ? 0 : look(self, task, &state);

    if (error != 0)
        return end(self, task, error);
    if (state == EDDY__JOB_OVER)
        return tell(self, task);
    if (state == EDDY__JOB_CUT_OFF)
        return end(self, task, EDDY_DROPPED);
    return eddy_waiter_park(&self->waiter, task, &job_wait);
}

void eddy__blocking_done(eddy_future *future)
{
    eddy__blocking *self = self_of(future);

    if (self->job == NULL)
        return; /* there was no memory for it */
    if (is_simulated(self))
        eddy__simulated_job_stop(self);
    eddy__job_leave(self->job);
    self->job = NULL;
}
