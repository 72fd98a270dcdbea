/* SPDX-License-Identifier: MIT */
/*
 * pipe_io.c - a pipe as an eddy_io: its functions under the names of the trait, what they begin with,
 * and the two halves.
 */
#include "net/pipe.h"

bool eddy__pipe_enter(const eddy_pipe *self, const eddy_task *task)
{
    EDDY_ASSERT(task->core == eddy__pipe_core(self) || eddy__pipe_core(self)->gone,
                "task '%s' uses a pipe of another loop: it belongs to the loop it was made on",
                eddy_task_name(task));
    return !eddy__pipe_core(self)->gone;
}

void eddy__pipe_unpark(eddy_pipe *self, eddy__side side, const eddy_task *task)
{
    eddy_waiter *waiter = &self->ready.waiters[side];

    if (waiter->branch == NULL)
        return;
    EDDY_ASSERT(eddy__waiter_may_move(waiter, task),
                "two tasks use %s of one pipe: '%s' waits, '%s' may not go before it",
                waiter->type->why, eddy__waiter_name(waiter), eddy_task_name(task));
    eddy_waiter_clear(waiter);
}

eddy_result eddy__pipe_told(eddy_task *task, const eddy_wait_type *type, eddy_result error)
{
    return error < 0 ? eddy_why_note(task, type->why, NULL, error) : error;
}

/* ---- halves ---- */

static void forget(eddy_pipe *self, eddy__side side)
{
    eddy_waiter *waiter = &self->ready.waiters[side];

    if (waiter->branch == NULL)
        return;
    EDDY_ASSERT(eddy__pipe_core(self)->gone || eddy__waiter_is_polled(waiter),
                "half of a pipe is freed while task '%s' waits for %s", eddy__waiter_name(waiter),
                waiter->type->why);
    eddy_waiter_clear(waiter);
}

static void pipe_stop_reading(eddy_io *io)
{
    eddy_pipe *self = eddy__pipe_of(io);

    forget(self, EDDY__SIDE_READ);
    if (!eddy__pipe_core(self)->gone)
        eddy__pipe_drop_unread(self);
}

static void pipe_stop_writing(eddy_io *io)
{
    eddy_pipe *self = eddy__pipe_of(io);

    forget(self, EDDY__SIDE_WRITE);
    self->ready.source.flags |= EDDY__PIPE_SHUT | EDDY__PIPE_FIN_WANTED;
    if (!eddy__pipe_core(self)->gone)
        eddy__source_attend(&self->ready.source);
}

static void pipe_forget_writer(eddy_io *io)
{
    forget(eddy__pipe_of(io), EDDY__SIDE_WRITE);
}

const eddy_io_type eddy__pipe_io = {
    .name = "pipe",
    .fill = eddy__pipe_fill,
    .view = eddy__pipe_view,
    .consume = eddy__pipe_consume,
    .writev = eddy__pipe_writev,
    .write_buf = eddy__pipe_write_buf,
    .flush = eddy__pipe_poll_flush,
    .shutdown = eddy__pipe_poll_shutdown,
    .stop_reading = pipe_stop_reading,
    .stop_writing = pipe_stop_writing,
    .abort = eddy__pipe_abort,
    .free = eddy__pipe_free,
    .forget_writer = pipe_forget_writer,
};
