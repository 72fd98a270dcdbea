/* SPDX-License-Identifier: MIT */
/*
 * dgram_options.c - options and groups of a datagram socket: typed, checked, and handed to the system.
 * What is read is what the system has.
 */
#include "eddy/dgram_options.h"

#include <errno.h>

#include "eddy/dgram_multicast.h"
#include "net/dgram.h"

/* A Unix socket has buffers, and nothing else that is asked for here. */
static int check(const eddy_dgram *self, eddy__datagram_option option)
{
    bool is_of_all = option == EDDY__DATAGRAM_RECV_BUFFER || option == EDDY__DATAGRAM_SEND_BUFFER;

    return !eddy__dgram_is_unix(self) || is_of_all ? 0 : -EOPNOTSUPP;
}

static int set(const eddy_dgram *self, const char *verb, eddy__datagram_option option, int value)
{
    int fd = eddy__dgram_fd(self, verb);
    int error = fd < 0 ? fd : check(self, option);

    return error == 0 ? self->calls->set(eddy__dgram_system(self), fd, option, value) : error;
}

static int get(const eddy_dgram *self, const char *verb, eddy__datagram_option option, int *value)
{
    int fd = eddy__dgram_fd(self, verb);
    int error = fd < 0 ? fd : check(self, option);

    return error == 0 ? self->calls->get(eddy__dgram_system(self), fd, option, value) : error;
}

static int get_bool(const eddy_dgram *self, const char *verb, eddy__datagram_option option,
                    bool *on)
{
    int value;
    int error = get(self, verb, option, &value);

    if (error == 0)
        *on = value != 0;
    return error;
}

static int get_number(const eddy_dgram *self, const char *verb, eddy__datagram_option option,
                      uint32_t *number)
{
    int value;
    int error = get(self, verb, option, &value);

    if (error == 0)
        *number = (uint32_t)value;
    return error;
}

static int set_size(const eddy_dgram *self, const char *verb, eddy__datagram_option option,
                    size_t bytes)
{
    if (bytes == 0)
        return -EINVAL;
    return set(self, verb, option, bytes > INT32_MAX ? INT32_MAX : (int)bytes);
}

static int get_size(const eddy_dgram *self, const char *verb, eddy__datagram_option option,
                    size_t *bytes)
{
    int value;
    int error = get(self, verb, option, &value);

    if (error == 0)
        *bytes = (size_t)value;
    return error;
}

/* ---- sending ---- */

int eddy_dgram_set_broadcast(eddy_dgram *self, bool on)
{
    return set(self, "eddy_dgram_set_broadcast", EDDY__DATAGRAM_BROADCAST, on);
}

int eddy_dgram_broadcast(const eddy_dgram *self, bool *on)
{
    return get_bool(self, "eddy_dgram_broadcast", EDDY__DATAGRAM_BROADCAST, on);
}

int eddy_dgram_set_ttl(eddy_dgram *self, uint32_t ttl)
{
    if (ttl < 1 || ttl > 255)
        return -EINVAL;
    return set(self, "eddy_dgram_set_ttl", EDDY__DATAGRAM_TTL, (int)ttl);
}

int eddy_dgram_ttl(const eddy_dgram *self, uint32_t *ttl)
{
    return get_number(self, "eddy_dgram_ttl", EDDY__DATAGRAM_TTL, ttl);
}

int eddy_dgram_set_traffic_class(eddy_dgram *self, uint8_t traffic_class)
{
    return set(self, "eddy_dgram_set_traffic_class", EDDY__DATAGRAM_TRAFFIC_CLASS, traffic_class);
}

int eddy_dgram_traffic_class(const eddy_dgram *self, uint8_t *traffic_class)
{
    int value;
    int error = get(self, "eddy_dgram_traffic_class", EDDY__DATAGRAM_TRAFFIC_CLASS, &value);

    if (error == 0)
        *traffic_class = (uint8_t)value;
    return error;
}

int eddy_dgram_set_send_buffer(eddy_dgram *self, size_t bytes)
{
    return set_size(self, "eddy_dgram_set_send_buffer", EDDY__DATAGRAM_SEND_BUFFER, bytes);
}

int eddy_dgram_send_buffer(const eddy_dgram *self, size_t *bytes)
{
    return get_size(self, "eddy_dgram_send_buffer", EDDY__DATAGRAM_SEND_BUFFER, bytes);
}

/* ---- receiving ---- */

int eddy_dgram_set_tell_local(eddy_dgram *self, bool on)
{
    return set(self, "eddy_dgram_set_tell_local", EDDY__DATAGRAM_TELL_LOCAL, on);
}

int eddy_dgram_tell_local(const eddy_dgram *self, bool *on)
{
    return get_bool(self, "eddy_dgram_tell_local", EDDY__DATAGRAM_TELL_LOCAL, on);
}

int eddy_dgram_set_tell_class(eddy_dgram *self, bool on)
{
    return set(self, "eddy_dgram_set_tell_class", EDDY__DATAGRAM_TELL_CLASS, on);
}

int eddy_dgram_tell_class(const eddy_dgram *self, bool *on)
{
    return get_bool(self, "eddy_dgram_tell_class", EDDY__DATAGRAM_TELL_CLASS, on);
}

int eddy_dgram_set_join_segments(eddy_dgram *self, bool on)
{
    int error = set(self, "eddy_dgram_set_join_segments", EDDY__DATAGRAM_JOIN_SEGMENTS, on);

    /* Joined ones may be there still, once it is turned off. */
    if (error == 0 && on)
        self->joins = true;
    return error;
}

int eddy_dgram_join_segments(const eddy_dgram *self, bool *on)
{
    return get_bool(self, "eddy_dgram_join_segments", EDDY__DATAGRAM_JOIN_SEGMENTS, on);
}

int eddy_dgram_set_recv_buffer(eddy_dgram *self, size_t bytes)
{
    return set_size(self, "eddy_dgram_set_recv_buffer", EDDY__DATAGRAM_RECV_BUFFER, bytes);
}

int eddy_dgram_recv_buffer(const eddy_dgram *self, size_t *bytes)
{
    return get_size(self, "eddy_dgram_recv_buffer", EDDY__DATAGRAM_RECV_BUFFER, bytes);
}

/* ---- its address ---- */

int eddy_dgram_only_v6(const eddy_dgram *self, bool *only_v6)
{
    return get_bool(self, "eddy_dgram_only_v6", EDDY__DATAGRAM_ONLY_V6, only_v6);
}

int eddy_dgram_reuse_address(const eddy_dgram *self, bool *on)
{
    return get_bool(self, "eddy_dgram_reuse_address", EDDY__DATAGRAM_REUSE_ADDRESS, on);
}

int eddy_dgram_reuse_port(const eddy_dgram *self, bool *on)
{
    return get_bool(self, "eddy_dgram_reuse_port", EDDY__DATAGRAM_REUSE_PORT, on);
}

/* ---- groups ---- */

static int change(eddy_dgram *self, const char *verb, const eddy_multicast *group, bool join)
{
    const eddy__datagram_group wanted = {group->group, group->source, group->interface_index};
    int fd = eddy__dgram_fd(self, verb);

    if (fd < 0)
        return fd;
    if (eddy__dgram_is_unix(self))
        return -EOPNOTSUPP;
    if (group->group.family == EDDY_ADDR_NONE ||
        (group->source.family != EDDY_ADDR_NONE && group->source.family != group->group.family))
        return -EINVAL;
    return self->calls->group(eddy__dgram_system(self), fd, &wanted, join);
}

int eddy_dgram_join(eddy_dgram *self, const eddy_multicast *group)
{
    return change(self, "eddy_dgram_join", group, true);
}

int eddy_dgram_leave(eddy_dgram *self, const eddy_multicast *group)
{
    return change(self, "eddy_dgram_leave", group, false);
}

int eddy_dgram_set_multicast_ttl(eddy_dgram *self, uint32_t ttl)
{
    if (ttl > 255)
        return -EINVAL;
    return set(self, "eddy_dgram_set_multicast_ttl", EDDY__DATAGRAM_MULTICAST_TTL, (int)ttl);
}

int eddy_dgram_multicast_ttl(const eddy_dgram *self, uint32_t *ttl)
{
    return get_number(self, "eddy_dgram_multicast_ttl", EDDY__DATAGRAM_MULTICAST_TTL, ttl);
}

int eddy_dgram_set_multicast_loop(eddy_dgram *self, bool on)
{
    return set(self, "eddy_dgram_set_multicast_loop", EDDY__DATAGRAM_MULTICAST_LOOP, on);
}

int eddy_dgram_multicast_loop(const eddy_dgram *self, bool *on)
{
    return get_bool(self, "eddy_dgram_multicast_loop", EDDY__DATAGRAM_MULTICAST_LOOP, on);
}

int eddy_dgram_set_multicast_interface(eddy_dgram *self, uint32_t interface_index)
{
    int error;

    if (interface_index > INT32_MAX)
        return -EINVAL;
    error = set(self, "eddy_dgram_set_multicast_interface", EDDY__DATAGRAM_MULTICAST_IFACE,
                (int)interface_index);
    if (error == 0)
        self->multicast_interface = interface_index;
    return error;
}

int eddy_dgram_multicast_interface(const eddy_dgram *self, uint32_t *interface_index)
{
    int fd = eddy__dgram_fd(self, "eddy_dgram_multicast_interface");

    if (fd < 0)
        return fd;
    *interface_index = self->multicast_interface;
    return 0;
}
