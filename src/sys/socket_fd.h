/* SPDX-License-Identifier: MIT */
/*
 * socket_fd.h - the system calls that are alike for sockets of all kinds: options, flags, addresses.
 * For the socket functions of this layer. All return 0 or -errno.
 */
#ifndef EDDY__SOCKET_FD_H
#define EDDY__SOCKET_FD_H

#include "eddy/addr.h"

int eddy__socket_set_int(int fd, int level, int name, int value);
/* Of an option that is a byte, too. */
int eddy__socket_get_int(int fd, int level, int name, int *value);
/* Non-blocking, and closed by exec. */
int eddy__socket_set_flags(int fd);
int eddy__socket_bind(int fd, const eddy_addr *addr);
/* Where it is bound, and to what it is connected; on an error *addr is untouched. */
int eddy__socket_local(int fd, eddy_addr *addr);
int eddy__socket_peer(int fd, eddy_addr *addr);

#endif
