/* SPDX-License-Identifier: MIT */
/*
 * loops.c - X loops on X threads, each on a processor of its own as far as there are any, that do
 * the same work side by side: what they shared would show in the time of each.
 */
#include <stdlib.h>

#include "growth.h"

enum { ROUNDS = 2000, TASKS = 1000 };

struct side {
    pthread_t thread;
    pthread_barrier_t *together;
    unsigned cpu;
    uint64_t sum;
    int64_t cpu_ns, wall_ns;
};

/* Spawned, waits for time that it does not take, is resumed once, ends. */
struct worker {
    EDDY_FRAME;
    uint64_t value;
    uint64_t *sum;
    uint32_t *left;
    struct gate *all;
    eddy_sleep limit;
};

EDDY_ASYNC(worker, eddy_nothing)
{
    EDDY_BEGIN
        eddy_sleep_start(&self->limit, task, 30 * EDDY_SECOND);
        growth_check(eddy_sleep_poll(&self->limit, task) == EDDY_PENDING, "a timer");
        EDDY_YIELD();
        eddy_sleep_stop(&self->limit, task);
        *self->sum += self->value;
        if (--*self->left == 0)
            gate_open(self->all);
        EDDY_END(0);
}

struct rounds {
    EDDY_FRAME;
    uint32_t round, left;
    uint64_t sum;
    struct gate all;
    uint64_t *result;
};

EDDY_ASYNC(rounds, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->round < ROUNDS; self->round++) {
            self->left = TASKS;
            for (uint64_t i = 0; i < TASKS; i++) {
                n = eddy_spawn(eddy_task_handle(task),
                               EDDY_FUTURE(worker, .value = i, .sum = &self->sum,
                                           .left = &self->left, .all = &self->all));
                growth_check(n == 0, "spawn");
            }
            EDDY_POLL(n, gate_poll(&self->all, task));
        }
        *self->result = self->sum;
        EDDY_END(0);
}

static void *run_side(void *arg)
{
    struct side *self = arg;
    eddy_core *core;

    growth_pin(self->cpu);
    core = growth_core(0);
    pthread_barrier_wait(self->together);
    self->wall_ns = growth_wall_ns();
    self->cpu_ns = growth_cpu_ns();
    growth_run(core, EDDY_FUTURE(rounds, .result = &self->sum));
    self->cpu_ns = growth_cpu_ns() - self->cpu_ns;
    self->wall_ns = growth_wall_ns() - self->wall_ns;
    eddy_core_free(core);
    return NULL;
}

void growth_loops(uint32_t x)
{
    struct side *sides = growth_memory(x, sizeof *sides);
    double each = (double)ROUNDS * TASKS, cpu_ns = 0, wall_ns = 0;
    pthread_barrier_t together;

    pthread_barrier_init(&together, NULL, x);
    for (uint32_t i = 0; i < x; i++) {
        sides[i].together = &together;
        sides[i].cpu = i;
        growth_thread(&sides[i].thread, run_side, &sides[i]);
    }
    for (uint32_t i = 0; i < x; i++) {
        pthread_join(sides[i].thread, NULL);
        growth_check(sides[i].sum == growth_sum(TASKS) * ROUNDS, "what the tasks added");
        cpu_ns += (double)sides[i].cpu_ns;
        wall_ns = (double)sides[i].wall_ns > wall_ns ? (double)sides[i].wall_ns : wall_ns;
    }
    growth_print("loop_task", cpu_ns / (each * x), "ns");
    growth_print("loop_rate", each * x * 1000 / wall_ns, "M/s");
    pthread_barrier_destroy(&together);
    free(sides);
}
