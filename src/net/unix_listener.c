/* SPDX-License-Identifier: MIT */
/*
 * unix_listener.c - listening at a Unix name: making the listener, and what its path has become.
 * Accepting is listener.c's, which also has the path removed.
 */
#include <errno.h>

#include "eddy/unix.h"
#include "net/listener.h"
#include "sys/unix.h"

enum { BACKLOG = 4096, PERMISSIONS = 07777 };

static const eddy__unix_sockets *sockets_of(const eddy_core *core)
{
    return core->driver->system->type->unix_sockets;
}

void eddy__listener_remove_path(eddy_listener *self)
{
    if (self->place == NULL)
        return;
    self->system->type->unix_sockets->remove(self->system, self->place);
    eddy__slab_free(&self->source.core->slab, self->place, sizeof *self->place);
    self->place = NULL;
}

static bool options_make_sense(const eddy_unix_listen_options *options)
{
    return options->size_bytes == sizeof *options && options->backlog >= 0 &&
           options->accept_max <= EDDY__LISTENER_ACCEPT_MOST && options->mode <= PERMISSIONS;
}

/* A socket that listens; *place: what it has put into the file system. */
static int open_socket(eddy_core *core, const eddy_unix_addr *addr,
                       const eddy_unix_listen_options *options, eddy__unix_place *place)
{
    const eddy__unix_listen how = {
        .backlog = options->backlog > 0 ? options->backlog : BACKLOG,
        .mode = options->mode != 0 ? (int32_t)options->mode : -1,
        .replace_stale = options->replace_stale,
    };

    return sockets_of(core)->listen(core->driver->system, addr, &how, place);
}

static int listen_at(eddy_core *core, const eddy_unix_addr *addr,
                     const eddy_unix_listen_options *options, eddy__unix_place *place,
                     eddy_listener **out)
{
    eddy__system *system = core->driver->system;
    int fd = open_socket(core, addr, options, place);
    int error;

    if (fd < 0)
        return fd;
    error = eddy__listener_new(core, fd, options->accept_max, out);
    if (error != 0) {
        sockets_of(core)->remove(system, place);
        system->type->close(system, fd);
    }
    return error;
}

int eddy_unix_listen(eddy_handle *handle, const eddy_unix_addr *addr,
                     const eddy_unix_listen_options *options, eddy_listener **out)
{
    const eddy_unix_listen_options defaults = {.size_bytes = sizeof defaults};
    eddy_core *core = handle->core;
    eddy__unix_place *place;
    int error;

    if (core->gone)
        return EDDY_LOOP_GONE;
    eddy__core_check(core, "eddy_unix_listen");
    if (options == NULL)
        options = &defaults;
    if (sockets_of(core) == NULL)
        return -EAFNOSUPPORT;
    if (!options_make_sense(options))
        return -EINVAL;
    place = eddy__slab_alloc(&core->slab, sizeof *place);
    if (place == NULL)
        return -ENOMEM;
    error = listen_at(core, addr, options, place, out);
    if (error != 0 || !place->ours || options->leave_path) {
        eddy__slab_free(&core->slab, place, sizeof *place);
        return error;
    }
    (*out)->place = place;
    return 0;
}

int eddy_unix_is_stale(eddy_handle *handle, const eddy_unix_addr *addr)
{
    eddy_core *core = handle->core;

    if (core->gone)
        return EDDY_LOOP_GONE;
    eddy__core_check(core, "eddy_unix_is_stale");
    if (sockets_of(core) == NULL)
        return -EAFNOSUPPORT;
    return sockets_of(core)->is_stale(core->driver->system, addr);
}

int eddy_unix_listener_name(const eddy_listener *self, eddy_unix_addr *name)
{
    const eddy_core *core = self->source.core;

    if (core->gone)
        return EDDY_LOOP_GONE;
    eddy__core_check(core, "eddy_unix_listener_name");
    if (sockets_of(core) == NULL)
        return -EAFNOSUPPORT;
    return sockets_of(core)->local_name(core->driver->system, self->source.slot.fd, name);
}
