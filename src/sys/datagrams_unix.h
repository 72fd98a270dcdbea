/* SPDX-License-Identifier: MIT */
/*
 * datagrams_unix.h - what Unix datagram sockets ask of the system they live on, beside datagrams.h: one
 * table per system. Names, paths and who is at the other end are those of sys/unix.h. Functions return 0
 * (or what is said) or -errno; none blocks.
 */
#ifndef EDDY__DATAGRAMS_UNIX_H
#define EDDY__DATAGRAMS_UNIX_H

#include "sys/datagrams.h"
#include "sys/unix.h"

struct eddy__unix_datagrams {
    /* A non-blocking, close-on-exec socket without a name: the descriptor. */
    int (*open)(eddy__system *, eddy__datagram_sort sort);
    int (*pair)(eddy__system *, eddy__datagram_sort sort, int fds[2]);
    /* As eddy__unix_bind(). */
    int (*bind)(eddy__system *, int fd, const eddy_unix_addr *name,
                const eddy__unix_listen *options, eddy__unix_place *place);
    int (*listen)(eddy__system *, int fd, int32_t backlog);
    /* The next one, non-blocking, close-on-exec: the descriptor. */
    int (*accept)(eddy__system *, int fd);
    /* -EAGAIN: who listens there has no room for one more now; nobody tells when he has. */
    int (*connect)(eddy__system *, int fd, const eddy_unix_addr *to);
    /* Received datagrams carry who sent them. */
    int (*tell_credentials)(eddy__system *, int fd, bool on);
    /* A message of no bytes can be told from the end: to be called once for a SEQPACKET socket. */
    int (*tell_end)(eddy__system *, int fd);
    /* Bytes that were taken: all of them, but on a STREAM. */
    int (*send)(eddy__system *, int fd, eddy__datagram_sort sort, const eddy_datagram *datagram);
    /* 0, or EDDY_CLOSED at the end of what has one. */
    int (*recv)(eddy__system *, int fd, eddy__datagram_sort sort, eddy_datagram *datagram);
    /* Is it worth trying to send, now? If not, it is told when it is. NULL: a socket that is told to be
     * writable is. */
    bool (*has_room)(eddy__system *, int fd);
};

/* The kernel's. */
extern const eddy__unix_datagrams eddy__kernel_unix_datagrams;

#endif
