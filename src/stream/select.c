/* SPDX-License-Identifier: MIT */
/*
 * select.c - the items of several streams as they come. Each stream is in a branch of its own, so that
 * only those that were woken are polled. The list of branches that are ready makes it fair: it starts
 * anywhere, and one that has given an item goes to its end.
 */
#include "eddy/stream_combine.h"
#include "stream/stream.h"

struct side {
    eddy__branch branch;
    eddy_stream *stream; /* owned; NULL: it has ended */
};

struct select {
    eddy_stream stream;
    eddy_core *core;
    struct side *sides;
    size_t count;
    size_t live;
    bool begun;
    eddy__branches set;
};

static const eddy_wait_type select_wait = {"select", eddy__branches_disarmed, false};

static eddy_result poll_side(struct select *self, struct side *side, eddy_task *task, void *item)
{
    eddy_result result = eddy__stream_branch_poll(&side->branch, side->stream, task, item);

    if (result == 0) {
        eddy__branches_remove(&side->branch);
        side->stream = NULL;
        self->live--;
    }
    return result;
}

/* Each that is ready now, once. */
static eddy_result poll_ready(struct select *self, eddy_task *task, void *item)
{
    eddy__branch *branch;

    while ((branch = eddy__branches_next(&self->set)) != NULL) {
        eddy_result result =
            poll_side(self, EDDY__CONTAINER(branch, struct side, branch), task, item);

        if (result != 0 && result != EDDY_PENDING)
            return result;
        if (task->budget > 0)
            continue;
        if (result == EDDY_PENDING && (branch->state & EDDY__BRANCH_QUEUED) != 0)
            eddy__branches_keep_turn(&self->set, branch);
        break; /* the others could do nothing either */
    }
    return self->live == 0 ? 0 : EDDY_PENDING;
}

/* Who gets an item polls again, woken or not: until then the set need not be known where it was. */
static eddy_result select_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct select *self = (struct select *)(void *)stream;
    eddy_result result;

    if (!self->begun) {
        self->begun = true;
        eddy__branches_rotate(
            &self->set,
            &self->sides[eddy__branches_draw(self->core, (uint32_t)self->count)].branch);
    }
    eddy__branches_enter(&self->set, task);
    result = poll_ready(self, task, item);
    if (result == EDDY_PENDING)
        return eddy__branches_park(&self->set, task, &select_wait, false);
    eddy__branches_leave(&self->set);
    return result;
}

static eddy_future *select_take_child(eddy_future *frame)
{
    struct select *self = (struct select *)(void *)frame;

    for (size_t i = 0; i < self->count; i++) {
        eddy_stream *stream = self->sides[i].stream;

        if (stream == NULL)
            continue;
        self->sides[i].stream = NULL;
        eddy__branch_close(&self->sides[i].branch);
        return &stream->frame;
    }
    return NULL;
}

static void select_done(eddy_future *frame)
{
    struct select *self = (struct select *)(void *)frame;

    if (self->sides != NULL)
        eddy__core_object_free(self->core, self->sides, self->count * sizeof *self->sides);
}

static const eddy_stream_type select_type = {
    .base = {eddy_stream_no_future, select_done, sizeof(struct select), "stream_select",
             select_take_child},
    .poll_next = select_next,
};

static void drop_all(eddy_stream *const *streams, size_t count)
{
    for (size_t i = 0; i < count; i++)
        eddy__future_end(&streams[i]->frame, NULL);
}

/* The loop of all of them; NULL: one is failed, and is in *failed. One that is given twice is found by
 * the mark that it got the first time. */
static eddy_core *core_of_all(eddy_stream *const *streams, size_t count, eddy_stream **failed)
{
    eddy_core *core = NULL;

    for (size_t i = 0; i < count; i++) {
        core = eddy__stream_core(streams[i], select_type.base.name);
        if (core == NULL) {
            *failed = streams[i];
            return NULL;
        }
        EDDY_ASSERT(streams[i]->item_bytes == streams[0]->item_bytes,
                    "eddy_stream_select: items of %zu and of %zu bytes", streams[0]->item_bytes,
                    streams[i]->item_bytes);
        streams[i]->frame.state |= EDDY__FUTURE_LINKED;
    }
    eddy__core_check(core, "eddy_stream_select");
    return core;
}

static void add_sides(struct select *self, eddy_stream *const *streams)
{
    eddy__branches_init(&self->set);
    for (size_t i = 0; i < self->count; i++) {
        struct side *side = &self->sides[i];

        side->stream = streams[i];
        eddy__branch_init(&side->branch, self->core);
        eddy__branches_add(&self->set, &side->branch);
    }
}

static struct select *new_select(eddy_core *core, size_t count, size_t item_bytes)
{
    struct select *self = eddy__stream_new(core, &select_type, item_bytes);

    if (self == NULL)
        return NULL;
    self->core = core;
    self->sides = eddy__slab_alloc(&core->slab, count * sizeof *self->sides);
    if (self->sides != NULL)
        return self;
    eddy_future_drop(&self->stream.frame);
    return NULL;
}

eddy_stream *eddy_stream_select(eddy_stream *const *streams, size_t count)
{
    eddy_stream *failed = NULL;
    struct select *self;
    eddy_core *core;

    EDDY_ASSERT(count > 0, "eddy_stream_select of no streams");
    core = core_of_all(streams, count, &failed);
    self = core != NULL ? new_select(core, count, streams[0]->item_bytes) : NULL;
    if (self == NULL) {
        drop_all(streams, count);
        return failed != NULL ? failed : eddy__stream_failed(core);
    }
    self->count = self->live = count;
    for (size_t i = 0; i < count; i++)
        eddy__stream_agree(&self->stream.drop_item, streams[i], select_type.base.name);
    add_sides(self, streams);
    return &self->stream;
}
