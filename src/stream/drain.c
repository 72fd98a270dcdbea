/* SPDX-License-Identifier: MIT */
/*
 * drain.c - futures that take a stream to its end by a function: for_each, fold, collect, concat,
 * count, last. They differ in what is done with one item, and in what is taken back when the result is
 * not reached.
 */
#include <errno.h>
#include <string.h>

#include "eddy/stream_collect.h"
#include "stream/input.h"

struct drain {
    eddy__consumer head;
    /* Take the item that is held; `total` becomes what it gives, an error is the result at once. */
    eddy_result (*step)(struct drain *self, void *item);
    /* What was put into the caller's memory is not the caller's. NULL: nothing to do. */
    void (*take_back)(struct drain *self);
    eddy_result total;
    union {
        eddy_result (*each)(void *arg, const void *item);
        eddy_result (*fold)(void *arg, eddy_result so_far, const void *item);
    } call;
    void *arg;
    unsigned char *memory; /* the caller's, room for max */
    size_t max;
};

/* The result is reached: what is in the caller's memory is the caller's. */
static eddy_result finish(struct drain *self)
{
    self->take_back = NULL;
    return self->total;
}

static eddy_result drain_poll(eddy_future *frame, eddy_task *task)
{
    struct drain *self = (struct drain *)(void *)frame;
    eddy__input *input = &self->head.input;

    for (;;) {
        eddy_result result = eddy__input_next(input, task);

        if (result == 0)
            return finish(self);
        if (result < 0)
            return result;
        result = self->step(self, input->item);
        if (result < 0)
            return result;
        self->total = result;
        if (!eddy__task_spend(task))
            return eddy__task_yield(task);
    }
}

static void drain_done(eddy_future *frame)
{
    struct drain *self = (struct drain *)(void *)frame;

    if (self->take_back != NULL)
        self->take_back(self);
    eddy__consumer_done(frame);
}

#define DRAIN_TYPE(type_name)                                                                      \
    {                                                                                              \
        .poll = drain_poll, .done = drain_done, .size_bytes = sizeof(struct drain),                \
        .name = type_name, .take_child = eddy__consumer_take_child                                 \
    }

/* The item goes to a function of the user's, which owns what is in it. */
static void hand_over(struct drain *self)
{
    self->head.input.holds = false;
}

/* ---- for_each, fold ---- */

static eddy_result step_each(struct drain *self, void *item)
{
    eddy_result result;

    hand_over(self);
    result = self->call.each(self->arg, item);
    EDDY_ASSERT(result != EDDY_PENDING, "the function of eddy_stream_for_each gave EDDY_PENDING");
    return result < 0 ? result : self->total + 1;
}

static eddy_result step_fold(struct drain *self, void *item)
{
    eddy_result result;

    hand_over(self);
    result = self->call.fold(self->arg, self->total, item);
    EDDY_ASSERT(result != EDDY_PENDING, "the function of eddy_stream_fold gave EDDY_PENDING");
    return result;
}

static const eddy_type for_each_type = DRAIN_TYPE("stream_for_each");
static const eddy_type fold_type = DRAIN_TYPE("stream_fold");

eddy_future *eddy_stream_for_each(eddy_stream *input,
                                  eddy_result (*each)(void *arg, const void *item), void *arg)
{
    eddy_future *instead = NULL;
    struct drain *self = eddy__consumer_new(input, &for_each_type, &instead);

    if (self == NULL)
        return instead;
    self->step = step_each;
    self->call.each = each;
    self->arg = arg;
    return &self->head.frame;
}

eddy_future *eddy_stream_fold(eddy_stream *input, eddy_result first,
                              eddy_result (*fold)(void *arg, eddy_result so_far, const void *item),
                              void *arg)
{
    eddy_future *instead = NULL;
    struct drain *self = eddy__consumer_new(input, &fold_type, &instead);

    EDDY_ASSERT(first >= 0, "eddy_stream_fold begins with %lld: an error", (long long)first);
    if (self == NULL)
        return instead;
    self->step = step_fold;
    self->call.fold = fold;
    self->arg = arg;
    self->total = first;
    return &self->head.frame;
}

/* ---- collect ---- */

static void *place_of(const struct drain *self, size_t at)
{
    return self->memory + at * self->head.input.item_bytes;
}

static eddy_result step_collect(struct drain *self, void *item)
{
    (void)item; /* it is held */
    if ((size_t)self->total == self->max)
        return -EMSGSIZE;
    eddy__input_give(&self->head.input, place_of(self, (size_t)self->total));
    return self->total + 1;
}

static void take_back_collected(struct drain *self)
{
    for (size_t at = 0; at < (size_t)self->total; at++)
        eddy__item_drop(self->head.input.drop_item, place_of(self, at));
}

static const eddy_type collect_type = DRAIN_TYPE("stream_collect");

eddy_future *eddy_stream_collect(eddy_stream *input, void *items, size_t max)
{
    eddy_future *instead = NULL;
    struct drain *self = eddy__consumer_new(input, &collect_type, &instead);

    if (self == NULL)
        return instead;
    self->step = step_collect;
    self->take_back = take_back_collected;
    self->memory = items;
    self->max = max;
    return &self->head.frame;
}

/* ---- concat ---- */

static eddy_result step_concat(struct drain *self, void *item)
{
    const eddy_bytes *bytes = item;

    if (bytes->len > self->max - (size_t)self->total)
        return -EMSGSIZE;
    if (bytes->len > 0)
        memcpy(self->memory + self->total, bytes->data, bytes->len);
    self->total += (eddy_result)bytes->len;
    eddy__input_drop_item(&self->head.input);
    return self->total;
}

static const eddy_type concat_type = DRAIN_TYPE("stream_concat");

eddy_future *eddy_stream_concat(eddy_stream *input, void *bytes, size_t max_bytes)
{
    eddy_future *instead = NULL;
    struct drain *self;

    EDDY_ASSERT(eddy__stream_is_failed(input) || input->item_bytes == sizeof(eddy_bytes),
                "eddy_stream_concat: items of %zu bytes are no eddy_bytes", input->item_bytes);
    self = eddy__consumer_new(input, &concat_type, &instead);
    if (self == NULL)
        return instead;
    self->step = step_concat;
    self->memory = bytes;
    self->max = max_bytes;
    return &self->head.frame;
}

/* ---- count, last ---- */

static eddy_result step_count(struct drain *self, void *item)
{
    (void)item; /* it is held */
    eddy__input_drop_item(&self->head.input);
    return self->total + 1;
}

static const eddy_type count_type = DRAIN_TYPE("stream_count");

eddy_future *eddy_stream_count(eddy_stream *input)
{
    eddy_future *instead = NULL;
    struct drain *self = eddy__consumer_new(input, &count_type, &instead);

    if (self == NULL)
        return instead;
    self->step = step_count;
    return &self->head.frame;
}

static void take_back_last(struct drain *self)
{
    if (self->total > 0)
        eddy__item_drop(self->head.input.drop_item, self->memory);
}

static eddy_result step_last(struct drain *self, void *item)
{
    (void)item; /* it is held */
    take_back_last(self);
    eddy__input_give(&self->head.input, self->memory);
    return 1;
}

static const eddy_type last_type = DRAIN_TYPE("stream_last");

eddy_future *eddy_stream_last(eddy_stream *input, void *item)
{
    eddy_future *instead = NULL;
    struct drain *self = eddy__consumer_new(input, &last_type, &instead);

    if (self == NULL)
        return instead;
    self->step = step_last;
    self->take_back = take_back_last;
    self->memory = item;
    return &self->head.frame;
}
