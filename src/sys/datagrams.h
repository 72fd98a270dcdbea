/* SPDX-License-Identifier: MIT */
/*
 * datagrams.h - what a datagram socket asks of the system it lives on: one table per system, as
 * system.h. Nothing here blocks: -EAGAIN says that the socket is not readable, or not writable, and
 * the driver tells by EDDY__READY when it is again. Functions return 0 (or what is said) or -errno.
 */
#ifndef EDDY__DATAGRAMS_H
#define EDDY__DATAGRAMS_H

#include "eddy/datagram.h"
#include "sys/system.h"

/* What kind of socket an eddy_dgram stands on. */
typedef enum eddy__datagram_sort {
    EDDY__DATAGRAM_IP,        /* UDP */
    EDDY__DATAGRAM_UNIX,      /* SOCK_DGRAM */
    EDDY__DATAGRAM_SEQPACKET, /* Unix, connected: it has an end */
    EDDY__DATAGRAM_STREAM, /* Unix, for the sake of passing descriptors: what is sent together may
                                 come apart, and has an end, too */
} eddy__datagram_sort;

/* Options whose value is one number. */
typedef enum eddy__datagram_option {
    EDDY__DATAGRAM_RECV_BUFFER, /* bytes */
    EDDY__DATAGRAM_SEND_BUFFER,
    EDDY__DATAGRAM_BROADCAST,
    EDDY__DATAGRAM_TTL,             /* of the socket's family: IPv4 TTL, IPv6 unicast hops */
    EDDY__DATAGRAM_TRAFFIC_CLASS,   /* of what is sent: TOS or IPv6 traffic class */
    EDDY__DATAGRAM_MULTICAST_TTL,   /* IPv4 TTL, IPv6 hops */
    EDDY__DATAGRAM_MULTICAST_LOOP,  /* own hosts hear it */
    EDDY__DATAGRAM_MULTICAST_IFACE, /* set only: number of the interface that groups are sent by; 0:
                                       by route */
    EDDY__DATAGRAM_TELL_LOCAL,      /* received datagrams carry local address and interface */
    EDDY__DATAGRAM_TELL_CLASS,      /* received datagrams carry their traffic class */
    EDDY__DATAGRAM_JOIN_SEGMENTS,   /* UDP_GRO */
    EDDY__DATAGRAM_ONLY_V6,         /* this and the next: get only */
    EDDY__DATAGRAM_REUSE_ADDRESS,
    EDDY__DATAGRAM_REUSE_PORT,
    EDDY__DATAGRAM_OPTIONS
} eddy__datagram_option;

typedef struct eddy__datagram_bind {
    bool reuse_address;
    bool reuse_port;
    signed char only_v6; /* -1: as the system has it */
} eddy__datagram_bind;

/* A group to join or leave. */
typedef struct eddy__datagram_group {
    eddy_addr group;
    eddy_addr source;         /* hear this sender alone; NONE: any */
    uint32_t interface_index; /* 0: by route */
} eddy__datagram_group;

typedef struct eddy__unix_datagrams eddy__unix_datagrams; /* datagrams_unix.h */

/* Most datagrams of one call. */
#define EDDY__DATAGRAMS_AT_ONCE 32

struct eddy__datagrams {
    /* A non-blocking, close-on-exec socket of the address's family, not bound: the descriptor. */
    int (*open)(eddy__system *, const eddy_addr *of);
    int (*bind)(eddy__system *, int fd, const eddy_addr *addr, const eddy__datagram_bind *options);
    /* Make somebody's socket non-blocking and close-on-exec, and tell its sort. -EINVAL: of none. */
    int (*adopt)(eddy__system *, int fd, eddy__datagram_sort *sort);
    /* NONE: no longer connected; its own port stays. */
    int (*connect)(eddy__system *, int fd, const eddy_addr *to);
    /* Send `n` (1..EDDY__DATAGRAMS_AT_ONCE) datagrams, in order: how many were taken (>= 1), or what the first was refused
     * with. Errors that earlier datagrams caused (ICMP) are told to a call of a connected socket once;
     * `later`: NULL when it is not connected, else set to such an error if the system has used it up
     * in a call that gives how many: it is to be told by the next. */
    int (*send)(eddy__system *, int fd, const eddy_datagram *list, uint32_t n, int *later);
    /* Receive up to `n` of the same: how many (>= 1), or an error. */
    int (*recv)(eddy__system *, int fd, eddy_datagram *list, uint32_t n);
    int (*set)(eddy__system *, int fd, eddy__datagram_option option, int value);
    int (*get)(eddy__system *, int fd, eddy__datagram_option option, int *value);
    int (*group)(eddy__system *, int fd, const eddy__datagram_group *group, bool join);
    const eddy__unix_datagrams *unix_names; /* NULL: there are no Unix sockets */
};

/* The kernel's. */
extern const eddy__datagrams eddy__kernel_datagrams;

#endif
