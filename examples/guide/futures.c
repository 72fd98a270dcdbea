/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Chains": a future is put together by calls, and polled as one.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>

/* Somebody who answers after a while. */
struct answer {
    EDDY_FRAME;
    const char *name;
    eddy_result result;
    eddy_sleep sleep;
};

static void answer_done(struct answer *self)
{
    printf("  (%s is freed)\n", self->name);
}

EDDY_ASYNC(answer, answer_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, 2 * EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        EDDY_END(n < 0 ? n : self->result);
}

static eddy_future *ask(eddy_handle *handle, const char *name, eddy_result result)
{
    return eddy_box(handle, EDDY_FUTURE(answer, .name = name, .result = result));
}

static eddy_future *ask_far(void *arg, eddy_handle *handle, eddy_result error)
{
    (void)arg;
    printf("near: %s, so I ask far away\n", eddy_error_name(error));
    return ask(handle, "far", 20);
}

static eddy_future *ask_more(void *arg, eddy_handle *handle, eddy_result value)
{
    (void)arg;
    printf("far: %d\n", (int)value);
    return ask(handle, "more", 1 + value);
}

static eddy_result twice(void *arg, eddy_result value)
{
    (void)arg;
    return 2 * value;
}

static void tidy(void *arg)
{
    printf("  (%s)\n", (const char *)arg);
}

static eddy_future *chain(eddy_handle *handle)
{
    eddy_future *work = ask(handle, "near", -ENOENT);

    work = eddy_or_else(work, ask_far, NULL);
    work = eddy_and_then(work, ask_more, NULL);
    work = eddy_finally(work, tidy, "all of them are");
    work = eddy_map(work, twice, NULL);
    return eddy_timeout_after(work, EDDY_SECOND);
}

/* One round of a loop. */
static eddy_future *count(void *arg, eddy_handle *handle)
{
    int *rounds = arg;

    return eddy_ready(handle, --*rounds > 0 ? EDDY_CONTINUE : 0);
}

int main(void)
{
    int rounds = 1000000;
    eddy_core *core;
    eddy_result result = eddy_core_new(NULL, &core);

    if (result < 0)
        return 1;
    result = eddy_core_run(core, chain(eddy_core_handle(core)));
    printf("the result is %d\n", (int)result);

    printf("one that is dropped before it was polled:\n");
    eddy_future_drop(chain(eddy_core_handle(core)));

    result = eddy_core_run(core, eddy_loop(eddy_core_handle(core), count, &rounds));
    printf("%d rounds are left of a million\n", rounds);
    eddy_core_free(core);
    return result < 0;
}
