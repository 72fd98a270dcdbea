/* SPDX-License-Identifier: MIT */
/*
 * plain.h - plain sockets, to be what a driver under test talks with: of the kernel, or of the
 * simulated host that the world's driver runs on. Which one, a test need not know.
 *
 * Numbers of bytes or -errno come back, errno is not used. All sockets are TCP over loopback and
 * non-blocking. What the kernel's loopback delivers within the system call, the simulated network
 * delivers within the verb (plain_arrive): no driver's help is needed for it.
 */
#ifndef EDDY_TEST_PLAIN_H
#define EDDY_TEST_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct world world;

/* Does EDDY_DRIVER ask for the simulated driver? Known before a world is open. */
bool plain_is_simulated(void);

/* Let all that is under way arrive. Nothing to do on the kernel. */
void plain_arrive(world *);

/* A socket that is not connected. */
int plain_socket(world *);
/* A listener of 127.0.0.1; *port 0: any, set to what it became. */
int plain_listen(world *, uint16_t *port, int backlog);
/* A socket that is connected to that port of 127.0.0.1. */
int plain_connect(world *, uint16_t port);
/* The same, whatever comes of it. */
int plain_begin_connect(world *, uint16_t port);
/* A descriptor; -EAGAIN and other errors. */
int plain_accept(world *, int listener);
/* Two sockets that are connected with each other. */
void plain_pair(world *, int fds[2]);
/* The same, of any kind, with fds[0] of that number when nobody has it. */
void plain_pair_as(world *, int fds[2], int number);

int64_t plain_send(world *, int fd, const void *data, size_t len);
int64_t plain_recv(world *, int fd, void *data, size_t max);
/* Bytes that can be read now; more than some thousand may be told as fewer. */
int64_t plain_unread(world *, int fd);
/* Write all of it into a socket that has room for it. */
void plain_write(world *, int fd, const void *data, size_t len);
/* Send no more. 0 or -errno. */
int plain_shutdown(world *, int fd);
void plain_close(world *, int fd);
/* Close with a reset. */
void plain_reset(world *, int fd);
/* Is it non-blocking, and closed in the child of an exec? */
bool plain_is_adoptable(world *, int fd);

/* How many descriptors are open: of this process or of the host. */
int plain_count(world *);
/* From now on no descriptor is free. Returns the limit that was. */
uint64_t plain_forbid_descriptors(world *);
void plain_allow_descriptors(world *, uint64_t limit);

/* How many descriptors this process has open. */
int fd_count(void);

#endif
