/* SPDX-License-Identifier: MIT */
/*
 * srv_eddy - the benchmark's server: srv_eddy {echo|http} PORT [--driver=NAME]. One thread, in the
 * foreground, ends on SIGTERM. The async functions are those of the examples, written as the
 * documentation teaches.
 */
#include <eddy/eddy.h>
#include <stdio.h>
#include <string.h>

#include "../examples/support/args.h"
#include "../examples/support/echo_server.h"
#include "../examples/support/http_server.h"
#include "../examples/support/until_signal.h"

static const char usage[] = "srv_eddy {echo|http} PORT [--driver=io_uring|epoll]";

/* MODE and PORT by position; what follows as in the examples. */
static struct args parse(int argc, char **argv)
{
    struct args args = {.usage = usage, .address = {eddy_addr_ipv4_loopback(0)}};

    if (argc < 3)
        args_fail(&args, "PORT", "", usage);
    if (strcmp(argv[1], "echo") != 0 && strcmp(argv[1], "http") != 0)
        args_fail(&args, "MODE", argv[1], usage);
    args.port = argv[2];
    args_parse(&args, argc - 2, argv + 2);
    return args;
}

int main(int argc, char **argv)
{
    struct args args = parse(argc, argv);
    eddy_core *core = args_core(&args);
    struct http_server http = {0};
    struct eddy_server server = {.frame = {.type = &eddy_server_type}, .client = echo_client};
    eddy_result result = 0;

    until_signal_prepare();
    server.listener = args_listen(&args, core, NULL);
    server.until = eddy_box(eddy_core_handle(core), EDDY_FUTURE(until_signal));
    if (strcmp(argv[1], "http") == 0) {
        server.client = http_client_start;
        server.arg = &http;
        result = http_server_start(&http, eddy_core_handle(core));
    }
    if (result == 0)
        result = eddy_core_run(core, &server.frame);
    else
        eddy_future_drop(&server.frame);
    eddy_core_free(core);
    return args_end(&args, result < 0 ? result : 0);
}
