/* SPDX-License-Identifier: MIT */
/*
 * sim.c - the room: its life, its time, its hosts and processors. See sim.h.
 */
#include "sim/unix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"

#define UPTIME_NS (1000 * EDDY_SECOND)       /* what a host's clock shows at the beginning */
#define WALL_NS   (1767225600 * EDDY_SECOND) /* 2026-01-01, which its wall clock shows */
#define MILLION   1000000
#define FDS_MAX   1024

/* ---- life ---- */

static void *own_alloc(eddy__sim *self, size_t size)
{
    return eddy__calloc(self->allocator, size);
}

int eddy__sim_new(const eddy__sim_options *options, eddy__sim **out)
{
    const eddy_allocator *allocator = eddy__allocator_or_malloc(options->allocator);
    eddy__sim *self = eddy__calloc(allocator, sizeof *self);
    const char *traced = getenv("EDDY_TRACE");
    int error;

    if (self == NULL)
        return -ENOMEM;
    self->allocator_copy = *allocator;
    self->allocator = &self->allocator_copy;
    self->thread = eddy__thread_self();
    self->refs = 1;
    self->seed = options->seed;
    self->trace = options->trace;
    self->trace_arg = options->trace_arg;
    self->traced = options->trace != NULL || (traced != NULL && strcmp(traced, "1") == 0);
    eddy__list_init(&self->hosts);
    error = eddy__sim_dice_init(self, options->calm, options->faults);
    if (error != 0) {
        eddy__sim_release(self);
        return error;
    }
    *out = self;
    return 0;
}

void eddy__sim_retain(eddy__sim *self)
{
    self->refs++;
}

void eddy__sim_host_free(eddy__sim_host *host)
{
    eddy__sim_sockets_free(host);
    eddy__sim_names_free(host);
    eddy__sim_links_free(host);
    eddy__list_remove(&host->all);
    eddy__free(host->sim->allocator, host, sizeof *host);
}

/* The room of those who ask for no special one. */
static _Thread_local eddy__sim *the_default;

void eddy__sim_release(eddy__sim *self)
{
    eddy_allocator allocator = self->allocator_copy;

    if (--self->refs > 0)
        return;
    if (the_default == self)
        the_default = NULL;
    while (!eddy__list_empty(&self->hosts))
        eddy__sim_host_free(EDDY__CONTAINER(self->hosts.next, eddy__sim_host, all));
    eddy__sim_dice_deinit(self);
    if (self->agenda != NULL)
        eddy__free(&allocator, self->agenda, self->agenda_size * sizeof(eddy__sim_event *));
    eddy__free(&allocator, self, sizeof *self);
}

eddy__sim *eddy__sim_default(void)
{
    const char *seed = getenv("EDDY_SEED");
    eddy__sim_options options = {
        .seed = seed != NULL ? strtoull(seed, NULL, 0) : 0,
        .calm = seed == NULL,
    };
    const eddy_addr addr = eddy_addr_ipv4(10, 0, 0, 1, 0);
    eddy__sim_host *host;

    if (the_default != NULL) {
        eddy__sim_retain(the_default);
        return the_default;
    }
    if (eddy__sim_new(&options, &the_default) != 0)
        return NULL;
    if (eddy__sim_host_new(the_default, "localhost", &addr, &host) != 0) {
        eddy__sim_release(the_default);
        return NULL;
    }
    return the_default;
}

/* ---- time ---- */

/* True: an event happened. */
static bool happen_due(eddy__sim *self)
{
    eddy__sim_event *event;

    if (self->agenda_n == 0 || self->agenda[0]->at_ns > self->now_ns)
        return false;
    event = self->agenda[0];
    eddy__sim_cancel(self, event);
    event->happen(event);
    return true;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Only a host that stands still waits for longer than it wanted. */
static int64_t wanted(const eddy__sim *self, const eddy__sim_cpu *asking, int64_t until_ns)
{
    if (asking == NULL || asking->host == NULL || asking->host->paused_until_ns <= self->now_ns)
        return until_ns;
    return asking->host->paused_until_ns;
}

/* What is due comes before whoever is ready: a loop that never rests must not hold up time. */
static bool step_once(eddy__sim *self, const eddy__sim_cpu *asking, int64_t until_ns)
{
    int64_t due_ns = until_ns;

    if (happen_due(self))
        return true;
    if (self->run_others != NULL && self->run_others(self->world, asking))
        return true;
    if (self->others_due != NULL)
        due_ns = earlier(due_ns, self->others_due(self->world, asking));
    if (due_ns == EDDY_FOREVER && self->agenda_real == 0)
        return false;
    due_ns = earlier(due_ns, eddy__sim_next_ns(self, false));
    if (due_ns > EDDY__SIM_END_NS)
        return false;
    if (due_ns > self->now_ns)
        self->now_ns = due_ns;
    (void)happen_due(self);
    return true;
}

void eddy__sim_pass(eddy__sim *self, int64_t time_ns)
{
    self->now_ns += time_ns;
    while (happen_due(self))
        continue;
}

bool eddy__sim_step(eddy__sim *self, const eddy__sim_cpu *asking, int64_t until_ns)
{
    do {
        if (!step_once(self, asking, wanted(self, asking, until_ns)))
            return false;
    } while (asking != NULL && asking->host != NULL &&
             asking->host->paused_until_ns > self->now_ns);
    return true;
}

/* ---- processors ---- */

eddy__sim_cpu *eddy__sim_cpu_new(eddy__sim_host *host)
{
    eddy__sim_cpu *cpu = own_alloc(host->sim, sizeof *cpu);

    if (cpu == NULL)
        return NULL;
    *cpu = (eddy__sim_cpu){.sim = host->sim, .host = host, .refs = 1};
    eddy__sim_retain(host->sim);
    return cpu;
}

void eddy__sim_cpu_release(eddy__sim_cpu *cpu)
{
    eddy__sim *sim = cpu->sim;

    if (--cpu->refs > 0)
        return;
    eddy__free(sim->allocator, cpu, sizeof *cpu);
    eddy__sim_release(sim);
}

void eddy__sim_check(const eddy__sim *self)
{
    EDDY_ASSERT(eddy__thread_is_self(&self->thread),
                "a simulated world is touched by another thread than the one that made it: in such "
                "a world everything is of one thread");
}

void eddy__sim_check_thread(void *cpu)
{
    eddy__sim_check(((const eddy__sim_cpu *)cpu)->sim);
}

void eddy__sim_wake(void *cpu)
{
    eddy__sim_check_thread(cpu);
    ((eddy__sim_cpu *)cpu)->woken = true;
}

/* ---- hosts ---- */

int eddy__sim_host_new(eddy__sim *self, const char *name, const eddy_addr *addr,
                       eddy__sim_host **out)
{
    const eddy_addr wire = eddy__sim_addr_wire(addr);
    eddy__sim_host *host;

    if (eddy_addr_is_loopback(&wire) || eddy_addr_is_any(&wire) || eddy__sim_addr_is_group(&wire))
        return -EINVAL;
    if (eddy__sim_host_find(self, NULL, &wire) != NULL)
        return -EADDRINUSE;
    host = own_alloc(self, sizeof *host);
    if (host == NULL)
        return -ENOMEM;
    host->system.type = &eddy__sim_system;
    host->sim = self;
    strncpy(host->name, name, sizeof host->name - 1);
    host->addr = wire;
    host->addr.port = 0;
    if (!eddy__list_empty(&self->hosts))
        host->index = EDDY__CONTAINER(self->hosts.prev, eddy__sim_host, all)->index + 1;
    host->base_ns = self->now_ns;
    host->local_base_ns = UPTIME_NS + self->now_ns;
    host->wall_ns_offset = WALL_NS - UPTIME_NS;
    host->fds_max = FDS_MAX;
    eddy__list_init(&host->links);
    eddy__sim_names_init(host);
    eddy__sim_sockets_init(host);
    eddy__list_append(&self->hosts, &host->all);
    if (eddy__sim_happens(self, EDDY_CHAOS_DRIFT))
        eddy__sim_set_drift(host, (int32_t)eddy__sim_draw(self, EDDY_CHAOS_DRIFT, 20001) - 10000);
    *out = host;
    return 0;
}

static bool same_ip(const eddy_addr *a, const eddy_addr *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

eddy__sim_host *eddy__sim_host_find(eddy__sim *self, eddy__sim_host *from, const eddy_addr *addr)
{
    if (from != NULL && eddy_addr_is_loopback(addr))
        return from;
    EDDY__LIST_FOR_EACH (node, &self->hosts) {
        eddy__sim_host *host = EDDY__CONTAINER(node, eddy__sim_host, all);

        if (same_ip(&host->addr, addr))
            return host;
    }
    return NULL;
}

void eddy__sim_host_crash(eddy__sim_host *host)
{
    if (host->down)
        return;
    host->down = true;
    host->paused_until_ns = 0;
    host->stalled_until_ns = 0;
    eddy__sim_trace(host->sim, host, "host", 0, "crash", 0);
    eddy__sim_sockets_free(host);
}

void eddy__sim_host_start(eddy__sim_host *host)
{
    if (!host->down)
        return;
    host->down = false;
    host->paused_until_ns = 0;
    host->stalled_until_ns = 0;
    eddy__sim_sockets_init(host);
    eddy__sim_trace(host->sim, host, "host", 0, "start", 0);
}

bool eddy__sim_host_stands(const eddy__sim_host *host)
{
    return host->down || host->paused_until_ns > host->sim->now_ns;
}

/* ---- clocks ---- */

static int64_t elapsed(const eddy__sim_host *host, int64_t room_ns)
{
    return room_ns + room_ns / MILLION * host->drift_ppm +
           room_ns % MILLION * host->drift_ppm / MILLION;
}

int64_t eddy__sim_local_ns(const eddy__sim_host *host)
{
    return host->local_base_ns + elapsed(host, host->sim->now_ns - host->base_ns);
}

int64_t eddy__sim_from_local(const eddy__sim_host *host, int64_t local_ns)
{
    const int64_t rate = MILLION + host->drift_ppm;
    int64_t want = local_ns - host->local_base_ns;
    int64_t room;

    if (local_ns == EDDY_FOREVER || want > EDDY__SIM_END_NS)
        return EDDY_FOREVER;
    if (want <= 0)
        return host->base_ns;
    room = want / rate * MILLION + want % rate * MILLION / rate;
    while (elapsed(host, room) < want)
        room++;
    return host->base_ns + room;
}

void eddy__sim_set_drift(eddy__sim_host *host, int32_t ppm)
{
    int64_t local_ns = eddy__sim_local_ns(host);

    host->base_ns = host->sim->now_ns;
    host->local_base_ns = local_ns;
    host->drift_ppm = ppm;
}

int64_t eddy__sim_wall_ns(eddy__sim_host *host)
{
    const int64_t day_ns = 24 * 3600 * EDDY_SECOND;

    if (eddy__sim_happens(host->sim, EDDY_CHAOS_WALL_JUMP))
        host->wall_ns_offset +=
            eddy__sim_draw_ns(host->sim, EDDY_CHAOS_WALL_JUMP, 2 * day_ns) - day_ns;
    return eddy__sim_local_ns(host) + host->wall_ns_offset;
}
