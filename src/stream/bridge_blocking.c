/* SPDX-License-Identifier: MIT */
/*
 * bridge_blocking.c - the items of a stream for a thread that has no loop: a task on the stream's loop
 * takes them, and sends them through a thread-safe channel.
 *
 * What goes through the channel are records: an item, and behind it what the stream said (1, 0 at the
 * end, an error). The end of the channel without a record of the end means that the task is gone.
 *
 * The iterator is shared by the task and the thread, and freed by whoever is last. Under its mutex are
 * the references, and the waker of the task: the thread, when it has had enough, wakes the task,
 * wherever that waits, to see that the channel is closed.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "eddy/bridge.h"
#include "stream/stream.h"
#include "sys/thread.h"

struct eddy_iterator {
    eddy_allocator allocator;
    eddy__thread loop; /* that must not wait here */
    eddy_receiver *receiver;
    void (*drop_item)(void *item);
    unsigned char *record; /* memory for the one that was received last */
    size_t item_bytes, result_at, record_bytes;
    bool ended; /* the end was received */
    eddy__mutex mutex;
    eddy_waker waker; /* of the task; zero: it has not begun, or is gone */
    int refs;
    bool closed; /* the thread has had enough */
};

/* ---- records ---- */

static size_t rounded(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

static eddy_result result_of(const eddy_iterator *self, const unsigned char *record)
{
    eddy_result result;

    memcpy(&result, record + self->result_at, sizeof result);
    return result;
}

/* The channel's: a record that nobody received. */
static void drop_record(void *arg, void *record)
{
    const eddy_iterator *self = arg;

    if (result_of(self, record) > 0)
        eddy__item_drop(self->drop_item, record);
}

/* ---- the iterator ---- */

static void release(eddy_iterator *self)
{
    const eddy_allocator allocator = self->allocator;
    bool last;

    eddy__mutex_lock(&self->mutex);
    last = --self->refs == 0;
    eddy__mutex_unlock(&self->mutex);
    if (!last)
        return;
    eddy__mutex_deinit(&self->mutex);
    eddy__free(&allocator, self->record, self->record_bytes);
    eddy__free(&allocator, self, sizeof *self);
}

static eddy_waker take_waker(eddy_iterator *self, bool close)
{
    eddy_waker waker;

    eddy__mutex_lock(&self->mutex);
    waker = self->waker;
    self->waker = (eddy_waker){0};
    self->closed |= close;
    eddy__mutex_unlock(&self->mutex);
    return waker;
}

/* What was received is told. Waiting is for other threads than the one that would have to go on. */
static int receive(eddy_iterator *self)
{
    int got = eddy_receiver_try_next(self->receiver, self->record);

    if (got != -EAGAIN)
        return got;
    EDDY_ASSERT(!eddy__thread_is_self(&self->loop),
                "eddy_iterator_next would wait on the thread of the loop whose stream it is: that "
                "would never go on");
    return eddy_receiver_wait_next(self->receiver, self->record);
}

eddy_result eddy_iterator_next(eddy_iterator *self, void *item)
{
    eddy_result result;

    if (self->ended)
        return 0;
    if (receive(self) != 1)
        return EDDY_DROPPED;
    result = result_of(self, self->record);
    self->ended = result == 0;
    if (result > 0)
        memcpy(item, self->record, self->item_bytes);
    return result > 0 ? 1 : result;
}

void eddy_iterator_free(eddy_iterator *self)
{
    eddy_waker waker;

    if (self == NULL)
        return;
    eddy_receiver_free(self->receiver);
    waker = take_waker(self, true);
    (void)eddy_waker_wake(&waker);
    eddy_waker_release(&waker);
    release(self);
}

/* ---- the task ---- */

struct feeder {
    eddy_future frame;
    eddy_iterator *iterator;
    eddy_stream *stream; /* a child from the beginning */
    eddy_sender *sender;
    eddy_ticket ticket;
    unsigned char *record; /* in hand */
    bool full;             /* it is something */
    bool begun;            /* the iterator has our waker */
};

/* Have the iterator know how to wake us. */
static int begin(struct feeder *self, eddy_task *task)
{
    eddy_iterator *iterator = self->iterator;
    eddy_waker waker;
    int error = eddy_task_waker(task, &waker);

    if (error != 0)
        return error;
    eddy__mutex_lock(&iterator->mutex);
    if (!iterator->closed) {
        iterator->waker = waker;
        waker = (eddy_waker){0};
    }
    eddy__mutex_unlock(&iterator->mutex);
    eddy_waker_release(&waker);
    self->begun = true;
    return 0;
}

/* Get a record in hand. 0: it is. */
static eddy_result fill(struct feeder *self, eddy_task *task)
{
    eddy_result result = eddy_stream_poll_next(self->stream, task, self->record);

    if (result == EDDY_PENDING || result == -ECANCELED)
        return result; /* cancelled: it is us who are asked to end */
    memcpy(self->record + self->iterator->result_at, &result, sizeof result);
    self->full = true;
    return 0;
}

/* The record is on its way. Was it the last one? */
static bool is_over(struct feeder *self)
{
    eddy_result result = result_of(self->iterator, self->record);

    self->full = false;
    return result == 0 || (result < 0 && eddy__stream_is_failed(self->stream));
}

/* Until something has to be waited for, or the end: 0. */
static eddy_result feed(struct feeder *self, eddy_task *task)
{
    while (!eddy_sender_is_closed(self->sender)) {
        eddy_result result = self->full ? 0 : fill(self, task);

        if (result == 0)
            result = eddy_sender_poll_send(self->sender, task, &self->ticket, self->record);
        if (result != 0)
            return result == EDDY_CLOSED ? 0 : result;
        if (is_over(self))
            return 0;
    }
    return 0;
}

static eddy_result feeder_poll(eddy_future *frame, eddy_task *task)
{
    struct feeder *self = (struct feeder *)(void *)frame;
    int error = self->begun ? 0 : begin(self, task);

    return error != 0 ? error : feed(self, task);
}

static void feeder_done(eddy_future *frame)
{
    struct feeder *self = (struct feeder *)(void *)frame;
    eddy_iterator *iterator = self->iterator;
    eddy_waker waker = take_waker(iterator, false);

    eddy_waker_release(&waker);
    if (self->full)
        drop_record(iterator, self->record);
    eddy__free(&iterator->allocator, self->record, iterator->record_bytes);
    eddy_sender_free(self->sender);
    release(iterator);
}

static const eddy_type feeder_type = {
    .poll = feeder_poll,
    .done = feeder_done,
    .size_bytes = sizeof(struct feeder),
    .name = "stream_blocking",
};

/* ---- making both ---- */

/* One that has no channel and no task yet, with one reference. NULL: no memory. */
static eddy_iterator *iterator_new(const eddy_allocator *allocator, const eddy_stream *stream)
{
    eddy_iterator *self = eddy__alloc(allocator, sizeof *self);

    if (self == NULL)
        return NULL;
    memset(self, 0, sizeof *self);
    self->allocator = *allocator;
    self->loop = eddy__thread_self();
    self->drop_item = stream->drop_item;
    self->item_bytes = stream->item_bytes;
    self->result_at = rounded(stream->item_bytes, sizeof(eddy_result));
    self->record_bytes = rounded(self->result_at + sizeof(eddy_result), 16);
    self->record = eddy__alloc(allocator, self->record_bytes);
    self->refs = 1;
    if (self->record == NULL) {
        eddy__free(allocator, self, sizeof *self);
        return NULL;
    }
    eddy__mutex_init(&self->mutex);
    return self;
}

/* NULL: no memory. */
static struct feeder *feeder_new(eddy_core *core, eddy_iterator *iterator)
{
    struct feeder *self = eddy__future_new(core, &feeder_type);

    if (self == NULL)
        return NULL;
    self->record = eddy__alloc(&iterator->allocator, iterator->record_bytes);
    if (self->record == NULL) {
        eddy__future_free_box(&self->frame);
        return NULL;
    }
    self->iterator = iterator;
    return self;
}

/* Everything but the stream. NULL: *error says why. */
static struct feeder *connected(eddy_core *core, const eddy_stream *stream, uint32_t capacity,
                                int *error)
{
    eddy_iterator *iterator = iterator_new(&core->memory.inner, stream);
    struct feeder *feeder;
    eddy_sender *sender;

    *error = -ENOMEM;
    if (iterator == NULL)
        return NULL;
    *error = eddy_channel_new(NULL,
                              &(eddy_channel_options){
                                  .size_bytes = sizeof(eddy_channel_options),
                                  .item_bytes = iterator->record_bytes,
                                  .capacity = capacity,
                                  .drop_item = drop_record,
                                  .arg = iterator,
                                  .allocator = &iterator->allocator,
                              },
                              &sender, &iterator->receiver);
    if (*error != 0) {
        release(iterator);
        return NULL;
    }
    feeder = feeder_new(core, iterator);
    if (feeder == NULL) {
        *error = -ENOMEM;
        eddy_sender_free(sender);
        eddy_iterator_free(iterator);
        return NULL;
    }
    feeder->sender = sender;
    iterator->refs = 2;
    return feeder;
}

int eddy_stream_blocking(eddy_handle *handle, eddy_stream *stream, uint32_t capacity,
                         eddy_iterator **out)
{
    eddy_core *core = handle->core;
    struct feeder *feeder = NULL;
    eddy_iterator *iterator;
    int error = EDDY_LOOP_GONE;

    eddy__core_check(core, "eddy_stream_blocking");
    (void)eddy__stream_core(stream, "eddy_stream_blocking");
    if (capacity == 0 || capacity == EDDY_UNBOUNDED)
        error = -EINVAL;
    else if (!core->gone)
        feeder = connected(core, stream, capacity, &error);
    if (feeder == NULL) {
        eddy_future_drop(&stream->frame);
        return error;
    }
    iterator = feeder->iterator;
    feeder->stream = stream;
    eddy_future_adopt(&feeder->frame, &stream->frame);
    error = eddy_spawn(handle, &feeder->frame);
    if (error != 0)
        eddy_iterator_free(iterator);
    else
        *out = iterator;
    return error;
}
