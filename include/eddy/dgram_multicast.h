/* SPDX-License-Identifier: MIT */
/*
 * eddy/dgram_multicast.h - groups: one datagram, many hosts. Who sends needs to be no member; who
 * receives binds to the group's port (with eddy_dgram_options.reuse_address where several programs of one
 * machine do) and joins.
 *
 * A socket hears what the machine has joined and is sent to its port, also by another socket's doing: so
 * ask for eddy_dgram_options.tell_local, and look to which group a datagram was sent.
 *
 * Each returns 0 or -errno (-EOPNOTSUPP, -ENOPROTOOPT: not of this socket or system); EDDY_LOOP_GONE once
 * the loop is freed. Thread of the loop only.
 */
#ifndef EDDY_DGRAM_MULTICAST_H
#define EDDY_DGRAM_MULTICAST_H

#include "eddy/dgram.h"

EDDY_EXTERN_C_BEGIN

/** A group to join or to leave; ports do not matter. */
typedef struct eddy_multicast {
    eddy_addr group;
    eddy_addr source; /* hear this sender alone, of the group's family; NONE: anybody */
    uint32_t
        interface_index; /* by which it is heard, as if_nametoindex(3) numbers them; 0: that of the
                                 route to the group */
} eddy_multicast;

/**
 * Join a group. A group that is joined by sources can be joined again, by another one. One that was joined
 * for anybody can be narrowed to a source: from then on only that one is heard.
 * @param self   socket
 * @param group  group, copied
 * @return       0; -EINVAL: not a group, or source and group of different families; -EADDRINUSE: it has
 *               joined before; -EADDRNOTAVAIL: with this source; -ENODEV: no such interface; -ENOBUFS: too
 *               many; -errno
 * It is left when the socket is freed. Thread: loop.
 * See: MCAST_JOIN_GROUP in RFC 3678, tokio_core UdpSocket::join_multicast_v4
 */
EDDY_API int eddy_dgram_join(eddy_dgram *self, const eddy_multicast *group);

/**
 * Leave a group, exactly as it was joined.
 * @param self   socket
 * @param group  group
 * @return       0; -EINVAL; -EADDRNOTAVAIL: it was not joined like this; -errno
 * Thread: loop. See: MCAST_LEAVE_GROUP in RFC 3678
 */
EDDY_API int eddy_dgram_leave(eddy_dgram *self, const eddy_multicast *group);

/**
 * Set how far what is sent to a group goes: 1 not beyond this network, which is what it is at first.
 * @param self  socket
 * @param ttl   0..255, 0: not beyond this machine; else -EINVAL
 * @return      0 or -errno
 * Thread: loop. See: IP_MULTICAST_TTL in ip(7), IPV6_MULTICAST_HOPS in ipv6(7)
 */
EDDY_API int eddy_dgram_set_multicast_ttl(eddy_dgram *self, uint32_t ttl);

/**
 * Read how far what is sent to a group goes.
 * @param self  socket
 * @param ttl   set
 * @return      0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_dgram_multicast_ttl(const eddy_dgram *self, uint32_t *ttl);

/**
 * Set whether this machine hears what the socket sends to a group: it does at first.
 * @param self  socket
 * @param on    false: only others hear it
 * @return      0 or -errno
 * Thread: loop. See: IP_MULTICAST_LOOP in ip(7)
 */
EDDY_API int eddy_dgram_set_multicast_loop(eddy_dgram *self, bool on);

/**
 * Read whether this machine hears what the socket sends to a group.
 * @param self  socket
 * @param on    set
 * @return      0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_dgram_multicast_loop(const eddy_dgram *self, bool *on);

/**
 * Set the interface by which it sends to groups.
 * @param self             socket
 * @param interface_index  as if_nametoindex(3) numbers them; 0: that of the route
 * @return                 0; -EADDRNOTAVAIL or -ENODEV: no such interface; -errno
 * Thread: loop. See: IP_MULTICAST_IF in ip(7)
 */
EDDY_API int eddy_dgram_set_multicast_interface(eddy_dgram *self, uint32_t interface_index);

/**
 * The interface by which it sends to groups, as it was set here: not every system tells what it has.
 * @param self             socket
 * @param interface_index  set; 0: that of the route, or it was set elsewhere
 * @return                 0; EDDY_LOOP_GONE
 * Thread: loop.
 */
EDDY_API int eddy_dgram_multicast_interface(const eddy_dgram *self, uint32_t *interface_index);

EDDY_EXTERN_C_END

#endif
