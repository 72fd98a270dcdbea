/* SPDX-License-Identifier: MIT */
/*
 * unix_messages.c - connections of messages: who knocks waits in the queue of the listener, connected
 * already, until he is accepted or the listener goes. See unix_dgram.h.
 */
#include <errno.h>

#include "sim/unix_dgram.h"

enum { SOMAXCONN = 4096 };

/* ---- connecting ---- */

static bool is_full(const eddy__sim_socket *listener)
{
    return listener->queued > listener->backlog;
}

/* Who is to be accepted waits in the listener's queue. */
static int knock(eddy__sim_socket *self, eddy__sim_socket *listener)
{
    eddy__sim_socket *child = eddy__sim_socket_new(self->host, false);

    if (child == NULL)
        return -ENOMEM;
    if (!eddy__sim_mailbox_equip(child, EDDY__DATAGRAM_SEQPACKET)) {
        eddy__sim_socket_free(child);
        return -ENOMEM;
    }
    child->named->local = listener->named->local;
    child->listener = listener;
    eddy__sim_mailbox_marry(self, child);
    eddy__list_append(&listener->queue, &child->in_queue);
    listener->queued++;
    eddy__sim_mailbox_trace(child, "established", 0);
    eddy__sim_tell(listener);
    eddy__sim_tell(self); /* no longer hung up */
    return 0;
}

int eddy__sim_messages_connect(eddy__sim_socket *self, const eddy_unix_addr *to)
{
    eddy__sim_socket *listener;
    int error = eddy__sim_named_find(self, to, &listener);

    if (error != 0)
        return error;
    if (listener->state != EDDY__SIM_TCP_LISTEN)
        return -ECONNREFUSED;
    if (is_full(listener))
        return -EAGAIN;
    if (self->state != EDDY__SIM_TCP_NEW)
        return self->state == EDDY__SIM_TCP_OPEN ? -EISCONN : -EINVAL;
    return knock(self, listener);
}

/* ---- listening ---- */

int eddy__sim_messages_listen(eddy__system *system, int fd, int32_t backlog)
{
    int error;
    eddy__sim_socket *self = eddy__sim_mailbox_find(system, fd, &error);

    if (self == NULL)
        return error;
    if (self->named->sort != EDDY__DATAGRAM_SEQPACKET)
        return -EOPNOTSUPP;
    if (self->named->local.kind == EDDY_UNIX_UNNAMED || self->state == EDDY__SIM_TCP_OPEN)
        return -EINVAL;
    self->backlog = backlog < 0 || backlog > SOMAXCONN ? SOMAXCONN : (uint32_t)backlog;
    self->state = EDDY__SIM_TCP_LISTEN;
    self->named->knows_nobody = false;
    eddy__sim_mailbox_trace(self, "listen", backlog);
    eddy__sim_tell(self);
    return 0;
}

static int accept_fault(eddy__sim_host *host)
{
    bool process_full = eddy__sim_happens(host->sim, EDDY_CHAOS_EMFILE);
    bool system_full = eddy__sim_happens(host->sim, EDDY_CHAOS_ENFILE);

    if (host->accept_errors > 0) {
        host->accept_errors--;
        return host->accept_error;
    }
    return process_full ? -EMFILE : system_full ? -ENFILE : 0;
}

static eddy__sim_socket *first_of(const eddy__sim_socket *listener)
{
    return EDDY__CONTAINER(listener->queue.next, eddy__sim_socket, in_queue);
}

static void leave_queue(eddy__sim_socket *child)
{
    eddy__list_remove(&child->in_queue);
    child->listener->queued--;
    child->listener = NULL;
}

static int accept_from(eddy__sim_socket *self)
{
    eddy__sim_socket *child;
    int fd = eddy__sim_fd_check(self->host);

    if (fd == 0 && self->queued == 0)
        return -EAGAIN;
    if (fd == 0)
        fd = accept_fault(self->host);
    if (fd != 0)
        return fd;
    child = first_of(self);
    fd = eddy__sim_fd_open(child);
    if (fd >= 0)
        leave_queue(child);
    return fd;
}

int eddy__sim_messages_accept(eddy__system *system, int fd)
{
    int error;
    eddy__sim_socket *self = eddy__sim_mailbox_find(system, fd, &error);

    if (self == NULL)
        return error;
    if (self->named->sort != EDDY__DATAGRAM_SEQPACKET)
        return -EOPNOTSUPP;
    if (self->state != EDDY__SIM_TCP_LISTEN)
        return -EINVAL;
    error = accept_from(self);
    if (error != -EAGAIN)
        eddy__sim_mailbox_trace(self, "accept", error);
    return error;
}

/* Those who wait are reset. */
void eddy__sim_messages_turn_away(eddy__sim_socket *self)
{
    while (self->queued > 0) {
        eddy__sim_socket *child = first_of(self);

        leave_queue(child);
        eddy__sim_mailbox_end(child, false);
    }
}
