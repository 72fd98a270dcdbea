/* SPDX-License-Identifier: MIT */
/*
 * tcp_ports.c - who owns which address and port of a host: a hash table of connections by both
 * ports and the remote address, and of listeners by their port alone. What is hashed are numbers of
 * the simulated network, so that the order is the same in every run.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "sim/tcp.h"

enum { PORT_FIRST = 32768, PORT_LAST = 60999, FIRST_SIZE = 64 };

/* ---- addresses ---- */

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

eddy_addr eddy__sim_addr_wire(const eddy_addr *addr)
{
    const uint8_t *ip = addr->ip + sizeof mapped_prefix;

    if (addr->family != EDDY_ADDR_IPV6 ||
        memcmp(addr->ip, mapped_prefix, sizeof mapped_prefix) != 0)
        return *addr;
    return eddy_addr_ipv4(ip[0], ip[1], ip[2], ip[3], addr->port);
}

eddy_addr eddy__sim_addr_shown(const eddy__sim_socket *socket, const eddy_addr *addr)
{
    eddy_addr shown = {.family = EDDY_ADDR_IPV6, .port = addr->port};

    if (!socket->ipv6 || addr->family != EDDY_ADDR_IPV4)
        return *addr;
    memcpy(shown.ip, mapped_prefix, sizeof mapped_prefix);
    memcpy(shown.ip + sizeof mapped_prefix, addr->ip, 4);
    return shown;
}

static bool same_ip(const eddy_addr *a, const eddy_addr *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

/* ---- the table ---- */

uint32_t eddy__sim_ports_hash(const eddy_addr *remote)
{
    uint32_t hash = remote->port;

    for (size_t i = 0; i < sizeof remote->ip; i++)
        hash = (hash ^ remote->ip[i]) * 0x01000193u;
    return hash ^ (hash >> 15);
}

static eddy__sim_socket **bucket(const eddy__sim_host *host, uint16_t port, const eddy_addr *remote)
{
    uint32_t hash = (remote->port == 0 ? 0 : eddy__sim_ports_hash(remote)) + port * 0x9E3779B1u;

    return &host->ports[(hash ^ (hash >> 16)) & (host->ports_size - 1)];
}

static void put(eddy__sim_host *host, eddy__sim_socket *socket)
{
    eddy__sim_socket **head = bucket(host, socket->local.port, &socket->remote);

    socket->next_in_ports = *head;
    *head = socket;
}

static bool grow(eddy__sim_host *host)
{
    uint32_t old_size = host->ports_size, size = old_size == 0 ? FIRST_SIZE : 2 * old_size;
    eddy__sim_socket **old = host->ports;
    eddy__sim_socket **ports =
        eddy__calloc(host->sim->allocator, size * sizeof(eddy__sim_socket *));

    if (ports == NULL)
        return false;
    host->ports = ports;
    host->ports_size = size;
    for (uint32_t i = 0; i < old_size; i++) {
        for (eddy__sim_socket *it = old[i], *next; it != NULL; it = next) {
            next = it->next_in_ports;
            put(host, it);
        }
    }
    eddy__free(host->sim->allocator, old, old_size * sizeof(eddy__sim_socket *));
    return true;
}

int eddy__sim_ports_add(eddy__sim_socket *self)
{
    eddy__sim_host *host = self->host;

    /* A table that cannot grow is only slower. */
    if (host->ports_used == host->ports_size && !grow(host) && host->ports_size == 0)
        return -ENOMEM;
    put(host, self);
    self->in_ports = true;
    host->ports_used++;
    return 0;
}

void eddy__sim_ports_remove(eddy__sim_socket *self)
{
    eddy__sim_socket **at;

    if (!self->in_ports)
        return;
    at = bucket(self->host, self->local.port, &self->remote);
    while (*at != self)
        at = &(*at)->next_in_ports;
    *at = self->next_in_ports;
    self->in_ports = false;
    self->host->ports_used--;
}

void eddy__sim_ports_free(eddy__sim_host *host)
{
    eddy__free(host->sim->allocator, host->ports, host->ports_size * sizeof(eddy__sim_socket *));
    host->ports = NULL;
    host->ports_size = 0;
    host->ports_used = 0;
}

eddy__sim_socket *eddy__sim_ports_find(const eddy__sim_host *host, const eddy_addr *local,
                                       const eddy_addr *remote)
{
    if (host->ports_size == 0)
        return NULL;
    for (eddy__sim_socket *it = *bucket(host, local->port, remote); it != NULL;
         it = it->next_in_ports)
        if (it->local.port == local->port && it->remote.port == remote->port &&
            same_ip(&it->remote, remote) && same_ip(&it->local, local))
            return it;
    return NULL;
}

/* ---- listeners ---- */

/* How well a listener fits; 0: not at all. */
static int fits(const eddy__sim_socket *it, const eddy_addr *local)
{
    if (it->state != EDDY__SIM_TCP_LISTEN || it->local.port != local->port)
        return 0;
    if (same_ip(&it->local, local))
        return 3;
    if (!eddy_addr_is_any(&it->local))
        return 0;
    if (it->local.family == local->family)
        return 2;
    return it->ipv6 && it->options[EDDY__SOCKET_ONLY_V6] == 0 ? 1 : 0;
}

eddy__sim_socket *eddy__sim_ports_listener(const eddy__sim_host *host, const eddy_addr *local,
                                           const eddy_addr *remote)
{
    const eddy_addr nobody = {0};
    eddy__sim_socket *first;
    uint32_t equals = 0, chosen;
    int best = 0;

    if (host->ports_size == 0)
        return NULL;
    first = *bucket(host, local->port, &nobody);
    for (eddy__sim_socket *it = first; it != NULL; it = it->next_in_ports) {
        int fit = fits(it, local);

        equals = fit > best ? 1 : equals + (fit == best);
        best = fit > best ? fit : best;
    }
    if (best == 0)
        return NULL;
    chosen = eddy__sim_ports_hash(remote) % equals;
    for (eddy__sim_socket *it = first; it != NULL; it = it->next_in_ports)
        if (fits(it, local) == best && chosen-- == 0)
            return it;
    return NULL;
}

/* ---- choosing a port ---- */

static uint16_t next_port(eddy__sim_host *host)
{
    if (host->next_port < PORT_FIRST || host->next_port > PORT_LAST)
        host->next_port = PORT_FIRST;
    return host->next_port++;
}

static bool is_listened_on(const eddy__sim_host *host, uint16_t port)
{
    const eddy_addr nobody = {0};

    if (host->ports_size == 0)
        return false;
    for (const eddy__sim_socket *it = *bucket(host, port, &nobody); it != NULL;
         it = it->next_in_ports)
        if (it->state == EDDY__SIM_TCP_LISTEN && it->local.port == port)
            return true;
    return false;
}

int eddy__sim_ports_choose(eddy__sim_socket *self)
{
    eddy__sim_host *host = self->host;

    for (int i = PORT_FIRST; i <= PORT_LAST; i++) {
        eddy__sim_socket *other;

        self->local.port = next_port(host);
        if (is_listened_on(host, self->local.port) ||
            (self->local.port == self->remote.port && same_ip(&self->local, &self->remote)))
            continue;
        other = eddy__sim_ports_find(host, &self->local, &self->remote);
        if (other != NULL && other->state != EDDY__SIM_TCP_TIME_WAIT)
            continue;
        if (other != NULL) {
            eddy__sim_tcp_over(other, 0);
            eddy__sim_tcp_settle(other);
        }
        return 0;
    }
    self->local.port = 0;
    return -EADDRNOTAVAIL;
}

/* ---- binding ---- */

bool eddy__sim_ports_is_of_host(const eddy__sim_host *host, const eddy_addr *wire)
{
    return eddy_addr_is_any(wire) || eddy_addr_is_loopback(wire) || same_ip(&host->addr, wire);
}

bool eddy__sim_ports_overlap(const eddy__sim_socket *a, const eddy__sim_socket *b)
{
    bool any_a = eddy_addr_is_any(&a->local), any_b = eddy_addr_is_any(&b->local);

    if (a->local.family == b->local.family)
        return any_a || any_b || same_ip(&a->local, &b->local);
    if (a->local.family == EDDY_ADDR_IPV6)
        return any_a && a->options[EDDY__SOCKET_ONLY_V6] == 0;
    return any_b && b->options[EDDY__SOCKET_ONLY_V6] == 0;
}

static bool conflict(const eddy__sim_socket *self, const eddy__sim_socket *other)
{
    if (other == self || !other->in_ports || other->local.port != self->local.port ||
        other->state == EDDY__SIM_TCP_SYN_RECEIVED || !eddy__sim_ports_overlap(self, other))
        return false;
    if (self->reuse_port && other->reuse_port)
        return false;
    return !(self->reuse_address && other->reuse_address && other->state != EDDY__SIM_TCP_LISTEN);
}

static bool is_free(const eddy__sim_socket *self)
{
    EDDY__LIST_FOR_EACH (node, &self->host->sockets)
        if (conflict(self, EDDY__CONTAINER(node, eddy__sim_socket, of_host)))
            return false;
    return true;
}

int eddy__sim_ports_bind(eddy__sim_socket *self, const eddy_addr *addr)
{
    self->local = eddy__sim_addr_wire(addr);
    if (!eddy__sim_ports_is_of_host(self->host, &self->local))
        return -EADDRNOTAVAIL;
    if (addr->port != 0)
        return is_free(self) ? 0 : -EADDRINUSE;
    for (int i = PORT_FIRST; i <= PORT_LAST; i++) {
        self->local.port = next_port(self->host);
        if (is_free(self))
            return 0;
    }
    return -EADDRINUSE;
}
