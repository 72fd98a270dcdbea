/* SPDX-License-Identifier: MIT */
/*
 * hello_http - an HTTP server that greets: keep-alive, pipelining, requests split at any byte.
 *
 *     hello_http [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080
 *
 * Ctrl-C ends it with a line of figures. The async functions are in support/http_server.h.
 */
#include <eddy/eddy.h>
#include <stdio.h>

#include "support/args.h"
#include "support/http_server.h"
#include "support/serve.h"

static void say_hello(const eddy_core *core, const eddy_listener *listener)
{
    char text[EDDY_ADDR_TEXT_MAX] = "?";
    eddy_addr address;

    if (eddy_listener_local_addr(listener, &address) == 0)
        eddy_addr_print(&address, text, sizeof text);
    printf("hello_http listens on http://%s/ by %s (%s)\n", text, eddy_core_driver_name(core),
           eddy_core_driver_reason(core));
    printf("try: curl http://%s/   or: wrk -t1 -c64 -d5 http://%s/   end it with ctrl-C\n", text,
           text);
    fflush(stdout);
}

static void say_figures(const eddy_core *core, const struct http_server *server)
{
    eddy_core_stats stats;

    eddy_core_stats_get(core, &stats);
    printf("\n%llu requests of %llu clients, %llu bytes in, %llu bytes out, %llu waits, %llu other "
           "system calls\n",
           (unsigned long long)server->requests, (unsigned long long)stats.connections_accepted,
           (unsigned long long)stats.bytes_received, (unsigned long long)stats.bytes_sent,
           (unsigned long long)stats.waits, (unsigned long long)stats.syscalls);
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "hello_http [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    struct http_server server = {0};
    eddy_core *core;
    eddy_listener *listener;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    listener = args_listen(&args, core, NULL);
    say_hello(core, listener);
    result = http_server_start(&server, eddy_core_handle(core));
    if (result == 0)
        result = serve_until_signal(core, listener, http_client_start, &server);
    else
        eddy_listener_free(listener);
    say_figures(core, &server);
    eddy_core_free(core);
    return args_end(&args, result);
}
