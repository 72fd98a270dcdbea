/* SPDX-License-Identifier: MIT */
/*
 * timers.c - a scenario of time, cancelling and waking alone: hosts that stand still, crash, and
 * whose clocks drift and jump, with tasks that sleep, move each other's sleeps, wait within limits,
 * ring for each other, count ticks, and ask each other to end.
 *
 * What must hold: nothing fires early by the host's own clock; what is ready beats a limit that has
 * passed; a ring is heard; a task that was asked to end is told so by its next wait that is not
 * shielded, once; what was aborted is dropped; and in the end every task has ended.
 */
#include <errno.h>
#include <string.h>

#include "eddy/eddy.h"
#include "eddy/explore.h"
#include "eddy/sim_faults.h"

enum { HOSTS_MAX = 2, ROUNDS = 8, SLICES = 16, RINGS_UNHEARD_MAX = 3 };

#define HOUR  (3600 * EDDY_SECOND)
#define DAY   (24 * HOUR)
#define GRACE (20 * EDDY_SECOND)

/* What the tasks of a host share; it outlives them. */
struct machine {
    eddy_host *host;
    uint32_t live;     /* tasks that have not ended */
    eddy_sleep *moved; /* of the task whose sleep others move; NULL: it has ended */
    int64_t moved_ns;  /* until then it is to sleep */
    eddy_waiter bell;  /* a task waits for it, */
    bool listening;    /* as long as this is set */
    bool rung;
};

static struct machine machines[HOSTS_MAX];
static uint32_t hosts;
static eddy_world *the_world;
static const char *failed;

/* The first failure is the one to tell. */
static void check(bool holds, const char *what)
{
    if (!holds && failed == NULL)
        failed = what;
}

static uint32_t any(uint32_t below)
{
    return eddy_world_random(the_world, below);
}

/* Up to `most`, and short ones as often as long ones. (One number a line: in what order the parts of
 * an expression are worked out is the compiler's choice.) */
static int64_t some_time(int64_t most)
{
    static const int64_t tops[] = {
        1, EDDY_MICROSECOND, 3 * EDDY_MILLISECOND, 100 * EDDY_MILLISECOND, 10 * EDDY_SECOND, DAY};
    int64_t top = tops[any(sizeof tops / sizeof tops[0])];
    int64_t time_ns;

    if (top > most)
        top = most;
    time_ns = top / 1000 * any(1000);
    return time_ns + any(1000) % (top + 1);
}

static int64_t now(eddy_task *task)
{
    return eddy_now_ns(eddy_task_handle(task));
}

/* ---- plain sleeps ---- */

struct sleeper {
    EDDY_FRAME;
    struct machine *at;
    eddy_sleep sleep;
    int64_t until_ns;
    int round;
};

static void sleeper_done(struct sleeper *self)
{
    self->at->live--;
}

static void sleeper_begin(struct sleeper *self, eddy_task *task)
{
    int64_t duration_ns = some_time(self->round == 0 ? DAY : HOUR);

    self->until_ns = now(task) + duration_ns;
    if (any(2) == 0)
        eddy_sleep_start(&self->sleep, task, duration_ns);
    else
        eddy_sleep_start_at(&self->sleep, task, self->until_ns);
}

EDDY_ASYNC(sleeper, sleeper_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->round < ROUNDS; self->round++) {
            sleeper_begin(self, task);
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            check(n == 0, "a sleep ended with an error");
            check(now(task) >= self->until_ns, "a sleep ended early");
        }
        EDDY_END(0);
}

/* ---- sleeps that others move ---- */

struct moved {
    EDDY_FRAME;
    struct machine *at;
    eddy_sleep sleep;
    int round;
};

static void moved_done(struct moved *self)
{
    self->at->moved = NULL;
    self->at->live--;
}

/* By a little, or to anywhere. */
static void move(struct machine *at, eddy_task *task)
{
    if (any(2) == 0)
        at->moved_ns += any(3 * EDDY_MILLISECOND);
    else
        at->moved_ns = now(task) + some_time(10 * EDDY_SECOND);
    eddy_sleep_start_at(at->moved, task, at->moved_ns);
}

EDDY_ASYNC(moved, moved_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->at->moved = &self->sleep;
        for (; self->round < ROUNDS; self->round++) {
            self->at->moved_ns = now(task);
            move(self->at, task);
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            check(n == 0, "a sleep that was moved ended with an error");
            check(now(task) >= self->at->moved_ns, "a sleep that was moved ended early");
        }
        EDDY_END(0);
}

struct mover {
    EDDY_FRAME;
    struct machine *at;
    eddy_sleep sleep;
    int round;
};

static void mover_done(struct mover *self)
{
    self->at->live--;
}

EDDY_ASYNC(mover, mover_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->round < 2 * ROUNDS; self->round++) {
            eddy_sleep_start(&self->sleep, task, some_time(EDDY_SECOND));
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            check(n == 0, "the sleep of a mover ended with an error");
            if (self->at->moved != NULL)
                move(self->at, task);
        }
        EDDY_END(0);
}

/* ---- a limit around a bell ---- */

static const eddy_wait_type bell_wait = {.why = "bell"};

struct listener {
    EDDY_FRAME;
    struct machine *at;
    eddy_deadline limit;
    int64_t limit_ns;
    int round;
};

static void listener_done(struct listener *self)
{
    self->at->listening = false;
    self->at->live--;
}

static eddy_result bell_poll(struct machine *at, eddy_task *task)
{
    if (!at->rung)
        return eddy_waiter_park(&at->bell, task, &bell_wait);
    eddy_waiter_clear(&at->bell);
    at->rung = false;
    return 1;
}

static void listener_begin(struct listener *self, eddy_task *task)
{
    self->limit_ns = any(3) == 0 ? EDDY_FOREVER : now(task) + some_time(10 * EDDY_SECOND);
    eddy_sleep_start_at(&self->limit, task, self->limit_ns);
}

EDDY_ASYNC(listener, listener_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->round < ROUNDS; self->round++) {
            listener_begin(self, task);
            EDDY_POLL(n, eddy_within(&self->limit, task, bell_poll(self->at, task)));
            check(n == 1 || n == -ETIMEDOUT, "listening ended with an error");
            check(n == 1 || now(task) >= self->limit_ns, "a limit was over early");
            check(n == 1 || !self->at->rung, "a limit beat a bell that was rung before");
        }
        EDDY_END(0);
}

struct ringer {
    EDDY_FRAME;
    struct machine *at;
    eddy_sleep sleep;
    int unheard;
    int round;
};

static void ringer_done(struct ringer *self)
{
    self->at->live--;
}

static void ring(struct ringer *self)
{
    self->unheard = self->at->rung ? self->unheard + 1 : 0;
    check(self->unheard < RINGS_UNHEARD_MAX, "a bell was rung and nobody came");
    self->at->rung = true;
    if (self->unheard == 0)
        eddy_waiter_wake(&self->at->bell);
}

EDDY_ASYNC(ringer, ringer_done)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            eddy_sleep_start(&self->sleep, task, 1 + some_time(EDDY_SECOND));
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            check(n == 0, "the sleep of a ringer ended with an error");
            ring(self);
        } while (self->at->listening);
        EDDY_END(0);
}

/* ---- ticks ---- */

struct ticker {
    EDDY_FRAME;
    struct machine *at;
    eddy_interval interval;
    int64_t begun_ns, ticks;
    int round;
};

static void ticker_done(struct ticker *self)
{
    self->at->live--;
}

static void ticker_begin(struct ticker *self, eddy_task *task)
{
    int64_t period_ns = 1 + some_time(EDDY_SECOND);

    self->begun_ns = now(task);
    eddy_interval_start(&self->interval, task, period_ns, (eddy_missed)any(3));
}

EDDY_ASYNC(ticker, ticker_done)
{
    eddy_result n;

    EDDY_BEGIN
        ticker_begin(self, task);
        for (; self->round < ROUNDS; self->round++) {
            EDDY_POLL(n, eddy_interval_poll(&self->interval, task));
            check(n >= 1, "an interval ended with an error");
            self->ticks += n;
            check(now(task) - self->begun_ns >= self->ticks * self->interval.period_ns,
                  "a tick came early");
        }
        EDDY_END(0);
}

/* ---- being asked to end ---- */

/* Shared by the two, in the machine's memory: which of them ends first is open. */
struct request {
    bool asked, told;
};

static struct request requests[HOSTS_MAX];

struct victim {
    EDDY_FRAME;
    struct machine *at;
    struct request *request;
    eddy_sleep sleep;
    bool shielded, asked_before;
};

static void victim_done(struct victim *self)
{
    self->at->live--;
}

static void victim_begin(struct victim *self, eddy_task *task)
{
    self->shielded = any(2) == 0;
    self->asked_before = self->request->asked;
    if (self->shielded)
        eddy_task_shield(task, true);
    eddy_sleep_start(&self->sleep, task, EDDY_MILLISECOND + some_time(100 * EDDY_MILLISECOND));
}

/* True: the task is to end. */
static bool victim_looks(struct victim *self, eddy_task *task, eddy_result n)
{
    check(n == 0 || n == -ECANCELED, "the sleep of a victim ended with an error");
    check(n == 0 || self->request->asked, "a task was told to end that nobody had asked");
    check(n == 0 || !self->shielded, "a task was told to end behind its shield");
    check(n != 0 || self->shielded || !self->asked_before, "a task was not told to end");
    if (self->shielded)
        eddy_task_shield(task, false);
    return n != 0;
}

EDDY_ASYNC(victim, victim_done)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            victim_begin(self, task);
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        } while (!victim_looks(self, task, n));
        self->request->told = true;
        eddy_sleep_start(&self->sleep, task, some_time(EDDY_SECOND));
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        check(n == 0, "a task was told twice to end");
        EDDY_END(-ECANCELED);
}

struct asker {
    EDDY_FRAME;
    struct machine *at;
    struct request *request;
    eddy_join *join;
    eddy_sleep sleep;
    int64_t asked_ns, grace_ns;
    bool aborts;
    int round;
};

static void asker_done(struct asker *self)
{
    eddy_join_free(self->join);
    self->at->live--;
}

/* False: there is no memory. */
static bool asker_begin(struct asker *self, eddy_task *task)
{
    int error;

    *self->request = (struct request){0};
    self->at->live++;
    error = eddy_spawn_joinable(eddy_task_handle(task),
                                EDDY_FUTURE(victim, .at = self->at, .request = self->request),
                                &self->join);
    check(error == 0 || error == -ENOMEM, "spawning failed");
    eddy_sleep_start(&self->sleep, task, some_time(EDDY_SECOND));
    return error == 0;
}

static void asker_asks(struct asker *self, eddy_task *task)
{
    self->aborts = any(4) == 0;
    self->grace_ns = any(2) == 0 ? GRACE : EDDY_FOREVER;
    self->asked_ns = now(task);
    self->request->asked = true;
    if (self->aborts)
        eddy_join_abort(self->join);
    else
        eddy_join_cancel(self->join, self->grace_ns);
}

static void asker_looks(struct asker *self, eddy_task *task, eddy_result n)
{
    bool over = self->grace_ns != EDDY_FOREVER && now(task) - self->asked_ns >= self->grace_ns;

    if (self->aborts)
        check(n == EDDY_DROPPED, "a task was aborted and not dropped");
    else if (n == EDDY_DROPPED)
        check(over, "a task was dropped before its grace time was over");
    else
        check(n == -ECANCELED && self->request->told, "a task ended that had not been told to");
    eddy_join_free(self->join);
    self->join = NULL;
}

EDDY_ASYNC(asker, asker_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->round < ROUNDS && asker_begin(self, task); self->round++) {
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            check(n == 0, "the sleep of an asker ended with an error");
            asker_asks(self, task);
            EDDY_POLL(n, eddy_join_poll(self->join, task));
            asker_looks(self, task, n);
        }
        EDDY_END(0);
}

/* ---- the world ---- */

static int spawn(struct machine *at, eddy_handle *handle, eddy_future *future)
{
    at->live++;
    return eddy_spawn(handle, future);
}

static int boot(void *arg, eddy_handle *handle)
{
    struct machine *at = arg;
    struct request *request = &requests[at - machines];
    int error;

    at->listening = true; /* so that the ringer does not end before it begins */
    error = spawn(at, handle, EDDY_FUTURE(sleeper, .at = at));

    if (error == 0)
        error = spawn(at, handle, EDDY_FUTURE(moved, .at = at));
    if (error == 0)
        error = spawn(at, handle, EDDY_FUTURE(mover, .at = at));
    if (error == 0)
        error = spawn(at, handle, EDDY_FUTURE(listener, .at = at));
    if (error == 0)
        error = spawn(at, handle, EDDY_FUTURE(ringer, .at = at));
    if (error == 0)
        error = spawn(at, handle, EDDY_FUTURE(ticker, .at = at));
    if (error == 0)
        error = spawn(at, handle, EDDY_FUTURE(asker, .at = at, .request = request));
    return error;
}

/* On the first boot there is memory: a host whose first boot fails stays down. */
static bool make_hosts(void)
{
    static const char *const names[HOSTS_MAX] = {"left", "right"};
    static const char *const ips[HOSTS_MAX] = {"10.0.0.1", "10.0.0.2"};

    memset(machines, 0, sizeof machines);
    memset(requests, 0, sizeof requests);
    hosts = 1 + any(HOSTS_MAX);
    eddy_world_odds(the_world, EDDY_CHAOS_NO_MEMORY, 0);
    for (uint32_t i = 0; i < hosts; i++)
        if (eddy_world_host(the_world, names[i], ips[i], &machines[i].host) != 0 ||
            eddy_host_boot(machines[i].host, boot, &machines[i]) != 0)
            return false;
    eddy_world_odds(the_world, EDDY_CHAOS_NO_MEMORY, 5000);
    return true;
}

static void crash_or_start(struct machine *at)
{
    if (eddy_host_core(at->host) == NULL) {
        (void)eddy_host_restart(at->host);
        return;
    }
    eddy_host_crash(at->host);
    check(at->live == 0, "a host crashed and left tasks behind");
}

static void meddle(void)
{
    struct machine *at = &machines[any(hosts)];

    switch (any(6)) {
    case 0:
        eddy_host_pause(at->host, some_time(HOUR));
        break;
    case 1:
        eddy_host_drift(at->host, (int32_t)any(1000000) - 400000);
        break;
    case 2:
        eddy_host_wall_jump(at->host, some_time(DAY) - DAY / 2);
        break;
    case 3:
        crash_or_start(at);
        break;
    default:
        break; /* as often as not all goes well */
    }
}

static bool is_over(void *arg)
{
    uint32_t live = 0;

    (void)arg;
    for (uint32_t i = 0; i < hosts; i++)
        live += machines[i].live;
    return live == 0 || failed != NULL;
}

static eddy_result run_for(int64_t time_ns)
{
    const eddy_until until = {.holds = is_over, .time_ns = eddy_world_now_ns(the_world) + time_ns};

    return eddy_world_run(the_world, &until);
}

static const char *run(eddy_world *world)
{
    the_world = world;
    failed = NULL;
    check(make_hosts(), "there are no hosts");
    for (int i = 0; i < SLICES && failed == NULL; i++) {
        (void)run_for(1 + some_time(10 * EDDY_SECOND));
        meddle();
    }
    eddy_world_heal(world);
    if (failed == NULL)
        check(run_for(30 * DAY) == 0, "some task never ended");
    return failed;
}

int main(int argc, char **argv)
{
    static const eddy_scenario timers = {
        .name = "timers",
        .run = run,
        .options = {.faults = true},
    };

    return eddy_explore_main(argc, argv, &timers);
}
