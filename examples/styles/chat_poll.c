/* SPDX-License-Identifier: MIT */
/*
 * chat_poll - the broadcast chat, written with poll functions and boxed combinators.
 *
 *     chat_poll [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080
 */
#include "chat_poll.h"
#include "../support/args.h"
#include "../support/until_signal.h"

struct server {
    eddy_handle *handle;
    struct room room;
};

/* A task for each member; one that finds no memory is closed. */
static eddy_result enter(void *arg, const void *item)
{
    struct server *self = arg;

    (void)eddy_spawn(self->handle, talker_new(self->handle, &self->room, *(eddy_tcp *const *)item));
    return 0;
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "chat_poll [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    struct server server;
    eddy_core *core;
    eddy_listener *listener;
    eddy_future *serve;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    server.handle = eddy_core_handle(core);
    listener = args_listen(&args, core, NULL);
    args_say(listener, "chat_poll", core);
    result = room_init(&server.room, server.handle);
    serve = eddy_stream_for_each(eddy_listener_incoming(server.handle, listener), enter, &server);
    if (result == 0)
        result = eddy_core_run(
            core, eddy_race(serve, eddy_box(server.handle, EDDY_FUTURE(until_signal))));
    else
        eddy_future_drop(serve);
    eddy_core_free(core);
    room_deinit(&server.room);
    return args_end(&args, result);
}
