/* SPDX-License-Identifier: MIT */
/*
 * Guide, "What blocks": a function that sleeps on a thread of a pool, and a loop that goes on
 * meanwhile.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

/* Somebody else's: it takes its time, and there is no way to ask it to wait elsewhere. */
static eddy_result ask_the_oracle(void *arg)
{
    const struct timespec time = {.tv_nsec = 200 * 1000 * 1000};

    (void)arg;
    nanosleep(&time, NULL);
    return 42;
}

/* Counts time as long as it lives. */
struct clock {
    EDDY_FRAME;
    eddy_sleep sleep;
    int *ticks;
};

EDDY_ASYNC(clock, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            eddy_sleep_start(&self->sleep, task, 5 * EDDY_MILLISECOND);
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            ++*self->ticks;
        } while (n == 0);
        EDDY_END(n);
}

/* Ask, for so long. */
static eddy_future *ask(eddy_handle *handle, eddy_pool *pool, int64_t ns)
{
    return eddy_timeout_after(eddy_blocking(handle, pool, ask_the_oracle, NULL), ns);
}

static eddy_result ask_twice(eddy_core *core, eddy_pool *pool)
{
    eddy_handle *handle = eddy_core_handle(core);
    int ticks = 0;
    eddy_future *both[] = {ask(handle, pool, EDDY_SECOND),
                           eddy_box(handle, EDDY_FUTURE(clock, .ticks = &ticks))};
    eddy_result n = eddy_core_run(core, eddy_select(handle, both, 2, NULL));

    printf("the oracle says %d\n", (int)n);
    printf("the clock %s\n", ticks > 0 ? "went on" : "stood still");
    n = eddy_core_run(core, ask(handle, pool, 10 * EDDY_MILLISECOND));
    printf("in a hurry: %s\n", eddy_error_name(n));
    return n;
}

int main(void)
{
    eddy_core *core;
    eddy_pool *pool;
    eddy_result n = eddy_core_new(NULL, &core);

    if (n < 0)
        return 1;
    n = eddy_pool_new(
        EDDY_OPTIONS(eddy_pool_options, .threads = 1, .sim_job_ns = 200 * EDDY_MILLISECOND), &pool);
    if (n == 0) {
        n = ask_twice(core, pool);
        eddy_pool_release(pool); /* waits for the thread, which goes on to its end */
    }
    eddy_core_free(core);
    return n != -ETIMEDOUT;
}
