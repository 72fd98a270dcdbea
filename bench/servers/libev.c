/* SPDX-License-Identifier: MIT */
/*
 * libev - the server on libev, which tells when a descriptor is ready and leaves the rest to its user:
 * reads and writes are done here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ev.h>

#include "common.h"
#include "datagrams.h"

struct stream {
    ev_io io;
    size_t size;
    size_t sent;
    char *tail; /* what the full socket did not take */
};

static char read_buffer[SERVER_READ_BYTES];

static void watch(struct ev_loop *loop, ev_io *io, int events)
{
    ev_io_stop(loop, io);
    ev_io_set(io, io->fd, events);
    ev_io_start(loop, io);
}

static void stream_close(struct ev_loop *loop, struct stream *self)
{
    ev_io_stop(loop, &self->io);
    close(self->io.fd);
    free(self->tail);
    free(self);
}

/* recv(2) and send(2) that come to nothing for now are 0 bytes; the end of a stream is an error. */
static ssize_t fault(ssize_t result)
{
    return result < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static void stream_keep(struct stream *self, const char *bytes, size_t size)
{
    self->tail = malloc(size);
    if (self->tail == NULL)
        server_die("malloc");
    memcpy(self->tail, bytes, size);
    self->size = size;
    self->sent = 0;
}

static void stream_flush(struct ev_loop *loop, struct stream *self)
{
    ssize_t sent =
        send(self->io.fd, self->tail + self->sent, self->size - self->sent, MSG_NOSIGNAL);

    if (sent < 0)
        sent = fault(sent);
    if (sent < 0) {
        stream_close(loop, self);
        return;
    }
    self->sent += (size_t)sent;
    if (self->sent < self->size)
        return;
    free(self->tail);
    self->tail = NULL;
    watch(loop, &self->io, EV_READ);
}

static void stream_echo(struct ev_loop *loop, struct stream *self)
{
    ssize_t got = recv(self->io.fd, read_buffer, sizeof read_buffer, 0), sent;

    if (got <= 0) {
        if (fault(got) < 0)
            stream_close(loop, self);
        return;
    }
    sent = send(self->io.fd, read_buffer, (size_t)got, MSG_NOSIGNAL);
    if (sent == got)
        return;
    if (sent < 0)
        sent = fault(sent);
    if (sent < 0) {
        stream_close(loop, self);
        return;
    }
    stream_keep(self, read_buffer + sent, (size_t)(got - sent));
    watch(loop, &self->io, EV_WRITE);
}

static void stream_ready(struct ev_loop *loop, ev_io *io, int events)
{
    struct stream *self = (struct stream *)io;

    if (events & EV_WRITE)
        stream_flush(loop, self);
    else
        stream_echo(loop, self);
}

/* One at a time: if there is another one, the next turn tells. */
static void listener_ready(struct ev_loop *loop, ev_io *io, int events)
{
    int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct stream *self;

    (void)events;
    if (fd < 0)
        return;
    self = server_alloc(1, sizeof *self);
    ev_io_init(&self->io, stream_ready, fd, EV_READ);
    ev_io_start(loop, &self->io);
}

static void start(int fd, void (*ready)(struct ev_loop *loop, ev_io *io, int events))
{
    struct ev_loop *loop = ev_default_loop(EVBACKEND_EPOLL);
    static ev_io io;

    ev_io_init(&io, ready, fd, EV_READ);
    ev_io_start(loop, &io);
    ev_run(loop, 0);
}

static void run_echo(const struct server_args *args)
{
    start(server_listen(args->port), listener_ready);
}

static void socket_ready(struct ev_loop *loop, ev_io *io, int events)
{
    (void)loop;
    (void)events;
    datagrams_echo(io->fd);
}

static void run_udp(const struct server_args *args)
{
    datagrams_init();
    start(server_udp(args->port), socket_ready);
}

int main(int argc, char **argv)
{
    static const struct server_mode modes[] = {{"echo", run_echo}, {"udp", run_udp}, {NULL, NULL}};

    return server_main(argc, argv, modes);
}
