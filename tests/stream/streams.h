/* SPDX-License-Identifier: MIT */
/*
 * streams.h - what the tests of streams share: a stream that follows a script, items that own
 * something, and a future that takes a stream to its end and writes down what it got.
 *
 * Time is virtual (support/clock.h): a script waits by sleeping.
 */
#ifndef EDDY_TEST_STREAMS_H
#define EDDY_TEST_STREAMS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/clock.h"
#include "../support/death.h"
#include "../support/drop.h"
#include "../support/heap.h"
#include "../support/loop.h"
#include "eddy/stream_adapt.h"
#include "eddy/stream_collect.h"
#include "eddy/stream_combine.h"
#include "eddy/stream_function.h"
#include "eddy/stream_source.h"
#include "eddy/stream_time.h"

enum { ITEMS_MAX = 256, GOT_MAX = 64, END = 0, WAITS = 1000000 };

/* In a script: sleep so many milliseconds before what follows. */
#define WAIT(ms) (WAITS + (ms))

/* An item that has to be released exactly once. */
struct item {
    int64_t value;
    struct world *world;
    uint32_t serial;
};

struct world {
    eddy_core *core;
    struct test_clock *clock;
    uint8_t gone[ITEMS_MAX]; /* how often each item was released: once, at the end */
    uint32_t items;          /* how many were made */
    int scripts, polls, dones;
    int owed, released; /* by eddy_stream_finally() and eddy_finally() */
    int futures, futures_done;
    int64_t got[GOT_MAX]; /* values of items, and errors, as they came; then END */
    size_t count;
    eddy_stream *place;       /* of eddy_stream_from_future() */
    struct item collected[2]; /* of a collect that is too large */
};

static inline struct item item_new(struct world *world, int64_t value)
{
    assert_true(world->items < ITEMS_MAX);
    return (struct item){value, world, world->items++};
}

/* Release it; its value. */
static inline int64_t item_take(const void *bytes)
{
    const struct item *item = bytes;

    item->world->gone[item->serial]++;
    return item->value;
}

static inline void item_drop(void *bytes)
{
    (void)item_take(bytes);
}

static inline eddy_handle *handle_of(const struct world *world)
{
    return eddy_core_handle(world->core);
}

static inline eddy_future *box(const struct world *world, eddy_future *future)
{
    return eddy_box(handle_of(world), future);
}

/* ---- a stream by script ---- */

struct script {
    EDDY_STREAM_FRAME;
    struct world *world;
    const int64_t *at; /* > 0: an item; < 0: an error; WAIT(ms); 0: the end */
    eddy_sleep sleep;
};

static void script_done(struct script *self)
{
    self->world->dones++;
}

EDDY_STREAM(script, struct item, script_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (; *self->at != END; self->at++) {
            self->world->polls++;
            if (*self->at >= WAITS) {
                eddy_sleep_start(&self->sleep, task, (*self->at - WAITS) * EDDY_MILLISECOND);
                EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
                if (n < 0)
                    EDDY_EMIT_ERROR(n);
            } else if (*self->at < 0) {
                EDDY_EMIT_ERROR(*self->at);
            } else {
                *item = item_new(self->world, *self->at);
                EDDY_EMIT();
            }
        }
        EDDY_END(0);
}

/* The items own something, and are said to. */
static inline eddy_stream *script_new(struct world *world, const int64_t *entries)
{
    world->scripts++;
    return eddy_stream_owning(
        EDDY_STREAM_NEW(handle_of(world), script, .world = world, .at = entries), item_drop);
}

/* SCRIPT(&world, 1, WAIT(2), -EIO, 2): the end comes by itself. For the block it stands in. */
#define SCRIPT(world, ...) script_new((world), (const int64_t[]){__VA_ARGS__, END})

/* ---- a future that takes all ---- */

struct taker {
    EDDY_FRAME;
    struct world *world;
    eddy_stream *stream; /* taken over */
    int64_t (*value)(const void *item);
    _Alignas(16) unsigned char item[64];
};

static inline void note(struct world *world, int64_t value)
{
    assert_true(world->count + 1 < GOT_MAX);
    world->got[world->count++] = value;
    world->got[world->count] = END;
}

static void taker_done(struct taker *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_stream_drop(self->stream, NULL);
}

/* Goes on after errors, but for those of a stream that could not be made. */
EDDY_ASYNC(taker, taker_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_future_adopt(&self->frame, &self->stream->frame);
        assert_true(self->stream->item_bytes <= sizeof self->item || self->stream->item_bytes == 0);
        do {
            EDDY_NEXT(n, self->stream, self->item);
            if (n != 0)
                note(self->world, n < 0 ? n : self->value(self->item));
        } while (n != 0 && !(n < 0 && eddy_stream_is_done(self->stream)));
        EDDY_END(0);
}

/* The future that takes all struct items of the stream. */
static inline eddy_future *take_all(struct world *world, eddy_stream *stream)
{
    return box(world, EDDY_FUTURE(taker, .world = world, .stream = stream, .value = item_take));
}

/* The same of items of another kind. */
static inline eddy_future *take_all_by(struct world *world, eddy_stream *stream,
                                       int64_t (*value)(const void *item))
{
    return box(world, EDDY_FUTURE(taker, .world = world, .stream = stream, .value = value));
}

/* ---- the world ---- */

static inline void world_begin_on(struct world *self, eddy_core *core)
{
    *self = (struct world){.core = core, .clock = test_clock_take(core, 0)};
}

static inline void world_begin(struct world *self)
{
    *self = (struct world){0};
    self->core = test_clock_core(&self->clock);
}

/* All that was made is gone, and once. */
static inline void world_check(const struct world *self)
{
    assert_int_equal(self->dones, self->scripts);
    assert_int_equal(self->futures_done, self->futures);
    assert_int_equal(self->released, self->owed);
    for (uint32_t i = 0; i < self->items; i++)
        assert_int_equal(self->gone[i], 1);
}

static inline void world_end(struct world *self)
{
    world_check(self);
    assert_int_equal(test_stats(self->core).tasks_live, 0);
    assert_int_equal(test_stats(self->core).timers_live, 0);
    test_core_end(self->core);
}

static inline void check_got(const struct world *self, const int64_t *expected)
{
    for (size_t i = 0; i < self->count; i++)
        assert_int_equal(self->got[i], expected[i]);
    assert_int_equal(expected[self->count], END);
}

/* Take all of the stream; its items and errors must be these. GIVES(&world, stream, 1, -EIO, 2) */
#define GIVES(world, stream, ...) GIVES_BY(world, stream, item_take, __VA_ARGS__)
#define GIVES_BY(world, stream, value, ...)                                                        \
    gives((world), take_all_by((world), (stream), (value)), (const int64_t[]){__VA_ARGS__, END})

static inline void gives(struct world *self, eddy_future *taker, const int64_t *expected)
{
    self->count = 0;
    self->got[0] = END;
    assert_int_equal(eddy_core_run(self->core, taker), 0);
    check_got(self, expected);
}

/* The value of an item that is an int64_t. */
static inline int64_t plain(const void *item)
{
    int64_t value;

    memcpy(&value, item, sizeof value);
    return value;
}

/* Numbers from 1 to count, as int64_t. */
static inline eddy_stream *numbers(struct world *world, size_t count)
{
    static const int64_t all[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

    return eddy_stream_array(handle_of(world), all, count, sizeof all[0]);
}

/* A stream that could not be made: of more items than fit into any memory. */
static inline eddy_stream *failed_stream(struct world *world)
{
    return eddy_stream_chunks(numbers(world, 1), SIZE_MAX);
}

/* A future that sleeps a while, then ends with a value; counted. */
struct later {
    EDDY_FRAME;
    struct world *world;
    int64_t sleep_ms;
    eddy_result value;
    eddy_sleep sleep;
};

static void later_done(struct later *self)
{
    self->world->futures_done++;
}

EDDY_ASYNC(later, later_done)
{
    eddy_result n;

    EDDY_BEGIN
        if (self->sleep_ms > 0) {
            eddy_sleep_start(&self->sleep, task, self->sleep_ms * EDDY_MILLISECOND);
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            if (n < 0)
                EDDY_RETURN(n);
        }
        EDDY_END(self->value);
}

static inline eddy_future *later(struct world *world, int64_t sleep_ms, eddy_result value)
{
    world->futures++;
    return box(world, EDDY_FUTURE(later, .world = world, .sleep_ms = sleep_ms, .value = value));
}

#endif
