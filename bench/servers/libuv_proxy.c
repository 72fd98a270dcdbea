/* SPDX-License-Identifier: MIT */
/*
 * libuv_proxy.c - a connection to the upstream for each that is accepted, and what comes from the one
 * goes to the other. An end is passed on behind all before it; the pair is over when both ends have
 * been.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "libuv.h"

struct side {
    uv_tcp_t tcp;
    struct side *other;
    struct pair *pair;
    uv_shutdown_t shutdown;
    bool ended; /* nothing more comes from it, and the other one has been told */
};

struct pair {
    struct side sides[2]; /* the client, the upstream */
    uv_connect_t connect;
    unsigned open; /* sides that are not closed */
};

static struct sockaddr_in upstream;

static void side_closed(uv_handle_t *handle)
{
    struct pair *pair = ((struct side *)handle)->pair;

    if (--pair->open == 0)
        free(pair);
}

static void pair_end(struct pair *self)
{
    for (int i = 0; i < 2; i++) {
        uv_handle_t *handle = (uv_handle_t *)&self->sides[i].tcp;

        if (!uv_is_closing(handle))
            uv_close(handle, side_closed);
    }
}

static void end_passed(uv_shutdown_t *request, int status)
{
    struct side *to = (struct side *)request->handle;

    if (status < 0 || to->ended)
        pair_end(to->pair);
}

static void side_ended(struct side *self)
{
    self->ended = true;
    if (uv_shutdown(&self->other->shutdown, (uv_stream_t *)&self->other->tcp, end_passed) < 0)
        pair_end(self->pair);
}

static void side_read(uv_stream_t *tcp, ssize_t got, const uv_buf_t *buffer);

static void read_on(uv_write_t *request, int status)
{
    struct side *to = (struct side *)stream_written(request);

    if (uv_is_closing((uv_handle_t *)&to->tcp))
        return;
    if (status < 0 ||
        uv_read_start((uv_stream_t *)&to->other->tcp, give_read_buffer, side_read) < 0)
        pair_end(to->pair);
}

static void side_read(uv_stream_t *tcp, ssize_t got, const uv_buf_t *buffer)
{
    struct side *self = (struct side *)tcp;
    int result;

    (void)buffer;
    if (got == 0)
        return;
    if (got == UV_EOF) {
        side_ended(self);
        return;
    }
    result = got < 0
                 ? (int)got
                 : stream_send((uv_stream_t *)&self->other->tcp, read_buffer, (size_t)got, read_on);
    if (result < 0)
        pair_end(self->pair);
    else if (result == 1)
        uv_read_stop(tcp);
}

/* The client is not read from before there is somewhere for its bytes to go. */
static void pair_connected(uv_connect_t *request, int status)
{
    struct pair *self = ((struct side *)request->handle)->pair;

    if (status == UV_ECANCELED)
        return;
    for (int i = 0; i < 2 && status >= 0; i++)
        status = uv_read_start((uv_stream_t *)&self->sides[i].tcp, give_read_buffer, side_read);
    if (status < 0)
        pair_end(self);
}

static void pair_open(uv_stream_t *listener, int status)
{
    struct pair *self;

    if (status < 0)
        return;
    self = server_alloc(1, sizeof *self);
    self->open = 2;
    for (int i = 0; i < 2; i++) {
        self->sides[i].pair = self;
        self->sides[i].other = &self->sides[1 - i];
        must(uv_tcp_init(loop, &self->sides[i].tcp), "uv_tcp_init");
    }
    if (uv_accept(listener, (uv_stream_t *)&self->sides[0].tcp) < 0 ||
        uv_tcp_nodelay(&self->sides[1].tcp, 1) < 0 ||
        uv_tcp_connect(&self->connect, &self->sides[1].tcp, (struct sockaddr *)&upstream,
                       pair_connected) < 0)
        pair_end(self);
}

void libuv_proxy(const struct server_args *args)
{
    upstream = server_address(args->upstream);
    listener_start(args->port, pair_open);
    uv_run(loop, UV_RUN_DEFAULT);
}
