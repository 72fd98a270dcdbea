/* SPDX-License-Identifier: MIT */
/*
 * eddy/datagram.h - one datagram, to be sent or received: what eddy/dgram.h moves, one or many at a call.
 */
#ifndef EDDY_DATAGRAM_H
#define EDDY_DATAGRAM_H

#include "eddy/addr.h"
#include "eddy/unix_addr.h"

EDDY_EXTERN_C_BEGIN

/** eddy_datagram.flags */
enum {
    EDDY_DATAGRAM_TRUNCATED = 1 << 0, /* it did not fit into `room`: the rest is lost */
    EDDY_DATAGRAM_PASSED_CUT =
        1 << 1, /* more descriptors came than there was room for: those were closed */
    EDDY_DATAGRAM_TRAFFIC_CLASS = 1 << 2, /* traffic_class is valid; to send: is to be used */
};

struct eddy_passed;

/** One datagram. What is said to be set is set by a receive; all else is the caller's and untouched. */
typedef struct eddy_datagram {
    void *data;      /* send: the bytes, only read; receive: memory of `room` bytes */
    size_t room;     /* receive: bytes at data */
    size_t len;      /* send: bytes at data, may be 0; receive, set: bytes that were stored */
    size_t full_len; /* receive, set: bytes that it had; more than `len` when it was truncated */
    eddy_addr
        peer; /* send: where to, NONE: the peer it is connected to; receive, set: where from */
    eddy_addr
        local; /* send: from which address of this machine, NONE: the system's choice; receive, set:
                        the address it was sent to (port 0), NONE unless the socket was asked to tell */
    uint32_t interface_index; /* the same, the number of the network interface; 0: none */
    uint16_t
        segment_bytes; /* send: cut into datagrams of so many bytes, 0: one (UDP_SEGMENT). receive, set:
                               several of one peer were joined, each of so many bytes but the last; 0: one */
    uint8_t traffic_class; /* TOS, or the IPv6 traffic class: the lowest two bits are ECN */
    uint8_t flags;         /* EDDY_DATAGRAM_* */
    eddy_unix_addr
        *name; /* Unix sockets: send: where to, NULL: the connected peer; receive: set, unless
                              NULL, to where it came from */
    struct eddy_passed
        *passed; /* Unix sockets: descriptors that go with it, see eddy/unix_dgram.h; NULL: none */
    void *reserved[2]; /* NULL */
} eddy_datagram;

EDDY_EXTERN_C_END

#endif
