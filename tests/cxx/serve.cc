// SPDX-License-Identifier: MIT
//
// serve.cc - a server in C++17: an async function awaits a struct eddy_server whose clients are tasks of
// its group, talks to it, and ends it in good order. Exits with 0 when all of it worked.
#include "program.h"

#include <cerrno>
#include <cstring>

namespace
{

// Sends back what comes, until the end.
struct echo {
    EDDY_FRAME;
    eddy_tcp *tcp;
};

void echo_done(echo *self)
{
    eddy_tcp_free(self->tcp);
}

EDDY_ASYNC(echo, echo_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
            if (n <= 0)
                break;
            EDDY_POLL(n, eddy_tcp_poll_forward(self->tcp, self->tcp, task));
        }
        EDDY_END(n);
}

int serve_client(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    echo future = {};

    ++*static_cast<int *>(arg);
    future.frame.type = &echo_type;
    future.tcp = tcp;
    return eddy_group_spawn(group, &future.frame);
}

// Talks to the server; its end is the signal to shut down.
struct talk {
    EDDY_FRAME;
    eddy_addr addr;
    eddy_tcp *client;
    char text[8];
};

void talk_done(talk *self)
{
    eddy_tcp_free(self->client);
}

EDDY_ASYNC(talk, talk_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_tcp_connect(eddy_task_handle(task), &self->addr, &self->client);
        REQUIRE(n == 0);
        EDDY_POLL(n, eddy_tcp_poll_write(self->client, task, "hello", 5));
        REQUIRE(n == 5);
        EDDY_POLL(n, eddy_tcp_poll_read(self->client, task, self->text, sizeof self->text));
        REQUIRE(n == 5 && std::memcmp(self->text, "hello", 5) == 0);
        EDDY_END(0);
}

struct scene {
    EDDY_FRAME;
    eddy_listener *listener;
    int clients;
    eddy_server server;
    eddy_group_report report;
};

EDDY_ASYNC(scene, eddy_nothing)
{
    eddy_result n;
    talk client;

    EDDY_BEGIN
        client = {};
        client.frame.type = &talk_type;
        n = eddy_listener_local_addr(self->listener, &client.addr);
        REQUIRE(n == 0);
        self->server = {};
        self->server.frame.type = &eddy_server_type;
        self->server.listener = self->listener;
        self->server.client = serve_client;
        self->server.arg = &self->clients;
        self->server.until = eddy_box(eddy_task_handle(task), &client.frame);
        self->server.clients_max = 4;
        self->server.finish_ns = EDDY_SECOND;
        self->server.grace_ns = EDDY_SECOND;
        self->server.report = &self->report;
        EDDY_AWAIT(n, &self->server);
        REQUIRE(self->clients == 1);
        REQUIRE(self->report.spawned == 1 && self->report.ended == 1);
        EDDY_END(n);
}

} // namespace

int main()
{
    Loop loop;
    eddy_addr addr;
    scene future = {};

    REQUIRE(eddy_addr_parse("127.0.0.1", 0, &addr, nullptr) == 0);
    future.frame.type = &scene_type;
    REQUIRE(eddy_listener_bind(loop.handle(), &addr, nullptr, &future.listener) == 0);
    REQUIRE(loop.run(&future.frame) == 0);
    return 0;
}
