/* SPDX-License-Identifier: MIT */
/*
 * udp_options.c - options of a datagram socket whose value is one number, and the groups that it has
 * joined. The time to live matters to groups alone (0: not beyond this host): a room has no routers.
 * Joining segments is kept and given back, and never done.
 *
 * Unlike on Linux a group is heard by those sockets alone that have joined it, not by all of a host
 * of which one has (there IP_MULTICAST_ALL says so).
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "sim/udp.h"
#include "sim/unix_dgram.h"

enum {
    RECV_MIN = 2304, /* bytes; Linux's, as are the next two */
    SEND_MIN = 4608,
    BUFFER_MAX = 212992, /* to ask for; twice as much is had */
    TTL = 64,
};

/* ---- options ---- */

typedef struct range {
    int least, most;
    int by_default;
} range;

static const range ranges[EDDY__DATAGRAM_OPTIONS] = {
    [EDDY__DATAGRAM_RECV_BUFFER] = {INT32_MIN, INT32_MAX, BUFFER_MAX},
    [EDDY__DATAGRAM_SEND_BUFFER] = {INT32_MIN, INT32_MAX, BUFFER_MAX},
    [EDDY__DATAGRAM_BROADCAST] = {INT32_MIN, INT32_MAX, 0},
    [EDDY__DATAGRAM_TTL] = {1, 255, TTL},
    [EDDY__DATAGRAM_TRAFFIC_CLASS] = {0, 255, 0},
    [EDDY__DATAGRAM_MULTICAST_TTL] = {0, 255, 1},
    [EDDY__DATAGRAM_MULTICAST_LOOP] = {INT32_MIN, INT32_MAX, 1},
    [EDDY__DATAGRAM_MULTICAST_IFACE] = {0, EDDY__SIM_NETWORK, 0},
    [EDDY__DATAGRAM_TELL_LOCAL] = {INT32_MIN, INT32_MAX, 0},
    [EDDY__DATAGRAM_TELL_CLASS] = {INT32_MIN, INT32_MAX, 0},
    [EDDY__DATAGRAM_JOIN_SEGMENTS] = {INT32_MIN, INT32_MAX, 0},
};

void eddy__sim_udp_options_init(eddy__sim_udp *self)
{
    for (int i = 0; i < EDDY__DATAGRAM_OPTIONS; i++)
        self->options[i] = ranges[i].by_default;
}

static int buffer_of(int value, int least)
{
    if (value < 0 || value > BUFFER_MAX) /* Linux takes a negative one for a huge one */
        value = BUFFER_MAX;
    return 2 * value < least ? least : 2 * value;
}

/* What is kept of a value that is in its range. */
static int meant(eddy__datagram_option option, int value)
{
    switch (option) {
    case EDDY__DATAGRAM_RECV_BUFFER:
        return buffer_of(value, RECV_MIN);
    case EDDY__DATAGRAM_SEND_BUFFER:
        return buffer_of(value, SEND_MIN);
    case EDDY__DATAGRAM_TTL:
    case EDDY__DATAGRAM_TRAFFIC_CLASS:
    case EDDY__DATAGRAM_MULTICAST_TTL:
    case EDDY__DATAGRAM_MULTICAST_IFACE:
        return value;
    default:
        return value != 0;
    }
}

/* Where it is kept; NULL: it has no such option. Unix sockets have the two buffers. */
static int *kept(eddy__sim_socket *self, eddy__datagram_option option)
{
    if (self->udp != NULL)
        return &self->udp->options[option];
    if (self->mailbox != NULL && option == EDDY__DATAGRAM_SEND_BUFFER)
        return &self->mailbox->send_buffer;
    if (self->mailbox != NULL && option == EDDY__DATAGRAM_RECV_BUFFER)
        return &self->mailbox->recv_buffer;
    return NULL;
}

static bool is_to_get_only(eddy__datagram_option option)
{
    return option == EDDY__DATAGRAM_ONLY_V6 || option == EDDY__DATAGRAM_REUSE_ADDRESS ||
           option == EDDY__DATAGRAM_REUSE_PORT;
}

static int refusal(eddy__datagram_option option)
{
    return option == EDDY__DATAGRAM_MULTICAST_IFACE ? -ENODEV : -EINVAL;
}

/* -1: as by default, where Linux has it so. */
static bool may_be_default(eddy__datagram_option option)
{
    return option == EDDY__DATAGRAM_TTL || option == EDDY__DATAGRAM_TRAFFIC_CLASS ||
           option == EDDY__DATAGRAM_MULTICAST_TTL;
}

int eddy__sim_udp_set(eddy__system *system, int fd, eddy__datagram_option option, int value)
{
    eddy__sim_socket *self = eddy__sim_socket_of(eddy__sim_host_of(system), fd);

    if (self == NULL)
        return -EBADF;
    if (kept(self, option) == NULL || is_to_get_only(option))
        return -ENOPROTOOPT;
    if (value == -1 && may_be_default(option))
        value = ranges[option].by_default;
    if (value < ranges[option].least || value > ranges[option].most)
        return refusal(option);
    *kept(self, option) = meant(option, value);
    if (option == EDDY__DATAGRAM_SEND_BUFFER)
        eddy__sim_tell(self);
    return 0;
}

int eddy__sim_udp_get(eddy__system *system, int fd, eddy__datagram_option option, int *value)
{
    eddy__sim_socket *self = eddy__sim_socket_of(eddy__sim_host_of(system), fd);

    if (self == NULL)
        return -EBADF;
    if (kept(self, option) == NULL || (option == EDDY__DATAGRAM_ONLY_V6 && !self->ipv6))
        return -ENOPROTOOPT;
    if (option == EDDY__DATAGRAM_ONLY_V6)
        *value = self->options[EDDY__SOCKET_ONLY_V6];
    else if (option == EDDY__DATAGRAM_REUSE_ADDRESS)
        *value = self->reuse_address;
    else if (option == EDDY__DATAGRAM_REUSE_PORT)
        *value = self->reuse_port;
    else
        *value = *kept(self, option);
    return 0;
}

/* ---- groups ---- */

static bool same_ip(const eddy_addr *a, const eddy_addr *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

static eddy__sim_group *group_of(eddy__node *node)
{
    return EDDY__CONTAINER(node, eddy__sim_group, of_socket);
}

/* As it is kept. */
static int check(const eddy__sim_socket *self, const eddy__datagram_group *given,
                 eddy__sim_group *group)
{
    group->addr = eddy__sim_addr_wire(&given->group);
    group->source = eddy__sim_addr_wire(&given->source);
    group->interface = given->interface_index != 0 ? given->interface_index : EDDY__SIM_NETWORK;
    if (group->interface > EDDY__SIM_NETWORK)
        return -ENODEV;
    if (!eddy__sim_addr_is_multicast(&group->addr) ||
        (group->addr.family == EDDY_ADDR_IPV6 && !self->ipv6) ||
        (group->source.family != EDDY_ADDR_NONE && group->source.family != group->addr.family))
        return -EINVAL;
    return 0;
}

static bool is_of_any_source(const eddy__sim_group *group)
{
    return group->source.family == EDDY_ADDR_NONE;
}

static bool same_group(const eddy__sim_group *a, const eddy__sim_group *b)
{
    return same_ip(&a->addr, &b->addr) && a->interface == b->interface;
}

/* The membership that says the same; else *other is one of the same group, or NULL. */
static eddy__sim_group *find_group(const eddy__sim_udp *self, const eddy__sim_group *like,
                                   eddy__sim_group **other)
{
    *other = NULL;
    EDDY__LIST_FOR_EACH (node, &self->groups) {
        eddy__sim_group *it = group_of(node);

        if (!same_group(it, like))
            continue;
        if (same_ip(&it->source, &like->source))
            return it;
        *other = it;
    }
    return NULL;
}

static int add_group(eddy__sim_udp *self, const eddy__sim_group *like)
{
    eddy__sim_group *group;

    if (self->groups_n == EDDY__SIM_GROUPS_MAX)
        return -ENOBUFS;
    group = eddy__alloc(self->socket->host->sim->allocator, sizeof *group);
    if (group == NULL)
        return -ENOMEM;
    *group = *like;
    eddy__list_append(&self->groups, &group->of_socket);
    self->groups_n++;
    return 0;
}

/* Who hears anybody and then names a source hears that one alone from then on, as on Linux. */
static int join_group(eddy__sim_udp *self, const eddy__sim_group *like)
{
    eddy__sim_group *other;
    bool same = find_group(self, like, &other) != NULL;

    if (is_of_any_source(like) && (same || other != NULL))
        return -EADDRINUSE;
    if (same)
        return -EADDRNOTAVAIL;
    if (other == NULL || !is_of_any_source(other))
        return add_group(self, like);
    other->source = like->source;
    return 0;
}

static void leave(eddy__sim_udp *self, eddy__sim_group *group)
{
    eddy__list_remove(&group->of_socket);
    self->groups_n--;
    eddy__free(self->socket->host->sim->allocator, group, sizeof *group);
}

/* All its sources. */
static int leave_all(eddy__sim_udp *self, const eddy__sim_group *like)
{
    int error = -EADDRNOTAVAIL;

    EDDY__LIST_FOR_EACH_SAFE (node, next, &self->groups) {
        if (!same_group(group_of(node), like))
            continue;
        leave(self, group_of(node));
        error = 0;
    }
    return error;
}

static int leave_group(eddy__sim_udp *self, const eddy__sim_group *like)
{
    eddy__sim_group *other, *group;

    if (is_of_any_source(like))
        return leave_all(self, like);
    group = find_group(self, like, &other);
    if (group == NULL)
        return other != NULL ? -EADDRNOTAVAIL : -EINVAL;
    leave(self, group);
    return 0;
}

int eddy__sim_udp_group(eddy__system *system, int fd, const eddy__datagram_group *given, bool join)
{
    eddy__sim_socket *self = eddy__sim_socket_of(eddy__sim_host_of(system), fd);
    eddy__sim_group group;
    int error;

    if (self == NULL)
        return -EBADF;
    if (self->udp == NULL)
        return -ENOPROTOOPT;
    error = check(self, given, &group);
    if (error == 0)
        error = join ? join_group(self->udp, &group) : leave_group(self->udp, &group);
    eddy__sim_udp_trace(self, join ? "join" : "leave", error);
    return error;
}

void eddy__sim_udp_groups_free(eddy__sim_udp *self)
{
    while (!eddy__list_empty(&self->groups))
        leave(self, group_of(self->groups.next));
}

/* Everybody (255.255.255.255) is nobody's group: all hear it. */
bool eddy__sim_udp_joined(const eddy__sim_udp *self, const eddy__sim_udp_header *header)
{
    if (!eddy__sim_addr_is_multicast(&header->to))
        return true;
    EDDY__LIST_FOR_EACH (node, &self->groups) {
        const eddy__sim_group *it = group_of(node);

        if (same_ip(&it->addr, &header->to) && it->interface == header->interface &&
            (is_of_any_source(it) || same_ip(&it->source, &header->from)))
            return true;
    }
    return false;
}
