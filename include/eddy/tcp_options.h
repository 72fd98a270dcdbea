/* SPDX-License-Identifier: MIT */
/*
 * eddy/tcp_options.h - socket options and addresses of a TCP stream, typed.
 *
 * Each returns 0 or -errno; EDDY_LOOP_GONE once the loop is freed. Thread of the loop only.
 */
#ifndef EDDY_TCP_OPTIONS_H
#define EDDY_TCP_OPTIONS_H

#include "eddy/addr.h"
#include "eddy/tcp.h"

EDDY_EXTERN_C_BEGIN

/**
 * This end's address.
 * @param self  stream
 * @param addr  set
 * @return      0 or -errno
 * Thread: loop. See: getsockname(2)
 */
EDDY_API int eddy_tcp_local_addr(const eddy_tcp *self, eddy_addr *addr);

/**
 * The peer's address.
 * @param self  stream
 * @param addr  set
 * @return      0; -ENOTCONN while connecting, or when the peer is gone
 * Thread: loop. See: getpeername(2)
 */
EDDY_API int eddy_tcp_peer_addr(const eddy_tcp *self, eddy_addr *addr);

/**
 * Send small segments at once (on by default: the loop corks by itself).
 * @param self  stream
 * @param on    true: do not wait for acknowledgements
 * @return      0 or -errno
 * Thread: loop. See: tcp(7) TCP_NODELAY
 */
EDDY_API int eddy_tcp_set_nodelay(eddy_tcp *self, bool on);

/**
 * Read TCP_NODELAY.
 * @param self  stream
 * @param on    set
 * @return      0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_tcp_nodelay(const eddy_tcp *self, bool *on);

/**
 * Set the hop limit (IP_TTL, or IPV6_UNICAST_HOPS).
 * @param self  stream
 * @param ttl   1..255
 * @return      0; -EINVAL; -errno
 * Thread: loop.
 */
EDDY_API int eddy_tcp_set_ttl(eddy_tcp *self, uint32_t ttl);

/**
 * Read the hop limit.
 * @param self  stream
 * @param ttl   set
 * @return      0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_tcp_ttl(const eddy_tcp *self, uint32_t *ttl);

/** Probing of idle connections. */
typedef struct eddy_keepalive {
    bool on;
    int64_t idle_ns;     /* before the first probe; rounded up to seconds; 0: the system's */
    int64_t interval_ns; /* between probes; rounded up to seconds; 0: the system's */
    uint32_t probes;     /* unanswered ones until it is broken; 0: the system's */
} eddy_keepalive;

/**
 * Set keep-alive.
 * @param self       stream
 * @param keepalive  setting, copied
 * @return           0; -EINVAL: negative, or beyond what the system takes (on Linux 32767 s and 127
 *                   probes); -errno. Nothing is changed on error
 * Thread: loop. See: tcp(7) TCP_KEEPIDLE
 */
EDDY_API int eddy_tcp_set_keepalive(eddy_tcp *self, const eddy_keepalive *keepalive);

/**
 * Read keep-alive.
 * @param self       stream
 * @param keepalive  set, all members as the system has them
 * @return           0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_tcp_keepalive(const eddy_tcp *self, eddy_keepalive *keepalive);

/**
 * Set the kernel's receive buffer.
 * @param self   stream
 * @param bytes  > 0, as SO_RCVBUF takes it (the system may double or cut it)
 * @return       0; -EINVAL: 0 bytes; -errno
 * Thread: loop. See: socket(7)
 */
EDDY_API int eddy_tcp_set_recv_buffer(eddy_tcp *self, size_t bytes);

/**
 * Read the kernel's receive buffer.
 * @param self   stream
 * @param bytes  set
 * @return       0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_tcp_recv_buffer(const eddy_tcp *self, size_t *bytes);

/**
 * Set the kernel's send buffer.
 * @param self   stream
 * @param bytes  > 0, as SO_SNDBUF takes it (the system may double or cut it)
 * @return       0; -EINVAL: 0 bytes; -errno
 * Thread: loop.
 */
EDDY_API int eddy_tcp_set_send_buffer(eddy_tcp *self, size_t bytes);

/**
 * Read the kernel's send buffer.
 * @param self   stream
 * @param bytes  set
 * @return       0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_tcp_send_buffer(const eddy_tcp *self, size_t *bytes);

/**
 * Have an IPv6 stream be IPv6 alone. Most systems let that be said only before a socket is bound or
 * connects, so it mostly fails here: see eddy_listener_options.dual_stack, eddy_tcp_connect_fd().
 * @param self     stream
 * @param only_v6  true: no IPv4
 * @return         0; -EINVAL: it is bound; -errno on an IPv4 stream
 * Thread: loop. See: ipv6(7) IPV6_V6ONLY
 */
EDDY_API int eddy_tcp_set_only_v6(eddy_tcp *self, bool only_v6);

/**
 * Whether an IPv6 stream is IPv6 alone.
 * @param self     stream
 * @param only_v6  set
 * @return         0; -errno on an IPv4 stream
 * Thread: loop. See: ipv6(7) IPV6_V6ONLY
 */
EDDY_API int eddy_tcp_only_v6(const eddy_tcp *self, bool *only_v6);

/**
 * Set the kernel's own linger (SO_LINGER). The loop's lingering (eddy_tcp_limits) needs none; 0
 * makes the final close a reset. With a time above 0 close(2) blocks: eddy_tcp_free() turns it off
 * first, so that it never holds up the loop; only the end of the loop itself may then wait.
 * @param self     stream
 * @param time_ns  < 0: off; else rounded up to seconds
 * @return         0 or -errno
 * Thread: loop. See: socket(7)
 */
EDDY_API int eddy_tcp_set_linger(eddy_tcp *self, int64_t time_ns);

/**
 * Read SO_LINGER.
 * @param self     stream
 * @param time_ns  set; -1: off
 * @return         0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_tcp_linger(const eddy_tcp *self, int64_t *time_ns);

/**
 * The descriptor, to read or set what this header lacks.
 * @param self  stream
 * @return      descriptor, still the stream's: never close, read or write it; -1 when it has none
 * Thread: loop.
 */
EDDY_API int eddy_tcp_fd(const eddy_tcp *self);

EDDY_EXTERN_C_END

#endif
