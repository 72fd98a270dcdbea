/* SPDX-License-Identifier: MIT */
/*
 * task.c - the life of a task: spawned, queued, ended (turn.c polls it). A task is one tree of
 * futures; its header and the root's frame are one object of the loop's slab.
 *
 * A task ends once, by its result, by a drop, or with its loop. User code runs in three places
 * only: a poll, a `done`, a hook. None of them runs inside another drop: drops asked for meanwhile
 * are carried out one after the other when the first has finished, so their depth is bounded. But an
 * owner that goes away drops its tasks at once, as they may use what goes next: drops nest as deep as
 * tasks own groups of tasks that own groups.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "eddy/explore.h"
#include "reactor/core.h"
#include "reactor/join.h"

void eddy__task_wake(eddy_task *task)
{
    eddy__branch_wake(&task->trunk);
}

void eddy__task_init(eddy_task *task, eddy_core *core, eddy_future *root)
{
    eddy__branch_init(&task->trunk, core);
    task->branch = &task->trunk;
    task->core = core;
    task->root = root;
    root->state |= EDDY__FUTURE_LINKED; /* the task is its parent */
    task->id = ++core->next_id;
    task->spawned_ns = core->now_ns;
    eddy__list_init(&task->owned);
    eddy__list_append(&core->tasks, &task->trunk.member);
}

static int refused(const eddy_core *core, const eddy_future *future)
{
    if ((future->state & EDDY__FUTURE_STATIC) != 0)
        return (int)future->type->poll(NULL, NULL);
    if (core->gone)
        return EDDY_LOOP_GONE;
    if (core->stats.tasks_live >= core->options.tasks_max)
        return EDDY_TASKS_FULL;
    return 0;
}

static eddy_task *new_task(eddy_core *core, eddy_future *future)
{
    bool boxed = (future->state & EDDY__FUTURE_BOXED) != 0;
    size_t bytes = sizeof(eddy_task) + (boxed ? 0 : future->type->size_bytes);
    eddy_task *task = eddy__slab_take(&core->slab, bytes);

    if (task == NULL)
        return NULL;
    memset(task, 0, sizeof *task);
    if (!boxed)
        future = memcpy(task + 1, future, future->type->size_bytes);
    eddy__task_init(task, core, future);
    task->memory_bytes = (uint32_t)bytes;
    core->stats.spawns++;
    core->stats.tasks_live++;
    return task;
}

int eddy__task_spawn(eddy_handle *handle, eddy_future *future, eddy__owner *owner, eddy_task **out)
{
    eddy_core *core = handle->core;
    int error;

    eddy__core_check(core, "eddy_spawn");
    EDDY_ASSERT(
        (future->state & (EDDY__FUTURE_STARTED | EDDY__FUTURE_LINKED | EDDY__FUTURE_ENDED)) == 0,
        "future '%s' is spawned after its first poll, or when another has it", future->type->name);
    error = refused(core, future);
    if (error == 0 && (*out = new_task(core, future)) == NULL)
        error = -ENOMEM;
    if (error != 0) {
        core->stats.limit_tasks += error == EDDY_TASKS_FULL;
        eddy_future_drop(future);
        return error;
    }
    (*out)->owner = owner;
    return 0;
}

int eddy_spawn(eddy_handle *handle, eddy_future *future)
{
    eddy_task *task = NULL;
    int error = eddy__task_spawn(handle, future, NULL, &task);

    if (error == 0)
        eddy__task_wake(task);
    return error;
}

int eddy__task_spawn_joinable(eddy_handle *handle, eddy_future *future, eddy__owner *owner,
                              eddy_join **join, eddy_task **out)
{
    eddy_join *fresh = handle->core->gone ? NULL : eddy__join_new(handle->core);
    int error;

    if (fresh == NULL) {
        error = handle->core->gone ? EDDY_LOOP_GONE : -ENOMEM;
        eddy_future_drop(future);
        return error;
    }
    error = eddy__task_spawn(handle, future, owner, out);
    if (error != 0) {
        eddy__join_discard(fresh);
        return error;
    }
    eddy__join_bind(fresh, *out);
    *join = fresh;
    return 0;
}

int eddy_spawn_joinable(eddy_handle *handle, eddy_future *future, eddy_join **join)
{
    eddy_task *task = NULL;
    int error;

    eddy__core_check(handle->core, "eddy_spawn_joinable");
    error = eddy__task_spawn_joinable(handle, future, NULL, join, &task);
    if (error == 0)
        eddy__task_wake(task);
    return error;
}

/* ---- the end ---- */

void eddy__task_end_tree(eddy_task *task)
{
    eddy_future *root = task->root;

    eddy__future_end(root, task);
    task->root = NULL;
    /* Waits armed by a future that is no part of the tree: none should be left. */
    eddy__branch_close(&task->trunk);
}

void eddy__task_report(eddy_core *core, const eddy_ended *ended)
{
    if (ended->result >= 0 || ended->result == EDDY_DROPPED)
        return;
    core->stats.task_errors++;
    if (core->options.on_task_error != NULL) {
        core->options.on_task_error(core->options.hook_arg, ended);
        return;
    }
#ifndef NDEBUG
    (void)fprintf(stderr, "eddy: task %llu '%s' ended with %s (%s) and nobody joined it\n",
                  (unsigned long long)ended->id, ended->name, eddy_error_name(ended->result),
                  eddy_strerror(ended->result));
#endif
}

static void free_why(eddy_task *task)
{
    if (task->why != NULL)
        eddy__core_object_free(task->core, task->why, sizeof *task->why);
    task->why = NULL;
}

void eddy__task_free(eddy_task *task)
{
    free_why(task);
    eddy__core_object_free(task->core, task, task->memory_bytes);
}

static void feed_hungry(eddy_core *core)
{
    while (!eddy__list_empty(&core->hungry)) {
        eddy__owner *owner = EDDY__CONTAINER(core->hungry.next, eddy__owner, hungry);

        eddy__list_remove(&owner->hungry);
        owner->room(owner);
    }
}

/* Its join handle, or who hears of errors that nobody joined. */
static EDDY__NOINLINE void tell(eddy_core *core, eddy_join *join, const eddy_ended *ended)
{
    if (join != NULL)
        eddy__join_finish(join, ended);
    else
        eddy__task_report(core, ended);
}

/* The owner and the join handle hear of the result after the tree is gone: what `done` released is
 * released. Of most tasks nobody wants to hear. */
static void end_task(eddy_task *task, eddy_result result)
{
    eddy_core *core = task->core;
    eddy__owner *owner;
    eddy_ended ended;
    eddy_join *join;
    bool told;

    task->name = eddy_task_name(task);
    eddy__task_end_tree(task);
    join = task->join; /* a `done` may have given it back */
    owner = task->owner;
    told = join != NULL || (owner == NULL && result < 0 && result != EDDY_DROPPED);
    if (told)
        ended = eddy__task_ended(task, result);
    eddy__list_remove(&task->trunk.member);
    core->stats.tasks_live--;
    core->stats.tasks_ended++;
    if (!eddy__list_empty(&core->hungry))
        feed_hungry(core);
    if (owner == NULL || !owner->ended(owner, task, result, join != NULL))
        eddy__task_free(task);
    if (told)
        tell(core, join, &ended);
}

static void end_main(eddy_task *task, eddy_result result)
{
    task->core->main_result = result;
    task->state |= EDDY__TASK_ENDED;
    eddy__task_end_tree(task);
    free_why(task);
    eddy__list_remove(&task->trunk.member);
}

void eddy__task_finish(eddy_task *task, eddy_result result)
{
    eddy_core *core = task->core;

    core->drops++;
    task->state |= EDDY__TASK_ENDING;
    if ((task->state & EDDY__TASK_MAIN) != 0)
        end_main(task, result);
    else
        end_task(task, result);
    core->drops--;
    if (core->doomed && core->drops == 0)
        eddy__task_drop_doomed(core);
}

void eddy__task_drop(eddy_task *task)
{
    if (task->core->drops > 0 || (task->state & EDDY__TASK_RUNNING) != 0) {
        EDDY_SOMETIMES("task: dropped while it or another drop runs");
        task->state |= EDDY__TASK_DOOMED;
        task->core->doomed = true;
        eddy__list_remove(&task->trunk.member); /* to the front, where the doomed are looked for */
        eddy__list_append(task->core->tasks.next, &task->trunk.member);
        return;
    }
    eddy__task_finish(task, EDDY_DROPPED);
}

void eddy__task_drop_now(eddy_task *task)
{
    if ((task->state & EDDY__TASK_ENDING) != 0)
        return;
    if ((task->state & EDDY__TASK_RUNNING) != 0)
        eddy__task_drop(task);
    else
        eddy__task_finish(task, EDDY_DROPPED);
}

/* They stand in front (eddy__task_drop()); those that are being polled or ended are not due yet. */
static eddy_task *next_doomed(const eddy_core *core)
{
    EDDY__LIST_FOR_EACH (node, &core->tasks) {
        eddy_task *task = EDDY__CONTAINER(node, eddy_task, trunk.member);

        if ((task->state & EDDY__TASK_DOOMED) == 0)
            break;
        if ((task->state & (EDDY__TASK_RUNNING | EDDY__TASK_ENDING)) == 0)
            return task;
    }
    return NULL;
}

/* The list may change by each drop: start again until none is left. */
void eddy__task_drop_doomed(eddy_core *core)
{
    eddy_task *task;

    core->doomed = false;
    while ((task = next_doomed(core)) != NULL)
        eddy__task_finish(task, EDDY_DROPPED);
}

/* ---- what a task may ask about itself ---- */

eddy_handle *eddy_task_handle(eddy_task *task)
{
    return &task->core->handle;
}

const char *eddy_task_name(const eddy_task *task)
{
    if (task->name != NULL)
        return task->name;
    return task->root != NULL ? task->root->type->name : "ended";
}

void eddy_task_set_name(eddy_task *task, const char *name)
{
    task->name = name;
}

uint64_t eddy_task_id(const eddy_task *task)
{
    return task->id;
}
