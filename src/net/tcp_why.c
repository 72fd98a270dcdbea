/* SPDX-License-Identifier: MIT */
/*
 * tcp_why.c - what a stream notes with the task that is told of its failure: which call, which peer.
 */
#include "net/tcp.h"
#include "sys/system.h"

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

eddy_result eddy__tcp_told(const eddy_tcp *self, eddy_task *task, const char *operation,
                           eddy_result error)
{
    eddy_addr peer;

    if (error >= 0)
        return error;
    peer = peer_of(self);
    return eddy_why_note(task, operation, &peer, error);
}
