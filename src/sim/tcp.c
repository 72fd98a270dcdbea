/* SPDX-License-Identifier: MIT */
/*
 * tcp.c - what a program does with a connection and what it sees of it: sending, receiving, ending,
 * errors, readiness. Each rule is Linux's (net/ipv4/tcp.c and tcp_input.c of its sources), and
 * tests/sim/test_tcp_fidelity.c asks the kernel whether it still is.
 */
#include <errno.h>

#include "sim/udp.h"
#include "sim/unix_dgram.h"

enum { TIME_WAITS_MAX = 1024 }; /* per host; beyond it the oldest goes */

void eddy__sim_tcp_trace(const eddy__sim_socket *self, const char *what, int64_t result)
{
    eddy__sim_trace(self->host->sim, self->host, "tcp", self->conversation, what, result);
}

/* ---- the end of a connection ---- */

static void leave_time_waits(eddy__sim_socket *self)
{
    if (self->state != EDDY__SIM_TCP_TIME_WAIT)
        return;
    eddy__list_remove(&self->in_queue);
    self->host->time_waits_n--;
}

void eddy__sim_tcp_over(eddy__sim_socket *self, int error)
{
    if (self->state == EDDY__SIM_TCP_CLOSED)
        return;
    leave_time_waits(self);
    self->state = EDDY__SIM_TCP_CLOSED;
    self->over = true;
    if (error != 0)
        self->error = error;
    eddy__sim_cancel(self->host->sim, &self->timer);
    eddy__sim_ports_remove(self);
    eddy__sim_ring_free(&self->out, self->host->sim->allocator);
    if (error != 0)
        eddy__sim_tcp_trace(self, "over", error);
    eddy__sim_tell(self);
}

void eddy__sim_tcp_was_reset(eddy__sim_socket *self)
{
    bool ended = self->fin_received && !self->fin_wanted; /* CLOSE_WAIT */

    if (self->named != NULL) /* to a Unix socket, something else is an end */
        ended = false;
    if (self->state == EDDY__SIM_TCP_TIME_WAIT)
        eddy__sim_tcp_over(self, 0);
    else if (self->state == EDDY__SIM_TCP_SYN_SENT)
        eddy__sim_tcp_over(self, -ECONNREFUSED);
    else
        eddy__sim_tcp_over(self, ended ? -EPIPE : -ECONNRESET);
}

/* The last acknowledgement may get lost: somebody must be there to send it again. */
static void wait_a_while(eddy__sim_socket *self)
{
    eddy__sim_host *host = self->host;

    eddy__list_append(&host->time_waits, &self->in_queue);
    host->time_waits_n++;
    self->state = EDDY__SIM_TCP_TIME_WAIT;
    eddy__sim_tcp_set_timer(self, host->sim->now_ns + EDDY__SIM_LINGER_NS, true);
    if (host->time_waits_n > TIME_WAITS_MAX) {
        eddy__sim_socket *oldest =
            EDDY__CONTAINER(host->time_waits.next, eddy__sim_socket, in_queue);

        eddy__sim_tcp_over(oldest, 0);
        eddy__sim_tcp_settle(oldest);
    }
}

void eddy__sim_tcp_ends(eddy__sim_socket *self)
{
    if (self->state != EDDY__SIM_TCP_OPEN || !self->fin_acked)
        return;
    if (self->fin_received) {
        eddy__sim_tcp_trace(self, "ended", 0);
        if (self->active)
            wait_a_while(self);
        else
            eddy__sim_tcp_over(self, 0);
        eddy__sim_tell(self);
    } else if (self->fd < 0 && self->timer.place == 0) {
        eddy__sim_tcp_set_timer(self, self->host->sim->now_ns + EDDY__SIM_LINGER_NS, true);
    }
}

void eddy__sim_tcp_settle(eddy__sim_socket *self)
{
    if (self->state == EDDY__SIM_TCP_CLOSED && self->fd < 0 && eddy__list_empty(&self->in_queue))
        eddy__sim_socket_free(self);
}

static void end_sending(eddy__sim_socket *self)
{
    self->fin_wanted = true;
    eddy__sim_tcp_push(self);
    eddy__sim_tcp_ends(self);
}

/* Or under way: the kernel's are in the queue of the peer as soon as they are written. */
static bool has_unread(const eddy__sim_socket *self)
{
    const eddy__sim_socket *peer = eddy__sim_ports_find(self->host, &self->remote, &self->local);

    return self->in.used > 0 || (peer != NULL && peer->una + peer->out.used > self->rcv_nxt);
}

/* There is no reset: what was sent arrives in any case, and then the end. */
static void close_named(eddy__sim_socket *self)
{
    bool fin_sent = self->fin_wanted;

    self->named->left_unread = has_unread(self);
    eddy__sim_ring_free(&self->in, self->host->sim->allocator);
    if (fin_sent)
        eddy__sim_tcp_ack(self);
    else
        end_sending(self);
}

static void close_open(eddy__sim_socket *self)
{
    bool unread = self->in.used > 0;
    bool both_ended = self->fin_wanted && self->fin_received;

    eddy__sim_ring_free(&self->in, self->host->sim->allocator);
    if (unread || (self->options[EDDY__SOCKET_LINGER] == 0)) {
        if (unread || !both_ended)
            eddy__sim_tcp_reset_peer(self);
        eddy__sim_tcp_over(self, 0);
    } else {
        end_sending(self);
    }
}

void eddy__sim_tcp_close(eddy__sim_socket *self)
{
    if (self->state != EDDY__SIM_TCP_NEW)
        eddy__sim_tcp_trace(self, "close", 0);
    eddy__sim_fd_close(self);
    if (self->state == EDDY__SIM_TCP_LISTEN)
        eddy__sim_tcp_stop_listening(self);
    if (self->state == EDDY__SIM_TCP_OPEN && self->named != NULL)
        close_named(self);
    else if (self->state == EDDY__SIM_TCP_OPEN)
        close_open(self);
    else if (self->state != EDDY__SIM_TCP_TIME_WAIT)
        eddy__sim_tcp_over(self, 0);
    eddy__sim_tcp_settle(self);
}

bool eddy__sim_tcp_is_reset(const eddy__sim_socket *self)
{
    return self->state == EDDY__SIM_TCP_CLOSED || self->state == EDDY__SIM_TCP_TIME_WAIT ||
           self->state == EDDY__SIM_TCP_NEW;
}

int eddy__sim_shutdown(eddy__sim_host *host, int fd)
{
    eddy__sim_socket *self = eddy__sim_socket_of(host, fd);

    if (self == NULL)
        return -EBADF;
    if (self->state == EDDY__SIM_TCP_SYN_SENT) {
        eddy__sim_tcp_over(self, -ECONNRESET);
        return 0;
    }
    if (self->state != EDDY__SIM_TCP_OPEN)
        return -ENOTCONN;
    if (self->fin_wanted)
        return 0;
    eddy__sim_tcp_trace(self, "shutdown", 0);
    end_sending(self);
    eddy__sim_tell(self);
    return 0;
}

/* ---- bytes ---- */

static int take_error(eddy__sim_socket *self)
{
    int error = self->error;

    self->error = 0;
    return error;
}

int eddy__sim_take_error(eddy__sim_host *host, int fd)
{
    eddy__sim_socket *self = eddy__sim_socket_of(host, fd);

    return self == NULL ? -EBADF : take_error(self);
}

static bool is_left_alone(const eddy__sim_socket *self)
{
    return self->named != NULL && self->named->gone;
}

static bool sends_no_more(const eddy__sim_socket *self)
{
    return self->fin_wanted || self->over || is_left_alone(self);
}

static size_t room_to_send(const eddy__sim_socket *self)
{
    size_t limit = (size_t)self->options[EDDY__SOCKET_SEND_BUFFER];

    return limit > self->out.used ? limit - self->out.used : 0;
}

int64_t eddy__sim_send(eddy__sim_host *host, int fd, const void *data, size_t len)
{
    eddy__sim_socket *self = eddy__sim_socket_of(host, fd);
    size_t room;

    if (self == NULL)
        return -EBADF;
    if (is_left_alone(self))
        return -EPIPE;
    if (self->error != 0)
        return take_error(self);
    if (self->state == EDDY__SIM_TCP_SYN_SENT)
        return -EAGAIN;
    if (self->state != EDDY__SIM_TCP_OPEN || sends_no_more(self))
        return -EPIPE;
    room = room_to_send(self);
    if (room == 0)
        return -EAGAIN;
    if (len > room)
        len = room;
    if (eddy__sim_ring_put(&self->out, host->sim->allocator, data, len) != 0)
        return -ENOBUFS;
    eddy__sim_tcp_push(self);
    return (int64_t)len;
}

/* Nothing is there to read. */
static int why_nothing(eddy__sim_socket *self)
{
    /* An end that was told is not followed by an error, but for what a Unix peer left unread. */
    if (self->fin_received && (self->named == NULL || self->error == 0))
        return 0;
    if (self->error != 0)
        return take_error(self);
    if (self->over)
        return 0;
    if (self->state == EDDY__SIM_TCP_NEW)
        return -ENOTCONN;
    return -EAGAIN;
}

int64_t eddy__sim_recv(eddy__sim_host *host, int fd, void *memory, size_t len)
{
    eddy__sim_socket *self = eddy__sim_socket_of(host, fd);

    if (self == NULL)
        return -EBADF;
    if (self->state == EDDY__SIM_TCP_LISTEN)
        return -ENOTCONN;
    if (self->in.used == 0)
        return why_nothing(self);
    if (len > self->in.used)
        len = self->in.used;
    eddy__sim_ring_copy(&self->in, 0, memory, len);
    eddy__sim_ring_drop(&self->in, host->sim->allocator, len);
    if (self->state == EDDY__SIM_TCP_OPEN && !self->fin_received && eddy__sim_tcp_open_window(self))
        eddy__sim_tcp_ack(self);
    return (int64_t)len;
}

size_t eddy__sim_unread(eddy__sim_host *host, int fd)
{
    const eddy__sim_socket *self = eddy__sim_socket_of(host, fd);

    return self == NULL ? 0 : self->in.used;
}

/* ---- readiness ---- */

/* Like Linux: once full, not before a third is free. */
static bool is_writable(const eddy__sim_socket *self)
{
    return sends_no_more(self) || 2 * room_to_send(self) >= self->out.used + 1;
}

uint32_t eddy__sim_ready(eddy__sim_host *host, int fd)
{
    const eddy__sim_socket *self = eddy__sim_socket_of(host, fd);
    bool ended;
    uint32_t ready = 0;

    if (self == NULL)
        return 0;
    if (self->udp != NULL)
        return eddy__sim_udp_ready(self);
    if (self->mailbox != NULL)
        return eddy__sim_mailbox_ready(self);
    if (self->state == EDDY__SIM_TCP_LISTEN)
        return self->queued > 0 ? EDDY__SIM_READABLE : 0;
    ended = self->fin_received || self->over;
    if (self->state == EDDY__SIM_TCP_SYN_SENT)
        return EDDY__SIM_CONNECTING;
    if (ended || self->in.used > 0)
        ready |= EDDY__SIM_READABLE;
    if (ended)
        ready |= EDDY__SIM_PEER_END;
    if (self->state == EDDY__SIM_TCP_NEW || (ended && sends_no_more(self)))
        ready |= EDDY__SIM_HUNG;
    if (is_writable(self))
        ready |= EDDY__SIM_WRITABLE;
    if (self->error != 0)
        ready |= EDDY__SIM_BROKEN;
    return ready;
}

size_t eddy__sim_tcp_room(const eddy__sim_socket *self)
{
    size_t limit = (size_t)self->options[EDDY__SOCKET_RECV_BUFFER];

    return limit > self->in.used ? limit - self->in.used : 0;
}

/* ---- all over a host ---- */

void eddy__sim_tcp_forget(eddy__sim_socket *self)
{
    self->forgotten = true;
    eddy__sim_tcp_trace(self, "forgotten", 0);
    eddy__sim_ports_remove(self);
}

void eddy__sim_forget(eddy__sim_host *host, const eddy__sim_host *peer)
{
    EDDY__LIST_FOR_EACH (node, &host->sockets) {
        eddy__sim_socket *self = EDDY__CONTAINER(node, eddy__sim_socket, of_host);

        if (self->link != NULL && self->link->to == peer && self->state == EDDY__SIM_TCP_OPEN)
            eddy__sim_tcp_forget(self);
    }
}

void eddy__sim_forgotten_end(eddy__sim_host *host)
{
    EDDY__LIST_FOR_EACH_SAFE (node, next, &host->sockets) {
        eddy__sim_socket *self = EDDY__CONTAINER(node, eddy__sim_socket, of_host);

        if (!self->forgotten || self->state == EDDY__SIM_TCP_CLOSED)
            continue;
        eddy__sim_tcp_over(self, -ETIMEDOUT);
        eddy__sim_tcp_settle(self);
    }
}

static void reset_those_to(eddy__sim_host *host, const eddy__sim_host *peer)
{
    EDDY__LIST_FOR_EACH_SAFE (node, next, &host->sockets) {
        eddy__sim_socket *self = EDDY__CONTAINER(node, eddy__sim_socket, of_host);

        if (self->link == NULL || self->link->to != peer || self->state == EDDY__SIM_TCP_TIME_WAIT)
            continue;
        eddy__sim_tcp_was_reset(self);
        eddy__sim_tcp_settle(self);
    }
}

void eddy__sim_reset_between(eddy__sim_host *a, eddy__sim_host *b)
{
    reset_those_to(a, b);
    if (a != b)
        reset_those_to(b, a);
}
