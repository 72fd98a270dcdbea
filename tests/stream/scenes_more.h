/* SPDX-License-Identifier: MIT */
/*
 * scenes_more.h - the rest of the scenes, see scenes.h, and the list of all.
 */
#ifndef EDDY_TEST_SCENES_MORE_H
#define EDDY_TEST_SCENES_MORE_H

#include "scenes.h"

/* ---- adaptors that hold items ---- */

/* Looks at each item before it takes it, and waits in between. */
struct peeker {
    EDDY_FRAME;
    struct world *world;
    eddy_stream *stream;
    const void *seen;
    struct item item;
    eddy_sleep sleep;
};

static inline void peeker_done(struct peeker *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_stream_drop(self->stream, NULL);
}

EDDY_ASYNC(peeker, peeker_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_future_adopt(&self->frame, &self->stream->frame);
        do {
            EDDY_POLL(n, eddy_stream_poll_peek(self->stream, task, &self->seen));
            if (n < 0)
                note(self->world, n);
            if (n < 0 && eddy_stream_is_done(self->stream))
                EDDY_RETURN(0);
            eddy_sleep_start(&self->sleep, task, EDDY_MILLISECOND);
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            EDDY_NEXT(n, self->stream, &self->item);
            if (n != 0)
                note(self->world, n < 0 ? n : item_take(&self->item));
        } while (n != 0);
        EDDY_END(0);
}

static inline eddy_future *scene_peekable(struct world *world)
{
    return box(world,
               EDDY_FUTURE(peeker, .world = world, .stream = eddy_stream_peekable(usual(world))));
}

static inline int64_t take_chunk(const void *bytes)
{
    const eddy_chunk *chunk = bytes;
    const struct item *items = chunk->items;
    int64_t digits = 0;

    for (size_t i = 0; i < chunk->count; i++)
        digits = 10 * digits + item_take(&items[i]);
    return digits;
}

static inline eddy_future *scene_chunks(struct world *world)
{
    return take_all_by(world, eddy_stream_chunks(usual(world), 3), take_chunk);
}

static inline eddy_future *scene_chunks_timeout(struct world *world)
{
    static const int64_t script[] = {1, 2, WAIT(12), 3, 4, 5, WAIT(1), 6, -EIO, 7, END};

    return take_all_by(
        world, eddy_stream_chunks_timeout(script_new(world, script), 3, 4 * EDDY_MILLISECOND),
        take_chunk);
}

struct pair {
    struct item left, right;
};

static inline int64_t take_pair(const void *bytes)
{
    const struct pair *pair = bytes;

    return 10 * item_take(&pair->left) + item_take(&pair->right);
}

static inline eddy_future *scene_zip(struct world *world)
{
    return take_all_by(world, EDDY_ZIP(usual(world), other(world), struct pair, right), take_pair);
}

static inline eddy_future *scene_zip_holding_right(struct world *world)
{
    return take_all_by(world, EDDY_ZIP(other(world), usual(world), struct pair, right), take_pair);
}

/* ---- of several streams ---- */

static inline eddy_future *scene_chain(struct world *world)
{
    return take_all(world, eddy_stream_chain(usual(world), other(world)));
}

/* The times differ, so that the order is known. */
static inline eddy_future *scene_select(struct world *world)
{
    static const int64_t a[] = {WAIT(20), 1, WAIT(40), -EIO, END};
    static const int64_t b[] = {WAIT(40), 2, WAIT(40), 3, END};

    return take_all(world,
                    eddy_stream_select(EDDY_STREAMS(script_new(world, a), script_new(world, b),
                                                    eddy_stream_empty(handle_of(world), ITEM))));
}

static inline int make_stream(void *arg, const void *item, void *out)
{
    eddy_stream *made = item_take(item) % 2 == 0 ? usual(arg) : other(arg);

    memcpy(out, &made, sizeof made);
    return 1;
}

static inline eddy_future *scene_flatten(struct world *world)
{
    static const int64_t script[] = {2, WAIT(1), 1, END};

    return take_all(world,
                    eddy_stream_flatten(eddy_stream_map(script_new(world, script),
                                                        sizeof(eddy_stream *), make_stream, world),
                                        ITEM));
}

/* ---- time ---- */

static inline eddy_future *scene_timeout(struct world *world)
{
    static const int64_t script[] = {1, WAIT(15), 2, WAIT(5), 3, END};

    return take_all(world, eddy_stream_timeout(script_new(world, script), 10 * EDDY_MILLISECOND));
}

static inline eddy_future *scene_throttle(struct world *world)
{
    return take_all(world, eddy_stream_throttle(usual(world), 2 * EDDY_MILLISECOND));
}

/* ---- futures ---- */

static inline eddy_stream *without_error(struct world *world)
{
    return eddy_stream_take(usual(world), 3);
}

static inline eddy_future *scene_for_each(struct world *world)
{
    return eddy_stream_for_each(without_error(world), note_now, world);
}

static inline eddy_future *scene_for_each_async(struct world *world)
{
    return eddy_stream_for_each_async(without_error(world), note_later, world);
}

static inline eddy_future *scene_fold(struct world *world)
{
    return eddy_stream_fold(without_error(world), 10, sum, NULL);
}

static inline eddy_future *scene_fold_async(struct world *world)
{
    return eddy_stream_fold_async(without_error(world), 10, sum_later, world);
}

/* What is collected is the caller's only in the end: here it is too much, and dropped. */
static inline eddy_future *scene_collect(struct world *world)
{
    return eddy_stream_collect(usual(world), world->collected, 2);
}

/* A byte that belongs to an item: the count of its releases, which is 0 as yet. */
static inline int byte_of(void *arg, const void *item, void *out)
{
    struct world *world = arg;
    uint32_t serial = item_new(world, item_take(item)).serial;

    *(eddy_bytes *)out = (eddy_bytes){&world->gone[serial], 1};
    return 1;
}

static inline void drop_byte(void *item)
{
    uint8_t *gone = (uint8_t *)(uintptr_t)((const eddy_bytes *)item)->data;

    ++*gone;
}

static inline eddy_future *scene_concat(struct world *world)
{
    eddy_stream *bytes = eddy_stream_map(without_error(world), sizeof(eddy_bytes), byte_of, world);

    return eddy_stream_concat(eddy_stream_owning(bytes, drop_byte), world->collected, 3);
}

static inline eddy_future *scene_count(struct world *world)
{
    return eddy_stream_count(without_error(world));
}

static inline eddy_future *scene_last(struct world *world)
{
    return eddy_stream_last(usual(world), world->collected);
}

/* Takes all, each item by a future of its own. */
struct asker {
    EDDY_FRAME;
    struct world *world;
    eddy_stream *stream;
    struct item item;
    eddy_future *next;
};

static inline void asker_done(struct asker *self)
{
    eddy_stream_drop(self->stream, NULL);
}

EDDY_ASYNC(asker, asker_done)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            self->next = eddy_stream_next(eddy_task_handle(task), self->stream, &self->item);
            EDDY_AWAIT_FUTURE(n, self->next);
            if (n != 0)
                note(self->world, n < 0 ? n : item_take(&self->item));
        } while (n != 0 && !eddy_stream_is_done(self->stream));
        EDDY_END(0);
}

static inline eddy_future *scene_next(struct world *world)
{
    return box(world, EDDY_FUTURE(asker, .world = world, .stream = usual(world)));
}

static const struct scene scenes[] = {
    {"array", scene_array, {1, 2, 3}, 0},
    {"repeat", scene_repeat, {7, 7, 7}, 0},
    {"once", scene_once, {7}, 0},
    {"unfold", scene_unfold, {11, 12, 13}, 0},
    {"poll_fn", scene_poll_fn, {1, -EIO, 3}, 0},
    {"empty", scene_empty, {END}, 0},
    {"from_future", scene_from_future, {1, 2, 3, -EIO, 4}, 0},
    {"stream function", scene_function, {1, 2, 3, -EIO, 4}, 0},
    {"map", scene_map, {11, 12, 13, -EIO, 14}, 0},
    {"map_err and inspect_err", scene_errors, {1, 2, 3, -ENOENT, 4}, 0},
    {"inspect", scene_inspect, {1, 2, 3, -EIO, 4}, 0},
    {"then", scene_then, {11, 12, 13, 10 + EIO, 14}, 0},
    {"and_then", scene_and_then, {11, 12, 13, -EIO, 14}, 0},
    {"or_else", scene_or_else, {1, 2, 3, 10 + EIO, 4}, 0},
    {"finally", scene_finally, {1, 2, 3, -EIO, 4}, 0},
    {"filter", scene_filter, {2, -EIO, 4}, 0},
    {"filter_map", scene_filter_map, {12, -EIO, 14}, 0},
    {"skip", scene_skip, {3, -EIO, 4}, 0},
    {"take", scene_take, {1, 2, 3}, 0},
    {"skip_while", scene_skip_while, {3, -EIO, 4}, 0},
    {"take_while", scene_take_while, {1, 2}, 0},
    {"skip_while_async", scene_skip_while_async, {3, -EIO, 4}, 0},
    {"take_while_async", scene_take_while_async, {1, 2}, 0},
    {"peekable", scene_peekable, {1, 2, 3, -EIO, 4}, 0},
    {"chunks", scene_chunks, {123, -EIO, 4}, 0},
    {"chunks_timeout", scene_chunks_timeout, {12, 345, 6, -EIO, 7}, 0},
    {"zip", scene_zip, {15, 26, 37, -EIO, 48}, 0},
    {"zip the other way round", scene_zip_holding_right, {51, 62, 73, -EIO, 84}, 0},
    {"chain", scene_chain, {1, 2, 3, -EIO, 4, 5, 6, 7, 8}, 0},
    {"select", scene_select, {1, 2, -EIO, 3}, 0},
    {"flatten", scene_flatten, {1, 2, 3, -EIO, 4, 5, 6, 7, 8}, 0},
    {"timeout", scene_timeout, {1, -ETIMEDOUT, 2, 3}, 0},
    {"throttle", scene_throttle, {1, 2, 3, -EIO, 4}, 0},
    {"for_each", scene_for_each, {1, 2, 3}, 3},
    {"for_each_async", scene_for_each_async, {1, 2, 3}, 3},
    {"fold", scene_fold, {END}, 16},
    {"fold_async", scene_fold_async, {END}, 16},
    {"collect", scene_collect, {END}, -EMSGSIZE},
    {"concat", scene_concat, {END}, 3},
    {"count", scene_count, {END}, 3},
    {"last", scene_last, {END}, -EIO},
    {"next", scene_next, {1, 2, 3, -EIO, 4}, 0},
};

enum { SCENES = sizeof scenes / sizeof scenes[0] };

/* One test for each scene, named after it. */
static inline int run_scenes(const char *group, CMUnitTestFunction test)
{
    struct CMUnitTest tests[SCENES];

    for (size_t i = 0; i < SCENES; i++)
        tests[i] = (struct CMUnitTest){.name = scenes[i].name,
                                       .test_func = test,
                                       .initial_state = (void *)(uintptr_t)&scenes[i]};
    return _cmocka_run_group_tests(group, tests, SCENES, NULL, NULL);
}

#endif
