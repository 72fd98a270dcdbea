/* SPDX-License-Identifier: MIT */
/*
 * echo_poll - the echo server, written with poll functions and boxed combinators.
 *
 *     echo_poll [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080
 */
#include <eddy/eddy.h>

#include "../support/args.h"
#include "../support/until_signal.h"
#include "echo_poll.h"

/* A task for each; one that finds no memory is closed. */
static eddy_result spawn_client(void *arg, const void *item)
{
    eddy_handle *handle = arg;

    (void)eddy_spawn(handle, echo_poll_client(handle, *(eddy_tcp *const *)item));
    return 0;
}

static eddy_future *serve(eddy_handle *handle, eddy_listener *listener)
{
    return eddy_stream_for_each(eddy_listener_incoming(handle, listener), spawn_client, handle);
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "echo_poll [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    eddy_core *core;
    eddy_handle *handle;
    eddy_listener *listener;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    handle = eddy_core_handle(core);
    listener = args_listen(&args, core, NULL);
    args_say(listener, "echo_poll", core);
    result = eddy_core_run(
        core, eddy_race(serve(handle, listener), eddy_box(handle, EDDY_FUTURE(until_signal))));
    eddy_core_free(core);
    return args_end(&args, result);
}
