/* SPDX-License-Identifier: MIT */
/*
 * epoll_wait.c - the epoll driver's wait: one kernel entry, then events until the caller's array
 * is full.
 *
 * The order: the starved whose buffer has come, what the kernel reports, then the queue of those
 * who had more than one turn's worth. What does not fit stays where it is for the next wait, which
 * then does not block. The wait takes no time-out: one timer descriptor in the epoll set stands
 * for the next deadline and is set anew only when a deadline is earlier than what it is set to.
 */
#include "driver/epoll.h"

#include "base/assert.h"
#include "driver/polled.h"
#include "sys/wakefd.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441 /* the same on every architecture; older headers lack it */
#endif

/* As the kernel reads it, whatever time_t is. */
typedef struct wait_time {
    int64_t seconds;
    int64_t nanoseconds;
} wait_time;

enum { BLOCK_NOT = 0, BLOCK_FOREVER = -1 };

/* Called before anything waits: make the changes of registration that are due, drop who has
 * nothing more to give. True: something is left, so the wait must not block. */
static bool tidy_queue(eddy__epoll *self)
{
    eddy__epoll_list kept = {NULL, NULL};

    while (self->queue.first != NULL) {
        eddy__slot *slot = eddy__epoll_shift(&self->queue);

        if (!(slot->state & EDDY__EPOLL_DETACHED))
            eddy__epoll_sync(self, slot);
        if (eddy__epoll_has_work(slot))
            eddy__epoll_append(&kept, slot);
        else
            slot->state &= (uint16_t)~EDDY__EPOLL_QUEUED;
    }
    self->queue = kept;
    return kept.first != NULL;
}

/* The same for the starved, who keep their places; those that have been detached leave. */
static bool tidy_starved(eddy__epoll *self)
{
    eddy__epoll_list kept = {NULL, NULL};
    bool left = false;

    while (self->starved.first != NULL) {
        eddy__slot *slot = eddy__epoll_shift(&self->starved);

        if (slot->state & EDDY__EPOLL_DETACHED) {
            slot->state &= (uint16_t)~EDDY__EPOLL_STARVED;
            eddy__epoll_enqueue(self, slot);
            continue;
        }
        eddy__epoll_sync(self, slot);
        left = left || eddy__epoll_has_work(slot);
        eddy__epoll_append(&kept, slot);
    }
    self->starved = kept;
    self->starved_dirty = left;
    return left;
}

static EDDY__NOINLINE bool tidy_all(eddy__epoll *self)
{
    bool left = self->starved_dirty && tidy_starved(self);

    if (self->starved.first != NULL && eddy__epoll_find_room(self))
        left = true;
    if (self->queue.first != NULL && tidy_queue(self))
        left = true;
    return left;
}

/* Mostly nobody is queued. */
static inline bool tidy(eddy__epoll *self)
{
    return (self->queue.first != NULL || self->starved.first != NULL) && tidy_all(self);
}

/* See that the timer goes off by the deadline. Returns how the wait may block. */
static int arm(eddy__epoll *self, int64_t deadline_ns)
{
    struct itimerspec at = {{0, 0}, {0, 0}};

    if (deadline_ns >= self->armed_ns)
        return BLOCK_FOREVER; /* an alarm that comes too soon wakes once for nothing */
    if (deadline_ns <= eddy__epoll_now(&self->base))
        return BLOCK_NOT;
    at.it_value.tv_sec = (time_t)(deadline_ns / EDDY_SECOND);
    at.it_value.tv_nsec = (long)(deadline_ns % EDDY_SECOND);
    self->base.counters.syscalls++;
    self->base.counters.timer_arms++;
    if (timerfd_settime(self->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) < 0)
        return BLOCK_NOT; /* does not happen; and if it did, better awake than late */
    self->armed_ns = deadline_ns;
    return BLOCK_FOREVER;
}

static int wait_coarse(eddy__epoll *self, int64_t left_ns)
{
    int64_t left_ms = left_ns / EDDY_MILLISECOND + (left_ns % EDDY_MILLISECOND != 0);

    return epoll_wait(self->epoll_fd, self->ready, EDDY__EPOLL_BATCH,
                      left_ms > INT_MAX ? INT_MAX : (int)left_ms);
}

/* Wait with a time-out, where there is to be no timer. */
static int wait_timed(eddy__epoll *self, int64_t deadline_ns)
{
    int64_t left_ns = deadline_ns - eddy__epoll_now(&self->base);
    wait_time left;
    long n;

    if (left_ns < 0)
        left_ns = 0;
    if (self->coarse)
        return wait_coarse(self, left_ns);
    left = (wait_time){left_ns / EDDY_SECOND, left_ns % EDDY_SECOND};
    n = syscall(SYS_epoll_pwait2, self->epoll_fd, self->ready, EDDY__EPOLL_BATCH, &left, NULL,
                (size_t)0);
    if (n >= 0 || errno != ENOSYS)
        return (int)n;
    self->coarse = true;
    return wait_coarse(self, left_ns);
}

/* The timer is not set, or for later. */
static EDDY__NOINLINE int wait_until(eddy__epoll *self, int64_t deadline_ns)
{
    if (self->timer_fd < 0)
        return wait_timed(self, deadline_ns);
    return epoll_wait(self->epoll_fd, self->ready, EDDY__EPOLL_BATCH, arm(self, deadline_ns));
}

/* The one kernel entry. 0 or -errno. */
static inline int fetch(eddy__epoll *self, int64_t deadline_ns)
{
    int n;

    self->base.counters.waits++;
    if (deadline_ns > 0 && deadline_ns < self->armed_ns)
        n = wait_until(self, deadline_ns);
    else
        n = epoll_wait(self->epoll_fd, self->ready, EDDY__EPOLL_BATCH,
                       deadline_ns <= 0 ? BLOCK_NOT : BLOCK_FOREVER);
    self->ready_at = 0;
    self->ready_count = n < 0 ? 0 : (uint32_t)n;
    return n < 0 && errno != EINTR ? -errno : 0;
}

static unsigned latch(const eddy__slot *slot, uint32_t events)
{
    unsigned state = 0;

    if (events & EPOLLIN)
        state |= EDDY__EPOLL_READABLE;
    if (events & EPOLLOUT)
        state |= EDDY__EPOLL_WRITABLE;
    if (events & EPOLLPRI)
        state |= EDDY__EPOLL_EXACT | EDDY__EPOLL_READABLE;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        state |= EDDY__EPOLL_HUNG | EDDY__EPOLL_READABLE;
    if (events & EPOLLERR)
        state |= EDDY__EPOLL_BROKEN;
    if ((events & EPOLLHUP) && (slot->state & EDDY__EPOLL_BLOCKED))
        state |= EDDY__EPOLL_WRITABLE; /* nothing will ever move: the next send tells why */
    return state;
}

/* Serves a slot of what the kernel told; there is room for an event. */
static void serve_told(eddy__epoll *self, eddy__slot *slot, uint32_t events)
{
    if (slot->kind == EDDY__SLOT_READY) {
        *self->out++ =
            (eddy__event){.slot = slot, .type = EDDY__READY, .result = eddy__polled_bits(events)};
        return;
    }
    slot->state |= (uint16_t)latch(slot, events);
    if (!(slot->state & EDDY__EPOLL_QUEUED)) /* else the queue serves it */
        eddy__epoll_serve(self, slot);
}

/* Not of a slot: the timer, the wake, or a slot that has gone. */
static EDDY__COLD void note_own(eddy__epoll *self, uint64_t id)
{
    if (id == UINT32_MAX - 1)
        self->armed_ns = EDDY_FOREVER; /* it has gone off */
}

/* The common case, without detours: a stream of which nothing is latched has become readable. False:
 * it is not so simple, nothing was done. */
static inline bool serve_idle(eddy__epoll *self, eddy__slot *slot)
{
    size_t room;
    ssize_t n;

    if (slot->kind != EDDY__SLOT_STREAM || slot->credit <= 0 || self->starved.first != NULL ||
        !eddy__epoll_find_room(self))
        return false;
    room = self->block->size_bytes - self->used;
    n = recv(slot->fd, self->block->data + self->used, room, MSG_DONTWAIT);
    self->base.counters.syscalls++;
    if (n <= 0 || (size_t)n == room)
        return eddy__epoll_serve_on(self, slot, n);
    eddy__epoll_take_bytes(self, slot, (uint32_t)n); /* a short read: the socket is empty */
    return true;
}

static void serve_ready(eddy__epoll *self)
{
    while (self->ready_at < self->ready_count && !eddy__epoll_full(self) &&
           self->taken < EDDY__EPOLL_WAIT_BYTES) {
        const struct epoll_event *event = &self->ready[self->ready_at++];
        uint64_t id = event->data.u64;
        eddy__slot *slot = eddy__slots_find(&self->slots, (uint32_t)id, (uint32_t)(id >> 32));

        if (slot == NULL) {
            note_own(self, id);
            continue;
        }
        if (event->events == EPOLLIN && slot->state == 0 && serve_idle(self, slot))
            continue;
        serve_told(self, slot, event->events);
    }
}

/* Put what is left of `front` before what has come into `list` meanwhile. */
static void put_back(eddy__epoll_list *list, eddy__epoll_list front)
{
    if (front.first == NULL)
        return;
    front.last->next = list->first;
    if (list->first != NULL)
        front.last = list->last;
    *list = front;
}

/* True: everybody in it was served. */
static bool serve_queue(eddy__epoll *self, eddy__epoll_list queue)
{
    bool all;

    while (queue.first != NULL && !eddy__epoll_full(self)) {
        eddy__slot *slot = eddy__epoll_shift(&queue);

        slot->state &= (uint16_t)~EDDY__EPOLL_QUEUED;
        eddy__epoll_serve(self, slot);
    }
    all = queue.first == NULL;
    put_back(&self->queue, queue);
    return all;
}

/* What a starved slot needs other than a buffer, it is given without losing its place. */
static void serve_starved_dirty(eddy__epoll *self)
{
    self->starved_dirty = false;
    for (eddy__slot *slot = self->starved.first; slot != NULL; slot = slot->next)
        eddy__epoll_serve(self, slot);
}

static void serve_starved(eddy__epoll *self)
{
    eddy__epoll_list starved;

    if (self->starved_dirty)
        serve_starved_dirty(self);
    starved = self->starved;
    self->starved = (eddy__epoll_list){NULL, NULL};
    while (starved.first != NULL && !eddy__epoll_full(self) && eddy__epoll_find_room(self)) {
        eddy__slot *slot = eddy__epoll_shift(&starved);

        slot->state &= (uint16_t)~EDDY__EPOLL_STARVED;
        eddy__epoll_serve(self, slot);
    }
    put_back(&self->starved, starved);
}

/* Somebody was left over from the last wait: who goes first changes from wait to wait. */
static EDDY__NOINLINE void serve_all(eddy__epoll *self)
{
    eddy__epoll_list queue;
    bool all;

    if (self->starved.first != NULL)
        serve_starved(self);
    queue = self->queue;
    self->queue = (eddy__epoll_list){NULL, NULL};
    if (!self->queue_first)
        serve_ready(self);
    all = serve_queue(self, queue);
    if (self->queue_first)
        serve_ready(self);
    self->queue_first = !all && !self->queue_first;
}

int eddy__epoll_wait(eddy__driver *driver, int64_t deadline_ns, eddy__event *events,
                     uint32_t events_max)
{
    eddy__epoll *self = (eddy__epoll *)driver;
    bool left = tidy(self);

    if (self->ready_at == self->ready_count) {
        int result = fetch(self, left ? 0 : deadline_ns);

        if (result < 0)
            return result;
    }
    self->out = events;
    self->out_end = events + events_max;
    self->taken = 0;
    if (self->queue.first == NULL && self->starved.first == NULL && !self->queue_first)
        serve_ready(self);
    else
        serve_all(self);
    return (int)(self->out - events);
}

bool eddy__epoll_settle(eddy__driver *driver, int64_t deadline_ns)
{
    eddy__epoll *self = (eddy__epoll *)driver;

    if (deadline_ns <= 0) {
        eddy__wakefd_signal(self->wake_fd);
        return false;
    }
    return !tidy(self) && self->ready_at == self->ready_count &&
           arm(self, deadline_ns) == BLOCK_FOREVER;
}
