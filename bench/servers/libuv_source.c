/* SPDX-License-Identifier: MIT */
/*
 * libuv_source.c - every connection is sent the pattern, without end and without a copy: uv_write()
 * sends at once what the socket takes, and the rest out of the same place.
 */
#include <stdlib.h>

#include "../load/pattern.h"
#include "libuv.h"

struct sink {
    uv_tcp_t tcp;
    uv_write_t request;
    uint64_t sent;
};

static struct pattern pattern;

static void sink_free(uv_handle_t *handle)
{
    free(handle);
}

static void sink_written(uv_write_t *request, int status);

static void sink_write(struct sink *self)
{
    uv_buf_t slice =
        uv_buf_init((char *)(uintptr_t)pattern_at(&pattern, self->sent), PATTERN_SLICE);

    self->sent += PATTERN_SLICE;
    if (uv_write(&self->request, (uv_stream_t *)&self->tcp, &slice, 1, sink_written) < 0)
        uv_close((uv_handle_t *)&self->tcp, sink_free);
}

static void sink_written(uv_write_t *request, int status)
{
    struct sink *self = (struct sink *)request->handle;

    if (status < 0)
        uv_close((uv_handle_t *)&self->tcp, sink_free);
    else
        sink_write(self);
}

static void sink_open(uv_stream_t *listener, int status)
{
    struct sink *self;

    if (status < 0)
        return;
    self = server_alloc(1, sizeof *self);
    must(uv_tcp_init(loop, &self->tcp), "uv_tcp_init");
    if (uv_accept(listener, (uv_stream_t *)&self->tcp) < 0)
        uv_close((uv_handle_t *)&self->tcp, sink_free);
    else
        sink_write(self);
}

void libuv_source(const struct server_args *args)
{
    pattern_fill(&pattern);
    listener_start(args->port, sink_open);
    uv_run(loop, UV_RUN_DEFAULT);
}
