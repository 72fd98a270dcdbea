/* SPDX-License-Identifier: MIT */
/*
 * chat_async - the broadcast chat, written with async functions.
 *
 *     chat_async [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080
 */
#include "chat_async.h"
#include "../support/args.h"
#include "../support/until_signal.h"

struct serve {
    EDDY_FRAME;
    eddy_listener *listener;
    struct room *room;
    eddy_tcp *tcp;
};

static void serve_done(struct serve *self)
{
    eddy_listener_free(self->listener);
}

EDDY_ASYNC(serve, serve_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->tcp));
            if (n < 0)
                break;
            (void)eddy_spawn(eddy_task_handle(task),
                             EDDY_FUTURE(member, .room = self->room, .tcp = self->tcp));
        }
        EDDY_END(n);
}

/* Serve until a signal. */
struct program {
    EDDY_FRAME;
    struct serve serve;
    struct until_signal signal;
    struct eddy_select2 either;
};

EDDY_ASYNC(program, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->signal = EDDY_INIT(until_signal);
        EDDY_SELECT2(n, &self->either, &self->serve.frame, &self->signal.frame);
        EDDY_END(n);
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "chat_async [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    struct room room;
    eddy_core *core;
    eddy_listener *listener;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    listener = args_listen(&args, core, NULL);
    args_say(listener, "chat_async", core);
    result = room_init(&room, eddy_core_handle(core));
    if (result < 0)
        eddy_listener_free(listener);
    else
        result = eddy_core_run(
            core,
            EDDY_FUTURE(program, .serve = EDDY_INIT(serve, .room = &room, .listener = listener)));
    eddy_core_free(core);
    room_deinit(&room);
    return args_end(&args, result);
}
