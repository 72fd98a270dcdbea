/* SPDX-License-Identifier: MIT */
/*
 * run.c - futures that take a stream to its end by futures, one for each item: for_each_async,
 * fold_async. The item stays where it is while its future runs.
 */
#include "eddy/stream_collect.h"
#include "stream/input.h"

struct run {
    eddy__consumer head;
    eddy_future *future; /* in flight */
    bool folds;
    union {
        eddy_future *(*each)(void *arg, eddy_handle *handle, const void *item);
        eddy_future *(*fold)(void *arg, eddy_handle *handle, eddy_result so_far, const void *item);
    } make;
    void *arg;
    eddy_result total;
};

static eddy_future *make_one(struct run *self)
{
    eddy__input *input = &self->head.input;
    eddy_handle *handle = &input->core->handle;
    eddy_future *made = self->folds ? self->make.fold(self->arg, handle, self->total, input->item)
                                    : self->make.each(self->arg, handle, input->item);

    return eddy__stream_made(made, &self->head.frame);
}

/* > 0: an item's future has succeeded; else the stream's end, an error, or EDDY_PENDING. */
static eddy_result run_one(struct run *self, eddy_task *task)
{
    eddy__input *input = &self->head.input;
    eddy_result result;

    if (self->future == NULL) {
        result = eddy__input_next(input, task);
        if (result <= 0)
            return result;
        input->holds = false;
        self->future = make_one(self);
    }
    result = eddy__owned_poll(&self->head.frame, &self->future, task);
    if (result < 0)
        return result;
    self->total = self->folds ? result : self->total + 1;
    return 1;
}

static eddy_result run_poll(eddy_future *frame, eddy_task *task)
{
    struct run *self = (struct run *)(void *)frame;
    eddy_result result;

    for (;;) {
        result = run_one(self, task);
        if (result <= 0)
            return result == 0 ? self->total : result;
        if (!eddy__task_spend(task))
            return eddy__task_yield(task);
    }
}

#define RUN_TYPE(type_name)                                                                        \
    {                                                                                              \
        .poll = run_poll, .done = eddy__consumer_done, .size_bytes = sizeof(struct run),           \
        .name = type_name, .take_child = eddy__consumer_take_child                                 \
    }

static const eddy_type for_each_type = RUN_TYPE("stream_for_each");
static const eddy_type fold_type = RUN_TYPE("stream_fold");

eddy_future *eddy_stream_for_each_async(eddy_stream *input,
                                        eddy_future *(*each)(void *arg, eddy_handle *handle,
                                                             const void *item),
                                        void *arg)
{
    eddy_future *instead = NULL;
    struct run *self = eddy__consumer_new(input, &for_each_type, &instead);

    if (self == NULL)
        return instead;
    self->make.each = each;
    self->arg = arg;
    return &self->head.frame;
}

eddy_future *eddy_stream_fold_async(eddy_stream *input, eddy_result first,
                                    eddy_future *(*fold)(void *arg, eddy_handle *handle,
                                                         eddy_result so_far, const void *item),
                                    void *arg)
{
    eddy_future *instead = NULL;
    struct run *self = eddy__consumer_new(input, &fold_type, &instead);

    EDDY_ASSERT(first >= 0, "eddy_stream_fold_async begins with %lld: an error", (long long)first);
    if (self == NULL)
        return instead;
    self->folds = true;
    self->make.fold = fold;
    self->arg = arg;
    self->total = first;
    return &self->head.frame;
}
