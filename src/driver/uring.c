/* SPDX-License-Identifier: MIT */
/*
 * uring.c - the io_uring driver: how it is opened and closed, and its table of operations. See
 * uring.h for what is in the other files and how a slot lives.
 *
 * Closing waits for every operation's final completion, because until then the kernel may write
 * into our memory, and a port or a peer does not learn of the end. A kernel that does not answer
 * within a second keeps the memory: a leak that is told, rather than bytes in the wrong place.
 */
#include "driver/uring.h"

#include "base/alloc.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { SQ_ENTRIES = 512, DRAIN_ROUNDS = 10, DRAIN_EVENTS = 16 };
#define DRAIN_ROUND_NS (100 * EDDY_MILLISECOND)

static void uring_free(eddy__uring *u)
{
    eddy__uring_embed_close(u);
    eddy__uring_scratch_reset(u);
    if (u->scratch != NULL)
        eddy__free(u->allocator, u->scratch, sizeof *u->scratch);
    if (u->backlog != NULL)
        eddy__free(u->allocator, u->backlog, u->backlog_room * sizeof *u->backlog);
    eddy__slots_deinit(&u->slots);
    if (u->polled_fd >= 0)
        (void)close(u->polled_fd);
    eddy__free(u->allocator, u, sizeof *u);
}

static int uring_open(const eddy__driver_options *options, eddy__driver **out)
{
    eddy__uring_abilities can;
    eddy__uring *u;
    int error;

    if ((options->without & EDDY__WITHOUT_IO_URING) != 0)
        return -EPERM;
    if ((options->without & EDDY__WITHOUT_MULTISHOT_RECV) != 0)
        return -EOPNOTSUPP;
    error = eddy__uring_probe(&can);
    if (error < 0)
        return error;
    u = eddy__calloc(options->allocator, sizeof *u);
    if (u == NULL)
        return -ENOMEM;
    u->base.type = &eddy__uring_driver;
    u->base.system = &eddy__kernel;
    u->allocator = options->allocator;
    u->pool = options->pool;
    u->wake_fd = options->wake_fd;
    u->outer_fd = u->event_fd = -1;
    u->polled_fd = -1;
    u->timer_at = EDDY_FOREVER;
    u->timer_absent = (options->without & EDDY__WITHOUT_MULTISHOT_TIMER) != 0;
    u->accept_single =
        !can.multishot_accept || (options->without & EDDY__WITHOUT_MULTISHOT_ACCEPT) != 0;
    if (can.untold_sends && (options->without & EDDY__WITHOUT_UNTOLD_SENDS) == 0)
        u->untold_max = EDDY__URING_UNTOLD_MAX;
    eddy__slots_init(&u->slots, options->allocator);
    error = eddy__uring_ring_open(&u->ring, SQ_ENTRIES,
                                  (options->without & EDDY__WITHOUT_DEFER_TASKRUN) != 0);
    if (error < 0)
        goto no_ring;
    error = eddy__uring_buffers_init(u, can.incremental &&
                                            (options->without & EDDY__WITHOUT_INCREMENTAL) == 0);
    if (error < 0)
        goto no_buffers;
    *out = &u->base;
    return 0;

no_buffers:
    eddy__uring_buffers_deinit(u, false);
    eddy__uring_ring_close(&u->ring, true);
no_ring:
    uring_free(u);
    return error;
}

/* Operations that the kernel has not ended. */
static bool uring_in_flight(const eddy__uring *u)
{
    if (u->wake_armed || u->timer_at != EDDY_FOREVER)
        return true;
    for (uint32_t i = 0; u->slots.live != 0 && i < u->slots.used; i++)
        if (u->slots.entries[i].slot != NULL && u->slots.entries[i].slot->in_flight != 0)
            return true;
    return false;
}

/* Cancel everything, then read completions until nothing is in flight. False: something is. */
static bool uring_drain(eddy__uring *u)
{
    eddy__event events[DRAIN_EVENTS];
    eddy__uring_sqe *sqe;

    for (uint32_t i = 0; i < u->slots.used; i++)
        if (u->slots.entries[i].slot != NULL)
            u->slots.entries[i].slot->state |= EDDY__URING_DETACHED;
    eddy__uring_backlog_flush(u);
    sqe = eddy__uring_sqe_get(u);
    if (sqe != NULL) {
        sqe->opcode = EDDY__URING_OP_ASYNC_CANCEL;
        sqe->fd = -1;
        sqe->op_flags = EDDY__URING_CANCEL_ANY | EDDY__URING_CANCEL_ALL;
        sqe->user_data = eddy__uring_own_data(EDDY__URING_KIND_CANCEL);
    }
    for (int round = 0; uring_in_flight(u) && round < DRAIN_ROUNDS;) {
        int got = eddy__uring_ring_enter_timeout(&u->ring, 1, DRAIN_ROUND_NS);

        if (got == -ETIME)
            round++;
        else if (got < 0 && got != -EINTR && got != -EAGAIN && got != -EBUSY)
            return false;
        do {
            u->events = u->out = events;
            u->out_end = events + DRAIN_EVENTS;
            eddy__uring_collect(u);
        } while (u->out == u->out_end);
    }
    return !uring_in_flight(u);
}

/* Connections that were accepted and never read, in a ring that can no longer be entered. */
static void uring_close_strays(eddy__uring *u)
{
    uint32_t tail = eddy__uring_ring_cq_tail(&u->ring);

    for (uint32_t head = u->ring.cq_head; head != tail; head++) {
        const eddy__uring_cqe *cqe = &u->ring.cqes[head & u->ring.cq_mask];

        if (eddy__uring_kind_of(cqe->user_data) == EDDY__URING_KIND_ACCEPT && cqe->res >= 0)
            (void)close(cqe->res);
    }
}

/* Slots that have not ended lose their descriptor here. */
static void uring_end_slots(eddy__uring *u)
{
    eddy__slot *slot;
    uint32_t at = 0;

    while ((slot = eddy__slots_next(&u->slots, &at)) != NULL) {
        eddy__uring_late_clear(u, slot);
        if ((slot->state & EDDY__URING_CLOSED) == 0 && !slot->keep_fd)
            (void)close(slot->fd);
        eddy__slots_remove(&u->slots, slot);
    }
}

static void uring_close(eddy__driver *driver, bool foreign)
{
    eddy__uring *u = (eddy__uring *)driver;
    bool lost = false;

    if (!foreign && u->ring.enabled)
        lost = !uring_drain(u);
    if (lost)
        (void)fprintf(stderr, "eddy: io_uring did not end its operations within a second; "
                              "the memory they use is left to it\n");
    uring_close_strays(u);
    uring_end_slots(u);
    eddy__uring_ring_close(&u->ring, !foreign);
    eddy__uring_buffers_deinit(u, lost);
    uring_free(u);
}

const eddy__driver_type eddy__uring_driver = {
    .name = "io_uring",
    .open = uring_open,
    .close = uring_close,
    .now = eddy__uring_now,
    .attach = eddy__uring_attach,
    .detach = eddy__uring_detach,
    .credit = eddy__uring_credit,
    .send = eddy__uring_send,
    .connect = eddy__uring_connect,
    .shutdown = eddy__uring_shutdown,
    .wait = eddy__uring_wait,
    .expose = eddy__uring_expose,
    .settle = eddy__uring_settle,
};
