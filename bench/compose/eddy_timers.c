/* SPDX-License-Identifier: MIT */
/*
 * eddy_timers.c - timers: started and stopped, a thousand at a time, as most timeouts are.
 */
#include <stdlib.h>

#include "eddy.h"

struct timers {
    EDDY_FRAME;
    eddy_sleep *sleeps;
    uint64_t count, done;
};
EDDY_ASYNC(timers, eddy_nothing)
{
    EDDY_BEGIN
        while (self->done < self->count) {
            int64_t delay_ns = EDDY_SECOND;

            for (int i = 0; i < BATCH; i++) {
                eddy_sleep_start(&self->sleeps[i], task, delay_ns += 3599 * EDDY_MILLISECOND);
                self->done += eddy_sleep_poll(&self->sleeps[i], task) == EDDY_PENDING;
            }
            for (int i = 0; i < BATCH; i++)
                eddy_sleep_stop(&self->sleeps[i], task);
            EDDY_YIELD();
        }
        EDDY_END((eddy_result)self->done);
}

static uint64_t run_timer(void *core, uint64_t count)
{
    eddy_sleep *sleeps = calloc(BATCH, sizeof *sleeps);
    uint64_t wanted = (count / BATCH + 1) * BATCH;
    eddy_result done;

    measure_check(sleeps != NULL, "memory");
    done = eddy_core_run(core, EDDY_FUTURE(timers, .sleeps = sleeps, .count = wanted));
    measure_check((uint64_t)done == wanted, "timers that were stopped");
    free(sleeps);
    return wanted;
}

const measure eddy_timers[] = {
    {"timer", run_timer, false},
    {NULL, NULL, false},
};
