/* SPDX-License-Identifier: MIT */
/*
 * udp_input.c - what a datagram does where it arrives: it waits in the queue of whoever it is for, if
 * there is room, until the program takes it; nobody's is answered by the word that it was refused,
 * which a connected socket is told once, and an unconnected one never.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "sim/udp.h"

/* ---- arriving ---- */

/* Like Linux: as long as the buffer was not overdrawn before, one more has room. */
static void enqueue(eddy__sim_socket *self, eddy__sim_datagram *datagram)
{
    eddy__sim_udp *udp = self->udp;

    if (udp->queue_cost > (size_t)udp->options[EDDY__DATAGRAM_RECV_BUFFER]) {
        eddy__sim_udp_trace(self, "no room", (int64_t)datagram->header.len);
        eddy__sim_datagram_free(self->host->sim->allocator, datagram);
        return;
    }
    eddy__list_append(&udp->queue, &datagram->in);
    udp->queue_cost += eddy__sim_udp_cost(datagram->header.len);
    eddy__sim_tell(self);
}

/* NULL: no memory. */
static eddy__sim_datagram *copy(const eddy_allocator *allocator, const eddy__sim_datagram *like)
{
    size_t size = sizeof *like + like->header.len;
    eddy__sim_datagram *self = eddy__alloc(allocator, size);

    if (self == NULL)
        return NULL;
    memcpy(self, like, size);
    eddy__list_init(&self->in);
    eddy__list_init(&self->of_sender);
    return self;
}

static void input_for_many(eddy__sim_host *host, const eddy__sim_datagram *datagram)
{
    EDDY__LIST_FOR_EACH (node, &host->udps) {
        eddy__sim_socket *it = EDDY__CONTAINER(node, eddy__sim_udp, of_host)->socket;
        eddy__sim_datagram *one;

        if (!eddy__sim_udp_hears(it, &datagram->header))
            continue;
        one = copy(host->sim->allocator, datagram);
        if (one != NULL)
            enqueue(it, one);
        else
            eddy__sim_udp_trace(it, "no memory", 0);
    }
}

/* The word goes back to where the datagram came from. */
static void refuse(const eddy__sim_datagram *datagram)
{
    eddy__sim_link *back = eddy__sim_link_get(datagram->link->to, datagram->link->from);
    const eddy__sim_udp_header header = {
        .from = datagram->header.to,
        .to = datagram->header.from,
        .number = datagram->header.number,
        .error = -ECONNREFUSED,
    };

    if (back != NULL)
        eddy__sim_datagram_send(back, &header, NULL, NULL);
}

static void input_refusal(const eddy__sim_host *host, const eddy__sim_udp_header *header)
{
    eddy__sim_socket *self = eddy__sim_udp_find(host, header);

    if (self == NULL || self->remote.family == EDDY_ADDR_NONE)
        return;
    self->error = header->error;
    eddy__sim_udp_trace(self, "refused", header->error);
    eddy__sim_tell(self);
}

static bool is_refused(const eddy__sim_datagram *datagram)
{
    return datagram->link->from != datagram->link->to &&
           eddy__sim_happens(datagram->link->to->sim, EDDY_CHAOS_DGRAM_REFUSE);
}

void eddy__sim_udp_input(eddy__sim_host *host, eddy__sim_datagram *datagram)
{
    const eddy__sim_udp_header *header = &datagram->header;
    eddy__sim_socket *self;

    if (header->error != 0) {
        input_refusal(host, header);
    } else if (eddy__sim_addr_is_group(&header->to)) {
        input_for_many(host, datagram);
    } else {
        self = is_refused(datagram) ? NULL : eddy__sim_udp_find(host, header);
        if (self != NULL) {
            enqueue(self, datagram);
            return;
        }
        refuse(datagram);
    }
    eddy__sim_datagram_free(host->sim->allocator, datagram);
}

/* ---- receiving ---- */

static uint32_t interface_of(const eddy__sim_datagram *datagram)
{
    if (datagram->header.interface != 0)
        return datagram->header.interface;
    return datagram->link->from == datagram->link->to ? EDDY__SIM_LOOPBACK : EDDY__SIM_NETWORK;
}

static void tell_more(const eddy__sim_socket *self, const eddy__sim_datagram *datagram,
                      eddy_datagram *out)
{
    const int *options = self->udp->options;

    if (options[EDDY__DATAGRAM_TELL_LOCAL] != 0) {
        out->local = eddy__sim_addr_shown(self, &datagram->header.to);
        out->local.port = 0;
        out->interface_index = interface_of(datagram);
    }
    if (options[EDDY__DATAGRAM_TELL_CLASS] != 0) {
        out->traffic_class = datagram->header.traffic_class;
        out->flags |= EDDY_DATAGRAM_TRAFFIC_CLASS;
    }
}

static void fill(const eddy__sim_socket *self, const eddy__sim_datagram *datagram,
                 eddy_datagram *out)
{
    size_t full = datagram->header.len;

    out->full_len = full;
    out->len = full < out->room ? full : out->room;
    if (out->len > 0)
        memcpy(out->data, datagram->bytes, out->len);
    out->peer = eddy__sim_addr_shown(self, &datagram->header.from);
    out->local = (eddy_addr){0};
    out->interface_index = 0;
    out->segment_bytes = 0;
    out->traffic_class = 0;
    out->flags = full > out->room ? EDDY_DATAGRAM_TRUNCATED : 0;
    tell_more(self, datagram, out);
}

static void take(eddy__sim_socket *self, eddy_datagram *out)
{
    eddy__sim_datagram *datagram = EDDY__CONTAINER(self->udp->queue.next, eddy__sim_datagram, in);

    fill(self, datagram, out);
    self->udp->queue_cost -= eddy__sim_udp_cost(datagram->header.len);
    eddy__sim_udp_trace(self, "take", (int64_t)out->len);
    eddy__sim_datagram_free(self->host->sim->allocator, datagram);
}

/* Fewer, if chance will have it so. */
static uint32_t shorten(eddy__sim *sim, uint32_t n)
{
    if (n < 2 || !eddy__sim_happens(sim, EDDY_CHAOS_SPLIT))
        return n;
    return 1 + eddy__sim_draw(sim, EDDY_CHAOS_SPLIT, n - 1);
}

int eddy__sim_udp_recv(eddy__system *system, int fd, eddy_datagram *list, uint32_t n)
{
    eddy__sim_socket *self = eddy__sim_socket_of(eddy__sim_host_of(system), fd);
    uint32_t got = 0;

    if (self == NULL)
        return -EBADF;
    if (self->udp == NULL)
        return -EOPNOTSUPP;
    if (self->error != 0)
        return eddy__sim_take_error(self->host, fd);
    if (eddy__list_empty(&self->udp->queue))
        return -EAGAIN;
    for (n = shorten(self->host->sim, n); got < n && !eddy__list_empty(&self->udp->queue); got++)
        take(self, &list[got]);
    return (int)got;
}
