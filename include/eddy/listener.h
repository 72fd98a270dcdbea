/* SPDX-License-Identifier: MIT */
/*
 * eddy/listener.h - a listening TCP socket: the stream of incoming connections.
 *
 * Accepting never ends by itself and never spins: a connection that was aborted before it was
 * accepted is skipped; out of descriptors or memory, the listener waits a growing while (1 ms to
 * 1 s) or until this loop closes a descriptor, then goes on. Both are counted
 * (eddy_core_stats.accept_*). Only an error of the listener itself (EBADF, EINVAL, ENOTSOCK) ends
 * it.
 *
 * All functions: thread of the loop only.
 */
#ifndef EDDY_LISTENER_H
#define EDDY_LISTENER_H

#include "eddy/addr.h"
#include "eddy/tcp.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_listener eddy_listener;

/** IPv6 sockets: whether they serve IPv4 too. */
typedef enum eddy_dual_stack {
    EDDY_DUAL_STACK_SYSTEM, /* what the system does by default */
    EDDY_DUAL_STACK_ON,
    EDDY_DUAL_STACK_OFF,
} eddy_dual_stack;

/** Zero means the default. */
typedef struct eddy_listener_options {
    size_t size_bytes;     /* sizeof(eddy_listener_options) */
    int32_t backlog;       /* connections that may wait in the kernel; 4096, cut by the system */
    bool no_reuse_address; /* refuse a port that is still in TIME_WAIT */
    bool reuse_port;       /* several sockets, one per loop, share the port (SO_REUSEPORT) */
    bool nagle; /* leave TCP_NODELAY off on accepted streams; corking makes it needless */
    eddy_dual_stack dual_stack;
    uint32_t accept_max; /* accepted connections held for the task, at most 65536; 64 */
} eddy_listener_options;

/**
 * Bind and listen.
 * @param handle   loop
 * @param addr     address; port 0 lets the system choose, see eddy_listener_local_addr()
 * @param options  NULL for all defaults; copied
 * @param out      set to the listener, owned by the caller; untouched on error
 * @return         0; -EINVAL: no address, an option out of range, or options of an unknown size;
 *                 -EADDRINUSE, -EADDRNOTAVAIL, -EACCES, -EMFILE, -ENOMEM, EDDY_LOOP_GONE
 * Allocates: from the loop's slab. See: bind(2), listen(2), tokio_core TcpListener::bind
 * Thread: loop.
 */
EDDY_API int eddy_listener_bind(eddy_handle *handle, const eddy_addr *addr,
                                const eddy_listener_options *options, eddy_listener **out);

/**
 * Take over a socket that listens already.
 * @param handle  loop
 * @param fd      descriptor; made non-blocking and close-on-exec; the listener's when this
 *                succeeds, the caller's still when not
 * @param out     set to the listener, owned by the caller; untouched on error
 * @return        0; -EBADF, -ENOTSOCK, -EINVAL: does not listen; -ENOMEM, EDDY_LOOP_GONE
 * Thread: loop.
 */
EDDY_API int eddy_listener_adopt(eddy_handle *handle, int fd, eddy_listener **out);

/**
 * Wait for the next connection.
 * @param self    listener
 * @param task    current task; waits as "listener: accept"
 * @param client  set to the stream, owned by the caller, when the result is 0
 * @return        0; EDDY_PENDING; -ECANCELED; -EBADF, -EINVAL, ...: the listener is broken, for
 *                good
 * Dropping: no client is lost, it stays with the listener. Cost: at most 1 system call.
 * See: accept4(2), io_uring_prep_multishot_accept(3)
 * Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_listener_poll_accept(eddy_listener *self, eddy_task *task,
                                                              eddy_tcp **client);

/**
 * The address it is bound to.
 * @param self  listener
 * @param addr  set
 * @return      0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_listener_local_addr(const eddy_listener *self, eddy_addr *addr);

/**
 * Stop listening. Connections that nobody took are closed. The port is free again when the loop has
 * made a turn or two.
 * @param self  listener; NULL does nothing; no other task may be waiting at it (asserted: abort
 * that task first, or have it free the listener)
 * Thread: loop; any once the loop is freed.
 */
EDDY_API void eddy_listener_free(eddy_listener *self);

/**
 * Set the hop limit of what accepted streams send.
 * @param self  listener
 * @param ttl   1..255
 * @return      0; -EINVAL; -errno
 * Thread: loop.
 */
EDDY_API int eddy_listener_set_ttl(eddy_listener *self, uint32_t ttl);

/**
 * Read the hop limit.
 * @param self  listener
 * @param ttl   set
 * @return      0 or -errno
 * Thread: loop.
 */
EDDY_API int eddy_listener_ttl(const eddy_listener *self, uint32_t *ttl);

/**
 * Whether an IPv6 listener serves IPv6 alone.
 * @param self     listener
 * @param only_v6  set
 * @return         0; -errno (-ENOPROTOOPT or -EOPNOTSUPP on an IPv4 socket)
 * Thread: loop.
 */
EDDY_API int eddy_listener_only_v6(const eddy_listener *self, bool *only_v6);

EDDY_EXTERN_C_END

#endif
