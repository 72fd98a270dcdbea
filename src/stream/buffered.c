/* SPDX-License-Identifier: MIT */
/*
 * buffered.c - several items at a time. The input is polled in a branch of its own, beside those of
 * the futures: so it is asked to end as they are, and polled only when it was woken and there is room.
 *
 * While there is none, a woken input is taken out of the list of what is to be polled and keeps its
 * mark EDDY__BRANCH_QUEUED: "to be polled as soon as there is room".
 *
 * An input that spends all the budget of a poll, because it turns down what comes or never waits, must
 * not starve the futures: what has ended is told, and one of them polled, before it is asked again.
 */
#include "stream/buffered.h"

#include <errno.h>
#include <string.h>

#include "stream/set.h"
#include "stream/stream.h"

struct buffered {
    eddy_stream stream;
    eddy__entries entries; /* `set` has the input, too */
    eddy_stream *input;    /* NULL: it has ended */
    eddy__branch input_branch;
    bool input_had_all; /* of the budget of the last poll */
    size_t limit;
    size_t item_bytes; /* of the input, rounded up: behind it lies what comes of it */
    size_t out_bytes;  /* 0: the result is the item */
    eddy__buffered_work work;
};

static struct buffered *buffered_of(eddy_future *frame)
{
    return (struct buffered *)(void *)frame;
}

static void *item_of(eddy__entry *entry)
{
    return eddy__entry_payload(entry);
}

static void *out_of(const struct buffered *self, eddy__entry *entry)
{
    return self->out_bytes > 0 ? (char *)eddy__entry_payload(entry) + self->item_bytes : NULL;
}

/* ---- taking items from the input ---- */

static bool may_take(const struct buffered *self)
{
    return self->input != NULL && self->entries.count < self->limit &&
           (self->input_branch.state & EDDY__BRANCH_QUEUED) != 0;
}

static eddy_future *make_future(struct buffered *self, eddy__entry *entry)
{
    eddy_handle *handle = &self->entries.core->handle;
    eddy_future *future =
        self->work.work != NULL
            ? self->work.work(self->work.arg, handle, item_of(entry), out_of(self, entry))
            : self->work.each(self->work.arg, handle, item_of(entry));
    const eddy_core *core =
        eddy__future_core(eddy__stream_made(future, &self->stream.frame), "a stream's callback");

    EDDY_ASSERT(core == NULL || core == self->entries.core,
                "a callback of '%s' gave future '%s', which is of another loop",
                self->stream.frame.type->name, future->type->name);
    if (core != NULL)
        future->state |= EDDY__FUTURE_LINKED;
    return future;
}

static size_t payload_bytes(const struct buffered *self)
{
    size_t left = SIZE_MAX - self->item_bytes;

    return self->item_bytes + (self->out_bytes < left ? self->out_bytes : left);
}

/* One item, if there is one. 0, or -ENOMEM: the input was not asked. */
static int take(struct buffered *self, eddy_task *task)
{
    eddy__entry *entry = eddy__entry_new(&self->entries, payload_bytes(self));
    eddy_result result;

    if (entry == NULL)
        return -ENOMEM;
    result = eddy__stream_branch_poll(&self->input_branch, self->input, task, item_of(entry));
    if (result > 0) {
        eddy__entry_start(&self->entries, entry, make_future(self, entry), true);
        return 0;
    }
    if (eddy_is_error(result)) {
        eddy__entry_start_ended(&self->entries, entry, result);
        return 0;
    }
    eddy__entry_free(&self->entries, entry);
    if (result == 0) {
        self->input = NULL;
        eddy__branches_remove(&self->input_branch);
    }
    return 0;
}

static int take_all(struct buffered *self, eddy_task *task)
{
    int error = 0;

    while (error == 0 && may_take(self) && task->budget > 0)
        error = take(self, task);
    if (self->entries.count >= self->limit)
        eddy__list_remove(&self->input_branch.ready);
    self->input_had_all = task->budget == 0;
    return error;
}

/* ---- a poll ---- */

/* Until there is something to tell, or the budget is spent. */
static int go_on(struct buffered *self, eddy_task *task)
{
    bool input_waits = self->input_had_all;
    int error = 0;

    self->input_had_all = false;
    do {
        eddy__branch *branch;

        if (!input_waits)
            error = take_all(self, task);
        if (error != 0 || eddy__entries_first_ended(&self->entries) != NULL)
            break;
        branch = eddy__branches_next(&self->entries.set);
        if (branch == &self->input_branch)
            continue;
        if (branch == NULL && !input_waits)
            break;
        if (branch != NULL)
            eddy__entry_poll(&self->entries, branch, task);
        input_waits = false;
    } while (task->budget > 0);
    return error;
}

static eddy_result tell(struct buffered *self, eddy__entry *entry, void *item)
{
    eddy_result result = entry->result;

    if (result >= 0 && self->out_bytes > 0)
        memcpy(item, out_of(self, entry), self->out_bytes);
    else if (result >= 0)
        memcpy(item, &result, sizeof result);
    eddy__entry_free(&self->entries, entry);
    return result < 0 ? result : 1;
}

static const eddy_wait_type buffered_wait = {"buffered", eddy__branches_disarmed, false};

static eddy_result buffered_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct buffered *self = buffered_of(&stream->frame);
    eddy__entry *entry;
    int error;

    eddy__branches_enter(&self->entries.set, task);
    error = go_on(self, task);
    entry = eddy__entries_first_ended(&self->entries);
    if (entry == NULL && error == 0 && (self->input != NULL || self->entries.count > 0))
        return eddy__branches_park(&self->entries.set, task, &buffered_wait, may_take(self));
    eddy__branches_leave(&self->entries.set);
    if (entry == NULL)
        return error;
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    return tell(self, entry, item);
}

/* ---- its end ---- */

static eddy_future *buffered_take_child(eddy_future *frame)
{
    struct buffered *self = buffered_of(frame);
    eddy__branches *set = &self->entries.set;
    eddy__branch *first = EDDY__CONTAINER(set->members.next, eddy__branch, member);

    if (eddy__list_empty(&set->members))
        return NULL;
    if (first != &self->input_branch)
        return eddy__entry_take(&self->entries, first);
    eddy__branch_close(first);
    eddy__branches_remove(first);
    return &self->input->frame;
}

/* What has come of items, and reaches nobody. */
static void buffered_done(eddy_future *frame)
{
    struct buffered *self = buffered_of(frame);

    for (eddy__entry *entry; (entry = eddy__entries_first(&self->entries)) != NULL;) {
        if (entry->result >= 0)
            eddy__item_drop(self->stream.drop_item,
                            self->out_bytes > 0 ? out_of(self, entry) : (void *)&entry->result);
        eddy__entry_free(&self->entries, entry);
    }
}

#define BUFFERED_TYPE(name)                                                                        \
    {                                                                                              \
        {eddy_stream_no_future, buffered_done, sizeof(struct buffered), name,                      \
         buffered_take_child},                                                                     \
            buffered_next                                                                          \
    }

static const eddy_stream_type types[] = {
    [EDDY__BUFFERED_ORDERED] = BUFFERED_TYPE("buffered"),
    [EDDY__BUFFERED_UNORDERED] = BUFFERED_TYPE("buffer_unordered"),
    [EDDY__BUFFERED_FOR_EACH] = BUFFERED_TYPE("concurrent"),
};

/* ---- making one ---- */

static size_t rounded(size_t bytes)
{
    return bytes > SIZE_MAX - 15 ? bytes : (bytes + 15) / 16 * 16;
}

static void init(struct buffered *self, eddy_core *core, eddy_stream *input)
{
    self->input = input;
    self->item_bytes = rounded(input->item_bytes);
    input->frame.state |= EDDY__FUTURE_LINKED;
    eddy__branch_init(&self->input_branch, core);
    eddy__branches_add(&self->entries.set, &self->input_branch);
}

eddy_stream *eddy__buffered_new(eddy_stream *input, eddy__buffered_kind kind, size_t limit,
                                size_t out_bytes, eddy__buffered_work work)
{
    const eddy_stream_type *type = &types[kind];
    eddy_core *core = eddy__stream_core(input, type->base.name);
    struct buffered *self;

    EDDY_ASSERT(limit > 0, "stream '%s' with a limit of 0 would never take an item",
                type->base.name);
    if (core == NULL)
        return input;
    eddy__core_check(core, type->base.name);
    self = eddy__stream_new(core, type, out_bytes > 0 ? out_bytes : sizeof(eddy_result));
    if (self == NULL) {
        eddy_future_drop(&input->frame);
        return eddy__stream_failed(core);
    }
    eddy__entries_init(&self->entries, core, kind == EDDY__BUFFERED_ORDERED);
    self->limit = limit;
    self->out_bytes = out_bytes;
    self->work = work;
    init(self, core, input);
    return &self->stream;
}

eddy_stream *eddy_stream_buffered(eddy_stream *input, size_t limit, size_t out_bytes,
                                  eddy_item_work *work, void *arg)
{
    return eddy__buffered_new(input, EDDY__BUFFERED_ORDERED, limit, out_bytes,
                              (eddy__buffered_work){.work = work, .arg = arg});
}

eddy_stream *eddy_stream_buffer_unordered(eddy_stream *input, size_t limit, size_t out_bytes,
                                          eddy_item_work *work, void *arg)
{
    return eddy__buffered_new(input, EDDY__BUFFERED_UNORDERED, limit, out_bytes,
                              (eddy__buffered_work){.work = work, .arg = arg});
}
