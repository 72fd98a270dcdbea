/* SPDX-License-Identifier: MIT */
/*
 * system.h - what a loop's I/O objects ask of the system they live on, besides what their driver
 * does for them: making sockets, options, addresses, closing. One table of functions per system;
 * there are two, the kernel (sockets.c) and the hosts of a simulated world (sim/).
 *
 * Rare calls only: nothing here is on the way of a byte. Functions return 0 (or a descriptor) or
 * -errno.
 */
#ifndef EDDY__SYSTEM_H
#define EDDY__SYSTEM_H

#include "eddy/addr.h"

typedef struct eddy__system eddy__system;

typedef struct eddy__socket_listen {
    int32_t backlog;
    bool reuse_address;
    bool reuse_port;
    bool nodelay;        /* accepted sockets inherit it */
    signed char only_v6; /* -1: as the system has it */
} eddy__socket_listen;

/* Options whose value is one number. */
typedef enum eddy__socket_option {
    EDDY__SOCKET_NODELAY,
    EDDY__SOCKET_RECV_BUFFER,
    EDDY__SOCKET_SEND_BUFFER,
    EDDY__SOCKET_ONLY_V6,
    EDDY__SOCKET_KEEPALIVE,
    EDDY__SOCKET_KEEPALIVE_IDLE,     /* seconds */
    EDDY__SOCKET_KEEPALIVE_INTERVAL, /* seconds */
    EDDY__SOCKET_KEEPALIVE_PROBES,
    EDDY__SOCKET_TTL,    /* of the socket's family */
    EDDY__SOCKET_LINGER, /* seconds; -1: off; 0: closing sends a reset */
    EDDY__SOCKET_OPTIONS
} eddy__socket_option;

typedef struct eddy__datagrams eddy__datagrams;       /* datagrams.h */
typedef struct eddy__unix_sockets eddy__unix_sockets; /* unix.h */

typedef struct eddy__system_type {
    /* A non-blocking, close-on-exec TCP socket of the address's family, TCP_NODELAY set. */
    int (*stream)(eddy__system *, const eddy_addr *to);
    /* A socket that is bound to `addr` and listens. */
    int (*listen)(eddy__system *, const eddy_addr *addr, const eddy__socket_listen *options);
    /* Two sockets connected to each other over loopback. Blocks for the connect. */
    int (*pair)(eddy__system *, int fds[2]);
    /* Check that `fd` is a stream socket that listens or does not, and make it non-blocking and
     * close-on-exec. -EBADF, -ENOTSOCK, -EINVAL. */
    int (*adopt)(eddy__system *, int fd, bool listening);
    void (*close)(eddy__system *, int fd);
    /* Whether the connection is no more, though the user has not ended his side: it was reset.
     * Leaves the socket's pending error to be read. */
    bool (*is_reset)(eddy__system *, int fd);
    int (*local_addr)(eddy__system *, int fd, eddy_addr *addr);
    int (*peer_addr)(eddy__system *, int fd, eddy_addr *addr);
    int (*set)(eddy__system *, int fd, eddy__socket_option option, int value);
    int (*get)(eddy__system *, int fd, eddy__socket_option option, int *value);
    int64_t (*wall_ns)(eddy__system *); /* since 1970 */
    const eddy__datagrams *datagrams;
    const eddy__unix_sockets *unix_sockets; /* NULL: there are none */
} eddy__system_type;

struct eddy__system {
    const eddy__system_type *type;
};

#endif
