/* SPDX-License-Identifier: MIT */
/*
 * group_wait.c - waiting at a group: in lines for room and for its closing, one at a time for the next
 * result and for idleness.
 */
#include "group/group.h"

static const eddy_wait_type next_wait = {.why = "group: next"};
static const eddy_wait_type idle_wait = {.why = "group: idle"};

void eddy__group_tell(eddy_group *self, eddy__line *line)
{
    eddy__wakeups wakeups;

    eddy__wakeups_init(&wakeups);
    eddy__wakeups_all(&wakeups, line);
    eddy__sync_leave(&self->sync, &wakeups);
}

void eddy__group_tell_room(eddy_group *self)
{
    if (!eddy__group_is_full(self))
        eddy__group_tell(self, &self->room);
}

static bool is_loop_full(const eddy_core *core)
{
    return core->stats.tasks_live >= core->options.tasks_max;
}

static bool is_room_or_closed(const eddy__ask *ask)
{
    const eddy_group *self = ask->object;

    return self->closed || (!eddy__group_is_full(self) && !is_loop_full(self->sync.core));
}

static bool is_closed(const eddy__ask *ask)
{
    return ((const eddy_group *)ask->object)->closed;
}

static eddy_result say_closed(eddy__ask *ask, eddy__wakeups *wakeups)
{
    (void)wakeups;
    return is_closed(ask) ? EDDY_CLOSED : 0;
}

static const eddy__ask_type room_ask = {
    .wait = EDDY__ASK_WAIT("group: room"),
    .verb = "eddy_group_poll_room",
    .ready = is_room_or_closed,
    .take = say_closed,
};
static const eddy__ask_type closing_ask = {
    .wait = EDDY__ASK_WAIT("group: closing"),
    .verb = "eddy_group_poll_closing",
    .ready = is_closed,
    .take = say_closed,
};

eddy_result eddy_group_poll_room(eddy_group *self, eddy_task *task, eddy_ticket *place)
{
    eddy__ask ask = {.type = &room_ask, .line = &self->room, .ticket = place, .object = self};
    eddy_result result = eddy__ask_poll(&ask, task);

    if (result == EDDY_PENDING && is_loop_full(self->sync.core)) {
        eddy__list_remove(&self->owner.hungry);
        eddy__list_append(&self->sync.core->hungry, &self->owner.hungry);
    }
    return result;
}

eddy_result eddy_group_poll_closing(eddy_group *self, eddy_task *task, eddy_ticket *place)
{
    eddy__ask ask = {.type = &closing_ask, .line = &self->closing, .ticket = place, .object = self};

    return eddy__ask_poll(&ask, task);
}

eddy_result eddy_group_poll_next(eddy_group *self, eddy_task *task, eddy_ended *ended)
{
    eddy_task *first;

    eddy__core_check(self->sync.core, "eddy_group_poll_next");
    EDDY_ASSERT(self->options.keep_results,
                "group '%s' is asked for results that it does not keep: set keep_results",
                self->options.name);
    if (self->kept_count == 0 && self->live_count > 0)
        return eddy_waiter_park(&self->next, task, &next_wait);
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    eddy_waiter_clear(&self->next);
    if (self->kept_count == 0)
        return 0;
    first = eddy__group_task(self->kept.next);
    *ended = eddy__task_ended(first, first->result);
    eddy__list_remove(&first->owned);
    self->kept_count--;
    eddy__task_free(first);
    eddy__group_tell_room(self);
    return 1;
}

eddy_result eddy_group_poll_idle(eddy_group *self, eddy_task *task)
{
    eddy__core_check(self->sync.core, "eddy_group_poll_idle");
    EDDY_ASSERT(task->owner != &self->owner,
                "task '%s' waits until group '%s' is idle, and is in it: it would wait for itself",
                eddy_task_name(task), self->options.name);
    if (self->live_count > 0)
        return eddy_waiter_park(&self->idle, task, &idle_wait);
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    eddy_waiter_clear(&self->idle);
    return 0;
}
