/* SPDX-License-Identifier: MIT */
/*
 * foreign.h - reading and writing descriptors of which nothing is known but that they can be
 * polled. Not the system's table (system.h): they are the kernel's.
 */
#ifndef EDDY__FOREIGN_H
#define EDDY__FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 1: it is non-blocking; 0: it blocks; -errno. */
int eddy__foreign_is_nonblocking(int fd);
/* Does poll(2) say POLLPRI? True also when it fails. */
bool eddy__foreign_has_priority(int fd);
/* Likewise: POLLOUT, or an error that a write would tell? */
bool eddy__foreign_has_room(int fd);
/* read(2), again after EINTR. Bytes, 0 the end, -errno. */
int64_t eddy__foreign_read(int fd, void *memory, size_t len);
/* write(2), again after EINTR, without SIGPIPE. Bytes, or -errno. *no_socket: false at first;
 * remembers what kind it is. */
int64_t eddy__foreign_write(int fd, const void *data, size_t len, bool *no_socket);

#endif
