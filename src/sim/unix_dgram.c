/* SPDX-License-Identifier: MIT */
/*
 * unix_dgram.c - what a program does with a Unix socket that keeps messages apart, but for sending and
 * receiving. Each rule is Linux's (net/unix/af_unix.c of its sources), and
 * tests/sim/test_unix_*_fidelity.c ask the kernel whether it still is.
 */
#include "sim/unix_dgram.h"

#include <errno.h>

#include "base/alloc.h"

enum { BUFFER = 212992 };

void eddy__sim_mailbox_trace(const eddy__sim_socket *self, const char *what, int64_t result)
{
    eddy__sim_trace(self->host->sim, self->host, "unix", self->conversation, what, result);
}

/* ---- life ---- */

bool eddy__sim_mailbox_equip(eddy__sim_socket *socket, eddy__datagram_sort sort)
{
    eddy__sim_mailbox *self;

    if (!eddy__sim_named_equip(socket, sort))
        return false;
    self = eddy__calloc(socket->host->sim->allocator, sizeof *self);
    if (self == NULL)
        return false;
    self->socket = socket;
    self->send_buffer = BUFFER;
    self->recv_buffer = BUFFER;
    eddy__list_init(&self->peers);
    eddy__list_init(&self->of_peer);
    eddy__list_init(&self->queue);
    eddy__list_init(&self->sent);
    socket->mailbox = self;
    socket->named->knows_nobody = true;
    socket->conversation = ++socket->host->sim->socket_ids;
    return true;
}

/* With a descriptor; NULL: *error says why. */
static eddy__sim_socket *open_one(eddy__sim_host *host, eddy__datagram_sort sort, int *error)
{
    eddy__sim_socket *self = eddy__sim_socket_open(host, false, error);

    if (self == NULL || eddy__sim_mailbox_equip(self, sort))
        return self;
    eddy__sim_socket_undo(self);
    *error = -ENOMEM;
    return NULL;
}

static int mailbox_open(eddy__system *system, eddy__datagram_sort sort)
{
    int error;
    const eddy__sim_socket *self = open_one(eddy__sim_host_of(system), sort, &error);

    return self == NULL ? error : self->fd;
}

void eddy__sim_mailbox_free(eddy__sim_mailbox *self)
{
    eddy__list_remove(&self->of_peer);
    EDDY__LIST_FOR_EACH_SAFE (node, next, &self->peers) {
        eddy__sim_mailbox *it = EDDY__CONTAINER(node, eddy__sim_mailbox, of_peer);

        eddy__list_remove(node);
        it->peer = NULL;
        it->left = true;
    }
    while (!eddy__list_empty(&self->queue))
        eddy__sim_letter_free(self, EDDY__CONTAINER(self->queue.next, eddy__sim_letter, in));
    EDDY__LIST_FOR_EACH_SAFE (node, next, &self->sent) {
        eddy__list_remove(node);
        EDDY__CONTAINER(node, eddy__sim_letter, of_sender)->sender = NULL;
    }
    eddy__free(self->socket->host->sim->allocator, self, sizeof *self);
}

eddy__sim_socket *eddy__sim_mailbox_find(eddy__system *system, int fd, int *error)
{
    eddy__sim_socket *self = eddy__sim_socket_of(eddy__sim_host_of(system), fd);

    *error = self == NULL ? -EBADF : -EOPNOTSUPP;
    return self != NULL && self->mailbox != NULL ? self : NULL;
}

static bool is_connection(const eddy__sim_socket *self)
{
    return self->named->sort == EDDY__DATAGRAM_SEQPACKET;
}

/* ---- peers ---- */

/* Of a peer that has gone no other is heard, either. */
bool eddy__sim_mailbox_hears(const eddy__sim_mailbox *self, const eddy__sim_mailbox *from)
{
    return (self->peer == NULL && !self->left) || self->peer == from;
}

static void set_peer(eddy__sim_mailbox *self, eddy__sim_mailbox *peer)
{
    eddy__list_remove(&self->of_peer);
    self->peer = peer;
    self->left = false;
    self->socket->state = peer != NULL ? EDDY__SIM_TCP_OPEN : EDDY__SIM_TCP_NEW;
    if (peer != NULL)
        eddy__list_append(&peer->peers, &self->of_peer);
}

void eddy__sim_mailbox_marry(eddy__sim_socket *a, eddy__sim_socket *b)
{
    set_peer(a->mailbox, b->mailbox);
    set_peer(b->mailbox, a->mailbox);
    a->named->knows_nobody = false;
    b->named->knows_nobody = false;
}

/* `old`: its peer until now; NULL: that has gone. It is told if letters of its own are lost so. */
static void forget_peer(eddy__sim_mailbox *self, eddy__sim_mailbox *old)
{
    bool lost = self->queued > 0;

    eddy__sim_mailbox_clear(self);
    if (lost && old != NULL && old->peer == self) {
        old->socket->error = -ECONNRESET;
        eddy__sim_mailbox_trace(old->socket, "lost peer", -ECONNRESET);
        eddy__sim_tell(old->socket);
    }
    eddy__sim_tell(self->socket);
}

void eddy__sim_mailbox_leave(eddy__sim_mailbox *self)
{
    eddy__sim_mailbox *old = self->peer;

    set_peer(self, NULL);
    eddy__sim_mailbox_trace(self->socket, "disconnect", 0);
    forget_peer(self, old);
}

int eddy__sim_mailbox_disconnect(eddy__sim_socket *self)
{
    if (is_connection(self))
        return -EINVAL;
    if (self->state == EDDY__SIM_TCP_OPEN)
        eddy__sim_mailbox_leave(self->mailbox);
    return 0;
}

int eddy__sim_mailbox_peer(const eddy__sim_socket *self, eddy_unix_addr *name)
{
    if (self->state != EDDY__SIM_TCP_OPEN)
        return -ENOTCONN;
    *name = self->mailbox->left ? self->named->peer : self->mailbox->peer->socket->named->local;
    return 0;
}

static int mailbox_pair(eddy__system *system, eddy__datagram_sort sort, int fds[2])
{
    int error;
    eddy__sim_socket *a = open_one(eddy__sim_host_of(system), sort, &error), *b;

    if (a == NULL)
        return error;
    b = open_one(eddy__sim_host_of(system), sort, &error);
    if (b == NULL) {
        eddy__sim_socket_undo(a);
        return error;
    }
    eddy__sim_mailbox_marry(a, b);
    eddy__sim_mailbox_trace(a, "pair", (int64_t)b->conversation);
    fds[0] = a->fd;
    fds[1] = b->fd;
    return 0;
}

/* ---- names ---- */

static int bind_to(eddy__sim_socket *self, const eddy_unix_addr *name, bool replace_stale,
                   eddy__unix_place *place)
{
    *place = (eddy__unix_place){.ours = false};
    if (self->named->local.kind != EDDY_UNIX_UNNAMED)
        return name->kind == EDDY_UNIX_UNNAMED ? 0 : -EINVAL;
    return eddy__sim_named_bind(self, name, replace_stale, place);
}

static int mailbox_bind(eddy__system *system, int fd, const eddy_unix_addr *name,
                        const eddy__unix_listen *options, eddy__unix_place *place)
{
    int error;
    eddy__sim_socket *self = eddy__sim_mailbox_find(system, fd, &error);

    if (self == NULL)
        return error;
    error = bind_to(self, name, options->replace_stale, place);
    eddy__sim_mailbox_trace(self, "bind", error);
    return error;
}

int eddy__sim_mailbox_autobind(eddy__sim_mailbox *self)
{
    const eddy_unix_addr any = {.kind = EDDY_UNIX_UNNAMED};
    eddy__unix_place place;

    return self->tells_credentials ? bind_to(self->socket, &any, false, &place) : 0;
}

/* ---- connecting ---- */

static int connect_datagrams(eddy__sim_socket *self, const eddy_unix_addr *to)
{
    bool had_one = self->state == EDDY__SIM_TCP_OPEN;
    eddy__sim_mailbox *mailbox = self->mailbox, *old = mailbox->peer;
    eddy__sim_socket *other;
    int error = eddy__sim_named_find(self, to, &other);

    if (error != 0)
        return error;
    if (!eddy__sim_mailbox_hears(other->mailbox, mailbox))
        return -EPERM;
    set_peer(mailbox, other->mailbox);
    if (had_one && old != other->mailbox)
        forget_peer(mailbox, old);
    return 0;
}

static int mailbox_connect(eddy__system *system, int fd, const eddy_unix_addr *to)
{
    int error;
    eddy__sim_socket *self = eddy__sim_mailbox_find(system, fd, &error);

    if (self == NULL)
        return error;
    if (to->kind == EDDY_UNIX_UNNAMED)
        return -EINVAL;
    error = eddy__sim_mailbox_autobind(self->mailbox);
    if (error == 0)
        error = is_connection(self) ? eddy__sim_messages_connect(self, to)
                                    : connect_datagrams(self, to);
    eddy__sim_mailbox_trace(self, "connect", error);
    return error;
}

/* ---- what is told beside a message ---- */

static int mailbox_tell_credentials(eddy__system *system, int fd, bool on)
{
    int error;
    eddy__sim_socket *self = eddy__sim_mailbox_find(system, fd, &error);

    if (self == NULL)
        return error;
    self->mailbox->tells_credentials = on;
    return 0;
}

/* An empty message is told from the end in any case. */
static int mailbox_tell_end(eddy__system *system, int fd)
{
    int error;

    return eddy__sim_mailbox_find(system, fd, &error) == NULL ? error : 0;
}

/* ---- the end ---- */

/* Those whose peer this was: a connection is over, datagram sockets find out for themselves. */
static void part(eddy__sim_mailbox *self, bool unread)
{
    EDDY__LIST_FOR_EACH_SAFE (node, next, &self->peers) {
        eddy__sim_mailbox *it = EDDY__CONTAINER(node, eddy__sim_mailbox, of_peer);

        if (it == self)
            continue;
        eddy__list_remove(node);
        it->peer = NULL;
        it->left = true;
        it->socket->named->peer = self->socket->named->local;
        if (unread && is_connection(self->socket))
            it->socket->error = -ECONNRESET;
        eddy__sim_tell(it->socket);
    }
}

void eddy__sim_mailbox_end(eddy__sim_socket *self, bool was_accepted)
{
    bool unread = self->mailbox->queued > 0 || !was_accepted;

    eddy__sim_mailbox_trace(self, "close", 0);
    eddy__sim_fd_close(self);
    eddy__sim_mailbox_clear(self->mailbox);
    part(self->mailbox, unread);
    eddy__sim_socket_free(self);
}

void eddy__sim_mailbox_close(eddy__sim_socket *self)
{
    eddy__sim_messages_turn_away(self);
    eddy__sim_mailbox_end(self, true);
}

/* ---- readiness ---- */

uint32_t eddy__sim_mailbox_ready(const eddy__sim_socket *self)
{
    const eddy__sim_mailbox *mailbox = self->mailbox;
    uint32_t ready = 0;

    if (self->state == EDDY__SIM_TCP_LISTEN)
        return self->queued > 0 ? EDDY__SIM_READABLE : 0;
    if (mailbox->queued > 0)
        ready |= EDDY__SIM_READABLE;
    if (eddy__sim_mailbox_is_writable(mailbox))
        ready |= EDDY__SIM_WRITABLE;
    if (self->error != 0)
        ready |= EDDY__SIM_BROKEN;
    if (!is_connection(self))
        return ready;
    if (mailbox->left)
        ready |= EDDY__SIM_READABLE | EDDY__SIM_PEER_END;
    if (mailbox->left || self->state == EDDY__SIM_TCP_NEW)
        ready |= EDDY__SIM_HUNG;
    return ready;
}

const eddy__unix_datagrams eddy__sim_unix_datagrams = {
    .open = mailbox_open,
    .pair = mailbox_pair,
    .bind = mailbox_bind,
    .listen = eddy__sim_messages_listen,
    .accept = eddy__sim_messages_accept,
    .connect = mailbox_connect,
    .tell_credentials = mailbox_tell_credentials,
    .tell_end = mailbox_tell_end,
    .send = eddy__sim_mailbox_send,
    .recv = eddy__sim_mailbox_recv,
};
