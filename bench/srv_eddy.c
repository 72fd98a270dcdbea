/* SPDX-License-Identifier: MIT */
/*
 * srv_eddy - the benchmark's server: srv_eddy {echo|http|udp|proxy|source} PORT [UPSTREAM_PORT]
 * [--driver=NAME]. One thread, in the foreground, ends on SIGTERM. The async functions are those of the
 * examples or like them, written as the documentation teaches.
 *
 *   echo    sends back what comes
 *   http    answers GET by a greeting; keep-alive, pipelining
 *   udp     sends back each datagram
 *   proxy   passes each connection on to UPSTREAM_PORT, both ways
 *   source  sends the pattern of load/pattern.h without end
 */
#include <eddy/eddy.h>
#include <stdio.h>
#include <string.h>

#include "../examples/support/args.h"
#include "../examples/support/echo_server.h"
#include "../examples/support/proxy_server.h"
#include "../examples/support/udp.h"
#include "../examples/support/udp_echo_server.h"
#include "srv_http.h"
#include "srv_source.h"

static const char usage[] = "srv_eddy {echo|http|udp|proxy|source} PORT [UPSTREAM_PORT] "
                            "[--driver=io_uring|epoll]";

static eddy_result serve(struct args *args, eddy_core *core,
                         int (*client)(void *, eddy_group *, eddy_tcp *), void *arg)
{
    eddy_listener *listener = args_listen(args, core, NULL);
    eddy_future *until = eddy_box(eddy_core_handle(core), EDDY_FUTURE(until_signal));

    return eddy_core_run(core, EDDY_FUTURE(eddy_server, .listener = listener, .client = client,
                                           .arg = arg, .until = until));
}

static eddy_result serve_echo(struct args *args, eddy_core *core)
{
    return serve(args, core, echo_client, NULL);
}

static eddy_result serve_http(struct args *args, eddy_core *core)
{
    struct http_answer answer = {.size = 0};
    int error;

    http_answer_date(&answer, "eddy");
    error = eddy_spawn(eddy_core_handle(core), EDDY_FUTURE(http_date, .answer = &answer));
    return error < 0 ? error : serve(args, core, http_client_start, &answer);
}

static eddy_result serve_udp(struct args *args, eddy_core *core)
{
    eddy_dgram *dgram = udp_bind(args, core);
    eddy_result result = udp_until_signal(core, EDDY_FUTURE(udp_echo, .dgram = dgram));

    eddy_dgram_free(dgram);
    return result;
}

static eddy_result serve_proxy(struct args *args, eddy_core *core)
{
    return serve(args, core, proxy_client, &args->address[1]);
}

static eddy_result serve_source(struct args *args, eddy_core *core)
{
    eddy_buf *period = source_period();
    eddy_result result = -ENOMEM;

    if (period == NULL)
        return result;
    result = serve(args, core, source_client, period);
    eddy_buf_release(period); /* what is still under way holds it, too */
    return result;
}

static const struct mode {
    const char *name;
    eddy_result (*serve)(struct args *args, eddy_core *core);
    bool upstream; /* it takes a second port */
} modes[] = {
    {"echo", serve_echo, false},  {"http", serve_http, false},     {"udp", serve_udp, false},
    {"proxy", serve_proxy, true}, {"source", serve_source, false},
};

/* MODE and the ports by position; what follows as in the examples. */
static const struct mode *parse(int argc, char **argv, struct args *args)
{
    const struct mode *mode = NULL;
    int taken;

    for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(argv[1], modes[i].name) == 0)
            mode = &modes[i];
    }
    if (mode == NULL)
        args_fail(args, "MODE", argc > 1 ? argv[1] : "", usage);
    taken = mode->upstream ? 3 : 2;
    if (argc <= taken)
        args_fail(args, "PORT", "", usage);
    if (mode->upstream) { /* a port is looked at as that of the first address */
        args->port = argv[3];
        args_port(args);
        args->address[1].port = args->address[0].port;
    }
    args->port = argv[2];
    args_parse(args, argc - taken, argv + taken);
    return mode;
}

int main(int argc, char **argv)
{
    struct args args = {.usage = usage,
                        .address = {eddy_addr_ipv4_loopback(0), eddy_addr_ipv4_loopback(0)}};
    const struct mode *mode = parse(argc, argv, &args);
    eddy_core *core = args_core(&args);
    eddy_result result;

    until_signal_prepare();
    result = mode->serve(&args, core);
    eddy_core_free(core);
    return args_end(&args, result < 0 ? result : 0);
}
