/* SPDX-License-Identifier: MIT */
/*
 * tcp_listen.c - those who knock at a listener, from their first segment until they are accepted or
 * turned away. A connection exists from the first segment on; it stands in the listener's queue
 * from the third on, if there is room (one more than the backlog, as on Linux); if not, that
 * segment is as good as lost.
 */
#include <errno.h>
#include <string.h>

#include "sim/tcp.h"

#define SYN_ACK_NS EDDY_SECOND

enum { SOMAXCONN = 4096 };

void eddy__sim_tcp_listen(eddy__sim_socket *self, int32_t backlog)
{
    self->backlog = backlog < 0 || backlog > SOMAXCONN ? SOMAXCONN : (uint32_t)backlog;
    self->conversation = ++self->host->sim->socket_ids;
    self->state = EDDY__SIM_TCP_LISTEN;
    eddy__sim_tcp_trace(self, "listen", self->local.port);
}

bool eddy__sim_tcp_is_full(const eddy__sim_socket *listener)
{
    return listener->queued > listener->backlog;
}

/* ---- the first segment ---- */

static int refusal_of(const eddy__sim_host *host, const eddy__sim_segment *segment)
{
    return eddy_addr_is_loopback(&segment->header.to) ? 0 : host->refuse;
}

static eddy__sim_socket *make_child(eddy__sim_socket *listener, const eddy__sim_segment *segment)
{
    eddy__sim_socket *child = eddy__sim_socket_new(listener->host, listener->ipv6);

    if (child == NULL)
        return NULL;
    memcpy(child->options, listener->options, sizeof child->options);
    child->reuse_address = listener->reuse_address;
    child->reuse_port = listener->reuse_port;
    child->local = segment->header.to;
    child->remote = segment->header.from;
    child->conversation = segment->header.conversation;
    child->edge = segment->header.edge;
    child->rcv_edge = eddy__sim_tcp_room(child);
    child->state = EDDY__SIM_TCP_SYN_RECEIVED;
    child->listener = listener;
    if (eddy__sim_tcp_link(child, segment->link->from) != 0 || eddy__sim_ports_add(child) != 0) {
        eddy__sim_socket_free(child);
        return NULL;
    }
    return child;
}

void eddy__sim_tcp_knock(eddy__sim_host *host, const eddy__sim_segment *segment)
{
    const eddy__sim_header *header = &segment->header;
    eddy__sim_socket *listener, *child;
    int refusal = refusal_of(host, segment);

    if (refusal == -ETIMEDOUT)
        return;
    listener = eddy__sim_ports_listener(host, &header->to, &header->from);
    if (refusal != 0 || listener == NULL) {
        eddy__sim_segment_answer(segment, refusal);
        return;
    }
    if (eddy__sim_tcp_is_full(listener)) {
        eddy__sim_trace(host->sim, host, "tcp", header->conversation, "no room", 0);
        return;
    }
    child = make_child(listener, segment);
    if (child == NULL)
        return; /* no memory: as if the segment had been lost */
    eddy__sim_tcp_syn_ack(child);
    eddy__sim_tcp_settle(child);
}

void eddy__sim_tcp_syn_ack(eddy__sim_socket *child)
{
    eddy__sim_tcp_send_flags(child, EDDY__SIM_SYN | EDDY__SIM_ACK);
    if (child->timer.place == 0)
        eddy__sim_tcp_set_timer(child, child->host->sim->now_ns + SYN_ACK_NS, false);
}

void eddy__sim_tcp_syn_ack_timer(eddy__sim_socket *child)
{
    if (child->retries == EDDY__SIM_SYN_ACK_TRIES) {
        eddy__sim_tcp_over(child, 0); /* without a word */
        return;
    }
    child->retries++;
    eddy__sim_tcp_set_timer(child, child->host->sim->now_ns + (SYN_ACK_NS << child->retries),
                            false);
    eddy__sim_tcp_send_flags(child, EDDY__SIM_SYN | EDDY__SIM_ACK);
}

bool eddy__sim_tcp_establish(eddy__sim_socket *child)
{
    eddy__sim_socket *listener = child->listener;

    if (eddy__sim_tcp_is_full(listener))
        return false;
    eddy__sim_cancel(child->host->sim, &child->timer);
    child->retries = 0;
    child->state = EDDY__SIM_TCP_OPEN;
    eddy__sim_tcp_queue(listener, child);
    return true;
}

void eddy__sim_tcp_queue(eddy__sim_socket *listener, eddy__sim_socket *child)
{
    child->listener = listener;
    eddy__list_append(&listener->queue, &child->in_queue);
    listener->queued++;
    eddy__sim_tcp_trace(child, "established", 0);
    eddy__sim_tell(listener);
}

/* ---- accepting ---- */

static void leave_queue(eddy__sim_socket *child)
{
    if (!eddy__list_empty(&child->in_queue)) {
        eddy__list_remove(&child->in_queue);
        child->listener->queued--;
    }
    child->listener = NULL;
}

/* One that nobody will accept. */
static void turn_away(eddy__sim_socket *child)
{
    leave_queue(child);
    if (child->state == EDDY__SIM_TCP_OPEN)
        eddy__sim_tcp_reset_peer(child);
    eddy__sim_tcp_over(child, 0);
    eddy__sim_tcp_settle(child);
}

static int roll_accept(eddy__sim *sim)
{
    static const struct {
        eddy_chaos chaos;
        int error;
    } faults[] = {
        {EDDY_CHAOS_EMFILE, -EMFILE},
        {EDDY_CHAOS_ENFILE, -ENFILE},
        {EDDY_CHAOS_ENOBUFS, -ENOBUFS},
        {EDDY_CHAOS_ECONNABORTED, -ECONNABORTED},
    };
    int error = 0;

    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (eddy__sim_happens(sim, faults[i].chaos))
            error = faults[i].error;
    return error;
}

static int accept_fault(eddy__sim_host *host)
{
    if (host->accept_errors == 0)
        return roll_accept(host->sim);
    host->accept_errors--;
    return host->accept_error;
}

int eddy__sim_accept(eddy__sim_host *host, int fd)
{
    eddy__sim_socket *self = eddy__sim_socket_of(host, fd);
    eddy__sim_socket *child;
    int error;

    if (self == NULL)
        return -EBADF;
    if (self->state != EDDY__SIM_TCP_LISTEN)
        return -EINVAL;
    error = eddy__sim_fd_check(host);
    if (error != 0)
        return error;
    if (self->queued == 0)
        return -EAGAIN;
    child = EDDY__CONTAINER(self->queue.next, eddy__sim_socket, in_queue);
    error = accept_fault(host);
    if (error == -ECONNABORTED)
        turn_away(child);
    if (error == 0)
        error = eddy__sim_fd_open(child);
    if (error < 0)
        return error;
    leave_queue(child);
    eddy__sim_tcp_trace(child, "accept", error);
    return error;
}

void eddy__sim_tcp_stop_listening(eddy__sim_socket *self)
{
    EDDY__LIST_FOR_EACH_SAFE (node, next, &self->host->sockets) {
        eddy__sim_socket *child = EDDY__CONTAINER(node, eddy__sim_socket, of_host);

        if (child->listener == self)
            turn_away(child);
    }
}
