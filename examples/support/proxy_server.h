/* SPDX-License-Identifier: MIT */
/*
 * proxy_server.h - the proxy as async functions: each client's connection is passed on to a server,
 * all bytes both ways, and each end by itself: a client that has said all still gets its answer.
 *
 * When either side breaks, or nobody is behind the proxy within PROXY_CONNECT_NS, or one side has ended
 * and the other says nothing for PROXY_HALF_CLOSED_NS, both sides are reset: what the other side got
 * until then is then known to be a part only.
 */
#ifndef EXAMPLES_PROXY_SERVER_H
#define EXAMPLES_PROXY_SERVER_H

#include <eddy/eddy.h>
#include <eddy/io_copy.h>

#define PROXY_CONNECT_NS     (5 * EDDY_SECOND)
#define PROXY_HALF_CLOSED_NS (600 * EDDY_SECOND)

/* One client and its server. */
struct proxy_session {
    EDDY_FRAME;
    eddy_addr address;
    eddy_tcp *client, *server;
    eddy_deadline limit;
    struct eddy_copy_bidirectional both;
    bool complete;
};

/* When a direction broke, what is still under way in the other is worthless: reset both. */
static inline void proxy_session_done(struct proxy_session *self)
{
    if (self->complete) {
        eddy_tcp_free(self->client);
        eddy_tcp_free(self->server);
    } else {
        eddy_tcp_abort(self->client);
        eddy_tcp_abort(self->server);
    }
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
        self->both = EDDY_INIT(eddy_copy_bidirectional, .a = eddy_tcp_io(self->client),
                               .b = eddy_tcp_io(self->server),
                               .half_close_timeout_ns = PROXY_HALF_CLOSED_NS);
        EDDY_AWAIT(n, &self->both);
        self->complete = n >= 0;
        EDDY_END(0);
}

/* As of struct eddy_server; `arg` is the address of the server that the sessions go to. */
static inline int proxy_client(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    const eddy_addr *server = arg;

    return eddy_group_spawn(group, EDDY_FUTURE(proxy_session, .address = *server, .client = tcp));
}

#endif
