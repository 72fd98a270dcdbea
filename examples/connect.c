/* SPDX-License-Identifier: MIT */
/*
 * connect - a bridge between the terminal and a TCP server: standard input goes to it, what it
 * answers to standard output. Input may be a terminal, a pipe or a file; its end is passed on. The
 * program ends when the server ends the stream, whatever input there may be still to come.
 *
 *     connect [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080
 *
 * Reading standard input may block, so a thread does it: it ships each piece to the loop and waits
 * until it is accepted (eddy_remote_call()). That wait is the backpressure.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/args.h"

/* Two halves of one stream: `reader` is the client's, `writer` that of the input's jobs. Main gives
 * the writer back when the loop is gone and no job can run any more. */
struct bridge {
    eddy_tcp_reader reader;
    eddy_tcp_writer writer;
    eddy_remote *remote;
};

/* One piece of input, or its end, on its way into the stream. */
struct piece {
    struct bridge *bridge;
    eddy_bytes bytes; /* the reader's memory: it waits for us */
};

struct put {
    EDDY_FRAME;
    struct piece piece;
};

EDDY_ASYNC(put, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        if (self->piece.bytes.len == 0) {
            EDDY_POLL(n, eddy_tcp_poll_shutdown(self->piece.bridge->writer.tcp, task));
        } else {
            EDDY_POLL(n, eddy_tcp_poll_write_all(self->piece.bridge->writer.tcp, task,
                                                 &self->piece.bytes));
        }
        EDDY_END(n);
}

static eddy_future *put_make(void *payload, eddy_handle *handle)
{
    return eddy_box(handle, EDDY_FUTURE(put, .piece = *(struct piece *)payload));
}

static const eddy_job put_job = {.make = put_make, .payload_bytes = sizeof(struct piece)};

static void *read_input(void *arg)
{
    struct bridge *bridge = arg;
    static unsigned char memory[16 * 1024];
    eddy_result result = 0;
    ssize_t n;

    do {
        struct piece piece = {bridge, {memory, 0}};

        n = read(STDIN_FILENO, memory, sizeof memory);
        if (n < 0)
            perror("connect: standard input"); /* what came before it is sent, then the end */
        piece.bytes.len = n > 0 ? (size_t)n : 0;
        result = eddy_remote_call(bridge->remote, &put_job, &piece);
    } while (n > 0 && result >= 0);
    if (result == -ENOMEM) { /* nobody else knows: the server would wait for the rest for ever */
        fprintf(stderr, "connect: standard input: %s\n", eddy_strerror(result));
        exit(1);
    }
    eddy_remote_release(bridge->remote);
    return NULL;
}

struct client {
    EDDY_FRAME;
    eddy_addr address;
    struct bridge *bridge;
    eddy_tcp *server; /* until it is split */
};

static void client_done(struct client *self)
{
    eddy_tcp_free(self->server);
    eddy_tcp_reader_free(&self->bridge->reader);
}

static eddy_result start_input(struct client *self, eddy_handle *handle)
{
    struct bridge *bridge = self->bridge;
    pthread_t thread;
    int error = eddy_remote_new(handle, &bridge->remote);

    if (error != 0)
        return error;
    eddy_tcp_split(self->server, &bridge->reader, &bridge->writer);
    self->server = NULL;
    error = pthread_create(&thread, NULL, read_input, bridge);
    if (error != 0)
        return -error;
    pthread_detach(thread);
    return 0;
}

/* Blocks while nobody reads our output: with one connection that is what we want. */
static eddy_result show(eddy_tcp *server)
{
    eddy_bytes view = eddy_tcp_view(server);

    fwrite(view.data, 1, view.len, stdout);
    if (fflush(stdout) != 0)
        return -errno;
    eddy_tcp_consume(server, view.len);
    return 0;
}

EDDY_ASYNC(client, client_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_tcp_connect(eddy_task_handle(task), &self->address, &self->server);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_tcp_poll_connected(self->server, task));
        if (n == 0)
            n = start_input(self, eddy_task_handle(task));
        while (n >= 0) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->bridge->reader.tcp, task, 1));
            if (n <= 0)
                break;
            n = show(self->bridge->reader.tcp);
        }
        EDDY_END(n);
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "connect [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    static struct bridge bridge;
    eddy_core *core;
    eddy_result result;

    args_parse(&args, argc, argv);
    core = args_core(&args);
    result =
        eddy_core_run(core, EDDY_FUTURE(client, .address = args.address[0], .bridge = &bridge));
    eddy_core_free(core);
    eddy_tcp_writer_free(&bridge.writer);
    return args_end(&args, result);
}
