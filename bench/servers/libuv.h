/* SPDX-License-Identifier: MIT */
/*
 * libuv.h - what the modes of the libuv server share. Written the fastest way that the library has:
 * uv_try_write() out of one read buffer that all streams share, and a request of one's own only for
 * what a full socket did not take. libuv's guide allocates twice for each message instead, and never
 * stops reading.
 */
#ifndef BENCH_SERVERS_LIBUV_H
#define BENCH_SERVERS_LIBUV_H

#include <stdint.h>
#include <uv.h>

#include "common.h"

extern uv_loop_t *loop;
extern char read_buffer[SERVER_READ_BYTES];

/* A call that must not fail. */
void must(int result, const char *what);

/* Accept for ever; `connection` is uv_listen()'s. */
void listener_start(uint16_t port, uv_connection_cb connection);
/* For uv_read_start(): the shared buffer. */
void give_read_buffer(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer);

/* Have a copy of the bytes sent when there is room. Returns 1, or the error. */
int stream_send_later(uv_stream_t *stream, const char *bytes, size_t size, uv_write_cb written);

/* Send. 0: it has gone; 1: a copy of the rest is on its way, and `written` will be called, which
 * takes the request with stream_written(); else the error. */
static inline int stream_send(uv_stream_t *stream, const char *bytes, size_t size,
                              uv_write_cb written)
{
    uv_buf_t buffer = {.base = (char *)(uintptr_t)bytes, .len = size};
    int sent = uv_try_write(stream, &buffer, 1);

    if (sent == (int)size)
        return 0;
    if (sent == UV_EAGAIN)
        sent = 0;
    if (sent < 0)
        return sent;
    return stream_send_later(stream, bytes + sent, size - (size_t)sent, written);
}

/* Free the request. Returns its stream. */
uv_stream_t *stream_written(uv_write_t *request);

void libuv_echo(const struct server_args *args);
void libuv_http(const struct server_args *args);
void libuv_udp(const struct server_args *args);
void libuv_proxy(const struct server_args *args);
void libuv_source(const struct server_args *args);

#endif
