/* SPDX-License-Identifier: MIT */
/*
 * links.c - the way from one host to another: how long it takes, how much goes through, whether it
 * is cut. One object per direction, made at first use, there until its host goes. It knows nothing
 * of what travels.
 */
#include <errno.h>

#include "base/alloc.h"
#include "sim/udp.h"

#define LATENCY_NS       (100 * EDDY_MICROSECOND)
#define JITTER_NS        (1 * EDDY_MILLISECOND)
#define LOCAL_LATENCY_NS (5 * EDDY_MICROSECOND)
#define LOCAL_JITTER_NS  (10 * EDDY_MICROSECOND)
#define CUT_MAX_NS       (10 * EDDY_SECOND)
#define SLOW_MAX_NS      (5 * EDDY_SECOND)
#define SLOW_RATE        100000 /* bytes per second */

static eddy__sim_link *make(eddy__sim_host *from, eddy__sim_host *to)
{
    eddy__sim_link *link = eddy__calloc(from->sim->allocator, sizeof *link);

    if (link == NULL)
        return NULL;
    link->from = from;
    link->to = to;
    eddy__sim_link_reset(link);
    eddy__list_init(&link->under_way);
    eddy__list_init(&link->datagrams);
    eddy__list_append(&from->links, &link->of_host);
    return link;
}

void eddy__sim_link_reset(eddy__sim_link *self)
{
    bool local = self->from == self->to;

    self->latency_ns = local ? LOCAL_LATENCY_NS : LATENCY_NS;
    self->jitter_ns = local ? LOCAL_JITTER_NS : JITTER_NS;
    self->bytes_per_second = 0;
}

eddy__sim_link *eddy__sim_link_get(eddy__sim_host *from, eddy__sim_host *to)
{
    EDDY__LIST_FOR_EACH (node, &from->links) {
        eddy__sim_link *link = EDDY__CONTAINER(node, eddy__sim_link, of_host);

        if (link->to == to)
            return link;
    }
    return make(from, to);
}

void eddy__sim_links_free(eddy__sim_host *from)
{
    while (!eddy__list_empty(&from->links)) {
        eddy__sim_link *link = EDDY__CONTAINER(from->links.next, eddy__sim_link, of_host);

        eddy__sim_segments_free(link);
        eddy__sim_datagrams_free(link);
        eddy__list_remove(&link->of_host);
        eddy__free(from->sim->allocator, link, sizeof *link);
    }
}

bool eddy__sim_link_works(const eddy__sim_link *self)
{
    return self->cut_until_ns <= self->from->sim->now_ns && !eddy__sim_host_stands(self->to);
}

/* ---- what happens by chance, once per segment ---- */

static void cut_for_a_while(eddy__sim_link *self, eddy_chaos chaos, int64_t time_ns)
{
    eddy__sim *sim = self->from->sim;
    int64_t until_ns = sim->now_ns + time_ns;

    if (self->cut_until_ns < until_ns)
        self->cut_until_ns = until_ns;
    eddy__sim_trace(sim, self->from, "link", self->to->index + 1, eddy__sim_chaos_name(chaos),
                    time_ns);
}

static void roll_cuts(eddy__sim_link *self)
{
    eddy__sim *sim = self->from->sim;

    if (eddy__sim_happens(sim, EDDY_CHAOS_CUT_ONE_WAY))
        cut_for_a_while(self, EDDY_CHAOS_CUT_ONE_WAY,
                        eddy__sim_draw_ns(sim, EDDY_CHAOS_CUT_ONE_WAY, CUT_MAX_NS));
    if (eddy__sim_happens(sim, EDDY_CHAOS_CUT)) {
        eddy__sim_link *back = eddy__sim_link_get(self->to, self->from);
        int64_t time_ns = eddy__sim_draw_ns(sim, EDDY_CHAOS_CUT, CUT_MAX_NS);

        cut_for_a_while(self, EDDY_CHAOS_CUT, time_ns);
        if (back != NULL)
            cut_for_a_while(back, EDDY_CHAOS_CUT, time_ns);
    }
}

static void roll_slow(eddy__sim_link *self)
{
    eddy__sim *sim = self->from->sim;
    int64_t time_ns;

    if (!eddy__sim_happens(sim, EDDY_CHAOS_SLOW))
        return;
    time_ns = eddy__sim_draw_ns(sim, EDDY_CHAOS_SLOW, SLOW_MAX_NS);
    self->slow_until_ns = sim->now_ns + time_ns;
    eddy__sim_trace(sim, self->from, "link", self->to->index + 1, "slow", time_ns);
}

static void roll_strike(eddy__sim_link *self, eddy_chaos chaos)
{
    eddy__sim *sim = self->from->sim;

    if (sim->strike != NULL && eddy__sim_happens(sim, chaos))
        sim->strike(sim->world, eddy__sim_draw(sim, chaos, 2) == 0 ? self->from : self->to, chaos);
}

/* ---- time ---- */

static int64_t rate_of(const eddy__sim_link *self)
{
    bool slow = self->slow_until_ns > self->from->sim->now_ns;

    if (slow && (self->bytes_per_second == 0 || self->bytes_per_second > SLOW_RATE))
        return SLOW_RATE;
    return self->bytes_per_second;
}

/* The link is busy with it, after what was sent before. */
static int64_t leaves_at(eddy__sim_link *self, size_t bytes)
{
    int64_t now_ns = self->from->sim->now_ns, rate = rate_of(self);
    int64_t start_ns = self->free_ns > now_ns ? self->free_ns : now_ns;

    if (rate == 0)
        return start_ns;
    self->free_ns = start_ns + (int64_t)bytes * EDDY_SECOND / rate;
    return self->free_ns;
}

int64_t eddy__sim_link_arrival(eddy__sim_link *self, size_t bytes)
{
    eddy__sim *sim = self->from->sim;
    int64_t jitter_ns = 0;

    if (self->from != self->to) {
        roll_cuts(self);
        roll_slow(self);
        roll_strike(self, EDDY_CHAOS_CRASH);
        roll_strike(self, EDDY_CHAOS_PAUSE);
    }
    if (eddy__sim_happens(sim, EDDY_CHAOS_LATENCY))
        jitter_ns = eddy__sim_draw_ns(sim, EDDY_CHAOS_LATENCY, self->jitter_ns);
    return leaves_at(self, bytes) + self->latency_ns + jitter_ns;
}

static void heal_host(eddy__sim_host *host)
{
    host->stalled_until_ns = 0;
    eddy__sim_forgotten_end(host);
    EDDY__LIST_FOR_EACH (node, &host->links) {
        eddy__sim_link *link = EDDY__CONTAINER(node, eddy__sim_link, of_host);

        link->cut_until_ns = 0;
        link->slow_until_ns = 0;
    }
}

void eddy__sim_links_heal(eddy__sim *sim)
{
    EDDY__LIST_FOR_EACH (node, &sim->hosts)
        heal_host(EDDY__CONTAINER(node, eddy__sim_host, all));
}
