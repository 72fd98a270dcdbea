/* SPDX-License-Identifier: MIT */
/*
 * uring_ops.c - entries for the kernel: what the loop calls on a slot, and what its step decides.
 *
 * Writing an entry is all that happens here; nothing is submitted before the next wait() unless
 * the ring is full. While the ring cannot take entries (not enabled yet, or the kernel refuses
 * more until completions have been read) they are kept in a backlog, in order.
 */
#include "driver/uring.h"

#include "base/alloc.h"
#include "driver/polled.h"
#include "sys/sockaddr.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG_FIRST_ROOM = 64 };

/* --- entries and memory for them --- */

int eddy__uring_submit(eddy__uring *u)
{
    u->base.counters.syscalls++;
    return eddy__uring_ring_enter(&u->ring, 0, 0, NULL, 0);
}

static bool backlog_grow(eddy__uring *u)
{
    uint32_t room = u->backlog_room == 0 ? BACKLOG_FIRST_ROOM : u->backlog_room * 2;
    eddy__uring_sqe *backlog = eddy__alloc(u->allocator, room * sizeof *backlog);

    if (backlog == NULL)
        return false;
    if (u->backlog != NULL) {
        memcpy(backlog, u->backlog, u->backlog_n * sizeof *backlog);
        eddy__free(u->allocator, u->backlog, u->backlog_room * sizeof *backlog);
    }
    u->backlog = backlog;
    u->backlog_room = room;
    return true;
}

eddy__uring_sqe *eddy__uring_sqe_slow(eddy__uring *u)
{
    eddy__uring_sqe *sqe = NULL;

    if (u->direct)
        sqe = eddy__uring_ring_sqe(&u->ring);
    if (sqe == NULL && u->direct && eddy__uring_submit(u) >= 0)
        sqe = eddy__uring_ring_sqe(&u->ring);
    if (sqe != NULL)
        return sqe;
    if (u->backlog_n == u->backlog_room && !backlog_grow(u))
        return NULL;
    u->direct = false;
    u->ring.sq_limit = u->ring.sq_tail;
    sqe = &u->backlog[u->backlog_n++];
    memset(sqe, 0, sizeof *sqe);
    return sqe;
}

void eddy__uring_backlog_flush(eddy__uring *u)
{
    uint32_t done = 0;

    while (done < u->backlog_n) {
        eddy__uring_sqe *sqe = eddy__uring_ring_sqe(&u->ring);

        if (sqe == NULL && eddy__uring_submit(u) >= 0)
            sqe = eddy__uring_ring_sqe(&u->ring);
        if (sqe == NULL)
            break;
        *sqe = u->backlog[done++];
    }
    u->backlog_n -= done;
    if (u->backlog_n != 0)
        memmove(u->backlog, u->backlog + done, u->backlog_n * sizeof u->backlog[0]);
    u->direct = u->backlog_n == 0;
    if (!u->direct)
        u->ring.sq_limit = u->ring.sq_tail;
}

void eddy__uring_scratch_reset(eddy__uring *u)
{
    while (u->scratch != NULL && u->scratch->next != NULL) {
        eddy__uring_scratch *older = u->scratch->next;

        u->scratch->next = older->next;
        eddy__free(u->allocator, older, sizeof *older);
    }
    if (u->scratch != NULL)
        u->scratch->used = 0;
}

bool eddy__uring_scratch_reserve(eddy__uring *u, uint32_t bytes)
{
    eddy__uring_scratch *chunk = u->scratch;

    if (chunk != NULL && chunk->used + bytes <= sizeof chunk->bytes)
        return true;
    if (chunk != NULL && u->direct && eddy__uring_submit(u) >= 0 &&
        eddy__uring_ring_unsubmitted(&u->ring) == 0) {
        eddy__uring_scratch_reset(u);
        return true;
    }
    chunk = eddy__alloc(u->allocator, sizeof *chunk);
    if (chunk == NULL)
        return false;
    chunk->used = 0;
    chunk->next = u->scratch;
    u->scratch = chunk;
    return true;
}

void *eddy__uring_scratch_take(eddy__uring *u, uint32_t bytes)
{
    void *memory = &u->scratch->bytes[u->scratch->used];

    u->scratch->used +=
        (bytes + EDDY__URING_SCRATCH_ALIGN - 1) & ~(uint32_t)(EDDY__URING_SCRATCH_ALIGN - 1);
    return memory;
}

/* --- what a step decides --- */

bool eddy__uring_arm_recv(eddy__uring *u, eddy__slot *slot)
{
    eddy__uring_sqe *sqe =
        eddy__uring_op_start(u, slot, EDDY__URING_KIND_RECV, EDDY__URING_OP_RECV);

    if (sqe == NULL)
        return false;
    sqe->flags = EDDY__URING_SQE_BUFFER_SELECT;
    sqe->ioprio = EDDY__URING_RECV_MULTISHOT;
    return true;
}

bool eddy__uring_arm_accept(eddy__uring *u, eddy__slot *slot)
{
    eddy__uring_sqe *sqe =
        eddy__uring_op_start(u, slot, EDDY__URING_KIND_ACCEPT, EDDY__URING_OP_ACCEPT);

    if (sqe == NULL)
        return false;
    sqe->op_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    if (!u->accept_single)
        sqe->ioprio = EDDY__URING_ACCEPT_MULTISHOT;
    return true;
}

bool eddy__uring_arm_poll(eddy__uring *u, eddy__slot *slot)
{
    eddy__uring_sqe *sqe =
        eddy__uring_op_start(u, slot, EDDY__URING_KIND_POLL, EDDY__URING_OP_POLL_ADD);

    if (sqe == NULL)
        return false;
    if (slot->kind == EDDY__SLOT_READY) {
        sqe->len = EDDY__URING_POLL_ADD_MULTI;
        sqe->op_flags = EDDY__POLLED_ALL | EPOLLET;
    } else {
        sqe->op_flags = POLLRDHUP | POLLHUP | POLLERR;
    }
    return true;
}

bool eddy__uring_arm_close(eddy__uring *u, eddy__slot *slot)
{
    return eddy__uring_op_start(u, slot, EDDY__URING_KIND_CLOSE, EDDY__URING_OP_CLOSE) != NULL;
}

/* The id is the operation's kind, index and generation. That an operation of the same id was
 * armed again cannot be: entries are carried out in order, a cancellation at once, and an
 * operation is armed again only after its final completion was read. */
bool eddy__uring_cancel(eddy__uring *u, eddy__slot *slot, eddy__uring_kind kind)
{
    eddy__uring_sqe *sqe = eddy__uring_sqe_get(u);

    if (sqe == NULL)
        return false;
    sqe->opcode = EDDY__URING_OP_ASYNC_CANCEL;
    sqe->flags = EDDY__URING_SQE_CQE_SKIP_SUCCESS;
    sqe->fd = -1;
    sqe->addr = eddy__uring_user_data(kind, slot);
    sqe->user_data = eddy__uring_own_data(EDDY__URING_KIND_CANCEL);
    slot->interest = (uint16_t)(slot->interest | 1U << kind);
    return true;
}

/* --- what the loop calls --- */

int eddy__uring_attach(eddy__driver *driver, eddy__slot *slot, int fd, eddy__slot_kind kind)
{
    eddy__uring *u = (eddy__uring *)driver;
    int error = eddy__slots_add(&u->slots, slot);

    if (error < 0)
        return error;
    slot->fd = fd;
    slot->kind = (uint8_t)kind;
    if (kind != EDDY__SLOT_READY)
        return 0;
    error = eddy__uring_ready_attach(u, slot);
    if (error < 0)
        eddy__slots_remove(&u->slots, slot);
    return error;
}

void eddy__uring_detach(eddy__driver *driver, eddy__slot *slot)
{
    eddy__uring *u = (eddy__uring *)driver;

    EDDY_ASSERT((slot->state & EDDY__URING_DETACHED) == 0, "slot %u detached twice", slot->index);
    eddy__uring_late_clear(u, slot);
    slot->state |= EDDY__URING_DETACHED;
    slot->sent_late = false; /* its end waits for it */
    eddy__uring_queue(u, slot);
    if (slot->kind == EDDY__SLOT_READY)
        eddy__uring_ready_detach(u, slot);
    if (!u->ring.enabled && slot->in_flight == 0 && !slot->keep_fd) {
        (void)close(slot->fd);
        u->base.counters.syscalls++;
        slot->state |= EDDY__URING_CLOSED;
    }
}

void eddy__uring_credit(eddy__driver *driver, eddy__slot *slot)
{
    EDDY_ASSERT((slot->state & EDDY__URING_DETACHED) == 0, "credit for slot %u, which is detached",
                slot->index);
    slot->state = (uint16_t)(slot->state & ~EDDY__URING_STOPPED);
    eddy__uring_queue((eddy__uring *)driver, slot);
}

void eddy__uring_connect(eddy__driver *driver, eddy__slot *slot, const eddy_addr *to)
{
    eddy__uring *u = (eddy__uring *)driver;
    eddy__uring_sqe *sqe = NULL;
    struct sockaddr_storage *address;

    if (eddy__uring_scratch_reserve(u, sizeof *address))
        sqe = eddy__uring_op_start(u, slot, EDDY__URING_KIND_CONNECT, EDDY__URING_OP_CONNECT);
    if (sqe == NULL) {
        slot->result = -ENOMEM;
        slot->state |= EDDY__URING_UNCONNECTED;
        eddy__uring_queue(u, slot);
        return;
    }
    address = eddy__uring_scratch_take(u, (uint32_t)sizeof *address);
    sqe->off = eddy__sockaddr_from(to, address);
    sqe->addr = (uint64_t)(uintptr_t)address;
}

int eddy__uring_shutdown(eddy__driver *driver, eddy__slot *slot)
{
    EDDY_ASSERT((slot->in_flight & EDDY__URING_SEND) == 0, "shutdown of slot %u during a send",
                slot->index);
    driver->counters.syscalls++;
    return shutdown(slot->fd, SHUT_WR) < 0 ? -errno : 0;
}
