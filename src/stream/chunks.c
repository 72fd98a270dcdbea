/* SPDX-License-Identifier: MIT */
/*
 * chunks.c - items by the dozen, with or without a limit to how long the first of them waits. A chunk
 * is a view of one array of the adaptor's, which is filled anew when the next one is asked for.
 */
#include "eddy/stream_adapt.h"
#include "eddy/stream_time.h"
#include "stream/input.h"
#include "time/sleep.h"

struct chunks {
    eddy__adaptor head;
    unsigned char *items; /* max of them */
    size_t max;
    size_t count;        /* gathered for the next chunk, ours */
    eddy_result error;   /* came behind them, told after them; 0: none */
    int64_t age_ns;      /* EDDY_FOREVER: no limit */
    eddy_deadline limit; /* of the first of them */
};

static void *place_of(const struct chunks *self, size_t at)
{
    return self->items + at * self->head.input.item_bytes;
}

static eddy_result hand_out(struct chunks *self, eddy_task *task, void *item)
{
    eddy_chunk *chunk = item;

    chunk->items = self->items;
    chunk->count = self->count;
    self->count = 0;
    eddy_sleep_stop(&self->limit, task);
    return 1;
}

/* Until the chunk is full, or why there is no more now. */
static eddy_result gather(struct chunks *self, eddy_task *task)
{
    while (self->count < self->max) {
        eddy_result result =
            eddy__input_next_to(&self->head.input, task, place_of(self, self->count));

        if (result <= 0)
            return result;
        if (self->count++ == 0 && self->age_ns != EDDY_FOREVER)
            eddy_sleep_start(&self->limit, task, self->age_ns);
        if (self->count < self->max && !eddy__task_spend(task))
            return eddy__task_yield(task);
    }
    return 1;
}

static bool is_old(struct chunks *self, eddy_task *task)
{
    return self->age_ns != EDDY_FOREVER && eddy__limit_poll(&self->limit, task) != EDDY_PENDING;
}

static eddy_result chunks_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct chunks *self = (struct chunks *)(void *)stream;
    eddy_result result = self->error;

    self->error = 0;
    if (result == 0)
        result = gather(self, task);
    if (self->count == 0)
        return result;
    if (result == EDDY_PENDING && !is_old(self, task))
        return EDDY_PENDING;
    if (eddy_is_error(result))
        self->error = result;
    return hand_out(self, task, item);
}

static void chunks_done(eddy_future *frame)
{
    struct chunks *self = (struct chunks *)(void *)frame;
    eddy__input *input = &self->head.input;

    for (size_t at = 0; at < self->count; at++)
        eddy__item_drop(input->drop_item, place_of(self, at));
    if (self->items != NULL)
        eddy__core_object_free(input->core, self->items, self->max * input->item_bytes);
    eddy__adaptor_done(frame);
}

static const eddy_stream_type chunks_type =
    EDDY__ADAPTOR_TYPE(chunks_next, chunks_done, struct chunks, "stream_chunks");

static void *new_items(struct chunks *self, size_t max)
{
    eddy__input *input = &self->head.input;

    if (max > SIZE_MAX / 2 / input->item_bytes)
        return NULL;
    return eddy__slab_alloc(&input->core->slab, max * input->item_bytes);
}

eddy_stream *eddy_stream_chunks_timeout(eddy_stream *input, size_t count, int64_t age_ns)
{
    struct chunks *self;
    eddy_core *core;

    EDDY_ASSERT(count > 0, "chunks of no items");
    EDDY_ASSERT(age_ns > 0, "chunks of an age of %lld ns: it must be above 0", (long long)age_ns);
    self = eddy__adaptor_new(&input, &chunks_type, sizeof(eddy_chunk), EDDY__ITEM_PASSES);
    if (self == NULL)
        return input;
    core = self->head.input.core;
    self->max = count;
    self->age_ns = age_ns;
    self->items = new_items(self, count);
    if (self->items == NULL) {
        eddy_future_drop(&self->head.stream.frame);
        return eddy__stream_failed(core);
    }
    return &self->head.stream;
}

eddy_stream *eddy_stream_chunks(eddy_stream *input, size_t count)
{
    return eddy_stream_chunks_timeout(input, count, EDDY_FOREVER);
}
