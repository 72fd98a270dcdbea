/* SPDX-License-Identifier: MIT */
/*
 * remote.c - jobs from other threads: sent through the inbox, made into tasks here. A remote *is* a
 * reference to the inbox, which outlives the loop.
 */
#include <errno.h>
#include <string.h>

#include "eddy/async.h"
#include "eddy/remote.h"
#include "reactor/core.h"

_Static_assert(EDDY_JOB_PAYLOAD_MAX == EDDY__JOB_PAYLOAD, "the inbox carries what a job may have");

static eddy__inbox *inbox_of(eddy_remote *self)
{
    return (eddy__inbox *)(void *)self;
}

int eddy_remote_new(eddy_handle *handle, eddy_remote **remote)
{
    eddy_core *core = handle->core;
    eddy__inbox *inbox;

    eddy__core_check(core, "eddy_remote_new");
    if (core->gone)
        return EDDY_LOOP_GONE;
    inbox = eddy__core_inbox(core);
    if (inbox == NULL)
        return -ENOMEM;
    eddy__inbox_retain(inbox);
    *remote = (eddy_remote *)(void *)inbox;
    return 0;
}

eddy_remote *eddy_remote_retain(eddy_remote *self)
{
    eddy__inbox_retain(inbox_of(self));
    return self;
}

void eddy_remote_release(eddy_remote *self)
{
    if (self != NULL)
        eddy__inbox_release(inbox_of(self));
}

int eddy_remote_spawn(eddy_remote *self, const eddy_job *job, const void *payload)
{
    EDDY_ASSERT(job->payload_bytes <= EDDY_JOB_PAYLOAD_MAX,
                "a job's payload has %zu bytes, at most %d are carried: send a pointer",
                job->payload_bytes, EDDY_JOB_PAYLOAD_MAX);
    return (int)eddy__inbox_push(inbox_of(self), job, payload, job->payload_bytes);
}

/* ---- on the loop ---- */

/* Nobody is there to be told of an error (its `done` has run): it is reported as a task's is. */
static void spawn_made(eddy_core *core, eddy_future *future)
{
    const char *name = future->type->name;
    int error = eddy_spawn(&core->handle, future);

    eddy__task_report(core, &(eddy_ended){.name = name, .result = error});
}

void eddy__core_run_jobs(eddy_core *core, uint32_t max)
{
    _Alignas(16) unsigned char payload[EDDY__JOB_PAYLOAD];
    const void *type;
    uint32_t taken = 0;

    while (taken < max && eddy__inbox_take(core->inbox, &type, payload)) {
        const eddy_job *job = type;
        eddy_future *future = job->make(payload, &core->handle);

        taken++;
        core->stats.jobs_run++;
        if (future != NULL)
            spawn_made(core, future);
    }
    if (taken == max && eddy__inbox_ready(core->inbox))
        core->stats.limit_inbox_turn++;
}

void eddy__core_drop_jobs(eddy_core *core)
{
    _Alignas(16) unsigned char payload[EDDY__JOB_PAYLOAD];
    const void *type;

    while (eddy__inbox_take(core->inbox, &type, payload)) {
        const eddy_job *job = type;

        if (job->drop != NULL)
            job->drop(payload);
    }
}

/* ---- a call: a job whose future's result is waited for ---- */

/* On the caller's stack; the loop's side touches it until it opens the gate. */
struct call {
    _Alignas(16) unsigned char payload[EDDY__JOB_PAYLOAD];
    const eddy_job *job;
    eddy_result result;
    eddy__gate gate;
};

struct called {
    EDDY_FRAME;
    struct call *call;
    eddy_future *inner;
};

static void called_done(struct called *self)
{
    if (eddy_future_is_new(&self->frame)) /* the inner future is no child yet */
        eddy_future_drop(self->inner);
    eddy__gate_open(&self->call->gate);
}

EDDY_ASYNC(called, called_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_AWAIT_FUTURE(n, self->inner);
        self->call->result = n;
        EDDY_END(0);
}

static eddy_future *call_make(void *payload, eddy_handle *handle)
{
    struct call *call = *(struct call **)payload;
    eddy_future *inner = call->job->make(call->payload, handle);

    if (inner == NULL) {
        call->result = 0;
        eddy__gate_open(&call->gate);
        return NULL;
    }
    call->result = EDDY_DROPPED;
    return eddy_box(handle, EDDY_FUTURE(called, .call = call, .inner = inner));
}

static void call_drop(void *payload)
{
    struct call *call = *(struct call **)payload;

    if (call->job->drop != NULL)
        call->job->drop(call->payload);
    call->result = EDDY_DROPPED;
    eddy__gate_open(&call->gate);
}

static const eddy_job call_job = {call_make, call_drop, sizeof(struct call *)};

eddy_result eddy_remote_call(eddy_remote *self, const eddy_job *job, const void *payload)
{
    struct call call = {.job = job};
    struct call *pointer = &call;
    eddy_result result;

    EDDY_ASSERT(!eddy__core_is_mine(inbox_of(self)),
                "eddy_remote_call is called on the loop's own thread: it would wait for itself");
    EDDY_ASSERT(job->payload_bytes <= EDDY_JOB_PAYLOAD_MAX,
                "a job's payload has %zu bytes, at most %d are carried: send a pointer",
                job->payload_bytes, EDDY_JOB_PAYLOAD_MAX);
    if (job->payload_bytes > 0)
        memcpy(call.payload, payload, job->payload_bytes);
    eddy__gate_init(&call.gate);
    result = eddy_remote_spawn(self, &call_job, &pointer);
    if (result == 0) {
        eddy__gate_wait(&call.gate);
        result = call.result;
    }
    eddy__gate_deinit(&call.gate);
    return result;
}
