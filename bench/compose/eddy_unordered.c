/* SPDX-License-Identifier: MIT */
/*
 * eddy_unordered.c - a set of a hundred thousand futures: all pushed and taken again, and one of
 * them woken while the others wait.
 */
#include <eddy/futures.h>
#include <stdlib.h>

#include "eddy.h"

enum { MANY = 100000, STRIDE = 7919 };

static void push(eddy_stream *set, eddy_future *future, uint64_t key)
{
    measure_check(eddy_futures_push(set, future, key) == 0, "push");
}

/* ---- push all, take all ---- */

struct push_and_take {
    EDDY_FRAME;
    uint64_t times;
    uint64_t *sum;
    eddy_stream *set;
    struct eddy_outcome outcome;
};
EDDY_ASYNC(push_and_take, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->set = eddy_futures_unordered(eddy_task_handle(task));
        for (; self->times > 0; self->times--) {
            for (uint64_t i = 0; i < MANY; i++)
                push(self->set, eddy_box(eddy_task_handle(task), EDDY_FUTURE(tick, .value = 1)), i);
            for (;;) {
                EDDY_NEXT(n, self->set, &self->outcome);
                if (n <= 0)
                    break;
                *self->sum += self->outcome.key * (uint64_t)self->outcome.result;
            }
        }
        EDDY_END(0);
}

static uint64_t run_100k(void *core, uint64_t count)
{
    uint64_t times = count / MANY + 1;
    uint64_t sum = 0;

    run_one(core, EDDY_FUTURE(push_and_take, .times = times, .sum = &sum));
    measure_check(sum == times * measure_sum(MANY), "sum of what was taken");
    return times * MANY;
}

/* ---- one of many is woken ---- */

/* Counts how often it was woken, and never ends. */
struct counter {
    EDDY_FRAME;
    struct gate *gate;
    uint64_t *started, *sum;
};
EDDY_ASYNC(counter, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        ++*self->started;
        for (;;) {
            EDDY_POLL(n, gate_poll(self->gate, task));
            ++*self->sum;
        }
        EDDY_END(n);
}

struct wake_one {
    EDDY_FRAME;
    struct gate *gates;
    uint64_t count;
    uint64_t started, sum;
    eddy_stream *set;
};

static void push_counters(struct wake_one *self, eddy_handle *handle)
{
    self->set = eddy_futures_unordered(handle);
    for (uint64_t i = 0; i < MANY; i++)
        push(self->set,
             eddy_box(handle, EDDY_FUTURE(counter, .gate = &self->gates[i],
                                          .started = &self->started, .sum = &self->sum)),
             i);
}

static void poll_pending(eddy_stream *set, eddy_task *task)
{
    struct eddy_outcome outcome;

    measure_check(eddy_stream_poll_next(set, task, &outcome) == EDDY_PENDING, "all of them wait");
}

EDDY_ASYNC(wake_one, eddy_nothing)
{
    EDDY_BEGIN
        push_counters(self, eddy_task_handle(task));
        do {
            poll_pending(self->set, task);
            EDDY_YIELD();
        } while (self->started < MANY);
        measure_begin();
        for (uint64_t i = 0; i < self->count; i++) {
            gate_open(&self->gates[i * STRIDE % MANY]);
            poll_pending(self->set, task);
        }
        measure_end();
        eddy_stream_drop(self->set, task);
        EDDY_END((eddy_result)self->sum);
}

static uint64_t run_wake_one(void *core, uint64_t count)
{
    struct gate *gates = calloc(MANY, sizeof *gates);
    eddy_result sum;

    measure_check(gates != NULL, "memory");
    sum = eddy_core_run(core, EDDY_FUTURE(wake_one, .gates = gates, .count = count));
    measure_check((uint64_t)sum == count, "times one was woken");
    free(gates);
    return count;
}

const measure eddy_unordered[] = {
    {"unordered_100k", run_100k, false},
    {"unordered_wake", run_wake_one, false},
    {NULL, NULL, false},
};
