/* SPDX-License-Identifier: MIT */
/*
 * proxy - pass each client's connection on to a server: two-way copy, half-close both ways.
 *
 *     proxy [LISTEN [SERVER]] [--port=N] [--driver=NAME]      default 127.0.0.1:8081 127.0.0.1:8080
 */
#include <eddy/eddy.h>

#include "support/args.h"
#include "support/proxy_server.h"
#include "support/serve.h"

int main(int argc, char **argv)
{
    struct args args = {.usage = "proxy [LISTEN [SERVER]] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8081), eddy_addr_ipv4_loopback(8080)}};
    eddy_core *core;
    eddy_listener *listener;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    listener = args_listen(&args, core, NULL);
    args_say(listener, "proxy", core);
    result = serve_until_signal(core, listener, proxy_client, &args.address[1]);
    eddy_core_free(core);
    return args_end(&args, result);
}
