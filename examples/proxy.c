/* SPDX-License-Identifier: MIT */
/*
 * proxy - pass each client's connection on to a server: two-way copy, half-close both ways.
 *
 *     proxy [LISTEN [SERVER]] [--port=N] [--driver=NAME]      default 127.0.0.1:8081 127.0.0.1:8080
 */
#include <eddy/eddy.h>
#include <stdio.h>

#include "support/args.h"
#include "support/until_signal.h"

/* One direction: all bytes, then the end. The streams are the session's. */
struct copy {
    EDDY_FRAME;
    eddy_tcp *from, *to;
};

EDDY_ASYNC(copy, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->from, task, 1));
            if (n <= 0)
                break;
            EDDY_POLL(n, eddy_tcp_poll_forward(self->from, self->to, task));
            if (n < 0)
                break;
        }
        if (n == 0)
            EDDY_POLL(n, eddy_tcp_poll_shutdown(self->to, task));
        EDDY_END(n);
}

/* One client and its server; both directions at once. */
struct session {
    EDDY_FRAME;
    eddy_addr address;
    eddy_tcp *client, *server;
    eddy_deadline limit;
    struct copy up, down;
    bool up_ended, down_ended;
};

/* When a direction broke, what is still under way in the other is worthless: reset both. */
static void session_done(struct session *self)
{
    if (self->up_ended && self->down_ended) {
        eddy_tcp_free(self->client);
        eddy_tcp_free(self->server);
    } else {
        eddy_tcp_abort(self->client);
        eddy_tcp_abort(self->server);
    }
}

static eddy_result copy_poll(struct session *self, struct copy *copy, bool *ended, eddy_task *task)
{
    eddy_result n = *ended ? 0 : eddy_future_poll_child(&self->frame, &copy->frame, task);

    *ended = *ended || n == 0;
    return n;
}

/* Ready when both directions are, or when one failed. */
static eddy_result both_poll(struct session *self, eddy_task *task)
{
    eddy_result up = copy_poll(self, &self->up, &self->up_ended, task);
    eddy_result down =
        eddy_is_error(up) ? up : copy_poll(self, &self->down, &self->down_ended, task);

    return eddy_is_error(down) || up == 0 ? down : up;
}

EDDY_ASYNC(session, session_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_tcp_connect(eddy_task_handle(task), &self->address, &self->server);
        if (n < 0)
            EDDY_RETURN(0);
        eddy_sleep_start(&self->limit, task, 5 * EDDY_SECOND);
        EDDY_POLL(n, eddy_within(&self->limit, task, eddy_tcp_poll_connected(self->server, task)));
        if (n < 0)
            EDDY_RETURN(0); /* the client sees a reset: there is nobody behind us */
        eddy_sleep_stop(&self->limit, task);
        self->up = EDDY_INIT(copy, .from = self->client, .to = self->server);
        self->down = EDDY_INIT(copy, .from = self->server, .to = self->client);
        EDDY_POLL(n, both_poll(self, task));
        EDDY_END(0);
}

struct accept {
    EDDY_FRAME;
    eddy_addr server;
    eddy_listener *listener;
    eddy_tcp *client;
};

static void accept_done(struct accept *self)
{
    eddy_listener_free(self->listener);
}

EDDY_ASYNC(accept, accept_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->client));
            if (n < 0)
                break;
            (void)eddy_spawn(eddy_task_handle(task),
                             EDDY_FUTURE(session, .address = self->server, .client = self->client));
        }
        EDDY_END(n);
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "proxy [LISTEN [SERVER]] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8081), eddy_addr_ipv4_loopback(8080)}};
    eddy_core *core;
    eddy_listener *listener;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    listener = args_listen(&args, core, NULL);
    args_say(listener, "proxy", core);
    result = eddy_spawn(eddy_core_handle(core),
                        EDDY_FUTURE(accept, .server = args.address[1], .listener = listener));
    if (result == 0)
        result = eddy_core_run(core, EDDY_FUTURE(until_signal));
    eddy_core_free(core);
    return args_end(&args, result);
}
