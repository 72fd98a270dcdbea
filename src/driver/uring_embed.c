/* SPDX-License-Identifier: MIT */
/*
 * uring_embed.c - a descriptor by which another loop waits for a ring.
 *
 * It is not the ring's own: with DEFER_TASKRUN whoever polls that is not woken by completions that are
 * only to be made by this very thread. An eventfd registered with the ring is told of those, but not
 * (or late, or once) when they come of a write to another eventfd: the kernel does not nest them. So
 * the descriptor is an epoll instance, of three, each by the edge: that eventfd; the loop's wake
 * descriptor, which the ring then polls only while it sleeps itself; and the instance that has all
 * descriptors of which mere readiness is told (uring_ready.c). Its edges are taken when the loop
 * settles, before the look at what there is; so nothing that comes after the look is missed.
 *
 * A descriptor has the ring's poll and the instance in one queue of its own, latest first: the ring's
 * comes first, so its completion is there to be seen when the other loop is woken.
 */
#include "driver/uring.h"

#include "sys/wakefd.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EDGES_MAX = 3 };

static int watch(const eddy__uring *u, int fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};

    return epoll_ctl(u->outer_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int embed_open(eddy__uring *u)
{
    int error;

    u->outer_fd = epoll_create1(EPOLL_CLOEXEC);
    if (u->outer_fd < 0)
        return -errno;
    u->event_fd = eddy__wakefd_open();
    if (u->event_fd < 0)
        return u->event_fd;
    error = watch(u, u->event_fd);
    if (error == 0)
        error = watch(u, u->wake_fd);
    if (error == 0)
        error = eddy__uring_ready_expose(u);
    if (error == 0)
        error = eddy__uring_ring_register(&u->ring, EDDY__URING_REGISTER_EVENTFD, &u->event_fd, 1);
    return error;
}

void eddy__uring_embed_close(eddy__uring *u)
{
    if (u->event_fd >= 0)
        eddy__wakefd_close(u->event_fd);
    if (u->outer_fd >= 0)
        (void)close(u->outer_fd);
    u->outer_fd = u->event_fd = -1;
}

int eddy__uring_expose(eddy__driver *driver)
{
    eddy__uring *u = (eddy__uring *)driver;
    int error = u->outer_fd < 0 ? embed_open(u) : 0;

    if (error < 0) {
        eddy__uring_embed_close(u);
        return error;
    }
    u->timer_absent = false; /* there is no wait that could take a time-out */
    return u->outer_fd;
}

/* The other loop hears of the wake descriptor by itself. */
static void wake_disarm(eddy__uring *u)
{
    eddy__uring_sqe *sqe = eddy__uring_sqe_get(u);

    if (sqe == NULL)
        return; /* the next time */
    sqe->opcode = EDDY__URING_OP_ASYNC_CANCEL;
    sqe->fd = -1;
    sqe->flags = EDDY__URING_SQE_CQE_SKIP_SUCCESS;
    sqe->addr = eddy__uring_own_data(EDDY__URING_KIND_WAKE);
    sqe->user_data = eddy__uring_own_data(EDDY__URING_KIND_CANCEL);
}

static void submit(eddy__uring *u)
{
    if (eddy__uring_ring_unsubmitted(&u->ring) == 0 || eddy__uring_submit(u) < 0)
        return;
    if (u->direct && eddy__uring_ring_unsubmitted(&u->ring) == 0)
        eddy__uring_scratch_reset(u);
}

/* Nothing is there to be fetched, and the kernel has all that was written. */
static bool is_settled(const eddy__uring *u)
{
    const uint32_t work = EDDY__URING_SQ_TASKRUN | EDDY__URING_SQ_CQ_OVERFLOW;

    return eddy__uring_ring_cq_tail(&u->ring) == u->ring.cq_head && u->todo_first == NULL &&
           u->direct && eddy__uring_ring_unsubmitted(&u->ring) == 0 &&
           (eddy__uring_ring_flags(&u->ring) & work) == 0 &&
           (u->starved_first == NULL || u->buffers.provided == 0) &&
           (u->untold_n == 0 || !eddy__uring_sends_awaited(u));
}

bool eddy__uring_settle(eddy__driver *driver, int64_t deadline_ns)
{
    eddy__uring *u = (eddy__uring *)driver;
    struct epoll_event edges[EDGES_MAX];

    if (deadline_ns <= 0) {
        eddy__wakefd_signal(u->wake_fd);
        return false;
    }
    if (!u->ring.enabled)
        return false;
    u->base.counters.syscalls++;
    (void)epoll_wait(u->outer_fd, edges, EDGES_MAX, 0);
    if (!u->direct)
        eddy__uring_backlog_flush(u);
    if (u->wake_armed)
        wake_disarm(u);
    if (deadline_ns < u->timer_at && !eddy__uring_timer_set(u, deadline_ns))
        return false;
    submit(u);
    return is_settled(u);
}
