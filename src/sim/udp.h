/* SPDX-License-Identifier: MIT */
/*
 * udp.h - private to sockets.c, links.c and udp*.c: what a simulated datagram socket is besides a
 * socket (tcp.h), what a datagram is, and what these files ask of each other.
 *
 *   udp.c           what a program does with such a socket; the table of a host (sys/datagrams.h)
 *   udp_ports.c     who owns which address and port, and who a datagram is for
 *   udp_options.c   options, groups
 *   udp_send.c      from where to where, and by how many ways
 *   udp_way.c       the way from one host to another, and what may happen there
 *   udp_input.c     what a datagram does where it arrives
 *
 * A datagram is one object from its sending until it is received: it is on a link, then in the queue
 * of a socket, then gone. As long as it has not left its host it fills the buffer of its sender. It
 * is copied for each host and socket of a group.
 *
 * Between two hosts datagrams arrive in the order in which they were sent, as they mostly do; chance
 * loses, doubles and reorders some when faults are on. Within a host it never does. The word that
 * nobody has taken a datagram (ICMP) travels as one, without bytes.
 */
#ifndef EDDY__SIM_UDP_H
#define EDDY__SIM_UDP_H

#include "sim/tcp.h"
#include "sys/datagrams.h"

enum {
    EDDY__SIM_UDP_COST = 768,      /* what Linux counts of a small datagram besides its bytes */
    EDDY__SIM_UDP_MOST = 65507,    /* bytes over IPv4: 65535 less two headers */
    EDDY__SIM_UDP_MOST_V6 = 65527, /* there the first header does not count */
    EDDY__SIM_GROUPS_MAX = 20,     /* of one socket */
};

/* The interfaces of a host, by their numbers. */
enum { EDDY__SIM_LOOPBACK = 1, EDDY__SIM_NETWORK = 2 };

typedef struct eddy__sim_udp_header {
    eddy_addr from, to; /* as they are on the wire */
    uint64_t number;    /* the sender's socket, for the trace */
    uint32_t interface; /* groups: of the way out and in; 0: the host's way */
    uint8_t traffic_class;
    int error; /* not 0: what the datagram that went from `to` to `from` has come to */
    size_t len;
} eddy__sim_udp_header;

typedef struct eddy__sim_datagram {
    eddy__sim_event event;
    eddy__node in; /* on a link, then in the queue of a socket */
    eddy__node of_sender;
    eddy__sim_socket *sender; /* whose buffer it fills; NULL: it has left its host */
    eddy__sim_link *link;
    int64_t arrive_ns;
    bool held; /* until the end of a pause or a stall */
    eddy__sim_udp_header header;
    unsigned char bytes[];
} eddy__sim_datagram;

/* A group that a socket has joined. */
typedef struct eddy__sim_group {
    eddy__node of_socket;
    eddy_addr addr, source; /* source: NONE: any */
    uint32_t interface;
} eddy__sim_group;

/* What a datagram socket has that others have not; eddy__sim_socket.udp. */
typedef struct eddy__sim_udp {
    eddy__sim_socket *socket;
    eddy__node of_host; /* in host->udps, the last that was bound first; alone: not bound */
    eddy_addr bound;    /* what `local` is while it is not connected */
    eddy__node queue;   /* of what has arrived */
    size_t queue_cost;
    eddy__node leaving; /* of_sender: what has not left yet */
    size_t leaving_cost;
    eddy__node groups;
    uint32_t groups_n;
    int options[EDDY__DATAGRAM_OPTIONS];
} eddy__sim_udp;

/* What a datagram counts against a buffer. */
static inline size_t eddy__sim_udp_cost(size_t len)
{
    return len + EDDY__SIM_UDP_COST;
}

/* ---- udp.c ---- */

extern const eddy__datagrams eddy__sim_datagrams;
/* Of a socket that goes. */
void eddy__sim_udp_free(eddy__sim_udp *);
void eddy__sim_udp_close(eddy__sim_socket *);
uint32_t eddy__sim_udp_ready(const eddy__sim_socket *);
void eddy__sim_udp_trace(const eddy__sim_socket *, const char *what, int64_t result);

/* ---- udp_ports.c ---- */

/* 0, -EADDRNOTAVAIL, -EADDRINUSE. */
int eddy__sim_udp_bind(eddy__sim_socket *, const eddy_addr *addr);
/* A port for who has none: 0 or -EAGAIN, as Linux says when all are taken. */
int eddy__sim_udp_autobind(eddy__sim_socket *);
/* Who it is for; NULL: nobody. */
eddy__sim_socket *eddy__sim_udp_find(const eddy__sim_host *, const eddy__sim_udp_header *);
/* It is for many: is it for this one, too? */
bool eddy__sim_udp_hears(const eddy__sim_socket *, const eddy__sim_udp_header *);

/* ---- udp_options.c ---- */

void eddy__sim_udp_options_init(eddy__sim_udp *);
int eddy__sim_udp_set(eddy__system *, int fd, eddy__datagram_option option, int value);
int eddy__sim_udp_get(eddy__system *, int fd, eddy__datagram_option option, int *value);
int eddy__sim_udp_group(eddy__system *, int fd, const eddy__datagram_group *group, bool join);
void eddy__sim_udp_groups_free(eddy__sim_udp *);
/* Has it joined the group that this is for, and wants this sender? */
bool eddy__sim_udp_joined(const eddy__sim_udp *, const eddy__sim_udp_header *);

/* ---- udp_send.c ---- */

/* The address on the wire: 0; -EAFNOSUPPORT, -ENETUNREACH, or -EACCES: everybody may not be
 * spoken to. */
int eddy__sim_udp_target(const eddy__sim_socket *, const eddy_addr *to, eddy_addr *wire);
/* Where what goes there comes from: `own`, or if that is of every address, the one of the way. 0,
 * -EINVAL, -ENETUNREACH. */
int eddy__sim_udp_source(const eddy__sim_socket *, const eddy_addr *own,
                         const eddy__sim_udp_header *to, eddy_addr *from);
int eddy__sim_udp_send(eddy__system *, int fd, const eddy_datagram *list, uint32_t n, int *later);

/* ---- udp_way.c ---- */

/* `sender`: whose buffer it fills until it has left; NULL: nobody's. */
void eddy__sim_datagram_send(eddy__sim_link *, const eddy__sim_udp_header *header,
                             const void *bytes, eddy__sim_socket *sender);
void eddy__sim_datagram_free(const eddy_allocator *, eddy__sim_datagram *);
/* What is on a link, at the end of the room. */
void eddy__sim_datagrams_free(eddy__sim_link *);
/* What was held goes on. */
void eddy__sim_datagrams_let_go(eddy__sim_link *);
/* The sender's descriptor is closed: what has not left does so all the same. */
void eddy__sim_datagrams_disown(eddy__sim_udp *);

/* ---- udp_input.c ---- */

/* It has arrived, and is the callee's. */
void eddy__sim_udp_input(eddy__sim_host *, eddy__sim_datagram *);
int eddy__sim_udp_recv(eddy__system *, int fd, eddy_datagram *list, uint32_t n);

#endif
