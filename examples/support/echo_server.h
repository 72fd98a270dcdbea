/* SPDX-License-Identifier: MIT */
/*
 * echo_server.h - the echo server as async functions, shared by the examples and the benchmark.
 */
#ifndef EXAMPLES_ECHO_SERVER_H
#define EXAMPLES_ECHO_SERVER_H

#include <eddy/eddy.h>

/* One client: send back what it sends. */
struct echo {
    EDDY_FRAME;
    eddy_tcp *client;
};

static inline void echo_done(struct echo *self)
{
    eddy_tcp_free(self->client);
}

EDDY_ASYNC(echo, echo_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->client, task, 1));
            if (n <= 0)
                break; /* 0: the client closed; < 0: it broke, which is no error of ours */
            EDDY_POLL(n, eddy_tcp_poll_forward(self->client, self->client, task));
            if (n < 0)
                break;
        }
        EDDY_END(0);
}

/* As of struct eddy_server: a task for each client. */
static inline int echo_client(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    (void)arg;
    return eddy_group_spawn(group, EDDY_FUTURE(echo, .client = tcp));
}

#endif
