/* SPDX-License-Identifier: MIT */
/*
 * uring_ready.c - slots of which only readiness is told: one multishot poll each, edge-triggered,
 * armed again whenever it ends.
 *
 * Nothing is lost between a consumer's EAGAIN and an event: arming tells what holds at that moment,
 * and while it is armed each wake-up of the descriptor is a completion, which a later wait() tells.
 *
 * A poll neither refuses what cannot be polled (it calls a file ready for ever) nor a descriptor
 * that is there twice. An epoll instance that nobody waits for does both: descriptors are in it
 * while they are attached.
 */
#include "driver/uring.h"

#include "driver/polled.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

/* A dead descriptor (a terminal that was hung up) may have no queue to wait in, and some files (of
 * /proc/sys) never have: polling them is over at once, however often. After so many in a row they
 * are left alone, what they are having been told. */
enum { ENDS_MAX = 3 };

/* What is counted so lives where a stream keeps the bytes of its send. */
static uint32_t *ends_of(eddy__slot *slot)
{
    return &slot->sent;
}

static int polled_open(eddy__uring *u)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};

    u->polled_fd = epoll_create1(EPOLL_CLOEXEC);
    u->base.counters.syscalls++;
    if (u->polled_fd < 0)
        return -errno;
    if (u->outer_fd < 0 || epoll_ctl(u->outer_fd, EPOLL_CTL_ADD, u->polled_fd, &event) == 0)
        return 0;
    (void)close(u->polled_fd);
    u->polled_fd = -1;
    return -ENOMEM;
}

/* Within another loop somebody does wait for that instance (uring_embed.c). 0 or -errno. */
static int polled_ctl(const eddy__uring *u, int operation, int fd)
{
    struct epoll_event event = {.events = EPOLLET | (u->outer_fd >= 0 ? EDDY__POLLED_ALL : 0)};

    return epoll_ctl(u->polled_fd, operation, fd, &event) < 0 ? -errno : 0;
}

/* 0 or -errno: EPERM, it cannot be polled; EEXIST, it is there already; EBADF. */
static int enter(eddy__uring *u, int fd)
{
    int error = u->polled_fd < 0 ? polled_open(u) : 0;

    if (error < 0)
        return error;
    if (fd == u->polled_fd)
        return -EBADF; /* no number of the caller's: it may have been free a moment ago */
    u->base.counters.syscalls++;
    return polled_ctl(u, EPOLL_CTL_ADD, fd);
}

int eddy__uring_ready_expose(eddy__uring *u)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    eddy__slot *slot;
    uint32_t at = 0;

    if (u->polled_fd < 0)
        return 0;
    while ((slot = eddy__slots_next(&u->slots, &at)) != NULL)
        if (slot->kind == EDDY__SLOT_READY)
            (void)polled_ctl(u, EPOLL_CTL_MOD, slot->fd);
    return epoll_ctl(u->outer_fd, EPOLL_CTL_ADD, u->polled_fd, &event) < 0 ? -errno : 0;
}

int eddy__uring_ready_attach(eddy__uring *u, eddy__slot *slot)
{
    int error = enter(u, slot->fd);

    if (error < 0)
        return error;
    *ends_of(slot) = 0;
    eddy__uring_queue(u, slot);
    return 0;
}

/* The poll holds the open file. What is handed back to the caller, who may close it next and means
 * its end by that, is let go of here and now; what the driver closes itself has time until the
 * step. */
void eddy__uring_ready_detach(eddy__uring *u, eddy__slot *slot)
{
    (void)epoll_ctl(u->polled_fd, EPOLL_CTL_DEL, slot->fd,
                    NULL); /* fails if it is closed already */
    u->base.counters.syscalls++;
    if (!slot->keep_fd || (slot->in_flight & EDDY__URING_POLL) == 0 || !u->direct ||
        !eddy__uring_cancel(u, slot, EDDY__URING_KIND_POLL))
        return;
    u->base.counters.syscalls++;
    (void)eddy__uring_ring_enter(&u->ring, 0, EDDY__URING_ENTER_GETEVENTS, NULL, 0);
}

bool eddy__uring_ready_step(eddy__uring *u, eddy__slot *slot)
{
    if ((slot->in_flight & EDDY__URING_POLL) != 0 || *ends_of(slot) == ENDS_MAX)
        return true;
    return eddy__uring_arm_poll(u, slot);
}

/* What wakes from within io_uring (an eventfd, an instance of epoll) is no file of any kind. */
static bool has_no_queue(eddy__uring *u, const eddy__slot *slot, int32_t is)
{
    struct stat file;

    if ((is & (EDDY__IS_ERROR | EDDY__IS_HANGUP)) != 0)
        return true;
    u->base.counters.syscalls++;
    return fstat(slot->fd, &file) == 0 && (S_ISREG(file.st_mode) || S_ISCHR(file.st_mode));
}

/* A poll that was not cancelled has ended: for want of memory or room, because the wake-up came
 * from within io_uring, or because there is nothing to wait in. Only the last repeats for ever. */
static void ended(eddy__uring *u, eddy__slot *slot, int32_t is)
{
    if (++*ends_of(slot) == ENDS_MAX) {
        if (has_no_queue(u, slot, is))
            return;
        *ends_of(slot) = 0;
    }
    eddy__uring_queue(u, slot);
}

void eddy__uring_on_ready(eddy__uring *u, eddy__slot *slot, const eddy__uring_cqe *cqe)
{
    bool more = (cqe->flags & EDDY__URING_CQE_MORE) != 0;
    int32_t is = eddy__polled_bits(cqe->res < 0 ? EPOLLERR : (uint32_t)cqe->res);

    if (!more) {
        slot->in_flight = (uint16_t)(slot->in_flight & ~EDDY__URING_POLL);
        slot->interest = (uint16_t)(slot->interest & ~EDDY__URING_POLL);
    }
    if ((slot->state & EDDY__URING_DETACHED) != 0) {
        if (!more)
            eddy__uring_queue(u, slot);
        return;
    }
    if (more)
        *ends_of(slot) = 0;
    else
        ended(u, slot, is);
    if (is != 0)
        eddy__uring_emit(u, slot, EDDY__READY, is);
}
