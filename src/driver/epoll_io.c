/* SPDX-License-Identifier: MIT */
/*
 * epoll_io.c - the epoll driver's system calls that move something, and the events they make.
 *
 * Receiving goes into one block that all streams fill one behind the other, like an incremental
 * ring; each event holds a reference. A short read empties the socket (a later arrival is a new
 * edge), so no call is spent to see EAGAIN; after a hang-up reading goes on until the end is seen.
 * A short send fills the socket: what is left goes when the kernel says so.
 */
#include "driver/epoll.h"

#include "base/assert.h"
#include "sys/sockaddr.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

_Static_assert(sizeof(eddy__iov) == sizeof(struct iovec) &&
                   offsetof(eddy__iov, len) == offsetof(struct iovec, iov_len),
               "eddy__iov is handed to the kernel as struct iovec");

static void state_clear(eddy__slot *slot, unsigned bits)
{
    slot->state &= (uint16_t)~bits;
}

static void emit(eddy__epoll *self, eddy__slot *slot, eddy__event_type type, int32_t result)
{
    *self->out++ = (eddy__event){.slot = slot, .type = type, .result = result};
}

/* Take the pending error of the socket: 0 or -errno. */
static int take_error(eddy__epoll *self, eddy__slot *slot)
{
    int error = 0;
    socklen_t size = sizeof error;

    self->base.counters.syscalls++;
    state_clear(slot, EDDY__EPOLL_BROKEN);
    if (getsockopt(slot->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = errno;
    return -error;
}

/* The kernel tells an error once. When the sender was told that the connection is gone, the
 * reader would next be told an ordinary end: remember what it was. (EPIPE is left out: it says
 * that the end had come before.) */
static int32_t note_error(eddy__slot *slot, int error)
{
    switch (error) {
    case -ECONNRESET:
    case -ECONNABORTED:
    case -ETIMEDOUT:
    case -EHOSTUNREACH:
    case -ENETUNREACH:
    case -ENETDOWN:
        slot->result = error;
        break;
    default:
        break;
    }
    return error;
}

bool eddy__epoll_next_block(eddy__epoll *self)
{
    if (self->block != NULL)
        eddy__block_release(self->block);
    self->block = eddy__pool_take(self->pool);
    self->used = 0;
    return self->block != NULL;
}

static void starve(eddy__epoll *self, eddy__slot *slot)
{
    slot->state |= EDDY__EPOLL_STARVED;
    eddy__epoll_append(&self->starved, slot);
    self->base.counters.starved++;
}

static EDDY__COLD void receive_end(eddy__epoll *self, eddy__slot *slot, int error)
{
    state_clear(slot, EDDY__EPOLL_READABLE);
    if (error == -EAGAIN)
        return;
    if (error == 0)
        error = slot->result;
    slot->state |= EDDY__EPOLL_OVER;
    emit(self, slot, error == 0 ? EDDY__END : EDDY__ERROR, error);
}

/* One read. Returns how many bytes it gave, 0 when reading is over for now. */
static inline int32_t receive_once(eddy__epoll *self, eddy__slot *slot)
{
    unsigned char *at = self->block->data + self->used;
    uint32_t room = self->block->size_bytes - self->used;
    ssize_t n;

    do {
        n = recv(slot->fd, at, room, MSG_DONTWAIT);
        self->base.counters.syscalls++;
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        receive_end(self, slot, n == 0 ? 0 : -errno);
        return 0;
    }
    if ((size_t)n < room && !(slot->state & (EDDY__EPOLL_HUNG | EDDY__EPOLL_EXACT)))
        state_clear(slot, EDDY__EPOLL_READABLE);
    eddy__epoll_take_bytes(self, slot, (uint32_t)n);
    return (int32_t)n;
}

static EDDY__NOINLINE void receive(eddy__epoll *self, eddy__slot *slot, int32_t turn)
{
    const unsigned stop = EDDY__EPOLL_OVER | EDDY__EPOLL_STARVED;

    while ((slot->state & (EDDY__EPOLL_READABLE | stop)) == EDDY__EPOLL_READABLE &&
           slot->credit > 0 && turn > 0 && !eddy__epoll_full(self)) {
        if (self->starved.first != NULL || !eddy__epoll_find_room(self)) {
            starve(self, slot); /* behind those who came before */
            return;
        }
        turn -= receive_once(self, slot);
    }
}

/* The peer is gone, what it left is unread: tell it once to whom wants to know. */
static void tell_hangup(eddy__epoll *self, eddy__slot *slot)
{
    const unsigned relevant = EDDY__EPOLL_HUNG | EDDY__EPOLL_HANGUP_TOLD | EDDY__EPOLL_OVER;

    if (!slot->watch || (slot->state & relevant) != EDDY__EPOLL_HUNG || eddy__epoll_full(self))
        return;
    slot->state |= EDDY__EPOLL_HANGUP_TOLD;
    emit(self, slot, EDDY__HANGUP, 0);
}

static void finish_send(eddy__epoll *self, eddy__slot *slot)
{
    int error = 0;

    if (slot->state & EDDY__EPOLL_BROKEN)
        error = note_error(slot, take_error(self, slot));
    if (error == 0 && !(slot->state & EDDY__EPOLL_WRITABLE))
        return;
    state_clear(slot, EDDY__EPOLL_BLOCKED | EDDY__EPOLL_WRITABLE);
    emit(self, slot, EDDY__SENT, error != 0 ? error : (int32_t)slot->sent);
    eddy__epoll_enqueue(self, slot); /* output need not be heard any more */
}

/* Success needs both: writable, and no error. A hang-up alone decides nothing. */
static void finish_connect(eddy__epoll *self, eddy__slot *slot)
{
    int error = slot->result;

    if (slot->state & EDDY__EPOLL_CONNECTING)
        error = take_error(self, slot);
    if (error == 0 && (slot->state & EDDY__EPOLL_CONNECTING) &&
        !(slot->state & EDDY__EPOLL_WRITABLE))
        return;
    state_clear(slot, EDDY__EPOLL_CONNECTING | EDDY__EPOLL_CONNECT_DONE | EDDY__EPOLL_WRITABLE);
    slot->result = 0;
    if (error != 0)
        slot->state |= EDDY__EPOLL_OVER;
    emit(self, slot, EDDY__CONNECTED, error);
}

/* One connection, or none: a listener that has more is reported again. */
static void accept_one(eddy__epoll *self, eddy__slot *slot)
{
    int fd;

    if (slot->credit > 0 && !(slot->state & EDDY__EPOLL_STOPPED) && !eddy__epoll_full(self)) {
        fd = accept4(slot->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        self->base.counters.syscalls++;
        if (fd >= 0) {
            slot->credit--;
            emit(self, slot, EDDY__ACCEPTED, fd);
        } else if (errno != EAGAIN && errno != EINTR) {
            slot->state |= EDDY__EPOLL_STOPPED;
            emit(self, slot, EDDY__ACCEPT_FAILED, -errno);
        }
    }
    if (slot->credit <= 0 || (slot->state & EDDY__EPOLL_STOPPED))
        eddy__epoll_enqueue(self, slot);
}

/* What comes before receiving, and is rare. False: nothing may follow now. */
static bool serve_rare(eddy__epoll *self, eddy__slot *slot)
{
    if (eddy__epoll_full(self))
        return false;
    if (slot->state & EDDY__EPOLL_DETACHED) {
        slot->state = 0;
        emit(self, slot, EDDY__ENDED, 0); /* from here on the slot is the caller's */
        return false;
    }
    if (slot->state & (EDDY__EPOLL_CONNECTING | EDDY__EPOLL_CONNECT_DONE))
        finish_connect(self, slot);
    else
        finish_send(self, slot);
    return (slot->state & EDDY__EPOLL_CONNECTING) == 0;
}

void eddy__epoll_serve(eddy__epoll *self, eddy__slot *slot)
{
    const unsigned rare = EDDY__EPOLL_DETACHED | EDDY__EPOLL_CONNECTING | EDDY__EPOLL_CONNECT_DONE |
                          EDDY__EPOLL_BLOCKED;

    if (slot->kind == EDDY__SLOT_LISTENER && !(slot->state & EDDY__EPOLL_DETACHED)) {
        accept_one(self, slot);
        return;
    }
    if (!(slot->state & rare) || serve_rare(self, slot)) {
        receive(self, slot, EDDY__RECV_TURN_BYTES);
        tell_hangup(self, slot);
    }
    if (eddy__epoll_has_work(slot))
        eddy__epoll_enqueue(self, slot);
}

bool eddy__epoll_serve_on(eddy__epoll *self, eddy__slot *slot, ssize_t n)
{
    if (n < 0 && errno == EINTR)
        return false;
    slot->state = EDDY__EPOLL_READABLE;
    if (n > 0)
        eddy__epoll_take_bytes(self, slot, (uint32_t)n);
    else
        receive_end(self, slot, n == 0 ? 0 : -errno);
    receive(self, slot, EDDY__RECV_TURN_BYTES - (int32_t)n);
    if (eddy__epoll_has_work(slot))
        eddy__epoll_enqueue(self, slot);
    return true;
}

static size_t iov_bytes(const eddy__iov *iov, uint32_t n)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < n; i++)
        bytes += iov[i].len;
    return bytes;
}

static EDDY__NOINLINE ssize_t send_many(const eddy__slot *slot, const eddy__iov *iov, uint32_t n)
{
    struct msghdr message;

    memset(&message, 0, sizeof message);
    message.msg_iov = (struct iovec *)(uintptr_t)iov; /* the kernel only reads it */
    message.msg_iovlen = n;
    return sendmsg(slot->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Not all has left, or nothing. */
static EDDY__COLD eddy_result send_later(eddy__epoll *self, eddy__slot *slot, ssize_t sent)
{
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        return note_error(slot, -errno);
    state_clear(slot, EDDY__EPOLL_WRITABLE | EDDY__EPOLL_BROKEN);
    slot->state |= EDDY__EPOLL_BLOCKED;
    if (sent < 0 && errno == EINTR)
        slot->state |= EDDY__EPOLL_WRITABLE; /* there is room, so the kernel would not tell */
    slot->sent = sent < 0 ? 0 : (uint32_t)sent;
    eddy__epoll_enqueue(self, slot);
    return EDDY_PENDING;
}

eddy_result eddy__epoll_send(eddy__driver *driver, eddy__slot *slot, const eddy__iov *iov,
                             uint32_t n)
{
    const unsigned busy = EDDY__EPOLL_BLOCKED | EDDY__EPOLL_CONNECTING | EDDY__EPOLL_CONNECT_DONE;
    size_t total = iov->len;
    ssize_t sent;

    EDDY_ASSERT(!(slot->state & (busy | EDDY__EPOLL_DETACHED)),
                "send on a slot that is sending, connecting or detached (state 0x%x)",
                (unsigned)slot->state);
    EDDY_ASSERT(n - 1 < EDDY__IOV_MAX, "send of %u parts", (unsigned)n);
    driver->counters.syscalls++;
    if (n == 1) {
        sent = send(slot->fd, iov->base, total, MSG_NOSIGNAL | MSG_DONTWAIT);
    } else {
        total = iov_bytes(iov, n);
        sent = send_many(slot, iov, n);
    }
    if (sent == (ssize_t)total)
        return sent;
    return send_later((eddy__epoll *)driver, slot, sent);
}

/* An unconnected socket reads as hung up: what was fetched of it before is no news. */
static void forget_fetched(eddy__epoll *self, eddy__slot *slot)
{
    uint64_t id = (uint64_t)slot->generation << 32 | slot->index;

    for (uint32_t i = self->ready_at; i < self->ready_count; i++) {
        if (self->ready[i].data.u64 == id)
            self->ready[i].data.u64 = UINT64_MAX;
    }
    state_clear(slot, EDDY__EPOLL_READABLE | EDDY__EPOLL_WRITABLE | EDDY__EPOLL_HUNG |
                          EDDY__EPOLL_BROKEN | EDDY__EPOLL_HANGUP_TOLD);
}

void eddy__epoll_connect(eddy__driver *driver, eddy__slot *slot, const eddy_addr *to)
{
    eddy__epoll *self = (eddy__epoll *)driver;
    struct sockaddr_storage storage;
    socklen_t size = eddy__sockaddr_from(to, &storage);
    int result;

    EDDY_ASSERT(!(slot->state & (EDDY__EPOLL_CONNECTING | EDDY__EPOLL_CONNECT_DONE)),
                "connect on a slot that is connecting");
    forget_fetched(self, slot);
    result = connect(slot->fd, (struct sockaddr *)&storage, size) < 0 ? -errno : 0;
    driver->counters.syscalls++;
    if (result == -EINPROGRESS || result == -EINTR) {
        slot->state |= EDDY__EPOLL_CONNECTING;
    } else {
        slot->state |= EDDY__EPOLL_CONNECT_DONE;
        slot->result = result;
    }
    eddy__epoll_enqueue(self, slot);
}

int eddy__epoll_shutdown(eddy__driver *driver, eddy__slot *slot)
{
    EDDY_ASSERT(!(slot->state & EDDY__EPOLL_BLOCKED), "shutdown while a send is in flight");
    driver->counters.syscalls++;
    return shutdown(slot->fd, SHUT_WR) < 0 ? -errno : 0;
}
