/* SPDX-License-Identifier: MIT */
/*
 * libuv_udp.c - datagrams received by recvmmsg(2), as libuv does it when it is given room for some of
 * 64 KB each, and sent back one by one: 1.44 has nothing else.
 */
#include <stdlib.h>
#include <string.h>

#include "libuv.h"

#define SLOTS 20 /* the most that libuv takes by one call */

static char slots[SLOTS][64 * 1024];

static void give_slots(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    (void)handle;
    (void)wanted;
    *buffer = uv_buf_init(slots[0], sizeof slots);
}

static void sent(uv_udp_send_t *request, int status)
{
    (void)status;
    free(request);
}

static void send_later(uv_udp_t *udp, const uv_buf_t *datagram, const struct sockaddr *to)
{
    uv_udp_send_t *request = malloc(sizeof *request + datagram->len);
    uv_buf_t copy = uv_buf_init((char *)(request + 1), (unsigned)datagram->len);

    if (request == NULL)
        server_die("malloc");
    memcpy(copy.base, datagram->base, datagram->len);
    if (uv_udp_send(request, udp, &copy, 1, to, sent) < 0)
        free(request);
}

static void received(uv_udp_t *udp, ssize_t got, const uv_buf_t *buffer,
                     const struct sockaddr *from, unsigned flags)
{
    uv_buf_t datagram;

    (void)flags;
    if (got <= 0 || from == NULL)
        return;
    datagram = uv_buf_init(buffer->base, (unsigned)got);
    if (uv_udp_try_send(udp, &datagram, 1, from) < 0)
        send_later(udp, &datagram, from);
}

void libuv_udp(const struct server_args *args)
{
    struct sockaddr_in address = server_address(args->port);
    int size = SERVER_UDP_BUFFER;
    uv_udp_t udp;

    must(uv_udp_init_ex(loop, &udp, AF_INET | UV_UDP_RECVMMSG), "uv_udp_init_ex");
    must(uv_udp_bind(&udp, (struct sockaddr *)&address, 0), "uv_udp_bind");
    must(uv_recv_buffer_size((uv_handle_t *)&udp, &size), "uv_recv_buffer_size");
    must(uv_udp_recv_start(&udp, give_slots, received), "uv_udp_recv_start");
    uv_run(loop, UV_RUN_DEFAULT);
}
