/* SPDX-License-Identifier: MIT */
/*
 * raw_epoll_udp.c - datagrams in batches. Level-triggered: what a batch leaves is told again.
 */
#include "datagrams.h"
#include "raw_epoll.h"

static void socket_ready(struct watch *self, uint32_t events)
{
    (void)events;
    datagrams_echo(self->fd);
}

void raw_epoll_udp(const struct server_args *args)
{
    struct watch watch = {.ready = socket_ready, .fd = server_udp(args->port)};

    datagrams_init();
    watch_start(&watch, EPOLLIN);
    loop_run(NULL, NULL);
}
