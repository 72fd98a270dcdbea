/* SPDX-License-Identifier: MIT */
/*
 * sockets.c - the descriptors of a simulated host, and the table of functions by which a loop's I/O
 * objects make, describe and close sockets there (sys/system.h). A number is given to whoever asks
 * next as soon as it is free, the lowest first, as the kernel does. What is done with a connection
 * is tcp.c's.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "sim/udp.h"
#include "sim/unix_dgram.h"

enum { FIRST_FDS = 16 };

eddy__sim_host *eddy__sim_host_of(eddy__system *system)
{
    return (eddy__sim_host *)(void *)system; /* its first member */
}

/* ---- descriptors ---- */

eddy__sim_socket *eddy__sim_socket_of(const eddy__sim_host *host, int fd)
{
    if (fd < EDDY__SIM_FIRST_FD || (uint32_t)(fd - EDDY__SIM_FIRST_FD) >= host->fds_size)
        return NULL;
    return host->fds[fd - EDDY__SIM_FIRST_FD];
}

static bool grow(eddy__sim_host *host)
{
    uint32_t size = host->fds_size == 0 ? FIRST_FDS : 2 * host->fds_size;
    eddy__sim_socket **fds = eddy__calloc(host->sim->allocator, size * sizeof(eddy__sim_socket *));

    if (fds == NULL)
        return false;
    if (host->fds_size > 0)
        memcpy(fds, host->fds, host->fds_size * sizeof(eddy__sim_socket *));
    eddy__free(host->sim->allocator, host->fds, host->fds_size * sizeof(eddy__sim_socket *));
    host->fds = fds;
    host->fds_size = size;
    return true;
}

int eddy__sim_fd_check(const eddy__sim_host *host)
{
    return host->fds_used >= host->fds_max ? -EMFILE : 0;
}

int eddy__sim_fd_open(eddy__sim_socket *self)
{
    eddy__sim_host *host = self->host;
    int error = eddy__sim_fd_check(host);

    if (error != 0)
        return error;
    while (host->fds_low < host->fds_size && host->fds[host->fds_low] != NULL)
        host->fds_low++;
    if (host->fds_low == host->fds_size && !grow(host))
        return -ENOMEM;
    self->fd = EDDY__SIM_FIRST_FD + (int)host->fds_low;
    host->fds[host->fds_low++] = self;
    host->fds_used++;
    return self->fd;
}

void eddy__sim_fd_close(eddy__sim_socket *self)
{
    eddy__sim_host *host = self->host;
    uint32_t number;

    if (self->fd < 0)
        return;
    number = (uint32_t)(self->fd - EDDY__SIM_FIRST_FD);
    host->fds[number] = NULL;
    host->fds_used--;
    if (number < host->fds_low)
        host->fds_low = number;
    self->fd = -1;
    self->watcher = NULL;
}

/* ---- life ---- */

eddy__sim_socket *eddy__sim_socket_new(eddy__sim_host *host, bool ipv6)
{
    eddy__sim_socket *self = eddy__calloc(host->sim->allocator, sizeof *self);

    if (self == NULL)
        return NULL;
    self->host = host;
    self->fd = -1;
    self->ipv6 = ipv6;
    self->local.family = ipv6 ? EDDY_ADDR_IPV6 : EDDY_ADDR_IPV4;
    self->timer.happen = eddy__sim_tcp_timer;
    eddy__sim_options_init(self);
    eddy__list_init(&self->queue);
    eddy__list_init(&self->in_queue);
    eddy__list_append(&host->sockets, &self->of_host);
    return self;
}

void eddy__sim_socket_free(eddy__sim_socket *self)
{
    eddy__sim *sim = self->host->sim;

    if (self->udp != NULL)
        eddy__sim_udp_free(self->udp);
    if (self->mailbox != NULL)
        eddy__sim_mailbox_free(self->mailbox);
    if (self->named != NULL)
        eddy__sim_named_free(self);
    eddy__sim_cancel(sim, &self->timer);
    eddy__sim_ports_remove(self);
    eddy__sim_ring_free(&self->out, sim->allocator);
    eddy__sim_ring_free(&self->in, sim->allocator);
    while (!eddy__list_empty(&self->queue)) /* at a crash; else the queue is empty */
        eddy__list_remove(self->queue.next);
    eddy__list_remove(&self->in_queue);
    eddy__list_remove(&self->of_host);
    eddy__free(sim->allocator, self, sizeof *self);
}

void eddy__sim_sockets_init(eddy__sim_host *host)
{
    eddy__list_init(&host->sockets);
    eddy__list_init(&host->udps);
    eddy__list_init(&host->time_waits);
    host->time_waits_n = 0;
}

/* A peer that waits for a word of its room will never get it: its next question counts. */
static void leave_peer(const eddy__sim_socket *self)
{
    eddy__sim_socket *peer = NULL;

    if (self->link != NULL && self->link->to != self->host)
        peer = eddy__sim_ports_find(self->link->to, &self->remote, &self->local);
    if (peer != NULL)
        eddy__sim_tcp_doubt(peer);
}

void eddy__sim_sockets_free(eddy__sim_host *host)
{
    while (!eddy__list_empty(&host->sockets)) {
        eddy__sim_socket *self = EDDY__CONTAINER(host->sockets.next, eddy__sim_socket, of_host);

        if (host->down) /* else it is the end of all: other hosts may have gone already */
            leave_peer(self);
        eddy__sim_socket_free(self);
    }
    eddy__free(host->sim->allocator, host->fds, host->fds_size * sizeof(eddy__sim_socket *));
    host->fds = NULL;
    host->fds_size = 0;
    host->fds_used = 0;
    host->fds_low = 0;
    host->time_waits_n = 0;
    eddy__sim_ports_free(host);
}

/* ---- watching ---- */

void eddy__sim_tell(eddy__sim_socket *self)
{
    if (self->watcher != NULL)
        self->watcher->changed(self->watcher);
}

int eddy__sim_watch(eddy__sim_host *host, int fd, eddy__sim_watcher *watcher)
{
    eddy__sim_socket *self = eddy__sim_socket_of(host, fd);

    if (self == NULL)
        return -EBADF;
    if (self->watcher != NULL && watcher != NULL)
        return -EEXIST;
    self->watcher = watcher;
    return 0;
}

/* ---- making ---- */

eddy__sim_socket *eddy__sim_socket_open(eddy__sim_host *host, bool ipv6, int *error)
{
    eddy__sim_socket *self;

    *error = eddy__sim_fd_check(host);
    if (*error != 0)
        return NULL;
    self = eddy__sim_socket_new(host, ipv6);
    *error = self == NULL ? -ENOMEM : eddy__sim_fd_open(self);
    if (self != NULL && *error < 0) {
        eddy__sim_socket_free(self);
        return NULL;
    }
    return self;
}

void eddy__sim_socket_undo(eddy__sim_socket *self)
{
    eddy__sim_fd_close(self);
    eddy__sim_socket_free(self);
}

static int sim_stream(eddy__system *system, const eddy_addr *to)
{
    int error;
    eddy__sim_socket *self =
        eddy__sim_socket_open(eddy__sim_host_of(system), to->family == EDDY_ADDR_IPV6, &error);

    if (self == NULL)
        return error;
    self->options[EDDY__SOCKET_NODELAY] = 1;
    return self->fd;
}

static int sim_listen(eddy__system *system, const eddy_addr *addr,
                      const eddy__socket_listen *options)
{
    int error;
    eddy__sim_socket *self =
        eddy__sim_socket_open(eddy__sim_host_of(system), addr->family == EDDY_ADDR_IPV6, &error);

    if (self == NULL)
        return error;
    self->reuse_address = options->reuse_address;
    self->reuse_port = options->reuse_port;
    self->options[EDDY__SOCKET_NODELAY] = options->nodelay;
    self->options[EDDY__SOCKET_ONLY_V6] = self->ipv6 && options->only_v6 > 0;
    error = eddy__sim_ports_bind(self, addr);
    if (error == 0)
        error = eddy__sim_ports_add(self);
    if (error != 0) {
        eddy__sim_socket_undo(self);
        return error;
    }
    eddy__sim_tcp_listen(self, options->backlog);
    return self->fd;
}

static int sim_pair(eddy__system *system, int fds[2])
{
    int error;
    eddy__sim_socket *b, *a = eddy__sim_socket_open(eddy__sim_host_of(system), false, &error);

    if (a == NULL)
        return error;
    b = eddy__sim_socket_open(eddy__sim_host_of(system), false, &error);
    if (b == NULL) {
        eddy__sim_socket_undo(a);
        return error;
    }
    error = eddy__sim_tcp_marry(a, b);
    if (error != 0) {
        eddy__sim_socket_undo(b);
        eddy__sim_socket_undo(a);
        return error;
    }
    fds[0] = a->fd;
    fds[1] = b->fd;
    return 0;
}

static int sim_adopt(eddy__system *system, int fd, bool listening)
{
    const eddy__sim_socket *self = eddy__sim_socket_of(eddy__sim_host_of(system), fd);

    if (self == NULL)
        return -EBADF;
    if (self->udp != NULL || self->mailbox != NULL)
        return -EINVAL;
    return (self->state == EDDY__SIM_TCP_LISTEN) == listening ? 0 : -EINVAL;
}

/* ---- the rest of the table ---- */

static void sim_close(eddy__system *system, int fd)
{
    eddy__sim_socket *self = eddy__sim_socket_of(eddy__sim_host_of(system), fd);

    if (self == NULL)
        return;
    if (self->udp != NULL)
        eddy__sim_udp_close(self);
    else if (self->mailbox != NULL)
        eddy__sim_mailbox_close(self);
    else
        eddy__sim_tcp_close(self);
}

static bool sim_is_reset(eddy__system *system, int fd)
{
    const eddy__sim_socket *self = eddy__sim_socket_of(eddy__sim_host_of(system), fd);

    return self != NULL && self->udp == NULL && self->mailbox == NULL &&
           eddy__sim_tcp_is_reset(self);
}

/* Behind a Unix socket's name there are addresses, too: they are nobody's business. */
static eddy_addr shown(const eddy__sim_socket *self, const eddy_addr *addr)
{
    return self->named != NULL ? (eddy_addr){0} : eddy__sim_addr_shown(self, addr);
}

static int sim_local_addr(eddy__system *system, int fd, eddy_addr *addr)
{
    const eddy__sim_socket *self = eddy__sim_socket_of(eddy__sim_host_of(system), fd);

    if (self == NULL)
        return -EBADF;
    *addr = shown(self, &self->local);
    return 0;
}

static int sim_peer_addr(eddy__system *system, int fd, eddy_addr *addr)
{
    const eddy__sim_socket *self = eddy__sim_socket_of(eddy__sim_host_of(system), fd);

    if (self == NULL)
        return -EBADF;
    if (self->udp == NULL ? self->state != EDDY__SIM_TCP_OPEN
                          : self->remote.family == EDDY_ADDR_NONE)
        return -ENOTCONN;
    *addr = shown(self, &self->remote);
    return 0;
}

static int64_t sim_wall_ns(eddy__system *system)
{
    return eddy__sim_wall_ns(eddy__sim_host_of(system));
}

const eddy__system_type eddy__sim_system = {
    .stream = sim_stream,
    .listen = sim_listen,
    .pair = sim_pair,
    .adopt = sim_adopt,
    .close = sim_close,
    .is_reset = sim_is_reset,
    .local_addr = sim_local_addr,
    .peer_addr = sim_peer_addr,
    .set = eddy__sim_option_set,
    .get = eddy__sim_option_get,
    .wall_ns = sim_wall_ns,
    .datagrams = &eddy__sim_datagrams,
    .unix_sockets = &eddy__sim_unix_sockets,
};
