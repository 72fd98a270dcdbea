/* SPDX-License-Identifier: MIT */
/*
 * chat - what one client writes, line by line, all others get. A client that does not read what
 * the others write is put out when 64 KiB wait for it: it never slows the room down.
 *
 *     chat [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080; try: nc 127.0.0.1 8080
 */
#include <eddy/eddy.h>

#include "support/args.h"
#include "support/chat_server.h"
#include "support/serve.h"

int main(int argc, char **argv)
{
    struct args args = {.usage = "chat [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    struct chat_room room = {NULL};
    eddy_core *core;
    eddy_listener *listener;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    listener = args_listen(&args, core, NULL);
    args_say(listener, "chat", core);
    result = serve_until_signal(core, listener, chat_enter, &room);
    eddy_core_free(core);
    return args_end(&args, result);
}
