/* SPDX-License-Identifier: MIT */
/*
 * tcp_segment.c - the way of a segment from one host to another, and what may happen to it: it is
 * lost, held up, or the connection is struck while it travels. Segments of one direction of a
 * connection never overtake each other.
 */
#include <errno.h>

#include "base/alloc.h"
#include "sim/udp.h"

#define STALL_MAX_NS (2 * EDDY_SECOND)

/* ---- the trace ---- */

enum { SENT, LOST, ARRIVED, HELD, STEPS };

static const char *const words[][STEPS] = {
    {"send ack", "lost ack", "recv ack", "hold ack"},
    {"send data", "lost data", "recv data", "hold data"},
    {"send fin", "lost fin", "recv fin", "hold fin"},
    {"send syn", "lost syn", "recv syn", "hold syn"},
    {"send syn-ack", "lost syn-ack", "recv syn-ack", "hold syn-ack"},
    {"send rst", "lost rst", "recv rst", "hold rst"},
    {"send probe", "lost probe", "recv probe", "hold probe"},
};

static unsigned kind_of(const eddy__sim_header *header)
{
    if ((header->flags & EDDY__SIM_RST) != 0)
        return 5;
    if ((header->flags & EDDY__SIM_SYN) != 0)
        return (header->flags & EDDY__SIM_ACK) != 0 ? 4 : 3;
    if ((header->flags & EDDY__SIM_FIN) != 0)
        return 2;
    if (header->len > 0)
        return 1;
    return (header->flags & EDDY__SIM_PROBE) != 0 ? 6 : 0;
}

static void trace(const eddy__sim_host *host, const eddy__sim_header *header, int step)
{
    eddy__sim_trace(host->sim, host, "tcp", header->conversation, words[kind_of(header)][step],
                    (int64_t)header->len);
}

/* ---- loss ---- */

static bool is_remote(const eddy__sim_link *link)
{
    return link->from != link->to;
}

/* What it would have told of the sender's room, the receiver must ask for. */
static void lose(const eddy__sim_link *link, const eddy__sim_header *header)
{
    eddy__sim_socket *peer = eddy__sim_ports_find(link->to, &header->to, &header->from);

    trace(link->from, header, LOST);
    eddy__sim_tcp_dropped(link->from, header);
    if (peer != NULL && peer->conversation == header->conversation)
        eddy__sim_tcp_doubt(peer);
}

static void free_segment(eddy__sim_segment *segment)
{
    eddy__list_remove(&segment->on_link);
    eddy__free(segment->link->from->sim->allocator, segment, sizeof *segment + segment->header.len);
}

void eddy__sim_segments_free(eddy__sim_link *link)
{
    while (!eddy__list_empty(&link->under_way)) {
        eddy__sim_segment *segment =
            EDDY__CONTAINER(link->under_way.next, eddy__sim_segment, on_link);

        eddy__sim_cancel(link->from->sim, &segment->event);
        free_segment(segment);
    }
}

/* ---- arriving ---- */

/* When it goes on, if something holds it up now; else 0. */
static int64_t held_until(const eddy__sim_segment *segment)
{
    const eddy__sim_link *link = segment->link;
    int64_t now_ns = link->from->sim->now_ns;
    bool weighs =
        segment->header.len > 0 || (segment->header.flags & (EDDY__SIM_FIN | EDDY__SIM_RST)) != 0;

    if (!is_remote(link) && !link->to->down && link->to->paused_until_ns > now_ns)
        return link->to->paused_until_ns;
    if (weighs && link->to->stalled_until_ns > now_ns && eddy__sim_link_works(link))
        return link->to->stalled_until_ns;
    return 0;
}

static void arrive(eddy__sim_event *event)
{
    eddy__sim_segment *segment = EDDY__CONTAINER(event, eddy__sim_segment, event);
    eddy__sim_link *link = segment->link;
    int64_t until_ns = held_until(segment);

    if (until_ns != 0 && eddy__sim_at(link->from->sim, event, until_ns) == 0) {
        segment->held = true;
        trace(link->to, &segment->header, HELD);
        return;
    }
    if (until_ns != 0 || !eddy__sim_link_works(link)) {
        lose(link, &segment->header);
    } else {
        trace(link->to, &segment->header, ARRIVED);
        eddy__sim_tcp_input(link->to, segment);
    }
    free_segment(segment);
}

/* In the order in which they came. */
static void let_go(eddy__sim_link *link)
{
    EDDY__LIST_FOR_EACH (node, &link->under_way) {
        eddy__sim_segment *segment = EDDY__CONTAINER(node, eddy__sim_segment, on_link);

        if (segment->held)
            (void)eddy__sim_at(link->from->sim, &segment->event, link->from->sim->now_ns);
    }
}

void eddy__sim_host_goes_on(eddy__sim_host *host)
{
    EDDY__LIST_FOR_EACH (node, &host->sim->hosts) {
        eddy__sim_host *from = EDDY__CONTAINER(node, eddy__sim_host, all);

        EDDY__LIST_FOR_EACH (at, &from->links) {
            eddy__sim_link *link = EDDY__CONTAINER(at, eddy__sim_link, of_host);

            if (link->to != host)
                continue;
            let_go(link);
            eddy__sim_datagrams_let_go(link);
        }
    }
    EDDY__LIST_FOR_EACH (node, &host->sockets) {
        eddy__sim_socket *self = EDDY__CONTAINER(node, eddy__sim_socket, of_host);

        if (self->put_off && self->timer.place != 0)
            (void)eddy__sim_at(host->sim, &self->timer, host->sim->now_ns);
    }
}

/* ---- sending ---- */

static bool is_lost(const eddy__sim_link *link)
{
    bool lost = is_remote(link) && eddy__sim_happens(link->from->sim, EDDY_CHAOS_LOSS);

    return lost || link->cut_until_ns > link->from->sim->now_ns;
}

/* The sender's bytes for it; NULL: none. When it arrives; 0: never. */
static int64_t dispatch(eddy__sim_link *link, const eddy__sim_header *header,
                        const eddy__sim_socket *sender, int64_t not_before_ns)
{
    eddy__sim *sim = link->from->sim;
    eddy__sim_segment *segment;
    int64_t at_ns = eddy__sim_link_arrival(link, header->len);

    trace(link->from, header, SENT);
    if (at_ns < not_before_ns)
        at_ns = not_before_ns;
    segment = is_lost(link) ? NULL : eddy__alloc(sim->allocator, sizeof *segment + header->len);
    if (segment == NULL) {
        lose(link, header);
        return 0;
    }
    *segment = (eddy__sim_segment){.link = link, .header = *header, .event.happen = arrive};
    if (header->len > 0)
        eddy__sim_ring_copy(&sender->out, (size_t)(header->seq - sender->una), segment->bytes,
                            header->len);
    eddy__list_append(&link->under_way, &segment->on_link);
    if (eddy__sim_at(sim, &segment->event, at_ns) == 0)
        return at_ns;
    free_segment(segment);
    lose(link, header);
    return 0;
}

/* ---- what may strike a connection ---- */

/* One end is no more, and nobody has told it: to its host what comes for it is a stranger's. */
static void forget_one(eddy__sim_socket *self)
{
    eddy__sim_socket *peer = eddy__sim_ports_find(self->link->to, &self->remote, &self->local);
    bool mine = eddy__sim_draw(self->host->sim, EDDY_CHAOS_HALF_OPEN, 2) == 0;
    eddy__sim_socket *gone = mine || peer == NULL ? self : peer;

    eddy__sim_tcp_forget(gone);
}

static void stall(eddy__sim_host *host)
{
    eddy__sim *sim = host->sim;
    int64_t time_ns = eddy__sim_draw_ns(sim, EDDY_CHAOS_STALL, STALL_MAX_NS);

    if (host->stalled_until_ns < sim->now_ns + time_ns)
        host->stalled_until_ns = sim->now_ns + time_ns;
    eddy__sim_trace(sim, host, "host", 0, "stall", time_ns);
}

/* Somebody in between resets both ends. */
static void reset_both(eddy__sim_socket *self)
{
    eddy__sim_header there = {
        .from = self->local,
        .to = self->remote,
        .conversation = self->conversation,
        .flags = EDDY__SIM_RST,
    };
    eddy__sim_header here = {
        .from = self->remote,
        .to = self->local,
        .conversation = self->conversation,
        .flags = EDDY__SIM_RST,
    };

    (void)dispatch(self->link, &there, NULL, self->arrive_ns);
    (void)dispatch(self->back, &here, NULL, 0);
}

/* True: the segment is no more. */
static bool strike(eddy__sim_socket *self)
{
    eddy__sim *sim = self->host->sim;

    if (eddy__sim_happens(sim, EDDY_CHAOS_STALL))
        stall(self->link->to);
    if (eddy__sim_happens(sim, EDDY_CHAOS_HALF_OPEN))
        forget_one(self);
    if (!eddy__sim_happens(sim, EDDY_CHAOS_RESET))
        return false;
    reset_both(self);
    return true;
}

void eddy__sim_segment_send(eddy__sim_socket *self, eddy__sim_header *header)
{
    int64_t at_ns;

    if (header->len > 0 && is_remote(self->link) && strike(self))
        return;
    at_ns = dispatch(self->link, header, self, self->arrive_ns);
    if (at_ns != 0)
        self->arrive_ns = at_ns;
}

void eddy__sim_segment_answer(const eddy__sim_segment *segment, int error)
{
    eddy__sim_link *back = eddy__sim_link_get(segment->link->to, segment->link->from);
    eddy__sim_header header = {
        .from = segment->header.to,
        .to = segment->header.from,
        .conversation = segment->header.conversation,
        .flags = EDDY__SIM_RST,
        .error = error,
    };

    if (back != NULL)
        (void)dispatch(back, &header, NULL, 0);
}
