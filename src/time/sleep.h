/* SPDX-License-Identifier: MIT */
/*
 * sleep.h - a sleep under another name, and a limit around something: what the library builds on
 * eddy/time.h, beside what users have.
 */
#ifndef EDDY__TIME_SLEEP_H
#define EDDY__TIME_SLEEP_H

#include "eddy/time.h"

/* The disarm of every type of wait that is handed to eddy__sleep_poll_as(). */
void eddy__sleep_disarm(eddy_waiter *waiter);

/* eddy_sleep_poll() that waits as `type`. */
eddy_result eddy__sleep_poll_as(eddy_sleep *self, eddy_task *task, const eddy_wait_type *type);

/* Is the time over (-ETIMEDOUT)? If not (EDDY_PENDING), it is waited for, beside what was polled. A
 * request to end is left to that, which may want to clean up. */
eddy_result eddy__limit_poll(eddy_deadline *limit, eddy_task *task);

#endif
