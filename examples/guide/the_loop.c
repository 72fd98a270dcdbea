/* SPDX-License-Identifier: MIT */
/*
 * Guide, "The loop": the loop of loops, made by hand from single turns.
 */
#include <eddy/eddy.h>
#include <stdio.h>

struct alarm_clock {
    EDDY_FRAME;
    bool *rang;
    eddy_sleep sleep;
};

EDDY_ASYNC(alarm_clock, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, 5 * EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        *self->rang = true;
        EDDY_END(n);
}

int main(void)
{
    eddy_core *core;
    bool rang = false;
    int turns = 0;

    if (eddy_core_new(NULL, &core) != 0)
        return 1;
    eddy_spawn(eddy_core_handle(core), EDDY_FUTURE(alarm_clock, .rang = &rang));
    while (!rang && eddy_core_turn(core, EDDY_FOREVER) >= 0)
        turns++;
    printf("rang after %d turns\n", turns);
    eddy_core_free(core);
    return !rang;
}
