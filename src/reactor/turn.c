/* SPDX-License-Identifier: MIT */
/*
 * turn.c - the turn, which is the whole loop:
 *
 *     take what other threads sent (bounded) - fire the timers that are due - run the tasks that
 *     were ready, within budgets - tend the streams: send what they hold - submit and wait, one
 *     call - deliver what happened: mark and wake.
 *
 * User code runs while tasks run (and in jobs), never while the kernel's queue is drained.
 */
#include <errno.h>
#include <string.h>

#include "eddy/time.h"
#include "reactor/core.h"
#include "reactor/watch.h"

enum { EVENTS_MAX = 256, FIRED_FEW = 64, SIMULATED_TURN_NS = 1000 };

/* ---- timers ---- */

_Static_assert(sizeof(((eddy_sleep *)0)->timer) == sizeof(eddy__timer),
               "eddy_sleep mirrors a timer");
_Static_assert(offsetof(eddy_sleep, timer) % _Alignof(eddy__timer) == 0, "and is aligned like one");

static void fire(eddy__timer *timer)
{
    if (timer->kind == EDDY__TIMER_ALARM) {
        eddy__alarm *alarm = EDDY__CONTAINER(timer, eddy__alarm, timer);

        alarm->fire(alarm);
    } else {
        eddy_sleep *sleep = EDDY__CONTAINER(timer, eddy_sleep, timer);

        sleep->reached = true;
        eddy__waiter_wake(&sleep->waiter);
    }
}

/* Only what was due when the turn began: a timer that is started by what runs now is looked at in
 * the next turn, however short it is. */
static void fire_timers(eddy_core *core)
{
    eddy__node due;
    uint32_t fired = 0;

    if (eddy__wheel_count(&core->wheel) == 0)
        return;
    eddy__list_init(&due);
    eddy__wheel_advance(&core->wheel, core->now_ns, &due);
    while (!eddy__list_empty(&due)) {
        eddy__timer *timer = EDDY__CONTAINER(due.next, eddy__timer, link);

        eddy__list_remove(&timer->link);
        core->stats.timers_fired++;
        fired++;
        fire(timer);
    }
    if (fired > FIRED_FEW)
        eddy__core_read_clock(core); /* the tasks' time begins after this */
}

void eddy__alarm_init(eddy__alarm *self, void (*fire_fn)(eddy__alarm *self))
{
    eddy__timer_init(&self->timer);
    self->timer.kind = EDDY__TIMER_ALARM;
    self->fire = fire_fn;
}

void eddy__alarm_start(eddy_core *core, eddy__alarm *self, int64_t delay_ns)
{
    core->stats.timers_started++;
    eddy__wheel_start(&core->wheel, &self->timer, eddy__time_add(eddy__core_now(core), delay_ns));
    if (core->quiet)
        eddy__core_settle(core);
}

void eddy__alarm_stop(eddy_core *core, eddy__alarm *self)
{
    eddy__wheel_stop(&core->wheel, &self->timer);
}

/* ---- the parts of a turn ---- */

static void take_wakes(eddy_core *core)
{
    eddy__branch *branch;

    while ((branch = eddy__inbox_next_wake(core->inbox)) != NULL) {
        branch->state |= EDDY__BRANCH_NOTIFIED;
        eddy__branch_wake(branch);
    }
}

void eddy__core_begin_turn(eddy_core *core)
{
    if (core->inbox != NULL && eddy__inbox_ready(core->inbox)) {
        take_wakes(core);
        eddy__core_run_jobs(core, core->options.inbox_turn);
        eddy__core_read_clock(core); /* jobs may take long */
    }
    fire_timers(core);
}

/* ---- one poll ---- */

static void check_armed(const eddy_task *task)
{
    EDDY_ASSERT((task->trunk.state & (EDDY__BRANCH_QUEUED | EDDY__BRANCH_PARKED)) != 0 ||
                    !eddy__list_empty(&task->trunk.waits),
                "task '%s' (future '%s') returned EDDY_PENDING but waits for nothing: it would "
                "never be polled again",
                eddy_task_name(task), task->root->type->name);
}

/* One poll, and its consequences: the task may be gone afterwards. `simulated` is a constant, so that
 * a loop on the kernel does not pay for what is done in a world. */
static inline void poll_task(eddy_task *task, bool simulated)
{
    eddy_core *core = task->core;
    eddy_future *root = task->root;
    eddy_result result;

    eddy__branch_begin(&task->trunk);
    task->state |= EDDY__TASK_RUNNING;
    task->budget = simulated ? eddy__simulated_budget(core) : core->options.task_budget;
    task->at = root;
    if (task->polls++ == 0)
        eddy__future_start(root);
    core->stats.polls++;
    result = root->type->poll(root, task);
    task->state &= (uint16_t)~EDDY__TASK_RUNNING;
    if (simulated)
        eddy__simulated_trace(core, task, result);
    if (result != EDDY_PENDING)
        eddy__task_finish(task, result);
    else if ((task->state & EDDY__TASK_DOOMED) != 0)
        eddy__task_drop(task);
    else
        check_armed(task);
}

/* Those of the batch, in its order, until a budget is spent or the future of run() has ended. Returns
 * how many. */
static inline uint32_t poll_batch(eddy_core *core, eddy__node *batch, bool simulated)
{
    const uint32_t most = core->options.turn_polls;
    uint32_t polls = 0;
    eddy__watch watch;

    eddy__watch_begin(&watch, core);
    while (!eddy__list_empty(batch)) {
        eddy_task *task = EDDY__CONTAINER(batch->next, eddy_task, trunk.ready);
        eddy__watched who = {task->name, task->root->type, task->id};

        if (polls > 0 && (polls == most || watch.over)) {
            core->stats.limit_turn_polls += polls == most;
            core->stats.limit_turn_time += polls != most;
            break;
        }
        eddy__list_remove(&task->trunk.ready);
        poll_task(task, simulated);
        polls++;
        eddy__watch_poll(&watch, &who);
        if ((core->main.state & EDDY__TASK_ENDED) != 0)
            break;
    }
    return polls;
}

static EDDY__COLD uint32_t poll_simulated(eddy_core *core, eddy__node *batch)
{
    eddy__simulated_shuffle(core, batch);
    return poll_batch(core, batch, true);
}

/* The tasks that are ready now, each once; what they wake waits for the next turn. What the budgets
 * leave over comes first then. */
static uint32_t run_tasks(eddy_core *core)
{
    eddy__node batch;
    uint32_t polls;

    if (eddy__list_empty(&core->ready))
        return 0;
    eddy__list_init(&batch);
    eddy__list_splice(&batch, &core->ready);
    polls = core->sim == NULL ? poll_batch(core, &batch, false) : poll_simulated(core, &batch);
    eddy__list_splice(&batch, &core->ready);
    eddy__list_splice(&core->ready, &batch);
    return polls;
}

/* Nothing inside can ever happen again; whether other threads still can do something is asked after
 * the announcement of sleep, when a reference that is given back wakes us. */
static bool is_stuck(const eddy_core *core)
{
    return core->external_waits == 0 && eddy__wheel_count(&core->wheel) == 0;
}

/* Nobody else can reach the loop any more, nor has just before he let go of it. */
static bool is_alone(const eddy_core *core)
{
    return core->inbox == NULL ||
           (eddy__inbox_refs(core->inbox) == 1 && !eddy__inbox_ready(core->inbox));
}

/* Returns the deadline to wait for, 0 for not at all; EDDY_DEADLOCK. Announces sleep. */
static int64_t prepare_wait(eddy_core *core, int64_t deadline_ns, bool *asleep)
{
    int64_t next_ns = EDDY_FOREVER;

    if (deadline_ns == 0 || !eddy__list_empty(&core->ready) || !eddy__list_empty(&core->attention))
        return 0;
    if (core->inbox != NULL && !eddy__inbox_prepare_sleep(core->inbox))
        return 0;
    *asleep = core->inbox != NULL;
    if (deadline_ns == EDDY_FOREVER && is_stuck(core) && is_alone(core))
        return EDDY_DEADLOCK;
    if (eddy__wheel_count(&core->wheel) > 0)
        next_ns = eddy__wheel_next_ns(&core->wheel);
    return next_ns < deadline_ns ? next_ns : deadline_ns;
}

int eddy__core_wait(eddy_core *core, int64_t deadline_ns)
{
    eddy__event events[EVENTS_MAX];
    bool asleep = false;
    int count;

    eddy__source_tend_all(core);
    deadline_ns = prepare_wait(core, deadline_ns, &asleep);
    if (core->sim != NULL && deadline_ns == 0) /* or what is always ready would stop the clock */
        eddy__sim_pass(core->sim, SIMULATED_TURN_NS);
    count = deadline_ns == EDDY_DEADLOCK
                ? EDDY_DEADLOCK
                : core->driver->type->wait(core->driver, deadline_ns, events, EVENTS_MAX);
    if (asleep)
        eddy__inbox_awake(core->inbox);
    eddy__core_read_clock(core);
    if (count < 0)
        return count;
    eddy__source_deliver(core, events, count);
    return 0;
}

/* ---- run and turn ---- */

static eddy_result drive(eddy_core *core)
{
    int error;

    for (;;) {
        core->stats.turns++;
        eddy__core_begin_turn(core);
        (void)run_tasks(core);
        if ((core->main.state & EDDY__TASK_ENDED) != 0)
            break;
        error = eddy__core_wait(core, EDDY_FOREVER);
        if (error < 0) {
            eddy__task_describe(&core->main, core->now_ns, core->deadlock, sizeof core->deadlock);
            eddy__task_drop(&core->main);
            return error;
        }
    }
    (void)eddy__core_wait(core, 0); /* what was written leaves, though nobody may run us again */
    return core->main_result;
}

eddy_result eddy_core_run(eddy_core *core, eddy_future *future)
{
    eddy_result result;

    eddy__core_enter(core, "eddy_core_run");
    if ((future->state & EDDY__FUTURE_STATIC) != 0) { /* what eddy_box() gives without memory */
        eddy__core_leave(core);
        return future->type->poll(future, NULL);
    }
    EDDY_ASSERT(
        (future->state & (EDDY__FUTURE_STARTED | EDDY__FUTURE_LINKED | EDDY__FUTURE_ENDED)) == 0,
        "future '%s' is run after its first poll, or when another has it: construct it anew",
        future->type->name);
    core->deadlock[0] = '\0';
    memset(&core->main, 0, sizeof core->main);
    core->main.state = EDDY__TASK_MAIN;
    eddy__task_init(&core->main, core, future);
    eddy__task_wake(&core->main);
    result = drive(core);
    eddy__core_leave(core);
    return result;
}

static eddy_result turn(eddy_core *core, int64_t max_wait_ns)
{
    uint64_t jobs_before = core->stats.jobs_run;
    int64_t deadline_ns = 0;
    uint32_t polls;
    int error;

    eddy__core_begin_turn(core);
    if (core->stats.jobs_run != jobs_before)
        max_wait_ns = 0; /* this turn has done something: do not sleep on it */
    if (max_wait_ns == EDDY_FOREVER)
        deadline_ns = EDDY_FOREVER;
    else if (max_wait_ns > 0)
        deadline_ns = eddy__time_add(core->now_ns, max_wait_ns);
    error = eddy__core_wait(core, deadline_ns);
    if (error < 0)
        return error;
    eddy__core_begin_turn(core);
    polls = run_tasks(core);
    if (polls > 0)
        error = eddy__core_wait(core, 0);
    return error < 0 ? error : (eddy_result)polls;
}

eddy_result eddy_core_turn(eddy_core *core, int64_t max_wait_ns)
{
    eddy_result result;

    eddy__core_enter(core, "eddy_core_turn");
    core->main.state = 0;
    core->stats.turns++;
    result = turn(core, max_wait_ns);
    eddy__core_leave(core);
    return result;
}
