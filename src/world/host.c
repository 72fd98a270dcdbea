/* SPDX-License-Identifier: MIT */
/*
 * host.c - the hosts of a world: each a host of the room with one core on it, which goes with a
 * crash and comes anew with a restart.
 */
#include <errno.h>

#include "base/alloc.h"
#include "world/world.h"

#define OFF_MAX_NS                                                                                 \
    (30 * EDDY_SECOND) /* so long a host that crashed by chance stays down, at most */

/* ---- memory ---- */

/* Chance strikes a host that runs, not one that is being set up. */
static bool fails(eddy_host *self)
{
    if (self->core != NULL && eddy__sim_happens(self->world->sim, EDDY_CHAOS_NO_MEMORY))
        return true;
    if (self->fail_memory == 0)
        return false;
    if (self->fail_memory == 1 && self->fail_memory_more)
        return true;
    return --self->fail_memory == 0;
}

static void *host_alloc(size_t size, void *arg)
{
    eddy_host *self = arg;

    void *memory = fails(self) ? NULL : eddy__alloc(&self->world->allocator, size);

    self->blocks_out += memory != NULL;
    return memory;
}

static void host_free(void *memory, size_t size, void *arg)
{
    eddy_host *self = arg;

    self->blocks_out--;
    eddy__free(&self->world->allocator, memory, size);
}

void eddy_host_fail_memory(eddy_host *self, uint64_t nth, bool more)
{
    eddy__sim_trace(self->world->sim, self->sim, "host", 0, "fail memory", (int64_t)nth);
    self->fail_memory = nth;
    self->fail_memory_more = more;
}

/* ---- life ---- */

static int power_on(eddy_host *self)
{
    eddy_core_options options = self->world->core_options;
    eddy_core *core;
    int error;

    options.allocator = &self->memory;
    error = eddy__core_new(&options, self->sim, &core);
    if (error == 0)
        self->core = core;
    return error;
}

static void power_again(eddy__sim_event *event)
{
    eddy_host *self = EDDY__CONTAINER(event, eddy_host, power);

    if (eddy_host_restart(self) != 0)
        (void)eddy__sim_at(self->world->sim, event, self->world->sim->now_ns + EDDY_SECOND);
}

void eddy__world_struck(eddy_host *self)
{
    eddy__sim *sim = self->world->sim;

    self->struck = false;
    if (self->struck_by == EDDY_CHAOS_CRASH) {
        eddy_host_crash(self);
        (void)eddy__sim_at(sim, &self->power,
                           sim->now_ns + eddy__sim_draw_ns(sim, EDDY_CHAOS_CRASH, OFF_MAX_NS));
    } else {
        bool suspended = eddy__sim_draw(sim, EDDY_CHAOS_PAUSE, 10) == 0;

        eddy_host_pause(self, eddy__sim_draw_ns(sim, EDDY_CHAOS_PAUSE,
                                                suspended ? 3600 * EDDY_SECOND : 2 * EDDY_SECOND));
    }
}

int eddy_world_host(eddy_world *world, const char *name, const char *ip, eddy_host **host)
{
    eddy_addr addr;
    eddy_host *self;
    int error;

    eddy__sim_check(world->sim);
    if (eddy_addr_parse(ip, 0, &addr, NULL) != 0 || addr.port != 0)
        return -EINVAL;
    self = eddy__calloc(&world->allocator, sizeof *self);
    if (self == NULL)
        return -ENOMEM;
    self->world = world;
    self->memory = (eddy_allocator){host_alloc, host_free, self};
    self->power = (eddy__sim_event){.happen = power_again};
    error = eddy__sim_host_new(world->sim, name, &addr, &self->sim);
    if (error == 0)
        error = power_on(self);
    if (error != 0) {
        if (self->sim != NULL)
            eddy__sim_host_free(self->sim);
        eddy__free(&world->allocator, self, sizeof *self);
        return error;
    }
    eddy__list_append(&world->hosts, &self->all);
    world->hosts_n++;
    *host = self;
    return 0;
}

void eddy__world_free_host(eddy_host *self)
{
    eddy_world *world = self->world;

    eddy_host_crash(self);
    EDDY_ASSERT(self->blocks_out == 0,
                "an I/O object or join handle of host '%s' is still held: give it back before the "
                "world is freed",
                self->sim->name);
    eddy__sim_cancel(world->sim, &self->power);
    if (world->next == &self->all)
        world->next = self->all.next;
    eddy__list_remove(&self->all);
    world->hosts_n--;
    eddy__free(&world->allocator, self, sizeof *self);
}

eddy_core *eddy_host_core(eddy_host *self)
{
    return self->core;
}

eddy_addr eddy_host_addr(const eddy_host *self, uint16_t port)
{
    eddy_addr addr = self->sim->addr;

    addr.port = port;
    return addr;
}

/* Without what it is for, the host is as good as down. */
static int boot(eddy_host *self)
{
    int error = self->boot == NULL ? 0 : self->boot(self->boot_arg, eddy_core_handle(self->core));

    eddy__sim_trace(self->world->sim, self->sim, "host", 0, "boot", error);
    if (error != 0)
        eddy_host_crash(self);
    return error;
}

int eddy_host_boot(eddy_host *self, int (*boot_fn)(void *arg, eddy_handle *handle), void *arg)
{
    EDDY_ASSERT(self->core != NULL, "host '%s' is booted while it is down", self->sim->name);
    self->boot = boot_fn;
    self->boot_arg = arg;
    return boot(self);
}

void eddy_host_crash(eddy_host *self)
{
    eddy_core *core = self->core;

    if (core == NULL)
        return;
    EDDY_ASSERT(!core->running,
                "host '%s' is crashed from within one of its own tasks, or while eddy_core_run() "
                "drives it",
                self->sim->name);
    eddy__sim_cancel(self->world->sim, &self->power);
    self->struck = false;
    self->core = NULL;
    self->crashing = true;
    eddy__sim_host_crash(self->sim);
    eddy__core_crash(core);
    self->crashing = false;
    if (self->power.place != 0)
        (void)eddy__sim_at(self->world->sim, &self->power, self->world->sim->now_ns);
}

int eddy_host_restart(eddy_host *self)
{
    int error;

    eddy__sim_check(self->world->sim);
    if (self->core != NULL)
        return 0;
    if (self->crashing) /* a `done` of its last life asks for the next: when that is over */
        return eddy__sim_at(self->world->sim, &self->power, EDDY_FOREVER);
    eddy__sim_cancel(self->world->sim, &self->power);
    eddy__sim_host_start(self->sim);
    error = power_on(self);
    if (error == 0)
        return boot(self);
    eddy__sim_host_crash(self->sim);
    return error;
}

void eddy_host_pause(eddy_host *self, int64_t time_ns)
{
    eddy__sim *sim = self->world->sim;

    eddy__sim_check(sim);
    self->sim->paused_until_ns = eddy__time_add(sim->now_ns, time_ns);
    eddy__sim_trace(sim, self->sim, "host", 0, "pause", time_ns);
    eddy__sim_host_goes_on(self->sim);
}
