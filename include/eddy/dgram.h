/* SPDX-License-Identifier: MIT */
/*
 * eddy/dgram.h - a datagram socket: UDP here; Unix datagrams in eddy/unix_dgram.h. Options are in
 * eddy/dgram_options.h, groups in eddy/dgram_multicast.h, a stream and a sink of messages in
 * eddy/dgram_framed.h.
 *
 *     EDDY_POLL(n, eddy_dgram_poll_recv_from(dgram, task, self->memory, sizeof self->memory, &self->peer));
 *     if (n >= 0)
 *         EDDY_POLL(n, eddy_dgram_poll_send_to(dgram, task, self->memory, (size_t)n, &self->peer));
 *
 * A datagram comes whole or is said not to: what does not fit is -EMSGSIZE, or a flag, never a shorter
 * datagram. One of no bytes is a datagram: 0 is its length, not an end. An error is told once, to one
 * call, and the socket goes on.
 *
 * Errors of sending: of that datagram. -ENOBUFS (the system has no memory for it, or the interface's
 * queue is full) is one of them and never waited for: there is nothing that would end such a wait. What is
 * waited for is room in the socket's own send buffer.
 * Errors of the peer (-ECONNREFUSED: nobody has the port) are told by the system to connected sockets
 * only, to the next call that sends or receives, whatever it wanted.
 *
 * The socket keeps datagrams, a future only waits: dropping a future in the middle of any of these calls
 * loses none. One task may receive while another sends; two tasks that wait for the same is an assertion.
 *
 * All functions: thread of the loop only. Once the loop is freed they return EDDY_LOOP_GONE, and
 * eddy_dgram_free() stays safe.
 */
#ifndef EDDY_DGRAM_H
#define EDDY_DGRAM_H

#include "eddy/datagram.h"
#include "eddy/listener.h"
#include "eddy/task.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_dgram eddy_dgram;

/** Most datagrams that one call of eddy_dgram_poll_recv_many() or eddy_dgram_poll_send_many() moves. */
#define EDDY_DGRAM_AT_ONCE 32

/** Bytes that no UDP datagram exceeds, joined ones included. */
#define EDDY_DGRAM_BYTES_MAX 65535

/** What has to be settled before the first datagram comes. Zero means the default. */
typedef struct eddy_dgram_options {
    size_t size_bytes;  /* sizeof(eddy_dgram_options) */
    bool reuse_address; /* several sockets may have the address, all of them hear a group */
    bool reuse_port;    /* several sockets share the port: each peer is served by one of them */
    eddy_dual_stack dual_stack; /* of an IPv6 socket */
    bool broadcast;             /* the following: as the functions of eddy/dgram_options.h */
    bool tell_local;
    bool tell_class;
    bool join_segments;
    size_t recv_buffer; /* bytes; 0: the system's */
    size_t send_buffer;
} eddy_dgram_options;

/* ---- making one ---- */

/**
 * Make a UDP socket and bind it.
 * @param handle   loop
 * @param addr     address; port 0 lets the system choose, see eddy_dgram_local_addr(). A client binds to
 *                 eddy_addr_ipv4_any(0), or to eddy_addr_ipv6_any(0)
 * @param options  NULL for all defaults; copied
 * @param out      set to the socket, owned by the caller; untouched on error
 * @return         0; -EINVAL: no address, an option out of range, or options of an unknown size;
 *                 -EADDRINUSE, -EADDRNOTAVAIL, -EACCES, -EMFILE, -ENOMEM; -ENOPROTOOPT: an option that
 *                 this system does not know; -EOPNOTSUPP: none here; EDDY_LOOP_GONE
 * Allocates: from the loop's slab. See: udp(7), tokio_core UdpSocket::bind
 * Thread: loop.
 */
EDDY_API int eddy_dgram_bind(eddy_handle *handle, const eddy_addr *addr,
                             const eddy_dgram_options *options, eddy_dgram **out);

/**
 * Take over a datagram socket: UDP, or a Unix one (also SOCK_SEQPACKET and SOCK_STREAM).
 * @param handle  loop
 * @param fd      descriptor; made non-blocking and close-on-exec; the socket's when this succeeds, the
 *                caller's still when not
 * @param out     set to the socket, owned by the caller; untouched on error
 * @return        0; -EBADF, -ENOTSOCK; -EINVAL: a socket of another type (TCP); -EEXIST: the loop has it
 *                already; -ENOMEM, -EOPNOTSUPP, EDDY_LOOP_GONE
 * Allocates: from the loop's slab. See: tokio_core UdpSocket::from_socket
 * Thread: loop.
 */
EDDY_API int eddy_dgram_adopt(eddy_handle *handle, int fd, eddy_dgram **out);

/**
 * Have a peer: it is where sends without an address go, only it is heard, and its errors are told.
 * @param self  socket, connected or not
 * @param to    the peer's address                           borrowed
 * @return      0; -EINVAL: no address; -ENETUNREACH, -EAFNOSUPPORT, ...
 * No packet is sent. What was received before, from anybody, is still there to be received.
 * Thread: loop. See: connect(2)
 */
EDDY_API int eddy_dgram_connect(eddy_dgram *self, const eddy_addr *to);

/**
 * Have no peer any more: everybody is heard again, at the same port.
 * @param self  socket
 * @return      0; -EADDRINUSE: somebody has taken the port meanwhile, which the system gives away for a
 *              moment if it had chosen it
 * Thread: loop. See: connect(2), AF_UNSPEC
 */
EDDY_API int eddy_dgram_disconnect(eddy_dgram *self);

/* ---- receiving ---- */

/**
 * Receive one datagram.
 * @param self    socket; one that joins segments is asked by eddy_dgram_poll_recv_many() (asserted)
 * @param task    current task; waits as "dgram: receive"
 * @param memory  where to
 * @param room    bytes there
 * @param from    set to the sender; NULL: not wanted
 * @return        >= 0 its bytes, 0 for an empty one; EDDY_PENDING; -EMSGSIZE: it had more than `room`
 *                bytes: the first of them are in memory, *from is set, the rest is lost; -ECONNREFUSED and
 *                others that the peer has caused; EDDY_CLOSED: the end, of Unix sockets that have one;
 *                -ECANCELED
 * Dropping: loses nothing. Thread: loop. Allocates: no. Cost: 1 system call, 2 if it waits.
 * See: recvmsg(2), tokio_core UdpSocket::recv_from
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_dgram_poll_recv_from(eddy_dgram *self, eddy_task *task,
                                                              void *memory, size_t room,
                                                              eddy_addr *from);

/**
 * As eddy_dgram_poll_recv_from(), for who knows whom it is from.
 * @param self    socket
 * @param task    current task
 * @param memory  where to
 * @param room    bytes there
 * @return        as eddy_dgram_poll_recv_from()
 * Dropping: loses nothing. Thread: loop. Allocates: no.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_dgram_poll_recv(eddy_dgram *self, eddy_task *task,
                                                         void *memory, size_t room);

/**
 * Receive the datagrams that are there; wait for the first.
 * @param self  socket
 * @param task  current task; waits as "dgram: receive"
 * @param list  array of `n`; data and room of each say where to, and its flags tell if that was too little
 * @param n     > 0; no more than EDDY_DGRAM_AT_ONCE are received
 * @return      > 0 how many; EDDY_PENDING; else as eddy_dgram_poll_recv_from(), but for -EMSGSIZE. An error
 *              behind the first datagram is told by the next call
 * Dropping: loses nothing. Thread: loop. Allocates: no. Cost: 1 system call. See: recvmmsg(2)
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_dgram_poll_recv_many(eddy_dgram *self, eddy_task *task,
                                                              eddy_datagram *list, uint32_t n);

/**
 * The same as a future: receive one datagram.
 * @param handle  loop of the socket
 * @param self    socket, outlives the future                borrowed
 * @param memory  where to; outlives the future
 * @param room    bytes there
 * @param from    set to the sender; outlives the future; NULL: not wanted
 * @return        boxed future, owned by the caller; never NULL. Result: as eddy_dgram_poll_recv_from();
 *                -ENOMEM
 * Dropping: loses nothing. Thread: loop. Allocates: from the loop's slab.
 * See: tokio_core UdpSocket::recv_dgram
 */
EDDY_API eddy_future *eddy_recv_dgram(eddy_handle *handle, eddy_dgram *self, void *memory,
                                      size_t room, eddy_addr *from);

/* ---- sending ---- */

/**
 * Send one datagram; waits for room in the socket's send buffer.
 * @param self  socket
 * @param task  current task; waits as "dgram: send"
 * @param data  bytes                                        borrowed
 * @param len   how many; 0 sends an empty datagram
 * @param to    where to                                     borrowed
 * @return      `len`: the system has it, all of it; EDDY_PENDING; -EMSGSIZE: too long; -ENOBUFS, -EINVAL,
 *              -EACCES (broadcast, see eddy_dgram_set_broadcast()), -EPERM, -ENETUNREACH, -EHOSTUNREACH: it
 *              was not sent; -ECONNREFUSED and others that the peer has caused: it was not sent either;
 *              -ECANCELED
 * Dropping: it was not sent. Thread: loop. Allocates: no. Cost: 1 system call.
 * See: sendmsg(2), tokio_core UdpSocket::send_to
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_dgram_poll_send_to(eddy_dgram *self, eddy_task *task,
                                                            const void *data, size_t len,
                                                            const eddy_addr *to);

/**
 * As eddy_dgram_poll_send_to(), to the peer that the socket is connected to.
 * @param self  socket
 * @param task  current task
 * @param data  bytes                                        borrowed
 * @param len   how many
 * @return      as eddy_dgram_poll_send_to(); -EDESTADDRREQ or -ENOTCONN: it is not connected
 * Dropping: it was not sent. Thread: loop. Allocates: no.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_dgram_poll_send(eddy_dgram *self, eddy_task *task,
                                                         const void *data, size_t len);

/**
 * Send datagrams in order, as many as there is room for; waits for room for the first.
 * @param self  socket
 * @param task  current task; waits as "dgram: send"
 * @param list  array of `n`                                 borrowed
 * @param n     > 0; no more than EDDY_DGRAM_AT_ONCE are sent
 * @return      > 0 how many, from the first: call again with the rest; EDDY_PENDING; an error, as of
 *              eddy_dgram_poll_send_to(), is that of list[0] alone: go on with list[1]
 * Dropping: none was sent. Thread: loop. Allocates: no. Cost: 1 system call; a connected socket: one for
 * each datagram. See: sendmmsg(2), udp(7) UDP_SEGMENT
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_dgram_poll_send_many(eddy_dgram *self, eddy_task *task,
                                                              const eddy_datagram *list,
                                                              uint32_t n);

/**
 * The same as a future: send one datagram.
 * @param handle  loop of the socket
 * @param self    socket, outlives the future                borrowed
 * @param data    bytes; outlive the future
 * @param len     how many; 0 sends an empty datagram
 * @param to      where to, copied; NULL: to the peer that it is connected to
 * @return        boxed future, owned by the caller; never NULL. Result: as eddy_dgram_poll_send_to();
 *                -ENOMEM
 * Dropping: it was not sent. Thread: loop. Allocates: from the loop's slab.
 * See: tokio_core UdpSocket::send_dgram
 */
EDDY_API eddy_future *eddy_send_dgram(eddy_handle *handle, eddy_dgram *self, const void *data,
                                      size_t len, const eddy_addr *to);

/* ---- what it is ---- */

/**
 * The address it is bound to.
 * @param self  socket
 * @param addr  set; NONE for a Unix socket
 * @return      0 or -errno
 * Thread: loop. See: getsockname(2)
 */
EDDY_API int eddy_dgram_local_addr(const eddy_dgram *self, eddy_addr *addr);

/**
 * The peer it is connected to.
 * @param self  socket
 * @param addr  set; NONE for a Unix socket
 * @return      0; -ENOTCONN: it is not
 * Thread: loop. See: getpeername(2)
 */
EDDY_API int eddy_dgram_peer_addr(const eddy_dgram *self, eddy_addr *addr);

/**
 * Its descriptor, for options that eddy does not know; it stays the socket's.
 * @param self  socket
 * @return      descriptor; EDDY_LOOP_GONE
 * Thread: loop.
 */
EDDY_API int eddy_dgram_fd(const eddy_dgram *self);

/* ---- ending ---- */

/**
 * Give it back and keep its descriptor, with what was received and not fetched.
 * @param self  socket, gone afterwards whatever is returned; nobody else waits at it (asserted)
 * @return      descriptor, non-blocking and close-on-exec, the caller's; EDDY_LOOP_GONE: the loop has closed
 *              it
 * The path of a Unix socket stays where it is. Thread: loop; any once the loop is freed.
 * See: tokio_core UdpFramed::into_inner
 */
EDDY_API int eddy_dgram_into_fd(eddy_dgram *self);

/**
 * Close it. What was sent is on its way. The system learns of it, and with it who sends here, when the loop
 * has made a turn or two.
 * @param self  socket; NULL does nothing; nobody else waits at it, and it was not given to
 *              eddy_dgram_framed() (asserted)
 * Thread: loop; any once the loop is freed.
 */
EDDY_API void eddy_dgram_free(eddy_dgram *self);

EDDY_EXTERN_C_END

#endif
