/* SPDX-License-Identifier: MIT */
/*
 * sim.h - a simulated machine room: hosts with addresses, clocks and sockets, a network between
 * them, one agenda of what will happen, and dice. What src/sys is for the real system, this is for
 * a simulated one; it knows nothing of drivers, loops and tasks.
 *
 *   sim.c       the room: life, time, hosts, processors, who is told of a wake
 *   agenda.c    what will happen, in the order of time
 *   dice.c      what is left to chance, counted, by name, from the seed
 *   trace.c     the timeline and its hash
 *   links.c     how long a segment takes from one host to another, and whether it arrives
 *   sockets.c   descriptors, binding, listening, options, addresses: eddy__system of a host
 *   tcp*.c      connections: what travels, and what it does at the other end (see tcp.h)
 *   udp*.c      datagrams, the same (see udp.h)
 *   unix.c      names of a host, and connections that are found by them (see unix.h)
 *   unix_dgram*.c, unix_messages.c  Unix datagrams, connections of messages (see unix_dgram.h)
 *
 * All of one room is of one thread, but for eddy__sim_wake(), which asserts just that.
 * Times are the room's nanoseconds unless a name says "local".
 */
#ifndef EDDY__SIM_H
#define EDDY__SIM_H

#include "base/list.h"
#include "eddy/alloc.h"
#include "eddy/sim.h"
#include "sys/sockets.h"
#include "sys/system.h"
#include "sys/thread.h"

typedef struct eddy__sim eddy__sim;
typedef struct eddy__sim_host eddy__sim_host;
typedef struct eddy__sim_socket eddy__sim_socket;

/* ---- the agenda ---- */

/* Something that will happen. Zero it, set `happen`, then eddy__sim_at(). Embedded in its object. */
#define EDDY__SIM_END_NS (EDDY_FOREVER / 4) /* a room's time ends here, after 73 years */

typedef struct eddy__sim_event {
    int64_t at_ns;
    uint64_t order; /* of two at the same time: the one that was put in first */
    uint32_t place; /* in the heap, from 1; 0: not in the agenda */
    bool upkeep;    /* does not count as "something can still happen": keeps no deadlock away. Nor
                       does what is due after the end of time */
    bool counted;   /* it is in agenda_real */
    void (*happen)(struct eddy__sim_event *self);
} eddy__sim_event;

/* ---- processors: one per loop ---- */

/* Where a loop runs. Stays until the loop's inbox has gone, which may be after the loop. */
typedef struct eddy__sim_cpu {
    eddy__sim *sim;
    eddy__sim_host *host; /* NULL once the loop is gone */
    bool woken;           /* by a remote, a waker or something for its driver since the last look */
    uint32_t refs;
} eddy__sim_cpu;

/* ---- the room ---- */

typedef struct eddy__sim_options {
    uint64_t seed;
    bool calm;   /* no chance at all */
    bool faults; /* faults too, at their default odds */
    const eddy_allocator *allocator;
    void (*trace)(void *arg, const char *line);
    void *trace_arg;
} eddy__sim_options;

typedef struct eddy__sim_chance {
    uint32_t ppm;
    uint32_t keep_n; /* of `keep`; UINT32_MAX: all may happen */
    uint64_t *keep;  /* the occasions that may happen, of a list in EDDY_CHAOS */
    uint64_t rolls;  /* occasions so far */
    uint64_t draws;  /* numbers drawn for the details of the last one */
    uint64_t happened;
} eddy__sim_chance;

struct eddy__sim {
    const eddy_allocator *allocator;
    eddy_allocator allocator_copy;
    eddy__thread thread; /* the only one that may touch it */
    uint32_t refs;       /* whoever made it, and each processor */
    uint64_t seed;
    int64_t now_ns;
    bool healed;              /* eddy_world_heal(): no faults by chance any more */
    eddy__sim_event **agenda; /* a heap */
    uint32_t agenda_n, agenda_size;
    uint32_t agenda_real; /* of these, not upkeep */
    uint64_t order;       /* of the last event put in */
    uint64_t socket_ids;  /* numbers of sockets and connections, for the trace */
    eddy__node hosts;
    eddy__sim_chance chances[EDDY_CHAOS_COUNT + 1]; /* the last: the program's own numbers */
    /* trace.c */
    uint64_t hash;
    bool traced; /* lines are wanted; the hash is always kept */
    void (*trace)(void *arg, const char *line);
    void *trace_arg;
    /* The world's: make some other loop of the room run until it has nothing to do at this moment.
     * True: one did something. NULL: there is nobody but the one that asks. */
    bool (*run_others)(void *arg, const eddy__sim_cpu *asking);
    /* When the first timer of another loop is due, EDDY_FOREVER: never. */
    int64_t (*others_due)(void *arg, const eddy__sim_cpu *asking);
    /* A fault by chance that only the world can carry out: a crash or a pause. It is told in the
     * middle of sending: to be noted and carried out later, when nothing of the room runs. */
    void (*strike)(void *arg, eddy__sim_host *host, eddy_chaos chaos);
    void *world;
};

/* 0 or -ENOMEM. EDDY_CHAOS in the environment limits what may happen by chance. */
int eddy__sim_new(const eddy__sim_options *options, eddy__sim **out);
void eddy__sim_retain(eddy__sim *);
/* The last reference ends it: hosts, sockets, what is under way. */
void eddy__sim_release(eddy__sim *);
/* The room of this thread's loops that were asked for by the name "sim" alone, made by the first
 * and gone with the last: seed from EDDY_SEED, calm unless that is set. One host, "localhost",
 * 10.0.0.1. NULL: no memory. The caller gets a reference. */
eddy__sim *eddy__sim_default(void);

/* Put it into the agenda, or move it there. Never fails for an event that was reserved for:
 * -ENOMEM else (nothing happened). */
int eddy__sim_at(eddy__sim *, eddy__sim_event *, int64_t at_ns);
void eddy__sim_cancel(eddy__sim *, eddy__sim_event *);
/* Let the next thing happen, at the latest at `until_ns` (EDDY_FOREVER): another loop's turn at
 * this moment, else the earliest event, else time jumps to until_ns. `asking`: the processor that
 * waits, NULL: none. False: nothing will ever happen (and until_ns is EDDY_FOREVER). */
bool eddy__sim_step(eddy__sim *, const eddy__sim_cpu *asking, int64_t until_ns);
/* So much time goes by, and what is due meanwhile happens: what a loop's turn takes. */
void eddy__sim_pass(eddy__sim *, int64_t time_ns);
/* When the first event is due, upkeep left out when `real`; EDDY_FOREVER: never. */
int64_t eddy__sim_next_ns(const eddy__sim *, bool real);

eddy__sim_cpu *eddy__sim_cpu_new(eddy__sim_host *host); /* one reference; NULL: no memory */
void eddy__sim_cpu_release(eddy__sim_cpu *);
/* What a loop's inbox calls: asserts the thread, then marks it woken. */
void eddy__sim_wake(void *cpu);
/* Assert that this is the room's thread; the second for a loop's inbox. */
void eddy__sim_check(const eddy__sim *);
void eddy__sim_check_thread(void *cpu);

/* ---- hosts ---- */

enum { EDDY__SIM_FIRST_FD = 1000000 }; /* descriptors of a host: never a number the kernel gives */

struct eddy__sim_host {
    eddy__system system; /* first: this is what a driver hands to the net layer */
    eddy__sim *sim;
    eddy__node all; /* in sim->hosts */
    char name[24];
    eddy_addr addr;           /* port 0 */
    uint32_t index;           /* order of making, for dice and trace */
    bool down;                /* crashed: nothing arrives, nobody runs */
    int64_t paused_until_ns;  /* above now: paused */
    int64_t stalled_until_ns; /* receivers take nothing */
    /* clocks: local = local_base + (now - base) * (1 + drift) */
    int64_t base_ns, local_base_ns, wall_ns_offset;
    int32_t drift_ppm;
    /* sockets.c */
    eddy__sim_socket **fds; /* by number - EDDY__SIM_FIRST_FD; NULL: free, the lowest is next */
    uint32_t fds_size, fds_used, fds_max; /* fds_max: EMFILE beyond */
    uint32_t fds_low;                     /* none below it is free */
    eddy__sim_socket **ports;             /* tcp_ports.c: who a segment is for */
    uint32_t ports_size, ports_used;
    eddy__node time_waits; /* connections that only answer a last segment, oldest first */
    uint32_t time_waits_n;
    eddy__node sockets;     /* all of the host, also those whose descriptor is closed */
    eddy__node udps;        /* of these, the datagram sockets that are bound (udp_ports.c) */
    uint16_t next_port;     /* ephemeral: 32768..60999 */
    uint16_t next_udp_port; /* likewise */
    int refuse;             /* eddy_host_refuse() */
    int accept_error;       /* eddy_host_fail_accept() */
    uint32_t accept_errors; /* so many times */
    eddy__node names;       /* of Unix sockets (unix.c) */
    uint32_t names_given;   /* so many abstract names were chosen */
    uint64_t inodes;        /* so many paths were made */
    eddy__node links;       /* of eddy__sim_link.of_host: those from this host (links.c) */
};

/* 0, -EADDRINUSE, -EINVAL: an address that no host can have; -ENOMEM. */
int eddy__sim_host_new(eddy__sim *, const char *name, const eddy_addr *addr, eddy__sim_host **out);
/* The host with that address; `from` for its own loopback addresses. NULL: none. */
eddy__sim_host *eddy__sim_host_find(eddy__sim *, eddy__sim_host *from, const eddy_addr *addr);
/* The address as it is on the wire: IPv4 in IPv6 is IPv4. (tcp_ports.c) */
eddy_addr eddy__sim_addr_wire(const eddy_addr *addr);
/* A group of hosts. (tcp_connect.c) */
bool eddy__sim_addr_is_multicast(const eddy_addr *wire);
/* All of them: 255.255.255.255. */
bool eddy__sim_addr_is_everybody(const eddy_addr *wire);
/* One of these. */
bool eddy__sim_addr_is_group(const eddy_addr *wire);
/* Sockets go without a word, descriptors too. The host is down. */
void eddy__sim_host_crash(eddy__sim_host *);
/* It was never there. */
void eddy__sim_host_free(eddy__sim_host *);
void eddy__sim_host_start(eddy__sim_host *);
/* A pause or a stall has another end now: what it had put off happens, or is put off anew. */
void eddy__sim_host_goes_on(eddy__sim_host *);
int64_t eddy__sim_local_ns(const eddy__sim_host *);
int64_t eddy__sim_wall_ns(eddy__sim_host *); /* each look is an occasion for a jump */
/* The first moment of the room at which the host's clock shows `local_ns` or more. */
int64_t eddy__sim_from_local(const eddy__sim_host *, int64_t local_ns);
void eddy__sim_set_drift(eddy__sim_host *, int32_t ppm);
/* True when nobody on it runs now. */
bool eddy__sim_host_stands(const eddy__sim_host *);

/* ---- dice.c ---- */

int eddy__sim_dice_init(eddy__sim *, bool calm, bool faults); /* 0 or -ENOMEM */
void eddy__sim_dice_deinit(eddy__sim *);
/* One occasion: does it happen? Always counted; a fault that does is traced, with its number. */
bool eddy__sim_happens(eddy__sim *, eddy_chaos chaos);
/* A detail of something that happened: 0..below - 1 (below >= 1). Each kind has its own row of
 * numbers, so that leaving one out changes no other. */
uint32_t eddy__sim_draw(eddy__sim *, eddy_chaos chaos, uint32_t below);
int64_t eddy__sim_draw_ns(eddy__sim *, eddy_chaos chaos, int64_t below_ns);
bool eddy__sim_is_fault(eddy_chaos chaos);
const char *eddy__sim_chaos_name(eddy_chaos chaos);

/* ---- trace.c ---- */

/* One thing that happened: time, host (NULL: the world), who, what, result. All is hashed: names and
 * numbers, never pointers. `number` is printed as #number when not 0; a result below 0 by its name.
 * `text` may be NULL. */
void eddy__sim_trace(eddy__sim *, const eddy__sim_host *, const char *who, uint64_t number,
                     const char *what, int64_t result);

/* ---- links.c ---- */

typedef struct eddy__sim_link {
    eddy__node of_host; /* in from->links */
    eddy__sim_host *from, *to;
    int64_t latency_ns, jitter_ns, bytes_per_second;
    int64_t free_ns;       /* a link of limited bandwidth is busy until then */
    int64_t cut_until_ns;  /* EDDY_FOREVER: until healed */
    int64_t slow_until_ns; /* little bandwidth until then, by chance */
    eddy__node under_way;  /* segments on it (tcp_segment.c) */
    eddy__node datagrams;  /* datagrams on it (udp_way.c) */
    int64_t datagram_ns;   /* when the last of them arrives that was not held back */
} eddy__sim_link;

/* Made at first use. NULL: no memory. */
eddy__sim_link *eddy__sim_link_get(eddy__sim_host *from, eddy__sim_host *to);
/* As it was made: latency, jitter, no limit. */
void eddy__sim_link_reset(eddy__sim_link *);
void eddy__sim_links_free(eddy__sim_host *from);
/* Would a segment that is sent now get through (it may be cut, the other host down or paused)? */
bool eddy__sim_link_works(const eddy__sim_link *);
/* When a segment of so many bytes, sent now, arrives: latency, jitter, bandwidth. Rolls the dice of
 * cuts, slowness, crashes and pauses. */
int64_t eddy__sim_link_arrival(eddy__sim_link *, size_t bytes);
/* All of the room: links whole, nobody slow or stalled. */
void eddy__sim_links_heal(eddy__sim *);

/* ---- sockets.c, tcp.c: what a program of a host may do; the rules of Linux ---- */

/* Told when what eddy__sim_ready() says may have changed. Must not call back into the room. */
typedef struct eddy__sim_watcher {
    void (*changed)(struct eddy__sim_watcher *self);
} eddy__sim_watcher;

enum {
    EDDY__SIM_READABLE = 1 << 0, /* bytes, the end, an error, or somebody to accept */
    EDDY__SIM_WRITABLE = 1 << 1, /* room for bytes, or a send would tell an error */
    EDDY__SIM_PEER_END = 1 << 2, /* the peer will send no more: end or reset */
    EDDY__SIM_BROKEN = 1 << 3,   /* SO_ERROR is set */
    EDDY__SIM_HUNG = 1 << 4,     /* both directions are over */
    EDDY__SIM_CONNECTING = 1 << 5,
};

/* The table of a host: eddy__sim_host.system.type. */
extern const eddy__system_type eddy__sim_system;
void eddy__sim_sockets_init(eddy__sim_host *);
/* At the end, and at a crash: all sockets without a word to anybody. */
void eddy__sim_sockets_free(eddy__sim_host *);

/* One watcher per descriptor: 0, -EBADF, -EEXIST. NULL takes it away. */
int eddy__sim_watch(eddy__sim_host *, int fd, eddy__sim_watcher *watcher);
uint32_t eddy__sim_ready(eddy__sim_host *, int fd); /* EDDY__SIM_* */
/* -EINPROGRESS, or -errno at once (-EADDRNOTAVAIL: no port is free). `to` is on any host. */
int eddy__sim_connect(eddy__sim_host *, int fd, const eddy_addr *to);
/* A descriptor; -EAGAIN, -EMFILE, -ENFILE, -ENOBUFS, -ECONNABORTED, -EINVAL. */
int eddy__sim_accept(eddy__sim_host *, int fd);
/* Bytes taken (> 0); -EAGAIN; -EPIPE, -ECONNRESET, -ETIMEDOUT, -ENOTCONN. */
int64_t eddy__sim_send(eddy__sim_host *, int fd, const void *data, size_t len);
/* Bytes (> 0); 0: the end; -EAGAIN, -ECONNRESET, -ETIMEDOUT, -ENOTCONN. */
int64_t eddy__sim_recv(eddy__sim_host *, int fd, void *memory, size_t len);
size_t eddy__sim_unread(eddy__sim_host *, int fd);  /* bytes that recv would give now */
int eddy__sim_shutdown(eddy__sim_host *, int fd);   /* our half: FIN. 0, -ENOTCONN, -EBADF */
int eddy__sim_take_error(eddy__sim_host *, int fd); /* SO_ERROR: 0 or -errno, cleared */
/* When the world heals, ends of connections that chance had let a host forget are told so. */
void eddy__sim_forgotten_end(eddy__sim_host *);
/* eddy_host_forget(): the ends on `host` of all connections to `peer`. */
void eddy__sim_forget(eddy__sim_host *host, const eddy__sim_host *peer);
/* eddy_host_reset(): every connection between the two. */
void eddy__sim_reset_between(eddy__sim_host *a, eddy__sim_host *b);

#endif
