/* SPDX-License-Identifier: MIT */
/*
 * scenes.h - one small scene for each source, adaptor and consumer: a future that takes all of a
 * stream, whose items own something, which waits now and then, and fails. The standard tests run each:
 * to its end, dropped at every moment, with each allocation failing, with the smallest budget.
 */
#ifndef EDDY_TEST_SCENES_H
#define EDDY_TEST_SCENES_H

#include "worker.h"

enum { ITEM = sizeof(struct item), SCENE_GOT = 10 };

struct scene {
    const char *name;
    eddy_future *(*begin)(struct world *world);
    int64_t got[SCENE_GOT]; /* in a run to the end; then END */
    eddy_result result;
};

/* What all of them take. */
static inline eddy_stream *usual(struct world *world)
{
    static const int64_t script[] = {1, 2, WAIT(3), 3, -EIO, WAIT(3), 4, END};

    return script_new(world, script);
}

static inline eddy_stream *other(struct world *world)
{
    static const int64_t script[] = {WAIT(1), 5, WAIT(5), 6, 7, 8, END};

    return script_new(world, script);
}

/* ---- callbacks: an item that is taken is released, and another one made ---- */

static inline int add_ten(void *arg, const void *item, void *out)
{
    *(struct item *)out = item_new(arg, 10 + item_take(item));
    return 1;
}

static inline int add_ten_to_even(void *arg, const void *item, void *out)
{
    int64_t value = item_take(item);

    if (value % 2 != 0)
        return 0;
    *(struct item *)out = item_new(arg, 10 + value);
    return 1;
}

static inline bool is_even(void *arg, const void *item)
{
    (void)arg;
    return ((const struct item *)item)->value % 2 == 0;
}

static inline bool is_below_three(void *arg, const void *item)
{
    (void)arg;
    return ((const struct item *)item)->value < 3;
}

static inline eddy_future *is_below_three_later(void *arg, eddy_handle *handle, const void *item)
{
    (void)handle;
    return later(arg, 1, is_below_three(NULL, item));
}

static inline void look(void *arg, const void *item)
{
    (void)arg;
    (void)item;
}

static inline void look_at_error(void *arg, eddy_result error)
{
    (void)arg;
    (void)error;
}

static inline eddy_result to_enoent(void *arg, eddy_result error)
{
    (void)arg;
    return error == -EIO ? -ENOENT : error;
}

static inline void release(void *arg)
{
    ((struct world *)arg)->released++;
}

static inline eddy_future *add_ten_to_any(void *arg, eddy_handle *handle, eddy_result n,
                                          const void *item, void *out)
{
    (void)handle;
    return work(arg, n > 0 ? *(const struct item *)item : item_new(arg, -n), 10, out);
}

static inline eddy_future *add_ten_to_error(void *arg, eddy_handle *handle, eddy_result error,
                                            void *out)
{
    (void)handle;
    return work(arg, item_new(arg, -error), 10, out);
}

static inline eddy_future *note_later(void *arg, eddy_handle *handle, const void *item)
{
    (void)handle;
    return work(arg, *(const struct item *)item, 0, NULL);
}

static inline eddy_result note_now(void *arg, const void *item)
{
    note(arg, item_take(item));
    return 0;
}

static inline eddy_result sum(void *arg, eddy_result so_far, const void *item)
{
    (void)arg;
    return so_far + item_take(item);
}

static inline eddy_future *sum_later(void *arg, eddy_handle *handle, eddy_result so_far,
                                     const void *item)
{
    (void)handle;
    return later(arg, 1, so_far + item_take(item));
}

/* ---- sources ---- */

static inline eddy_future *scene_array(struct world *world)
{
    return take_all_by(world, numbers(world, 3), plain);
}

static inline eddy_future *scene_repeat(struct world *world)
{
    int64_t item = 7;

    return take_all_by(
        world, eddy_stream_take(eddy_stream_repeat(handle_of(world), &item, sizeof item), 3),
        plain);
}

static inline eddy_future *scene_once(struct world *world)
{
    return take_all_by(world, eddy_stream_once(later(world, 3, 7)), plain);
}

static inline eddy_future *unfold_three(void *arg, eddy_handle *handle, void *out)
{
    struct world *world = arg;

    (void)handle;
    if (world->futures == 3)
        return later(world, 1, 0);
    return work(world, item_new(world, world->futures + 1), 10, out);
}

static inline eddy_future *scene_unfold(struct world *world)
{
    return take_all(
        world, eddy_stream_owning(eddy_stream_unfold(handle_of(world), ITEM, unfold_three, world),
                                  item_drop));
}

/* Puts a stream into the world's place, then waits. */
struct opener {
    EDDY_FRAME;
    struct world *world;
    eddy_sleep sleep;
};

static inline void opener_done(struct opener *self)
{
    self->world->futures_done++;
}

EDDY_ASYNC(opener, opener_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->world->place = usual(self->world);
        eddy_sleep_start(&self->sleep, task, EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        EDDY_END(n);
}

static inline eddy_future *scene_from_future(struct world *world)
{
    world->futures++;
    return take_all(world, eddy_stream_from_future(box(world, EDDY_FUTURE(opener, .world = world)),
                                                   &world->place, ITEM));
}

/* What a poll function waits at, for there is no frame of its own to hold it. */
struct poller {
    struct world *world;
    int64_t count;
    eddy_sleep sleep;
    bool sleeps;
};

static inline eddy_result poll_three(void *arg, eddy_task *task, void *item)
{
    struct poller *self = arg;
    eddy_result n;

    if (!self->sleeps)
        eddy_sleep_start(&self->sleep, task, EDDY_MILLISECOND);
    self->sleeps = true;
    n = eddy_sleep_poll(&self->sleep, task);
    if (n != 0)
        return n;
    self->sleeps = false;
    if (++self->count == 4)
        return 0;
    if (self->count == 2)
        return -EIO;
    *(struct item *)item = item_new(self->world, self->count);
    return 1;
}

static inline eddy_future *scene_poll_fn(struct world *world)
{
    static struct poller poller;

    poller = (struct poller){.world = world};
    return take_all(
        world, eddy_stream_owning(eddy_stream_poll_fn(handle_of(world), ITEM, poll_three, &poller),
                                  item_drop));
}

static inline eddy_future *scene_empty(struct world *world)
{
    return take_all(world, eddy_stream_empty(handle_of(world), ITEM));
}

static inline eddy_future *scene_function(struct world *world)
{
    return take_all(world, usual(world));
}

/* ---- one item of one ---- */

static inline eddy_future *scene_map(struct world *world)
{
    return take_all(world, eddy_stream_map(usual(world), ITEM, add_ten, world));
}

static inline eddy_future *scene_errors(struct world *world)
{
    return take_all(world,
                    eddy_stream_inspect_err(eddy_stream_map_err(usual(world), to_enoent, NULL),
                                            look_at_error, NULL));
}

static inline eddy_future *scene_inspect(struct world *world)
{
    return take_all(world, eddy_stream_inspect(usual(world), look, NULL));
}

static inline eddy_future *scene_then(struct world *world)
{
    return take_all(world, eddy_stream_then(usual(world), ITEM, add_ten_to_any, world));
}

static inline eddy_future *scene_and_then(struct world *world)
{
    return take_all(world, eddy_stream_and_then(usual(world), ITEM, add_ten_later, world));
}

static inline eddy_future *scene_or_else(struct world *world)
{
    return take_all(world, eddy_stream_or_else(usual(world), add_ten_to_error, world));
}

static inline eddy_future *scene_finally(struct world *world)
{
    world->owed++;
    return take_all(world, eddy_stream_finally(usual(world), release, world));
}

/* ---- fewer items ---- */

static inline eddy_future *scene_filter(struct world *world)
{
    return take_all(world, eddy_stream_filter(usual(world), is_even, NULL));
}

static inline eddy_future *scene_filter_map(struct world *world)
{
    return take_all(world, eddy_stream_filter_map(usual(world), ITEM, add_ten_to_even, world));
}

static inline eddy_future *scene_skip(struct world *world)
{
    return take_all(world, eddy_stream_skip(usual(world), 2));
}

static inline eddy_future *scene_take(struct world *world)
{
    return take_all(world, eddy_stream_take(usual(world), 3));
}

static inline eddy_future *scene_skip_while(struct world *world)
{
    return take_all(world, eddy_stream_skip_while(usual(world), is_below_three, NULL));
}

static inline eddy_future *scene_take_while(struct world *world)
{
    return take_all(world, eddy_stream_take_while(usual(world), is_below_three, NULL));
}

static inline eddy_future *scene_skip_while_async(struct world *world)
{
    return take_all(world, eddy_stream_skip_while_async(usual(world), is_below_three_later, world));
}

static inline eddy_future *scene_take_while_async(struct world *world)
{
    return take_all(world, eddy_stream_take_while_async(usual(world), is_below_three_later, world));
}

#endif
