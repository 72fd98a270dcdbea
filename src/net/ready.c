/* SPDX-License-Identifier: MIT */
/*
 * ready.c - see ready.h.
 */
#include <errno.h>

#include "net/ready.h"

int eddy__ready_new(eddy_core *core, const eddy__source_type *type, int fd, uint32_t is,
                    eddy__ready **out)
{
    eddy__source *source = eddy__source_new(core, type);
    int error;

    if (source == NULL)
        return -ENOMEM;
    error = eddy__source_attach(source, fd, EDDY__SLOT_READY);
    if (error != 0) {
        eddy__source_release(source);
        return error;
    }
    *out = eddy__ready_of(source);
    (*out)->is = is;
    return 0;
}

void eddy__ready_event(eddy__source *source, const eddy__event *event)
{
    eddy__ready *self = eddy__ready_of(source);

    if (event->type != EDDY__READY || (source->flags & EDDY__SOURCE_DETACHING) != 0)
        return;
    self->is |= (uint32_t)event->result;
    for (int side = EDDY__SIDE_READ; side <= EDDY__SIDE_WRITE; side++) {
        if ((self->is & self->wants[side]) != 0 && self->waiters[side].branch != NULL)
            eddy__waiter_wake(&self->waiters[side]);
    }
}

void eddy__ready_wake(eddy__ready *self)
{
    eddy__waiter_wake(&self->waiters[EDDY__SIDE_READ]);
    eddy__waiter_wake(&self->waiters[EDDY__SIDE_WRITE]);
}

static bool enter(const eddy__ready *self, const eddy_task *task)
{
    EDDY_ASSERT(task->core == self->source.core || self->source.core->gone,
                "task '%s' uses a %s of another loop: it belongs to the loop it was made on",
                eddy_task_name(task), self->source.type->name);
    return !self->source.core->gone;
}

static void unpark(eddy_waiter *waiter, const eddy_task *task)
{
    if (waiter->branch == NULL)
        return;
    EDDY_ASSERT(eddy__waiter_may_move(waiter, task),
                "two tasks use %s of one object: '%s' waits, '%s' may not go before it",
                waiter->type->why, eddy__waiter_name(waiter), eddy_task_name(task));
    eddy_waiter_clear(waiter);
}

eddy_result eddy__ready_poll(eddy__ready *self, eddy_task *task, eddy__side side, uint32_t wants,
                             const eddy_wait_type *type)
{
    if (!enter(self, task))
        return EDDY_LOOP_GONE;
    if ((self->is & wants) == 0) {
        self->wants[side] = wants;
        return eddy_waiter_park(&self->waiters[side], task, type);
    }
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    unpark(&self->waiters[side], task);
    return (eddy_result)(self->is & wants);
}

static void forget(const eddy__ready *self, eddy_waiter *waiter)
{
    if (waiter->branch == NULL)
        return;
    EDDY_ASSERT(self->source.core->gone || eddy__waiter_is_polled(waiter),
                "a %s is freed while task '%s' waits for %s", self->source.type->name,
                eddy__waiter_name(waiter), waiter->type->why);
    eddy_waiter_clear(waiter);
}

void eddy__ready_free(eddy__ready *self)
{
    if (!self->source.core->gone)
        eddy__core_check(self->source.core, self->source.type->name);
    forget(self, &self->waiters[EDDY__SIDE_READ]);
    forget(self, &self->waiters[EDDY__SIDE_WRITE]);
    if (!self->source.core->gone)
        eddy__source_detach(&self->source);
    eddy__source_release(&self->source);
}
