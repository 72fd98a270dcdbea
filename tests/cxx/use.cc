// SPDX-License-Identifier: MIT
//
// use.cc - the public headers from C++17: a future written by hand, a task, a timer, a job from
// another thread, and a connection to oneself. Exits with 0 when all of it worked.
#include <eddy/eddy.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace
{

void require(bool good, const char *what)
{
    if (good)
        return;
    std::fprintf(stderr, "use.cc: %s\n", what);
    std::exit(1);
}

// Accepts one connection, sends it five bytes through the other end, reads them, then sleeps.
struct talk {
    eddy_future frame;
    eddy_listener *listener;
    eddy_tcp *client, *server;
    eddy_sleep nap;
    int done;
};

eddy_result talk_poll(eddy_future *future, eddy_task *task)
{
    talk *self = reinterpret_cast<talk *>(future);
    char text[8];

    if (self->server == nullptr) {
        eddy_result n = eddy_listener_poll_accept(self->listener, task, &self->server);
        if (n != 0)
            return n;
        require(eddy_tcp_try_write(self->client, "hello", 5) == 5, "write");
    }
    if (!self->nap.started) {
        eddy_result n = eddy_tcp_poll_read(self->server, task, text, sizeof text);
        if (n == EDDY_PENDING || n < 0)
            return n;
        require(n == 5 && std::memcmp(text, "hello", 5) == 0, "read");
        eddy_sleep_start(&self->nap, task, EDDY_MILLISECOND);
    }
    eddy_result n = eddy_sleep_poll(&self->nap, task);
    return n != 0 ? n : 42;
}

void talk_done(eddy_future *future)
{
    talk *self = reinterpret_cast<talk *>(future);

    eddy_tcp_free(self->client);
    eddy_tcp_free(self->server);
    eddy_listener_free(self->listener);
    self->done++;
}

const eddy_type talk_type = {talk_poll, talk_done, sizeof(talk), "talk", nullptr};

eddy_future *job_make(void *payload, eddy_handle *)
{
    **static_cast<int **>(payload) = 7;
    return nullptr;
}

const eddy_job job = {job_make, nullptr, sizeof(int *)};

void talk_to_oneself(eddy_core *core)
{
    eddy_handle *handle = eddy_core_handle(core);
    eddy_addr addr;
    talk future = {};

    require(eddy_addr_parse("127.0.0.1", 0, &addr, nullptr) == 0, "addr_parse");
    future.frame.type = &talk_type;
    require(eddy_listener_bind(handle, &addr, nullptr, &future.listener) == 0, "bind");
    require(eddy_listener_local_addr(future.listener, &addr) == 0, "local_addr");
    require(eddy_tcp_connect(handle, &addr, &future.client) == 0, "connect");
    require(eddy_core_run(core, &future.frame) == 42, "run");
    require(future.done == 1, "done once");
}

void hear_from_a_thread(eddy_core *core)
{
    eddy_remote *remote;
    int value = 0;
    int *payload = &value;

    require(eddy_remote_new(eddy_core_handle(core), &remote) == 0, "remote_new");
    std::thread sender([&] {
        require(eddy_remote_spawn(remote, &job, &payload) == 0, "remote_spawn");
        eddy_remote_release(remote);
    });
    while (value == 0)
        require(eddy_core_turn(core, EDDY_FOREVER) >= 0, "turn");
    sender.join();
    require(value == 7, "job");
}

} // namespace

int main()
{
    eddy_core *core;

    require(eddy_core_new(nullptr, &core) == 0, "core_new");
    talk_to_oneself(core);
    hear_from_a_thread(core);
    return eddy_core_free(core) == 0 ? 0 : 1;
}
