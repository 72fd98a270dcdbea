/* SPDX-License-Identifier: MIT */
/*
 * loan.h - what a future does that polls a sink or a stream without owning it. What is lent is never
 * in the future's list of children, so that it outlives the future; when the future ends or is dropped
 * in the middle, what is lent, and all below it, stops waiting.
 *
 *   poll:        eddy__loan_begin(); poll what is lent; eddy__loan_end(); in the end
 *                return eddy__loan_park(), or eddy__loan_return()
 *   take_child:  eddy__loan_dropped()
 */
#ifndef EDDY__LOAN_H
#define EDDY__LOAN_H

#include "reactor/core.h"

/* Around each poll. Begin returns what end wants to know. */
static inline uint32_t eddy__loan_begin(eddy_future *frame)
{
    uint32_t linked = frame->state & EDDY__FUTURE_LINKED;

    /* It passes for a child: the poll does not make it one. One that is its owner's child stays so. */
    if ((frame->state & EDDY__FUTURE_STATIC) == 0)
        frame->state |= EDDY__FUTURE_LINKED;
    return linked;
}

static inline void eddy__loan_end(eddy_future *frame, uint32_t linked)
{
    if ((frame->state & EDDY__FUTURE_STATIC) == 0 && linked == 0)
        frame->state &= ~(uint32_t)EDDY__FUTURE_LINKED;
}

/* What is lent has given EDDY_PENDING. `guard` is the future's own: it tells the branch at a drop.
 * EDDY_PENDING, or a request to end. */
eddy_result eddy__loan_park(eddy_waiter *guard, eddy_task *task);
/* The future is about to give its result. */
void eddy__loan_return(eddy_future *frame, eddy_task *task);
/* The future ends: when it is dropped in the middle, what is lent waits no more. */
void eddy__loan_dropped(eddy_future *frame, const eddy_waiter *guard);

#endif
