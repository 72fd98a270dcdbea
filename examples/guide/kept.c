/* SPDX-License-Identifier: MIT */
/*
 * Guide, "What a future that nobody polls may hold": the loser of a select is kept, and with it the
 * lock that it holds.
 */
#include <eddy/eddy.h>
#include <stdio.h>

/* Works for a while, under a lock. */
struct worker {
    EDDY_FRAME;
    eddy_mutex *mutex;
    int64_t work_ns;
    eddy_ticket ticket;
    bool locked;
    eddy_sleep sleep;
};

static void worker_done(struct worker *self)
{
    if (self->locked)
        eddy_mutex_unlock(self->mutex);
}

EDDY_ASYNC(worker, worker_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_mutex_poll_lock(self->mutex, task, &self->ticket));
        if (n < 0)
            EDDY_RETURN(n);
        self->locked = true;
        eddy_sleep_start(&self->sleep, task, self->work_ns);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        EDDY_END(n);
}

/* Another one, who has some time. */
static eddy_future *try_it(eddy_handle *handle, eddy_mutex *mutex)
{
    return eddy_timeout_after(eddy_box(handle, EDDY_FUTURE(worker, .mutex = mutex)),
                              50 * EDDY_MILLISECOND);
}

int main(void)
{
    eddy_future *two[2];
    size_t winner;
    eddy_core *core;
    eddy_handle *handle;
    eddy_mutex *mutex;
    eddy_result n;

    if (eddy_core_new(NULL, &core) != 0)
        return 1;
    handle = eddy_core_handle(core);
    if (eddy_mutex_new(handle, NULL, &mutex) != 0) {
        eddy_core_free(core);
        return 1;
    }

    two[0] =
        eddy_box(handle, EDDY_FUTURE(worker, .mutex = mutex, .work_ns = 20 * EDDY_MILLISECOND));
    two[1] = eddy_box(handle, EDDY_FUTURE(eddy_sleep_for, .duration_ns = 5 * EDDY_MILLISECOND));
    n = eddy_core_run(core, eddy_select_keep(handle, two, 2, &winner));
    printf("number %d has won (%s), the other one is kept\n", (int)winner, eddy_error_name(n));

    n = eddy_core_run(core, try_it(handle, mutex));
    printf("the lock, after 50 ms: %s\n", eddy_error_name(n));

    n = eddy_core_run(core, two[0]); /* polled again, it goes on */
    printf("the loser: %s\n", eddy_error_name(n));

    n = eddy_core_run(core, try_it(handle, mutex));
    printf("the lock: %s\n", eddy_error_name(n));
    eddy_mutex_free(mutex);
    eddy_core_free(core);
    return n < 0;
}
