/* SPDX-License-Identifier: MIT */
/*
 * redis_like - a server that redis-cli and redis-benchmark talk to: strings, counters, times to live, in
 * memory and on one thread, as Redis has them.
 *
 *     redis_like [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:6379
 *     redis-cli set greeting hello ex 60      redis-benchmark -t ping,set,get -P 16 -q
 *
 * The protocol is eddy/resp.h; what the commands do is in support/redis_commands.h, the async functions
 * are in support/redis_server.h.
 */
#include <eddy/eddy.h>

#include "support/args.h"
#include "support/redis_server.h"
#include "support/serve.h"

int main(int argc, char **argv)
{
    struct args args = {.usage = "redis_like [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(6379)}};
    struct redis_server server;
    eddy_core *core;
    eddy_listener *listener;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    listener = args_listen(&args, core, NULL);
    args_say(listener, "redis_like", core);
    result = redis_server_start(&server, eddy_core_handle(core));
    if (result == 0)
        result = serve_until_signal(core, listener, redis_client_start, &server);
    else
        eddy_listener_free(listener);
    printf("%llu requests\n", (unsigned long long)server.requests);
    eddy_core_free(core);
    redis_server_deinit(&server);
    return args_end(&args, result);
}
