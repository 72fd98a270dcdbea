/* SPDX-License-Identifier: MIT */
/*
 * eddy_tasks.c - tasks: what it costs to spawn, to wake and to resume one.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "eddy.h"

/* ---- spawn ---- */

struct adder {
    EDDY_FRAME;
    uint64_t value;
    struct total *total;
};
EDDY_ASYNC(adder, eddy_nothing)
{
    EDDY_BEGIN
        total_add(self->total, self->value);
        EDDY_END(0);
}

struct spawn {
    EDDY_FRAME;
    uint64_t count, done;
    struct total *total;
};
EDDY_ASYNC(spawn, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->done < self->count) {
            self->total->left = BATCH;
            for (int i = 0; i < BATCH; i++) {
                n = eddy_spawn(eddy_task_handle(task),
                               EDDY_FUTURE(adder, .value = self->done++, .total = self->total));
                measure_check(n == 0, "spawn");
            }
            EDDY_POLL(n, gate_poll(&self->total->all, task));
        }
        EDDY_END(0);
}

static uint64_t run_spawn(void *core, uint64_t count)
{
    struct total total = {.sum = 0};
    uint64_t done = (count / BATCH + 1) * BATCH;

    run_one(core, EDDY_FUTURE(spawn, .count = done, .total = &total));
    measure_check(total.sum == measure_sum(done), "sum of what the tasks added");
    return done;
}

struct value {
    EDDY_FRAME;
    uint64_t value;
};
EDDY_ASYNC(value, eddy_nothing)
{
    EDDY_BEGIN
        EDDY_END((eddy_result)self->value);
}

struct spawn_join {
    EDDY_FRAME;
    uint64_t count, done;
    uint64_t *sum;
    eddy_join *joins[BATCH];
    int at;
};
EDDY_ASYNC(spawn_join, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->done < self->count) {
            for (int i = 0; i < BATCH; i++) {
                n = eddy_spawn_joinable(eddy_task_handle(task),
                                        EDDY_FUTURE(value, .value = self->done++), &self->joins[i]);
                measure_check(n == 0, "spawn");
            }
            for (self->at = 0; self->at < BATCH; self->at++) {
                EDDY_POLL(n, eddy_join_poll(self->joins[self->at], task));
                *self->sum += (uint64_t)n;
                eddy_join_free(self->joins[self->at]);
            }
        }
        EDDY_END(0);
}

static uint64_t run_spawn_join(void *core, uint64_t count)
{
    uint64_t sum = 0;
    uint64_t done = (count / BATCH + 1) * BATCH;

    run_one(core, EDDY_FUTURE(spawn_join, .count = done, .sum = &sum));
    measure_check(sum == measure_sum(done), "sum of what the tasks returned");
    return done;
}

/* ---- wake ---- */

struct sleeper {
    EDDY_FRAME;
    struct gate *gate;
    uint64_t times;
    uint64_t *sum;
};
EDDY_ASYNC(sleeper, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->times > 0; self->times--) {
            EDDY_POLL(n, gate_poll(self->gate, task));
            ++*self->sum;
        }
        EDDY_END(0);
}

static void spawn_sleeper(eddy_handle *handle, struct gate *gate, uint64_t times, uint64_t *sum)
{
    int error = eddy_spawn(handle, EDDY_FUTURE(sleeper, .gate = gate, .times = times, .sum = sum));

    measure_check(error == 0, "spawn");
}

struct wake {
    EDDY_FRAME;
    struct gate *gates;
    uint64_t times, round;
    uint64_t sum;
};
EDDY_ASYNC(wake, eddy_nothing)
{
    EDDY_BEGIN
        for (int i = 0; i < BATCH; i++)
            spawn_sleeper(eddy_task_handle(task), &self->gates[i], self->times, &self->sum);
        while (self->round++ < self->times) {
            for (int i = 0; i < BATCH; i++)
                gate_open(&self->gates[i]);
            while (self->sum < self->round * BATCH)
                EDDY_YIELD();
        }
        EDDY_END(0);
}

static uint64_t run_wake(void *core, uint64_t count)
{
    struct gate *gates = calloc(BATCH, sizeof *gates);
    uint64_t times = count / BATCH + 1;

    measure_check(gates != NULL, "memory");
    run_one(core, EDDY_FUTURE(wake, .gates = gates, .times = times));
    free(gates);
    return times * BATCH;
}

/* ---- wake from another thread ---- */

struct questions {
    eddy_waker waker;
    atomic_bool is_asked;
    sem_t answer;
    uint64_t count;
    pthread_t thread;
};

/* The thread wakes the task and sleeps until the task has answered. */
static void *ask(void *arg)
{
    struct questions *self = arg;

    for (uint64_t i = 0; i < self->count; i++) {
        atomic_store(&self->is_asked, true);
        eddy_waker_wake(&self->waker);
        sem_wait(&self->answer);
    }
    eddy_waker_release(&self->waker);
    return NULL;
}

static eddy_result poll_question(struct questions *self, eddy_task *task)
{
    if (atomic_exchange(&self->is_asked, false))
        return 0;
    return eddy_task_park(task, "question");
}

struct wake_thread {
    EDDY_FRAME;
    struct questions *questions;
    uint64_t answered;
};
EDDY_ASYNC(wake_thread, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        measure_check(eddy_task_waker(task, &self->questions->waker) == 0, "waker");
        measure_check(pthread_create(&self->questions->thread, NULL, ask, self->questions) == 0,
                      "thread");
        while (self->answered < self->questions->count) {
            EDDY_POLL(n, poll_question(self->questions, task));
            self->answered++;
            sem_post(&self->questions->answer);
        }
        EDDY_END(0);
}

static uint64_t run_wake_thread(void *core, uint64_t count)
{
    struct questions questions = {.count = count};

    sem_init(&questions.answer, 0, 0);
    run_one(core, EDDY_FUTURE(wake_thread, .questions = &questions));
    pthread_join(questions.thread, NULL);
    sem_destroy(&questions.answer);
    return count;
}

/* ---- resume ---- */

struct depth_1 {
    EDDY_FRAME;
    uint64_t times, resumed;
    struct total *total;
};
EDDY_ASYNC(depth_1, eddy_nothing)
{
    EDDY_BEGIN
        while (self->resumed < self->times) {
            EDDY_YIELD();
            self->resumed++;
        }
        total_add(self->total, self->resumed);
        EDDY_END(0);
}

static struct depth_1 depth_1_new(uint64_t times, struct total *total)
{
    return EDDY_INIT(depth_1, .times = times, .total = total);
}

/* One async function that awaits another, which is a member of its frame. */
#define AROUND(name, inner)                                                                        \
    struct name {                                                                                  \
        EDDY_FRAME;                                                                                \
        struct inner child;                                                                        \
    };                                                                                             \
    EDDY_ASYNC(name, eddy_nothing)                                                                 \
    {                                                                                              \
        eddy_result n;                                                                             \
                                                                                                   \
        EDDY_BEGIN                                                                                 \
            EDDY_AWAIT(n, &self->child);                                                           \
            EDDY_END(n);                                                                           \
    }                                                                                              \
    static struct name name##_new(uint64_t times, struct total *total)                             \
    {                                                                                              \
        return EDDY_INIT(name, .child = inner##_new(times, total));                                \
    }

AROUND(depth_2, depth_1)
AROUND(depth_3, depth_2)
AROUND(depth_4, depth_3)
AROUND(depth_5, depth_4)
AROUND(depth_6, depth_5)
AROUND(depth_7, depth_6)
AROUND(depth_8, depth_7)

static eddy_future *make_depth_1(eddy_handle *handle, uint64_t times, struct total *total)
{
    struct depth_1 frame = depth_1_new(times, total);

    return eddy_box(handle, &frame.frame);
}

static eddy_future *make_depth_8(eddy_handle *handle, uint64_t times, struct total *total)
{
    struct depth_8 frame = depth_8_new(times, total);

    return eddy_box(handle, &frame.frame);
}

static uint64_t run_resume_1(void *core, uint64_t count)
{
    struct total total;
    uint64_t done = fan(core, count, make_depth_1, &total);

    measure_check(total.sum == done, "resumes");
    return done;
}

static uint64_t run_resume_8(void *core, uint64_t count)
{
    struct total total;
    uint64_t done = fan(core, count, make_depth_8, &total);

    measure_check(total.sum == done, "resumes");
    return done;
}

const measure eddy_tasks[] = {
    {"spawn", run_spawn, false},
    {"spawn_join", run_spawn_join, false},
    {"wake", run_wake, false},
    {"wake_thread", run_wake_thread, false},
    {"resume_1", run_resume_1, false},
    {"resume_8", run_resume_8, false},
    {NULL, NULL, false},
};
