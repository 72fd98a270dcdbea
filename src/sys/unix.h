/* SPDX-License-Identifier: MIT */
/*
 * unix.h - what Unix stream sockets ask of the system they live on: one table per system, as
 * system.h. And the kernel's form of their names, for datagram sockets too.
 *
 * A connection is made here and not by the driver: to a Unix socket it either stands at once or
 * fails. What is returned is attached as an accepted stream is. Functions return 0 (or what is said)
 * or -errno; none blocks.
 */
#ifndef EDDY__SYS_UNIX_H
#define EDDY__SYS_UNIX_H

#include "eddy/unix_addr.h"
#include "sys/system.h"

struct sockaddr_storage;
struct eddy_unix_credentials;

typedef struct eddy__unix_listen {
    int32_t backlog;
    int32_t mode;       /* permissions of a path; -1: as the umask says */
    bool replace_stale; /* a path that nobody has any more is no obstacle */
} eddy__unix_listen;

/* What a listener has put into the file system. */
typedef struct eddy__unix_place {
    bool ours;              /* something was made, and was not removed yet */
    uint64_t device, inode; /* with the time of making: which file */
    int64_t made_ns;
    uint32_t fork_generation; /* a child leaves it to its parent */
    eddy_unix_addr addr;
} eddy__unix_place;

struct eddy__unix_sockets {
    /* A non-blocking, close-on-exec stream socket that is connected. -EAGAIN: whoever listens there
     * has no room for one more now; nobody tells when he has. */
    int (*connect)(eddy__system *, const eddy_unix_addr *to);
    /* One that is bound and listens. UNNAMED: the system chooses an abstract name. *place is set for
     * a path. -EADDRINUSE: somebody has the name, or nobody any more and that is not to be replaced. */
    int (*listen)(eddy__system *, const eddy_unix_addr *addr, const eddy__unix_listen *options,
                  eddy__unix_place *place);
    /* Take the path away if it is still what listen() has made. */
    void (*remove)(eddy__system *, eddy__unix_place *place);
    /* 1: it is a socket's path, and nobody has it any more; 0: it is not so. */
    int (*is_stale)(eddy__system *, const eddy_unix_addr *addr);
    /* Two connected ones, non-blocking, close-on-exec. */
    int (*pair)(eddy__system *, int fds[2]);
    /* -EAFNOSUPPORT: no Unix socket; -ENAMETOOLONG: 108 bytes, which only others can bind. */
    int (*local_name)(eddy__system *, int fd, eddy_unix_addr *name);
    int (*peer_name)(eddy__system *, int fd, eddy_unix_addr *name);
    /* Who was at the other end when it was connected. */
    int (*credentials)(eddy__system *, int fd, struct eddy_unix_credentials *out);
};

/* The kernel's. */
extern const eddy__unix_sockets eddy__kernel_unix_sockets;

/* Bind a socket of any type: the half of listen() before it listens; the backlog means nothing. */
int eddy__unix_bind(int fd, const eddy_unix_addr *addr, const eddy__unix_listen *options,
                    eddy__unix_place *place);
/* Write a name as the kernel reads it; returns the length to hand to the kernel. */
uint32_t eddy__unix_sockaddr_from(const eddy_unix_addr *addr, struct sockaddr_storage *storage);
/* Read what the kernel wrote, `size` bytes of it. 0; -EAFNOSUPPORT, -ENAMETOOLONG. */
int eddy__unix_sockaddr_to(const struct sockaddr_storage *storage, uint32_t size,
                           eddy_unix_addr *addr);

#endif
