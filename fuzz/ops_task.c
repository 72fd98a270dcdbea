/* SPDX-License-Identifier: MIT */
/*
 * ops_task.c - operations on tasks, time, waiters, wakers and jobs, and what each may answer.
 */
#include <errno.h>

#include "world.h"

static void expect(const struct worker *self, bool holds, eddy_result result)
{
    FUZZ_CHECK(holds, "%s of future %d gives %s (%lld)", program_op_name(self->now.op), self->id,
               eddy_error_name(result), (long long)result);
}

/* The result that any wait may have. */
static bool is_common(const struct worker *self, eddy_result result)
{
    return result == -ECANCELED || self->abandoned;
}

/* ---- tasks ---- */

static bool spawn_begin(struct worker *self, eddy_task *task)
{
    world *w = self->world;
    int id = fuzz_task_make(w, NOBODY);
    struct worker future;
    task_model *model;
    int error;

    (void)task;
    if (id == NOBODY)
        return false;
    future = fuzz_worker(w, id, self->now.a);
    model = &w->tasks[id];
    error = (self->now.b & 1) != 0 ? eddy_spawn_joinable(w->handle, &future.frame, &model->join)
                                   : eddy_spawn(w->handle, &future.frame);
    if (error == 0) {
        FUZZ_CHECK(model->done == 0, "a task ends inside spawn");
        model->spawned = true;
        w->tasks_live++;
        return false;
    }
    FUZZ_CHECK(model->done == 1 && model->join == NULL, "spawn fails and `done` ran %u times",
               model->done);
    FUZZ_CHECK((error == EDDY_TASKS_FULL && w->tasks_live >= w->tasks_max) ||
                   (error == EDDY_TASKS_FULL && w->jobs_sent > 0) ||
                   (error == -ENOMEM && w->memory_failed),
               "spawn gives %s with %u tasks of %u", eddy_error_name(error), w->tasks_live,
               w->tasks_max);
    return false;
}

/* The task that an operand names: one that can be joined. */
static task_model *joinable(const struct worker *self, int *number)
{
    world *w = self->world;

    *number = self->now.a % w->tasks_count;
    for (int i = 0; i < w->tasks_count; i++) {
        task_model *model = &w->tasks[*number];

        if (model->join != NULL)
            return model;
        *number = (*number + 1) % w->tasks_count;
    }
    return NULL;
}

static bool join_begin(struct worker *self, eddy_task *task)
{
    int number;
    const task_model *model;

    (void)task;
    if (self->world->network) {
        number = self->now.a % fuzz_network_tasks(self->world);
        self->got = (uint32_t)number;
        return (number + 1) % fuzz_network_tasks(self->world) == self->world->tasks[self->id].top &&
               fuzz_network_tasks(self->world) > 1 && fuzz_lock(self, LOCK_JOIN + number);
    }
    model = joinable(self, &number);
    self->got = (uint32_t)number;
    return model != NULL && model != fuzz_task_of(self) && fuzz_lock(self, LOCK_JOIN + number);
}

static eddy_result join_step(struct worker *self, eddy_task *task)
{
    const task_model *model = &self->world->tasks[self->got];
    eddy_result result = eddy_join_poll(model->join, task);

    if (result == EDDY_PENDING || result == -ECANCELED)
        return result;
    FUZZ_CHECK(model->done == 1, "task %u is joined before its end", self->got);
    FUZZ_CHECK(result == (model->returned ? model->result : EDDY_DROPPED),
               "task %u is joined with %s", self->got, eddy_error_name(result));
    return result;
}

static bool abort_begin(struct worker *self, eddy_task *task)
{
    int number;
    const task_model *model = joinable(self, &number);

    (void)task;
    if (model == NULL)
        return false;
    eddy_join_abort(model->join);
    FUZZ_CHECK(model == fuzz_task_of(self) || model->done == 1, "task %d lives after its abort",
               number);
    return false;
}

static bool cancel_begin(struct worker *self, eddy_task *task)
{
    int number;
    task_model *model = joinable(self, &number);

    (void)task;
    if (model == NULL)
        return false;
    model->cancels++;
    eddy_join_cancel(model->join,
                     self->now.b > 250 ? EDDY_FOREVER : fuzz_duration(self->world, self->now.b));
    return false;
}

static bool join_free_begin(struct worker *self, eddy_task *task)
{
    int number;
    task_model *model = joinable(self, &number);

    (void)task;
    if (model == NULL || !fuzz_is_free(self->world, LOCK_JOIN + number))
        return false;
    eddy_join_free(model->join);
    model->join = NULL;
    return false;
}

static bool shield_begin(struct worker *self, eddy_task *task)
{
    task_model *top = fuzz_task_of(self);
    bool on = (self->now.a & 1) != 0;

    if (on ? top->shields >= 3 : top->shields == 0)
        return false;
    top->shields = (uint16_t)(top->shields + (on ? 1 : -1));
    eddy_task_shield(task, on);
    return false;
}

static bool check_cancel_begin(struct worker *self, eddy_task *task)
{
    task_model *top = fuzz_task_of(self);
    eddy_result result = eddy_task_check_cancel(task);

    expect(self, result == 0 || (result == -ECANCELED && top->shields == 0), result);
    if (result != 0) {
        top->told++;
        expect(self, top->told <= top->cancels, result);
    }
    return false;
}

/* ---- children ---- */

static bool call_begin(struct worker *self, eddy_task *task)
{
    world *w = self->world;
    struct worker future;
    int id;

    (void)task;
    if (w->network && ++fuzz_task_of(self)->calls > NETWORK_CALLS_MAX)
        return false;
    id = fuzz_task_make(w, w->tasks[self->id].top);
    if (id == NOBODY)
        return false;
    future = fuzz_worker(w, id, self->now.a);
    self->got = (uint32_t)id;
    self->child =
        EDDY_INIT(eddy_timeout, .inner = eddy_box(w->handle, &future.frame),
                  .duration_ns = w->network || self->now.b > 200 ? EDDY_FOREVER
                                                                 : fuzz_duration(w, self->now.b));
    return true;
}

static eddy_result call_step(struct worker *self, eddy_task *task)
{
    return eddy_future_poll_child(&self->frame, &self->child.frame, task);
}

static void call_settle(struct worker *self, eddy_task *task, eddy_result result)
{
    const task_model *model = &self->world->tasks[self->got];

    if (self->abandoned)
        eddy_future_drop_child(&self->frame, &self->child.frame, task);
    else
        expect(self,
               (model->returned && result == model->result) ||
                   (!model->returned && result == -ETIMEDOUT) ||
                   (self->world->memory_failed && result == -ENOMEM),
               result);
    FUZZ_CHECK(model->done == 1, "the child %u of %d has ended, `done` ran %u times", self->got,
               self->id, model->done);
    self->abandoned = false; /* its waits are gone with it */
}

static bool within_begin(struct worker *self, eddy_task *task)
{
    if (self->within)
        return false;
    self->within = true;
    eddy_sleep_start(&self->limit, task, fuzz_duration(self->world, self->now.a));
    return false;
}

static bool return_begin(struct worker *self, eddy_task *task)
{
    (void)task;
    self->answer = (self->now.b & 1) != 0 ? -EPROTO : self->now.a;
    self->at = self->world->scripts[self->script].count;
    return false;
}

/* ---- time ---- */

static void start_sleep(struct worker *self, eddy_task *task, uint8_t operand)
{
    int64_t duration_ns = fuzz_duration(self->world, operand);

    self->due_ns = eddy_now_ns(self->world->handle) + duration_ns;
    eddy_sleep_start(&self->sleep, task, duration_ns);
}

static bool sleep_begin(struct worker *self, eddy_task *task)
{
    if ((self->now.b & 3) == 3 && self->sleep.started)
        eddy_sleep_stop(&self->sleep, task);
    start_sleep(self, task, self->now.a);
    return true;
}

static eddy_result sleep_step(struct worker *self, eddy_task *task)
{
    eddy_result result = eddy_sleep_poll(&self->sleep, task);

    expect(self, result == 0 || result == EDDY_PENDING || result == -ECANCELED, result);
    if (result == 0)
        FUZZ_CHECK(eddy_now_ns(self->world->handle) >= self->due_ns, "a sleep ends %lld ns early",
                   (long long)(self->due_ns - eddy_now_ns(self->world->handle)));
    return result;
}

/* Another task's sleep, or this one's. */
static bool sleep_reset_begin(struct worker *self, eddy_task *task)
{
    const world *w = self->world;
    struct worker *other = w->tasks[self->now.a % w->tasks_count].frame;

    if (other != NULL && w->tasks[other->id].op == OP_SLEEP)
        start_sleep(other, task, self->now.b);
    return false;
}

static bool interval_begin(struct worker *self, eddy_task *task)
{
    static const eddy_missed missed[] = {EDDY_MISSED_SKIP, EDDY_MISSED_BURST, EDDY_MISSED_DELAY};

    eddy_interval_start(&self->interval, task, 1 + fuzz_duration(self->world, self->now.a),
                        missed[self->now.b % 3]);
    return true;
}

static eddy_result interval_step(struct worker *self, eddy_task *task)
{
    eddy_result result = eddy_interval_poll(&self->interval, task);

    expect(self, result >= 1 || result == EDDY_PENDING || result == -ECANCELED, result);
    return result;
}

/* ---- waking ---- */

static const eddy_wait_type signal_wait = {.why = "fuzz: signal"};

static bool wait_begin(struct worker *self, eddy_task *task)
{
    const world *w = self->world;
    int number = self->now.a % WAITERS;

    (void)task;
    if (w->network && number % fuzz_network_tasks(w) != w->tasks[self->id].top)
        return false;
    return fuzz_lock(self, LOCK_WAITER + number);
}

static eddy_result wait_step(struct worker *self, eddy_task *task)
{
    int number = self->now.a % WAITERS;

    if (self->world->signals[number] == 0)
        return eddy_waiter_park(&self->world->waiters[number], task, &signal_wait);
    self->world->signals[number]--;
    eddy_waiter_clear(&self->world->waiters[number]);
    return 0;
}

static bool signal_begin(struct worker *self, eddy_task *task)
{
    int number = self->now.a % WAITERS;

    (void)task;
    self->world->signals[number]++;
    eddy_waiter_wake(&self->world->waiters[number]);
    return false;
}

static bool park_begin(struct worker *self, eddy_task *task)
{
    task_model *top = fuzz_task_of(self);
    int error;

    if (top->has_waker)
        return true;
    error = eddy_task_waker(task, &top->waker);
    expect(self, error == 0 || (error == -ENOMEM && self->world->memory_failed), error);
    top->has_waker = error == 0;
    return top->has_waker;
}

static eddy_result park_step(struct worker *self, eddy_task *task)
{
    task_model *top = fuzz_task_of(self);

    if (top->wakes == 0)
        return eddy_task_park(task, "fuzz: park");
    top->wakes--;
    return 0;
}

static bool wake_begin(struct worker *self, eddy_task *task)
{
    world *w = self->world;
    task_model *model = &w->tasks[self->now.a % w->tasks_count];
    eddy_waker copy;
    bool woken;

    (void)task;
    if (w->network) { /* counted, so that it does not matter who comes first */
        model = &w->tasks[self->now.a % fuzz_network_tasks(w)];
        model->wakes++;
    }
    if (!model->has_waker)
        return false;
    copy = eddy_waker_retain(&model->waker);
    woken = eddy_waker_wake((self->now.b & 1) != 0 ? &copy : &model->waker);
    eddy_waker_release(&copy);
    FUZZ_CHECK(woken == (model->done == 0), "waking a task that %s gives %d",
               model->done == 0 ? "lives" : "has ended", woken);
    if (woken && !w->network)
        model->wakes++;
    return false;
}

/* ---- jobs ---- */

struct payload {
    world *world;
    int id;
    uint32_t script;
};

static eddy_future *job_make(void *payload, eddy_handle *handle)
{
    const struct payload *self = payload;
    struct worker future = fuzz_worker(self->world, self->id, self->script);

    FUZZ_CHECK(handle == self->world->handle, "a job gets another loop's handle");
    FUZZ_CHECK(self->world->tasks[self->id].done == 0, "a job is made twice, or after its drop");
    self->world->jobs_made++;
    return eddy_box(handle, &future.frame);
}

static void job_drop(void *payload)
{
    const struct payload *self = payload;
    task_model *model = &self->world->tasks[self->id];

    FUZZ_CHECK(!model->job_dropped && model->done == 0, "a job is dropped twice");
    model->job_dropped = true;
    self->world->jobs_dropped++;
}

static const eddy_job job_type = {job_make, job_drop, sizeof(struct payload)};

static bool remote_begin(struct worker *self, eddy_task *task)
{
    world *w = self->world;
    int id;
    struct payload payload;
    int error = w->remote != NULL ? 0 : eddy_remote_new(w->handle, &w->remote);

    (void)task;
    expect(self, error == 0 || (error == -ENOMEM && w->memory_failed), error);
    id = error == 0 ? fuzz_task_make(w, NOBODY) : NOBODY;
    if (id == NOBODY)
        return false;
    w->tasks[id].is_job = true;
    payload = (struct payload){w, id, self->now.a};
    error = eddy_remote_spawn(w->remote, &job_type, &payload);
    expect(self, error == 0 || error == EDDY_INBOX_FULL, error);
    if (error == 0)
        w->jobs_sent++;
    else
        w->tasks[id].made = false;
    return false;
}

/* ---- what answers there are ---- */

static void zero_settle(struct worker *self, eddy_task *task, eddy_result result)
{
    (void)task;
    expect(self, result == 0 || is_common(self, result), result);
}

#define BOTH    .in_network = true, .in_pure = true
#define PURE    .in_pure = true
#define NETWORK .in_network = true /* a waker that is held holds off a deadlock */

const verb fuzz_task_verbs[OPS_COUNT] = {
    [OP_SPAWN] = {.begin = spawn_begin, PURE},
    [OP_JOIN] = {.begin = join_begin, .step = join_step, BOTH},
    [OP_JOIN_ABORT] = {.begin = abort_begin, PURE},
    [OP_JOIN_CANCEL] = {.begin = cancel_begin, PURE},
    [OP_JOIN_FREE] = {.begin = join_free_begin, PURE},
    [OP_SLEEP] = {sleep_begin, sleep_step, zero_settle, BOTH},
    [OP_SLEEP_RESET] = {.begin = sleep_reset_begin, PURE},
    [OP_INTERVAL] = {.begin = interval_begin, .step = interval_step, PURE},
    [OP_WAIT] = {wait_begin, wait_step, zero_settle, BOTH},
    [OP_SIGNAL] = {.begin = signal_begin, BOTH},
    [OP_PARK] = {park_begin, park_step, zero_settle, NETWORK},
    [OP_WAKE] = {.begin = wake_begin, NETWORK},
    [OP_SHIELD] = {.begin = shield_begin, PURE},
    [OP_CHECK_CANCEL] = {.begin = check_cancel_begin, PURE},
    [OP_CALL] = {call_begin, call_step, call_settle, BOTH},
    [OP_WITHIN] = {.begin = within_begin, PURE},
    [OP_REMOTE] = {.begin = remote_begin},
    [OP_RETURN] = {.begin = return_begin, BOTH},
};
