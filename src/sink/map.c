/* SPDX-License-Identifier: MIT */
/*
 * map.c - adaptors that call a function for each item, or for each error, and one for the end.
 */
#include "eddy/sink_adapt.h"
#include "sink/sink.h"

/* ---- map: another item for each ---- */

struct map_sink {
    eddy__maker maker;
    int (*map)(void *arg, const void *item, void *out);
    void *arg;
};

/* `map` runs once for each item that is taken, so what the inner sink does not take is kept. */
static eddy_result map_send(eddy_sink *sink, eddy_task *task, const void *item)
{
    struct map_sink *self = (struct map_sink *)(void *)sink;
    eddy_result result = eddy__maker_pass(sink, task);

    if (result != 0)
        return result;
    result = self->map(self->arg, item, self->maker.out);
    if (result < 0)
        return eddy__maker_taken(&self->maker, result);
    self->maker.holds = true;
    return eddy__maker_taken(&self->maker, eddy__maker_pass(sink, task));
}

static const eddy_sink_type map_type = {
    .base = {eddy_sink_no_future, eddy__maker_done, sizeof(struct map_sink), "sink_map", NULL},
    .start_send = map_send,
    .flush = eddy__over_flush,
    .close = eddy__over_close,
};

eddy_sink *eddy_sink_map(eddy_sink *sink, size_t item_bytes,
                         int (*map)(void *arg, const void *item, void *out), void *arg)
{
    eddy_sink *outer = eddy__maker_new(sink, &map_type, item_bytes, "eddy_sink_map");
    struct map_sink *self = (struct map_sink *)(void *)outer;

    if (eddy__sink_is_failed(outer))
        return outer;
    self->map = map;
    self->arg = arg;
    return outer;
}

/* ---- inspect: a look at each ---- */

struct inspect_sink {
    eddy__over over;
    void (*look)(void *arg, const void *item);
    void *arg;
};

static eddy_result inspect_send(eddy_sink *sink, eddy_task *task, const void *item)
{
    struct inspect_sink *self = (struct inspect_sink *)(void *)sink;
    eddy_result result = eddy_sink_poll_send(self->over.inner, task, item);

    if (result == 0)
        self->look(self->arg, item);
    return result;
}

static const eddy_sink_type inspect_type = {
    .base = {eddy_sink_no_future, eddy__done_nothing, sizeof(struct inspect_sink), "sink_inspect",
             NULL},
    .start_send = inspect_send,
    .flush = eddy__over_flush,
    .close = eddy__over_close,
};

eddy_sink *eddy_sink_inspect(eddy_sink *sink, void (*look)(void *arg, const void *item), void *arg)
{
    eddy_sink *outer = eddy__over_new(sink, &inspect_type, EDDY__SAME_ITEMS, "eddy_sink_inspect");
    struct inspect_sink *self = (struct inspect_sink *)(void *)outer;

    if (eddy__sink_is_failed(outer))
        return outer;
    self->look = look;
    self->arg = arg;
    return outer;
}

/* ---- map_err: another error for each ---- */

struct map_err_sink {
    eddy__over over;
    eddy_result (*map)(void *arg, eddy_result error);
    void *arg;
};

static eddy_result changed(const eddy_sink *sink, eddy_result result)
{
    const struct map_err_sink *self = (const struct map_err_sink *)(const void *)sink;
    eddy_result error;

    if (!eddy_is_error(result))
        return result;
    error = self->map(self->arg, result);
    EDDY_ASSERT(eddy_is_error(error), "the function of eddy_sink_map_err gives %lld, not an error",
                (long long)error);
    return error;
}

static eddy_result map_err_send(eddy_sink *sink, eddy_task *task, const void *item)
{
    return changed(sink, eddy_sink_poll_send(((eddy__over *)(void *)sink)->inner, task, item));
}

static eddy_result map_err_flush(eddy_sink *sink, eddy_task *task)
{
    return changed(sink, eddy__over_flush(sink, task));
}

static eddy_result map_err_close(eddy_sink *sink, eddy_task *task)
{
    return changed(sink, eddy__over_close(sink, task));
}

static const eddy_sink_type map_err_type = {
    .base = {eddy_sink_no_future, eddy__done_nothing, sizeof(struct map_err_sink), "sink_map_err",
             NULL},
    .start_send = map_err_send,
    .flush = map_err_flush,
    .close = map_err_close,
};

eddy_sink *eddy_sink_map_err(eddy_sink *sink, eddy_result (*map)(void *arg, eddy_result error),
                             void *arg)
{
    eddy_sink *outer = eddy__over_new(sink, &map_err_type, EDDY__SAME_ITEMS, "eddy_sink_map_err");
    struct map_err_sink *self = (struct map_err_sink *)(void *)outer;

    if (eddy__sink_is_failed(outer))
        return outer;
    self->map = map;
    self->arg = arg;
    return outer;
}

/* ---- finally: something to release at the end ---- */

struct finally_sink {
    eddy__over over;
    void (*release)(void *arg);
    void *arg;
};

static eddy_result finally_send(eddy_sink *sink, eddy_task *task, const void *item)
{
    return eddy_sink_poll_send(((eddy__over *)(void *)sink)->inner, task, item);
}

static void release(struct finally_sink *self)
{
    void (*fn)(void *arg) = self->release;

    self->release = NULL;
    if (fn != NULL)
        fn(self->arg);
}

/* The inner sink goes first: it may stand on what is released. */
static eddy_result finally_close(eddy_sink *sink, eddy_task *task)
{
    struct finally_sink *self = (struct finally_sink *)(void *)sink;
    eddy_result result = eddy__over_close(sink, task);

    if (result != 0)
        return result;
    eddy_sink_drop(self->over.inner, task);
    release(self);
    return 0;
}

static void finally_done(eddy_future *frame)
{
    release((struct finally_sink *)(void *)frame);
}

static const eddy_sink_type finally_type = {
    .base = {eddy_sink_no_future, finally_done, sizeof(struct finally_sink), "sink_finally", NULL},
    .start_send = finally_send,
    .flush = eddy__over_flush,
    .close = finally_close,
};

eddy_sink *eddy_sink_finally(eddy_sink *sink, void (*release_fn)(void *arg), void *arg)
{
    eddy_sink *outer = eddy__over_new(sink, &finally_type, EDDY__SAME_ITEMS, "eddy_sink_finally");
    struct finally_sink *self = (struct finally_sink *)(void *)outer;

    if (eddy__sink_is_failed(outer)) {
        release_fn(arg);
        return outer;
    }
    self->release = release_fn;
    self->arg = arg;
    return outer;
}
