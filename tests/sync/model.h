/* SPDX-License-Identifier: MIT */
/*
 * model.h - the thread-safe objects in every interleaving of a few threads (model/atomic_model.h).
 * The code under test is compiled into the test with another mutex, other gates and other wakes in
 * it.
 *
 * The grain is the mutex: a section under one lock is one step, as nothing in it can be seen by
 * others before it is over; each wake and each wait for one is a step of its own. A "task" of a
 * scenario is a coroutine that polls, and when it has to wait either waits for its wake or drops.
 */
#ifndef EDDY_TEST_SYNC_MODEL_H
#define EDDY_TEST_SYNC_MODEL_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define EDDY__ATOMIC_MODEL "model/atomic_model.h"
#include "base/atomic.h"
#include "eddy/error.h"
#include "eddy/sync.h"
#include "reactor/core.h"
#include "sync/ask.h"
#include "sync/boxed.h"

/* ---- the mutex: taken in one step with what is done under it ---- */

static eddy__atomic_u64 *model_word(void *opaque)
{
    return opaque;
}

static void model_mutex_lock(eddy__mutex *self)
{
    eddy__atomic_u64 *word = model_word(self);

    if (model.inside) {
        model_fiber *fiber = &model.fibers[model.current];

        fiber->waits_for = &word->value;
        fiber->seen = 1;
        eddy__model_step(&word->value, true);
        fiber->waits_for = NULL;
    }
    eddy__model_check(word->value == 0, "two threads are under one lock");
    word->value = 1;
}

static void model_mutex_unlock(eddy__mutex *self)
{
    eddy__model_check(model_word(self)->value == 1, "unlocked twice");
    model_word(self)->value = 0;
}

static void model_mutex_init(eddy__mutex *self)
{
    memset(self, 0, sizeof *self);
}

static void model_mutex_deinit(eddy__mutex *self)
{
    eddy__model_check(model_word(self)->value == 0, "a mutex is freed while it is locked");
}

/* ---- threads that block ---- */

static void model_gate_init(eddy__gate *self)
{
    memset(self, 0, sizeof *self);
}

static void model_gate_open(eddy__gate *self)
{
    eddy__atomic_store(model_word(self), 1, memory_order_seq_cst);
}

static void model_gate_wait(eddy__gate *self)
{
    eddy__atomic_pause_while(model_word(self), 0);
}

static void model_gate_deinit(eddy__gate *self)
{
    eddy__model_check(model_word(self)->value == 1, "a thread goes on before it is woken");
    model_word(self)->value = 2; /* a wake after this one would be found */
}

/* ---- tasks ---- */

enum { MODEL_TASKS = MODEL_THREADS };

static struct model_task {
    eddy_core core;
    eddy_task task;
    eddy__atomic_u64 woken;
    int wakers; /* out */
} model_tasks[MODEL_TASKS];

static struct model_task *model_task_of(const eddy_task *task)
{
    return EDDY__CONTAINER((uintptr_t)task, struct model_task, task);
}

static int model_task_waker(eddy_task *task, eddy_waker *waker)
{
    struct model_task *self = model_task_of(task);

    self->wakers++;
    *waker = (eddy_waker){self->core.inbox, task->branch->waker_slot, 1};
    return 0;
}

static bool model_waker_wake(const eddy_waker *waker)
{
    eddy__atomic_store(&model_tasks[waker->slot - 1].woken, 1, memory_order_seq_cst);
    return true;
}

static void model_waker_release(eddy_waker *waker)
{
    if (waker->inbox != NULL)
        model_tasks[waker->slot - 1].wakers--;
    *waker = (eddy_waker){0};
}

static eddy_result model_waiter_park(eddy_waiter *waiter, eddy_task *task,
                                     const eddy_wait_type *type)
{
    waiter->branch = task->branch;
    waiter->type = type;
    return EDDY_PENDING;
}

static void model_waiter_clear(eddy_waiter *waiter)
{
    waiter->branch = NULL;
}

#define eddy__mutex_init   model_mutex_init
#define eddy__mutex_deinit model_mutex_deinit
#define eddy__mutex_lock   model_mutex_lock
#define eddy__mutex_unlock model_mutex_unlock
#define eddy__gate_init    model_gate_init
#define eddy__gate_deinit  model_gate_deinit
#define eddy__gate_open    model_gate_open
#define eddy__gate_wait    model_gate_wait
#define eddy_task_waker    model_task_waker
#define eddy_waker_wake    model_waker_wake
#define eddy_waker_release model_waker_release
#define eddy_waiter_park   model_waiter_park
#define eddy_waiter_clear  model_waiter_clear
#define eddy__waiter_park  model_waiter_park
#define eddy__waiter_clear model_waiter_clear
#define eddy__sync_lock    model_sync_lock
#define eddy__sync_unlock  model_sync_unlock

static inline void model_sync_lock(eddy__sync *self)
{
    model_mutex_lock(&self->shared->mutex);
}

static inline void model_sync_unlock(eddy__sync *self)
{
    model_mutex_unlock(&self->shared->mutex);
}

#define EDDY__SYNC_BATCH 1 /* so that two are woken in two rounds */
#include "sync/ask.c"      /* NOLINT(bugprone-suspicious-include) */
#include "sync/object.c"   /* NOLINT(bugprone-suspicious-include) */
#include "sync/queue.c"    /* NOLINT(bugprone-suspicious-include) */

/* ---- what scenarios are made of ---- */

static int model_blocks; /* of memory that are out */

/* Ends the program without memory: what a scenario is made of is missing, and a coroutine may not
 * jump out. */
static void *model_alloc(size_t size, void *arg)
{
    void *memory = malloc(size);

    (void)arg;
    if (!memory) {
        fputs("out of memory: no interleaving can be judged\n", stderr);
        exit(EXIT_FAILURE);
    }
    model_blocks++;
    return memory;
}

static void model_free(void *memory, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    model_blocks--;
    free(memory);
}

static const eddy_allocator model_allocator = {model_alloc, model_free, NULL};

static void model_tasks_begin(void)
{
    memset(model_tasks, 0, sizeof model_tasks);
    model_blocks = 0;
    for (uint32_t i = 0; i < MODEL_TASKS; i++) {
        struct model_task *self = &model_tasks[i];

        self->core.inbox = (eddy__inbox *)(void *)self; /* not looked into */
        self->task.core = &self->core;
        self->task.branch = &self->task.trunk;
        self->task.budget = 1000;
        self->task.trunk.waker_slot = i + 1;
        self->task.trunk.waker_generation = 1;
    }
}

/* Wait for the wake of this thread's task. */
static void model_sleep(void)
{
    eddy__atomic_u64 *woken = &model_tasks[model.current].woken;

    eddy__atomic_pause_while(woken, 0);
    eddy__atomic_store(woken, 0, memory_order_seq_cst);
}

static eddy_task *model_current(void)
{
    return &model_tasks[model.current].task;
}

/* Poll until it is no longer pending. */
#define MODEL_AWAIT(result, poll)                                                                  \
    while (((result) = (poll)) == EDDY_PENDING)                                                    \
    model_sleep()

/* The future that polled with this ticket is dropped. */
static inline void model_drop(eddy_ticket *ticket)
{
    if (ticket->waiter.branch == NULL)
        return;
    ticket->waiter.branch = NULL;
    ticket->waiter.type->disarm(&ticket->waiter);
}

/* Called by each `check` when all objects are freed. */
static void model_check_clean(void)
{
    eddy__model_check(model_blocks == 0, "memory is left");
    for (int i = 0; i < MODEL_TASKS; i++)
        eddy__model_check(model_tasks[i].wakers == 0, "a waker is left, or was released twice");
}

static void model_claim(const model_scenario *scenario)
{
    const char *broken = model_explore(scenario);

    if (broken != NULL)
        fail_msg("%s: %s", scenario->name, broken);
}

#define CLAIM(claim, set_up, check, ...)                                                           \
    static void claim(void **state)                                                                \
    {                                                                                              \
        const model_scenario scenario = {#claim, set_up, {__VA_ARGS__}, check};                    \
                                                                                                   \
        (void)state;                                                                               \
        model_claim(&scenario);                                                                    \
    }

#endif
