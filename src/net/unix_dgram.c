/* SPDX-License-Identifier: MIT */
/*
 * unix_dgram.c - Unix datagrams and connections of messages: making, binding, listening, connecting,
 * names. What they send and receive is in dgram_io.c.
 */
#include "eddy/unix_dgram.h"

#include <errno.h>

#include "net/dgram.h"
#include "sys/datagrams_unix.h"

enum { BACKLOG = 4096, MODE_MAX = 07777 };

static const eddy_wait_type accept_wait = {.why = "dgram: accept", .external = true};
static const eddy_wait_type connect_wait = {.why = "dgram: connect", .external = true};

static int unix_calls(eddy_handle *handle, const char *verb, const eddy__unix_datagrams **calls)
{
    const eddy__datagrams *all;
    int error = eddy__dgram_calls(handle->core, verb, &all);

    if (error != 0)
        return error;
    *calls = all->unix_names;
    return *calls != NULL ? 0 : -EOPNOTSUPP;
}

static void close_fd(eddy_handle *handle, int fd)
{
    eddy__system *system = handle->core->driver->system;

    system->type->close(system, fd);
}

/* ---- making one ---- */

/* An object over a new socket without a name. */
static int make(eddy_handle *handle, const eddy__unix_datagrams *calls, eddy__datagram_sort sort,
                eddy_dgram **out)
{
    int fd = calls->open(handle->core->driver->system, sort);
    int error;

    if (fd < 0)
        return fd;
    error = eddy__dgram_new(handle->core, fd, sort, out);
    if (error != 0)
        close_fd(handle, fd);
    return error;
}

static int check_options(const eddy_unix_dgram_options *options)
{
    return options->size_bytes == sizeof *options && options->mode <= MODE_MAX &&
                   options->backlog >= 0
               ? 0
               : -EINVAL;
}

static int bind_to(eddy_dgram *self, const eddy__unix_datagrams *calls, const eddy_unix_addr *name,
                   const eddy_unix_dgram_options *options)
{
    const eddy__unix_listen how = {
        .mode = options->mode == 0 ? -1 : (int32_t)options->mode,
        .replace_stale = options->replace_stale,
    };
    eddy__system *system = eddy__dgram_system(self);
    int fd = self->ready.source.slot.fd;
    int error = 0;

    if (options->tell_credentials)
        error = calls->tell_credentials(system, fd, true);
    if (error == 0 && name != NULL)
        error = calls->bind(system, fd, name, &how, &self->place);
    if (options->leave_path)
        self->place.ours = false;
    return error;
}

int eddy_unix_dgram_bind(eddy_handle *handle, const eddy_unix_addr *name,
                         const eddy_unix_dgram_options *options, eddy_dgram **out)
{
    const eddy_unix_dgram_options defaults = {.size_bytes = sizeof defaults};
    const eddy__unix_datagrams *calls;
    eddy_dgram *self;
    int error = unix_calls(handle, "eddy_unix_dgram_bind", &calls);

    if (options == NULL)
        options = &defaults;
    if (error == 0)
        error = check_options(options);
    if (error == 0)
        error = make(handle, calls, EDDY__DATAGRAM_UNIX, &self);
    if (error != 0)
        return error;
    error = bind_to(self, calls, name, options);
    if (error != 0)
        eddy_dgram_free(self);
    else
        *out = self;
    return error;
}

static int listen_at(eddy_dgram *self, const eddy__unix_datagrams *calls,
                     const eddy_unix_addr *name, const eddy_unix_dgram_options *options)
{
    int error = bind_to(self, calls, name, options);

    if (error != 0)
        return error;
    return calls->listen(eddy__dgram_system(self), self->ready.source.slot.fd,
                         options->backlog > 0 ? options->backlog : BACKLOG);
}

int eddy_unix_seqpacket_listen(eddy_handle *handle, const eddy_unix_addr *name,
                               const eddy_unix_dgram_options *options, eddy_dgram **out)
{
    const eddy_unix_dgram_options defaults = {.size_bytes = sizeof defaults};
    const eddy__unix_datagrams *calls;
    eddy_dgram *self;
    int error = unix_calls(handle, "eddy_unix_seqpacket_listen", &calls);

    if (options == NULL)
        options = &defaults;
    if (error == 0)
        error = check_options(options);
    if (error == 0)
        error = make(handle, calls, EDDY__DATAGRAM_SEQPACKET, &self);
    if (error != 0)
        return error;
    error = listen_at(self, calls, name, options);
    if (error != 0)
        eddy_dgram_free(self);
    else
        *out = self;
    return error;
}

int eddy_unix_seqpacket_new(eddy_handle *handle, eddy_dgram **out)
{
    const eddy__unix_datagrams *calls;
    int error = unix_calls(handle, "eddy_unix_seqpacket_new", &calls);

    return error == 0 ? make(handle, calls, EDDY__DATAGRAM_SEQPACKET, out) : error;
}

/* ---- a pair ---- */

/* Both descriptors are used up, whatever happens. */
static int make_ends(eddy_handle *handle, eddy__datagram_sort sort, const int fds[2],
                     eddy_dgram *ends[2])
{
    int error = eddy__dgram_new(handle->core, fds[0], sort, &ends[0]);

    if (error != 0)
        close_fd(handle, fds[0]);
    else
        error = eddy__dgram_new(handle->core, fds[1], sort, &ends[1]);
    if (error == 0)
        return 0;
    close_fd(handle, fds[1]);
    eddy_dgram_free(ends[0]);
    return error;
}

int eddy_unix_dgram_pair(eddy_handle *handle, eddy_unix_type type, eddy_dgram **a, eddy_dgram **b)
{
    eddy__datagram_sort sort =
        type == EDDY_UNIX_SEQPACKET ? EDDY__DATAGRAM_SEQPACKET : EDDY__DATAGRAM_UNIX;
    const eddy__unix_datagrams *calls;
    eddy_dgram *ends[2] = {NULL, NULL};
    int fds[2];
    int error = unix_calls(handle, "eddy_unix_dgram_pair", &calls);

    if (error == 0)
        error = calls->pair(handle->core->driver->system, sort, fds);
    if (error == 0)
        error = make_ends(handle, sort, fds, ends);
    if (error != 0)
        return error;
    *a = ends[0];
    *b = ends[1];
    return 0;
}

/* ---- connections of messages ---- */

/* 0, -EAGAIN: nobody is there, or an error. */
static eddy_result accept_now(eddy_dgram *self, eddy_dgram **client)
{
    const eddy__unix_datagrams *calls = self->calls->unix_names;
    eddy_core *core = eddy__dgram_core(self);
    int fd, error;

    if (!eddy__dgram_is_unix(self))
        return -EINVAL;
    fd = calls->accept(eddy__dgram_system(self), self->ready.source.slot.fd);
    if (fd < 0)
        return fd;
    error = eddy__dgram_new(core, fd, EDDY__DATAGRAM_SEQPACKET, client);
    if (error != 0)
        close_fd(&core->handle, fd);
    return error;
}

eddy_result eddy_dgram_poll_accept(eddy_dgram *self, eddy_task *task, eddy_dgram **client)
{
    for (;;) {
        eddy_result result =
            eddy__ready_poll(&self->ready, task, EDDY__SIDE_READ, EDDY__IS_READABLE, &accept_wait);

        if (result < 0)
            return result;
        result = accept_now(self, client);
        if (result == 0)
            return 0;
        if (result != -EAGAIN)
            return eddy_why_note(task, accept_wait.why, NULL, result);
        eddy__ready_clear(&self->ready, EDDY__IS_READABLE);
    }
}

static eddy_result connect_now(eddy_dgram *self, const eddy_unix_addr *to)
{
    int error;

    if (!eddy__dgram_is_unix(self) || to->kind == EDDY_UNIX_UNNAMED)
        return -EINVAL;
    error =
        self->calls->unix_names->connect(eddy__dgram_system(self), self->ready.source.slot.fd, to);
    if (error == 0)
        self->connected = true;
    return error;
}

eddy_result eddy_dgram_poll_connect_name(eddy_dgram *self, eddy_task *task,
                                         const eddy_unix_addr *to)
{
    for (;;) {
        eddy_result result = eddy__dgram_poll_room(self, task, to, &connect_wait);

        if (result < 0)
            return result;
        result = connect_now(self, to);
        if (result == -EAGAIN) {
            eddy__dgram_no_room(self, to);
            continue;
        }
        eddy__dgram_had_room(self);
        return result == 0 ? 0 : eddy_why_note(task, connect_wait.why, NULL, result);
    }
}

/* ---- names ---- */

int eddy_dgram_set_tell_credentials(eddy_dgram *self, bool on)
{
    int fd = eddy__dgram_fd(self, "eddy_dgram_set_tell_credentials");

    if (fd < 0)
        return fd;
    if (!eddy__dgram_is_unix(self))
        return -EINVAL;
    return self->calls->unix_names->tell_credentials(eddy__dgram_system(self), fd, on);
}

/* The calls for names; -EAFNOSUPPORT: it has none. */
static int name_calls(const eddy_dgram *self, const eddy__unix_sockets **calls)
{
    if (!eddy__dgram_is_unix(self))
        return -EAFNOSUPPORT;
    *calls = eddy__dgram_system(self)->type->unix_sockets;
    return *calls != NULL ? 0 : -EAFNOSUPPORT;
}

int eddy_dgram_local_name(const eddy_dgram *self, eddy_unix_addr *name)
{
    int fd = eddy__dgram_fd(self, "eddy_dgram_local_name");
    const eddy__unix_sockets *calls;
    int error = fd < 0 ? fd : name_calls(self, &calls);

    return error == 0 ? calls->local_name(eddy__dgram_system(self), fd, name) : error;
}

int eddy_dgram_peer_name(const eddy_dgram *self, eddy_unix_addr *name)
{
    int fd = eddy__dgram_fd(self, "eddy_dgram_peer_name");
    const eddy__unix_sockets *calls;
    int error = fd < 0 ? fd : name_calls(self, &calls);

    return error == 0 ? calls->peer_name(eddy__dgram_system(self), fd, name) : error;
}

int eddy_dgram_peer_credentials(const eddy_dgram *self, eddy_unix_credentials *out)
{
    int fd = eddy__dgram_fd(self, "eddy_dgram_peer_credentials");
    const eddy__unix_sockets *calls;
    int error = fd < 0 ? fd : name_calls(self, &calls);

    return error == 0 ? calls->credentials(eddy__dgram_system(self), fd, out) : error;
}
