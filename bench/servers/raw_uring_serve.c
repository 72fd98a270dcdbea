/* SPDX-License-Identifier: MIT */
/*
 * raw_uring_serve.c - what the streams are for: `echo` and `proxy` send what came out of the buffer it
 * came into, to itself or to the other one of a pair; `http` answers.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "raw_uring_stream.h"

void (*stream_received)(struct stream *self, char *bytes, unsigned size, unsigned buffer);

static void pass_on(struct stream *self, char *bytes, unsigned size, unsigned buffer)
{
    stream_push(self->to, piece_of_buffer(bytes, size, buffer));
}

static void open_alone(int slot)
{
    stream_receive(stream_new(slot, IOSQE_FIXED_FILE));
}

static const struct mode_hooks echo_hooks = {
    .done = {[OP_RECV] = stream_recv_done, [OP_SEND] = stream_send_done},
    .accepted = open_alone,
    .after = streams_after_turn,
};

void raw_uring_echo(const struct server_args *args)
{
    stream_received = pass_on;
    pool_start_streams();
    ring_accept(args->port);
    ring_run(&echo_hooks);
}

/* ---- http ---- */

static struct http_answer answer;

static void push_answers(struct stream *self, int requests)
{
    int fit = (int)(PIECE_OWN_BYTES / answer.size);

    while (requests > 0) {
        struct piece *piece = piece_own();
        int count = requests < fit ? requests : fit;

        piece->size = (unsigned)http_answer_copy(&answer, piece->bytes, count);
        stream_push(self, piece);
        requests -= count;
    }
}

static void answer_http(struct stream *self, char *bytes, unsigned size, unsigned buffer)
{
    int requests = http_take(&self->head, bytes, size);

    pool_drop(buffer);
    if (requests < 0)
        stream_break(self);
    else
        push_answers(self, requests);
}

static void date(void)
{
    http_answer_date(&answer, "raw_uring");
}

static const struct mode_hooks http_hooks = {
    .done = {[OP_RECV] = stream_recv_done, [OP_SEND] = stream_send_done},
    .accepted = open_alone,
    .turn = date,
    .after = streams_after_turn,
};

void raw_uring_http(const struct server_args *args)
{
    stream_received = answer_http;
    pool_start_streams();
    ring_accept(args->port);
    ring_run(&http_hooks);
}

/* ---- proxy ---- */

static struct sockaddr_in upstream;

/* The client is not received for before there is somewhere for its bytes to go. */
static void open_pair(int slot)
{
    struct stream *client = stream_new(slot, IOSQE_FIXED_FILE), *server;
    struct io_uring_sqe *sqe;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        server_die("socket");
    server_nodelay(fd);
    server = stream_new(fd, 0);
    server->to = client;
    client->to = server;
    sqe = ring_sqe();
    io_uring_prep_connect(sqe, fd, (struct sockaddr *)&upstream, sizeof upstream);
    sqe->user_data = ring_tag(server, OP_CONNECT);
}

static void connected(void *object, const struct io_uring_cqe *cqe)
{
    struct stream *server = object;

    if (cqe->res < 0) {
        stream_break(server);
        stream_settle(server);
        return;
    }
    stream_receive(server);
    stream_receive(server->to);
}

static const struct mode_hooks proxy_hooks = {
    .done = {[OP_RECV] = stream_recv_done,
             [OP_SEND] = stream_send_done,
             [OP_CONNECT] = connected,
             [OP_SHUTDOWN] = stream_shutdown_done},
    .accepted = open_pair,
    .after = streams_after_turn,
};

void raw_uring_proxy(const struct server_args *args)
{
    stream_received = pass_on;
    upstream = server_address(args->upstream);
    pool_start_streams();
    ring_accept(args->port);
    ring_run(&proxy_hooks);
}
