/* SPDX-License-Identifier: MIT */
/*
 * unix_dgram_io.c - letters: sent, waiting in the mailbox of their receiver, taken. A call moves one, so
 * there is no batch for chance to cut short.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "eddy/error.h"
#include "eddy/unix_dgram.h"
#include "sim/unix_dgram.h"

enum {
    COST = 768,     /* what Linux counts of a small letter besides its bytes */
    RESERVED = 32,  /* so many bytes of the buffer no letter can have */
    QUEUE_MAX = 10, /* net.unix.max_dgram_qlen; one more has room, as on Linux */
    NOBODY = 65534, /* whom Linux names when it does not know */
    WRITABLE = 4,   /* while less than one part of so many is filled */
};

/* ---- room ---- */

static size_t cost_of(const eddy__sim_letter *letter)
{
    return letter->len + COST;
}

bool eddy__sim_mailbox_is_full(const eddy__sim_mailbox *self)
{
    return self->queued > QUEUE_MAX;
}

/* A peer whose own peer this is has room as long as the buffer here has. */
static bool is_kept_out(const eddy__sim_mailbox *self, const eddy__sim_mailbox *by)
{
    return by != self && by->peer != self && eddy__sim_mailbox_is_full(by);
}

static bool has_room(const eddy__sim_mailbox *self)
{
    return WRITABLE * self->sent_cost <= (size_t)self->send_buffer;
}

bool eddy__sim_mailbox_is_writable(const eddy__sim_mailbox *self)
{
    return has_room(self) && (self->peer == NULL || !is_kept_out(self, self->peer));
}

/* ---- a letter goes ---- */

/* Out of the mailbox; its sender may have room now. */
static eddy__sim_mailbox *unqueue(eddy__sim_mailbox *self, eddy__sim_letter *letter)
{
    eddy__sim_mailbox *sender = letter->sender;

    eddy__list_remove(&letter->in);
    eddy__list_remove(&letter->of_sender);
    self->queued--;
    if (sender != NULL)
        sender->sent_cost -= cost_of(letter);
    return sender;
}

void eddy__sim_letter_free(eddy__sim_mailbox *receiver, eddy__sim_letter *self)
{
    (void)unqueue(receiver, self);
    eddy__free(receiver->socket->host->sim->allocator, self, sizeof *self + self->len);
}

static void discard(eddy__sim_mailbox *self, eddy__sim_letter *letter)
{
    eddy__sim_mailbox *sender = letter->sender;

    eddy__sim_letter_free(self, letter);
    if (sender != NULL && has_room(sender))
        eddy__sim_tell(sender->socket);
}

/* Those who were kept out, of those whose peer this is: nobody else is told. */
static void tell_peers(eddy__sim_mailbox *self)
{
    EDDY__LIST_FOR_EACH (node, &self->peers) {
        eddy__sim_mailbox *it = EDDY__CONTAINER(node, eddy__sim_mailbox, of_peer);

        if (it != self->peer)
            eddy__sim_tell(it->socket);
    }
}

void eddy__sim_mailbox_clear(eddy__sim_mailbox *self)
{
    bool was_full = eddy__sim_mailbox_is_full(self);

    while (!eddy__list_empty(&self->queue))
        discard(self, EDDY__CONTAINER(self->queue.next, eddy__sim_letter, in));
    if (was_full)
        tell_peers(self);
}

/* ---- sending ---- */

/* As it is said before anything is looked for. */
static int check(const eddy__sim_socket *self, const eddy_datagram *it)
{
    bool named = it->name != NULL && self->named->sort == EDDY__DATAGRAM_UNIX;

    if (it->passed != NULL && it->passed->count > 0)
        return it->passed->count > EDDY_PASSED_MAX ? -EINVAL : -EOPNOTSUPP;
    if (named && it->name->kind == EDDY_UNIX_UNNAMED)
        return -EINVAL;
    if (!named && self->state != EDDY__SIM_TCP_OPEN)
        return -ENOTCONN;
    return 0;
}

/* What the own side has against it. */
static int obstacle(eddy__sim_socket *self, const eddy_datagram *it)
{
    const eddy__sim_mailbox *mailbox = self->mailbox;

    if (it->len + RESERVED > (size_t)mailbox->send_buffer)
        return -EMSGSIZE;
    if (self->error != 0)
        return eddy__sim_take_error(self->host, self->fd);
    if (self->named->sort == EDDY__DATAGRAM_SEQPACKET && mailbox->left)
        return -EPIPE;
    if (mailbox->sent_cost >= (size_t)mailbox->send_buffer)
        return -EAGAIN;
    return eddy__sim_happens(self->host->sim, EDDY_CHAOS_DGRAM_ENOBUFS) ? -ENOBUFS : 0;
}

static int find_receiver(eddy__sim_socket *self, const eddy_datagram *it, eddy__sim_mailbox **out)
{
    eddy__sim_mailbox *mailbox = self->mailbox;
    eddy__sim_socket *other;
    int error;

    *out = mailbox->peer;
    if (it->name != NULL && self->named->sort == EDDY__DATAGRAM_UNIX) {
        error = eddy__sim_named_find(self, it->name, &other);
        if (error != 0)
            return error;
        *out = other->mailbox;
    } else if (mailbox->left) {
        eddy__sim_mailbox_leave(mailbox);
        return -ECONNREFUSED;
    }
    if (!eddy__sim_mailbox_hears(*out, mailbox))
        return -EPERM;
    return is_kept_out(mailbox, *out) ? -EAGAIN : 0;
}

/* 0 or -ENOBUFS. */
static int deliver(eddy__sim_mailbox *self, eddy__sim_mailbox *to, const eddy_datagram *it)
{
    const eddy__sim_socket *socket = self->socket;
    eddy__sim_letter *letter = eddy__alloc(socket->host->sim->allocator, sizeof *letter + it->len);

    if (letter == NULL)
        return -ENOBUFS;
    *letter = (eddy__sim_letter){
        .sender = self,
        .from = socket->named->local,
        .is_signed = self->tells_credentials || to->tells_credentials,
        .len = it->len,
    };
    if (it->len > 0)
        memcpy(letter->bytes, it->data, it->len);
    eddy__list_append(&to->queue, &letter->in);
    eddy__list_append(&self->sent, &letter->of_sender);
    to->queued++;
    self->sent_cost += cost_of(letter);
    eddy__sim_tell(to->socket);
    return 0;
}

static int send_it(eddy__sim_socket *self, const eddy_datagram *it)
{
    eddy__sim_mailbox *to;
    int error = check(self, it);

    if (error == 0)
        error = eddy__sim_mailbox_autobind(self->mailbox);
    if (error == 0)
        error = obstacle(self, it);
    if (error == 0)
        error = find_receiver(self, it, &to);
    if (error == 0)
        error = deliver(self->mailbox, to, it);
    return error == 0 ? (int)it->len : error;
}

int eddy__sim_mailbox_send(eddy__system *system, int fd, eddy__datagram_sort sort,
                           const eddy_datagram *datagram)
{
    eddy__sim_socket *self = eddy__sim_socket_of(eddy__sim_host_of(system), fd);
    int sent;

    (void)sort; /* it knows */
    if (self == NULL)
        return -EBADF;
    if (self->mailbox == NULL)
        return -EOPNOTSUPP;
    sent = send_it(self, datagram);
    eddy__sim_mailbox_trace(self, "send", sent);
    return sent;
}

/* ---- receiving ---- */

static void fill_passed(const eddy__sim_mailbox *self, const eddy__sim_letter *letter,
                        eddy_passed *passed)
{
    passed->count = 0;
    passed->has_credentials = self->tells_credentials;
    if (!self->tells_credentials)
        return;
    passed->credentials = (eddy_unix_credentials){.uid = NOBODY, .gid = NOBODY};
    if (letter->is_signed)
        passed->credentials =
            (eddy_unix_credentials){.pid = (int32_t)self->socket->host->index + 1};
}

static void fill(const eddy__sim_mailbox *self, const eddy__sim_letter *letter, eddy_datagram *out)
{
    out->full_len = letter->len;
    out->len = letter->len < out->room ? letter->len : out->room;
    if (out->len > 0)
        memcpy(out->data, letter->bytes, out->len);
    out->flags = letter->len > out->room ? EDDY_DATAGRAM_TRUNCATED : 0;
    out->segment_bytes = 0;
    out->traffic_class = 0;
    out->interface_index = 0;
    out->local = (eddy_addr){0};
    out->peer = (eddy_addr){0};
    if (out->name != NULL)
        *out->name = letter->from;
    if (out->passed != NULL)
        fill_passed(self, letter, out->passed);
}

static void take(eddy__sim_mailbox *self, eddy_datagram *out)
{
    eddy__sim_letter *letter = EDDY__CONTAINER(self->queue.next, eddy__sim_letter, in);
    bool was_full = eddy__sim_mailbox_is_full(self);

    fill(self, letter, out);
    discard(self, letter);
    if (was_full && !eddy__sim_mailbox_is_full(self))
        tell_peers(self);
    eddy__sim_mailbox_trace(self->socket, "take", (int64_t)out->len);
}

int eddy__sim_mailbox_recv(eddy__system *system, int fd, eddy__datagram_sort sort,
                           eddy_datagram *datagram)
{
    eddy__sim_socket *self = eddy__sim_socket_of(eddy__sim_host_of(system), fd);
    bool connection = sort == EDDY__DATAGRAM_SEQPACKET;

    if (self == NULL)
        return -EBADF;
    if (self->mailbox == NULL)
        return -EOPNOTSUPP;
    if (connection && self->state != EDDY__SIM_TCP_OPEN)
        return -ENOTCONN;
    if (self->error != 0)
        return eddy__sim_take_error(self->host, fd);
    if (eddy__list_empty(&self->mailbox->queue))
        return connection && self->mailbox->left ? EDDY_CLOSED : -EAGAIN;
    take(self->mailbox, datagram);
    return 0;
}
