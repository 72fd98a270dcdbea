/* SPDX-License-Identifier: MIT */
/*
 * eddy/unix.h - Unix stream sockets: connecting, listening, pairs, and who is at the other end.
 *
 * A Unix stream is an eddy_tcp, and whoever listens at a Unix name is an eddy_listener: all that
 * eddy/tcp.h, eddy/io.h, eddy/listener.h and eddy/serve.h say holds for them, and they wait under the
 * names of TCP ("tcp: read"). What is different:
 *   - there is no reset. Throwing a stream away (eddy_tcp_abort(), a limit of lingering) looks to the
 *     peer like an end, but for one case: it had sent what was not read, then it is told -ECONNRESET,
 *     behind all that was sent to it;
 *   - options of TCP (no delay, keep-alive, hops) give -EOPNOTSUPP or -ENOPROTOOPT, and addresses are
 *     none: names are asked for here. A linger time is stored, and means nothing;
 *   - descriptors cannot be passed: see eddy/unix_dgram.h.
 *
 * A path is a file. It is there from bind to remove, whoever lives: a program that was killed leaves it
 * behind, and nobody can listen there again. That is reported (eddy_unix_is_stale()), and repaired on
 * request. A listener removes its path when it ends, if it is still its own.
 *
 * All functions: thread of the loop only.
 */
#ifndef EDDY_UNIX_H
#define EDDY_UNIX_H

#include "eddy/listener.h"
#include "eddy/tcp.h"
#include "eddy/unix_addr.h"

EDDY_EXTERN_C_BEGIN

/** Another name of the same type: free it by eddy_tcp_free(). */
typedef struct eddy_tcp eddy_unix;

/** Zero means the default. */
typedef struct eddy_unix_listen_options {
    size_t size_bytes;   /* sizeof(eddy_unix_listen_options) */
    int32_t backlog;     /* connections that may wait in the kernel; 4096, cut by the system */
    uint32_t accept_max; /* accepted connections held for the task, at most 65536; 64 */
    uint32_t mode; /* permissions of the path, for instance 0600, whatever the umask is: who may
                           connect needs to be allowed to write. 0: 0777 less the umask */
    bool replace_stale; /* a socket that nobody has any more is no obstacle. One that lives, and a
                           file that is no socket, are left alone in any case */
    bool leave_path;    /* do not remove the path when the listener ends */
} eddy_unix_listen_options;

/** Who made a connection, or a listening socket; of that moment. */
typedef struct eddy_unix_credentials {
    int32_t pid; /* 0: not known here, as of a process in another namespace */
    uint32_t uid, gid;
} eddy_unix_credentials;

/**
 * Start connecting. The stream can be written to at once; writes leave when it is connected.
 * @param handle  loop
 * @param to      name of whom listens, copied
 * @param out     set to the stream, owned by the caller; untouched on error
 * @return        0: see eddy_tcp_poll_connected(), which tells -ECONNREFUSED: nobody listens there;
 *                -ENOENT, -EACCES, -ENOTDIR, -ELOOP, -EPROTOTYPE, -EMFILE ...; -EINVAL: no name;
 *                -EAFNOSUPPORT, -ENOMEM, EDDY_LOOP_GONE
 * While whoever listens has no room for one more it is tried again and again, after 1 ms at first, 64 ms
 * at last: a Unix socket does not tell when there is room. Freeing the stream ends that; what was
 * written until then is dropped, and counted. Thread: loop. Allocates: from the loop's slab. Cost: two
 * system calls. See: unix(7), connect(2), tokio_uds UnixStream::connect
 */
EDDY_API int eddy_unix_connect(eddy_handle *handle, const eddy_unix_addr *to, eddy_unix **out);

/**
 * Bind and listen.
 * @param handle   loop
 * @param addr     a path, an abstract name; unnamed: the system chooses an abstract name, see
 *                 eddy_unix_listener_name()
 * @param options  NULL for all defaults; copied
 * @param out      set to the listener, owned by the caller; untouched on error
 * @return         0; -EADDRINUSE: the name is somebody's, or its path is left over from somebody: ask
 *                 eddy_unix_is_stale(); -EINVAL: an option out of range, or options of an unknown size;
 *                 -EACCES, -ENOENT, -EROFS, -EMFILE, -ENOMEM, -EAFNOSUPPORT, EDDY_LOOP_GONE
 * The path is removed by eddy_listener_free(), before the socket is closed, or with the loop; only if
 * it is still the file that was made here, and not by a child of fork(2). Two programs that replace
 * one stale path at once do not harm each other: one of them is told -EADDRINUSE.
 * Thread: loop. Allocates: from the loop's slab. See: unix(7), listen(2)
 */
EDDY_API int eddy_unix_listen(eddy_handle *handle, const eddy_unix_addr *addr,
                              const eddy_unix_listen_options *options, eddy_listener **out);

/**
 * Whether a path is left over from a socket that nobody has any more. Disturbs nobody who listens.
 * @param handle  loop, of whose system it is asked
 * @param addr    name
 * @return        1: it is; 0: somebody has it, it is no socket, or there is nothing; -EACCES: it may not
 *                be connected to, and so not be asked; -errno, -EAFNOSUPPORT, EDDY_LOOP_GONE
 * Thread: loop. Allocates: no. Cost: four system calls.
 */
EDDY_API int eddy_unix_is_stale(eddy_handle *handle, const eddy_unix_addr *addr);

/**
 * Two streams connected to each other.
 * @param handle  loop
 * @param a       set to one end, owned by the caller
 * @param b       set to the other
 * @return        0; -EMFILE, -ENOMEM, -EAFNOSUPPORT, EDDY_LOOP_GONE; on error neither is set
 * Thread: loop. Allocates: from the loop's slab. See: socketpair(2), tokio_uds UnixStream::pair
 */
EDDY_API int eddy_unix_pair(eddy_handle *handle, eddy_unix **a, eddy_unix **b);

/**
 * The name that a stream is bound to: of an accepted one, that of its listener.
 * @param self  stream
 * @param name  set; unnamed: it has none
 * @return      0; -EAFNOSUPPORT: it is no Unix stream; -ENOTCONN: it is still connecting;
 *              -ENAMETOOLONG: somebody has bound 108 bytes; EDDY_LOOP_GONE
 * Thread: loop. Allocates: no. See: getsockname(2)
 */
EDDY_API int eddy_unix_local_name(const eddy_unix *self, eddy_unix_addr *name);

/**
 * The name that the peer is bound to: whoever connected usually has none.
 * @param self  stream
 * @param name  set; unnamed: it has none
 * @return      0; as eddy_unix_local_name(); -ENOTCONN: also when the peer is gone
 * Thread: loop. Allocates: no. See: getpeername(2)
 */
EDDY_API int eddy_unix_peer_name(const eddy_unix *self, eddy_unix_addr *name);

/**
 * The name that a listener is bound to.
 * @param self  listener
 * @param name  set
 * @return      0; -EAFNOSUPPORT: not of Unix streams; EDDY_LOOP_GONE
 * Thread: loop. Allocates: no. See: getsockname(2)
 */
EDDY_API int eddy_unix_listener_name(const eddy_listener *self, eddy_unix_addr *name);

/**
 * Who is at the other end: who connected, or who listened, each as they were at that moment. The
 * system vouches for it.
 * @param self  stream
 * @param out   set
 * @return      0; -EAFNOSUPPORT: it is no Unix stream; -ENOTCONN: it is still connecting;
 *              EDDY_LOOP_GONE
 * Thread: loop. Allocates: no. See: SO_PEERCRED in unix(7), tokio_uds UnixStream::peer_cred
 */
EDDY_API int eddy_unix_peer_credentials(const eddy_unix *self, eddy_unix_credentials *out);

EDDY_EXTERN_C_END

#endif
