/* SPDX-License-Identifier: MIT */
/*
 * set.h - a fixed number of children, each in a branch: what join and select, boxed and embedded, are
 * made of. Children that come and go are in src/stream/set.h.
 */
#ifndef EDDY__FUTURE_SET_H
#define EDDY__FUTURE_SET_H

#include "reactor/core.h"

/* A view of where the parts of one lie. */
typedef struct eddy__set {
    eddy__branches *branches;
    eddy__branch *branch; /* count of them */
    eddy_future **future; /* count of them; NULL: ended, or let go */
    size_t count;
} eddy__set;

/* Before the first poll or take: put every child in its branch. */
void eddy__set_begin(const eddy__set *self, eddy_core *core);
/* Before the first poll: begin with any of them. */
void eddy__set_shuffle(const eddy__set *self, eddy_core *core);
/*
 * Between eddy__branches_enter() and park or leave: poll children that were woken, until one ends.
 * False: none of the rest does now. Stops when the task's budget is spent, so that a large set does
 * not ask every child in vain; at least one was polled then.
 */
bool eddy__set_poll(const eddy__set *self, eddy_task *task, size_t *index, eddy_result *result);
/* The same in the order of the array, instead of that of the wakes, whatever the budget. One that has
 * spent it without ending must not starve those behind it: the next poll begins there, at *from; 0 at
 * first. */
bool eddy__set_poll_biased(const eddy__set *self, eddy_task *task, uint32_t *from, size_t *index,
                           eddy_result *result);
/*
 * Let go of one child, which then waits for nothing and is nobody's; NULL: none is left. For
 * take_child: so the losers of a select are dropped like all that a future owns when it ends, before
 * its result is told, and their `done` may wake, spawn and push.
 */
eddy_future *eddy__set_take(const eddy__set *self);
/* Let go of this one; NULL: it has ended. */
eddy_future *eddy__set_take_at(const eddy__set *self, size_t index);
/* A boxed future that owns a set; its own members follow. */
typedef struct eddy__many {
    eddy_future frame;
    eddy_core *core;
    eddy__set set;
    eddy__branches branches;
    bool begun; /* it was polled */
} eddy__many;

/*
 * A boxed future of the type, which begins with an eddy__many, with the futures taken over. NULL: no
 * memory, or the loop is gone; the futures were dropped. Asserts, for the public `verb`, that each is
 * boxed, not polled, of this loop and not another's already.
 */
void *eddy__many_new(eddy_handle *handle, const eddy_type *type, eddy_future *const *futures,
                     size_t count, const char *verb);
/* take_child and done of such a type. */
eddy_future *eddy__many_take_child(eddy_future *self);
void eddy__many_done(eddy_future *self);

#endif
