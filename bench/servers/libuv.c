/* SPDX-License-Identifier: MIT */
/*
 * libuv - the server on libuv; each mode is a file of its own. See libuv.h.
 */
#include "libuv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uv_loop_t *loop;
char read_buffer[SERVER_READ_BYTES];

void must(int result, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, uv_strerror(result));
    exit(1);
}

void listener_start(uint16_t port, uv_connection_cb connection)
{
    static uv_tcp_t listener;
    struct sockaddr_in address = server_address(port);

    must(uv_tcp_init(loop, &listener), "uv_tcp_init");
    must(uv_tcp_bind(&listener, (struct sockaddr *)&address, 0), "uv_tcp_bind");
    must(uv_listen((uv_stream_t *)&listener, SERVER_BACKLOG, connection), "uv_listen");
    /* Linux gives it on to each connection: a system call less for each than uv_tcp_nodelay() there. */
    must(uv_tcp_nodelay(&listener, 1), "uv_tcp_nodelay");
}

void give_read_buffer(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    (void)handle;
    (void)wanted;
    buffer->base = read_buffer;
    buffer->len = sizeof read_buffer;
}

int stream_send_later(uv_stream_t *stream, const char *bytes, size_t size, uv_write_cb written)
{
    uv_write_t *request = malloc(sizeof *request + size);
    uv_buf_t buffer = uv_buf_init((char *)(request + 1), (unsigned)size);
    int result;

    if (request == NULL)
        server_die("malloc");
    memcpy(buffer.base, bytes, size);
    result = uv_write(request, stream, &buffer, 1, written);
    if (result < 0)
        free(request);
    return result < 0 ? result : 1;
}

uv_stream_t *stream_written(uv_write_t *request)
{
    uv_stream_t *stream = request->handle;

    free(request);
    return stream;
}

int main(int argc, char **argv)
{
    static const struct server_mode modes[] = {
        {"echo", libuv_echo},   {"http", libuv_http},     {"udp", libuv_udp},
        {"proxy", libuv_proxy}, {"source", libuv_source}, {NULL, NULL},
    };

    loop = uv_default_loop();
    return server_main(argc, argv, modes);
}
