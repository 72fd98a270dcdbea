/* SPDX-License-Identifier: MIT */
/*
 * eddy/dgram_options.h - options of a UDP socket, typed. Those that have to stand before the first
 * datagram comes are in eddy_dgram_options, too.
 *
 * Each returns 0 or -errno (-EOPNOTSUPP, -ENOPROTOOPT: this socket or system does not know it; also of a
 * Unix socket, which knows only its buffers); EDDY_LOOP_GONE once the loop is freed. What is read is what
 * the system has. Thread of the loop only.
 */
#ifndef EDDY_DGRAM_OPTIONS_H
#define EDDY_DGRAM_OPTIONS_H

#include "eddy/dgram.h"

EDDY_EXTERN_C_BEGIN

/**
 * Allow sending to broadcast addresses; without it that is -EACCES.
 * @param self  socket
 * @param on    true: allowed
 * @return      0 or -errno
 * Thread: loop. See: SO_BROADCAST in socket(7)
 */
EDDY_API int eddy_dgram_set_broadcast(eddy_dgram *self, bool on);

/**
 * Read what eddy_dgram_set_broadcast() sets.
 * @param self  socket
 * @param on    set
 * @return      0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_dgram_broadcast(const eddy_dgram *self, bool *on);

/**
 * Set the hop limit of what is sent to single hosts (IP_TTL, IPV6_UNICAST_HOPS).
 * @param self  socket
 * @param ttl   1..255; else -EINVAL
 * @return      0 or -errno
 * Thread: loop. See: ip(7)
 */
EDDY_API int eddy_dgram_set_ttl(eddy_dgram *self, uint32_t ttl);

/**
 * Read what eddy_dgram_set_ttl() sets.
 * @param self  socket
 * @param ttl   set
 * @return      0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_dgram_ttl(const eddy_dgram *self, uint32_t *ttl);

/**
 * Set the traffic class of what is sent: TOS, or that of IPv6. Its lowest two bits are ECN; one datagram
 * can have its own (EDDY_DATAGRAM_TRAFFIC_CLASS).
 * @param self           socket
 * @param traffic_class  0..255
 * @return               0 or -errno
 * Thread: loop. See: IP_TOS in ip(7), RFC 3168
 */
EDDY_API int eddy_dgram_set_traffic_class(eddy_dgram *self, uint8_t traffic_class);

/**
 * Read what eddy_dgram_set_traffic_class() sets.
 * @param self           socket
 * @param traffic_class  set
 * @return               0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_dgram_traffic_class(const eddy_dgram *self, uint8_t *traffic_class);

/**
 * Have received datagrams tell the address they were sent to, and the interface they came in by.
 * @param self  socket
 * @param on    true: eddy_datagram.local and interface_index are set
 * @return      0 or -errno
 * Thread: loop. See: IP_PKTINFO in ip(7)
 */
EDDY_API int eddy_dgram_set_tell_local(eddy_dgram *self, bool on);

/**
 * Read what eddy_dgram_set_tell_local() sets.
 * @param self  socket
 * @param on    set
 * @return      0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_dgram_tell_local(const eddy_dgram *self, bool *on);

/**
 * Have received datagrams tell their traffic class.
 * @param self  socket
 * @param on    true: eddy_datagram.traffic_class is set, and its flag
 * @return      0 or -errno
 * Thread: loop. See: IP_RECVTOS in ip(7)
 */
EDDY_API int eddy_dgram_set_tell_class(eddy_dgram *self, bool on);

/**
 * Read what eddy_dgram_set_tell_class() sets.
 * @param self  socket
 * @param on    set
 * @return      0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_dgram_tell_class(const eddy_dgram *self, bool *on);

/**
 * Have the system join datagrams of one peer that are of one size: fewer calls for a bulk (UDP_GRO).
 * Only eddy_dgram_poll_recv_many() can receive then, with EDDY_DGRAM_BYTES_MAX bytes of room for each.
 * @param self  socket
 * @param on    true: eddy_datagram.segment_bytes tells where to cut
 * @return      0 or -errno
 * Thread: loop. See: udp(7)
 */
EDDY_API int eddy_dgram_set_join_segments(eddy_dgram *self, bool on);

/**
 * Read what eddy_dgram_set_join_segments() sets.
 * @param self  socket
 * @param on    set
 * @return      0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_dgram_join_segments(const eddy_dgram *self, bool *on);

/**
 * Set the bytes that the system holds for this socket: what comes when it is full is lost.
 * @param self   socket
 * @param bytes  > 0, as SO_RCVBUF takes it (the system may double or cut it); 0: -EINVAL
 * @return       0 or -errno
 * Thread: loop. See: socket(7)
 */
EDDY_API int eddy_dgram_set_recv_buffer(eddy_dgram *self, size_t bytes);

/**
 * Read what eddy_dgram_set_recv_buffer() sets.
 * @param self   socket
 * @param bytes  set
 * @return       0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_dgram_recv_buffer(const eddy_dgram *self, size_t *bytes);

/**
 * Set the bytes that may be on their way out: beyond, a send waits.
 * @param self   socket
 * @param bytes  > 0, as SO_SNDBUF takes it (the system may double or cut it); 0: -EINVAL
 * @return       0 or -errno
 * Thread: loop. See: socket(7)
 */
EDDY_API int eddy_dgram_set_send_buffer(eddy_dgram *self, size_t bytes);

/**
 * Read what eddy_dgram_set_send_buffer() sets.
 * @param self   socket
 * @param bytes  set
 * @return       0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_dgram_send_buffer(const eddy_dgram *self, size_t *bytes);

/**
 * Whether an IPv6 socket serves IPv6 alone.
 * @param self     socket
 * @param only_v6  set
 * @return         0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_dgram_only_v6(const eddy_dgram *self, bool *only_v6);

/**
 * Whether other sockets that ask for it, too, may have the address.
 * @param self  socket
 * @param on    set
 * @return      0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_dgram_reuse_address(const eddy_dgram *self, bool *on);

/**
 * Whether it shares its port.
 * @param self  socket
 * @param on    set
 * @return      0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_dgram_reuse_port(const eddy_dgram *self, bool *on);

EDDY_EXTERN_C_END

#endif
