/* SPDX-License-Identifier: MIT */
/*
 * tcp.h - the inside of a TCP stream: what its files share. Nobody else includes it, but for the
 * listener, which makes streams.
 *
 *   tcp.c          one over a descriptor, the driver's events, the end of a turn
 *   tcp_connect.c  connecting, taking over, the pair
 *   tcp_read.c     unread bytes: filling, viewing, putting away what is left over
 *   tcp_write.c    unsent bytes: the out-queue
 *   tcp_cork.c     copying them
 *   tcp_send.c     sending them
 *   tcp_close.c    half-closing, closing, freeing, lingering, the two halves
 *   tcp_io.c       the trait eddy_io
 *   tcp_why.c      the note about an error that a task is told
 *   unix.c         connecting over Unix sockets
 *
 * A stream is two queues of pieces. `rx` holds what the driver delivered; its credit with the
 * driver is the window less what lies there. `tx` holds what was written; its first `flying` bytes
 * are with the kernel, the others leave when those have. Events mark and wake; what they make
 * necessary is done by tend(), once, at the end of the turn.
 */
#ifndef EDDY__TCP_H
#define EDDY__TCP_H

#include "eddy/io.h"
#include "eddy/tcp.h"
#include "reactor/core.h"

/* Bits of source.flags. */
enum {
    EDDY__TCP_CONNECTING = EDDY__SOURCE_OWN << 0,
    EDDY__TCP_CONNECT_FAILED = EDDY__SOURCE_OWN << 1, /* read_error tells why */
    EDDY__TCP_SUBSCRIBED = EDDY__SOURCE_OWN << 2,     /* the driver has been given credit */
    EDDY__TCP_END = EDDY__SOURCE_OWN << 3,            /* the peer's end stands behind rx */
    EDDY__TCP_HANGUP = EDDY__SOURCE_OWN << 4,         /* it is gone; extra->hangup tells how */
    EDDY__TCP_GONE_WANTED = EDDY__SOURCE_OWN << 5,    /* somebody asked for that; extra exists */
    EDDY__TCP_DISCARD = EDDY__SOURCE_OWN << 6,        /* what comes is thrown away */
    EDDY__TCP_WROTE = EDDY__SOURCE_OWN << 7,          /* something was accepted, ever */
    EDDY__TCP_WRITE_SHUT = EDDY__SOURCE_OWN << 8,     /* no more writes: an end, or an error */
    EDDY__TCP_FIN_WANTED = EDDY__SOURCE_OWN << 9,     /* FIN follows what is queued */
    EDDY__TCP_FIN_SENT = EDDY__SOURCE_OWN << 10,
    EDDY__TCP_CLOSING = EDDY__SOURCE_OWN << 11,   /* by close or free; extra exists */
    EDDY__TCP_CLOSED = EDDY__SOURCE_OWN << 12,    /* extra->close_result stands */
    EDDY__TCP_TIMED_OUT = EDDY__SOURCE_OWN << 13, /* linger_ns has passed */
    EDDY__TCP_FREED = EDDY__SOURCE_OWN << 14,     /* nobody has it: the loop finishes it */
    EDDY__TCP_SPLIT = EDDY__SOURCE_OWN << 15,
    EDDY__TCP_READER = EDDY__SOURCE_OWN << 16, /* split: the half is held */
    EDDY__TCP_WRITER = EDDY__SOURCE_OWN << 17,
    EDDY__TCP_SO_LINGER = EDDY__SOURCE_OWN << 18, /* set by the user, above 0 */
    EDDY__TCP_CUT_OFF = EDDY__SOURCE_OWN << 19,   /* counted as closed by a limit */
};

/* tend() has more to do than to settle and to send. */
#define EDDY__TCP_TEND_MORE (EDDY__TCP_FIN_WANTED | EDDY__TCP_GONE_WANTED | EDDY__TCP_CLOSING)

enum {
    EDDY__TCP_SEND_QUEUE = 64 * 1024,
    EDDY__TCP_RECV_WINDOW = 64 * 1024,
    EDDY__TCP_FLUSH_BYTES = 64 * 1024, /* so much is sent at once */
    EDDY__TCP_COPY_BELOW = 2048,       /* smaller pieces are copied rather than pinned */
    EDDY__TCP_LINGER_BYTES = 1024 * 1024,
    EDDY__TCP_OWN_BLOCK = 1024, /* the first block of a stream that cannot send now */
};
#define EDDY__TCP_LINGER_NS (5 * EDDY_SECOND)

/* What few streams need, made when one does. */
typedef struct eddy__tcp_extra {
    eddy_tcp *tcp;
    eddy_waiter writer; /* write, flush, shutdown, close, connect */
    eddy_waiter gone;
    eddy_addr peer;       /* of one that we connected */
    eddy_unix_addr *name; /* the same over a Unix socket, in an eddy__dial; else NULL */
    size_t wake_at;       /* the writer is woken when no more than this is queued */
    size_t send_queue_bytes;
    size_t recv_window_bytes;
    size_t linger_bytes;
    int64_t linger_ns;
    uint64_t discarded; /* bytes thrown away while closing */
    eddy__alarm linger;
    int32_t hangup;
    int32_t close_result;
} eddy__tcp_extra;

struct eddy_tcp {
    eddy__source source;
    eddy_io io;
    uint32_t reader_min; /* bytes the reader waits for */
    uint32_t flying;     /* bytes of tx that the driver is sending */
    eddy__pieces rx, tx;
    eddy_waiter reader;
    eddy__tcp_extra *extra;
    int32_t read_error;  /* stands behind rx, told at every later read */
    int32_t write_error; /* told once, then it is -EPIPE */
};

static inline eddy_tcp *eddy__tcp_of(eddy__source *source)
{
    return EDDY__CONTAINER(source, eddy_tcp, source);
}

static inline size_t eddy__tcp_send_queue(const eddy_tcp *self)
{
    return self->extra == NULL ? EDDY__TCP_SEND_QUEUE : self->extra->send_queue_bytes;
}

static inline size_t eddy__tcp_recv_window(const eddy_tcp *self)
{
    return self->extra == NULL ? EDDY__TCP_RECV_WINDOW : self->extra->recv_window_bytes;
}

/* Above three quarters of what may exist, received bytes are copied out rather than kept. */
static inline bool eddy__tcp_pool_is_tight(const eddy__pool *pool)
{
    return pool->blocks - pool->blocks_free > pool->blocks_tight;
}

/* May `more` bytes be appended to this piece, in place? */
static inline bool eddy__tcp_has_room(const eddy__piece *piece, size_t more)
{
    const eddy__block *block = piece->block;

    return block->kind == EDDY__BLOCK_HEAP && block->refs == 1 &&
           (size_t)(block->data + block->size_bytes - (piece->at + piece->len)) >= more;
}

/* False when the loop is gone; a stream of another loop is an assertion. */
bool eddy__tcp_enter_other(const eddy_tcp *self, const eddy_task *task);

/* The beginning of every poll function. False: the loop is gone. A task that is being polled has a
 * loop that lives, so one comparison tells all. */
static inline bool eddy__tcp_enter(const eddy_tcp *self, const eddy_task *task)
{
    return task->core == self->source.core || eddy__tcp_enter_other(self, task);
}

/* The beginning of the functions that take no task. */
static inline bool eddy__tcp_check(const eddy_tcp *self, const char *verb)
{
    if (self->source.core->gone)
        return false;
    if (!eddy__thread_is_self(&self->source.core->owner))
        eddy__core_check(self->source.core, verb);
    return true;
}

/* May the stream's next bytes lie in the cork? */
static inline bool eddy__tcp_takes_cork(const eddy_tcp *self)
{
    return self->flying == 0 && (self->source.flags & EDDY__TCP_CONNECTING) == 0;
}

void eddy__tcp_unpark_now(eddy_waiter *waiter, const eddy_task *task);

/* What `task` waited for here has come. */
static inline void eddy__tcp_unpark(eddy_waiter *waiter, const eddy_task *task)
{
    if (waiter->branch == NULL)
        return;
    eddy__tcp_unpark_now(waiter, task);
}

/* Bytes have left rx: so many more may come. */
static inline void eddy__tcp_give_credit(eddy_tcp *self, size_t len)
{
    eddy__driver *driver = self->source.core->driver;
    int32_t before = self->source.slot.credit;

    self->source.slot.credit = before + (int32_t)len;
    if (before <= 0 && self->source.slot.credit > 0)
        driver->type->credit(driver, &self->source.slot);
}

/* tcp.c */
/* A stream that has no descriptor yet. NULL: no memory. */
eddy_tcp *eddy__tcp_new_unattached(eddy_core *core);
/* A stream over `fd`, which is the stream's when this succeeds. 0 or -errno. */
int eddy__tcp_new(eddy_core *core, int fd, eddy_tcp **out);
/* The rare part, made now if it is not there. NULL: no memory. */
eddy__tcp_extra *eddy__tcp_extra_get(eddy_tcp *self);
/* Park a task on the writer's place until at most `wake_at` bytes are queued. */
eddy_result eddy__tcp_park_writer(eddy_tcp *self, eddy_task *task, const eddy_wait_type *type,
                                  size_t wake_at);

/* tcp_read.c */
/* Give the driver credit for the first time. */
void eddy__tcp_subscribe(eddy_tcp *self);
/* Put away what nobody has read, so that it pins no receive block. rx is not empty. */
void eddy__tcp_settle(eddy_tcp *self);
/* Somebody waits to hear that the peer is gone: have the driver watch. */
void eddy__tcp_watch(eddy_tcp *self);

/* tcp_send.c */
/* Send what is queued. Connected, something is queued, nothing flies. */
void eddy__tcp_flush(eddy_tcp *self);
/* The same when it is possible. */
void eddy__tcp_try_flush(eddy_tcp *self);
/* So many bytes have left. */
void eddy__tcp_sent(eddy_tcp *self, size_t len);
/* Nothing can be sent any more. */
void eddy__tcp_write_fail(eddy_tcp *self, int32_t error);
/* Wake the writer whatever it waits for. */
void eddy__tcp_wake_writer(eddy_tcp *self);

/* The task that is being polled waits for room no more, if it has. */
void eddy__tcp_forget_writer(eddy_tcp *self);
/* The reading half, the writing half is given back while the other lives. */
void eddy__tcp_stop_reading(eddy_tcp *self);
void eddy__tcp_stop_writing(eddy_tcp *self);

/* tcp_io.c */
extern const eddy_io_type eddy__tcp_io;

/* tcp_why.c */
/* An error that the stream tells the task is noted with it; returned. Out of line: the bad path. */
eddy_result eddy__tcp_told(const eddy_tcp *self, eddy_task *task, const char *operation,
                           eddy_result error) EDDY__COLD;

/* unix.c */
/* Connecting ends, and so does what was kept for it. */
void eddy__unix_dial_free(eddy_tcp *self);

/* tcp_write.c */
/* What a write is told that may not be made. */
eddy_result eddy__tcp_write_refusal(eddy_tcp *self);
/* tcp_cork.c */
/* The cork, with room for `need` bytes (at most EDDY_TCP_WRITE_WHOLE) at core->cork_at; NULL: no
 * memory. */
eddy__block *eddy__tcp_cork_open(eddy_core *core, size_t need);
/* Append `len` bytes that lie in `block`; the last piece is extended when they lie behind it. */
bool eddy__tcp_append(eddy_tcp *self, eddy__block *block, unsigned char *at, size_t len);
/* Copy into a new block of `room` bytes or more, and queue. All or nothing. */
bool eddy__tcp_copy_to_block(eddy_tcp *self, const void *data, size_t len, size_t room);
/* Copy into the cork and queue. Returns how many bytes: all, unless memory is out; of a small write
 * all or none. */
size_t eddy__tcp_copy_in(eddy_tcp *self, const unsigned char *data, size_t len);
/* Copy parts of so many bytes in all (at most EDDY_TCP_WRITE_WHOLE) into the cork, side by side, and
 * queue them. All or nothing. */
bool eddy__tcp_copy_small(eddy_tcp *self, const eddy_bytes *parts, size_t count, size_t total);
/* Copy parts until the limit is reached or memory is out. Returns how many bytes. */
size_t eddy__tcp_copy_parts(eddy_tcp *self, const eddy_bytes *parts, size_t count, size_t total);

/* tcp_close.c */
/* The end of a turn, for one that ends. */
void eddy__tcp_tend_closing(eddy_tcp *self);
/* Send the FIN that was asked for, when its time has come. */
void eddy__tcp_try_fin(eddy_tcp *self);
/* The linger time is over. */
void eddy__tcp_linger_over(eddy__alarm *alarm);

#endif
