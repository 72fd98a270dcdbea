/* SPDX-License-Identifier: MIT */
/*
 * memory.c - two byte streams connected in memory: the pair and its ends. See eddy/io_memory.h.
 *
 * The pair lives as long as either end, so that what an end has written outlives it. Once the loop is
 * gone nothing is left of it but memory, which the last end gives back, on whatever thread.
 */
#include <errno.h>

#include "base/atomic.h"
#include "io/memory.h"

enum { ROOM_BYTES = 64 * 1024, ENDS = 2 };

struct pair;

struct end {
    eddy_io io;
    struct pair *pair;
    eddy__memory_way *in, *out;
};

struct pair {
    eddy_core *core;
    eddy_io_memory_options options;
    eddy__memory_way ways[ENDS];
    struct end ends[ENDS];
    eddy__atomic_u32 held; /* ends that are not freed yet */
};

static struct end *end_of(eddy_io *io)
{
    return EDDY__CONTAINER(io, struct end, io);
}

/* False: the loop is gone. */
static bool enter(const struct end *self, const eddy_task *task)
{
    const eddy_core *core = self->pair->core;

    if (task->core == core)
        return true;
    EDDY_ASSERT(
        core->gone,
        "task '%s' uses a memory stream of another loop: a stream belongs to the loop it was "
        "made on",
        eddy_task_name(task));
    return false;
}

/* ---- the trait ---- */

static eddy_result end_fill(eddy_io *io, eddy_task *task, size_t min)
{
    struct end *self = end_of(io);

    return enter(self, task) ? eddy__memory_fill(self->in, task, min) : EDDY_LOOP_GONE;
}

static eddy_bytes end_view(const eddy_io *io)
{
    return eddy__memory_view(EDDY__CONTAINER(io, const struct end, io)->in);
}

static void end_consume(eddy_io *io, size_t len)
{
    struct end *self = end_of(io);

    if (!self->pair->core->gone)
        eddy__memory_consume(self->in, len);
}

static eddy_result end_writev(eddy_io *io, eddy_task *task, const eddy_bytes *parts, size_t count)
{
    struct end *self = end_of(io);

    return enter(self, task) ? eddy__memory_write(self->out, task, parts, count, false)
                             : EDDY_LOOP_GONE;
}

static eddy_result end_write_buf(eddy_io *io, eddy_task *task, eddy_buf *buf, size_t from,
                                 size_t len)
{
    const eddy_bytes part = {eddy_buf_data(buf) + from, len};
    struct end *self = end_of(io);

    return enter(self, task) ? eddy__memory_write(self->out, task, &part, 1, true) : EDDY_LOOP_GONE;
}

static eddy_result end_flush(eddy_io *io, eddy_task *task)
{
    struct end *self = end_of(io);

    return enter(self, task) ? eddy__memory_flush(self->out, task) : EDDY_LOOP_GONE;
}

static eddy_result end_shutdown(eddy_io *io, eddy_task *task)
{
    struct end *self = end_of(io);

    return enter(self, task) ? eddy__memory_shutdown(self->out, task) : EDDY_LOOP_GONE;
}

/* Only the task that is giving the end back may still be waiting here. */
static void forget(eddy_waiter *waiter)
{
    if (waiter->branch == NULL)
        return;
    EDDY_ASSERT(eddy__waiter_is_polled(waiter),
                "a memory stream is freed while task '%s' waits for %s", eddy__waiter_name(waiter),
                waiter->type->why);
    eddy_waiter_clear(waiter);
}

static void end_stop_reading(eddy_io *io)
{
    struct end *self = end_of(io);

    if (self->pair->core->gone)
        return;
    forget(&self->in->reader);
    eddy__memory_deafen(self->in, false);
}

static void end_forget_writer(eddy_io *io)
{
    struct end *self = end_of(io);

    if (!self->pair->core->gone)
        forget(&self->out->writer);
}

static void end_stop_writing(eddy_io *io)
{
    struct end *self = end_of(io);

    if (self->pair->core->gone)
        return;
    forget(&self->out->writer);
    eddy__memory_end(self->out);
}

static void free_pair(struct pair *self)
{
    eddy_core *core = self->core;

    for (int i = 0; i < ENDS; i++)
        eddy__memory_way_deinit(&self->ways[i]);
    eddy__core_object_free(core, self, sizeof *self);
    eddy__core_memory_release(core);
}

/* Acquire and release: whoever is last frees what the other, perhaps on another thread once the loop is
 * gone, has used. */
static void let_go(struct end *self)
{
    if (eddy__atomic_fetch_sub(&self->pair->held, 1, memory_order_acq_rel) == 1)
        free_pair(self->pair);
}

static bool may_free(const struct end *self, const char *verb)
{
    if (self->pair->core->gone)
        return false;
    eddy__core_check(self->pair->core, verb);
    return true;
}

/* The end's bytes are on their way; the other's are lost. */
static void end_free(eddy_io *io)
{
    struct end *self = end_of(io);

    if (may_free(self, "eddy_io_free")) {
        forget(&self->in->reader);
        forget(&self->out->writer);
        eddy__memory_end(self->out);
        eddy__memory_deafen(self->in, true);
    }
    let_go(self);
}

static void end_abort(eddy_io *io)
{
    struct end *self = end_of(io);

    if (may_free(self, "eddy_io_abort")) {
        forget(&self->in->reader);
        forget(&self->out->writer);
        eddy__memory_fail(self->in, -ECONNRESET);
        eddy__memory_deafen(self->in, true);
        eddy__memory_fail(self->out, -ECONNRESET);
    }
    let_go(self);
}

static const eddy_io_type memory_type = {
    .name = "memory",
    .fill = end_fill,
    .view = end_view,
    .consume = end_consume,
    .writev = end_writev,
    .write_buf = end_write_buf,
    .flush = end_flush,
    .shutdown = end_shutdown,
    .stop_reading = end_stop_reading,
    .stop_writing = end_stop_writing,
    .abort = end_abort,
    .free = end_free,
    .forget_writer = end_forget_writer,
};

/* ---- making a pair ---- */

static bool are_possible(const eddy_io_memory_options *options)
{
    return options == NULL || (options->size_bytes == sizeof *options && options->delay_ns >= 0);
}

static void init_pair(struct pair *self, eddy_core *core, const eddy_io_memory_options *options)
{
    self->core = core;
    if (options != NULL)
        self->options = *options;
    if (self->options.room_bytes == 0)
        self->options.room_bytes = ROOM_BYTES;
    eddy__atomic_init(&self->held, ENDS);
    for (int i = 0; i < ENDS; i++) {
        eddy__memory_way_init(&self->ways[i], core, &self->options);
        self->ends[i] = (struct end){
            .io.type = &memory_type, .pair = self, .in = &self->ways[i], .out = &self->ways[1 - i]};
    }
}

int eddy_io_memory_pair(eddy_handle *handle, const eddy_io_memory_options *options, eddy_io **a,
                        eddy_io **b)
{
    eddy_core *core = handle->core;
    struct pair *self;

    eddy__core_check(core, "eddy_io_memory_pair");
    if (core->gone)
        return EDDY_LOOP_GONE;
    if (!are_possible(options))
        return -EINVAL;
    self = eddy__slab_alloc(&core->slab, sizeof *self);
    if (self == NULL)
        return -ENOMEM;
    eddy__core_memory_retain(core);
    init_pair(self, core, options);
    *a = &self->ends[0].io;
    *b = &self->ends[1].io;
    return 0;
}

void eddy_io_memory_break(eddy_io *end, eddy_result error)
{
    struct pair *pair;

    EDDY_ASSERT(end->type == &memory_type, "eddy_io_memory_break: this is a %s stream",
                end->type->name);
    EDDY_ASSERT(eddy_is_error(error), "eddy_io_memory_break is given no error");
    pair = end_of(end)->pair;
    if (pair->core->gone)
        return;
    eddy__core_check(pair->core, "eddy_io_memory_break");
    for (int i = 0; i < ENDS; i++)
        eddy__memory_fail(&pair->ways[i], (int32_t)error);
}
