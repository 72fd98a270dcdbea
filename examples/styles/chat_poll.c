/* SPDX-License-Identifier: MIT */
/*
 * chat_poll - the broadcast chat, written with poll functions and boxed combinators.
 *
 *     chat_poll [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080
 */
#include <eddy/stream_adapt.h>
#include <eddy/stream_collect.h>
#include <eddy/stream_source.h>

#include "../support/args.h"
#include "../support/until_signal.h"
#include "chat_poll.h"

struct server {
    eddy_handle *handle;
    eddy_listener *listener;
    struct room room;
};

static eddy_result accept_next(void *arg, eddy_task *task, void *item)
{
    struct server *self = arg;
    eddy_result n = eddy_listener_poll_accept(self->listener, task, item);

    return n == 0 ? 1 : n;
}

static eddy_result enter(void *arg, const void *item)
{
    struct server *self = arg;

    (void)eddy_spawn(self->handle, talker_new(self->handle, &self->room, *(eddy_tcp *const *)item));
    return 0;
}

/* Serve until a signal. */
static eddy_result run(struct server *self, eddy_core *core)
{
    eddy_stream *clients = eddy_stream_poll_fn(self->handle, sizeof(eddy_tcp *), accept_next, self);
    eddy_future *serve = eddy_stream_for_each(clients, enter, self);

    return eddy_core_run(core, eddy_race(serve, eddy_box(self->handle, EDDY_FUTURE(until_signal))));
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "chat_poll [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    struct server server;
    eddy_core *core;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    server.handle = eddy_core_handle(core);
    server.listener = args_listen(&args, core, NULL);
    args_say(server.listener, "chat_poll", core);
    result = room_init(&server.room, server.handle);
    if (result == 0)
        result = run(&server, core);
    eddy_listener_free(server.listener);
    eddy_core_free(core);
    room_deinit(&server.room);
    return args_end(&args, result);
}
