/* SPDX-License-Identifier: MIT */
/*
 * sim_wait.c - the simulated driver's wait: events as long as there are any, else the room's time
 * goes on until there are.
 *
 * The order: the starved whose buffer has come, then the queue. What does not fit, or what chance
 * leaves out, comes first in the next wait, which then leaves nothing to chance: nobody is passed
 * over twice.
 */
#include "driver/sim_driver.h"

#include "eddy/error.h"
#include "eddy/explore.h"

#include <errno.h>

static uint32_t count(const eddy__node *list)
{
    uint32_t n = 0;

    EDDY__LIST_FOR_EACH (node, list)
        n++;
    return n;
}

/* Each is put before or behind all others. */
static void shuffle(eddy__sim *sim, eddy__node *list)
{
    eddy__node mixed;

    eddy__list_init(&mixed);
    while (!eddy__list_empty(list)) {
        eddy__node *node = list->next;

        eddy__list_remove(node);
        eddy__list_append(eddy__sim_draw(sim, EDDY_CHAOS_BATCH, 2) == 0 ? &mixed : mixed.next,
                          node);
    }
    eddy__list_splice(list, &mixed);
}

/* How many of the batch are served, and in which order. */
static uint32_t choose(eddy__simulated *self, eddy__node *batch)
{
    uint32_t n = count(batch);

    if (n < 2 || self->left_over || !eddy__sim_happens(self->sim, EDDY_CHAOS_BATCH))
        return n;
    shuffle(self->sim, batch);
    return 1 + eddy__sim_draw(self->sim, EDDY_CHAOS_BATCH, n);
}

static void serve_starved(eddy__simulated *self)
{
    while (!eddy__list_empty(&self->starved) && !eddy__simulated_full(self) &&
           eddy__simulated_find_room(self))
        eddy__simulated_revive(
            self, EDDY__CONTAINER(self->starved.next, eddy__simulated_record, starved));
}

/* One round: each slot of the queue has its turn once. */
static void serve(eddy__simulated *self)
{
    eddy__node batch;
    uint32_t left;

    eddy__list_init(&batch);
    eddy__list_splice(&batch, &self->queue);
    serve_starved(self);
    for (left = choose(self, &batch); left > 0 && !eddy__simulated_full(self); left--) {
        eddy__simulated_record *record =
            EDDY__CONTAINER(batch.next, eddy__simulated_record, queued);

        eddy__list_remove(&record->queued);
        eddy__simulated_serve(self, record);
    }
    self->left_over = !eddy__list_empty(&batch);
    if (self->left_over)
        EDDY_SOMETIMES("sim: a wait left slots over");
    eddy__list_splice(&batch, &self->queue);
    eddy__list_splice(&self->queue, &batch);
}

/* Until there is an event, a wake, or it is time. 0 or EDDY_DEADLOCK. */
static int wait_for_events(eddy__simulated *self, int64_t deadline_ns)
{
    const eddy__event *first = self->out;

    for (;;) {
        bool woken = self->base.cpu->woken;

        self->base.cpu->woken = false;
        serve(self);
        if (self->out != first || woken || deadline_ns <= eddy__sim_local_ns(self->host))
            return 0;
        if (!eddy__list_empty(&self->queue))
            continue; /* those that were left over */
        if (!eddy__sim_step(self->sim, self->base.cpu,
                            eddy__sim_from_local(self->host, deadline_ns)))
            return EDDY_DEADLOCK;
    }
}

int eddy__simulated_wait(eddy__driver *driver, int64_t deadline_ns, eddy__event *events,
                         uint32_t events_max)
{
    eddy__simulated *self = (eddy__simulated *)driver;
    int result;

    eddy__sim_check_thread(self->base.cpu);
    self->base.counters.waits++;
    self->out = events;
    self->out_end = events + events_max;
    self->waiting = true;
    result = wait_for_events(self, deadline_ns);
    self->waiting = false;
    if (result < 0)
        return result;
    /* Who is told something may give a buffer back that somebody waits for. */
    if (!eddy__list_empty(&self->queue) ||
        (self->out != events && !eddy__list_empty(&self->starved)))
        self->base.cpu->woken = true;
    return (int)(self->out - events);
}
