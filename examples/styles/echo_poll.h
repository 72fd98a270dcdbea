/* SPDX-License-Identifier: MIT */
/*
 * echo_poll.h - one client of the echo server, in the style of poll functions and boxed combinators:
 * the future of a connection is a poll function, called again each time there is something to do.
 */
#ifndef EXAMPLES_ECHO_POLL_H
#define EXAMPLES_ECHO_POLL_H

#include <eddy/eddy.h>

/* Send back what there is, until one of the two has to wait. */
static inline eddy_result echo_poll(void *arg, eddy_task *task)
{
    eddy_tcp *client = arg;
    eddy_result n;

    do {
        n = eddy_tcp_poll_fill(client, task, 1);
        if (n > 0)
            n = eddy_tcp_poll_forward(client, client, task);
    } while (n > 0);
    return n == EDDY_PENDING ? n : 0; /* a client that is gone is no error of ours */
}

static inline void echo_poll_free(void *arg)
{
    eddy_tcp_free(arg);
}

/* The future that serves one client, and owns it. */
static inline eddy_future *echo_poll_client(eddy_handle *handle, eddy_tcp *client)
{
    return eddy_finally(eddy_poll_fn(handle, echo_poll, client), echo_poll_free, client);
}

#endif
