/* SPDX-License-Identifier: MIT */
/*
 * set_futures.c - the sets of futures: streams of outcomes to which futures are pushed.
 */
#include <errno.h>

#include "eddy/error.h"
#include "eddy/futures.h"
#include "stream/input.h"
#include "stream/set.h"

struct futures {
    eddy_stream stream;
    eddy__entries entries;
};

static struct futures *futures_of(eddy_future *frame)
{
    return (struct futures *)(void *)frame;
}

static uint64_t *key_of(eddy__entry *entry)
{
    return eddy__entry_payload(entry);
}

static const eddy_wait_type futures_wait = {"futures", eddy__branches_disarmed, false};

/* Until there is something to tell, or the budget is spent. */
static void poll_children(struct futures *self, eddy_task *task)
{
    eddy__branch *branch;

    while (eddy__entries_first_ended(&self->entries) == NULL &&
           (branch = eddy__branches_next(&self->entries.set)) != NULL) {
        eddy__entry_poll(&self->entries, branch, task);
        if (task->budget == 0)
            break;
    }
}

static eddy_result futures_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct futures *self = futures_of(&stream->frame);
    eddy__entry *entry;

    if (self->entries.count == 0)
        return 0;
    eddy__branches_enter(&self->entries.set, task);
    poll_children(self, task);
    entry = eddy__entries_first_ended(&self->entries);
    if (entry == NULL)
        return eddy__branches_park(&self->entries.set, task, &futures_wait, false);
    eddy__branches_leave(&self->entries.set);
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    *(struct eddy_outcome *)item = (struct eddy_outcome){*key_of(entry), entry->result};
    eddy__entry_free(&self->entries, entry);
    return 1;
}

static eddy_future *futures_take_child(eddy_future *frame)
{
    eddy__entries *entries = &futures_of(frame)->entries;
    const eddy__node *first = entries->set.members.next;

    entries->closing = true;
    if (first == &entries->set.members)
        return NULL;
    return eddy__entry_take(entries, EDDY__CONTAINER(first, eddy__branch, member));
}

static void futures_done(eddy_future *frame)
{
    eddy__entries_end(&futures_of(frame)->entries);
}

#define FUTURES_TYPE(name)                                                                         \
    {                                                                                              \
        {eddy_stream_no_future, futures_done, sizeof(struct futures), name, futures_take_child},   \
            futures_next                                                                           \
    }

static const eddy_stream_type unordered_type = FUTURES_TYPE("futures_unordered");
static const eddy_stream_type ordered_type = FUTURES_TYPE("futures_ordered");

static eddy_stream *new_futures(eddy_handle *handle, const eddy_stream_type *type, bool ordered)
{
    struct futures *self;

    eddy__core_check(handle->core, ordered ? "eddy_futures_ordered" : "eddy_futures_unordered");
    self = eddy__stream_new(handle->core, type, sizeof(struct eddy_outcome));
    if (self == NULL)
        return eddy__stream_failed(handle->core);
    eddy__entries_init(&self->entries, handle->core, ordered);
    return &self->stream;
}

eddy_stream *eddy_futures_unordered(eddy_handle *handle)
{
    return new_futures(handle, &unordered_type, false);
}

eddy_stream *eddy_futures_ordered(eddy_handle *handle)
{
    return new_futures(handle, &ordered_type, true);
}

static void check_is_set(const eddy_stream *self, const char *verb)
{
    EDDY_ASSERT(self->frame.type == &unordered_type.base || self->frame.type == &ordered_type.base,
                "%s is given stream '%s', which is no set of futures", verb,
                self->frame.type->name);
}

/* Why no future can be put into it now; 0: it can. */
static int refused(const eddy_stream *self)
{
    const eddy__entries *entries = &((const struct futures *)(const void *)self)->entries;

    if (eddy__stream_is_failed(self))
        return (int)eddy__stream_failed_future(self)->type->poll(NULL, NULL);
    check_is_set(self, "eddy_futures_push");
    eddy__core_check(entries->core, "eddy_futures_push");
    if (entries->core->gone)
        return EDDY_LOOP_GONE;
    return entries->closing ? EDDY_CLOSED : 0;
}

static void check_future(const eddy_stream *self, const eddy_future *future)
{
    const eddy_core *core = eddy__future_core(future, "eddy_futures_push");

    EDDY_ASSERT(core == NULL || eddy__stream_is_failed(self) ||
                    core == ((const struct futures *)(const void *)self)->entries.core,
                "eddy_futures_push is given future '%s', which is of another loop",
                future->type->name);
}

int eddy_futures_push(eddy_stream *self, eddy_future *future, uint64_t key)
{
    struct futures *set = (struct futures *)(void *)self;
    eddy__entry *entry = NULL;
    int error = refused(self);

    check_future(self, future);
    if (error == 0 && (entry = eddy__entry_new(&set->entries, sizeof key)) == NULL)
        error = -ENOMEM;
    if (error != 0) {
        eddy__future_end(future, NULL);
        return error;
    }
    *key_of(entry) = key;
    if ((future->state & EDDY__FUTURE_STATIC) == 0)
        future->state |= EDDY__FUTURE_LINKED;
    self->frame.state &= ~(uint32_t)EDDY__FUTURE_OVER;
    eddy__entry_start(&set->entries, entry, future, false);
    return 0;
}

size_t eddy_futures_len(const eddy_stream *self)
{
    if (eddy__stream_is_failed(self))
        return 0;
    check_is_set(self, "eddy_futures_len");
    return ((const struct futures *)(const void *)self)->entries.count;
}

/* ---- all of them ---- */

struct for_each {
    eddy__consumer consumer; /* of the set */
    eddy_result (*each)(void *arg, const struct eddy_outcome *outcome);
    void *arg;
    eddy_result count;
};

static eddy_result for_each_poll(eddy_future *frame, eddy_task *task)
{
    struct for_each *self = (struct for_each *)(void *)frame;
    eddy__input *set = &self->consumer.input;
    eddy_result result;

    while ((result = eddy__input_next(set, task)) > 0) {
        set->holds = false;
        result = self->each(self->arg, set->item);
        EDDY_ASSERT(result != EDDY_PENDING, "the callback of eddy_futures_for_each cannot wait");
        if (result < 0)
            return result;
        self->count++;
    }
    return result == 0 ? self->count : result;
}

static const eddy_type for_each_type = {for_each_poll, eddy__consumer_done, sizeof(struct for_each),
                                        "futures_for_each", eddy__consumer_take_child};

eddy_future *
eddy_futures_for_each(eddy_stream *self,
                      eddy_result (*each)(void *arg, const struct eddy_outcome *outcome), void *arg)
{
    eddy_future *instead;
    struct for_each *future;

    if (!eddy__stream_is_failed(self))
        check_is_set(self, "eddy_futures_for_each");
    future = eddy__consumer_new(self, &for_each_type, &instead);
    if (future == NULL)
        return instead;
    future->each = each;
    future->arg = arg;
    return &future->consumer.frame;
}
