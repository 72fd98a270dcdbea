/* SPDX-License-Identifier: MIT */
/*
 * tcp_output.c - what is sent when, and sent again: the window, acknowledgements, the timer. After
 * a time without an answer everything from the first byte that was not acknowledged is sent again,
 * one segment until the first answer (there is no congestion in this network, so there is no
 * congestion control). The time is 200 ms more than an answer should take, doubled each time. An
 * answer that is only late (it waits behind much else) is told from one to something that got lost:
 * then nothing but the first segment is sent twice.
 */
#include <errno.h>

#include "sim/unix.h"

/* ---- segments ---- */

static void send_segment(eddy__sim_socket *self, unsigned flags, uint64_t seq, size_t len)
{
    eddy__sim_header header = {
        .from = self->local,
        .to = self->remote,
        .conversation = self->conversation,
        .seq = seq,
        .ack = self->rcv_nxt,
        .edge = self->rcv_edge,
        .flags = flags,
        .len = len,
    };

    if (self->named != NULL)
        eddy__sim_named_mark(self, &header);
    eddy__sim_segment_send(self, &header);
}

void eddy__sim_tcp_send_flags(eddy__sim_socket *self, unsigned flags)
{
    send_segment(self, flags, self->nxt, 0);
}

void eddy__sim_tcp_ack(eddy__sim_socket *self)
{
    eddy__sim_tcp_send_flags(self, EDDY__SIM_ACK);
}

void eddy__sim_tcp_reset_peer(eddy__sim_socket *self)
{
    eddy__sim_tcp_send_flags(self, EDDY__SIM_RST);
}

/* Not for every byte that is read: a window that opens by little costs more than it gives. */
bool eddy__sim_tcp_open_window(eddy__sim_socket *self)
{
    uint64_t edge = self->rcv_nxt + eddy__sim_tcp_room(self);
    uint64_t step = (uint64_t)self->options[EDDY__SOCKET_RECV_BUFFER] / 2;

    if (step > EDDY__SIM_SEGMENT_BYTES)
        step = EDDY__SIM_SEGMENT_BYTES;
    if (edge < self->rcv_edge + step)
        return false;
    self->rcv_edge = edge;
    return true;
}

/* ---- the timer ---- */

static uint64_t end_of_bytes(const eddy__sim_socket *self)
{
    return self->una + self->out.used;
}

void eddy__sim_tcp_set_timer(eddy__sim_socket *self, int64_t at_ns, bool upkeep)
{
    eddy__sim *sim = self->host->sim;

    eddy__sim_cancel(sim, &self->timer);
    self->timer.upkeep = upkeep;
    self->put_off = false;
    if (eddy__sim_at(sim, &self->timer, at_ns) != 0)
        eddy__sim_tcp_over(self, -ENOBUFS);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* When an answer to the last segment should be here. */
static int64_t answer_at(const eddy__sim_socket *self)
{
    int64_t now_ns = self->host->sim->now_ns;
    int64_t queue_ns = later(self->back->free_ns, now_ns) - now_ns;

    return later(self->arrive_ns, now_ns) + queue_ns + self->back->latency_ns +
           self->back->jitter_ns;
}

static int64_t patience(const eddy__sim_socket *self)
{
    int64_t rto_ns = EDDY__SIM_RTO_MIN_NS << (self->backoff < 10 ? self->backoff : 10);

    return rto_ns < EDDY__SIM_RTO_MAX_NS ? rto_ns : EDDY__SIM_RTO_MAX_NS;
}

static bool is_under_way(const eddy__sim_socket *self)
{
    return self->nxt > self->una;
}

/* A question about room only counts as something that can still happen when the answer may be
 * another one than last time. */
static void start_timer(eddy__sim_socket *self)
{
    self->probing = !is_under_way(self);
    eddy__sim_tcp_set_timer(self, answer_at(self) + patience(self),
                            self->probing && !self->doubt && self->retries == 0);
}

void eddy__sim_tcp_doubt(eddy__sim_socket *self)
{
    self->doubt = true;
    if (self->timer.place != 0 && self->probing && self->state == EDDY__SIM_TCP_OPEN)
        eddy__sim_tcp_set_timer(self, self->timer.at_ns, false);
}

/* The first segment that was not acknowledged, once more. */
static void send_first(eddy__sim_socket *self)
{
    uint64_t end = end_of_bytes(self);
    uint64_t len = (self->nxt < end ? self->nxt : end) - self->una;
    bool fin;

    if (len > EDDY__SIM_SEGMENT_BYTES)
        len = EDDY__SIM_SEGMENT_BYTES;
    fin = self->nxt > end && self->una + len == end;
    send_segment(self, EDDY__SIM_ACK | (fin ? EDDY__SIM_FIN : 0u), self->una, (size_t)len);
}

static void retry(eddy__sim_socket *self)
{
    bool again;

    if (self->retries == EDDY__SIM_RTO_TRIES) {
        eddy__sim_tcp_over(self, -ETIMEDOUT);
        return;
    }
    self->retries++;
    self->backoff++;
    again = self->lost;
    self->lost = false; /* what is sent now may be lost, too */
    if (self->probing)
        eddy__sim_tcp_send_flags(self, EDDY__SIM_ACK | EDDY__SIM_PROBE);
    else if (again)
        self->nxt = self->una;
    else
        send_first(self);
    eddy__sim_tcp_push(self);
}

static void open_timer(eddy__sim_socket *self)
{
    if (self->fin_acked) /* nobody has read for long, and the peer does not end */
        eddy__sim_tcp_over(self, 0);
    else
        retry(self);
}

/* The processor of a host that stands still does nothing. */
void eddy__sim_tcp_timer(eddy__sim_event *event)
{
    eddy__sim_socket *self = EDDY__CONTAINER(event, eddy__sim_socket, timer);
    eddy__sim_host *host = self->host;

    if (host->paused_until_ns > host->sim->now_ns) {
        eddy__sim_tcp_set_timer(self, host->paused_until_ns, event->upkeep);
        self->put_off = true;
    } else if (self->state == EDDY__SIM_TCP_SYN_SENT) {
        eddy__sim_tcp_connect_timer(self);
    } else if (self->state == EDDY__SIM_TCP_SYN_RECEIVED) {
        eddy__sim_tcp_syn_ack_timer(self);
    } else if (self->state == EDDY__SIM_TCP_OPEN) {
        open_timer(self);
    } else {
        eddy__sim_tcp_over(self, 0);
    }
    eddy__sim_tcp_settle(self);
}

/* ---- sending ---- */

static size_t sendable(const eddy__sim_socket *self)
{
    uint64_t limit = end_of_bytes(self) < self->edge ? end_of_bytes(self) : self->edge;
    uint64_t len = limit > self->nxt ? limit - self->nxt : 0;

    return len < EDDY__SIM_SEGMENT_BYTES ? (size_t)len : EDDY__SIM_SEGMENT_BYTES;
}

/* Nagle: a small segment waits until nothing is under way. */
static bool waits_for_more(const eddy__sim_socket *self, size_t len, bool end)
{
    return self->options[EDDY__SOCKET_NODELAY] == 0 && !end && len < EDDY__SIM_SEGMENT_BYTES &&
           is_under_way(self);
}

/* One segment. False: there is none to be sent now. */
static bool send_next(eddy__sim_socket *self)
{
    size_t len = sendable(self);
    bool end = self->fin_wanted && self->nxt + len == end_of_bytes(self);

    if ((len == 0 && !end) || waits_for_more(self, len, end))
        return false;
    if (self->retries > 0 && is_under_way(self))
        return false;
    send_segment(self, EDDY__SIM_ACK | (end ? EDDY__SIM_FIN : 0u), self->nxt, len);
    self->nxt += len + end;
    if (self->top < self->nxt)
        self->top = self->nxt;
    return true;
}

/* The end has a number, too: after it nothing is sendable. */
static bool is_all_sent(const eddy__sim_socket *self)
{
    return self->fin_acked || self->nxt > end_of_bytes(self);
}

void eddy__sim_tcp_push(eddy__sim_socket *self)
{
    bool waits;

    while (self->state == EDDY__SIM_TCP_OPEN && !is_all_sent(self) && send_next(self))
        continue;
    if (self->state != EDDY__SIM_TCP_OPEN || self->fin_acked)
        return;
    waits = self->out.used > 0 || is_under_way(self);
    if (!waits)
        eddy__sim_cancel(self->host->sim, &self->timer);
    else if (self->timer.place == 0 || self->probing != !is_under_way(self))
        start_timer(self);
}

/* ---- acknowledgements ---- */

static void forget_acked(eddy__sim_socket *self, uint64_t ack)
{
    bool end = self->fin_wanted && ack == end_of_bytes(self) + 1;
    size_t bytes = (size_t)(ack - self->una) - end;

    eddy__sim_ring_drop(&self->out, self->host->sim->allocator, bytes);
    self->una = ack;
    if (self->nxt < ack)
        self->nxt = ack;
    self->fin_acked = self->fin_acked || end;
    self->retries = 0;
    self->backoff = 0;
    eddy__sim_cancel(self->host->sim, &self->timer);
}

void eddy__sim_tcp_acked(eddy__sim_socket *self, uint64_t ack, uint64_t edge)
{
    if (self->edge < edge || (self->probing && self->retries > 0))
        self->doubt = false; /* it is news, or the answer to a question */
    if (self->edge < edge)
        self->edge = edge;
    if (self->probing)
        self->retries = 0;
    if (ack > self->una && ack <= self->top)
        forget_acked(self, ack);
    eddy__sim_tcp_push(self);
    if (self->probing && self->timer.place != 0) /* asked and answered */
        eddy__sim_tcp_set_timer(self, self->timer.at_ns, !self->doubt);
    eddy__sim_tcp_ends(self);
    if (self->state == EDDY__SIM_TCP_OPEN)
        eddy__sim_tell(self);
}
