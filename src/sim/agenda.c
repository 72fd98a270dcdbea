/* SPDX-License-Identifier: MIT */
/*
 * agenda.c - what will happen, in the order of time: a binary heap of events that are embedded in
 * what they are about. Of two at the same time the one that was put in first comes first.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "sim/sim.h"

enum { FIRST_SIZE = 64 };

static bool is_before(const eddy__sim_event *a, const eddy__sim_event *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

/* Places count from 1. */
static void put(eddy__sim *self, eddy__sim_event *event, uint32_t place)
{
    self->agenda[place - 1] = event;
    event->place = place;
}

static void move_up(eddy__sim *self, eddy__sim_event *event)
{
    uint32_t place = event->place;

    while (place > 1 && is_before(event, self->agenda[place / 2 - 1])) {
        put(self, self->agenda[place / 2 - 1], place);
        place /= 2;
    }
    put(self, event, place);
}

static void move_down(eddy__sim *self, eddy__sim_event *event)
{
    uint32_t place = event->place;

    for (;;) {
        uint32_t child = 2 * place;

        if (child > self->agenda_n)
            break;
        if (child < self->agenda_n && is_before(self->agenda[child], self->agenda[child - 1]))
            child++;
        if (!is_before(self->agenda[child - 1], event))
            break;
        put(self, self->agenda[child - 1], place);
        place = child;
    }
    put(self, event, place);
}

static bool grow(eddy__sim *self)
{
    uint32_t size = self->agenda_size == 0 ? FIRST_SIZE : 2 * self->agenda_size;
    eddy__sim_event **agenda = eddy__alloc(self->allocator, size * sizeof(eddy__sim_event *));

    if (agenda == NULL)
        return false;
    if (self->agenda != NULL) {
        memcpy(agenda, self->agenda, self->agenda_n * sizeof(eddy__sim_event *));
        eddy__free(self->allocator, self->agenda, self->agenda_size * sizeof(eddy__sim_event *));
    }
    self->agenda = agenda;
    self->agenda_size = size;
    return true;
}

int eddy__sim_at(eddy__sim *self, eddy__sim_event *event, int64_t at_ns)
{
    if (event->place == 0 && self->agenda_n == self->agenda_size && !grow(self))
        return -ENOMEM;
    eddy__sim_cancel(self, event);
    event->at_ns = at_ns < self->now_ns ? self->now_ns : at_ns;
    event->order = ++self->order;
    event->counted = !event->upkeep && event->at_ns <= EDDY__SIM_END_NS;
    self->agenda_real += event->counted;
    put(self, event, ++self->agenda_n);
    move_up(self, event);
    return 0;
}

void eddy__sim_cancel(eddy__sim *self, eddy__sim_event *event)
{
    eddy__sim_event *last;
    uint32_t place = event->place;

    if (place == 0)
        return;
    event->place = 0;
    self->agenda_real -= event->counted;
    last = self->agenda[--self->agenda_n];
    if (last == event)
        return;
    put(self, last, place);
    move_up(self, last);
    move_down(self, last);
}

int64_t eddy__sim_next_ns(const eddy__sim *self, bool real)
{
    if (self->agenda_n == 0 || (real && self->agenda_real == 0))
        return EDDY_FOREVER;
    return self->agenda[0]->at_ns;
}
