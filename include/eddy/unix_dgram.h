/* SPDX-License-Identifier: MIT */
/*
 * eddy/unix_dgram.h - Unix sockets that keep messages apart: datagrams (SOCK_DGRAM), connections of
 * messages (SOCK_SEQPACKET), and descriptors that are passed with either.
 *
 * All of them are an eddy_dgram, and all of eddy/dgram.h holds: they send and receive by the same calls,
 * to the peer they are connected to, or, here, to a name and from one. What is different:
 *   - none is lost: who sends waits until the receiver has room. A receiver that this socket is not
 *     connected to does not tell when that is: it is tried again after 1 ms, 2, 4 .. 32;
 *   - one datagram a call, also of those that move many;
 *   - a connection of messages has an end, which reads as EDDY_CLOSED; an empty message is none;
 *   - errors of the peer: -ECONNREFUSED nobody has the name, or has it any more; -EPIPE and -ECONNRESET a
 *     connection is over; -EPERM it is connected to somebody else.
 *
 * A SOCK_STREAM socket that is taken over by eddy_dgram_adopt() is for protocols that pass descriptors
 * beside a byte stream. What is sent may be taken in part: the result of a send is how many bytes, and the
 * descriptors went with the first. What is received is what is there; to ask for no bytes is -EINVAL.
 *
 * All functions: thread of the loop only.
 */
#ifndef EDDY_UNIX_DGRAM_H
#define EDDY_UNIX_DGRAM_H

#include "eddy/dgram.h"
#include "eddy/unix.h"

EDDY_EXTERN_C_BEGIN

/** Most descriptors that go with one message. */
#define EDDY_PASSED_MAX 253

/**
 * What goes with a message beside its bytes: eddy_datagram.passed. Descriptors that are sent stay the
 * sender's; those that are received are new ones, close-on-exec, and the caller's to close. What there is
 * no room for is closed and said to be cut off (EDDY_DATAGRAM_PASSED_CUT); a call without an eddy_passed
 * has no room.
 */
typedef struct eddy_passed {
    int *fds;                          /* send: `count`, only read; receive: memory of `room` */
    size_t room;                       /* receive */
    size_t count;                      /* send: 0..EDDY_PASSED_MAX, else -EINVAL; receive, set */
    eddy_unix_credentials credentials; /* receive, set if has_credentials: who sent it */
    bool has_credentials;              /* receive, set: see eddy_dgram_set_tell_credentials() */
} eddy_passed;

typedef enum eddy_unix_type {
    EDDY_UNIX_DATAGRAM,  /* anybody to anybody */
    EDDY_UNIX_SEQPACKET, /* connections of messages */
} eddy_unix_type;

/** Zero means the default. */
typedef struct eddy_unix_dgram_options {
    size_t size_bytes; /* sizeof(eddy_unix_dgram_options) */
    uint32_t mode;     /* the following: as of eddy_unix_listen_options */
    bool replace_stale;
    bool leave_path;
    bool tell_credentials; /* see eddy_dgram_set_tell_credentials() */
    int32_t backlog;       /* a listener's: connections that may wait; 4096, cut by the system */
} eddy_unix_dgram_options;

/* ---- making one ---- */

/**
 * Make a datagram socket and bind it.
 * @param handle   loop
 * @param name     a path, an abstract name; unnamed: the system chooses an abstract name; NULL: it is not
 *                 bound, nobody can answer it. Copied
 * @param options  NULL for all defaults; copied
 * @param out      set to the socket, owned by the caller; untouched on error
 * @return         0; -EADDRINUSE: the name is somebody's (an abstract one: of this type), or its path is
 *                 left over from somebody: ask eddy_unix_is_stale(); -EINVAL: options out of range or of
 *                 an unknown size; -EACCES, -ENOENT, -EROFS, -EMFILE, -ENOMEM; -EOPNOTSUPP: there are none;
 *                 EDDY_LOOP_GONE
 * The path is removed by eddy_dgram_free(), or with the loop; only if it is still the file that was made
 * here. Thread: loop. Allocates: from the loop's slab.
 * See: unix(7), tokio_uds UnixDatagram::bind, unbound
 */
EDDY_API int eddy_unix_dgram_bind(eddy_handle *handle, const eddy_unix_addr *name,
                                  const eddy_unix_dgram_options *options, eddy_dgram **out);

/**
 * Two sockets connected to each other.
 * @param handle  loop
 * @param type    of datagrams, or of messages
 * @param a       set to one end, owned by the caller
 * @param b       set to the other
 * @return        0; -EMFILE, -ENOMEM, -EOPNOTSUPP, EDDY_LOOP_GONE; on error neither is set
 * Thread: loop. Allocates: from the loop's slab. See: socketpair(2), tokio_uds UnixDatagram::pair
 */
EDDY_API int eddy_unix_dgram_pair(eddy_handle *handle, eddy_unix_type type, eddy_dgram **a,
                                  eddy_dgram **b);

/**
 * Listen for connections of messages.
 * @param handle   loop
 * @param name     as of eddy_unix_dgram_bind(), but not NULL
 * @param options  NULL for all defaults; copied
 * @param out      set to the listener, owned by the caller: ask it by eddy_dgram_poll_accept(), free it by
 *                 eddy_dgram_free(); untouched on error
 * @return         as eddy_unix_dgram_bind()
 * Thread: loop. Allocates: from the loop's slab. See: listen(2)
 */
EDDY_API int eddy_unix_seqpacket_listen(eddy_handle *handle, const eddy_unix_addr *name,
                                        const eddy_unix_dgram_options *options, eddy_dgram **out);

/**
 * Wait for the next connection of messages.
 * @param self    listener
 * @param task    current task; waits as "dgram: accept"
 * @param client  set to the socket, owned by the caller, when the result is 0
 * @return        0; EDDY_PENDING; -EINVAL: it does not listen; -EMFILE, -ENFILE, -ENOMEM: there is one that
 *                could not be taken, let some time pass before you ask again; -ECANCELED
 * Dropping: no client is lost. Thread: loop. Allocates: from the loop's slab. See: accept4(2)
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_dgram_poll_accept(eddy_dgram *self, eddy_task *task,
                                                           eddy_dgram **client);

/**
 * Make a socket of messages, to be connected by eddy_dgram_poll_connect_name().
 * @param handle  loop
 * @param out     set to the socket, owned by the caller; untouched on error
 * @return        0; -EMFILE, -ENOMEM, -EOPNOTSUPP, EDDY_LOOP_GONE
 * Thread: loop. Allocates: from the loop's slab. See: socket(2)
 */
EDDY_API int eddy_unix_seqpacket_new(eddy_handle *handle, eddy_dgram **out);

/**
 * Connect a Unix socket to a name. One of datagrams can be connected again, and disconnected; it never
 * waits.
 * @param self  socket
 * @param task  current task; waits as "dgram: connect" while who listens has no room for one more
 * @param to    a path or an abstract name                   borrowed
 * @return      0; EDDY_PENDING; -ECONNREFUSED, -ENOENT, -EACCES; -EPROTOTYPE: the path is of a socket of
 *              another type (abstract names are of one type each: that is -ECONNREFUSED); -EPERM; -EISCONN;
 *              -EINVAL: no name, or not a Unix socket; -ECANCELED
 * Dropping: it may be tried again. Thread: loop. Allocates: no. See: connect(2)
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_dgram_poll_connect_name(eddy_dgram *self, eddy_task *task,
                                                                 const eddy_unix_addr *to);

/* ---- sending and receiving ---- */

/**
 * Send one datagram to a name.
 * @param self  Unix socket (asserted)
 * @param task  current task; waits as "dgram: send"
 * @param data  bytes                                        borrowed
 * @param len   how many; 0 sends an empty datagram
 * @param to    a path or an abstract name                   borrowed
 * @return      as eddy_dgram_poll_send_to(); -ENOENT, -ECONNREFUSED, -EACCES, -EPROTOTYPE, -EPERM
 * Dropping: it was not sent. Thread: loop. Allocates: no. See: tokio_uds UnixDatagram::send_to
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_dgram_poll_send_name(eddy_dgram *self, eddy_task *task,
                                                              const void *data, size_t len,
                                                              const eddy_unix_addr *to);

/**
 * Receive one datagram, and the name of who sent it.
 * @param self    Unix socket (asserted)
 * @param task    current task; waits as "dgram: receive"
 * @param memory  where to
 * @param room    bytes there
 * @param from    set to the sender's name; unnamed: it has none
 * @return        as eddy_dgram_poll_recv_from()
 * Dropping: loses nothing. Thread: loop. Allocates: no. See: tokio_uds UnixDatagram::recv_from
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_dgram_poll_recv_name(eddy_dgram *self, eddy_task *task,
                                                              void *memory, size_t room,
                                                              eddy_unix_addr *from);

/**
 * Have received datagrams tell who sent each, in eddy_passed.credentials. A socket without a name that
 * asks for it gets an abstract one from the system when it sends.
 * @param self  Unix socket
 * @param on    true: from the next datagram on
 * @return      0; -EINVAL: not a Unix socket; -errno; EDDY_LOOP_GONE
 * Thread: loop. See: SO_PASSCRED in unix(7)
 */
EDDY_API int eddy_dgram_set_tell_credentials(eddy_dgram *self, bool on);

/* ---- names ---- */

/**
 * The name it is bound to.
 * @param self  socket
 * @param name  set; unnamed: it has none
 * @return      0; -EAFNOSUPPORT: not a Unix socket; -ENAMETOOLONG; EDDY_LOOP_GONE
 * Thread: loop. See: getsockname(2)
 */
EDDY_API int eddy_dgram_local_name(const eddy_dgram *self, eddy_unix_addr *name);

/**
 * The name of the peer it is connected to.
 * @param self  socket
 * @param name  set; unnamed: it has none
 * @return      0; -ENOTCONN: it has no peer; else as eddy_dgram_local_name()
 * Thread: loop. See: getpeername(2)
 */
EDDY_API int eddy_dgram_peer_name(const eddy_dgram *self, eddy_unix_addr *name);

/**
 * Who is at the other end of a pair or a connection: as they were when it was made.
 * @param self  socket; one of datagrams that is connected by name knows nobody: pid 0
 * @param out   set
 * @return      0; -EAFNOSUPPORT: not a Unix socket; -errno; EDDY_LOOP_GONE
 * Thread: loop. See: SO_PEERCRED in unix(7)
 */
EDDY_API int eddy_dgram_peer_credentials(const eddy_dgram *self, eddy_unix_credentials *out);

EDDY_EXTERN_C_END

#endif
