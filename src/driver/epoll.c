/* SPDX-License-Identifier: MIT */
/*
 * epoll.c - the epoll driver: its life, the slots it knows, and what each descriptor is registered
 * for. See epoll.h for how the driver works, driver.h for what it promises.
 *
 * A stream is registered once, edge-triggered, for input and hang-up; output is asked for only
 * while a send or a connect is in flight, and input is then left out when there is no credit for
 * it, so that it does not wake the loop. A listener is level-triggered while it has credit. What is
 * only watched for readiness is registered once, edge-triggered, for everything.
 * Changes are made by the next wait, so that those which cancel each other cost nothing.
 */
#include "driver/epoll.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "driver/polled.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { ROOM_MIN_BYTES = 8 * 1024 };

static int epoll_add(const eddy__epoll *self, int fd, uint32_t events, uint64_t id)
{
    struct epoll_event event = {.events = events, .data.u64 = id};

    return epoll_ctl(self->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* Two numbers that no slot has, for the wake and the timer: their index is too large. */
static int epoll_add_own(const eddy__epoll *self, int fd)
{
    return epoll_add(self, fd, EPOLLIN | EPOLLET, UINT32_MAX - (fd == self->timer_fd));
}

static int epoll_add_timer(eddy__epoll *self)
{
    int result;

    self->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (self->timer_fd < 0)
        return -errno;
    result = epoll_add_own(self, self->timer_fd);
    if (result < 0) {
        (void)close(self->timer_fd);
        self->timer_fd = -1;
    }
    return result;
}

static int epoll_start(eddy__epoll *self, const eddy__driver_options *options)
{
    int result;

    self->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (self->epoll_fd < 0)
        return -errno;
    self->wake_fd = options->wake_fd;
    result = epoll_add_own(self, self->wake_fd);
    if (result < 0 || (options->without & EDDY__WITHOUT_MULTISHOT_TIMER))
        return result;
    return epoll_add_timer(self);
}

/* The set itself: one can wait for it as for what is in it. What is told by the edge counts until
 * wait() has fetched it. Its timer is needed now, there is no wait that could take a time-out. */
int eddy__epoll_expose(eddy__driver *driver)
{
    eddy__epoll *self = (eddy__epoll *)driver;
    int result = self->timer_fd < 0 ? epoll_add_timer(self) : 0;

    return result < 0 ? result : self->epoll_fd;
}

static void epoll_free(eddy__epoll *self)
{
    if (self->block != NULL)
        eddy__block_release(self->block);
    eddy__slots_deinit(&self->slots);
    if (self->timer_fd >= 0)
        close(self->timer_fd);
    if (self->epoll_fd >= 0)
        close(self->epoll_fd);
    eddy__free(self->allocator, self, sizeof *self);
}

static int epoll_open(const eddy__driver_options *options, eddy__driver **out)
{
    eddy__epoll *self = eddy__calloc(options->allocator, sizeof *self);
    int result;

    if (self == NULL)
        return -ENOMEM;
    self->base.type = &eddy__epoll_driver;
    self->base.system = &eddy__kernel;
    self->allocator = options->allocator;
    self->pool = options->pool;
    self->epoll_fd = self->timer_fd = -1;
    self->armed_ns = EDDY_FOREVER;
    self->coarse = (options->without & EDDY__WITHOUT_EPOLL_PWAIT2) != 0;
    self->room_min = options->pool->block_bytes / 4;
    if (self->room_min > ROOM_MIN_BYTES)
        self->room_min = ROOM_MIN_BYTES;
    eddy__slots_init(&self->slots, options->allocator);
    result = epoll_start(self, options);
    if (result < 0)
        epoll_free(self);
    else
        *out = &self->base;
    return result;
}

/* What a foreigner may leave: slots that have not ended lose their descriptor here, what is queued
 * is forgotten. Nothing is taken out of the epoll, which after fork(2) is the parent's, too. */
static void epoll_end_slots(eddy__epoll *self)
{
    eddy__slot *slot;
    uint32_t at = 0;

    self->queue.first = self->starved.first = NULL;
    while ((slot = eddy__slots_next(&self->slots, &at)) != NULL) {
        if (!slot->keep_fd)
            (void)close(slot->fd);
        eddy__slots_remove(&self->slots, slot);
    }
}

static void epoll_close(eddy__driver *driver, bool foreign)
{
    eddy__epoll *self = (eddy__epoll *)driver;

    if (foreign)
        epoll_end_slots(self);
    EDDY_ASSERT(self->queue.first == NULL && self->starved.first == NULL,
                "driver closed before wait() has told the end of every slot");
    epoll_free(self);
}

int64_t eddy__epoll_now(eddy__driver *driver)
{
    struct timespec now;

    (void)driver;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail: the clock exists */
    return (int64_t)now.tv_sec * EDDY_SECOND + now.tv_nsec;
}

void eddy__epoll_enqueue(eddy__epoll *self, eddy__slot *slot)
{
    if (slot->state & EDDY__EPOLL_STARVED) {
        self->starved_dirty = true; /* it keeps its place there */
    } else if (!(slot->state & EDDY__EPOLL_QUEUED)) {
        slot->state |= EDDY__EPOLL_QUEUED;
        eddy__epoll_append(&self->queue, slot);
    }
}

/* The events the slot needs now, without EPOLLET. */
static uint16_t interest_wanted(const eddy__slot *slot)
{
    if (slot->kind == EDDY__SLOT_LISTENER)
        return slot->credit > 0 && !(slot->state & EDDY__EPOLL_STOPPED) ? EPOLLIN : 0;
    if (slot->kind == EDDY__SLOT_READY)
        return EDDY__POLLED_ALL;
    if ((slot->state & EDDY__EPOLL_BLOCKED) && slot->credit <= 0)
        return EPOLLOUT | EPOLLRDHUP;
    if (slot->state & (EDDY__EPOLL_BLOCKED | EDDY__EPOLL_CONNECTING))
        return EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLOUT;
    return EPOLLIN | EPOLLPRI | EPOLLRDHUP;
}

/* Everything is edge-triggered but the input of a listener: a hang-up must not repeat. */
static uint32_t interest_events(const eddy__slot *slot)
{
    bool level = slot->kind == EDDY__SLOT_LISTENER && slot->interest != 0;

    return slot->interest | (level ? 0 : EPOLLET);
}

static uint64_t slot_id(const eddy__slot *slot)
{
    return (uint64_t)slot->generation << 32 | slot->index;
}

bool eddy__epoll_unheard(const eddy__slot *slot)
{
    return (interest_wanted(slot) & ~slot->interest) != 0;
}

void eddy__epoll_sync(eddy__epoll *self, eddy__slot *slot)
{
    uint16_t wanted = interest_wanted(slot);
    struct epoll_event event = {.data.u64 = slot_id(slot)};
    int result;

    if (wanted == slot->interest)
        return;
    slot->interest = wanted;
    event.events = interest_events(slot);
    result = epoll_ctl(self->epoll_fd, EPOLL_CTL_MOD, slot->fd, &event);
    self->base.counters.syscalls++;
    EDDY_ASSERT(result == 0, "descriptor %d was closed by another hand than its driver's",
                (int)slot->fd);
}

static int epoll_attach(eddy__driver *driver, eddy__slot *slot, int fd, eddy__slot_kind kind)
{
    eddy__epoll *self = (eddy__epoll *)driver;
    int result = eddy__slots_add(&self->slots, slot);

    if (result < 0)
        return result;
    slot->fd = fd;
    slot->kind = (uint8_t)kind;
    slot->state = 0;
    slot->result = 0;
    slot->interest = interest_wanted(slot);
    result = epoll_add(self, fd, interest_events(slot), slot_id(slot));
    self->base.counters.syscalls++;
    if (result < 0)
        eddy__slots_remove(&self->slots, slot);
    return result;
}

static void epoll_detach(eddy__driver *driver, eddy__slot *slot)
{
    eddy__epoll *self = (eddy__epoll *)driver;

    EDDY_ASSERT(!(slot->state & EDDY__EPOLL_DETACHED), "slot detached twice");
    /* close(2) alone does not take it out while a dup or a child holds the description. It fails
     * when the caller has closed what it was to keep: then there is nothing to take out. */
    (void)epoll_ctl(self->epoll_fd, EPOLL_CTL_DEL, slot->fd, NULL);
    if (!slot->keep_fd)
        (void)close(slot->fd); /* never again after EINTR: the number may be a stranger's */
    self->base.counters.syscalls += slot->keep_fd ? 1 : 2;
    eddy__slots_remove(&self->slots, slot); /* what was fetched of it now finds nobody */
    slot->fd = -1;
    slot->state &= EDDY__EPOLL_QUEUED | EDDY__EPOLL_STARVED;
    slot->state |= EDDY__EPOLL_DETACHED;
    eddy__epoll_enqueue(self, slot);
}

static void epoll_credit(eddy__driver *driver, eddy__slot *slot)
{
    if (slot->state & EDDY__EPOLL_DETACHED)
        return;
    slot->state &= (uint16_t)~EDDY__EPOLL_STOPPED;
    if (eddy__epoll_has_work(slot) || eddy__epoll_unheard(slot))
        eddy__epoll_enqueue((eddy__epoll *)driver, slot);
}

const eddy__driver_type eddy__epoll_driver = {
    .name = "epoll",
    .open = epoll_open,
    .close = epoll_close,
    .now = eddy__epoll_now,
    .attach = epoll_attach,
    .detach = epoll_detach,
    .credit = epoll_credit,
    .send = eddy__epoll_send,
    .connect = eddy__epoll_connect,
    .shutdown = eddy__epoll_shutdown,
    .wait = eddy__epoll_wait,
    .expose = eddy__epoll_expose,
    .settle = eddy__epoll_settle,
};
