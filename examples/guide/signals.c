/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Signals": two listeners to one signal, which somebody had a handler for before.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t handled;

/* That of another library, maybe. */
static void old_handler(int number)
{
    (void)number;
    handled++;
}

struct listener {
    EDDY_FRAME;
    const char *name;
    eddy_signal *signal;
};

static void listener_done(struct listener *self)
{
    eddy_signal_free(self->signal);
}

EDDY_ASYNC(listener, listener_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_signal_poll(self->signal, task));
        printf("%s: %d\n", self->name, (int)n);
        EDDY_END(n);
}

static int listen_twice(eddy_handle *handle, eddy_signal *signals[2])
{
    int error = eddy_signal_new(handle, SIGUSR1, &signals[0]);

    if (error == 0)
        error = eddy_signal_new(handle, SIGUSR1, &signals[1]);
    if (error < 0)
        eddy_signal_free(signals[0]);
    return error;
}

int main(void)
{
    const struct sigaction old = {.sa_handler = old_handler};
    eddy_signal *signals[2] = {NULL};
    struct sigaction now;
    eddy_core *core;
    eddy_handle *handle;
    eddy_result n = eddy_core_new(NULL, &core);

    if (n < 0)
        return 1;
    handle = eddy_core_handle(core);
    sigaction(SIGUSR1, &old, NULL);
    n = listen_twice(handle, signals);
    if (n == 0) {
        eddy_future *both[] = {
            eddy_box(handle, EDDY_FUTURE(listener, .name = "one", .signal = signals[0])),
            eddy_box(handle, EDDY_FUTURE(listener, .name = "other", .signal = signals[1]))};

        raise(SIGUSR1);
        n = eddy_core_run(core, eddy_try_join_all(handle, both, 2, NULL));
    }
    printf("the old handler: %d\n", (int)handled);
    sigaction(SIGUSR1, NULL, &now);
    printf("it %s\n", now.sa_handler == old_handler ? "is back" : "is gone");
    eddy_core_free(core);
    return n < 0;
}
