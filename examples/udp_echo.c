/* SPDX-License-Identifier: MIT */
/*
 * udp_echo - send back what each peer sends, many datagrams at a call.
 *
 *     udp_echo [ADDRESS] [--port=N] [--driver=NAME]     default 127.0.0.1:8080; try: nc -u 127.0.0.1 8080
 */
#include <eddy/eddy.h>

#include "support/udp.h"
#include "support/udp_echo_server.h"

int main(int argc, char **argv)
{
    struct args args = {.usage = "udp_echo [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    eddy_dgram *dgram;
    eddy_core *core;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    dgram = udp_bind(&args, core);
    udp_say(dgram, "udp_echo", core);
    result = udp_until_signal(core, EDDY_FUTURE(udp_echo, .dgram = dgram));
    eddy_dgram_free(dgram);
    eddy_core_free(core);
    return args_end(&args, result);
}
