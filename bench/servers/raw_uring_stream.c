/* SPDX-License-Identifier: MIT */
/*
 * raw_uring_stream.c - receiving and sending of streams; see raw_uring_stream.h. A stream has at most
 * one send on its way, so that its bytes keep their order; it is freed when no operation of it is
 * left.
 */
#include "raw_uring_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define GATHER_MAX   64                /* pieces of one send */
#define SCRATCH_MAX  8192              /* iovecs between two submits */
#define MESSAGES_MAX (SCRATCH_MAX / 2) /* a message has two pieces or more */
/* A stream that is not read from is not received for, once so many bytes wait. */
#define QUEUED_MAX   ((size_t)512 * 1024)

/* In the order in which they have come to have something: who asks first is answered first, and their
 * memory is walked through as it was before. The other way round cost a fourth with 1,000 streams. */
static struct stream *dirty, **dirty_last = &dirty;
static struct stream *starved;
static struct piece *pieces_free, *own_free;

/* They need to live until the submit only, so they are the turn's and not each stream's. */
static struct iovec iovecs[SCRATCH_MAX];
static struct msghdr messages[MESSAGES_MAX];
static unsigned iovecs_used, messages_used;

/* ---- pieces ---- */

struct piece *piece_of_buffer(char *bytes, unsigned size, unsigned buffer)
{
    struct piece *self = pieces_free;

    if (self != NULL)
        pieces_free = self->next;
    else
        self = server_alloc(1, sizeof *self);
    *self = (struct piece){.bytes = bytes, .size = size, .buffer = buffer};
    return self;
}

struct piece *piece_own(void)
{
    struct piece *self = own_free;

    if (self != NULL)
        own_free = self->next;
    else
        self = server_alloc(1, sizeof *self + PIECE_OWN_BYTES);
    *self = (struct piece){.bytes = (char *)(self + 1), .buffer = PIECE_OWN};
    return self;
}

static inline void piece_free(struct piece *self)
{
    if (self->buffer != PIECE_OWN) {
        pool_drop(self->buffer);
        self->next = pieces_free;
        pieces_free = self;
    } else {
        self->next = own_free;
        own_free = self;
    }
}

static void drop_first(struct stream *self, unsigned count)
{
    struct piece *piece = self->first;

    while (count-- > 0) {
        struct piece *next = piece->next;

        self->queued -= piece->size;
        piece_free(piece);
        piece = next;
    }
    self->first = piece;
    if (piece == NULL)
        self->last = &self->first;
}

/* ---- a stream's life ---- */

struct stream *stream_new(int file, uint8_t file_flags)
{
    struct stream *self = server_alloc(1, sizeof *self);

    self->file = file;
    self->file_flags = file_flags;
    self->to = self;
    self->last = &self->first;
    return self;
}

static void stream_close(struct stream *self)
{
    struct io_uring_sqe *sqe = ring_sqe();

    if (self->file_flags & IOSQE_FIXED_FILE)
        io_uring_prep_close_direct(sqe, (unsigned)self->file);
    else
        io_uring_prep_close(sqe, self->file);
    ring_quiet(sqe);
    while (self->first != NULL)
        drop_first(self, 1);
    http_head_free(&self->head);
    free(self);
}

static bool stream_idle(const struct stream *self)
{
    return !self->receiving && self->sending == 0 && !self->dirty && !self->shutting_down;
}

static void cancel_receive(struct stream *self)
{
    struct io_uring_sqe *sqe;

    if (!self->receiving)
        return;
    sqe = ring_sqe();
    io_uring_prep_cancel64(sqe, ring_tag(self, OP_RECV), 0);
    ring_quiet(sqe);
}

/* Tell the socket that nothing more is sent. The kernel leaves it to a thread, which looks the direct
 * descriptor up only then: the stream must not be closed before that is done, or whoever has the
 * descriptor next is told. */
static void shut_down(struct stream *self)
{
    struct io_uring_sqe *sqe;

    if ((self->file_flags & IOSQE_FIXED_FILE) == 0) {
        shutdown(self->file, SHUT_WR);
        return;
    }
    sqe = ring_sqe();
    io_uring_prep_shutdown(sqe, self->file, SHUT_WR);
    sqe->flags |= self->file_flags;
    sqe->user_data = ring_tag(self, OP_SHUTDOWN);
    self->shutting_down = true;
}

void stream_shutdown_done(void *object, const struct io_uring_cqe *cqe)
{
    struct stream *self = object;

    (void)cqe;
    self->shutting_down = false;
    stream_settle(self);
}

/* Pass the end on, if all before it has been sent; close when both ends have been, or nothing more
 * can be. */
void stream_settle(struct stream *self)
{
    struct stream *to = self->to;

    if (self->ended && !self->passed && to->first == NULL) {
        self->passed = true;
        if (!to->passed)
            shut_down(to);
    }
    if (!self->broken && !(self->passed && to->passed))
        return;
    if (!stream_idle(self) || !stream_idle(to))
        return;
    if (to != self)
        stream_close(to);
    stream_close(self);
}

void stream_break(struct stream *self)
{
    if (self->broken)
        return;
    self->broken = true;
    self->to->broken = true;
    cancel_receive(self);
    if (self->to != self)
        cancel_receive(self->to);
}

/* ---- receiving ---- */

void stream_receive(struct stream *self)
{
    struct io_uring_sqe *sqe = ring_sqe();

    io_uring_prep_recv_multishot(sqe, self->file, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT | self->file_flags;
    sqe->buf_group = POOL_GROUP;
    sqe->user_data = ring_tag(self, OP_RECV);
    self->receiving = true;
    self->pausing = false;
}

/* Receive on, as it does not, unless it is over or too much of it waits. */
static void receive_again(struct stream *self)
{
    if (!self->ended && !self->broken && self->to->queued <= QUEUED_MAX)
        stream_receive(self);
}

static void pause_receive(struct stream *self)
{
    if (self->pausing)
        return;
    self->pausing = true;
    cancel_receive(self);
}

static void receive_ended(struct stream *self, const struct io_uring_cqe *cqe)
{
    pool_take_nothing(cqe);
    if (cqe->res == -ENOBUFS) {
        pool_grow();
        self->next_starved = starved;
        starved = self;
        return;
    }
    self->receiving = false;
    if (cqe->res == 0)
        self->ended = true;
    else if (cqe->res != -ECANCELED)
        stream_break(self);
    receive_again(self);
    stream_settle(self);
}

/* The bytes of one that is to be closed are of no use, but for the buffer they lie in. */
static void receive(struct stream *self, const struct io_uring_cqe *cqe)
{
    char *bytes = pool_take(cqe);

    if (self->broken)
        pool_drop(pool_buffer_of(cqe));
    else
        stream_received(self, bytes, (unsigned)cqe->res, pool_buffer_of(cqe));
}

void stream_recv_done(void *object, const struct io_uring_cqe *cqe)
{
    struct stream *self = object;

    if (cqe->res <= 0) {
        receive_ended(self, cqe);
        return;
    }
    receive(self, cqe);
    if (!(cqe->flags & IORING_CQE_F_MORE)) {
        self->receiving = false;
        receive_again(self);
        if (self->broken)
            stream_settle(self);
    } else if (self->to->queued > QUEUED_MAX) {
        pause_receive(self);
    }
}

static void feed_starved(void)
{
    struct stream *list = starved;

    starved = NULL;
    while (list != NULL) {
        struct stream *self = list;

        list = self->next_starved;
        if (self->broken) {
            self->receiving = false;
            stream_settle(self);
        } else {
            stream_receive(self);
        }
    }
}

/* ---- sending ---- */

static void mark_dirty(struct stream *self)
{
    self->dirty = true;
    self->next_dirty = NULL;
    *dirty_last = self;
    dirty_last = &self->next_dirty;
}

void stream_push(struct stream *self, struct piece *piece)
{
    *self->last = piece;
    self->last = &piece->next;
    self->queued += piece->size;
    if (self->sending == 0 && !self->dirty)
        mark_dirty(self);
}

/* A message of as many pieces as one may have. */
static void gather(struct stream *self, struct io_uring_sqe *sqe)
{
    struct msghdr *message = &messages[messages_used++];
    struct iovec *at = &iovecs[iovecs_used];

    for (struct piece *piece = self->first; piece != NULL && self->sending < GATHER_MAX;
         piece = piece->next) {
        at[self->sending++] = (struct iovec){piece->bytes, piece->size};
        self->sending_bytes += piece->size;
    }
    iovecs_used += self->sending;
    *message = (struct msghdr){.msg_iov = at, .msg_iovlen = self->sending};
    io_uring_prep_sendmsg(sqe, self->file, message, MSG_WAITALL | MSG_NOSIGNAL);
}

/* Send what there is. MSG_WAITALL: all of it, or the stream is broken. */
static void stream_send(struct stream *self)
{
    struct io_uring_sqe *sqe;

    if (iovecs_used + GATHER_MAX > SCRATCH_MAX) {
        ring_submit();
        iovecs_used = messages_used = 0;
    }
    sqe = ring_sqe();
    self->sending_bytes = 0;
    if (self->first->next == NULL) {
        self->sending = 1;
        self->sending_bytes = self->first->size;
        io_uring_prep_send(sqe, self->file, self->first->bytes, self->first->size,
                           MSG_WAITALL | MSG_NOSIGNAL);
    } else {
        gather(self, sqe);
    }
    sqe->flags |= self->file_flags;
    sqe->user_data = ring_tag(self, OP_SEND);
}

void stream_send_done(void *object, const struct io_uring_cqe *cqe)
{
    struct stream *self = object, *from = self->to;

    if (cqe->res != (int)self->sending_bytes)
        stream_break(self);
    drop_first(self, self->sending);
    self->sending = 0;
    if (self->broken) {
        stream_settle(self);
        return;
    }
    if (self->first != NULL)
        mark_dirty(self);
    if (!from->receiving)
        receive_again(from);
    if (from->ended)
        stream_settle(from);
}

static void send_all(void)
{
    while (dirty != NULL) {
        struct stream *self = dirty;

        dirty = self->next_dirty;
        if (dirty == NULL)
            dirty_last = &dirty;
        self->dirty = false;
        if (self->broken)
            stream_settle(self);
        else
            stream_send(self);
    }
}

void streams_after_turn(void)
{
    /* Before anything is sent: what was prepared last turn has been submitted. */
    iovecs_used = messages_used = 0;
    send_all();
    pool_publish();
    if (starved != NULL && pool.at_kernel > 0)
        feed_starved();
}
