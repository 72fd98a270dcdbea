/* SPDX-License-Identifier: MIT */
/*
 * udp_ports.c - who owns which address and port of a host among its datagram sockets, and who a
 * datagram is for. Ports of datagrams and of connections have nothing to do with each other. The
 * sockets of a host are one list: it has few.
 */
#include <errno.h>

#include "sim/udp.h"

enum { PORT_FIRST = 32768, PORT_LAST = 60999 };

static eddy__sim_socket *socket_of(eddy__node *node)
{
    return EDDY__CONTAINER(node, eddy__sim_udp, of_host)->socket;
}

/* ---- binding ---- */

static bool conflict(const eddy__sim_socket *self, const eddy__sim_socket *other)
{
    if (other->local.port != self->local.port || !eddy__sim_ports_overlap(self, other))
        return false;
    if (self->reuse_port && other->reuse_port)
        return false;
    return !(self->reuse_address && other->reuse_address);
}

static bool is_free(const eddy__sim_socket *self)
{
    EDDY__LIST_FOR_EACH (node, &self->host->udps)
        if (conflict(self, socket_of(node)))
            return false;
    return true;
}

/* False: all are taken. */
static bool choose_port(eddy__sim_socket *self)
{
    eddy__sim_host *host = self->host;

    for (int i = PORT_FIRST; i <= PORT_LAST; i++) {
        if (host->next_udp_port < PORT_FIRST || host->next_udp_port > PORT_LAST)
            host->next_udp_port = PORT_FIRST;
        self->local.port = host->next_udp_port++;
        if (is_free(self))
            return true;
    }
    return false;
}

static void enter(eddy__sim_socket *self)
{
    eddy__node *list = &self->host->udps;

    self->udp->bound = self->local;
    eddy__list_insert_before(list->next, &self->udp->of_host);
}

/* A group is an address of everybody. */
static bool may_have(const eddy__sim_host *host, const eddy_addr *wire)
{
    return eddy__sim_addr_is_group(wire) || eddy__sim_ports_is_of_host(host, wire);
}

int eddy__sim_udp_bind(eddy__sim_socket *self, const eddy_addr *addr)
{
    const eddy_addr before = self->local;
    int error = 0;

    self->local = eddy__sim_addr_wire(addr);
    if (!may_have(self->host, &self->local))
        error = -EADDRNOTAVAIL;
    else if (self->local.port == 0 ? !choose_port(self) : !is_free(self))
        error = -EADDRINUSE;
    if (error == 0)
        enter(self);
    else
        self->local = before;
    return error;
}

int eddy__sim_udp_autobind(eddy__sim_socket *self)
{
    if (self->local.port != 0)
        return 0;
    if (!choose_port(self)) {
        self->local.port = 0;
        return -EAGAIN;
    }
    enter(self);
    return 0;
}

/* ---- who a datagram is for ---- */

/* An IPv6 socket of every address is one of every IPv4 address, too, unless it does not want to. */
static bool takes_family(const eddy__sim_socket *self, const eddy_addr *to)
{
    if (self->local.family == to->family)
        return true;
    return self->ipv6 && to->family == EDDY_ADDR_IPV4 && self->options[EDDY__SOCKET_ONLY_V6] == 0;
}

static bool is_connected_to_another(const eddy__sim_socket *self, const eddy_addr *from)
{
    return self->remote.family != EDDY_ADDR_NONE && !eddy_addr_equal(&self->remote, from);
}

/* How well the socket fits; 0: not at all. */
static int fits(const eddy__sim_socket *self, const eddy__sim_udp_header *header)
{
    bool every = eddy_addr_is_any(&self->local);
    int fit = 1;

    if (self->local.port != header->to.port || is_connected_to_another(self, &header->from) ||
        (every ? !takes_family(self, &header->to) : !eddy_addr_equal(&self->local, &header->to)))
        return 0;
    fit += self->local.family == header->to.family ? 1 : 0;
    fit += every ? 0 : 2;
    fit += self->remote.family != EDDY_ADDR_NONE ? 4 : 0;
    return fit;
}

/* Of several that share a port, one and the same has all of one sender. */
static eddy__sim_socket *share(const eddy__sim_host *host, const eddy__sim_udp_header *header,
                               int best, uint32_t equals)
{
    uint32_t chosen = eddy__sim_ports_hash(&header->from) % equals;

    EDDY__LIST_FOR_EACH (node, &host->udps) {
        eddy__sim_socket *it = socket_of(node);

        if (it->reuse_port && fits(it, header) == best && chosen-- == 0)
            return it;
    }
    return NULL;
}

/* Of several that fit as well, the last that was bound. */
eddy__sim_socket *eddy__sim_udp_find(const eddy__sim_host *host, const eddy__sim_udp_header *header)
{
    eddy__sim_socket *found = NULL;
    uint32_t equals = 0;
    int best = 0;

    EDDY__LIST_FOR_EACH (node, &host->udps) {
        eddy__sim_socket *it = socket_of(node);
        int fit = fits(it, header);

        if (fit > best) {
            found = it;
            best = fit;
            equals = 0;
        }
        if (fit == best && it->reuse_port)
            equals++;
    }
    return found != NULL && found->reuse_port ? share(host, header, best, equals) : found;
}

bool eddy__sim_udp_hears(const eddy__sim_socket *self, const eddy__sim_udp_header *header)
{
    eddy_addr group = self->local;
    bool every = eddy_addr_is_any(&self->local);

    group.scope_id = header->to.scope_id;
    if (self->local.port != header->to.port || is_connected_to_another(self, &header->from) ||
        (every ? !takes_family(self, &header->to) : !eddy_addr_equal(&group, &header->to)))
        return false;
    return eddy__sim_udp_joined(self->udp, header);
}
