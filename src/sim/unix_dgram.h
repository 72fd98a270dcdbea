/* SPDX-License-Identifier: MIT */
/*
 * unix_dgram.h - private to sockets.c, tcp.c, udp*.c and unix*.c: Unix sockets of a simulated host that
 * keep messages apart, datagrams (SOCK_DGRAM) and connections of messages (SOCK_SEQPACKET).
 *
 *   unix_dgram.c     making, names, peers, ending, readiness
 *   unix_messages.c  connections: connecting, listening, accepting
 *   unix_dgram_io.c  what is sent and received
 *
 * Such a socket is a mailbox; its name is that of unix.h. As on Linux a letter is in the receiver's
 * mailbox as soon as it is sent, none is lost, and none overtakes another: there is no network
 * between, so that nothing that befalls one befalls them. Until it is taken it fills the buffer of
 * its sender. A receiver who has eleven has no room for more, but for those of his own peer.
 *
 * A peer that has gone is still the peer: a datagram socket finds out when it sends, a connection at
 * once. Descriptors are not passed: one that is in two hands is not simulated.
 */
#ifndef EDDY__SIM_UNIX_DGRAM_H
#define EDDY__SIM_UNIX_DGRAM_H

#include "sim/unix.h"
#include "sys/datagrams_unix.h"

/* A message from its sending until it is taken. */
typedef struct eddy__sim_letter {
    eddy__node in; /* the queue of its receiver */
    eddy__node of_sender;
    struct eddy__sim_mailbox *sender; /* whose buffer it fills; NULL: closed since */
    eddy_unix_addr from;
    bool is_signed; /* who sent it can be told */
    size_t len;
    unsigned char bytes[];
} eddy__sim_letter;

/* What such a socket has that others have not; eddy__sim_socket.mailbox. The socket's state is NEW
 * without a peer, OPEN with one, LISTEN. */
typedef struct eddy__sim_mailbox {
    eddy__sim_socket *socket;
    struct eddy__sim_mailbox *peer; /* NULL: none, or it has gone */
    bool left;                      /* that */
    eddy__node peers;               /* those whose peer this is */
    eddy__node of_peer;             /* in peer->peers */
    eddy__node queue;               /* of letters */
    uint32_t queued;
    eddy__node sent; /* of_sender */
    size_t sent_cost;
    int send_buffer, recv_buffer; /* the second is only kept */
    bool tells_credentials;
} eddy__sim_mailbox;

/* ---- unix_dgram.c ---- */

extern const eddy__unix_datagrams eddy__sim_unix_datagrams;
/* Of a socket that goes; nobody is told. */
void eddy__sim_mailbox_free(eddy__sim_mailbox *);
void eddy__sim_mailbox_close(eddy__sim_socket *);
/* 0; -EINVAL: a connection. */
int eddy__sim_mailbox_disconnect(eddy__sim_socket *);
int eddy__sim_mailbox_peer(const eddy__sim_socket *, eddy_unix_addr *name); /* 0, -ENOTCONN */
uint32_t eddy__sim_mailbox_ready(const eddy__sim_socket *);
void eddy__sim_mailbox_trace(const eddy__sim_socket *, const char *what, int64_t result);
/* Does this one take letters from that one? Not if its peer is somebody else. */
bool eddy__sim_mailbox_hears(const eddy__sim_mailbox *, const eddy__sim_mailbox *from);
/* A name for who tells of credentials and has none: 0, -ENOMEM. */
int eddy__sim_mailbox_autobind(eddy__sim_mailbox *);
/* It has no peer any more. What had come is lost. */
void eddy__sim_mailbox_leave(eddy__sim_mailbox *);

/* Make it one; with a name of that sort. False: no memory. */
bool eddy__sim_mailbox_equip(eddy__sim_socket *, eddy__datagram_sort sort);
/* Each is the other's peer. */
void eddy__sim_mailbox_marry(eddy__sim_socket *a, eddy__sim_socket *b);
/* NULL: there is no such descriptor, or it is none of these; *error says which. */
eddy__sim_socket *eddy__sim_mailbox_find(eddy__system *, int fd, int *error);
/* It goes, and its peers are told. To who was never accepted that is a reset. */
void eddy__sim_mailbox_end(eddy__sim_socket *, bool was_accepted);

/* ---- unix_messages.c ---- */

int eddy__sim_messages_connect(eddy__sim_socket *, const eddy_unix_addr *to);
int eddy__sim_messages_listen(eddy__system *, int fd, int32_t backlog);
int eddy__sim_messages_accept(eddy__system *, int fd);
/* A listener goes: so do those who wait there. */
void eddy__sim_messages_turn_away(eddy__sim_socket *);

/* ---- unix_dgram_io.c ---- */

int eddy__sim_mailbox_send(eddy__system *, int fd, eddy__datagram_sort sort,
                           const eddy_datagram *datagram);
int eddy__sim_mailbox_recv(eddy__system *, int fd, eddy__datagram_sort sort,
                           eddy_datagram *datagram);
/* What has come is lost, and its senders are told of the room. */
void eddy__sim_mailbox_clear(eddy__sim_mailbox *);
/* Has no room for those who are not its peer. */
bool eddy__sim_mailbox_is_full(const eddy__sim_mailbox *);
bool eddy__sim_mailbox_is_writable(const eddy__sim_mailbox *);
void eddy__sim_letter_free(eddy__sim_mailbox *receiver, eddy__sim_letter *);

#endif
