/* SPDX-License-Identifier: MIT */
/*
 * tcp_connect.c - where streams come from, but for the listener's: connecting, waiting until that
 * has worked, taking over a socket, and the pair for tests.
 *
 * Connecting gives a stream at once. Until the driver tells how it went (tcp.c), what is written is
 * queued and nothing is received. A stream that could not connect is one that broke: its error is
 * told here and to whoever reads or writes.
 */
#include <errno.h>

#include "net/tcp.h"
#include "sys/system.h"

static const eddy_wait_type connect_wait = {.why = "tcp: connect", .external = true};

/* ---- connecting ---- */

/* The descriptor is the stream's when this succeeds. */
static int connect_new(eddy_core *core, int fd, const eddy_addr *to, eddy_tcp **out)
{
    int error = eddy__tcp_new(core, fd, out);

    if (error != 0)
        return error;
    (*out)->source.flags |= EDDY__TCP_CONNECTING;
    if (eddy__tcp_extra_get(*out) != NULL)
        (*out)->extra->peer = *to;
    core->driver->type->connect(core->driver, &(*out)->source.slot, to);
    return 0;
}

/* Make somebody's stream socket fit. */
static int adopt(eddy_core *core, int fd)
{
    eddy__system *system = core->driver->system;
    int error = system->type->adopt(system, fd, false);

    if (error == 0) /* not every stream socket is TCP */
        (void)system->type->set(system, fd, EDDY__SOCKET_NODELAY, 1);
    return error;
}

static bool can_connect_to(const eddy_addr *to)
{
    return to->family != EDDY_ADDR_NONE && to->port != 0;
}

int eddy_tcp_connect(eddy_handle *handle, const eddy_addr *to, eddy_tcp **out)
{
    eddy_core *core = handle->core;
    eddy__system *system;
    int fd, error;

    if (core->gone)
        return EDDY_LOOP_GONE;
    eddy__core_check(core, "eddy_tcp_connect");
    system = core->driver->system;
    if (!can_connect_to(to))
        return -EINVAL;
    fd = system->type->stream(system, to);
    if (fd < 0)
        return fd;
    error = connect_new(core, fd, to, out);
    if (error != 0)
        system->type->close(system, fd);
    return error;
}

int eddy_tcp_connect_fd(eddy_handle *handle, int fd, const eddy_addr *to, eddy_tcp **out)
{
    eddy_core *core = handle->core;
    int error;

    if (core->gone)
        return EDDY_LOOP_GONE;
    eddy__core_check(core, "eddy_tcp_connect_fd");
    if (!can_connect_to(to))
        return -EINVAL;
    error = adopt(core, fd);
    if (error != 0)
        return error;
    return connect_new(core, fd, to, out);
}

eddy_result eddy_tcp_poll_connected(eddy_tcp *self, eddy_task *task)
{
    if (!eddy__tcp_enter(self, task))
        return EDDY_LOOP_GONE;
    if ((self->source.flags & EDDY__TCP_CONNECTING) != 0)
        return eddy__tcp_park_writer(self, task, &connect_wait, 0);
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    if (self->extra != NULL)
        eddy__tcp_unpark(&self->extra->writer, task);
    if ((self->source.flags & EDDY__TCP_CONNECT_FAILED) == 0)
        return 0;
    self->write_error = -EPIPE;
    return eddy__tcp_told(self, task, connect_wait.why, self->read_error);
}

/* ---- taking over ---- */

int eddy_tcp_adopt(eddy_handle *handle, int fd, eddy_tcp **out)
{
    eddy_core *core = handle->core;
    int error;

    if (core->gone)
        return EDDY_LOOP_GONE;
    eddy__core_check(core, "eddy_tcp_adopt");
    error = adopt(core, fd);
    return error == 0 ? eddy__tcp_new(core, fd, out) : error;
}

int eddy_tcp_pair(eddy_handle *handle, eddy_tcp **a, eddy_tcp **b)
{
    eddy_tcp *first = NULL, *second = NULL;
    eddy__system *system;
    int fds[2];
    int error;

    if (handle->core->gone)
        return EDDY_LOOP_GONE;
    system = handle->core->driver->system;
    error = system->type->pair(system, fds);
    if (error != 0)
        return error;
    error = eddy_tcp_adopt(handle, fds[0], &first);
    if (error != 0)
        system->type->close(system, fds[0]);
    else
        error = eddy_tcp_adopt(handle, fds[1], &second);
    if (error != 0) {
        system->type->close(system, fds[1]);
        eddy_tcp_free(first);
        return error;
    }
    *a = first;
    *b = second;
    return 0;
}
