/* SPDX-License-Identifier: MIT */
/*
 * libevent - the server on libevent, the way it is meant: streams are bufferevents, which read, write
 * and keep what waits themselves. What has come is moved to what is to go, not copied.
 */
#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "common.h"
#include "datagrams.h"

/* A stream that is not read from is not read, once so many bytes wait. */
#define OUTPUT_MAX ((size_t)512 * 1024)

static void stream_read(struct bufferevent *self, void *arg)
{
    struct evbuffer *output = bufferevent_get_output(self);

    (void)arg;
    evbuffer_add_buffer(output, bufferevent_get_input(self));
    if (evbuffer_get_length(output) > OUTPUT_MAX)
        bufferevent_disable(self, EV_READ);
}

/* All has been written. */
static void stream_written(struct bufferevent *self, void *arg)
{
    (void)arg;
    if ((bufferevent_get_enabled(self) & EV_READ) == 0)
        bufferevent_enable(self, EV_READ);
}

static void stream_last_written(struct bufferevent *self, void *arg)
{
    (void)arg;
    bufferevent_free(self);
}

static void stream_event(struct bufferevent *self, short what, void *arg)
{
    (void)arg;
    if ((what & BEV_EVENT_EOF) != 0 && evbuffer_get_length(bufferevent_get_output(self)) > 0)
        bufferevent_setcb(self, NULL, stream_last_written, stream_event, NULL);
    else if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0)
        bufferevent_free(self);
}

static void stream_open(struct evconnlistener *listener, evutil_socket_t fd,
                        struct sockaddr *address, int size, void *base)
{
    struct bufferevent *self = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);

    (void)listener;
    (void)address;
    (void)size;
    if (self == NULL)
        server_die("bufferevent_socket_new");
    bufferevent_set_max_single_read(self, SERVER_READ_BYTES);
    bufferevent_set_max_single_write(self, 4 * SERVER_READ_BYTES);
    bufferevent_setcb(self, stream_read, stream_written, stream_event, NULL);
    bufferevent_enable(self, EV_READ | EV_WRITE);
}

/* One thread needs no locks; the change list saves calls of epoll_ctl(2). */
static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base;

    event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST | EVENT_BASE_FLAG_NOLOCK);
    base = event_base_new_with_config(config);
    event_config_free(config);
    if (base == NULL)
        server_die("event_base_new_with_config");
    return base;
}

static void run_echo(const struct server_args *args)
{
    struct event_base *base = base_new();

    evconnlistener_new(base, stream_open, base, LEV_OPT_CLOSE_ON_EXEC, 0,
                       server_listen(args->port));
    event_base_dispatch(base);
}

static void socket_ready(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    (void)arg;
    datagrams_echo(fd);
}

static void run_udp(const struct server_args *args)
{
    struct event_base *base = base_new();

    datagrams_init();
    event_add(event_new(base, server_udp(args->port), EV_READ | EV_PERSIST, socket_ready, NULL),
              NULL);
    event_base_dispatch(base);
}

int main(int argc, char **argv)
{
    static const struct server_mode modes[] = {{"echo", run_echo}, {"udp", run_udp}, {NULL, NULL}};

    return server_main(argc, argv, modes);
}
