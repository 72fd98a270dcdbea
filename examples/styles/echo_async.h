/* SPDX-License-Identifier: MIT */
/*
 * echo_async.h - one client of the echo server, as an async function.
 */
#ifndef EXAMPLES_ECHO_ASYNC_H
#define EXAMPLES_ECHO_ASYNC_H

#include <eddy/eddy.h>

/* Send back what the client sends. */
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
                break;
            EDDY_POLL(n, eddy_tcp_poll_forward(self->client, self->client, task));
            if (n < 0)
                break;
        }
        EDDY_END(0); /* a client that is gone is no error of ours */
}

#endif
