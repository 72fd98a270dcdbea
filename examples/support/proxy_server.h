/* SPDX-License-Identifier: MIT */
/*
 * proxy_server.h - the proxy as async functions: each client's connection is passed on to a server,
 * all bytes both ways, and each end by itself: a client that has said all still gets its answer.
 *
 * When either side breaks, or nobody is behind the proxy within PROXY_CONNECT_NS, both sides are
 * reset: what the other side got until then is then known to be a part only.
 */
#ifndef EXAMPLES_PROXY_SERVER_H
#define EXAMPLES_PROXY_SERVER_H

#include <eddy/eddy.h>

#define PROXY_CONNECT_NS (5 * EDDY_SECOND)

/* One direction: all bytes, then the end. The streams are the session's. */
struct proxy_copy {
    EDDY_FRAME;
    eddy_tcp *from, *to;
};

EDDY_ASYNC(proxy_copy, eddy_nothing)
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
struct proxy_session {
    EDDY_FRAME;
    eddy_addr address;
    eddy_tcp *client, *server;
    eddy_deadline limit;
    struct proxy_copy up, down;
    bool up_ended, down_ended;
};

/* When a direction broke, what is still under way in the other is worthless: reset both. */
static inline void proxy_session_done(struct proxy_session *self)
{
    if (self->up_ended && self->down_ended) {
        eddy_tcp_free(self->client);
        eddy_tcp_free(self->server);
    } else {
        eddy_tcp_abort(self->client);
        eddy_tcp_abort(self->server);
    }
}

static inline eddy_result proxy_copy_poll(struct proxy_session *self, struct proxy_copy *copy,
                                          bool *ended, eddy_task *task)
{
    eddy_result n = *ended ? 0 : eddy_future_poll_child(&self->frame, &copy->frame, task);

    *ended = *ended || n == 0;
    return n;
}

/* Ready when both directions are, or when one failed. */
static inline eddy_result proxy_both_poll(struct proxy_session *self, eddy_task *task)
{
    eddy_result up = proxy_copy_poll(self, &self->up, &self->up_ended, task);
    eddy_result down =
        eddy_is_error(up) ? up : proxy_copy_poll(self, &self->down, &self->down_ended, task);

    return eddy_is_error(down) || up == 0 ? down : up;
}

EDDY_ASYNC(proxy_session, proxy_session_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_tcp_connect(eddy_task_handle(task), &self->address, &self->server);
        if (n < 0)
            EDDY_RETURN(0);
        eddy_sleep_start(&self->limit, task, PROXY_CONNECT_NS);
        EDDY_POLL(n, eddy_within(&self->limit, task, eddy_tcp_poll_connected(self->server, task)));
        if (n < 0)
            EDDY_RETURN(0); /* the client sees a reset: there is nobody behind us */
        eddy_sleep_stop(&self->limit, task);
        self->up = EDDY_INIT(proxy_copy, .from = self->client, .to = self->server);
        self->down = EDDY_INIT(proxy_copy, .from = self->server, .to = self->client);
        EDDY_POLL(n, proxy_both_poll(self, task));
        EDDY_END(0);
}

/* As of struct eddy_server; `arg` is the address of the server that the sessions go to. */
static inline int proxy_client(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    const eddy_addr *server = arg;

    return eddy_group_spawn(group, EDDY_FUTURE(proxy_session, .address = *server, .client = tcp));
}

#endif
