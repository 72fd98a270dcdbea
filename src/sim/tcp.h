/* SPDX-License-Identifier: MIT */
/*
 * tcp.h - private to sockets.c, tcp*.c and udp*.c: what a simulated socket is, and what these files ask of
 * each other. Everybody else goes by sim.h.
 *
 *   sockets.c       descriptors and the table of a host
 *   tcp_options.c   options
 *   tcp_ports.c     who owns which address and port
 *   tcp.c           what a program does with a connection, and what it sees of it
 *   tcp_listen.c    those who knock: from the first segment until they are accepted
 *   tcp_connect.c   the other side of that
 *   tcp_input.c     what a segment does where it arrives
 *   tcp_output.c    what is sent when, and sent again
 *   tcp_segment.c   the way from one host to another, and what may happen there
 *   tcp_ring.c      a buffer
 *
 * It is TCP in small: segments carry the number of a byte, an acknowledgement and how far the
 * receiver has room. What arrives out of order is dropped and sent again. A segment also carries
 * the number of its conversation (that of the connector's socket), in place of initial sequence
 * numbers: a segment of an older conversation between the same two ports is known by it.
 *
 * Nobody frees a socket but eddy__sim_tcp_settle(), which the outermost function of an event or of
 * a program's call uses last.
 */
#ifndef EDDY__SIM_TCP_H
#define EDDY__SIM_TCP_H

#include "sim/sim.h"

enum {
    EDDY__SIM_SEGMENT_BYTES = 16 * 1024,
    EDDY__SIM_BUFFER_BYTES = 64 * 1024,
    EDDY__SIM_RTO_TRIES = 15, /* sent again so often: 924.6 s */
    EDDY__SIM_SYN_TRIES = 6,  /* 127 s */
    EDDY__SIM_SYN_ACK_TRIES = 5,
};

#define EDDY__SIM_RTO_MIN_NS (200 * EDDY_MILLISECOND)
#define EDDY__SIM_RTO_MAX_NS (120 * EDDY_SECOND)
/* How long a closed connection answers a last segment, and one that nobody reads any more waits for
 * its peer's end. */
#define EDDY__SIM_LINGER_NS  (60 * EDDY_SECOND)

/* ---- tcp_ring.c ---- */

/* Bytes, first in, first out. Grows as needed, has no memory while it is empty. */
typedef struct eddy__sim_ring {
    unsigned char *bytes;
    size_t size, first, used;
} eddy__sim_ring;

/* 0 or -ENOMEM, then nothing has changed. */
int eddy__sim_ring_put(eddy__sim_ring *, const eddy_allocator *, const void *data, size_t len);
/* Copy without taking; `offset` + `len` is at most `used`. */
void eddy__sim_ring_copy(const eddy__sim_ring *, size_t offset, void *memory, size_t len);
void eddy__sim_ring_drop(eddy__sim_ring *, const eddy_allocator *, size_t len);
void eddy__sim_ring_free(eddy__sim_ring *, const eddy_allocator *);

/* ---- sockets ---- */

typedef enum eddy__sim_tcp_state {
    EDDY__SIM_TCP_NEW,
    EDDY__SIM_TCP_LISTEN,
    EDDY__SIM_TCP_SYN_SENT,
    EDDY__SIM_TCP_SYN_RECEIVED,
    EDDY__SIM_TCP_OPEN,      /* until both ends have come through: see the fin_ flags */
    EDDY__SIM_TCP_TIME_WAIT, /* as CLOSED to the program; still answers */
    EDDY__SIM_TCP_CLOSED,
} eddy__sim_tcp_state;

struct eddy__sim_socket {
    eddy__sim_host *host;
    eddy__node of_host; /* in host->sockets */
    int fd;             /* -1: the program has none (any more) */
    eddy__sim_tcp_state state;
    eddy__sim_watcher *watcher;
    int error; /* SO_ERROR: 0 or -errno */
    int options[EDDY__SOCKET_OPTIONS];
    bool ipv6; /* sees IPv4 addresses as ::ffff:a.b.c.d */
    bool reuse_address, reuse_port;
    /* tcp_ports.c; IPv4 addresses are plain ones here */
    eddy_addr local, remote;
    struct eddy__sim_socket *next_in_ports;
    bool in_ports;
    /* A listener, and those who wait for accept. In TIME_WAIT the node is in host->time_waits. */
    eddy__node queue, in_queue;
    uint32_t queued, backlog;
    struct eddy__sim_socket *listener; /* of one that was not accepted yet */
    /* The connection */
    uint64_t conversation;
    eddy__sim_link *link, *back; /* to the peer's host, and from it; NULL: no such host */
    int64_t arrive_ns;           /* of the last segment that was sent */
    int fate;                    /* how connecting will fail by chance or for want of a host */
    /* sending: una <= nxt; out holds the bytes from una on */
    eddy__sim_ring out;
    uint64_t una, nxt;
    uint64_t top;  /* the highest nxt so far */
    uint64_t edge; /* the peer has room up to here */
    bool fin_wanted, fin_acked;
    /* receiving */
    eddy__sim_ring in;
    uint64_t rcv_nxt, rcv_edge;
    bool fin_received;
    bool active; /* our end went first */
    bool over;   /* reset, failed or ended: nothing goes either way */
    /* the timer: connecting, sending again, probing, lingering */
    eddy__sim_event timer;
    uint32_t retries; /* in a row without an answer */
    uint32_t backoff;
    bool put_off;                  /* the timer waits for the end of a pause */
    bool probing;                  /* the timer is to ask the peer whether it has room */
    bool doubt;                    /* what the peer has said of its room may have got lost */
    bool forgotten;                /* by chance: what comes for it is a stranger's to its host */
    bool lost;                     /* bytes or the end have not come through */
    struct eddy__sim_named *named; /* unix.h; NULL: no Unix socket */
    struct eddy__sim_udp *udp; /* udp.h; NULL: no datagram socket. Then nothing of the connection is
                                  used, but `conversation`: its number for the trace */
    struct eddy__sim_mailbox
        *mailbox; /* unix_dgram.h; NULL: no Unix socket that keeps messages apart.
                                          Then likewise, but for the queue of a listener */
};

/* NULL: no memory. Without a descriptor. */
eddy__sim_socket *eddy__sim_socket_new(eddy__sim_host *, bool ipv6);
void eddy__sim_socket_free(eddy__sim_socket *);
/* NULL: there is none. */
eddy__sim_socket *eddy__sim_socket_of(const eddy__sim_host *, int fd);
/* Give it the lowest free number: that, -EMFILE or -ENOMEM. */
int eddy__sim_fd_open(eddy__sim_socket *);
void eddy__sim_fd_close(eddy__sim_socket *);
/* 0, or why no descriptor can be opened. */
int eddy__sim_fd_check(const eddy__sim_host *);
/* With a descriptor; NULL: *error says why. */
eddy__sim_socket *eddy__sim_socket_open(eddy__sim_host *, bool ipv6, int *error);
/* One that never was anything, or is nothing any more: close and free it. */
void eddy__sim_socket_undo(eddy__sim_socket *);
eddy__sim_host *eddy__sim_host_of(eddy__system *);
/* The watcher is told. */
void eddy__sim_tell(eddy__sim_socket *);
void eddy__sim_tcp_trace(const eddy__sim_socket *, const char *what, int64_t result);

/* ---- tcp_options.c ---- */

void eddy__sim_options_init(eddy__sim_socket *);
int eddy__sim_option_set(eddy__system *, int fd, eddy__socket_option option, int value);
int eddy__sim_option_get(eddy__system *, int fd, eddy__socket_option option, int *value);

/* ---- tcp_ports.c ---- */

/* An IPv4 address within an IPv6 one is taken out of it; a program of an IPv6 socket sees it within. */
eddy_addr eddy__sim_addr_shown(const eddy__sim_socket *, const eddy_addr *addr);
/* By its addresses: 0 or -ENOMEM. */
int eddy__sim_ports_add(eddy__sim_socket *);
void eddy__sim_ports_remove(eddy__sim_socket *);
void eddy__sim_ports_free(eddy__sim_host *);
/* The connection between these two; NULL: none. */
eddy__sim_socket *eddy__sim_ports_find(const eddy__sim_host *, const eddy_addr *local,
                                       const eddy_addr *remote);
/* Who listens there; of several the one that is for this remote. */
eddy__sim_socket *eddy__sim_ports_listener(const eddy__sim_host *, const eddy_addr *local,
                                           const eddy_addr *remote);
/* Set local.port for a connection: 0 or -EADDRNOTAVAIL. */
int eddy__sim_ports_choose(eddy__sim_socket *);
/* Set local for a listener: 0, -EADDRNOTAVAIL, -EADDRINUSE. */
int eddy__sim_ports_bind(eddy__sim_socket *, const eddy_addr *addr);
/* One that a socket of the host can be bound to. */
bool eddy__sim_ports_is_of_host(const eddy__sim_host *, const eddy_addr *wire);
/* Whether some address is of both. */
bool eddy__sim_ports_overlap(const eddy__sim_socket *a, const eddy__sim_socket *b);
/* Which of several is for this remote. */
uint32_t eddy__sim_ports_hash(const eddy_addr *remote);

/* ---- tcp.c ---- */

/* The connection is no more; error 0: in good order. */
void eddy__sim_tcp_over(eddy__sim_socket *, int error);
/* A reset has come. */
void eddy__sim_tcp_was_reset(eddy__sim_socket *);
/* Both ends may be through. */
void eddy__sim_tcp_ends(eddy__sim_socket *);
/* The program has no descriptor any more. */
void eddy__sim_tcp_close(eddy__sim_socket *);
/* Free it if nobody will look for it. */
void eddy__sim_tcp_settle(eddy__sim_socket *);
/* To its host, what comes for it is a stranger's from now on. */
void eddy__sim_tcp_forget(eddy__sim_socket *);
bool eddy__sim_tcp_is_reset(const eddy__sim_socket *);
/* Neither end knows of a way; both are open at once. 0 or -errno. */
int eddy__sim_tcp_marry(eddy__sim_socket *a, eddy__sim_socket *b);

/* ---- segments ---- */

enum {
    EDDY__SIM_SYN = 1 << 0,
    EDDY__SIM_ACK = 1 << 1,
    EDDY__SIM_FIN = 1 << 2,
    EDDY__SIM_RST = 1 << 3,
    EDDY__SIM_PROBE = 1 << 4, /* asks for an acknowledgement */
    EDDY__SIM_GONE = 1 << 5,  /* Unix: the sender is closed */
};

typedef struct eddy__sim_header {
    eddy_addr from, to;
    uint64_t conversation, seq, ack, edge;
    unsigned flags;
    int error; /* of a reset: what connecting fails with; 0: -ECONNREFUSED. Of one that is gone: what
                  that is to its peer; 0: an end */
    size_t len;
} eddy__sim_header;

typedef struct eddy__sim_segment {
    eddy__sim_event event;
    eddy__node on_link;
    bool held; /* until the end of a pause or a stall */
    eddy__sim_link *link;
    eddy__sim_header header;
    unsigned char bytes[];
} eddy__sim_segment;

/* ---- tcp_listen.c ---- */

/* It has its place, and listens from now on. */
void eddy__sim_tcp_listen(eddy__sim_socket *, int32_t backlog);
/* No room for one more to be accepted. */
bool eddy__sim_tcp_is_full(const eddy__sim_socket *listener);
/* A connection that stands waits to be accepted. */
void eddy__sim_tcp_queue(eddy__sim_socket *listener, eddy__sim_socket *child);
/* A first segment, for nobody that is connected. */
void eddy__sim_tcp_knock(eddy__sim_host *, const eddy__sim_segment *);
/* The third segment has come: false when there is no room in the queue. */
bool eddy__sim_tcp_establish(eddy__sim_socket *child);
void eddy__sim_tcp_syn_ack(eddy__sim_socket *child);
void eddy__sim_tcp_syn_ack_timer(eddy__sim_socket *child);
void eddy__sim_tcp_stop_listening(eddy__sim_socket *);

/* ---- tcp_connect.c ---- */

/* The ways between the two addresses: 0 or -ENOMEM. */
int eddy__sim_tcp_link(eddy__sim_socket *, eddy__sim_host *peer);
void eddy__sim_tcp_connect_timer(eddy__sim_socket *);

/* ---- tcp_input.c ---- */

void eddy__sim_tcp_input(eddy__sim_host *, const eddy__sim_segment *);
/* It was not taken: its sender, if it is there, will have to send more than it again. */
void eddy__sim_tcp_dropped(const eddy__sim_host *from, const eddy__sim_header *);

/* ---- tcp_output.c ---- */

/* Send what may be sent, and see to the timer. */
void eddy__sim_tcp_push(eddy__sim_socket *);
/* Everything up to `ack` has arrived, the peer has room up to `edge`. */
void eddy__sim_tcp_acked(eddy__sim_socket *, uint64_t ack, uint64_t edge);
/* Move the edge of the own room: true when the peer should hear of it. */
bool eddy__sim_tcp_open_window(eddy__sim_socket *);
void eddy__sim_tcp_ack(eddy__sim_socket *);
void eddy__sim_tcp_reset_peer(eddy__sim_socket *);
/* Of a segment without bytes: flags are EDDY__SIM_SYN, .... */
void eddy__sim_tcp_send_flags(eddy__sim_socket *, unsigned flags);
void eddy__sim_tcp_set_timer(eddy__sim_socket *, int64_t at_ns, bool upkeep);
void eddy__sim_tcp_timer(eddy__sim_event *);
/* A word of the peer's has got lost. */
void eddy__sim_tcp_doubt(eddy__sim_socket *);
size_t eddy__sim_tcp_room(const eddy__sim_socket *);

/* ---- tcp_segment.c ---- */

/* Of a socket: its bytes from `header.seq` on. Sets arrive_ns. */
void eddy__sim_segment_send(eddy__sim_socket *, eddy__sim_header *header);
/* Of nobody: the answer to a segment for nobody. */
void eddy__sim_segment_answer(const eddy__sim_segment *, int error);
/* What is on a link, at the end of the room. */
void eddy__sim_segments_free(eddy__sim_link *);

#endif
