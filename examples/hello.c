/* SPDX-License-Identifier: MIT */
/*
 * hello - run one future: connect to a server, say hello, print what it answers.
 *
 *     hello [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080; try: hello_http
 */
#include <eddy/eddy.h>
#include <stdio.h>
#include <string.h>

#include "support/args.h"

#define HELLO "GET / HTTP/1.1\r\nHost: hello\r\nConnection: close\r\n\r\n"

struct hello {
    EDDY_FRAME;
    eddy_addr address;
    eddy_tcp *server;
    eddy_bytes request;
    eddy_deadline limit;
};

static void hello_done(struct hello *self)
{
    eddy_tcp_free(self->server);
}

EDDY_ASYNC(hello, hello_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->limit, task, 5 * EDDY_SECOND);
        n = eddy_tcp_connect(eddy_task_handle(task), &self->address, &self->server);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_within(&self->limit, task, eddy_tcp_poll_connected(self->server, task)));
        if (n < 0)
            EDDY_RETURN(n);
        self->request = (eddy_bytes){(const unsigned char *)HELLO, strlen(HELLO)};
        EDDY_POLL(n, eddy_tcp_poll_write_all(self->server, task, &self->request));
        while (n >= 0) {
            EDDY_POLL(n,
                      eddy_within(&self->limit, task, eddy_tcp_poll_fill(self->server, task, 1)));
            if (n <= 0)
                break;
            fwrite(eddy_tcp_view(self->server).data, 1, (size_t)n, stdout);
            eddy_tcp_consume(self->server, (size_t)n);
        }
        EDDY_END(n);
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "hello [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    eddy_core *core;
    eddy_result result;

    args_parse(&args, argc, argv);
    core = args_core(&args);
    result = eddy_core_run(core, EDDY_FUTURE(hello, .address = args.address[0]));
    eddy_core_free(core);
    return args_end(&args, result);
}
