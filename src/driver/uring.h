/* SPDX-License-Identifier: MIT */
/*
 * uring.h - the inside of the io_uring driver, shared by its files and read by nobody else.
 *
 *   uring.c          open and close           uring_wait.c     one wait(): submit, sleep, collect
 *   uring_ops.c      what the loop calls      uring_events.c   completions become events
 *   uring_steps.c    slots that need a look   uring_buffers.c  memory that is received into
 *   uring_send.c     sends and their ends     uring_ready.c    mere readiness
 *   uring_ring.c     the system calls         uring_probe.c    the self-test
 *   uring_embed.c    a loop inside another one
 *
 * Operations write entries for the kernel and nothing else; the next wait() submits them. What a
 * slot needs besides (to be armed, paused, cancelled, closed, to be given its late bytes) is
 * decided in one place, its *step*: whatever changes queues the slot, and each wait() begins by
 * stepping the queued ones. So credit that goes and comes within a turn costs nothing.
 *
 * A slot's `in_flight` has one bit per operation that the kernel knows of (1 << kind), `interest`
 * the bits of those whose cancellation is under way. Both clear when the final completion comes.
 * Reading is in_flight with the bit, Pausing is both with it, Paused is neither.
 */
#ifndef EDDY__URING_H
#define EDDY__URING_H

#include "base/assert.h"
#include "base/poison.h"
#include "driver/driver.h"
#include "driver/slots.h"
#include "driver/uring_ring.h"

#include <errno.h>

/* What an operation is for: the fourth byte of its user_data, above the index of the slot. */
typedef enum eddy__uring_kind {
    EDDY__URING_KIND_RECV,
    EDDY__URING_KIND_SEND,
    EDDY__URING_KIND_ACCEPT,
    EDDY__URING_KIND_CONNECT,
    EDDY__URING_KIND_POLL,
    EDDY__URING_KIND_CLOSE, /* up to here: of a slot, at most one of each in flight */
    EDDY__URING_KIND_CANCEL,
    EDDY__URING_KIND_WAKE,
    EDDY__URING_KIND_TIMER,
} eddy__uring_kind;

enum {
    EDDY__URING_RECV = 1 << EDDY__URING_KIND_RECV,
    EDDY__URING_SEND = 1 << EDDY__URING_KIND_SEND,
    EDDY__URING_ACCEPT = 1 << EDDY__URING_KIND_ACCEPT,
    EDDY__URING_CONNECT = 1 << EDDY__URING_KIND_CONNECT,
    EDDY__URING_POLL = 1 << EDDY__URING_KIND_POLL,
    EDDY__URING_CLOSE = 1 << EDDY__URING_KIND_CLOSE,
    EDDY__URING_UNTOLD =
        1 << 15, /* goes with SEND: the kernel tells of it only if it falls short */
};

/* slot->state */
enum {
    EDDY__URING_QUEUED = 1 << 0,   /* on the list of slots to step */
    EDDY__URING_STARVED = 1 << 1,  /* on the list of those that wait for a buffer, never on both */
    EDDY__URING_DETACHED = 1 << 2, /* detach() was called */
    EDDY__URING_CLOSED = 1 << 3,   /* the descriptor is closed, EDDY__ENDED is still to be told */
    EDDY__URING_OVER = 1 << 4,     /* stream: nothing more is to be received */
    EDDY__URING_HELD = 1 << 5,     /* slot->result is still to be told, behind the late ones */
    EDDY__URING_UNCONNECTED = 1 << 6, /* slot->result is to be told as EDDY__CONNECTED */
    EDDY__URING_HUNG_UP = 1 << 7,     /* EDDY__HANGUP was told */
    EDDY__URING_STOPPED = 1 << 8,     /* listener: accepting failed, waits for credit() */
    EDDY__URING_REVIVED = 1 << 9, /* was armed for a buffer it had waited for, has got none yet */
    EDDY__URING_RESET = 1 << 10,  /* a send found the connection broken, see slot->result */
    EDDY__URING_FULL = 1 << 11,   /* the last send fell short: the next one waits for room */
};

/* Ids of provided buffers, at most. */
enum { EDDY__URING_BUFFERS_MAX = 256 };

/* A buffer that the kernel has, by its id. */
typedef struct eddy__uring_buffer {
    eddy__block *block; /* one reference is the kernel's */
    unsigned char *at;  /* where its next bytes will be */
    uint32_t left;
} eddy__uring_buffer;

typedef struct eddy__uring_buffers {
    eddy__uring_buf *places; /* shared with the kernel */
    uint32_t places_n;       /* a power of 2, and the number of ids */
    uint16_t tail;
    bool
        incremental; /* the kernel fills a buffer bit by bit, else it uses one up at each receive */
    bool hungry;     /* a receive found none since the last wait() */
    bool dry;        /* the pool had no block when pool->returned was dry_returned */
    uint64_t dry_returned;
    uint32_t target;     /* keep so many provided */
    uint32_t target_low; /* running low raises the target up to this, running out up to places_n */
    uint32_t provided;
    uint32_t used;   /* up since the last wait() */
    uint32_t idle_n; /* ids that the kernel has not */
    uint16_t idle[EDDY__URING_BUFFERS_MAX];
    eddy__uring_buffer ids[EDDY__URING_BUFFERS_MAX];
    eddy__block *cut; /* not incremental: the block that buffers are cut from */
    uint32_t cut_at;
} eddy__uring_buffers;

/* Sends that may be in flight of which the kernel tells only when they fall short. */
enum { EDDY__URING_UNTOLD_MAX = 256 };

/* What is taken of the scratch memory is a multiple of this. */
enum { EDDY__URING_SCRATCH_ALIGN = 16 };

/* Memory for message headers and addresses; may be reused when all entries are submitted. */
typedef struct eddy__uring_scratch {
    struct eddy__uring_scratch *next; /* older, full ones */
    uint32_t used;
    _Alignas(EDDY__URING_SCRATCH_ALIGN) unsigned char bytes[32 * 1024];
} eddy__uring_scratch;

typedef struct eddy__uring {
    eddy__driver base;
    eddy__uring_ring ring;
    eddy__event *events, *out, *out_end; /* of the wait() going on: first, next free, end */
    const eddy_allocator *allocator;
    eddy__pool *pool;
    eddy__slots slots;
    eddy__slot *todo_first, *todo_last;       /* to step */
    eddy__slot *starved_first, *starved_last; /* longest waiting first */
    eddy__slot *starved_again; /* the last of those that came back to the front in this wait() */
    bool direct;               /* entries go straight into the ring: enabled and no backlog. If not,
                                  ring.sq_limit is its tail */
    bool accept_single;        /* no multishot accept */
    bool timer_absent;         /* no kernel timer */
    bool wake_armed;
    int wake_fd;
    int outer_fd;     /* uring_embed.c: what another loop waits for; -1: none does */
    int event_fd;     /* told of every completion; -1 */
    int polled_fd;    /* uring_ready.c; -1: not needed yet */
    int64_t timer_at; /* when the kernel's timer fires; EDDY_FOREVER: it is not armed */
    eddy__uring_timespec timer_ts;
    eddy__uring_sqe *backlog; /* entries written while the ring could not take them */
    uint32_t backlog_n, backlog_room;
    eddy__uring_scratch *scratch;
    uint32_t untold_n, untold_max; /* 0 at most: the kernel cannot do that */
    eddy__slot *untold[EDDY__URING_UNTOLD_MAX];
    eddy__uring_buffers buffers;
} eddy__uring;

/* uring_probe.c: what this kernel can do, tried once per process. 0 or -errno. */
typedef struct eddy__uring_abilities {
    bool incremental;
    bool multishot_accept;
    bool untold_sends;
} eddy__uring_abilities;
int eddy__uring_probe(eddy__uring_abilities *out);

/* uring_buffers.c */
int eddy__uring_buffers_init(eddy__uring *, bool incremental);
/* `lost`: the kernel may still write into them, so leave them to it. */
void eddy__uring_buffers_deinit(eddy__uring *, bool lost);
/* Provide what is missing, as far as the pool has blocks. */
void eddy__uring_buffers_fill(eddy__uring *);
/* Once per wait(): raise the target if need be, and fill. */
void eddy__uring_buffers_turn(eddy__uring *);
/* The block that `len` received bytes are in, with one reference, and where they are. The id of a
 * buffer for which the kernel has no more use gets another at the next wait(). */
eddy__block *eddy__uring_buffers_claim(eddy__uring *, uint32_t cqe_flags, uint32_t len,
                                       unsigned char **at);

/* uring_ops.c */
eddy__uring_sqe *eddy__uring_sqe_slow(eddy__uring *);
/* Submit without waiting, or -errno. */
int eddy__uring_submit(eddy__uring *);
/* Move the backlog into the ring. */
void eddy__uring_backlog_flush(eddy__uring *);
/* Everything is submitted: the scratch memory is free. */
void eddy__uring_scratch_reset(eddy__uring *);
/* See to it that `bytes` can be taken. May submit, so no entry may be half written. */
bool eddy__uring_scratch_reserve(eddy__uring *, uint32_t bytes);
/* Memory that was reserved; stays as it is until the entries written so far are submitted. */
void *eddy__uring_scratch_take(eddy__uring *, uint32_t bytes);
/* These write one entry; false when there is no room for it. */
bool eddy__uring_arm_recv(eddy__uring *, eddy__slot *);
bool eddy__uring_arm_accept(eddy__uring *, eddy__slot *);
bool eddy__uring_arm_poll(eddy__uring *, eddy__slot *);
bool eddy__uring_arm_close(eddy__uring *, eddy__slot *);
bool eddy__uring_cancel(eddy__uring *, eddy__slot *, eddy__uring_kind kind);
int eddy__uring_attach(eddy__driver *, eddy__slot *, int fd, eddy__slot_kind kind);
void eddy__uring_detach(eddy__driver *, eddy__slot *);
void eddy__uring_credit(eddy__driver *, eddy__slot *);
void eddy__uring_connect(eddy__driver *, eddy__slot *, const eddy_addr *to);
int eddy__uring_shutdown(eddy__driver *, eddy__slot *);

/* uring_ready.c: an EDDY__SLOT_READY. attach: 0 or -errno */
int eddy__uring_ready_attach(eddy__uring *, eddy__slot *);
void eddy__uring_ready_detach(eddy__uring *, eddy__slot *);
bool eddy__uring_ready_step(eddy__uring *, eddy__slot *);
void eddy__uring_on_ready(eddy__uring *, eddy__slot *, const eddy__uring_cqe *);
/* Another loop is to hear of them, too. 0 or -errno. */
int eddy__uring_ready_expose(eddy__uring *);

/* uring_steps.c */
/* Step the slot at the next wait(). */
void eddy__uring_queue(eddy__uring *, eddy__slot *);
/* The slot waits for a buffer; one that was armed and has got none keeps its place. */
void eddy__uring_starve(eddy__uring *, eddy__slot *);
void eddy__uring_steps(eddy__uring *);
/* Arm those that waited for a buffer, as there are some. */
void eddy__uring_revive(eddy__uring *);
/* Keep bytes (or, without a block, the descriptor `len`) that came without credit. Takes over the
 * reference; false when memory is out. */
bool eddy__uring_late_add(eddy__uring *, eddy__slot *, eddy__block *, unsigned char *at,
                          uint32_t len);
/* Release what came late. */
void eddy__uring_late_clear(eddy__uring *, eddy__slot *);

/* uring_send.c */
eddy_result eddy__uring_send(eddy__driver *, eddy__slot *, const eddy__iov *iov, uint32_t n);
void eddy__uring_on_send(eddy__uring *, eddy__slot *, const eddy__uring_cqe *);
/* Nothing can be known of sends yet that somebody waits for. */
bool eddy__uring_sends_awaited(const eddy__uring *);
/* Every completion that is there was read. When the kernel has taken every entry, too, tell of the
 * sends of which it says nothing. */
void eddy__uring_sends_done(eddy__uring *);

/* uring_events.c */
/* Turn completions into events while there is room for events. */
void eddy__uring_collect(eddy__uring *);

/* uring_wait.c */
int64_t eddy__uring_now(eddy__driver *);
int eddy__uring_wait(eddy__driver *, int64_t deadline_ns, eddy__event *events, uint32_t events_max);
/* Have the kernel's timer fire at the deadline. False: do not sleep, it is past. */
bool eddy__uring_timer_set(eddy__uring *, int64_t deadline_ns);

/* uring_embed.c */
int eddy__uring_expose(eddy__driver *);
bool eddy__uring_settle(eddy__driver *, int64_t deadline_ns);
void eddy__uring_embed_close(eddy__uring *);

/* The slot's index and generation lie side by side in it as they do in the slot. */
static inline uint64_t eddy__uring_user_data(eddy__uring_kind kind, const eddy__slot *slot)
{
    return (uint64_t)slot->generation << 32 | slot->index | (uint64_t)kind << 24;
}

/* Of an operation of no slot. */
static inline uint64_t eddy__uring_own_data(eddy__uring_kind kind)
{
    return (uint64_t)kind << 24;
}

static inline eddy__uring_kind eddy__uring_kind_of(uint64_t user_data)
{
    return (eddy__uring_kind)(uint8_t)(user_data >> 24);
}

/* The slot of an operation that is one of a slot; NULL: it has gone. */
static inline eddy__slot *eddy__uring_slot_of(const eddy__uring *u, uint64_t user_data)
{
    return eddy__slots_find(&u->slots, (uint32_t)user_data & (EDDY__SLOTS_MAX - 1),
                            (uint32_t)(user_data >> 32));
}

/* An entry to write, all zero, or NULL: the ring is full, cannot be emptied now, and there is no
 * memory to keep the entry elsewhere. May submit earlier entries, so complete those first. */
static inline eddy__uring_sqe *eddy__uring_sqe_get(eddy__uring *u)
{
    return eddy__uring_ring_has_room(&u->ring) ? eddy__uring_ring_next(&u->ring)
                                               : eddy__uring_sqe_slow(u);
}

/* The entry is for an operation on the slot. */
static inline void eddy__uring_op_init(eddy__uring_sqe *sqe, eddy__slot *slot,
                                       eddy__uring_kind kind, uint8_t opcode)
{
    sqe->opcode = opcode;
    sqe->fd = slot->fd;
    sqe->user_data = eddy__uring_user_data(kind, slot);
    slot->in_flight = (uint16_t)(slot->in_flight | 1U << kind);
}

/* The next entry, for an operation on the slot; NULL: no room. */
static inline eddy__uring_sqe *eddy__uring_op_start(eddy__uring *u, eddy__slot *slot,
                                                    eddy__uring_kind kind, uint8_t opcode)
{
    eddy__uring_sqe *sqe = eddy__uring_sqe_get(u);

    if (sqe != NULL)
        eddy__uring_op_init(sqe, slot, kind, opcode);
    return sqe;
}

/* The operation has come to its end. True when its cancellation had been asked for. */
static inline bool eddy__uring_op_over(eddy__slot *slot, uint16_t op)
{
    bool cancelled = (slot->interest & op) != 0;

    slot->in_flight = (uint16_t)(slot->in_flight & ~op);
    slot->interest = (uint16_t)(slot->interest & ~op);
    return cancelled;
}

/* It could not be done now: the kernel gives up on a descriptor that has become ready more than a
 * hundred times without being so. Nothing has happened, so it is asked again. */
static inline bool eddy__uring_is_nothing(int32_t result)
{
    return result == -EAGAIN || result == -EINTR;
}

/* Add an event; the caller has seen that there is room. */
static inline void eddy__uring_emit(eddy__uring *u, eddy__slot *slot, eddy__event_type type,
                                    int32_t result)
{
    eddy__event *event = u->out++;

    event->slot = slot; /* nobody looks at what is of bytes only */
    event->type = type;
    event->result = result;
}

static inline void eddy__uring_emit_bytes(eddy__uring *u, eddy__slot *slot, eddy__block *block,
                                          unsigned char *at, uint32_t len)
{
    slot->credit -= (int32_t)len;
    *u->out++ = (eddy__event){
        .slot = slot, .type = EDDY__BYTES, .result = (int32_t)len, .block = block, .at = at};
}

/* The buffer that was received into, and where in it. */
static inline eddy__uring_buffer *eddy__uring_buffers_at(eddy__uring *u, uint32_t cqe_flags,
                                                         uint32_t len)
{
    uint32_t id = cqe_flags >> EDDY__URING_CQE_BUFFER_SHIFT;
    eddy__uring_buffer *buffer = &u->buffers.ids[id % EDDY__URING_BUFFERS_MAX];

    EDDY_ASSERT(len <= buffer->left, "io_uring received %u bytes into buffer %u, which has %u", len,
                id, buffer->left);
    EDDY_ASSERT(eddy__poison_find(buffer->at, len) == NULL,
                "io_uring received into a block that was given back");
    return buffer;
}

/* The block that `len` received bytes are in, with one reference, and where they are. The kernel
 * goes on with the rest of the buffer. */
static inline eddy__block *eddy__uring_buffers_share(eddy__uring *u, uint32_t cqe_flags,
                                                     uint32_t len, unsigned char **at)
{
    eddy__uring_buffer *buffer = eddy__uring_buffers_at(u, cqe_flags, len);

    *at = buffer->at;
    buffer->at += len;
    buffer->left -= len;
    buffer->block->refs++;
    return buffer->block;
}

#endif
