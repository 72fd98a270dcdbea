/* SPDX-License-Identifier: MIT */
/*
 * eddy/scope.h - a scope: a part of a task that can be asked to end, by a deadline or by a call,
 * without the rest of it. Where eddy_timeout drops its inner future, a scope asks: the inner future's
 * next wait returns -ETIMEDOUT (or -ECANCELED) once, in each branch of it, so that it can say goodbye
 * or roll back, and may wait for that. When it has not ended after a grace time it is dropped.
 *
 * Scopes nest: a request to an outer one reaches all that is inside; the earliest deadline counts
 * (eddy_task_deadline_ns()). eddy_task_shield() holds requests back.
 */
#ifndef EDDY_SCOPE_H
#define EDDY_SCOPE_H

#include "eddy/async.h"
#include "eddy/branch.h"
#include "eddy/time.h"

EDDY_EXTERN_C_BEGIN

/** A future with a scope around it; see eddy_scope_type. Set the first three; the rest is zero. */
struct eddy_scope {
    EDDY_FRAME;
    eddy_future *inner;  /* owned from the first poll on: boxed, or a member of the same parent */
    int64_t duration_ns; /* from the first poll on; 0: no deadline; < 0: it has passed */
    int64_t grace_ns;    /* from the request on, then it is dropped; 0: never */
    /* private */
    eddy_deadline limit;
    int32_t asked;
    bool in_grace;
    eddy_branches set;
    eddy_branch branch;
};

/**
 * The type of struct eddy_scope. Its result is the inner future's; -ETIMEDOUT or -ECANCELED, the
 * request's, when that was dropped after the grace time. Awaited like any async function:
 * self->scope = EDDY_INIT(eddy_scope, .inner = &self->work.frame, .duration_ns = EDDY_SECOND);
 */
EDDY_API extern const eddy_type eddy_scope_type;

/**
 * Ask what is in the scope to end, with -ECANCELED.
 * @param self  scope that is under way; one that has not begun, or was asked before, is left alone
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_scope_cancel(struct eddy_scope *self);

/**
 * The earliest deadline of all scopes around what the task polls now, for work that wants to know
 * whether another try is worth it, and to hand it on: to a group, to a server.
 * @param task  current task
 * @return      point of the loop's clock; EDDY_FOREVER: none
 * Thread: loop. Allocates: no. Cost: the scopes and sets around.
 */
EDDY_API int64_t eddy_task_deadline_ns(const eddy_task *task);

EDDY_EXTERN_C_END

#endif
