/* SPDX-License-Identifier: MIT */
/*
 * tcp_input.c - what a segment does where it arrives. Whoever it is for may have gone, or may be in
 * another conversation by now; bytes may be there already, or not yet be due.
 */
#include <errno.h>

#include "sim/unix.h"

void eddy__sim_tcp_dropped(const eddy__sim_host *from, const eddy__sim_header *header)
{
    eddy__sim_socket *sender = eddy__sim_ports_find(from, &header->from, &header->to);

    if (sender != NULL && sender->conversation == header->conversation &&
        (header->len > 0 || (header->flags & EDDY__SIM_FIN) != 0))
        sender->lost = true;
}

/* ---- bytes and the end ---- */

/* Its number is the one that is due, or below it. */
static int take_bytes(eddy__sim_socket *self, const eddy__sim_segment *segment)
{
    uint64_t known = self->rcv_nxt - segment->header.seq;
    size_t fresh;

    if (known >= segment->header.len)
        return 0;
    fresh = segment->header.len - (size_t)known;
    if (self->fd < 0 && self->listener == NULL) /* Unix: thrown away, and told so */
        self->named->left_unread = true;
    else if (eddy__sim_ring_put(&self->in, self->host->sim->allocator, segment->bytes + known,
                                fresh) != 0)
        return -ENOMEM;
    self->rcv_nxt += fresh;
    return 0;
}

static void take_end(eddy__sim_socket *self, const eddy__sim_header *header)
{
    if ((header->flags & EDDY__SIM_FIN) == 0 || self->fin_received ||
        self->rcv_nxt != header->seq + header->len)
        return;
    self->rcv_nxt++;
    self->fin_received = true;
    self->active = self->fin_wanted;
}

/* Bytes for a program that has closed its descriptor: nobody will ever read them. A Unix socket has
 * no reset to answer with. */
static bool is_for_nobody(const eddy__sim_socket *self, const eddy__sim_header *header)
{
    return self->named == NULL && self->fd < 0 && self->listener == NULL && header->len > 0 &&
           header->seq + header->len > self->rcv_nxt;
}

static void take(eddy__sim_socket *self, const eddy__sim_segment *segment)
{
    const eddy__sim_header *header = &segment->header;

    if (is_for_nobody(self, header)) {
        eddy__sim_tcp_reset_peer(self);
        eddy__sim_tcp_over(self, -ECONNRESET);
        return;
    }
    if (header->seq > self->rcv_nxt) { /* something before it has got lost */
        eddy__sim_tcp_dropped(segment->link->from, header);
        eddy__sim_tcp_ack(self);
        return;
    }
    if (take_bytes(self, segment) != 0) { /* no memory: it will come again */
        eddy__sim_tcp_dropped(segment->link->from, header);
        return;
    }
    take_end(self, header);
    (void)eddy__sim_tcp_open_window(self);
    eddy__sim_tcp_ack(self);
    eddy__sim_tcp_ends(self);
    eddy__sim_tell(self);
}

/* ---- by state ---- */

static void input_syn_sent(eddy__sim_socket *self, const eddy__sim_segment *segment)
{
    const eddy__sim_header *header = &segment->header;

    if ((header->flags & EDDY__SIM_RST) != 0) {
        eddy__sim_tcp_over(self, header->error != 0 ? header->error : -ECONNREFUSED);
        return;
    }
    if ((header->flags & EDDY__SIM_SYN) == 0)
        return;
    eddy__sim_cancel(self->host->sim, &self->timer);
    self->retries = 0;
    self->state = EDDY__SIM_TCP_OPEN;
    self->edge = header->edge;
    eddy__sim_tcp_trace(self, "connected", 0);
    eddy__sim_tcp_ack(self);
    eddy__sim_tell(self);
}

static void input_open(eddy__sim_socket *self, const eddy__sim_segment *segment)
{
    const eddy__sim_header *header = &segment->header;

    if ((header->flags & EDDY__SIM_SYN) != 0) { /* our third segment has got lost */
        eddy__sim_tcp_ack(self);
        return;
    }
    eddy__sim_tcp_acked(self, header->ack, header->edge);
    if (self->state != EDDY__SIM_TCP_OPEN)
        return;
    if (header->len > 0 || (header->flags & EDDY__SIM_FIN) != 0)
        take(self, segment);
    else if ((header->flags & EDDY__SIM_PROBE) != 0)
        eddy__sim_tcp_ack(self);
    if (self->named != NULL)
        eddy__sim_named_heed(self, header);
}

static void input_syn_received(eddy__sim_socket *self, const eddy__sim_segment *segment)
{
    if ((segment->header.flags & EDDY__SIM_SYN) != 0)
        eddy__sim_tcp_syn_ack(self);
    else if (eddy__sim_tcp_establish(self))
        input_open(self, segment);
    else
        eddy__sim_tcp_dropped(segment->link->from, &segment->header);
}

static void input_reset(eddy__sim_socket *self)
{
    if (self->state == EDDY__SIM_TCP_SYN_RECEIVED)
        eddy__sim_tcp_over(self, 0);
    else
        eddy__sim_tcp_was_reset(self);
}

/* It is for this connection. */
static void input(eddy__sim_socket *self, const eddy__sim_segment *segment)
{
    const eddy__sim_header *header = &segment->header;

    if (self->state == EDDY__SIM_TCP_SYN_SENT)
        input_syn_sent(self, segment);
    else if ((header->flags & EDDY__SIM_RST) != 0)
        input_reset(self);
    else if (self->state == EDDY__SIM_TCP_SYN_RECEIVED)
        input_syn_received(self, segment);
    else if (self->state == EDDY__SIM_TCP_OPEN)
        input_open(self, segment);
    else if (header->len > 0 || (header->flags & EDDY__SIM_FIN) != 0)
        eddy__sim_tcp_ack(self); /* TIME_WAIT: the last acknowledgement has got lost */
}

/* ---- from another conversation between the same ports ---- */

static bool is_first(const eddy__sim_header *header)
{
    return (header->flags & (EDDY__SIM_SYN | EDDY__SIM_ACK)) == EDDY__SIM_SYN;
}

static void input_stranger(eddy__sim_socket *self, const eddy__sim_segment *segment)
{
    if ((segment->header.flags & EDDY__SIM_RST) != 0)
        return;
    if (!is_first(&segment->header)) {
        eddy__sim_segment_answer(segment, 0);
        return;
    }
    if (self->state != EDDY__SIM_TCP_TIME_WAIT) {
        eddy__sim_tcp_ack(self); /* its host does not know our conversation: that will reset it */
        return;
    }
    eddy__sim_tcp_over(self, 0);
    eddy__sim_tcp_knock(self->host, segment);
}

void eddy__sim_tcp_input(eddy__sim_host *host, const eddy__sim_segment *segment)
{
    const eddy__sim_header *header = &segment->header;
    eddy__sim_socket *self = eddy__sim_ports_find(host, &header->to, &header->from);

    if (self == NULL && is_first(header)) {
        eddy__sim_tcp_knock(host, segment);
    } else if (self == NULL) {
        if ((header->flags & EDDY__SIM_RST) == 0)
            eddy__sim_segment_answer(segment, 0);
    } else {
        if (self->conversation == header->conversation)
            input(self, segment);
        else
            input_stranger(self, segment);
        eddy__sim_tcp_settle(self);
    }
}
