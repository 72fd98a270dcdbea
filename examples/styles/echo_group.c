/* SPDX-License-Identifier: MIT */
/*
 * echo_group - the echo server, with a group that owns the clients' tasks: at most 1,000 of them, and
 * an end in good order.
 *
 *     echo_group [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080
 */
#include <eddy/eddy.h>

#include "../support/args.h"
#include "../support/until_signal.h"
#include "echo_async.h"

static int spawn_client(void *arg, eddy_group *group, eddy_tcp *client)
{
    (void)arg;
    return eddy_group_spawn(group, EDDY_FUTURE(echo, .client = client));
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "echo_group [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    eddy_core *core;
    eddy_listener *listener;
    eddy_future *signal;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    listener = args_listen(&args, core, NULL);
    args_say(listener, "echo_group", core);
    signal = eddy_box(eddy_core_handle(core), EDDY_FUTURE(until_signal));
    result =
        eddy_core_run(core, EDDY_FUTURE(eddy_server, .listener = listener, .client = spawn_client,
                                        .until = signal, .clients_max = 1000,
                                        .finish_ns = EDDY_SECOND, .grace_ns = EDDY_SECOND / 2));
    eddy_core_free(core);
    return args_end(&args, result < 0 ? result : 0);
}
