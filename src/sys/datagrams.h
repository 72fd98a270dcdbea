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

/* Options whose value is one number. */
typedef enum eddy__datagram_option {
    EDDY__DATAGRAM_RECV_BUFFER, /* bytes */
    EDDY__DATAGRAM_SEND_BUFFER,
    EDDY__DATAGRAM_BROADCAST,
    EDDY__DATAGRAM_TTL,            /* of the socket's family: IPv4 TTL, IPv6 unicast hops */
    EDDY__DATAGRAM_TRAFFIC_CLASS,  /* of what is sent: TOS or IPv6 traffic class */
    EDDY__DATAGRAM_MULTICAST_TTL,  /* IPv4 TTL, IPv6 hops */
    EDDY__DATAGRAM_MULTICAST_LOOP, /* own hosts hear it */
    EDDY__DATAGRAM_MULTICAST_IFACE, /* number of the interface that groups are sent by; 0: by route */
    EDDY__DATAGRAM_TELL_LOCAL,      /* received datagrams carry local address and interface */
    EDDY__DATAGRAM_TELL_CLASS,      /* received datagrams carry their traffic class */
    EDDY__DATAGRAM_JOIN_SEGMENTS,   /* UDP_GRO */
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

struct eddy__datagrams {
    /* A non-blocking, close-on-exec socket, bound. */
    int (*bind)(eddy__system *, const eddy_addr *addr, const eddy__datagram_bind *options);
    /* NONE: no longer connected. */
    int (*connect)(eddy__system *, int fd, const eddy_addr *to);
    /* Send `n` >= 1 datagrams, in order: how many were taken (>= 1), or what the first was refused
     * with. Errors that earlier datagrams caused (ICMP) are told to a call of a connected socket once. */
    int (*send)(eddy__system *, int fd, const eddy_datagram *list, uint32_t n);
    /* Receive up to `n` >= 1: how many (>= 1), or an error. */
    int (*recv)(eddy__system *, int fd, eddy_datagram *list, uint32_t n);
    int (*set)(eddy__system *, int fd, eddy__datagram_option option, int value);
    int (*get)(eddy__system *, int fd, eddy__datagram_option option, int *value);
    int (*group)(eddy__system *, int fd, const eddy__datagram_group *group, bool join);
};

/* The kernel's. */
extern const eddy__datagrams eddy__kernel_datagrams;

#endif
