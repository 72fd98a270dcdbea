/* SPDX-License-Identifier: MIT */
/*
 * chat_group - the broadcast chat, with a group that owns the members' tasks: at most 1,000 of them,
 * and when the room closes each is told goodbye.
 *
 *     chat_group [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080
 */
#include "../support/args.h"
#include "../support/until_signal.h"
#include "chat_async.h"

static int enter(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    return eddy_group_spawn(group, EDDY_FUTURE(member, .room = arg, .tcp = tcp));
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "chat_group [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    struct eddy_server server =
        EDDY_INIT(eddy_server, .client = enter, .clients_max = 1000, .grace_ns = EDDY_SECOND / 2);
    struct room room;
    eddy_core *core;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    server.listener = args_listen(&args, core, NULL);
    server.until = eddy_box(eddy_core_handle(core), EDDY_FUTURE(until_signal));
    server.arg = &room;
    args_say(server.listener, "chat_group", core);
    result = room_init(&room, eddy_core_handle(core));
    if (result == 0)
        result = eddy_core_run(core, &server.frame);
    else
        eddy_future_drop(&server.frame);
    eddy_core_free(core);
    room_deinit(&room);
    return args_end(&args, result < 0 ? result : 0);
}
