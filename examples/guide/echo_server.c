/* SPDX-License-Identifier: MIT */
/*
 * The program of README.md: an echo server on a screen. PORT as argument, default 8080.
 */
#include <eddy/eddy.h>
#include <stdio.h>
#include <stdlib.h>

struct echo { /* one client: send back what it sends */
    EDDY_FRAME;
    eddy_tcp *client;
};

static void echo_done(struct echo *self) /* exactly once: finished, failed or dropped */
{
    eddy_tcp_free(self->client); /* what was written is still delivered */
}

EDDY_ASYNC(echo, echo_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->client, task, 1));
            if (n <= 0)
                break; /* 0: the client closed; < 0: -errno */
            EDDY_POLL(n, eddy_tcp_poll_forward(self->client, self->client, task));
            if (n < 0)
                break;
        }
        EDDY_END(n);
}

struct server { /* a task for each client */
    EDDY_FRAME;
    eddy_listener *listener;
    eddy_tcp *client;
};

static void server_done(struct server *self)
{
    eddy_listener_free(self->listener);
}

EDDY_ASYNC(server, server_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->client));
            if (n < 0)
                break;
            eddy_spawn(eddy_task_handle(task), EDDY_FUTURE(echo, .client = self->client));
        }
        EDDY_END(n);
}

int main(int argc, char **argv)
{
    eddy_addr address = eddy_addr_ipv4_loopback((uint16_t)(argc > 1 ? atoi(argv[1]) : 8080));
    eddy_core *core;
    eddy_listener *listener;
    eddy_result result = eddy_core_new(NULL, &core);

    if (result < 0)
        return 1;
    result = eddy_listener_bind(eddy_core_handle(core), &address, NULL, &listener);
    if (result == 0)
        result = eddy_core_run(core, EDDY_FUTURE(server, .listener = listener));
    eddy_core_free(core);
    if (result < 0)
        fprintf(stderr, "%s\n", eddy_strerror(result));
    return result < 0;
}
