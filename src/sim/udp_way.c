/* SPDX-License-Identifier: MIT */
/*
 * udp_way.c - the way of a datagram from one host to another, and what may happen to it there. It
 * waits until the link has got rid of what was sent before it, fills its sender's buffer so long,
 * then travels. One that chance has held back is overtaken; else none is.
 */
#include <string.h>

#include "base/alloc.h"
#include "sim/udp.h"

#define AGAIN_MAX_NS   (5 * EDDY_MILLISECOND)  /* the second of two comes so much later, at most */
#define REORDER_MAX_NS (10 * EDDY_MILLISECOND) /* one is held back for so long, at most */

/* ---- the trace ---- */

enum { SENT, LOST, ARRIVED, HELD, DOUBLED, STEPS };

static const char *const words[2][STEPS] = {
    {"send", "lost", "recv", "hold", "double"},
    {"refuse", "lost refusal", "recv refusal", "hold refusal", "double refusal"},
};

static void trace(const eddy__sim_host *host, const eddy__sim_udp_header *header, int step)
{
    eddy__sim_trace(host->sim, host, "udp", header->number, words[header->error != 0][step],
                    (int64_t)header->len);
}

/* ---- leaving its host ---- */

static void leave_sender(eddy__sim_udp *sender, eddy__sim_datagram *self)
{
    eddy__list_remove(&self->of_sender);
    sender->leaving_cost -= eddy__sim_udp_cost(self->header.len);
    self->sender = NULL;
}

void eddy__sim_datagrams_disown(eddy__sim_udp *udp)
{
    while (!eddy__list_empty(&udp->leaving))
        leave_sender(udp, EDDY__CONTAINER(udp->leaving.next, eddy__sim_datagram, of_sender));
}

void eddy__sim_datagram_free(const eddy_allocator *allocator, eddy__sim_datagram *self)
{
    if (self->sender != NULL)
        leave_sender(self->sender->udp, self);
    eddy__list_remove(&self->in);
    eddy__free(allocator, self, sizeof *self + self->header.len);
}

void eddy__sim_datagrams_free(eddy__sim_link *link)
{
    while (!eddy__list_empty(&link->datagrams)) {
        eddy__sim_datagram *self = EDDY__CONTAINER(link->datagrams.next, eddy__sim_datagram, in);

        eddy__sim_cancel(link->from->sim, &self->event);
        eddy__sim_datagram_free(link->from->sim->allocator, self);
    }
}

/* ---- arriving ---- */

static bool is_remote(const eddy__sim_link *link)
{
    return link->from != link->to;
}

/* When it goes on, if something holds it up now; else 0. */
static int64_t held_until(const eddy__sim_datagram *self)
{
    const eddy__sim_link *link = self->link;
    int64_t now_ns = link->from->sim->now_ns;

    if (!is_remote(link) && !link->to->down && link->to->paused_until_ns > now_ns)
        return link->to->paused_until_ns;
    if (link->to->stalled_until_ns > now_ns && eddy__sim_link_works(link))
        return link->to->stalled_until_ns;
    return 0;
}

static void lose(eddy__sim_datagram *self)
{
    trace(self->link->from, &self->header, LOST);
    eddy__sim_datagram_free(self->link->from->sim->allocator, self);
}

static void arrive(eddy__sim_datagram *self)
{
    eddy__sim_link *link = self->link;
    int64_t until_ns = held_until(self);

    if (until_ns != 0 && eddy__sim_at(link->from->sim, &self->event, until_ns) == 0) {
        self->held = true;
        trace(link->to, &self->header, HELD);
    } else if (until_ns != 0 || !eddy__sim_link_works(link)) {
        lose(self);
    } else {
        trace(link->to, &self->header, ARRIVED);
        eddy__list_remove(&self->in);
        eddy__sim_udp_input(link->to, self);
    }
}

/* It has left its host, or it is there. */
static void go_on(eddy__sim_event *event)
{
    eddy__sim_datagram *self = EDDY__CONTAINER(event, eddy__sim_datagram, event);
    eddy__sim_socket *sender = self->sender;

    if (sender != NULL)
        leave_sender(self->sender->udp, self);
    if (self->arrive_ns <= self->link->from->sim->now_ns)
        arrive(self);
    else if (eddy__sim_at(self->link->from->sim, event, self->arrive_ns) != 0)
        lose(self);
    if (sender != NULL)
        eddy__sim_tell(sender);
}

void eddy__sim_datagrams_let_go(eddy__sim_link *link)
{
    EDDY__LIST_FOR_EACH (node, &link->datagrams) {
        eddy__sim_datagram *self = EDDY__CONTAINER(node, eddy__sim_datagram, in);

        if (self->held)
            (void)eddy__sim_at(link->from->sim, &self->event, link->from->sim->now_ns);
    }
}

/* ---- sending ---- */

/* NULL: no memory. */
static eddy__sim_datagram *make(eddy__sim_link *link, const eddy__sim_udp_header *header,
                                const void *bytes, eddy__sim_socket *sender)
{
    eddy__sim_datagram *self = eddy__alloc(link->from->sim->allocator, sizeof *self + header->len);

    if (self == NULL)
        return NULL;
    *self = (eddy__sim_datagram){
        .link = link, .header = *header, .sender = sender, .event.happen = go_on};
    if (header->len > 0)
        memcpy(self->bytes, bytes, header->len);
    eddy__list_append(&link->datagrams, &self->in);
    eddy__list_init(&self->of_sender);
    if (sender != NULL) {
        eddy__list_append(&sender->udp->leaving, &self->of_sender);
        sender->udp->leaving_cost += eddy__sim_udp_cost(header->len);
    }
    return self;
}

/* When it is there, if the link says so: later than those before it, unless chance holds it back. */
static int64_t in_order(eddy__sim_link *link, const eddy__sim_udp_header *header, int64_t at_ns)
{
    eddy__sim *sim = link->from->sim;

    if (at_ns < link->datagram_ns)
        at_ns = link->datagram_ns;
    if (is_remote(link) && header->error == 0 && eddy__sim_happens(sim, EDDY_CHAOS_DGRAM_REORDER))
        return at_ns + 1 + eddy__sim_draw_ns(sim, EDDY_CHAOS_DGRAM_REORDER, REORDER_MAX_NS);
    link->datagram_ns = at_ns;
    return at_ns;
}

/* `leave_ns`: not later than at_ns; now: it fills nobody's buffer. */
static void put_on_way(eddy__sim_link *link, const eddy__sim_udp_header *header, const void *bytes,
                       eddy__sim_socket *sender, int64_t leave_ns, int64_t at_ns)
{
    eddy__sim *sim = link->from->sim;
    eddy__sim_datagram *self = make(link, header, bytes, leave_ns > sim->now_ns ? sender : NULL);

    if (self == NULL) {
        trace(link->from, header, LOST);
        return;
    }
    self->arrive_ns = at_ns;
    if (eddy__sim_at(sim, &self->event, self->sender != NULL ? leave_ns : at_ns) != 0)
        lose(self);
}

static bool is_lost(const eddy__sim_link *link)
{
    bool lost = is_remote(link) && eddy__sim_happens(link->from->sim, EDDY_CHAOS_DGRAM_LOSS);

    return lost || link->cut_until_ns > link->from->sim->now_ns;
}

static bool is_doubled(const eddy__sim_link *link, const eddy__sim_udp_header *header)
{
    return is_remote(link) && header->error == 0 &&
           eddy__sim_happens(link->from->sim, EDDY_CHAOS_DGRAM_DUPLICATE);
}

void eddy__sim_datagram_send(eddy__sim_link *link, const eddy__sim_udp_header *header,
                             const void *bytes, eddy__sim_socket *sender)
{
    eddy__sim *sim = link->from->sim;
    int64_t at_ns = eddy__sim_link_arrival(link, header->len);

    trace(link->from, header, SENT);
    if (is_lost(link)) {
        trace(link->from, header, LOST);
        return;
    }
    at_ns = in_order(link, header, at_ns);
    put_on_way(link, header, bytes, sender, link->free_ns, at_ns);
    if (!is_doubled(link, header))
        return;
    trace(link->from, header, DOUBLED);
    at_ns += eddy__sim_draw_ns(sim, EDDY_CHAOS_DGRAM_DUPLICATE, AGAIN_MAX_NS);
    put_on_way(link, header, bytes, NULL, 0, at_ns);
}
