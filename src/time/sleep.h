/* SPDX-License-Identifier: MIT */
/*
 * sleep.h - a sleep under another name: what the rest of this layer builds on it. For src/time
 * only; users have eddy/time.h.
 */
#ifndef EDDY__TIME_SLEEP_H
#define EDDY__TIME_SLEEP_H

#include "eddy/time.h"

/* The disarm of every type of wait that is handed to eddy__sleep_poll_as(). */
void eddy__sleep_disarm(eddy_waiter *waiter);

/* eddy_sleep_poll() that waits as `type`. */
eddy_result eddy__sleep_poll_as(eddy_sleep *self, eddy_task *task, const eddy_wait_type *type);

#endif
