/* SPDX-License-Identifier: MIT */
/*
 * sink_world.h - what the tests of sinks share: a sink that takes, flushes and fails as it is told to
 * and counts what happens to it, a stream that gives as it is told to, and futures whose result is
 * looked at while they run. Items are numbers, int64_t.
 */
#ifndef EDDY_TESTS_SINK_WORLD_H
#define EDDY_TESTS_SINK_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/loop.h"
#include "eddy/sink.h"
#include "eddy/sink_adapt.h"
#include "eddy/stream.h"
#include "reactor/core.h"

/* ---- a sink ---- */

enum { SLOW_MAX = 256 };

/* All zero: no room, and what is taken is flushed at once. */
struct slow {
    int64_t items[SLOW_MAX];
    size_t count;       /* taken */
    size_t room;        /* how many more it takes now */
    bool holds;         /* what it takes is flushed by slow_flush() alone */
    bool steady;        /* it costs no budget: nothing is left to chance */
    size_t flushed;     /* of `count` */
    eddy_result error;  /* of the next send, once */
    int sends, flushes; /* polls */
    int closes;         /* that came to their end */
    int dones;
    eddy_waiter sender, flusher;
};

struct slow_sink {
    eddy_sink sink;
    struct slow *state;
};

static const eddy_wait_type slow_send_wait = {.why = "test: room"};
static const eddy_wait_type slow_flush_wait = {.why = "test: flush"};

static struct slow *slow_of(eddy_sink *sink)
{
    return ((struct slow_sink *)(void *)sink)->state;
}

static inline eddy_result slow_start_send(eddy_sink *sink, eddy_task *task, const void *item)
{
    struct slow *self = slow_of(sink);
    eddy_result error = self->error;

    self->sends++;
    self->error = 0;
    if (error != 0)
        return error;
    if (self->room == 0)
        return eddy_waiter_park(&self->sender, task, &slow_send_wait);
    eddy_waiter_clear(&self->sender);
    if (!self->steady && !eddy__task_spend(task))
        return eddy__task_yield(task);
    self->room--;
    assert_true(self->count < SLOW_MAX);
    memcpy(&self->items[self->count++], item, sizeof self->items[0]);
    if (!self->holds)
        self->flushed = self->count;
    return 0;
}

static inline eddy_result slow_poll_flush(eddy_sink *sink, eddy_task *task)
{
    struct slow *self = slow_of(sink);

    self->flushes++;
    if (self->flushed < self->count)
        return eddy_waiter_park(&self->flusher, task, &slow_flush_wait);
    return 0;
}

static inline eddy_result slow_close(eddy_sink *sink, eddy_task *task)
{
    eddy_result result = slow_poll_flush(sink, task);

    slow_of(sink)->closes += result == 0;
    return result;
}

static inline void slow_done(eddy_future *frame)
{
    slow_of((eddy_sink *)(void *)frame)->dones++;
}

static const eddy_sink_type slow_type = {
    .base = {eddy_sink_no_future, slow_done, sizeof(struct slow_sink), "slow", NULL},
    .start_send = slow_start_send,
    .flush = slow_poll_flush,
    .close = slow_close,
};

static inline eddy_sink *slow_sink(eddy_core *core, struct slow *state)
{
    struct slow_sink sink = {
        .sink = {.frame = {.type = &slow_type.base}, .item_bytes = sizeof(int64_t)},
        .state = state,
    };

    return eddy_sink_box(eddy_core_handle(core), &sink.sink);
}

static inline void slow_allow(struct slow *self, size_t items)
{
    self->room += items;
    eddy_waiter_wake(&self->sender);
}

static inline void slow_flush(struct slow *self)
{
    self->flushed = self->count;
    eddy_waiter_wake(&self->flusher);
}

/* Just these numbers were taken. */
#define assert_taken(slow, ...)                                                                    \
    assert_numbers((slow)->items, (slow)->count, (const int64_t[]){__VA_ARGS__},                   \
                   sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static inline void assert_numbers(const int64_t *items, size_t count, const int64_t *expected,
                                  size_t expected_n)
{
    assert_int_equal(count, expected_n);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(items[i], expected[i]);
}

/* ---- a stream ---- */

/* Gives first, first + 1 ... up to and without `end`, as many as it is allowed to. */
struct numbers {
    int64_t first, end;
    size_t allowed;    /* how many more it gives now */
    eddy_result error; /* told once, before the next number */
    bool steady;       /* it costs no budget */
    int polls, dones;
    eddy_waiter waiter;
};

struct numbers_stream {
    eddy_stream stream;
    struct numbers *state;
};

static const eddy_wait_type numbers_wait = {.why = "test: a number"};

static inline eddy_result numbers_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct numbers *self = ((struct numbers_stream *)(void *)stream)->state;
    eddy_result error = self->error;

    self->polls++;
    self->error = 0;
    if (error != 0)
        return error;
    if (self->first == self->end)
        return 0;
    if (self->allowed == 0)
        return eddy_waiter_park(&self->waiter, task, &numbers_wait);
    eddy_waiter_clear(&self->waiter);
    if (!self->steady && !eddy__task_spend(task))
        return eddy__task_yield(task);
    self->allowed--;
    memcpy(item, &self->first, sizeof self->first);
    self->first++;
    return 1;
}

static inline void numbers_done(eddy_future *frame)
{
    ((struct numbers_stream *)(void *)frame)->state->dones++;
}

static const eddy_stream_type numbers_type = {
    .base = {eddy_stream_no_future, numbers_done, sizeof(struct numbers_stream), "numbers", NULL},
    .poll_next = numbers_next,
};

static inline eddy_stream *numbers_stream(eddy_core *core, struct numbers *state)
{
    struct numbers_stream stream = {
        .stream = {.frame = {.type = &numbers_type.base}, .item_bytes = sizeof(int64_t)},
        .state = state,
    };

    return eddy_stream_box(eddy_core_handle(core), &stream.stream);
}

static inline void numbers_allow(struct numbers *self, size_t count)
{
    self->allowed += count;
    eddy_waiter_wake(&self->waiter);
}

/* ---- futures that are looked at ---- */

/* Runs a boxed future as a task of its own; *result is EDDY_PENDING until its end. */
struct looked_at {
    EDDY_FRAME;
    eddy_future *inner;
    eddy_result *result;
    int *polls;
    bool begun;
};

static inline eddy_result looked_at_poll(eddy_future *frame, eddy_task *task)
{
    struct looked_at *self = (struct looked_at *)(void *)frame;

    self->begun = true;
    if (self->polls != NULL)
        ++*self->polls;
    *self->result = eddy_future_poll_child(frame, self->inner, task);
    return *self->result == EDDY_PENDING ? EDDY_PENDING : 0;
}

static inline void looked_at_done(eddy_future *frame)
{
    struct looked_at *self = (struct looked_at *)(void *)frame;

    if (!self->begun)
        eddy_future_drop(self->inner);
}

static const eddy_type looked_at_type = {looked_at_poll, looked_at_done, sizeof(struct looked_at),
                                         "looked_at", NULL};

static inline eddy_join *look_at(eddy_core *core, eddy_future *future, eddy_result *result)
{
    *result = EDDY_PENDING;
    return test_spawn_join(core, looked_at, .inner = future, .result = result);
}

/* The same to its end, which needs no help. */
static inline eddy_result run_now(eddy_core *core, eddy_future *future)
{
    return eddy_core_run(core, future);
}

static inline eddy_result send_now(eddy_core *core, eddy_sink *sink, int64_t item)
{
    return run_now(core, eddy_sink_send(sink, &item));
}

#endif
