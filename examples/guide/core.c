/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Core": run drives everything on the loop until one future is done.
 */
#include <eddy/eddy.h>
#include <stdio.h>

struct count {
    EDDY_FRAME;
    const char *name;
    int64_t pause_ns;
    int i, to;
    eddy_sleep sleep;
};

EDDY_ASYNC(count, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->i = 1; self->i <= self->to; self->i++) {
            eddy_sleep_start(&self->sleep, task, self->pause_ns);
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            if (n < 0)
                EDDY_RETURN(n);
            printf("%s %d\n", self->name, self->i);
        }
        EDDY_END(self->to);
}

int main(void)
{
    eddy_core *core;
    eddy_result result;

    if (eddy_core_new(NULL, &core) != 0)
        return 1;
    eddy_spawn(eddy_core_handle(core), EDDY_FUTURE(count, .name = "in the background", .to = 10,
                                                   .pause_ns = 4 * EDDY_MILLISECOND));

    result = eddy_core_run(core, EDDY_FUTURE(count, .name = "the first run", .to = 2,
                                             .pause_ns = 10 * EDDY_MILLISECOND));
    printf("the first run gave %d; what was spawned waits\n", (int)result);

    result = eddy_core_run(core, EDDY_FUTURE(count, .name = "the second run", .to = 3,
                                             .pause_ns = 10 * EDDY_MILLISECOND));
    printf("the second run gave %d\n", (int)result);
    eddy_core_free(core);
    return result != 3;
}
