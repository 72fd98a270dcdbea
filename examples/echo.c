/* SPDX-License-Identifier: MIT */
/*
 * echo - send back what each client sends.
 *
 *     echo [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080; try: nc 127.0.0.1 8080
 */
#include <eddy/eddy.h>
#include <stdio.h>

#include "support/args.h"
#include "support/echo_server.h"
#include "support/serve.h"

int main(int argc, char **argv)
{
    struct args args = {.usage = "echo [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    eddy_core *core;
    eddy_listener *listener;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    listener = args_listen(&args, core, NULL);
    args_say(listener, "echo", core);
    result = serve_until_signal(core, listener, echo_client, NULL);
    eddy_core_free(core);
    return args_end(&args, result);
}
