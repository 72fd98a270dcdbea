/* SPDX-License-Identifier: MIT */
/*
 * eddy/time.h - waiting for time: sleep, deadlines around anything, intervals.
 *
 * Points of time are nanoseconds of the loop's monotonic clock (eddy_now_ns()). Nothing fires
 * early: a deadline is now, or some microseconds later, plus the duration, and every rounding goes up
 * (to about a millisecond, see timer_tick_shift). Durations saturate: EDDY_FOREVER never fires.
 *
 * eddy_sleep is embedded, usually in a frame. It is armed while a task waits for it, and disarmed
 * when the future that waits is dropped. All zero is a valid one that has no deadline yet; one that
 * was started may be copied, with its frame, until it is waited for.
 */
#ifndef EDDY_TIME_H
#define EDDY_TIME_H

#include "eddy/async.h"
#include "eddy/task.h"

EDDY_EXTERN_C_BEGIN

/** A point of time to wait for. Private members; do not copy one that is waited for. */
typedef struct eddy_sleep {
    eddy_waiter waiter;
    struct {
        void *prev, *next;
        int64_t deadline_ns;
        uint32_t tick_low;
        uint16_t where;
        bool armed;
        uint8_t kind;
    } timer;
    struct eddy_core *core;
    bool started;
    bool reached;
} eddy_sleep;

/** The same thing, named for its use around other waits. */
typedef eddy_sleep eddy_deadline;

/**
 * Set the time: now plus a duration. Also resets one that is running or was reached; a later time
 * for a running one costs two stores.
 * @param self         sleep
 * @param task         current task, or any task of the loop
 * @param duration_ns  nanoseconds; <= 0: reached at once
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_sleep_start(eddy_sleep *self, eddy_task *task, int64_t duration_ns);

/**
 * Set the time to a point of the loop's clock.
 * @param self     sleep
 * @param task     current task, or any task of the loop
 * @param when_ns  monotonic ns; in the past: reached at once; EDDY_FOREVER: never
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_sleep_start_at(eddy_sleep *self, eddy_task *task, int64_t when_ns);

/**
 * Wait until the time is reached.
 * @param self  sleep that was started (asserted)
 * @param task  current task; waits as "sleep"
 * @return      0 reached, at this and every later poll; EDDY_PENDING; -ECANCELED
 * Dropping: disarms it. Allocates: no. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_sleep_poll(eddy_sleep *self, eddy_task *task);

/**
 * Stop it: whoever waits is not woken by it any more. Start it again before the next poll.
 * @param self  sleep
 * @param task  current task, or any task of the loop
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_sleep_stop(eddy_sleep *self, eddy_task *task);

/**
 * A time limit around something that was just polled:
 * EDDY_POLL(n, eddy_within(&self->limit, task, eddy_tcp_poll_fill(self->tcp, task, 1)));
 * What is ready beats a limit that has passed; the limit is looked at whatever budget is left.
 * @param self    deadline that was started
 * @param task    current task; waits as "deadline" beside what was polled
 * @param result  of the inner poll
 * @return        `result` when it is not EDDY_PENDING; -ETIMEDOUT when the time is reached;
 *                EDDY_PENDING; -ECANCELED when the task was asked to end and what was polled did
 *                not take that. What was polled is not dropped: it may be polled again
 * Allocates: no. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_within(eddy_deadline *self, eddy_task *task,
                                                eddy_result result);

/** A future with a time limit; see eddy_timeout_type. Awaited like any async function. */
struct eddy_timeout {
    EDDY_FRAME;
    eddy_future *inner;  /* owned from the first poll on: boxed, or a member of the same parent */
    int64_t duration_ns; /* from the first poll on */
    eddy_deadline limit;
};

/**
 * The type of struct eddy_timeout: polls `inner` first, so that a ready future beats an expired
 * timer; at the deadline drops it and returns -ETIMEDOUT. A cancel request is the inner future's.
 * self->limited = EDDY_INIT(eddy_timeout, .inner = &self->child.frame, .duration_ns = EDDY_SECOND);
 */
EDDY_API extern const eddy_type eddy_timeout_type;

/** A future that ends, with 0, some time after its first poll; see eddy_sleep_for_type. */
struct eddy_sleep_for {
    EDDY_FRAME;
    int64_t duration_ns;
    eddy_sleep sleep;
};

/** The type of struct eddy_sleep_for: EDDY_FUTURE(eddy_sleep_for, .duration_ns = EDDY_SECOND). */
EDDY_API extern const eddy_type eddy_sleep_for_type;

/** What an interval does about ticks that nobody took in time. */
typedef enum eddy_missed {
    EDDY_MISSED_SKIP,  /* the next tick is the first of the original series that lies ahead */
    EDDY_MISSED_BURST, /* each missed tick is told, one poll after the other */
    EDDY_MISSED_DELAY, /* the series starts anew: the next tick is one period after this one */
} eddy_missed;

/** A series of ticks. */
typedef struct eddy_interval {
    eddy_sleep sleep;
    int64_t period_ns;
    int64_t next_ns;
    eddy_missed missed;
} eddy_interval;

/**
 * Start a series; the first tick is one period from now.
 * @param self       interval
 * @param task       current task, or any task of the loop
 * @param period_ns  nanoseconds, > 0 (asserted)
 * @param missed     policy for ticks that were not taken in time
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_interval_start(eddy_interval *self, eddy_task *task, int64_t period_ns,
                                  eddy_missed missed);

/**
 * Wait for the next tick.
 * @param self  interval that was started
 * @param task  current task; waits as "interval"
 * @return      1 + the number of ticks that were skipped before this one; EDDY_PENDING; -ECANCELED
 * Dropping: loses no tick. Allocates: no. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_interval_poll(eddy_interval *self, eddy_task *task);

EDDY_EXTERN_C_END

#endif
