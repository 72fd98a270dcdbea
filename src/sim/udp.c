/* SPDX-License-Identifier: MIT */
/*
 * udp.c - what a program does with a datagram socket of a simulated host, but for sending and
 * receiving. Each rule is Linux's (net/ipv4/udp.c and datagram.c of its sources), and
 * tests/sim/test_udp_fidelity.c asks the kernel whether it still is.
 */
#include <errno.h>

#include "base/alloc.h"
#include "sim/udp.h"
#include "sim/unix_dgram.h"

void eddy__sim_udp_trace(const eddy__sim_socket *self, const char *what, int64_t result)
{
    eddy__sim_trace(self->host->sim, self->host, "udp", self->conversation, what, result);
}

/* ---- life ---- */

static bool equip(eddy__sim_socket *socket)
{
    eddy__sim_udp *self = eddy__calloc(socket->host->sim->allocator, sizeof *self);

    if (self == NULL)
        return false;
    self->socket = socket;
    self->bound = socket->local;
    eddy__list_init(&self->of_host);
    eddy__list_init(&self->queue);
    eddy__list_init(&self->leaving);
    eddy__list_init(&self->groups);
    eddy__sim_udp_options_init(self);
    socket->udp = self;
    return true;
}

void eddy__sim_udp_free(eddy__sim_udp *self)
{
    const eddy_allocator *allocator = self->socket->host->sim->allocator;

    eddy__list_remove(&self->of_host);
    eddy__sim_datagrams_disown(self);
    eddy__sim_udp_groups_free(self);
    while (!eddy__list_empty(&self->queue))
        eddy__sim_datagram_free(allocator,
                                EDDY__CONTAINER(self->queue.next, eddy__sim_datagram, in));
    eddy__free(allocator, self, sizeof *self);
}

void eddy__sim_udp_close(eddy__sim_socket *self)
{
    eddy__sim_udp_trace(self, "close", 0);
    eddy__sim_socket_undo(self);
}

static int udp_open(eddy__system *system, const eddy_addr *of)
{
    int error;
    eddy__sim_socket *self =
        eddy__sim_socket_open(eddy__sim_host_of(system), of->family == EDDY_ADDR_IPV6, &error);

    if (self == NULL)
        return error;
    if (!equip(self)) {
        eddy__sim_socket_undo(self);
        return -ENOMEM;
    }
    self->conversation = ++self->host->sim->socket_ids;
    return self->fd;
}

/* NULL: there is no such descriptor, or it is not of a datagram socket; *error says which. */
static eddy__sim_socket *find(eddy__system *system, int fd, int *error)
{
    eddy__sim_socket *self = eddy__sim_socket_of(eddy__sim_host_of(system), fd);

    *error = self == NULL ? -EBADF : -EOPNOTSUPP;
    return self != NULL && self->udp != NULL ? self : NULL;
}

static int udp_adopt(eddy__system *system, int fd, eddy__datagram_sort *sort)
{
    const eddy__sim_socket *self = eddy__sim_socket_of(eddy__sim_host_of(system), fd);

    if (self == NULL)
        return -EBADF;
    if (self->udp == NULL && self->mailbox == NULL)
        return -EINVAL;
    *sort = self->mailbox != NULL ? self->named->sort : EDDY__DATAGRAM_IP;
    return 0;
}

/* ---- addresses ---- */

static int udp_bind(eddy__system *system, int fd, const eddy_addr *addr,
                    const eddy__datagram_bind *options)
{
    int error;
    eddy__sim_socket *self = find(system, fd, &error);

    if (self == NULL)
        return error;
    if ((addr->family == EDDY_ADDR_IPV6) != self->ipv6)
        return -EAFNOSUPPORT;
    if (self->local.port != 0)
        return -EINVAL;
    self->reuse_address = options->reuse_address;
    self->reuse_port = options->reuse_port;
    self->options[EDDY__SOCKET_ONLY_V6] = self->ipv6 && options->only_v6 > 0;
    error = eddy__sim_udp_bind(self, addr);
    eddy__sim_udp_trace(self, "bind", error == 0 ? self->local.port : error);
    return error;
}

static int disconnect(eddy__sim_socket *self)
{
    self->remote = (eddy_addr){0};
    self->udp->bound.port = self->local.port;
    self->local = self->udp->bound;
    eddy__sim_udp_trace(self, "disconnect", 0);
    return 0;
}

static int connect_to(eddy__sim_socket *self, const eddy_addr *to)
{
    eddy__sim_udp_header there = {.interface = 0};
    eddy_addr from;
    int error = eddy__sim_udp_target(self, to, &there.to);

    if (error == 0)
        error = eddy__sim_udp_source(self, &self->udp->bound, &there, &from);
    if (error == 0)
        error = eddy__sim_udp_autobind(self);
    if (error != 0)
        return error;
    self->remote = there.to;
    self->local = from;
    self->local.port = self->udp->bound.port;
    return 0;
}

static int udp_connect(eddy__system *system, int fd, const eddy_addr *to)
{
    int error;
    eddy__sim_socket *self = eddy__sim_socket_of(eddy__sim_host_of(system), fd);

    if (self != NULL && self->mailbox != NULL)
        return to->family == EDDY_ADDR_NONE ? eddy__sim_mailbox_disconnect(self) : -EINVAL;
    self = find(system, fd, &error);
    if (self == NULL)
        return error;
    if (to->family == EDDY_ADDR_NONE)
        return disconnect(self);
    error = connect_to(self, to);
    eddy__sim_udp_trace(self, "connect", error == 0 ? self->remote.port : error);
    return error;
}

/* ---- readiness ---- */

/* Like Linux: while less than half of the buffer is taken. */
static bool is_writable(const eddy__sim_udp *self)
{
    return 2 * self->leaving_cost < (size_t)self->options[EDDY__DATAGRAM_SEND_BUFFER];
}

uint32_t eddy__sim_udp_ready(const eddy__sim_socket *self)
{
    uint32_t ready = 0;

    if (!eddy__list_empty(&self->udp->queue))
        ready |= EDDY__SIM_READABLE;
    if (is_writable(self->udp))
        ready |= EDDY__SIM_WRITABLE;
    if (self->error != 0)
        ready |= EDDY__SIM_BROKEN;
    return ready;
}

const eddy__datagrams eddy__sim_datagrams = {
    .open = udp_open,
    .bind = udp_bind,
    .adopt = udp_adopt,
    .connect = udp_connect,
    .send = eddy__sim_udp_send,
    .recv = eddy__sim_udp_recv,
    .set = eddy__sim_udp_set,
    .get = eddy__sim_udp_get,
    .group = eddy__sim_udp_group,
    .unix_names = &eddy__sim_unix_datagrams,
};
