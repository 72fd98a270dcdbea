/* SPDX-License-Identifier: MIT */
/*
 * join.h - the link between a task and the handle by which somebody awaits its result.
 */
#ifndef EDDY__JOIN_H
#define EDDY__JOIN_H

#include "reactor/core.h"

/* Two owners: the user, and the task as long as it lives. NULL: no memory. */
eddy_join *eddy__join_new(eddy_core *core);
/* The task was never made. */
void eddy__join_discard(eddy_join *self);
void eddy__join_bind(eddy_join *self, eddy_task *task);
/* eddy_join_abort() that waits for no other drop: eddy__task_drop_now(). */
void eddy__join_drop_now(eddy_join *self);
/* The task has ended; `self` may be gone afterwards. */
void eddy__join_finish(eddy_join *self, const eddy_ended *ended);

#endif
