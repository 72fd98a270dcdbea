/* SPDX-License-Identifier: MIT */
/*
 * udp_send.c - sending datagrams: from which address to which, whether that may be, and by which ways
 * - one, or one to each host for a group and for everybody.
 */
#include <errno.h>

#include "sim/udp.h"

enum { SEGMENTS_MAX = 128 /* of one call: UDP_MAX_SEGMENTS */ };

/* ---- addresses ---- */

static eddy_addr loopback_of(const eddy_addr *like)
{
    return like->family == EDDY_ADDR_IPV6 ? eddy_addr_ipv6_loopback(like->port)
                                          : eddy_addr_ipv4_loopback(like->port);
}

/* An IPv6 socket may be given IPv4 addresses in either form. */
static int check_family(const eddy__sim_socket *self, const eddy_addr *to, const eddy_addr *wire)
{
    if (to->family == EDDY_ADDR_IPV6 && !self->ipv6)
        return -EAFNOSUPPORT;
    if (wire->family == EDDY_ADDR_IPV4 && self->options[EDDY__SOCKET_ONLY_V6] != 0)
        return -ENETUNREACH;
    return 0;
}

int eddy__sim_udp_target(const eddy__sim_socket *self, const eddy_addr *to, eddy_addr *wire)
{
    int error;

    *wire = eddy__sim_addr_wire(to);
    error = check_family(self, to, wire);
    if (error != 0)
        return error;
    if (eddy_addr_is_any(wire))
        *wire = loopback_of(wire);
    if (!eddy_addr_is_loopback(wire) && wire->family != self->host->addr.family &&
        !eddy__sim_addr_is_multicast(wire))
        return -ENETUNREACH;
    if (eddy__sim_addr_is_everybody(wire) && self->udp->options[EDDY__DATAGRAM_BROADCAST] == 0)
        return -EACCES;
    return 0;
}

static bool stays_here(const eddy__sim_udp_header *to)
{
    return eddy_addr_is_loopback(&to->to) || to->interface == EDDY__SIM_LOOPBACK;
}

int eddy__sim_udp_source(const eddy__sim_socket *self, const eddy_addr *own,
                         const eddy__sim_udp_header *to, eddy_addr *from)
{
    bool goes_out =
        !stays_here(to) && eddy__sim_host_find(self->host->sim, self->host, &to->to) != self->host;

    *from = *own;
    if (eddy_addr_is_any(own) || eddy__sim_addr_is_group(own)) {
        *from = stays_here(to) ? loopback_of(&to->to) : self->host->addr;
        from->port = own->port;
    }
    if (from->family != to->to.family)
        return -ENETUNREACH;
    return goes_out && eddy_addr_is_loopback(from) ? -EINVAL : 0;
}

/* ---- one datagram's header ---- */

static int set_target(const eddy__sim_socket *self, const eddy_datagram *it,
                      eddy__sim_udp_header *header)
{
    if (it->peer.family == EDDY_ADDR_NONE) {
        header->to = self->remote;
        return self->remote.family == EDDY_ADDR_NONE ? -EDESTADDRREQ : 0;
    }
    return it->peer.port == 0 ? -EINVAL : eddy__sim_udp_target(self, &it->peer, &header->to);
}

/* Groups go the way that the datagram, their own address or the socket says. */
static int set_interface(const eddy__sim_socket *self, const eddy_datagram *it,
                         eddy__sim_udp_header *header)
{
    uint32_t asked = it->interface_index;

    if (asked == 0 && header->to.family == EDDY_ADDR_IPV6)
        asked = header->to.scope_id;
    if (asked > EDDY__SIM_NETWORK)
        return -ENODEV;
    if (!eddy__sim_addr_is_multicast(&header->to))
        return 0;
    if (asked == 0)
        asked = (uint32_t)self->udp->options[EDDY__DATAGRAM_MULTICAST_IFACE];
    header->interface = asked != 0 ? asked : EDDY__SIM_NETWORK;
    return 0;
}

static int set_source(const eddy__sim_socket *self, const eddy_datagram *it,
                      eddy__sim_udp_header *header)
{
    eddy_addr own =
        it->local.family == EDDY_ADDR_NONE ? self->local : eddy__sim_addr_wire(&it->local);

    own.port = self->local.port;
    if (!eddy__sim_addr_is_group(&own) && !eddy__sim_ports_is_of_host(self->host, &own))
        return -EINVAL;
    if (eddy_addr_is_any(&own)) /* of either family */
        own = header->to.family == EDDY_ADDR_IPV6 ? eddy_addr_ipv6_any(own.port)
                                                  : eddy_addr_ipv4_any(own.port);
    return eddy__sim_udp_source(self, &own, header, &header->from);
}

static int address(eddy__sim_socket *self, const eddy_datagram *it, eddy__sim_udp_header *header)
{
    int error = set_target(self, it, header);

    if (error == 0)
        error = set_interface(self, it, header);
    if (error == 0)
        error = eddy__sim_udp_autobind(self);
    if (error == 0)
        error = set_source(self, it, header);
    return error;
}

static int check_size(const eddy_datagram *it, const eddy__sim_udp_header *header)
{
    size_t most = header->to.family == EDDY_ADDR_IPV6 ? EDDY__SIM_UDP_MOST_V6 : EDDY__SIM_UDP_MOST;

    if (it->len > most)
        return -EMSGSIZE;
    if (it->segment_bytes > 0 && it->len > (size_t)it->segment_bytes * SEGMENTS_MAX)
        return -EINVAL;
    return 0;
}

/* ---- its ways ---- */

static void send_to_host(eddy__sim_socket *self, eddy__sim_host *host,
                         const eddy__sim_udp_header *header, const void *bytes)
{
    eddy__sim_link *link = eddy__sim_link_get(self->host, host);

    if (link != NULL)
        eddy__sim_datagram_send(link, header, bytes, self);
    else
        eddy__sim_udp_trace(self, "no memory", 0);
}

static void send_to_one(eddy__sim_socket *self, const eddy__sim_udp_header *header,
                        const void *bytes)
{
    eddy__sim_host *host = eddy__sim_host_find(self->host->sim, self->host, &header->to);

    if (host != NULL)
        send_to_host(self, host, header, bytes);
    else
        eddy__sim_udp_trace(self, "no such host", (int64_t)header->len);
}

static bool is_to_go_to(const eddy__sim_socket *self, const eddy__sim_host *host,
                        const eddy__sim_udp_header *header)
{
    const int *options = self->udp->options;
    bool group = eddy__sim_addr_is_multicast(&header->to);

    if (host == self->host)
        return !group || options[EDDY__DATAGRAM_MULTICAST_LOOP] != 0;
    if (group && (stays_here(header) || options[EDDY__DATAGRAM_MULTICAST_TTL] == 0))
        return false;
    return host->addr.family == header->to.family;
}

static void send_to_many(eddy__sim_socket *self, const eddy__sim_udp_header *header,
                         const void *bytes)
{
    EDDY__LIST_FOR_EACH (node, &self->host->sim->hosts) {
        eddy__sim_host *host = EDDY__CONTAINER(node, eddy__sim_host, all);

        if (is_to_go_to(self, host, header))
            send_to_host(self, host, header, bytes);
    }
}

static void send_segment(eddy__sim_socket *self, const eddy__sim_udp_header *header,
                         const void *bytes)
{
    if (eddy__sim_addr_is_group(&header->to))
        send_to_many(self, header, bytes);
    else
        send_to_one(self, header, bytes);
}

static void send_all(eddy__sim_socket *self, const eddy_datagram *it, eddy__sim_udp_header *header)
{
    const unsigned char *bytes = it->data;
    size_t left = it->len, most = it->segment_bytes > 0 ? it->segment_bytes : it->len;

    do {
        header->len = left < most ? left : most;
        send_segment(self, header, bytes);
        left -= header->len;
        bytes = header->len > 0 ? bytes + header->len : bytes; /* there may be none at all */
    } while (left > 0);
}

/* ---- the call ---- */

static bool has_no_room(const eddy__sim_udp *self)
{
    return self->leaving_cost >= (size_t)self->options[EDDY__DATAGRAM_SEND_BUFFER];
}

/* What the call is told besides what is wrong with the datagram. */
static int obstacle(eddy__sim_socket *self)
{
    if (self->error != 0)
        return eddy__sim_take_error(self->host, self->fd);
    if (has_no_room(self->udp))
        return -EAGAIN;
    if (!eddy__sim_happens(self->host->sim, EDDY_CHAOS_DGRAM_ENOBUFS))
        return 0;
    eddy__sim_udp_trace(self, "send", -ENOBUFS);
    return -ENOBUFS;
}

static int send_one(eddy__sim_socket *self, const eddy_datagram *it)
{
    bool classed = (it->flags & EDDY_DATAGRAM_TRAFFIC_CLASS) != 0;
    eddy__sim_udp_header header = {
        .number = self->conversation,
        .traffic_class =
            classed ? it->traffic_class : (uint8_t)self->udp->options[EDDY__DATAGRAM_TRAFFIC_CLASS],
    };
    int error = address(self, it, &header);

    if (error == 0)
        error = check_size(it, &header);
    if (error == 0)
        error = obstacle(self);
    if (error == 0)
        send_all(self, it, &header);
    return error;
}

/* Fewer, if chance will have it so. */
static uint32_t shorten(eddy__sim *sim, uint32_t n)
{
    if (n < 2 || !eddy__sim_happens(sim, EDDY_CHAOS_SHORT_WRITE))
        return n;
    return 1 + eddy__sim_draw(sim, EDDY_CHAOS_SHORT_WRITE, n - 1);
}

int eddy__sim_udp_send(eddy__system *system, int fd, const eddy_datagram *list, uint32_t n,
                       int *later)
{
    eddy__sim_socket *self = eddy__sim_socket_of(eddy__sim_host_of(system), fd);
    uint32_t most;

    (void)later; /* nothing comes in the middle of a call: the first is told all that there is */
    if (self == NULL)
        return -EBADF;
    if (self->udp == NULL)
        return -EOPNOTSUPP;
    most = shorten(self->host->sim, n);
    for (uint32_t i = 0; i < most; i++) {
        int error = send_one(self, &list[i]);

        if (error != 0)
            return i > 0 ? (int)i : error;
    }
    return (int)most;
}
