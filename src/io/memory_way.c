/* SPDX-License-Identifier: MIT */
/*
 * memory_way.c - one direction of a pair in memory: bytes are accepted as far as there is room, arrive
 * after the delay, and are shown piece by piece.
 *
 * Where a piece ends is a matter of the position in the stream alone: neither the sizes of the writes
 * nor the time change it, so that a test which names its splits gets these.
 */
#include <errno.h>

#include "io/memory.h"

static const eddy_wait_type read_wait = {.why = "memory: read"};
static const eddy_wait_type write_wait = {.why = "memory: write"};
static const eddy_wait_type flush_wait = {.why = "memory: flush"};

/* ---- arriving ---- */

static bool is_over(const eddy__memory_way *self)
{
    return self->read_error != 0 || (self->shut && self->under_way == 0);
}

static void tell_reader(eddy__memory_way *self)
{
    if (self->visible >= self->reader_min || is_over(self))
        eddy__waiter_wake(&self->reader);
}

static void tell_writer(eddy__memory_way *self)
{
    bool goes_on =
        self->flushing ? self->under_way == 0 : self->bytes.len <= self->options->room_bytes / 2;

    if (goes_on || self->write_error != 0 || self->closed)
        eddy__waiter_wake(&self->writer);
}

static void arrived(eddy__alarm *alarm)
{
    eddy__memory_way *self = EDDY__CONTAINER(alarm, eddy__memory_way, arrival);
    int64_t now_ns = eddy__core_now(self->core);

    while (self->under_way > 0 && self->marks[self->first].when_ns <= now_ns) {
        self->visible += self->marks[self->first].len;
        self->first = (self->first + 1) % EDDY__MEMORY_MARKS;
        self->under_way--;
    }
    if (self->under_way > 0)
        eddy__alarm_start(self->core, &self->arrival, self->marks[self->first].when_ns - now_ns);
    tell_reader(self);
    tell_writer(self);
}

/* The mark of what is written now: one for all that is written at a time, and the last one for all when
 * they are used up, which then arrives later. */
static eddy__memory_mark *mark_of(eddy__memory_way *self, int64_t when_ns)
{
    eddy__memory_mark *last =
        &self->marks[(self->first + self->under_way + EDDY__MEMORY_MARKS - 1) % EDDY__MEMORY_MARKS];

    if (self->under_way == EDDY__MEMORY_MARKS || (self->under_way > 0 && last->when_ns == when_ns))
        return last;
    self->under_way++;
    last = &self->marks[(self->first + self->under_way - 1) % EDDY__MEMORY_MARKS];
    last->len = 0;
    return last;
}

/* So many more bytes are in `bytes`; 0: the end is behind them. */
static void send(eddy__memory_way *self, size_t len)
{
    int64_t delay_ns = self->options->delay_ns;
    eddy__memory_mark *mark;
    bool first = self->under_way == 0;

    if (delay_ns == 0) {
        self->visible += len;
        tell_reader(self);
        return;
    }
    mark = mark_of(self, eddy__time_add(eddy__core_now(self->core), delay_ns));
    mark->when_ns = eddy__time_add(eddy__core_now(self->core), delay_ns);
    mark->len += len;
    if (first)
        eddy__alarm_start(self->core, &self->arrival, delay_ns);
}

static void lose_what_is_under_way(eddy__memory_way *self)
{
    eddy__alarm_stop(self->core, &self->arrival);
    self->under_way = 0;
    self->bytes.len = self->visible;
}

/* What was waited for here has come. */
static void unpark(eddy_waiter *waiter, const eddy_task *task)
{
    if (waiter->branch == NULL)
        return;
    EDDY_ASSERT(eddy__waiter_may_move(waiter, task),
                "two tasks use %s of one stream: '%s' waits, '%s' may not go before it",
                waiter->type->why, eddy__waiter_name(waiter), eddy_task_name(task));
    eddy_waiter_clear(waiter);
}

/* ---- reading ---- */

static size_t draw_split(eddy__memory_way *self)
{
    const eddy_io_memory_options *options = self->options;
    size_t split = options->split_bytes;

    if (options->next_split != NULL)
        split = options->next_split(options->split_arg);
    else if (options->splits_count > 0)
        split = options->splits[self->next++ % options->splits_count];
    return split == 0 ? SIZE_MAX : split;
}

/* The writer, which goes on when half of the room is free, may not wait for that now: the reader would
 * wait for it. */
static void ask_for_more(eddy__memory_way *self)
{
    if (!self->flushing && self->bytes.len < self->options->room_bytes)
        eddy__waiter_wake(&self->writer);
}

/* Show at least `min` bytes: whole pieces. */
static void show(eddy__memory_way *self, size_t min)
{
    while (self->split < min) {
        size_t split = draw_split(self);

        self->split = split > SIZE_MAX - self->split ? SIZE_MAX : self->split + split;
    }
}

eddy_result eddy__memory_fill(eddy__memory_way *self, eddy_task *task, size_t min)
{
    EDDY_ASSERT(min > 0, "a memory stream is asked for 0 bytes: ask for at least 1");
    if (min > self->options->room_bytes)
        return -EMSGSIZE;
    if (self->visible < min && !is_over(self)) {
        self->reader_min = min;
        ask_for_more(self);
        return eddy_waiter_park(&self->reader, task, &read_wait);
    }
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    unpark(&self->reader, task);
    show(self, min);
    if (self->visible >= min)
        return (eddy_result)eddy__memory_view(self).len;
    return self->read_error == 0 ? 0 : eddy_why_note(task, read_wait.why, NULL, self->read_error);
}

eddy_bytes eddy__memory_view(const eddy__memory_way *self)
{
    eddy_bytes bytes = eddy__held_bytes(&self->bytes);

    bytes.len = self->visible < self->split ? self->visible : self->split;
    return bytes;
}

void eddy__memory_consume(eddy__memory_way *self, size_t len)
{
    size_t most = eddy__memory_view(self).len;

    EDDY_ASSERT(len <= most, "%zu bytes are consumed of the %zu that are in view", len, most);
    eddy__held_consume(&self->bytes, len);
    self->visible -= len;
    self->split -= self->split == SIZE_MAX ? 0 : len;
    tell_writer(self);
}

void eddy__memory_deafen(eddy__memory_way *self, bool closed)
{
    self->deaf = true;
    self->closed = closed;
    self->lost = self->lost || (closed && self->bytes.len > 0);
    self->visible = 0;
    lose_what_is_under_way(self);
    tell_writer(self);
}

/* ---- writing ---- */

/* What a write is told that may not be made; 0: it may. */
static eddy_result refusal(eddy__memory_way *self)
{
    eddy_result error = self->write_error;

    if (error != 0)
        self->write_error = -EPIPE;
    else if (self->shut || self->closed)
        error = -EPIPE;
    return error;
}

static eddy_result refuse(eddy__memory_way *self, eddy_task *task, const eddy_wait_type *type,
                          eddy_result error)
{
    unpark(&self->writer, task);
    return eddy_why_note(task, type->why, NULL, error);
}

static size_t total_of(const eddy_bytes *parts, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += parts[i].len;
    return total;
}

/* False: no memory. */
static bool put(eddy__memory_way *self, const eddy_bytes *parts, size_t len)
{
    if (self->deaf)
        return true;
    if (!eddy__held_reserve(&self->bytes, self->core, len))
        return false;
    for (size_t left = len; left > 0; parts++) {
        size_t part = parts->len < left ? parts->len : left;

        eddy__held_append(&self->bytes, parts->data, part);
        left -= part;
    }
    send(self, len);
    return true;
}

eddy_result eddy__memory_write(eddy__memory_way *self, eddy_task *task, const eddy_bytes *parts,
                               size_t count, bool whole)
{
    size_t room = self->options->room_bytes;
    eddy_result error = refusal(self);
    size_t total;

    if (error != 0)
        return refuse(self, task, &write_wait, error);
    if (self->bytes.len >= room) {
        self->flushing = false;
        return eddy_waiter_park(&self->writer, task, &write_wait);
    }
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    unpark(&self->writer, task);
    room -= self->bytes.len;
    total = total_of(parts, count);
    if (total > room && total > EDDY_IO_WRITE_WHOLE && !whole)
        total = room;
    if (total > 0 && !put(self, parts, total))
        return -ENOMEM;
    return (eddy_result)total;
}

eddy_result eddy__memory_flush(eddy__memory_way *self, eddy_task *task)
{
    eddy_result error = self->write_error != 0 ? refusal(self) : self->lost ? -EPIPE : 0;

    if (error != 0)
        return refuse(self, task, &flush_wait, error);
    if (self->under_way > 0) {
        self->flushing = true;
        return eddy_waiter_park(&self->writer, task, &flush_wait);
    }
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    unpark(&self->writer, task);
    return 0;
}

void eddy__memory_end(eddy__memory_way *self)
{
    if (self->shut)
        return;
    self->shut = true;
    if (!self->deaf && self->read_error == 0)
        send(self, 0);
}

eddy_result eddy__memory_shutdown(eddy__memory_way *self, eddy_task *task)
{
    if (self->write_error != 0)
        return refuse(self, task, &write_wait, refusal(self));
    eddy__memory_end(self);
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    unpark(&self->writer, task);
    return 0;
}

/* ---- beginning and end ---- */

void eddy__memory_fail(eddy__memory_way *self, int32_t error)
{
    if (self->read_error == 0 && !is_over(self))
        self->read_error = error;
    if (self->write_error == 0)
        self->write_error = error;
    lose_what_is_under_way(self);
    eddy__waiter_wake(&self->reader);
    eddy__waiter_wake(&self->writer);
}

void eddy__memory_way_init(eddy__memory_way *self, eddy_core *core,
                           const eddy_io_memory_options *options)
{
    self->core = core;
    self->options = options;
    eddy__alarm_init(&self->arrival, arrived);
}

void eddy__memory_way_deinit(eddy__memory_way *self)
{
    if (!self->core->gone)
        eddy__alarm_stop(self->core, &self->arrival);
    eddy__held_free(&self->bytes, self->core);
}
