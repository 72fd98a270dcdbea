/* SPDX-License-Identifier: MIT */
/*
 * monitor.h - a lock with one condition: what few threads share that is touched rarely, such as the
 * queue of a pool. Not for what is on the way of a byte, and never held while user code runs.
 */
#ifndef EDDY__MONITOR_H
#define EDDY__MONITOR_H

typedef struct eddy__monitor {
    _Alignas(16) unsigned char opaque[128];
} eddy__monitor;

void eddy__monitor_init(eddy__monitor *self);
/* Nobody is inside, and nobody waits. */
void eddy__monitor_deinit(eddy__monitor *self);
void eddy__monitor_enter(eddy__monitor *self);
void eddy__monitor_leave(eddy__monitor *self);
/* Inside: leave, sleep until told (or for no reason: look again), enter. */
void eddy__monitor_wait(eddy__monitor *self);
/* Inside: have one of those that wait, or all of them, look again. */
void eddy__monitor_tell_one(eddy__monitor *self);
void eddy__monitor_tell_all(eddy__monitor *self);

#endif
