/* SPDX-License-Identifier: MIT */
/*
 * sleep.c - one point of time to wait for, as a wait of its own or as a limit around others.
 *
 * The timer is in the wheel, or in its list of due, only while a task is parked at the waiter;
 * otherwise its links mean nothing, so that a sleep nobody waits for may be copied. Being told by
 * the wheel and finding the time passed are the same.
 */
#include "time/sleep.h"

#include <errno.h>

#include "eddy/time.h"
#include "reactor/core.h"

static eddy__timer *timer_of(eddy_sleep *self)
{
    return (eddy__timer *)(void *)&self->timer;
}

static bool is_waited_for(const eddy_sleep *self)
{
    return self->waiter.branch != NULL;
}

void eddy__sleep_disarm(eddy_waiter *waiter)
{
    eddy_sleep *self = EDDY__CONTAINER(waiter, eddy_sleep, waiter);
    eddy_core *core = self->core;

    eddy__wheel_stop(&core->wheel, timer_of(self));
}

/* Not external: what can end these waits stands in the wheel, where the loop sees it. */
static const eddy_wait_type sleep_wait = {"sleep", eddy__sleep_disarm, false};
static const eddy_wait_type deadline_wait = {"deadline", eddy__sleep_disarm, false};

/* For ever is nothing to wait for: such a timer is not in the wheel, so that a loop in which only
 * these are left is found to be stuck. */
static void tell_wheel(eddy_sleep *self)
{
    eddy_core *core = self->core;
    eddy__timer *timer = timer_of(self);

    if (timer->deadline_ns == EDDY_FOREVER) {
        eddy__wheel_stop(&core->wheel, timer);
        return;
    }
    core->stats.timers_started += !timer->armed;
    eddy__wheel_start(&core->wheel, timer, timer->deadline_ns);
}

/* It is waited for from now on: its links mean something. */
static void arm(eddy_sleep *self)
{
    eddy_core *core = self->core;
    eddy__timer *timer = timer_of(self);

    timer->kind = EDDY__TIMER_SLEEP;
    if (timer->deadline_ns == EDDY_FOREVER) {
        timer->armed = false;
        eddy__list_init(&timer->link);
        return;
    }
    core->stats.timers_started++;
    eddy__wheel_arm(&core->wheel, timer, timer->deadline_ns);
}

static void set_time(eddy_sleep *self, eddy_core *core, int64_t when_ns, bool reached)
{
    self->core = core;
    self->started = true;
    self->reached = reached;
    self->timer.deadline_ns = when_ns;
    if (is_waited_for(self))
        tell_wheel(self);
}

/* Is that time over? The clock is not asked about what lies behind this turn's beginning by more than
 * a tick: should the turn have taken that long, the wheel tells in the next one. */
static bool is_past(eddy_core *core, int64_t when_ns)
{
    if (core->slack_ticks > 0 && core->sim == NULL && when_ns > core->now_ns &&
        (when_ns - core->now_ns) >> core->wheel.tick_shift > 0)
        return false;
    return when_ns <= eddy__core_now(core);
}

/* One that is not waited for takes its reading at the first look. */
void eddy_sleep_start_at(eddy_sleep *self, eddy_task *task, int64_t when_ns)
{
    set_time(self, task->core, when_ns, is_waited_for(self) && is_past(task->core, when_ns));
}

void eddy_sleep_start(eddy_sleep *self, eddy_task *task, int64_t duration_ns)
{
    int64_t now_ns = eddy__core_soon(task->core);

    set_time(self, task->core, duration_ns <= 0 ? now_ns : eddy__time_add(now_ns, duration_ns),
             duration_ns <= 0);
}

static void stop(eddy_sleep *self)
{
    if (!is_waited_for(self))
        return;
    eddy__wheel_stop(&self->core->wheel, timer_of(self));
    eddy__waiter_clear(&self->waiter);
}

static eddy_result wait_for(eddy_sleep *self, eddy_task *task, const eddy_wait_type *type)
{
    bool waited_before = is_waited_for(self);
    eddy_result result = eddy__waiter_park(&self->waiter, task, type);

    if (result == EDDY_PENDING && !waited_before)
        arm(self);
    else if (result != EDDY_PENDING && waited_before)
        eddy__wheel_stop(&self->core->wheel, timer_of(self));
    return result;
}

/* While it is waited for the wheel tells, and the time of this turn is good enough to see it
 * early; the first look takes a fresh reading. */
static bool is_reached(eddy_sleep *self, eddy_task *task)
{
    eddy_core *core = task->core;

    EDDY_ASSERT(self->started, "task '%s' waits for a sleep that was not started",
                eddy_task_name(task));
    if (self->reached)
        return true;
    self->reached = is_waited_for(self) ? self->timer.deadline_ns <= core->now_ns
                                        : is_past(core, self->timer.deadline_ns);
    return self->reached;
}

eddy_result eddy__sleep_poll_as(eddy_sleep *self, eddy_task *task, const eddy_wait_type *type)
{
    if (!is_reached(self, task))
        return wait_for(self, task, type);
    stop(self);
    return eddy__task_spend(task) ? 0 : eddy__task_yield(task);
}

eddy_result eddy_sleep_poll(eddy_sleep *self, eddy_task *task)
{
    return eddy__sleep_poll_as(self, task, &sleep_wait);
}

void eddy_sleep_stop(eddy_sleep *self, eddy_task *task)
{
    (void)task;
    if (self->started)
        stop(self);
    self->started = false;
}

eddy_result eddy_within(eddy_deadline *self, eddy_task *task, eddy_result result)
{
    if (result != EDDY_PENDING)
        return result;
    if (!is_reached(self, task))
        return wait_for(self, task, &deadline_wait);
    stop(self);
    return eddy_why_note(task, deadline_wait.why, NULL, -ETIMEDOUT);
}

eddy_result eddy__limit_poll(eddy_deadline *limit, eddy_task *task)
{
    eddy_result result;

    eddy_task_shield(task, true);
    result = eddy_within(limit, task, EDDY_PENDING);
    eddy_task_shield(task, false);
    return result;
}

/* ---- as a future ---- */

static eddy_result sleep_for_poll(eddy_future *future, eddy_task *task)
{
    struct eddy_sleep_for *self = (struct eddy_sleep_for *)(void *)future;

    if (!self->sleep.started)
        eddy_sleep_start(&self->sleep, task, self->duration_ns);
    return eddy_sleep_poll(&self->sleep, task);
}

const eddy_type eddy_sleep_for_type = {
    .poll = sleep_for_poll,
    .done = eddy__done_nothing,
    .size_bytes = sizeof(struct eddy_sleep_for),
    .name = "sleep_for",
};
