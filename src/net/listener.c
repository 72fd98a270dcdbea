/* SPDX-License-Identifier: MIT */
/*
 * listener.c - a listening socket: accepted descriptors wait here, in the order in which they came,
 * until a task takes them as streams.
 *
 * Accepting stops at an error and goes on when the driver is given credit anew: at once after a
 * connection that had died, after a growing delay or a closed descriptor when descriptors or memory
 * are short, never when the listener itself is broken. Nothing is accepted before the first poll.
 */
#include <errno.h>
#include <string.h>

#include "eddy/explore.h"
#include "net/listener.h"
#include "net/tcp.h"
#include "sys/sockets.h"

#define RETRY_MIN_NS EDDY_MILLISECOND
#define RETRY_MAX_NS EDDY_SECOND

enum { BACKLOG = 4096, ACCEPT_MAX = 64 };

static const eddy_wait_type accept_wait = {.why = "listener: accept", .external = true};

static eddy_listener *listener_of(eddy__source *source)
{
    return EDDY__CONTAINER(source, eddy_listener, source);
}

/* ---- the queue of descriptors ---- */

/* The driver may give a few more than it had credit for. */
static bool queue_grow(eddy_listener *self)
{
    eddy__slab *slab = &self->source.core->slab;
    uint32_t size = self->fds_size == 0 ? self->accept_max : 2 * self->fds_size;
    int32_t *fds = eddy__slab_alloc(slab, size * sizeof *fds);

    if (fds == NULL)
        return false;
    for (uint32_t i = 0; i < self->fds_count; i++)
        fds[i] = self->fds[(self->fds_first + i) % self->fds_size];
    eddy__slab_free(slab, self->fds, self->fds_size * sizeof *fds);
    self->fds = fds;
    self->fds_size = size;
    self->fds_first = 0;
    return true;
}

static bool queue_put(eddy_listener *self, int32_t fd)
{
    if (self->fds_count == self->fds_size && !queue_grow(self))
        return false;
    self->fds[(self->fds_first + self->fds_count++) % self->fds_size] = fd;
    return true;
}

static int32_t queue_take(eddy_listener *self)
{
    int32_t fd = self->fds[self->fds_first];

    self->fds_first = (self->fds_first + 1) % self->fds_size;
    self->fds_count--;
    return fd;
}

/* ---- accepting ---- */

static void close_fd(eddy_core *core, int fd)
{
    eddy__system *system = core->driver->system;

    system->type->close(system, fd);
}

static void ask_again(eddy_listener *self)
{
    eddy_core *core = self->source.core;

    core->driver->type->credit(core->driver, &self->source.slot);
}

static void stop_waiting(eddy_listener *self)
{
    if (!self->waiting)
        return;
    self->waiting = false;
    self->source.core->descriptor_waiters--;
    eddy__alarm_stop(self->source.core, &self->retry);
}

static void retry_now(eddy_listener *self)
{
    stop_waiting(self);
    if ((self->source.flags & EDDY__SOURCE_DETACHING) == 0)
        ask_again(self);
}

static void retry_over(eddy__alarm *alarm)
{
    retry_now(EDDY__CONTAINER(alarm, eddy_listener, retry));
}

static void listener_descriptor_free(eddy__source *source)
{
    if (listener_of(source)->waiting)
        retry_now(listener_of(source));
}

static void retry_later(eddy_listener *self)
{
    eddy_core *core = self->source.core;

    EDDY_SOMETIMES("listener: out of descriptors or memory");
    core->stats.accept_retries++;
    self->retry_ns = self->retry_ns == 0 ? RETRY_MIN_NS : 2 * self->retry_ns;
    if (self->retry_ns > RETRY_MAX_NS)
        self->retry_ns = RETRY_MAX_NS;
    if (!self->waiting) {
        self->waiting = true;
        core->descriptor_waiters++;
    }
    eddy__alarm_start(core, &self->retry, self->retry_ns);
}

static void on_failed(eddy_listener *self, int32_t error)
{
    switch (eddy__socket_accept_class(error)) {
    case EDDY__ACCEPT_CONNECTION:
        EDDY_SOMETIMES("listener: a connection died before it was accepted");
        self->source.core->stats.accept_dropped++;
        ask_again(self);
        break;
    case EDDY__ACCEPT_RESOURCE:
        retry_later(self);
        break;
    case EDDY__ACCEPT_FATAL:
        self->error = error;
        eddy__waiter_wake(&self->waiter);
        break;
    }
}

/* One more may come. */
static void give_back_credit(eddy_listener *self)
{
    if (self->source.slot.credit++ == 0 && !self->waiting && self->error == 0)
        ask_again(self);
}

static void on_accepted(eddy_listener *self, int32_t fd)
{
    self->retry_ns = 0;
    if (!queue_put(self, fd)) {
        close_fd(self->source.core, fd);
        self->source.core->stats.accept_dropped++;
        give_back_credit(self);
    }
    eddy__waiter_wake(&self->waiter);
}

static void listener_event(eddy__source *source, const eddy__event *event)
{
    bool ending = (source->flags & EDDY__SOURCE_DETACHING) != 0;

    if (event->type == EDDY__ACCEPTED && ending)
        close_fd(source->core, event->result);
    else if (event->type == EDDY__ACCEPTED)
        on_accepted(listener_of(source), event->result);
    else if (event->type == EDDY__ACCEPT_FAILED && !ending)
        on_failed(listener_of(source), event->result);
}

static void listener_tend(eddy__source *source)
{
    (void)source; /* never asked for: nothing is left for the end of a turn */
}

/* Nobody will take what was accepted. */
static void listener_ended(eddy__source *source)
{
    eddy_listener *self = listener_of(source);

    stop_waiting(self);
    eddy__listener_remove_path(self);
    while (self->fds_count > 0)
        self->system->type->close(self->system, queue_take(self));
    eddy__slab_free(&source->core->slab, self->fds, self->fds_size * sizeof *self->fds);
    self->fds = NULL;
    self->fds_size = 0;
}

static const eddy__source_type listener_type = {
    .name = "listener",
    .size_bytes = sizeof(eddy_listener),
    .event = listener_event,
    .tend = listener_tend,
    .ended = listener_ended,
    .descriptor_free = listener_descriptor_free,
};

/* ---- making one ---- */

int eddy__listener_new(eddy_core *core, int fd, uint32_t accept_max, eddy_listener **out)
{
    eddy__source *source = eddy__source_new(core, &listener_type);
    eddy_listener *self;
    int error;

    if (source == NULL)
        return -ENOMEM;
    self = listener_of(source);
    self->system = core->driver->system;
    self->accept_max = accept_max > 0 ? accept_max : ACCEPT_MAX;
    eddy__alarm_init(&self->retry, retry_over);
    error = eddy__source_attach(source, fd, EDDY__SLOT_LISTENER);
    if (error != 0) {
        eddy__source_release(source);
        return error;
    }
    *out = self;
    return 0;
}

static int open_socket(eddy__system *system, const eddy_addr *addr,
                       const eddy_listener_options *options)
{
    const signed char only_v6[] = {-1, 0, 1};
    eddy__socket_listen how = {
        .backlog = options->backlog > 0 ? options->backlog : BACKLOG,
        .reuse_address = !options->no_reuse_address,
        .reuse_port = options->reuse_port,
        .nodelay = !options->nagle,
        .only_v6 = only_v6[options->dual_stack],
    };

    return system->type->listen(system, addr, &how);
}

int eddy_listener_bind(eddy_handle *handle, const eddy_addr *addr,
                       const eddy_listener_options *options, eddy_listener **out)
{
    const eddy_listener_options defaults = {.size_bytes = sizeof defaults};
    eddy_core *core = handle->core;
    int fd, error;

    if (core->gone)
        return EDDY_LOOP_GONE;
    eddy__core_check(core, "eddy_listener_bind");
    if (options == NULL)
        options = &defaults;
    if (addr->family == EDDY_ADDR_NONE || options->size_bytes != sizeof *options ||
        options->backlog < 0 || options->accept_max > EDDY__LISTENER_ACCEPT_MOST ||
        (unsigned)options->dual_stack > EDDY_DUAL_STACK_OFF)
        return -EINVAL;
    fd = open_socket(core->driver->system, addr, options);
    if (fd < 0)
        return fd;
    error = eddy__listener_new(core, fd, options->accept_max, out);
    if (error != 0)
        close_fd(core, fd);
    return error;
}

int eddy_listener_adopt(eddy_handle *handle, int fd, eddy_listener **out)
{
    eddy_core *core = handle->core;
    eddy__system *system;
    int error;

    if (core->gone)
        return EDDY_LOOP_GONE;
    eddy__core_check(core, "eddy_listener_adopt");
    system = core->driver->system;
    error = system->type->adopt(system, fd, true);
    if (error != 0)
        return error;
    (void)system->type->set(system, fd, EDDY__SOCKET_NODELAY, 1); /* not every listener is TCP */
    return eddy__listener_new(core, fd, 0, out);
}

/* ---- handing out ---- */

/* The first poll starts accepting. */
static void subscribe(eddy_listener *self)
{
    if (self->subscribed)
        return;
    self->subscribed = true;
    self->source.slot.credit = (int32_t)self->accept_max;
    ask_again(self);
}

/* One descriptor as a stream. One that cannot be made a stream is closed: the next, please. */
static eddy_tcp *take_client(eddy_listener *self)
{
    eddy_core *core = self->source.core;
    int32_t fd = queue_take(self);
    eddy_tcp *client = NULL;

    give_back_credit(self);
    if (eddy__tcp_new(core, fd, &client) != 0) {
        close_fd(core, fd);
        core->stats.accept_dropped++;
        return NULL;
    }
    core->stats.connections_accepted++;
    return client;
}

eddy_result eddy_listener_poll_accept(eddy_listener *self, eddy_task *task, eddy_tcp **client)
{
    if (self->source.core->gone)
        return EDDY_LOOP_GONE;
    EDDY_ASSERT(task->core == self->source.core,
                "task '%s' accepts from a listener of another loop", eddy_task_name(task));
    while (self->fds_count > 0) {
        eddy_tcp *stream;

        if (!eddy__task_spend(task))
            return eddy__task_yield(task);
        stream = take_client(self);
        if (stream == NULL)
            continue;
        eddy__tcp_unpark(&self->waiter, task);
        *client = stream;
        return 0;
    }
    if (self->error != 0) {
        eddy__tcp_unpark(&self->waiter, task);
        return eddy_why_note(task, accept_wait.why, NULL, self->error);
    }
    subscribe(self);
    return eddy_waiter_park(&self->waiter, task, &accept_wait);
}

/* ---- ending ---- */

void eddy_listener_free(eddy_listener *self)
{
    if (self == NULL)
        return;
    if (self->waiter.branch != NULL) {
        EDDY_ASSERT(self->source.core->gone || eddy__waiter_is_polled(&self->waiter),
                    "a listener is freed while task '%s' waits for a connection",
                    eddy__waiter_name(&self->waiter));
        eddy_waiter_clear(&self->waiter);
    }
    if (!self->source.core->gone) {
        eddy__core_check(self->source.core, "eddy_listener_free");
        stop_waiting(self);
        eddy__listener_remove_path(self);
        eddy__source_detach(&self->source);
    }
    eddy__source_release(&self->source);
}
