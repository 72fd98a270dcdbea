/* SPDX-License-Identifier: MIT */
/*
 * owner.c - whose thread a loop is, and what is true around each of its runs and turns.
 */
#include "reactor/core.h"

/* The loops of this thread. */
static _Thread_local eddy_core *owned;

bool eddy__core_is_mine(const eddy__inbox *inbox)
{
    for (const eddy_core *core = owned; core != NULL; core = core->next_owned)
        if (core->inbox == inbox)
            return true;
    return false;
}

void eddy__core_own(eddy_core *core)
{
    core->owner = eddy__thread_self();
    core->next_owned = owned;
    owned = core;
}

void eddy__core_disown(eddy_core *core)
{
    for (eddy_core **at = &owned; *at != NULL; at = &(*at)->next_owned) {
        if (*at == core) {
            *at = core->next_owned;
            return;
        }
    }
}

void eddy__core_check(const eddy_core *core, const char *verb)
{
    EDDY_ASSERT(core->fork_generation == eddy__fork_generation,
                "%s: this loop was made before fork(2); in the child it may only be freed: make a "
                "new one",
                verb);
    EDDY_ASSERT(core->owner.token == 0 || eddy__thread_is_self(&core->owner),
                "%s is called off the loop's thread: use an eddy_remote there", verb);
}

void eddy__core_enter(eddy_core *core, const char *verb)
{
    if (core->owner.token == 0)
        eddy__core_own(core);
    eddy__core_check(core, verb);
    EDDY_ASSERT(!core->running,
                "%s is called inside a run or turn of the same loop: spawn a task instead, or use "
                "another loop",
                verb);
    core->running = true;
    core->quiet = false;
    if (core->embedded && core->inbox != NULL)
        eddy__inbox_awake(core->inbox);
    eddy__core_read_clock(core);
}

void eddy__core_leave(eddy_core *core)
{
    core->running = false;
    if (core->embedded)
        eddy__core_settle(core);
}
