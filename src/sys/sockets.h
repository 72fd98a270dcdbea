/* SPDX-License-Identifier: MIT */
/*
 * sockets.h - every system call that is made on a socket outside of the drivers: making, options,
 * addresses, closing. Numbers and eddy's own types in, `-errno` out; it keeps no state. (Not named
 * socket.h, which would hide the system's.)
 *
 * It moves no byte and accepts nobody: that is the drivers'. Functions return 0 (or a descriptor)
 * or -errno. Any thread.
 */
#ifndef EDDY__SOCKETS_H
#define EDDY__SOCKETS_H

#include "eddy/addr.h"

/* A non-blocking, close-on-exec TCP socket of the address's family, TCP_NODELAY set. */
int eddy__socket_stream(const eddy_addr *to);

typedef struct eddy__socket_listen {
    int32_t backlog;
    bool reuse_address;
    bool reuse_port;
    bool nodelay;        /* accepted sockets inherit it */
    signed char only_v6; /* -1: as the system has it */
} eddy__socket_listen;

/* A socket that is bound to `addr` and listens. */
int eddy__socket_listener(const eddy_addr *addr, const eddy__socket_listen *options);

/* Two sockets connected to each other over loopback. Blocks for the connect. */
int eddy__socket_pair(int fds[2]);

/* Check that `fd` is a stream socket that listens or does not, and make it non-blocking and
 * close-on-exec. -EBADF, -ENOTSOCK, -EINVAL. */
int eddy__socket_adopt(int fd, bool listening);

void eddy__socket_close(int fd);

/* Closing it will send a reset. */
int eddy__socket_reset_on_close(int fd);

/* Whether the connection is no more, though the user has not ended his side: it was reset. Leaves
 * the socket's pending error to be read. */
bool eddy__socket_is_reset(int fd);

int eddy__socket_local_addr(int fd, eddy_addr *addr);
int eddy__socket_peer_addr(int fd, eddy_addr *addr);

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
    EDDY__SOCKET_TTL, /* of the socket's family */
} eddy__socket_option;

int eddy__socket_set(int fd, eddy__socket_option option, int value);
int eddy__socket_get(int fd, eddy__socket_option option, int *value);

/* SO_LINGER in seconds; -1: off. */
int eddy__socket_set_linger(int fd, int seconds);
int eddy__socket_linger(int fd, int *seconds);

/* What a failure of accept(2) says about the listener. */
typedef enum eddy__accept_class {
    EDDY__ACCEPT_CONNECTION, /* that one connection had died: go on */
    EDDY__ACCEPT_RESOURCE,   /* out of descriptors or memory: go on later */
    EDDY__ACCEPT_FATAL,      /* the listener itself is broken */
} eddy__accept_class;

eddy__accept_class eddy__socket_accept_class(int error);

#endif
