/* SPDX-License-Identifier: MIT */
/*
 * unix.h - private to tcp*.c, sockets.c, unix.c and unix_dgram*.c: the names of a simulated host, and
 * its Unix stream sockets. They are connections of its loopback (tcp.h) that are found by names
 * instead of ports. Those that keep messages apart: unix_dgram.h.
 *
 * What is different from TCP, as on Linux: connecting stands at once or fails; there is no reset, who
 * closes says so with his end (EDDY__SIM_GONE), and from then on his peer can send no more; when he
 * has left something unread, that is an error to the peer, behind all that he had sent.
 *
 * A path is a file: it is there until it is removed, whoever lives, and stays when its host crashes.
 * There are no folders and no permissions. An abstract name goes with its socket, and each of the
 * three types of sockets has abstract names of its own.
 */
#ifndef EDDY__SIM_UNIX_H
#define EDDY__SIM_UNIX_H

#include "eddy/unix_addr.h"
#include "sim/tcp.h"
#include "sys/datagrams.h"
#include "sys/unix.h"

/* What a Unix socket has that others have not; eddy__sim_socket.named. */
typedef struct eddy__sim_named {
    eddy__datagram_sort sort; /* EDDY__DATAGRAM_STREAM: what this file is about */
    eddy_unix_addr local, peer;
    bool knows_nobody; /* of whom is at the other end */
    bool left_unread;  /* closed with bytes unread, or some came since */
    bool gone;         /* the peer has closed */
    bool was_told;     /* that it had left something unread */
} eddy__sim_named;

extern const eddy__unix_sockets eddy__sim_unix_sockets;

/* Make it a Unix socket of that sort. False: no memory. */
bool eddy__sim_named_equip(eddy__sim_socket *, eddy__datagram_sort sort);
/* Give a socket its name, UNNAMED: one that is chosen. 0, -EADDRINUSE, -ENOMEM. */
int eddy__sim_named_bind(eddy__sim_socket *, const eddy_unix_addr *addr, bool replace_stale,
                         eddy__unix_place *place);
/* Whose name it is, for a socket of the same sort. 0, -ENOENT, -ECONNREFUSED, -EPROTOTYPE. */
int eddy__sim_named_find(const eddy__sim_socket *, const eddy_unix_addr *addr,
                         eddy__sim_socket **out);
/* The names of a host: made and ended with it. */
void eddy__sim_names_init(eddy__sim_host *);
void eddy__sim_names_free(eddy__sim_host *);
/* Of a socket that goes: its abstract name goes, too, its path stays behind. */
void eddy__sim_named_free(eddy__sim_socket *);
/* A closed socket's segment says that it is closed. */
void eddy__sim_named_mark(const eddy__sim_socket *, eddy__sim_header *);
/* Heed what a segment says so, when all before it has arrived. */
void eddy__sim_named_heed(eddy__sim_socket *, const eddy__sim_header *);
/* Do Unix sockets have this option? */
bool eddy__sim_named_has(eddy__socket_option option);

#endif
