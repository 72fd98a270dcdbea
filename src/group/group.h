/* SPDX-License-Identifier: MIT */
/*
 * group.h - the inside of a group: what its files share. Nobody else includes it.
 *
 *   group.c       life, spawning, the end of a task
 *   group_wait.c  waiting: for room, for results, until it is idle or closing
 *   group_end.c   ending its tasks: close, cancel, cut off, abort
 *   shutdown.c    all that in good order, as a future
 */
#ifndef EDDY__GROUP_H
#define EDDY__GROUP_H

#include "eddy/group.h"
#include "sync/ask.h"

struct eddy_group {
    eddy__sync sync; /* of one loop: no lock */
    eddy__owner owner;
    eddy_group_options options;
    eddy__node live; /* tasks */
    eddy__node kept; /* tasks that have ended, whose results nobody has taken */
    uint32_t live_count, kept_count;
    uint32_t holds; /* calls under way that need the memory */
    eddy__line room, closing;
    eddy_waiter next, idle;
    eddy__alarm grace; /* runs while tasks are asked to end */
    bool closed;
    bool freed; /* by the user */
    eddy_group_report report;
};

static inline eddy_task *eddy__group_task(eddy__node *node)
{
    return EDDY__CONTAINER(node, eddy_task, owned);
}

static inline bool eddy__group_is_full(const eddy_group *self)
{
    return self->options.tasks_max != 0 &&
           self->live_count + self->kept_count >= self->options.tasks_max;
}

/* Its memory stays as long as somebody holds it, or a task is left; then, if the user has given it back,
 * it goes. */
static inline void eddy__group_hold(eddy_group *self)
{
    self->holds++;
}
void eddy__group_unhold(eddy_group *self);

/* All who wait there look again, in the order in which they came. */
void eddy__group_tell(eddy_group *self, eddy__line *line);
/* The same for those who wait for room, if there is any. */
void eddy__group_tell_room(eddy_group *self);
/* The grace time is over: those that were asked and are still there are told of, then dropped. */
void eddy__group_grace_over(eddy__alarm *alarm);
/* Drop all; one that is being polled or ended goes as soon as that is over. */
void eddy__group_drop_all(eddy_group *self);

#endif
