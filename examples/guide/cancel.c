/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Cancelling": three tasks are asked to end. One says goodbye, one finishes its work first,
 * one does not listen, and is dropped when its grace time is over.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>

/* Takes the request as an error of its wait, and may still wait. */
struct polite {
    EDDY_FRAME;
    eddy_sleep sleep;
};

EDDY_ASYNC(polite, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, EDDY_FOREVER);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        printf("polite: %s, so I say goodbye\n", eddy_error_name(n));
        eddy_sleep_start(&self->sleep, task, 10 * EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task)); /* it is told once: this one waits */
        printf("polite: goodbye\n");
        EDDY_END(-ECANCELED);
}

/* Hears nothing of it while it is at the part that must be finished. */
struct careful {
    EDDY_FRAME;
    int step;
    eddy_sleep sleep;
};

EDDY_ASYNC(careful, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_task_shield(task, true);
        for (self->step = 1; self->step <= 3; self->step++) {
            eddy_sleep_start(&self->sleep, task, 60 * EDDY_MILLISECOND);
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            printf("careful: step %d of 3\n", self->step);
        }
        eddy_task_shield(task, false);
        eddy_sleep_start(&self->sleep, task, EDDY_FOREVER);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        printf("careful: %s, and all is written\n", eddy_error_name(n));
        EDDY_END(n);
}

/* Never looks at what its wait says. */
struct deaf {
    EDDY_FRAME;
    eddy_sleep sleep;
};

static void deaf_done(struct deaf *self)
{
    (void)self;
    printf("deaf: done\n");
}

EDDY_ASYNC(deaf, deaf_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            eddy_sleep_start(&self->sleep, task, 5 * EDDY_MILLISECOND);
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        }
        EDDY_END(n);
}

enum { TASKS = 3 };

struct owner {
    EDDY_FRAME;
    eddy_join *join[TASKS];
    int at;
    eddy_sleep sleep;
};

static void owner_done(struct owner *self)
{
    for (int i = 0; i < TASKS; i++)
        eddy_join_free(self->join[i]);
}

static int owner_spawn(struct owner *self, eddy_handle *handle)
{
    int error = eddy_spawn_joinable(handle, EDDY_FUTURE(polite), &self->join[0]);

    if (error == 0)
        error = eddy_spawn_joinable(handle, EDDY_FUTURE(careful), &self->join[1]);
    if (error == 0)
        error = eddy_spawn_joinable(handle, EDDY_FUTURE(deaf), &self->join[2]);
    return error;
}

EDDY_ASYNC(owner, owner_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = owner_spawn(self, eddy_task_handle(task));
        if (n < 0)
            EDDY_RETURN(n);
        eddy_sleep_start(&self->sleep, task, 10 * EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        printf("please end\n");
        for (int i = 0; i < TASKS; i++)
            eddy_join_cancel(self->join[i], 400 * EDDY_MILLISECOND);
        for (self->at = 0; self->at < TASKS; self->at++) {
            EDDY_POLL(n, eddy_join_poll(self->join[self->at], task));
            printf("%s ended with %s\n", eddy_join_ended(self->join[self->at])->name,
                   eddy_error_name(n));
        }
        EDDY_END(0);
}

int main(void)
{
    eddy_core *core;
    eddy_result result = eddy_core_new(NULL, &core);

    if (result < 0)
        return 1;
    result = eddy_core_run(core, EDDY_FUTURE(owner));
    eddy_core_free(core);
    return result < 0;
}
