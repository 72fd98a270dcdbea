/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Remote": a loop on a thread of its own, to which work is shipped.
 */
#include <eddy/eddy.h>
#include <pthread.h>
#include <stdio.h>

/* The future the loop runs: it ends when it is asked to. */
struct service {
    EDDY_FRAME;
    bool *over;
    eddy_waiter *asked;
};

static const eddy_wait_type asked_wait = {.why = "the end of the service"};

EDDY_ASYNC(service, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, *self->over ? 0 : eddy_waiter_park(self->asked, task, &asked_wait));
        EDDY_END(n);
}

/* Made on the loop's thread, from what another thread has sent. */
struct twice {
    EDDY_FRAME;
    int number;
    eddy_sleep sleep;
};

EDDY_ASYNC(twice, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_END(2 * self->number);
}

static eddy_future *twice_make(void *payload, eddy_handle *handle)
{
    return eddy_box(handle, EDDY_FUTURE(twice, .number = *(int *)payload));
}

static const eddy_job twice_job = {.make = twice_make, .payload_bytes = sizeof(int)};

/* State of the loop's thread; jobs run there, so they may touch it. */
static bool over;
static eddy_waiter asked;

static eddy_future *end_make(void *payload, eddy_handle *handle)
{
    (void)payload;
    (void)handle;
    over = true;
    eddy_waiter_wake(&asked);
    return NULL; /* nothing to spawn */
}

static const eddy_job end_job = {.make = end_make};

static void *serve(void *arg)
{
    eddy_core *core = arg;

    (void)eddy_core_run(core, EDDY_FUTURE(service, .over = &over, .asked = &asked));
    eddy_core_free(core);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    eddy_core *core;
    eddy_remote *remote;
    eddy_result result = 0;

    if (eddy_core_new(NULL, &core) != 0 || eddy_remote_new(eddy_core_handle(core), &remote) != 0 ||
        pthread_create(&thread, NULL, serve, core) != 0)
        return 1;
    for (int i = 1; i <= 3; i++) {
        result = eddy_remote_call(remote, &twice_job, &i);
        printf("twice %d is %lld\n", i, (long long)result);
    }
    if (eddy_remote_spawn(remote, &end_job, NULL) != 0)
        return 1;
    pthread_join(thread, NULL);
    eddy_remote_release(remote);
    return result != 6;
}
