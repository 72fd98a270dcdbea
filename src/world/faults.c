/* SPDX-License-Identifier: MIT */
/*
 * faults.c - what goes wrong in a world: the odds, and faults by call. What they do is done by the
 * room (sim/) and by host.c; here they are named, checked and traced.
 */
#include <errno.h>

#include "world/world.h"

#define LINK_MAX_NS (24 * 3600 * EDDY_SECOND)
#define JUMP_MAX_NS (EDDY_FOREVER / 4)

static void trace(eddy_host *host, const char *what, int64_t value)
{
    eddy__sim_check(host->world->sim);
    eddy__sim_trace(host->world->sim, host->sim, "host", 0, what, value);
}

/* ---- chance ---- */

void eddy_world_odds(eddy_world *self, eddy_chaos chaos, uint32_t ppm)
{
    EDDY_ASSERT((unsigned)chaos < EDDY_CHAOS_COUNT, "there is no eddy_chaos %u", (unsigned)chaos);
    eddy__sim_check(self->sim);
    eddy__sim_trace(self->sim, NULL, eddy__sim_chaos_name(chaos), 0, "odds", ppm);
    self->sim->chances[chaos].ppm = ppm;
}

uint64_t eddy_world_chaos_count(const eddy_world *self, eddy_chaos chaos)
{
    EDDY_ASSERT((unsigned)chaos < EDDY_CHAOS_COUNT, "there is no eddy_chaos %u", (unsigned)chaos);
    return self->sim->chances[chaos].happened;
}

/* The program's own numbers have a row that nothing else draws from. */
uint32_t eddy_world_random(eddy_world *self, uint32_t below)
{
    EDDY_ASSERT(below > 0, "eddy_world_random: a number below 0 was asked for");
    return eddy__sim_draw(self->sim, EDDY_CHAOS_COUNT, below);
}

void eddy__world_strike(void *world, eddy__sim_host *struck, eddy_chaos chaos)
{
    eddy_world *self = world;

    EDDY__LIST_FOR_EACH (node, &self->hosts) {
        eddy_host *host = EDDY__CONTAINER(node, eddy_host, all);

        if (host->sim != struck || host->struck)
            continue;
        host->struck = true;
        host->struck_by = chaos;
    }
}

static void heal_host(eddy_host *host)
{
    host->struck = false;
    host->sim->refuse = 0;
    host->sim->accept_errors = 0;
    host->sim->paused_until_ns = 0;
    host->sim->stalled_until_ns = 0;
    host->fail_memory = 0;
    eddy__sim_host_goes_on(host->sim);
}

/* Hosts first: what links then carry must find them up. */
void eddy_world_heal(eddy_world *self)
{
    eddy__sim_check(self->sim);
    eddy__sim_trace(self->sim, NULL, "world", 0, "heal", 0);
    self->sim->healed = true;
    EDDY__LIST_FOR_EACH (node, &self->hosts) {
        eddy_host *host = EDDY__CONTAINER(node, eddy_host, all);

        heal_host(host);
        (void)eddy_host_restart(host);
    }
    eddy__sim_links_heal(self->sim);
}

/* ---- links ---- */

static int set_link(eddy_host *from, eddy_host *to, const eddy_link *link)
{
    eddy__sim_link *one = eddy__sim_link_get(from->sim, to->sim);

    if (one == NULL)
        return -ENOMEM;
    eddy__sim_link_reset(one);
    if (link->latency_ns != 0)
        one->latency_ns = link->latency_ns;
    if (link->jitter_ns != 0)
        one->jitter_ns = link->jitter_ns;
    one->bytes_per_second = link->bytes_per_second;
    trace(from, "link to", to->sim->index);
    return 0;
}

static bool is_in_range(int64_t time_ns)
{
    return time_ns >= 0 && time_ns <= LINK_MAX_NS;
}

int eddy_host_link(eddy_host *a, eddy_host *b, const eddy_link *link)
{
    int error;

    if (link->size_bytes != sizeof *link || !is_in_range(link->latency_ns) ||
        !is_in_range(link->jitter_ns) || link->bytes_per_second < 0)
        return -EINVAL;
    error = set_link(a, b, link);
    return error == 0 ? set_link(b, a, link) : error;
}

void eddy_host_cut(eddy_host *from, eddy_host *to)
{
    eddy__sim_link *link = eddy__sim_link_get(from->sim, to->sim);

    trace(from, "cut to", to->sim->index);
    if (link != NULL) /* else: no memory, and what is sent there is lost anyway */
        link->cut_until_ns = EDDY_FOREVER;
}

void eddy_host_uncut(eddy_host *from, eddy_host *to)
{
    eddy__sim_link *link = eddy__sim_link_get(from->sim, to->sim);

    trace(from, "uncut to", to->sim->index);
    if (link != NULL)
        link->cut_until_ns = 0;
}

/* ---- hosts ---- */

void eddy_host_reset(eddy_host *a, eddy_host *b)
{
    trace(a, "reset all with", b->sim->index);
    eddy__sim_reset_between(a->sim, b->sim);
}

void eddy_host_forget(eddy_host *host, eddy_host *peer)
{
    trace(host, "forget all with", peer->sim->index);
    eddy__sim_forget(host->sim, peer->sim);
}

void eddy_host_refuse(eddy_host *to, int error)
{
    EDDY_ASSERT(error <= 0, "eddy_host_refuse: %d is no error", error);
    trace(to, "refuse", error);
    to->sim->refuse = error;
}

void eddy_host_fail_accept(eddy_host *host, int error, uint32_t times)
{
    EDDY_ASSERT(error < 0, "eddy_host_fail_accept: %d is no error", error);
    trace(host, "fail accept", error);
    host->sim->accept_error = error;
    host->sim->accept_errors = times;
}

void eddy_host_stall(eddy_host *host, int64_t time_ns)
{
    trace(host, "stall", time_ns);
    host->sim->stalled_until_ns = eddy__time_add(host->world->sim->now_ns, time_ns);
    eddy__sim_host_goes_on(host->sim);
}

void eddy_host_drift(eddy_host *host, int32_t ppm)
{
    EDDY_ASSERT(ppm >= -500000 && ppm <= 1000000, "a clock cannot drift by %d millionths",
                (int)ppm);
    trace(host, "drift", ppm);
    eddy__sim_set_drift(host->sim, ppm);
}

void eddy_host_wall_jump(eddy_host *host, int64_t time_ns)
{
    int64_t *offset_ns = &host->sim->wall_ns_offset;

    EDDY_ASSERT(time_ns >= -JUMP_MAX_NS && time_ns <= JUMP_MAX_NS,
                "a wall clock cannot jump by %lld ns", (long long)time_ns);
    trace(host, "wall jump", time_ns);
    *offset_ns += time_ns;
    if (*offset_ns > JUMP_MAX_NS || *offset_ns < -JUMP_MAX_NS)
        *offset_ns = *offset_ns > 0 ? JUMP_MAX_NS : -JUMP_MAX_NS;
}
