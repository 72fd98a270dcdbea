/* SPDX-License-Identifier: MIT */
/*
 * tcp_why.c - what a stream notes with the task that is told of its failure: which call, which peer,
 * or which name of a Unix socket.
 */
#include "net/tcp.h"
#include "sys/unix.h"

/* A socket that was reset may not know its peer any more; one that connects is told it by us. */
static eddy_addr peer_of(const eddy_tcp *self)
{
    const eddy_core *core = self->source.core;
    eddy__system *system = core->driver->system;
    eddy_addr peer = {0};

    if (self->extra != NULL && self->extra->peer.family != EDDY_ADDR_NONE)
        return self->extra->peer;
    if (self->source.slot.fd >= 0 &&
        system->type->peer_addr(system, self->source.slot.fd, &peer) != 0)
        peer = (eddy_addr){0};
    return peer;
}

/* The name that tells most: whom we connected to, else the peer's, else that of our listener. */
static eddy_unix_addr name_of(const eddy_tcp *self)
{
    eddy__system *system = self->source.core->driver->system;
    const eddy__unix_sockets *sockets = system->type->unix_sockets;
    int fd = self->source.slot.fd;
    eddy_unix_addr name = {0};

    if (self->extra != NULL && self->extra->name != NULL)
        return *self->extra->name;
    if (fd < 0 || sockets == NULL)
        return name;
    if (sockets->peer_name(system, fd, &name) != 0 || name.kind == EDDY_UNIX_UNNAMED)
        (void)sockets->local_name(system, fd, &name);
    return name;
}

eddy_result eddy__tcp_told(const eddy_tcp *self, eddy_task *task, const char *operation,
                           eddy_result error)
{
    eddy_unix_addr name = {0};
    eddy_addr peer;

    if (error >= 0)
        return error;
    peer = peer_of(self);
    (void)eddy_why_note(task, operation, &peer, error);
    if (peer.family == EDDY_ADDR_NONE) {
        name = name_of(self);
        eddy__why_name(task, &name);
    }
    return error;
}
