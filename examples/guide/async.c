/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Async functions": one calls another, in the memory of its own frame.
 */
#include <eddy/eddy.h>
#include <stdio.h>

/* Ask somebody who answers after a while. */
struct ask {
    EDDY_FRAME;
    int question; /* parameter */
    eddy_sleep sleep;
};

EDDY_ASYNC(ask, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, 2 * EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_END(2 * self->question);
}

/* Ask twice, then be silent. The three are never alive at once, so they share their memory. */
struct talk {
    EDDY_FRAME;
    eddy_result first;
    union {
        struct ask ask;
        eddy_sleep silence;
    } now;
};

static void talk_done(struct talk *self)
{
    printf("the talk is over, with %d\n", (int)self->first);
}

EDDY_ASYNC(talk, talk_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->now.ask = EDDY_INIT(ask, .question = 3);
        EDDY_AWAIT(n, &self->now.ask);
        if (n < 0)
            EDDY_RETURN(n);
        self->first = n; /* n itself is forgotten at the next wait */

        self->now.ask = EDDY_INIT(ask, .question = 15);
        EDDY_AWAIT(n, &self->now.ask);
        if (n < 0)
            EDDY_RETURN(n);
        printf("%d and %d\n", (int)self->first, (int)n);

        self->now.silence = (eddy_sleep){0};
        eddy_sleep_start(&self->now.silence, task, EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->now.silence, task));
        EDDY_END(n);
}

static uint64_t heap_calls(eddy_core *core)
{
    eddy_core_stats stats;

    eddy_core_stats_get(core, &stats);
    return stats.heap_calls;
}

int main(void)
{
    eddy_core *core;
    eddy_result result = eddy_core_new(NULL, &core);
    uint64_t calls;

    if (result < 0)
        return 1;
    result = eddy_core_run(core, EDDY_FUTURE(talk));
    calls = heap_calls(core);
    if (result == 0)
        result = eddy_core_run(core, EDDY_FUTURE(talk));
    printf("the second time: %d calls of malloc\n", (int)(heap_calls(core) - calls));
    eddy_core_free(core);
    return result < 0;
}
