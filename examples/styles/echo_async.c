/* SPDX-License-Identifier: MIT */
/*
 * echo_async - the echo server, written with async functions.
 *
 *     echo_async [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080
 */
#include <eddy/eddy.h>

#include "../support/args.h"
#include "../support/until_signal.h"
#include "echo_async.h"

/* A task for each client; one that finds no memory is closed. */
struct serve {
    EDDY_FRAME;
    eddy_listener *listener;
    eddy_tcp *client;
};

static void serve_done(struct serve *self)
{
    eddy_listener_free(self->listener);
}

EDDY_ASYNC(serve, serve_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->client));
            if (n < 0)
                break;
            (void)eddy_spawn(eddy_task_handle(task), EDDY_FUTURE(echo, .client = self->client));
        }
        EDDY_END(n);
}

/* Serve until a signal. */
struct program {
    EDDY_FRAME;
    struct serve serve;
    struct until_signal signal;
    struct eddy_select2 either;
};

EDDY_ASYNC(program, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->signal = EDDY_INIT(until_signal);
        EDDY_SELECT2(n, &self->either, &self->serve.frame, &self->signal.frame);
        EDDY_END(n);
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "echo_async [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    eddy_core *core;
    eddy_listener *listener;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    listener = args_listen(&args, core, NULL);
    args_say(listener, "echo_async", core);
    result =
        eddy_core_run(core, EDDY_FUTURE(program, .serve = EDDY_INIT(serve, .listener = listener)));
    eddy_core_free(core);
    return args_end(&args, result);
}
