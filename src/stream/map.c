/* SPDX-License-Identifier: MIT */
/*
 * map.c - adaptors that call a function on each item or error: map, filter, filter_map, map_err,
 * inspect, inspect_err; and finally.
 */
#include "eddy/stream_adapt.h"
#include "stream/input.h"

/* ---- another item of each ---- */

struct map {
    eddy__adaptor head;
    int (*map)(void *arg, const void *item, void *out);
    void *arg;
};

static eddy_result map_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct map *self = (struct map *)(void *)stream;
    eddy_result result = eddy__input_next(&self->head.input, task);
    int made;

    if (result <= 0)
        return result;
    self->head.input.holds = false;
    made = self->map(self->arg, self->head.input.item, item);
    return made < 0 ? made : 1;
}

static const eddy_stream_type map_type =
    EDDY__ADAPTOR_TYPE(map_next, eddy__adaptor_done, struct map, "stream_map");

static eddy_stream *new_map(eddy_stream *input, const eddy_stream_type *type, size_t out_bytes,
                            int (*map)(void *arg, const void *item, void *out), void *arg)
{
    struct map *self;

    eddy__stream_check_bytes(out_bytes, type->base.name);
    self = eddy__adaptor_new(&input, type, out_bytes, EDDY__ITEM_HELD);
    if (self == NULL)
        return input;
    self->map = map;
    self->arg = arg;
    return &self->head.stream;
}

eddy_stream *eddy_stream_map(eddy_stream *input, size_t out_bytes,
                             int (*map)(void *arg, const void *item, void *out), void *arg)
{
    return new_map(input, &map_type, out_bytes, map, arg);
}

static eddy_result filter_map_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct map *self = (struct map *)(void *)stream;
    eddy_result result;

    for (;;) {
        result = eddy__input_next(&self->head.input, task);
        if (result <= 0)
            return result;
        self->head.input.holds = false;
        result = self->map(self->arg, self->head.input.item, item);
        if (result != 0)
            return result;
        if (!eddy__task_spend(task))
            return eddy__task_yield(task);
    }
}

static const eddy_stream_type filter_map_type =
    EDDY__ADAPTOR_TYPE(filter_map_next, eddy__adaptor_done, struct map, "stream_filter_map");

eddy_stream *eddy_stream_filter_map(eddy_stream *input, size_t out_bytes,
                                    int (*map)(void *arg, const void *item, void *out), void *arg)
{
    return new_map(input, &filter_map_type, out_bytes, map, arg);
}

/* ---- fewer ---- */

struct filter {
    eddy__adaptor head;
    bool (*keep)(void *arg, const void *item);
    void *arg;
};

static eddy_result filter_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct filter *self = (struct filter *)(void *)stream;
    eddy_result result;

    for (;;) {
        result = eddy__input_next_to(&self->head.input, task, item);
        if (result <= 0 || self->keep(self->arg, item))
            return result;
        eddy__item_drop(stream->drop_item, item);
        if (!eddy__task_spend(task))
            return eddy__task_yield(task);
    }
}

static const eddy_stream_type filter_type =
    EDDY__ADAPTOR_TYPE(filter_next, eddy__adaptor_done, struct filter, "stream_filter");

eddy_stream *eddy_stream_filter(eddy_stream *input, bool (*keep)(void *arg, const void *item),
                                void *arg)
{
    struct filter *self = eddy__adaptor_new(&input, &filter_type, 0, EDDY__ITEM_PASSES);

    if (self == NULL)
        return input;
    self->keep = keep;
    self->arg = arg;
    return &self->head.stream;
}

/* ---- a look at each item ---- */

struct inspect {
    eddy__adaptor head;
    void (*look)(void *arg, const void *item);
    void *arg;
};

static eddy_result inspect_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct inspect *self = (struct inspect *)(void *)stream;
    eddy_result result = eddy__input_next_to(&self->head.input, task, item);

    if (result > 0)
        self->look(self->arg, item);
    return result;
}

static const eddy_stream_type inspect_type =
    EDDY__ADAPTOR_TYPE(inspect_next, eddy__adaptor_done, struct inspect, "stream_inspect");

eddy_stream *eddy_stream_inspect(eddy_stream *input, void (*look)(void *arg, const void *item),
                                 void *arg)
{
    struct inspect *self = eddy__adaptor_new(&input, &inspect_type, 0, EDDY__ITEM_PASSES);

    if (self == NULL)
        return input;
    self->look = look;
    self->arg = arg;
    return &self->head.stream;
}

/* ---- errors ---- */

struct map_err {
    eddy__adaptor head;
    eddy_result (*map_err)(void *arg, eddy_result error);
    void *arg;
};

static eddy_result map_err_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct map_err *self = (struct map_err *)(void *)stream;
    eddy_result result = eddy__input_next_to(&self->head.input, task, item);

    if (!eddy_is_error(result))
        return result;
    result = self->map_err(self->arg, result);
    EDDY_ASSERT(eddy_is_error(result), "the function of eddy_stream_map_err gave %lld, no error",
                (long long)result);
    return result;
}

static const eddy_stream_type map_err_type =
    EDDY__ADAPTOR_TYPE(map_err_next, eddy__adaptor_done, struct map_err, "stream_map_err");

eddy_stream *eddy_stream_map_err(eddy_stream *input,
                                 eddy_result (*map_err)(void *arg, eddy_result error), void *arg)
{
    struct map_err *self = eddy__adaptor_new(&input, &map_err_type, 0, EDDY__ITEM_PASSES);

    if (self == NULL)
        return input;
    self->map_err = map_err;
    self->arg = arg;
    return &self->head.stream;
}

struct inspect_err {
    eddy__adaptor head;
    void (*look)(void *arg, eddy_result error);
    void *arg;
};

static eddy_result inspect_err_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct inspect_err *self = (struct inspect_err *)(void *)stream;
    eddy_result result = eddy__input_next_to(&self->head.input, task, item);

    if (eddy_is_error(result))
        self->look(self->arg, result);
    return result;
}

static const eddy_stream_type inspect_err_type = EDDY__ADAPTOR_TYPE(
    inspect_err_next, eddy__adaptor_done, struct inspect_err, "stream_inspect_err");

eddy_stream *eddy_stream_inspect_err(eddy_stream *input, void (*look)(void *arg, eddy_result error),
                                     void *arg)
{
    struct inspect_err *self = eddy__adaptor_new(&input, &inspect_err_type, 0, EDDY__ITEM_PASSES);

    if (self == NULL)
        return input;
    self->look = look;
    self->arg = arg;
    return &self->head.stream;
}

/* ---- finally ---- */

struct finally {
    eddy__adaptor head;
    void (*release)(void *arg); /* NULL: it was called */
    void *arg;
};

static void release_once(struct finally *self)
{
    void (*release)(void *arg) = self->release;

    self->release = NULL;
    if (release != NULL)
        release(self->arg);
}

/* At the end the input is done and freed already. */
static eddy_result finally_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct finally *self = (struct finally *)(void *)stream;
    eddy_result result = eddy__input_next_to(&self->head.input, task, item);

    if (result == 0)
        release_once(self);
    return result;
}

static void finally_done(eddy_future *frame)
{
    release_once((struct finally *)(void *)frame);
    eddy__adaptor_done(frame);
}

static const eddy_stream_type finally_type =
    EDDY__ADAPTOR_TYPE(finally_next, finally_done, struct finally, "stream_finally");

eddy_stream *eddy_stream_finally(eddy_stream *input, void (*release)(void *arg), void *arg)
{
    struct finally *self = eddy__adaptor_new(&input, &finally_type, 0, EDDY__ITEM_PASSES);

    if (self == NULL) {
        release(arg);
        return input;
    }
    self->release = release;
    self->arg = arg;
    return &self->head.stream;
}
