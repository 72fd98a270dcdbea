/* SPDX-License-Identifier: MIT */
/*
 * uring_wait.c - one wait(): step what is queued, submit and sleep in one system call, collect.
 *
 * The first wait() enables the ring, which makes its thread the owner. In steady state a wait is
 * one io_uring_enter, and none when nothing is to be submitted and completions are there already.
 *
 * The deadline is not an argument of the call, because programming the clock at each sleep costs
 * more than anything else here: one kernel timer stands for it, re-armed only when an earlier
 * deadline is wanted or after it has fired. A later deadline leaves the earlier one armed, at the
 * price of one return with nothing to tell.
 */
#include "driver/uring.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <time.h>

int64_t eddy__uring_now(eddy__driver *driver)
{
    struct timespec ts;

    (void)driver;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * EDDY_SECOND + ts.tv_nsec;
}

/* One poll for all wakes: it tells each write to the eventfd anew, so that is never read. */
static void wake_arm(eddy__uring *u)
{
    eddy__uring_sqe *sqe = eddy__uring_sqe_get(u);

    if (sqe == NULL)
        return; /* not armed: the next wait() tries again */
    sqe->opcode = EDDY__URING_OP_POLL_ADD;
    sqe->fd = u->wake_fd;
    sqe->len = EDDY__URING_POLL_ADD_MULTI;
    sqe->op_flags = POLLIN | EPOLLET;
    sqe->user_data = eddy__uring_own_data(EDDY__URING_KIND_WAKE);
    u->wake_armed = true;
}

bool eddy__uring_timer_set(eddy__uring *u, int64_t deadline_ns)
{
    bool armed = u->timer_at != EDDY_FOREVER;
    eddy__uring_sqe *sqe;

    if (deadline_ns <= eddy__uring_now(&u->base))
        return false;
    sqe = eddy__uring_sqe_get(u);
    if (sqe == NULL)
        return false;
    u->timer_ts = (eddy__uring_timespec){deadline_ns / EDDY_SECOND, deadline_ns % EDDY_SECOND};
    sqe->fd = -1;
    if (armed) {
        /* When it has fired meanwhile, its completion tells so and this one fails. */
        sqe->opcode = EDDY__URING_OP_TIMEOUT_REMOVE;
        sqe->flags = EDDY__URING_SQE_CQE_SKIP_SUCCESS;
        sqe->addr = eddy__uring_own_data(EDDY__URING_KIND_TIMER);
        sqe->off = (uint64_t)(uintptr_t)&u->timer_ts;
        sqe->op_flags = EDDY__URING_TIMEOUT_UPDATE | EDDY__URING_TIMEOUT_ABS;
        sqe->user_data = eddy__uring_own_data(EDDY__URING_KIND_CANCEL);
    } else {
        sqe->opcode = EDDY__URING_OP_TIMEOUT;
        sqe->addr = (uint64_t)(uintptr_t)&u->timer_ts;
        sqe->len = 1;
        sqe->op_flags = EDDY__URING_TIMEOUT_ABS;
        sqe->user_data = eddy__uring_own_data(EDDY__URING_KIND_TIMER);
    }
    u->timer_at = deadline_ns;
    u->base.counters.timer_arms++;
    return true;
}

/* Nothing is queued that the sleep would delay. */
static bool may_sleep(const eddy__uring *u)
{
    return u->out == u->events && u->todo_first == NULL && u->direct &&
           (u->starved_first == NULL || u->buffers.provided == 0) &&
           (u->untold_n == 0 || !eddy__uring_sends_awaited(u));
}

/* Enter the kernel; sleep there when `sleep`, until the deadline at the latest. */
static int wait_enter(eddy__uring *u, bool sleep, int64_t deadline_ns)
{
    int64_t timeout_ns;

    u->base.counters.waits++;
    if (!u->timer_absent || !sleep || deadline_ns == EDDY_FOREVER)
        return eddy__uring_ring_enter(&u->ring, sleep, EDDY__URING_ENTER_GETEVENTS, NULL, 0);
    timeout_ns = deadline_ns - eddy__uring_now(&u->base);
    return eddy__uring_ring_enter_timeout(&u->ring, 1, timeout_ns > 0 ? timeout_ns : 0);
}

/* Submit, and sleep if there is nothing to tell. 0 or -errno: the ring is broken. */
static int wait_submit(eddy__uring *u, int64_t deadline_ns)
{
    const uint32_t work = EDDY__URING_SQ_TASKRUN | EDDY__URING_SQ_CQ_OVERFLOW;
    bool empty = eddy__uring_ring_cq_tail(&u->ring) == u->ring.cq_head;
    bool sleep = empty && deadline_ns > 0 && may_sleep(u);
    uint32_t flags = eddy__uring_ring_flags(&u->ring);
    int got;

    if (sleep && !u->timer_absent && deadline_ns < u->timer_at)
        sleep = eddy__uring_timer_set(u, deadline_ns);
    if ((flags & EDDY__URING_SQ_CQ_OVERFLOW) != 0)
        u->base.counters.overflows++;
    /* Completions that are there are told first; entering would only add to them. */
    if (!sleep && eddy__uring_ring_unsubmitted(&u->ring) == 0 && (!empty || (flags & work) == 0))
        return 0;
    got = wait_enter(u, sleep, deadline_ns);
    if (u->direct && eddy__uring_ring_unsubmitted(&u->ring) == 0)
        eddy__uring_scratch_reset(u);
    /* Interrupted, timed out, or told to read completions first: all of them end the sleep. */
    if (got == -EINTR || got == -ETIME || got == -EAGAIN || got == -EBUSY)
        return 0;
    return got < 0 ? got : 0;
}

int eddy__uring_wait(eddy__driver *driver, int64_t deadline_ns, eddy__event *events,
                     uint32_t events_max)
{
    eddy__uring *u = (eddy__uring *)driver;
    int error = u->ring.enabled ? 0 : eddy__uring_ring_enable(&u->ring);

    if (error < 0)
        return error;
    u->events = u->out = events;
    u->out_end = events + events_max;
    if (!u->direct)
        eddy__uring_backlog_flush(u);
    if (!u->wake_armed && u->wake_fd >= 0 && (u->outer_fd < 0 || deadline_ns > 0))
        wake_arm(u);
    if (u->todo_first != NULL)
        eddy__uring_steps(u);
    if (u->buffers.used != 0 || u->buffers.hungry || u->starved_first != NULL) {
        eddy__uring_buffers_turn(u);
        eddy__uring_revive(u);
    }
    error = wait_submit(u, deadline_ns);
    if (error < 0)
        return error;
    eddy__uring_collect(u);
    return (int)(u->out - events);
}
