/* SPDX-License-Identifier: MIT */
/*
 * connect - a bridge between the terminal and a TCP server: standard input goes to it, what it
 * answers to standard output. Input may be a terminal, a pipe or a file; its end is passed on. The
 * program ends when the server ends the stream, whatever input there may be still to come.
 *
 *     connect [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080
 *
 * All three are byte streams (eddy_io), and each direction is the same loop over two of them: wait for
 * bytes, hand on what is in view. Where the other side is slow, that waits: the backpressure. The pool
 * is for input or output that is a file.
 */
#include <eddy/eddy.h>
#include <eddy/pipe.h>
#include <stdio.h>

#include "support/args.h"

/* From standard input to the server. */
struct upload {
    EDDY_FRAME;
    eddy_pipe *input;
    eddy_io_writer server;
};

static void upload_done(struct upload *self)
{
    eddy_pipe_free(self->input);
    eddy_io_writer_free(&self->server); /* the end follows what was sent */
}

EDDY_ASYNC(upload, upload_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_io_poll_fill(eddy_pipe_io(self->input), task, 1));
            if (n < 0)
                fprintf(stderr, "connect: standard input: %s\n", eddy_strerror(n));
            if (n <= 0)
                break;
            EDDY_POLL(n, eddy_io_poll_forward(eddy_pipe_io(self->input), self->server.io, task));
            if (n < 0)
                break; /* whoever reads the server is told why */
        }
        EDDY_END(0);
}

/* The connection, and from the server to standard output. */
struct client {
    EDDY_FRAME;
    eddy_addr address;
    eddy_pool *pool;
    eddy_tcp *tcp; /* until it is split */
    eddy_io_reader server;
    eddy_pipe *output;
};

static void client_done(struct client *self)
{
    eddy_tcp_free(self->tcp);
    eddy_io_reader_free(&self->server);
    eddy_pipe_free(self->output);
}

static eddy_result start(struct client *self, eddy_handle *handle)
{
    eddy_io_writer writer;
    eddy_pipe *input;
    eddy_result result = eddy_stdout(handle, self->pool, &self->output);

    if (result == 0)
        result = eddy_stdin(handle, self->pool, &input);
    if (result != 0)
        return result;
    eddy_io_split(eddy_tcp_io(self->tcp), &self->server, &writer);
    self->tcp = NULL;
    return eddy_spawn(handle, EDDY_FUTURE(upload, .input = input, .server = writer));
}

EDDY_ASYNC(client, client_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_tcp_connect(eddy_task_handle(task), &self->address, &self->tcp);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_tcp_poll_connected(self->tcp, task));
        if (n == 0)
            n = start(self, eddy_task_handle(task));
        while (n >= 0) {
            EDDY_POLL(n, eddy_io_poll_fill(self->server.io, task, 1));
            if (n <= 0)
                break;
            EDDY_POLL(n, eddy_io_poll_forward(self->server.io, eddy_pipe_io(self->output), task));
            if (n >= 0) /* to be told now that the disk is full, though the server says no more */
                EDDY_POLL(n, eddy_io_poll_flush(eddy_pipe_io(self->output), task));
        }
        EDDY_END(n);
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "connect [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    const eddy_pool_options options = {.size_bytes = sizeof options, .threads = 2};
    eddy_pool *pool;
    eddy_core *core;
    eddy_result result;

    args_parse(&args, argc, argv);
    core = args_core(&args);
    result = eddy_pool_new(&options, &pool);
    if (result == 0) {
        result = eddy_core_run(core, EDDY_FUTURE(client, .address = args.address[0], .pool = pool));
        eddy_core_free(core);
        eddy_pool_release(pool);
    }
    return args_end(&args, result);
}
