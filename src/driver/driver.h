/* SPDX-License-Identifier: MIT */
/*
 * driver.h - the one contract between the loop and an operating system: completions below.
 *
 * A driver moves bytes and connections for *slots* (one per socket, embedded in the loop's stream
 * and listener objects) and reports what happened as *events*, by return value of wait().
 * It knows nothing of tasks. One thread uses it, but for the kernel wake (see wake_fd).
 *
 * What every driver promises (the conformance suite tests each sentence once per driver):
 *  1 Events of one slot arrive in the order in which things happened.
 *  2 Bytes come before the end, the end before an error, and each is told once.
 *  3 No bytes and no connection are delivered without credit. What was under way when the credit
 *    ended waits in the slot. (A slot may overdraw by what one delivery holds, never by two.)
 *  4 Exactly one EDDY__ENDED per attached slot, after detach(); then its memory is the caller's
 *    again and the descriptor is closed (but for keep_fd: then the driver has let go of it). After
 *    detach() no other event of that slot is delivered.
 *  5 detach() is a request and always ends in 4, whatever was in flight.
 *  6 Nothing is delivered inside a call: events come from wait() alone. A call may *return* that
 *    it finished at once.
 *  7 At most one send is in flight per slot (asserted). The memory of its bytes stays untouched
 *    until EDDY__SENT, or until EDDY__ENDED when the slot was detached meanwhile. A driver that
 *    knows it by then tells EDDY__SENT in the wait() that hands the bytes over; with `sent_late` that
 *    one may sleep first, and tell it with whatever ends the sleep.
 *  8 wait() returns by its deadline, and does not block while anything is queued. A signal ends
 *    it early without an error.
 *
 * Slots are numbered by index and a 32-bit generation (EDDY__GENERATION_BITS makes it smaller in
 * tests); the kernel is handed those, never a pointer and never a descriptor number alone. An
 * index whose generation would wrap is retired.
 */
#ifndef EDDY__DRIVER_H
#define EDDY__DRIVER_H

#include "base/block.h"
#include "eddy/addr.h"
#include "eddy/base.h"
#include "sim/sim.h"
#include "sys/sockets.h"

#ifndef EDDY__GENERATION_BITS
#define EDDY__GENERATION_BITS 32
#endif

typedef struct eddy__driver eddy__driver;

typedef enum eddy__slot_kind {
    EDDY__SLOT_STREAM,   /* a connected or connecting byte stream */
    EDDY__SLOT_LISTENER, /* a listening socket */
    EDDY__SLOT_READY,    /* any descriptor that can be polled: its readiness is told, no more. No
                            credit, no send, no connect */
} eddy__slot_kind;

/* One socket as the driver sees it. The loop sets `credit` and `watch` and reads `fd`; all else
 * is the driver's. Zero it before attach(). */
typedef struct eddy__slot {
    int32_t fd;
    int32_t credit; /* listener: connections; stream: bytes that may still be delivered. Lowered by
                       the driver at delivery. When the loop raises it from <= 0, it calls credit() */
    uint32_t index, generation;
    struct eddy__slot *next; /* a list of the driver's */
    eddy__piece *late;       /* bytes that came without credit, oldest first */
    int32_t result;          /* an error or end that waits behind `late` */
    uint32_t sent;           /* private; after EDDY__ENDED: bytes that left of a send it cut off */
    uint16_t state;          /* bits private to the driver */
    uint16_t in_flight;      /* operations the kernel still knows of */
    uint8_t kind;            /* eddy__slot_kind */
    bool watch;              /* deliver EDDY__HANGUP once, credit or not; the loop sets it, then
                                calls credit() */
    bool keep_fd;            /* the loop sets it before detach(): the descriptor is not closed */
    bool sent_late;    /* nobody waits for EDDY__SENT. The loop sets and clears it, at any time */
    uint16_t interest; /* private to the driver */
} eddy__slot;

typedef enum eddy__event_type {
    EDDY__BYTES,         /* result bytes at `at` in `block`; one reference comes with the event */
    EDDY__END,           /* the peer will send no more */
    EDDY__ERROR,         /* result: -errno; the stream is broken in both directions */
    EDDY__HANGUP,        /* the peer closed or reset; what it sent before may still be unread */
    EDDY__CONNECTED,     /* result: 0 or -errno. Success means writable and SO_ERROR 0 */
    EDDY__SENT,          /* result: bytes that left (>= 0; short means: send the rest again), or
                            -errno */
    EDDY__ACCEPTED,      /* result: a descriptor, non-blocking and close-on-exec, now the loop's */
    EDDY__ACCEPT_FAILED, /* result: -errno; accepting has stopped until credit() is called */
    EDDY__READY, /* result: EDDY__IS_* bits. Told by the edge: once when it is so at attach(), and
                            again whenever it may have become so anew. Never lost; may be told for nothing */
    EDDY__ENDED, /* the slot is detached, see 4 */
} eddy__event_type;

/* What a descriptor of an EDDY__SLOT_READY is. An error (a reset, a pipe without reader) makes it
 * readable and writable, so that whoever waits looks and is told. */
enum {
    EDDY__IS_READABLE = 1 << 0, /* bytes, a datagram, the end, an error */
    EDDY__IS_WRITABLE = 1 << 1, /* room, or an error */
    EDDY__IS_PRIORITY =
        1 << 2, /* as POLLPRI: urgent data, a change of a sysfs file or a pty. Told for
                                   nothing with every input of a socket, by io_uring */
    EDDY__IS_HANGUP = 1 << 3, /* as POLLHUP or POLLRDHUP; readable, too (POLLHUP: and writable) */
    EDDY__IS_ERROR = 1 << 4,  /* as POLLERR; readable and writable, too */
};

typedef struct eddy__event {
    eddy__slot *slot;
    eddy__event_type type;
    int32_t result;
    eddy__block *block;
    unsigned char *at;
} eddy__event;

/* Same layout as struct iovec. */
typedef struct eddy__iov {
    void *base;
    size_t len;
} eddy__iov;

/* At most this many parts in one send(). */
#define EDDY__IOV_MAX         64
/* A stream that has given so many bytes in one wait() lets the others go first. */
#define EDDY__RECV_TURN_BYTES (64 * 1024)
/* A listener that has given so many connections in one wait() lets the others go first. */
#define EDDY__ACCEPT_TURN     64

/* Features a driver can do without: named in eddy_core_options.driver_without to test that. */
enum {
    EDDY__WITHOUT_INCREMENTAL = 1 << 0,      /* io_uring: incremental buffer rings */
    EDDY__WITHOUT_MULTISHOT_RECV = 1 << 1,   /* io_uring: must then fall back to epoll */
    EDDY__WITHOUT_DEFER_TASKRUN = 1 << 2,    /* io_uring: COOP_TASKRUN, else plain */
    EDDY__WITHOUT_MULTISHOT_ACCEPT = 1 << 3, /* io_uring: one accept at a time */
    EDDY__WITHOUT_IO_URING = 1 << 4,         /* as if the system call were forbidden */
    EDDY__WITHOUT_EPOLL_PWAIT2 = 1 << 5,     /* epoll: time-outs in milliseconds */
    EDDY__WITHOUT_MULTISHOT_TIMER = 1 << 6,  /* no kernel timer object: wait with a time-out */
    EDDY__WITHOUT_UNTOLD_SENDS = 1 << 7,     /* io_uring: every send has a completion of its own */
};

typedef struct eddy__driver_options {
    const eddy_allocator *allocator; /* outlives the driver */
    eddy__pool *pool;                /* where received bytes go; outlives the driver */
    int wake_fd;                     /* an eventfd of the loop's: wait() returns when it is written;
                                        never read, never closed by the driver. A simulated
                                        loop has none: -1 */
    eddy__sim_host *host;            /* the simulated one to run on; NULL but for that */
    uint32_t without;                /* EDDY__WITHOUT_* */
} eddy__driver_options;

typedef struct eddy__driver_counters {
    uint64_t waits;      /* kernel entries that could block */
    uint64_t syscalls;   /* all others that were made for sockets and rings */
    uint64_t starved;    /* times a stream had to queue for a buffer */
    uint64_t overflows;  /* completion queue overflows seen */
    uint64_t timer_arms; /* times the kernel timer was set */
} eddy__driver_counters;

/* The operations. All but open() take the driver as first argument. */
typedef struct eddy__driver_type {
    const char *name;
    /* 0 and *out, or -errno when this kernel or sandbox cannot do it (the caller then tries the
     * next driver). Every feature is tried once for real, on a socketpair, never guessed. */
    int (*open)(const eddy__driver_options *options, eddy__driver **out);
    /* Every slot must have ended. `foreign`: called by a thread that is not the owner, whose
     * thread has ended (nothing can be in flight then, and the ring cannot be entered). */
    void (*close)(eddy__driver *, bool foreign);
    /* The clock of this world, monotonic ns. */
    int64_t (*now)(eddy__driver *);
    /* Take over a non-blocking descriptor. Nothing is received before there is credit.
     * 0, -ENOMEM, or what the kernel said (-EPERM: cannot be polled); then fd is still the
     * caller's. */
    int (*attach)(eddy__driver *, eddy__slot *, int fd, eddy__slot_kind kind);
    /* End it, see 4 and 5. Works at any moment after attach(), once. Unread data or a linger time
     * of 0 on the socket make the kernel send a reset, as close(2) does. */
    void (*detach)(eddy__driver *, eddy__slot *);
    /* slot->credit went from <= 0 to > 0, or slot->watch was set. */
    void (*credit)(eddy__driver *, eddy__slot *);
    /* Send n parts (1..EDDY__IOV_MAX) as one. >= 0: all bytes have left. EDDY_PENDING: in flight.
     * < 0: failed, -errno. The array itself may be reused at once. */
    eddy_result (*send)(eddy__driver *, eddy__slot *, const eddy__iov *iov, uint32_t n);
    /* Connect an attached stream slot: always ends in one EDDY__CONNECTED (or in EDDY__ENDED). */
    void (*connect)(eddy__driver *, eddy__slot *, const eddy_addr *to);
    /* Half-close: FIN after what was sent. No send may be in flight. 0 or -errno. */
    int (*shutdown)(eddy__driver *, eddy__slot *);
    /* Submit what is queued, wait for something or the deadline (monotonic ns; <= now: do not
     * block; EDDY_FOREVER), fill events. >= 0: how many; -errno only when the driver is broken. */
    int (*wait)(eddy__driver *, int64_t deadline_ns, eddy__event *events, uint32_t events_max);
    /* For a loop inside another one: the descriptor that settle() speaks of. The same at each call;
     * called by the owner. -errno. NULL: there is none. */
    int (*expose)(eddy__driver *);
    /* All that wait() does before it sleeps until the deadline, but do not sleep. True: the exposed
     * descriptor is not readable, and will be by the deadline, or as soon as there is something to
     * fetch or the wake descriptor is signalled. False: wait() has something to do at once. A
     * deadline of 0 makes it readable until the next call, and says false. */
    bool (*settle)(eddy__driver *, int64_t deadline_ns);
} eddy__driver_type;

/* First member of every driver. */
struct eddy__driver {
    const eddy__driver_type *type;
    eddy__system *system; /* where its sockets are made */
    eddy__sim_cpu *cpu;   /* where a simulated loop runs; else NULL */
    eddy__driver_counters counters;
};

extern const eddy__driver_type eddy__epoll_driver;
extern const eddy__driver_type eddy__uring_driver;
extern const eddy__driver_type eddy__sim_driver; /* only when asked for by name */

/* select.c: the driver called `name`, or the best one of the kernel that works when it is NULL
 * (`EDDY_DRIVER` in the environment decides before that). 0 and *out; -EINVAL for an unknown name;
 * what open() said when a driver that was named does not work. *why: static text that tells the
 * reason. */
int eddy__driver_select(const char *name, const eddy__driver_options *options, eddy__driver **out,
                        const char **why);

#endif
