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
        1 << 1, /* more descriptors came than there was room for: the system has
                                          closed the others */
    EDDY_DATAGRAM_TRAFFIC_CLASS = 1 << 2, /* traffic_class is valid; to send: is to be used */
};

struct eddy_passed;

/**
 * One datagram. What is said to be set is set by a receive; all else is the caller's and untouched. A
 * receive that fails sets nothing.
 */
typedef struct eddy_datagram {
    /* Send: the bytes, only read. Receive: memory of `room` bytes; what is behind `len` may change. */
    void *data;
    size_t room; /* receive: bytes at data, may be 0 */
    /* Send: bytes at data, may be 0. Receive, set: bytes that were stored. */
    size_t len;
    /* Receive, set: bytes that it had; more than `len` when it was truncated. */
    size_t full_len;
    /* Send: where to, NONE: the peer it is connected to. Receive, set: where from. */
    eddy_addr peer;
    /* Send: from which address of this machine, NONE: the system's choice; the port does not matter.
       Receive, set: the address that it was sent to (maybe a group's; port 0), NONE unless the socket was
       asked to tell. */
    eddy_addr local;
    /* The same for the number of the network interface; 0: none. */
    uint32_t interface_index;
    /* Send: cut into datagrams of so many bytes; 0: one. Receive, set: it is several of one peer that
       were joined, each of so many bytes but the last, which may have less; 0: it is one. */
    uint16_t segment_bytes;
    uint8_t traffic_class; /* TOS, or the IPv6 traffic class: the lowest two bits are ECN */
    uint8_t flags;         /* EDDY_DATAGRAM_*; receive, set */
    /* Unix sockets. Send: where to, NULL: the peer it is connected to. Receive: NULL, or set to where it
       came from. */
    eddy_unix_addr *name;
    /* Unix sockets: descriptors that go with it, see eddy/unix_dgram.h; NULL: none. */
    struct eddy_passed *passed;
    void *reserved[2]; /* NULL */
} eddy_datagram;

EDDY_EXTERN_C_END

#endif
