/* SPDX-License-Identifier: MIT */
/*
 * tcp_connect.c - connecting: the addresses, the ways between them, the first segment and how often
 * it is sent again. What the answer does is tcp_input.c's.
 */
#include <errno.h>

#include "sim/tcp.h"

#define SYN_NS    EDDY_SECOND
#define NOBODY_NS (100 * EDDY_MICROSECOND) /* until it is known that there is no such host */
#define NO_FATE   0

int eddy__sim_tcp_link(eddy__sim_socket *self, eddy__sim_host *peer)
{
    self->link = eddy__sim_link_get(self->host, peer);
    self->back = eddy__sim_link_get(peer, self->host);
    return self->link == NULL || self->back == NULL ? -ENOMEM : 0;
}

/* ---- addresses ---- */

static eddy_addr loopback_of(const eddy_addr *like)
{
    return like->family == EDDY_ADDR_IPV6 ? eddy_addr_ipv6_loopback(like->port)
                                          : eddy_addr_ipv4_loopback(like->port);
}

static int check_family(const eddy__sim_socket *self, const eddy_addr *to, const eddy_addr *wire)
{
    if ((to->family == EDDY_ADDR_IPV6) != self->ipv6)
        return -EAFNOSUPPORT;
    if (self->options[EDDY__SOCKET_ONLY_V6] != 0 && wire->family == EDDY_ADDR_IPV4)
        return -ENETUNREACH;
    return 0;
}

bool eddy__sim_addr_is_multicast(const eddy_addr *wire)
{
    if (wire->family == EDDY_ADDR_IPV6)
        return wire->ip[0] == 0xFF;
    return wire->family == EDDY_ADDR_IPV4 && wire->ip[0] >> 4 == 0xE;
}

bool eddy__sim_addr_is_everybody(const eddy_addr *wire)
{
    const eddy_addr everybody = eddy_addr_ipv4(255, 255, 255, 255, wire->port);

    return eddy_addr_equal(wire, &everybody);
}

/* TCP has no way there. */
bool eddy__sim_addr_is_group(const eddy_addr *wire)
{
    return eddy__sim_addr_is_multicast(wire) || eddy__sim_addr_is_everybody(wire);
}

static int set_addresses(eddy__sim_socket *self, const eddy_addr *to)
{
    eddy_addr wire = eddy__sim_addr_wire(to);
    int error = check_family(self, to, &wire);

    if (error != 0)
        return error;
    if (eddy_addr_is_any(&wire))
        wire = loopback_of(&wire);
    if (eddy__sim_addr_is_group(&wire) ||
        (!eddy_addr_is_loopback(&wire) && wire.family != self->host->addr.family))
        return -ENETUNREACH;
    self->remote = wire;
    self->local = eddy_addr_is_loopback(&wire) ? loopback_of(&wire) : self->host->addr;
    return eddy__sim_ports_choose(self);
}

static void forget_addresses(eddy__sim_socket *self)
{
    self->remote = (eddy_addr){0};
    self->local = (eddy_addr){.family = self->ipv6 ? EDDY_ADDR_IPV6 : EDDY_ADDR_IPV4};
}

/* ---- the first segment ---- */

/* How it will end by chance. */
static int roll_fate(eddy__sim *sim)
{
    int fate = NO_FATE;

    if (eddy__sim_happens(sim, EDDY_CHAOS_SILENT))
        fate = -ETIMEDOUT;
    if (eddy__sim_happens(sim, EDDY_CHAOS_UNREACHABLE))
        fate = -EHOSTUNREACH;
    if (eddy__sim_happens(sim, EDDY_CHAOS_REFUSE))
        fate = -ECONNREFUSED;
    return fate;
}

/* When the bad news is here. */
static int64_t fate_at(const eddy__sim_socket *self)
{
    int64_t now_ns = self->host->sim->now_ns;

    return self->link == NULL ? now_ns + NOBODY_NS
                              : now_ns + self->link->latency_ns + self->back->latency_ns;
}

static void send_syn(eddy__sim_socket *self)
{
    if (self->fate == NO_FATE)
        eddy__sim_tcp_send_flags(self, EDDY__SIM_SYN);
    else
        eddy__sim_tcp_trace(self, "lost syn", 0);
}

static void start(eddy__sim_socket *self)
{
    int64_t now_ns = self->host->sim->now_ns;

    self->state = EDDY__SIM_TCP_SYN_SENT;
    self->rcv_edge = eddy__sim_tcp_room(self);
    eddy__sim_tcp_trace(self, "connect", self->remote.port);
    if (self->fate != NO_FATE && self->fate != -ETIMEDOUT) {
        eddy__sim_tcp_set_timer(self, fate_at(self), false);
        return;
    }
    eddy__sim_tcp_set_timer(self, now_ns + SYN_NS, false);
    send_syn(self);
}

void eddy__sim_tcp_connect_timer(eddy__sim_socket *self)
{
    eddy__sim *sim = self->host->sim;

    if (self->fate != NO_FATE && self->fate != -ETIMEDOUT) {
        eddy__sim_tcp_over(self, self->fate);
        return;
    }
    if (sim->healed)
        self->fate = NO_FATE;
    if (self->retries == EDDY__SIM_SYN_TRIES) {
        eddy__sim_tcp_over(self, -ETIMEDOUT);
        return;
    }
    self->retries++;
    eddy__sim_tcp_set_timer(self, sim->now_ns + (SYN_NS << self->retries), false);
    send_syn(self);
}

static int prepare(eddy__sim_socket *self, const eddy_addr *to)
{
    eddy__sim_host *peer;
    int error = set_addresses(self, to);

    if (error != 0)
        return error;
    peer = eddy__sim_host_find(self->host->sim, self->host, &self->remote);
    if (peer == NULL)
        self->fate = -EHOSTUNREACH;
    else if (eddy__sim_tcp_link(self, peer) != 0)
        return -ENOBUFS;
    else if (peer != self->host)
        self->fate = roll_fate(self->host->sim);
    return eddy__sim_ports_add(self) == 0 ? 0 : -ENOBUFS;
}

static int check_state(const eddy__sim_socket *self)
{
    switch (self->state) {
    case EDDY__SIM_TCP_NEW:
        return 0;
    case EDDY__SIM_TCP_SYN_SENT:
        return -EALREADY;
    case EDDY__SIM_TCP_CLOSED:
        return -ECONNABORTED;
    default:
        return -EISCONN;
    }
}

int eddy__sim_connect(eddy__sim_host *host, int fd, const eddy_addr *to)
{
    eddy__sim_socket *self = eddy__sim_socket_of(host, fd);
    int error;

    if (self == NULL)
        return -EBADF;
    error = check_state(self);
    if (error != 0)
        return error;
    error = prepare(self, to);
    if (error != 0) {
        forget_addresses(self);
        return error;
    }
    self->conversation = ++host->sim->socket_ids;
    start(self);
    return -EINPROGRESS;
}

/* ---- a pair ---- */

static void open_at_once(eddy__sim_socket *self, uint64_t conversation)
{
    self->conversation = conversation;
    self->state = EDDY__SIM_TCP_OPEN;
    self->rcv_edge = eddy__sim_tcp_room(self);
    self->edge = self->rcv_edge; /* both are made alike */
}

int eddy__sim_tcp_marry(eddy__sim_socket *a, eddy__sim_socket *b)
{
    eddy__sim *sim = a->host->sim;
    eddy_addr any_port = eddy_addr_ipv4_loopback(0);
    int error = eddy__sim_ports_bind(b, &any_port);

    if (error != 0)
        return error;
    a->local = any_port;
    a->remote = b->local;
    error = eddy__sim_ports_choose(a);
    b->remote = a->local;
    if (error == 0)
        error = eddy__sim_tcp_link(a, a->host);
    if (error == 0)
        error = eddy__sim_tcp_link(b, b->host);
    if (error == 0)
        error = eddy__sim_ports_add(a);
    if (error == 0)
        error = eddy__sim_ports_add(b);
    if (error != 0)
        return error;
    open_at_once(a, ++sim->socket_ids);
    open_at_once(b, a->conversation);
    eddy__sim_tcp_trace(a, "pair", 0);
    return 0;
}
