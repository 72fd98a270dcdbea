/* SPDX-License-Identifier: MIT */
/*
 * why.c - the note that an operation leaves with a task when it fails. On the bad path only: a task
 * that is never told an error has a pointer for it and nothing else.
 */
#include "eddy/why.h"
#include "reactor/core.h"

const eddy_failure *eddy_why(const eddy_task *task)
{
    return task->why;
}

eddy_result eddy_why_note(eddy_task *task, const char *operation, const eddy_addr *peer,
                          eddy_result error)
{
    EDDY_ASSERT(eddy_is_error(error), "task '%s' notes result %lld of %s, which is no error",
                eddy_task_name(task), (long long)error, operation);
    if (task->why == NULL)
        task->why = eddy__slab_alloc(&task->core->slab, sizeof *task->why);
    if (task->why == NULL)
        return error;
    task->why->operation = operation;
    task->why->result = error;
    task->why->when_ns = eddy__core_now(task->core);
    task->why->peer = peer != NULL ? *peer : (eddy_addr){0};
    task->why->name = (eddy_unix_addr){0};
    return error;
}

void eddy__why_name(eddy_task *task, const eddy_unix_addr *name)
{
    if (task->why != NULL)
        task->why->name = *name;
}

/* A note about another error than the one the task ends with is none about that. */
eddy_ended eddy__task_ended(const eddy_task *task, eddy_result result)
{
    eddy_ended ended = {.id = task->id, .name = eddy_task_name(task), .result = result};

    if (task->why != NULL && task->why->result == result)
        ended.why = *task->why;
    else
        ended.why.result = result < 0 ? result : 0;
    return ended;
}
