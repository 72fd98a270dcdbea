/* SPDX-License-Identifier: MIT */
/*
 * uring_send.c - sends: how they are handed over, and how their end becomes known.
 *
 * One that has to wait for room may take for ever, so the kernel tells of its end. A small one
 * hardly ever has to: it is told not to wait, and the kernel not to tell of it unless it falls
 * short. Such a send is over when its entry was taken; when every completion was read that there
 * was by then, and none is of it, all its bytes have left. So it costs no completion, and the
 * loop no turn of its own to hear of it. When it falls short the socket is full: the rest of the
 * bytes, which the loop sends again, waits in the kernel.
 */
#include "driver/uring.h"

#include "sys/sockets.h"

#include <sys/socket.h>
#include <sys/uio.h>

_Static_assert(sizeof(eddy__iov) == sizeof(struct iovec), "eddy__iov is struct iovec");
_Static_assert(offsetof(eddy__iov, base) == offsetof(struct iovec, iov_base), "eddy__iov.base");
_Static_assert(offsetof(eddy__iov, len) == offsetof(struct iovec, iov_len), "eddy__iov.len");

/* More than this may well not fit, and then it would take two sends. */
enum { UNTOLD_BYTES_MAX = 16 * 1024 };
#define SEND_BYTES_MAX ((size_t)0x7ffff000) /* what the kernel moves in one call */

/* --- handing over --- */

/* One header and its parts, in memory that the kernel copies when it takes the entry. */
static struct msghdr *send_header(eddy__uring *u, const eddy__iov *iov, uint32_t n)
{
    struct msghdr *header = eddy__uring_scratch_take(u, (uint32_t)sizeof *header);
    struct iovec *parts = eddy__uring_scratch_take(u, n * (uint32_t)sizeof *parts);

    memcpy(parts, iov, n * sizeof *parts);
    *header = (struct msghdr){.msg_iov = parts, .msg_iovlen = n};
    return header;
}

/* A send that need not wait: it is over, and not told of, when its entry was taken. Without WAITALL
 * a part of the bytes would pass for all. */
static inline void send_untold(eddy__uring *u, eddy__slot *slot, eddy__uring_sqe *sqe)
{
    sqe->flags = EDDY__URING_SQE_CQE_SKIP_SUCCESS;
    sqe->op_flags = MSG_NOSIGNAL | MSG_WAITALL | MSG_DONTWAIT;
    slot->in_flight |= EDDY__URING_UNTOLD;
    u->untold[u->untold_n++] = slot;
}

static inline bool may_be_untold(const eddy__uring *u, const eddy__slot *slot, size_t len)
{
    return len <= UNTOLD_BYTES_MAX && u->untold_n < u->untold_max &&
           (slot->state & EDDY__URING_FULL) == 0;
}

static EDDY__NOINLINE eddy_result send_many(eddy__uring *u, eddy__slot *slot, const eddy__iov *iov,
                                            uint32_t n)
{
    enum { HEADER_BYTES = sizeof(struct msghdr) + 2 * EDDY__URING_SCRATCH_ALIGN };
    eddy__uring_sqe *sqe;
    size_t sum = 0;

    if (!eddy__uring_scratch_reserve(u, HEADER_BYTES + n * (uint32_t)sizeof *iov))
        return -ENOMEM;
    sqe = eddy__uring_op_start(u, slot, EDDY__URING_KIND_SEND, EDDY__URING_OP_SENDMSG);
    if (sqe == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        sum += iov[i].len;
    slot->sent = (uint32_t)(sum < SEND_BYTES_MAX ? sum : SEND_BYTES_MAX);
    sqe->op_flags = MSG_NOSIGNAL | MSG_WAITALL;
    sqe->addr = (uint64_t)(uintptr_t)send_header(u, iov, n);
    sqe->len = 1;
    if (may_be_untold(u, slot, sum))
        send_untold(u, slot, sqe);
    return EDDY_PENDING;
}

/* What may have to wait, or has no room in the ring. */
static EDDY__NOINLINE eddy_result send_slowly(eddy__uring *u, eddy__slot *slot,
                                              const eddy__iov *iov)
{
    eddy__uring_sqe *sqe =
        eddy__uring_op_start(u, slot, EDDY__URING_KIND_SEND, EDDY__URING_OP_SEND);

    if (sqe == NULL)
        return -ENOMEM;
    slot->sent = (uint32_t)(iov->len < SEND_BYTES_MAX ? iov->len : SEND_BYTES_MAX);
    sqe->op_flags = MSG_NOSIGNAL | MSG_WAITALL;
    sqe->addr = (uint64_t)(uintptr_t)iov->base;
    sqe->len = slot->sent;
    if (may_be_untold(u, slot, iov->len))
        send_untold(u, slot, sqe);
    return EDDY_PENDING;
}

eddy_result eddy__uring_send(eddy__driver *driver, eddy__slot *slot, const eddy__iov *iov,
                             uint32_t n)
{
    eddy__uring *u = (eddy__uring *)driver;
    eddy__uring_sqe *sqe;

    EDDY_ASSERT((slot->in_flight & EDDY__URING_SEND) == 0, "two sends at once on slot %u",
                slot->index);
    if (n != 1)
        return send_many(u, slot, iov, n);
    if (!may_be_untold(u, slot, iov->len) || !eddy__uring_ring_has_room(&u->ring))
        return send_slowly(u, slot, iov);
    sqe = eddy__uring_ring_next(&u->ring);
    eddy__uring_op_init(sqe, slot, EDDY__URING_KIND_SEND, EDDY__URING_OP_SEND);
    slot->sent = (uint32_t)iov->len;
    sqe->addr = (uint64_t)(uintptr_t)iov->base;
    sqe->len = slot->sent;
    send_untold(u, slot, sqe);
    return EDDY_PENDING;
}

/* --- the end --- */

/* The kernel tells an error once. When it told the sender that the connection is broken, the
 * receiver would next be told an ordinary end, so remember what it was. EPIPE is no such error: it
 * says that the end had come before. */
static void send_failed(eddy__slot *slot, int32_t result)
{
    switch (result) {
    case -EPIPE:
    case -ECANCELED:
    case -ENOMEM:
    case -ENOBUFS:
        return;
    default:
        break;
    }
    if ((slot->state & EDDY__URING_OVER) != 0)
        return;
    slot->state |= EDDY__URING_RESET;
    slot->result = result < 0 ? result : -ECONNRESET;
}

/* A send that was to wait for all of it was cut off: by a reset, whose error nobody tells then, or
 * only because the thread was interrupted. */
static EDDY__COLD bool cut_off(eddy__uring *u, const eddy__slot *slot)
{
    u->base.counters.syscalls++;
    return eddy__kernel_is_reset(slot->fd);
}

/* It fell short: the socket is full. */
static EDDY__COLD void untold_remove(eddy__uring *u, eddy__slot *slot)
{
    uint32_t i = 0;

    while (u->untold[i] != slot)
        i++;
    u->untold[i] = u->untold[--u->untold_n];
    slot->in_flight = (uint16_t)(slot->in_flight & ~EDDY__URING_UNTOLD);
    slot->state |= EDDY__URING_FULL;
}

/* One that waited is over. What it could not do, it was kept from. */
static void waited(eddy__uring *u, eddy__slot *slot, int32_t result)
{
    slot->state = (uint16_t)(slot->state & ~EDDY__URING_FULL);
    if (result >= 0 && (uint32_t)result < slot->sent && cut_off(u, slot))
        send_failed(slot, result);
}

void eddy__uring_on_send(eddy__uring *u, eddy__slot *slot, const eddy__uring_cqe *cqe)
{
    int32_t result = eddy__uring_is_nothing(cqe->res) ? 0 : cqe->res; /* sent again by the loop */

    (void)eddy__uring_op_over(slot, EDDY__URING_SEND);
    if ((slot->in_flight & EDDY__URING_UNTOLD) != 0)
        untold_remove(u, slot);
    else
        waited(u, slot, result);
    if (result < 0)
        send_failed(slot, result);
    if (result == -EPIPE && (slot->state & EDDY__URING_RESET) != 0)
        result = slot->result; /* why the send before was cut off, which could not tell it */
    slot->sent = cqe->res > 0 ? (uint32_t)cqe->res : 0;
    if ((slot->state & EDDY__URING_DETACHED) == 0)
        eddy__uring_emit(u, slot, EDDY__SENT, result);
    else
        eddy__uring_queue(u, slot);
}

bool eddy__uring_sends_awaited(const eddy__uring *u)
{
    if (u->starved_first != NULL)
        return u->untold_n != 0; /* for the memory of the bytes */
    for (uint32_t i = 0; i < u->untold_n; i++)
        if (!u->untold[i]->sent_late)
            return true;
    return false;
}

/* Is what the kernel has said all that it will say of the sends that were made? */
static bool is_all_said(const eddy__uring *u)
{
    return u->direct && eddy__uring_ring_unsubmitted(&u->ring) == 0 &&
           (eddy__uring_ring_flags(&u->ring) & EDDY__URING_SQ_CQ_OVERFLOW) == 0;
}

void eddy__uring_sends_done(eddy__uring *u)
{
    const uint16_t over = EDDY__URING_SEND | EDDY__URING_UNTOLD;
    uint32_t left = u->untold_n;
    bool said = left != 0 && is_all_said(u);

    while (left != 0 && said && u->out != u->out_end) {
        eddy__slot *slot = u->untold[--left];

        slot->in_flight = (uint16_t)(slot->in_flight & ~over);
        if ((slot->state & EDDY__URING_DETACHED) == 0)
            eddy__uring_emit(u, slot, EDDY__SENT, (int32_t)slot->sent);
        else
            eddy__uring_queue(u, slot);
    }
    u->untold_n = left;
    while (left != 0)
        u->untold[--left]->sent_late = false; /* it is late already */
}
