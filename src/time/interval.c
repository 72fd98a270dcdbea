/* SPDX-License-Identifier: MIT */
/*
 * interval.c - a series of ticks, with a policy for those that nobody took in time. Arithmetic
 * saturates: beyond the end of the clock there is no tick.
 */
#include "eddy/time.h"
#include "reactor/core.h"
#include "time/sleep.h"

static const eddy_wait_type interval_wait = {"interval", eddy__sleep_disarm, false};

void eddy_interval_start(eddy_interval *self, eddy_task *task, int64_t period_ns,
                         eddy_missed missed)
{
    EDDY_ASSERT(period_ns > 0, "an interval of %lld ns: the period must be above 0",
                (long long)period_ns);
    self->period_ns = period_ns;
    self->missed = missed;
    self->next_ns = eddy__time_add(eddy__core_now(task->core), period_ns);
    eddy_sleep_start_at(&self->sleep, task, self->next_ns);
}

/* The tick at next_ns is told at now_ns: find the one after it, and how many are left out. */
static int64_t advance(eddy_interval *self, int64_t now_ns)
{
    int64_t skipped = 0;

    switch (self->missed) {
    case EDDY_MISSED_BURST:
        break;
    case EDDY_MISSED_DELAY:
        self->next_ns = now_ns;
        break;
    case EDDY_MISSED_SKIP:
        skipped = (now_ns - self->next_ns) / self->period_ns;
        self->next_ns += skipped * self->period_ns;
        break;
    }
    self->next_ns = eddy__time_add(self->next_ns, self->period_ns);
    return skipped;
}

eddy_result eddy_interval_poll(eddy_interval *self, eddy_task *task)
{
    eddy_result result = eddy__sleep_poll_as(&self->sleep, task, &interval_wait);
    int64_t now_ns, skipped;

    if (result != 0)
        return result;
    now_ns = eddy__core_now(task->core);
    skipped = advance(self, now_ns < self->next_ns ? self->next_ns : now_ns);
    eddy_sleep_start_at(&self->sleep, task, self->next_ns);
    return 1 + skipped;
}
