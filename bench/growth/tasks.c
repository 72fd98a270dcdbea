/* SPDX-License-Identifier: MIT */
/*
 * tasks.c - X tasks spawned at once and run to their end; and one task woken among X that wait.
 */
#include <stdlib.h>

#include "growth.h"

enum { SPAWNS = 1000000, WAKES = 200000, BATCH = 100 };

/* ---- spawn, run, end ---- */

struct total {
    struct gate all;
    uint64_t sum;
    uint32_t left;
};

struct adder {
    EDDY_FRAME;
    uint64_t value;
    struct total *total;
};

EDDY_ASYNC(adder, eddy_nothing)
{
    EDDY_BEGIN
        self->total->sum += self->value;
        if (--self->total->left == 0)
            gate_open(&self->total->all);
        EDDY_END(0);
}

struct crowd {
    EDDY_FRAME;
    uint32_t count, repeats;
    struct total *total;
    int64_t begin_ns, took_ns;
};

/* The first time is not counted: it makes the memory that the others use again. */
EDDY_ASYNC(crowd, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->repeats > 0; self->repeats--) {
            self->total->left = self->count;
            self->begin_ns = growth_cpu_ns();
            for (uint32_t i = 0; i < self->count; i++) {
                n = eddy_spawn(eddy_task_handle(task),
                               EDDY_FUTURE(adder, .value = i, .total = self->total));
                growth_check(n == 0, "spawn");
            }
            EDDY_POLL(n, gate_poll(&self->total->all, task));
            growth_check(self->total->sum == growth_sum(self->count), "what the tasks added");
            self->total->sum = 0;
            self->took_ns =
                self->took_ns < 0 ? 0 : self->took_ns + growth_cpu_ns() - self->begin_ns;
        }
        EDDY_END(0);
}

static void measure_spawn(uint32_t x)
{
    uint32_t repeats = growth_repeats(x, SPAWNS) + 2;
    eddy_core *core = growth_core(0);
    struct total total = {.sum = 0};
    struct crowd crowd = {.frame = {.type = &crowd_type},
                          .count = x,
                          .repeats = repeats,
                          .total = &total,
                          .took_ns = -1};

    growth_run(core, &crowd.frame);
    growth_print("task_spawn", (double)crowd.took_ns / ((double)x * (repeats - 1)), "ns");
    eddy_core_free(core);
}

/* ---- wake ---- */

struct idler {
    EDDY_FRAME;
    struct gate *gate;
    uint64_t *woken; /* all of them, how often */
    const bool *is_over;
};

EDDY_ASYNC(idler, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, gate_poll(self->gate, task));
            growth_check(n == 0, "a wait");
            if (*self->is_over)
                break;
            ++*self->woken;
        }
        EDDY_END(0);
}

struct wake {
    EDDY_FRAME;
    eddy_core *core;
    uint32_t count, batch;
    struct gate *gates;
    uint64_t heap, woken, done;
    int64_t begin_ns, one_ns, batch_ns;
    bool is_over;
};

static void spawn_idlers(struct wake *self, eddy_task *task)
{
    self->heap = growth_heap(self->core);
    for (uint32_t i = 0; i < self->count; i++) {
        int error = eddy_spawn(eddy_task_handle(task),
                               EDDY_FUTURE(idler, .gate = &self->gates[i], .woken = &self->woken,
                                           .is_over = &self->is_over));

        growth_check(error == 0, "spawn");
    }
    self->heap = growth_heap(self->core) - self->heap;
}

/* Others than those that were woken already, so that each is polled once. */
static void wake_some(struct wake *self)
{
    for (uint32_t i = 0; i < self->batch;) {
        struct gate *gate = &self->gates[growth_random() % self->count];

        if (gate->is_open)
            continue;
        gate_open(gate);
        i++;
    }
    self->done += self->batch;
}

static void end_all(struct wake *self)
{
    self->is_over = true;
    for (uint32_t i = 0; i < self->count; i++)
        gate_open(&self->gates[i]);
}

/* First a turn of the loop for each wake, then one for `batch` of them. */
EDDY_ASYNC(wake, eddy_nothing)
{
    EDDY_BEGIN
        spawn_idlers(self, task);
        EDDY_YIELD();
        for (self->batch = 1; self->batch != 0;) {
            self->begin_ns = growth_cpu_ns();
            for (self->done = self->woken = 0; self->done < WAKES;) {
                wake_some(self);
                while (self->woken < self->done)
                    EDDY_YIELD();
            }
            growth_check(self->woken == self->done, "tasks that were woken");
            *(self->batch == 1 ? &self->one_ns : &self->batch_ns) =
                growth_cpu_ns() - self->begin_ns;
            self->batch = self->batch > 1 ? 0 : self->count < 2 * BATCH ? self->count / 2 : BATCH;
        }
        end_all(self);
        EDDY_YIELD();
        EDDY_END(0);
}

static void measure_wake(uint32_t x)
{
    eddy_core *core = growth_core(0);
    struct wake wake = {.frame = {.type = &wake_type}, .core = core, .count = x};
    eddy_core_stats stats;

    wake.gates = growth_memory(x, sizeof *wake.gates);
    growth_run(core, &wake.frame);
    while (eddy_core_turn(core, 0) > 0)
        continue;
    eddy_core_stats_get(core, &stats);
    growth_check(stats.tasks_live == 0, "tasks that ended");
    growth_print("task_wake_one", (double)wake.one_ns / WAKES, "ns");
    growth_print("task_wake_batch", (double)wake.batch_ns / WAKES, "ns");
    growth_print("task_bytes", (double)wake.heap / x, "B");
    eddy_core_free(core);
    free(wake.gates);
}

void growth_tasks(uint32_t x)
{
    measure_spawn(x);
    if (x >= 4)
        measure_wake(x);
}
