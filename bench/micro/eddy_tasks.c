/* SPDX-License-Identifier: MIT */
/*
 * eddy_tasks.c - tasks: what it costs to spawn one that yields once, to wake one, to go from one to
 * the other.
 */
#include "eddy.h"

/* ---- spawn ---- */

struct yield_once {
    EDDY_FRAME;
    struct latch *all;
};
EDDY_ASYNC(yield_once, eddy_nothing)
{
    EDDY_BEGIN
        EDDY_YIELD();
        latch_count_down(self->all);
        EDDY_END(0);
}

struct spawn_batches {
    EDDY_FRAME;
    uint64_t batches;
    struct latch all;
};
EDDY_ASYNC(spawn_batches, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->batches > 0; self->batches--) {
            self->all.left = BATCH;
            for (int i = 0; i < BATCH; i++)
                spawn(eddy_task_handle(task), EDDY_FUTURE(yield_once, .all = &self->all));
            EDDY_POLL(n, latch_poll(&self->all, task));
        }
        EDDY_END(0);
}

static eddy_core_stats stats_of(eddy_core *core)
{
    eddy_core_stats stats;

    eddy_core_stats_get(core, &stats);
    return stats;
}

void eddy_run_spawn(void)
{
    eddy_core *core = new_core(0);
    eddy_core_stats before, after;
    uint64_t start_ns;

    run_one(core,
            EDDY_FUTURE(spawn_batches, .batches = 1)); /* the loop takes memory, and keeps it */
    before = stats_of(core);
    start_ns = micro_thread_ns();
    run_one(core, EDDY_FUTURE(spawn_batches, .batches = TASKS / BATCH));
    micro_print_since("spawn_yield", start_ns, TASKS);
    after = stats_of(core);
    micro_check(after.spawns - before.spawns >= TASKS, "tasks that were spawned");
    micro_check(after.tasks_live == before.tasks_live, "tasks that ended");
    micro_print("spawn_yield_heap", (double)(after.heap_calls - before.heap_calls), "calls");
    eddy_core_free(core);
}

/* ---- wake ---- */

enum { WAKES = 3000000, SWITCHES = 3000000 };

struct sleeper {
    EDDY_FRAME;
    struct latch *latch;
    uint64_t times;
    uint64_t *woken;
};
EDDY_ASYNC(sleeper, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->times > 0; self->times--) {
            EDDY_POLL(n, latch_poll(self->latch, task));
            self->latch->left = 1;
            ++*self->woken;
        }
        EDDY_END(0);
}

struct waker {
    EDDY_FRAME;
    struct latch latches[BATCH];
    uint64_t rounds, start_ns, woken;
};
EDDY_ASYNC(waker, eddy_nothing)
{
    EDDY_BEGIN
        for (int i = 0; i < BATCH; i++) {
            self->latches[i].left = 1;
            spawn(eddy_task_handle(task),
                  EDDY_FUTURE(sleeper, .latch = &self->latches[i], .times = WAKES / BATCH,
                              .woken = &self->woken));
        }
        EDDY_YIELD(); /* now they wait */
        self->start_ns = micro_thread_ns();
        while (self->rounds++ < WAKES / BATCH) {
            for (int i = 0; i < BATCH; i++)
                latch_count_down(&self->latches[i]);
            while (self->woken < self->rounds * BATCH)
                EDDY_YIELD();
        }
        micro_print_since("wake_task", self->start_ns, WAKES);
        micro_check(self->woken == WAKES, "times that a task was woken");
        EDDY_END(0);
}

/* ---- two tasks that yield to each other ---- */

struct yielder {
    EDDY_FRAME;
    uint64_t times;
    uint64_t *switches;
    struct latch *both;
};
EDDY_ASYNC(yielder, eddy_nothing)
{
    EDDY_BEGIN
        for (; self->times > 0; self->times--) {
            ++*self->switches;
            EDDY_YIELD();
        }
        latch_count_down(self->both);
        EDDY_END(0);
}

static void run_yield(eddy_core *core)
{
    struct latch both = {.left = 2};
    uint64_t switches = 0, start_ns = micro_thread_ns();

    for (int i = 0; i < 2; i++)
        spawn(eddy_core_handle(core),
              EDDY_FUTURE(yielder, .times = SWITCHES / 2, .switches = &switches, .both = &both));
    run_one(core, latch_future(core, &both));
    micro_print_since("yield_switch", start_ns, SWITCHES);
    micro_check(switches == SWITCHES, "times that a task yielded");
}

void eddy_run_wake(void)
{
    eddy_core *core = new_core(0);

    run_one(core, EDDY_FUTURE(waker));
    run_yield(core);
    eddy_core_free(core);
}
