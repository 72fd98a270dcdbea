/* SPDX-License-Identifier: MIT */
/*
 * source.c - what every I/O object stands on: its memory, its place in the loop, its slot with the
 * driver, and the delivery of events. An object with operations in flight is never freed, only
 * marked: its memory goes when the user has given it back and the driver has ended it.
 */
#include "reactor/core.h"

eddy__source *eddy__source_new(eddy_core *core, const eddy__source_type *type)
{
    eddy__source *self = eddy__slab_alloc(&core->slab, type->size_bytes);

    if (self == NULL)
        return NULL;
    self->type = type;
    self->core = core;
    self->flags = EDDY__SOURCE_HELD;
    self->slot.fd = -1;
    eddy__list_append(&core->sources, &self->all);
    eddy__list_init(&self->attention);
    eddy__core_memory_retain(core);
    return self;
}

int eddy__source_attach(eddy__source *self, int fd, eddy__slot_kind kind)
{
    eddy__driver *driver = self->core->driver;
    int error = driver->type->attach(driver, &self->slot, fd, kind);

    if (error != 0)
        return error;
    self->flags &= ~(uint32_t)EDDY__SOURCE_ENDS;
    self->flags |= EDDY__SOURCE_ATTACHED;
    return 0;
}

/* Once the loop is gone, other threads may give objects back too: its lists are left alone then. */
static void free_if_unused(eddy__source *self)
{
    eddy_core *core = self->core;

    if ((self->flags & (EDDY__SOURCE_ATTACHED | EDDY__SOURCE_ENDS | EDDY__SOURCE_HELD)) != 0)
        return;
    eddy__list_remove(&self->attention);
    eddy__list_remove(&self->all);
    eddy__core_object_free(core, self, self->type->size_bytes);
}

void eddy__source_detach(eddy__source *self)
{
    eddy__driver *driver = self->core->driver;

    if ((self->flags & EDDY__SOURCE_ENDS) != 0) {
        self->flags &= ~(uint32_t)EDDY__SOURCE_ENDS;
        self->type->ended(self);
        free_if_unused(self);
        return;
    }
    if ((self->flags & (EDDY__SOURCE_ATTACHED | EDDY__SOURCE_DETACHING)) != EDDY__SOURCE_ATTACHED)
        return;
    self->flags |= EDDY__SOURCE_DETACHING;
    driver->type->detach(driver, &self->slot);
}

void eddy__source_release(eddy__source *self)
{
    eddy_core *core = self->core;

    self->flags &= ~(uint32_t)EDDY__SOURCE_HELD;
    free_if_unused(self);
    eddy__core_memory_release(core);
}

/* The next one may take the free descriptor away again: all that wait are told, in order. */
static void tell_descriptor_free(eddy_core *core)
{
    EDDY__LIST_FOR_EACH_SAFE (node, next, &core->sources) {
        eddy__source *source = EDDY__CONTAINER(node, eddy__source, all);

        if (source->type->descriptor_free != NULL)
            source->type->descriptor_free(source);
    }
}

static void end_source(eddy__source *self)
{
    eddy_core *core = self->core;

    self->flags &= ~(uint32_t)(EDDY__SOURCE_ATTACHED | EDDY__SOURCE_DETACHING);
    self->slot.fd = -1;
    self->type->ended(self);
    free_if_unused(self);
    if (core->descriptor_waiters > 0)
        tell_descriptor_free(core);
}

void eddy__source_deliver(eddy_core *core, const eddy__event *events, int count)
{
    (void)core;
    for (int i = 0; i < count; i++) {
        eddy__source *source = EDDY__CONTAINER(events[i].slot, eddy__source, slot);

        if (events[i].type == EDDY__ENDED)
            end_source(source);
        else
            source->type->event(source, &events[i]);
    }
}

/* ---- later ---- */

#define LATER_NS (10 * EDDY_MILLISECOND)

static void attend_now(eddy__alarm *alarm)
{
    eddy_core *core = EDDY__CONTAINER(alarm, eddy_core, later);

    EDDY__LIST_FOR_EACH (node, &core->sources) {
        eddy__source *source = EDDY__CONTAINER(node, eddy__source, all);

        if ((source->flags & EDDY__SOURCE_LATER) == 0)
            continue;
        source->flags &= ~(uint32_t)EDDY__SOURCE_LATER;
        eddy__source_attend(source);
    }
}

void eddy__source_later_init(eddy_core *core)
{
    eddy__alarm_init(&core->later, attend_now);
}

void eddy__source_attend_later(eddy__source *self)
{
    self->flags |= EDDY__SOURCE_LATER;
    if (!self->core->later.timer.armed)
        eddy__alarm_start(self->core, &self->core->later, LATER_NS);
}

/* ---- the end of a turn ---- */

void eddy__source_tend_all(eddy_core *core)
{
    eddy__node list;

    eddy__list_init(&list);
    eddy__list_splice(&list, &core->attention);
    while (!eddy__list_empty(&list)) {
        eddy__source *source = EDDY__CONTAINER(list.next, eddy__source, attention);

        eddy__list_remove(&source->attention);
        source->flags &= ~(uint32_t)EDDY__SOURCE_TENDED;
        source->type->tend(source);
    }
}
