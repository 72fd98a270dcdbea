/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Handle": spawn tasks and make I/O objects; a server and its client on one loop.
 */
#include <eddy/eddy.h>
#include <stdio.h>
#include <string.h>

struct greet {
    EDDY_FRAME;
    eddy_tcp *client;
    eddy_bytes text;
};

static void greet_done(struct greet *self)
{
    eddy_tcp_free(self->client);
}

EDDY_ASYNC(greet, greet_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_write_all(self->client, task, &self->text));
        EDDY_END(n);
}

struct server {
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
    static const char text[] = "hello from a task of its own\n";
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->client));
            if (n < 0)
                break;
            eddy_spawn(eddy_task_handle(task),
                       EDDY_FUTURE(greet, .client = self->client,
                                   .text = {(const unsigned char *)text, sizeof text - 1}));
        }
        EDDY_END(n);
}

struct client {
    EDDY_FRAME;
    eddy_addr address;
    eddy_tcp *server;
};

static void client_done(struct client *self)
{
    eddy_tcp_free(self->server);
}

EDDY_ASYNC(client, client_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_tcp_connect(eddy_task_handle(task), &self->address, &self->server);
        while (n >= 0) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->server, task, 1));
            if (n <= 0)
                break;
            fwrite(eddy_tcp_view(self->server).data, 1, (size_t)n, stdout);
            eddy_tcp_consume(self->server, (size_t)n);
        }
        EDDY_END(n);
}

int main(void)
{
    eddy_addr any_port = eddy_addr_ipv4_loopback(0);
    eddy_addr address;
    eddy_core *core;
    eddy_listener *listener = NULL;
    eddy_result result = eddy_core_new(NULL, &core);

    if (result < 0)
        return 1;
    result = eddy_listener_bind(eddy_core_handle(core), &any_port, NULL, &listener);
    if (result == 0)
        result = eddy_listener_local_addr(listener, &address);
    if (result != 0)
        eddy_listener_free(listener);
    else
        result = eddy_spawn(eddy_core_handle(core), EDDY_FUTURE(server, .listener = listener));
    if (result == 0)
        result = eddy_core_run(core, EDDY_FUTURE(client, .address = address));
    eddy_core_free(core);
    return result < 0;
}
