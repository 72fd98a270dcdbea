/* SPDX-License-Identifier: MIT */
/*
 * simulated.c - what a loop does otherwise in a simulated world: what chance decides in a turn, the
 * timeline, and what a world asks that has several loops to drive. Nothing of it runs on the kernel.
 */
#include "reactor/core.h"

/* Now and then a poll may do little: then its leaves are not ready yet, though they could be. */
uint32_t eddy__simulated_budget(eddy_core *core)
{
    if (eddy__sim_happens(core->sim, EDDY_CHAOS_PENDING))
        return eddy__sim_draw(core->sim, EDDY_CHAOS_PENDING, 4);
    return core->options.task_budget;
}

static const char *waits_for(const eddy_task *task)
{
    if ((task->trunk.state & EDDY__BRANCH_QUEUED) != 0)
        return "goes on";
    if ((task->trunk.state & EDDY__BRANCH_PARKED) != 0)
        return task->trunk.parked_why;
    if (eddy__list_empty(&task->trunk.waits))
        return "nothing";
    return EDDY__CONTAINER(task->trunk.waits.next, eddy_waiter, in_branch)->type->why;
}

void eddy__simulated_trace(const eddy_core *core, const eddy_task *task, eddy_result result)
{
    const eddy__sim_host *host = core->driver->cpu->host;

    if (result == EDDY_PENDING)
        eddy__sim_trace(core->sim, host, eddy_task_name(task), task->id, waits_for(task), 0);
    else
        eddy__sim_trace(core->sim, host, eddy_task_name(task), task->id, "ends", result);
}

/* Which of them comes first is nobody's business: put each before or behind the others. Those that
 * this turn will not come to stay where they are: a task that is ready must not be passed over by one
 * that was polled meanwhile. */
void eddy__simulated_shuffle(eddy_core *core, eddy__node *batch)
{
    uint32_t left = core->options.turn_polls;
    eddy__node mixed;

    if (!eddy__sim_happens(core->sim, EDDY_CHAOS_ORDER))
        return;
    eddy__list_init(&mixed);
    for (; left > 0 && !eddy__list_empty(batch); left--) {
        eddy__node *node = batch->next;

        eddy__list_remove(node);
        if (eddy__sim_draw(core->sim, EDDY_CHAOS_ORDER, 2) == 0)
            eddy__list_append(&mixed, node);
        else
            eddy__list_append(mixed.next, node); /* before the first */
    }
    eddy__list_splice(&mixed, batch);
    eddy__list_splice(batch, &mixed);
}

/* ---- for a world, which drives several loops ---- */

int64_t eddy__core_next_ns(const eddy_core *core)
{
    return eddy__wheel_count(&core->wheel) > 0 ? eddy__wheel_next_ns(&core->wheel) : EDDY_FOREVER;
}

bool eddy__core_is_ready(eddy_core *core)
{
    return !eddy__list_empty(&core->ready) || !eddy__list_empty(&core->attention) ||
           (core->inbox != NULL && eddy__inbox_ready(core->inbox)) ||
           eddy__core_next_ns(core) <= eddy__core_now(core);
}
