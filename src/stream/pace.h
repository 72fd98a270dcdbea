/* SPDX-License-Identifier: MIT */
/*
 * pace.h - a time limit inside a stream's poll.
 */
#ifndef EDDY__STREAM_PACE_H
#define EDDY__STREAM_PACE_H

#include "eddy/time.h"

/* Is the time over? If not, it is waited for, beside what was polled. A request to end is left to
 * that, which may want to clean up. */
static inline bool eddy__pace_is_over(eddy_deadline *limit, eddy_task *task)
{
    eddy_result result;

    eddy_task_shield(task, true);
    result = eddy_within(limit, task, EDDY_PENDING);
    eddy_task_shield(task, false);
    return result != EDDY_PENDING;
}

#endif
