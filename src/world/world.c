/* SPDX-License-Identifier: MIT */
/*
 * world.c - a world's life, and its run: let what is due happen, give each loop that has something
 * to do a turn, else let time jump.
 */
#include "world/world.h"

#include <errno.h>
#include <stdio.h>

#include "base/alloc.h"
#include "eddy/error.h"

/* ---- whose turn it is ---- */

static bool may_run(const eddy_host *host, const eddy__sim_cpu *asking)
{
    return host->core != NULL && host->core->driver->cpu != asking && !host->core->running &&
           !eddy__sim_host_stands(host->sim);
}

static bool wants_turn(const eddy_host *host, const eddy__sim_cpu *asking)
{
    return may_run(host, asking) &&
           (host->core->driver->cpu->woken || eddy__core_is_ready(host->core));
}

static bool run_if_wanted(eddy_host *host, const eddy__sim_cpu *asking)
{
    if (host->struck && may_run(host, asking)) {
        eddy__world_struck(host);
        return true;
    }
    if (!wants_turn(host, asking))
        return false;
    host->core->driver->cpu->woken = false;
    (void)eddy_core_turn(host->core, 0); /* a turn that does not wait cannot be stuck */
    return true;
}

/* Whom to ask first: they take it in turns, or as chance has it. */
static eddy__node *first_of(eddy_world *self)
{
    uint32_t skip;

    if (!eddy__sim_happens(self->sim, EDDY_CHAOS_ORDER))
        return self->next != NULL ? self->next : self->hosts.next;
    skip = eddy__sim_draw(self->sim, EDDY_CHAOS_ORDER, self->hosts_n);
    self->next = self->hosts.next;
    while (skip-- > 0)
        self->next = self->next->next;
    return self->next;
}

/* One turn of one host. */
static bool run_others(void *world, const eddy__sim_cpu *asking)
{
    eddy_world *self = world;
    eddy__node *node;

    if (self->hosts_n == 0)
        return false;
    node = first_of(self);
    for (uint32_t left = self->hosts_n + 1; left > 0; left--) {
        eddy__node *next = node->next;

        if (node != &self->hosts && run_if_wanted(EDDY__CONTAINER(node, eddy_host, all), asking)) {
            self->next = next;
            return true;
        }
        node = next;
    }
    return false;
}

static int64_t host_due(const eddy_host *host, const eddy__sim_cpu *asking)
{
    int64_t due_ns;

    if (host->core == NULL || host->core->driver->cpu == asking || host->core->running)
        return EDDY_FOREVER;
    due_ns = eddy__core_is_ready(host->core)
                 ? host->sim->sim->now_ns
                 : eddy__sim_from_local(host->sim, eddy__core_next_ns(host->core));
    return due_ns < host->sim->paused_until_ns ? host->sim->paused_until_ns : due_ns;
}

static int64_t others_due(void *world, const eddy__sim_cpu *asking)
{
    const eddy_world *self = world;
    int64_t first_ns = EDDY_FOREVER;

    EDDY__LIST_FOR_EACH (node, &self->hosts) {
        int64_t due_ns = host_due(EDDY__CONTAINER(node, eddy_host, all), asking);

        if (due_ns < first_ns)
            first_ns = due_ns;
    }
    return first_ns;
}

/* ---- life ---- */

/* An error that nobody joined is part of the story. */
static void trace_task_error(void *arg, const eddy_ended *ended)
{
    eddy_world *self = arg;

    eddy__sim_trace(self->sim, NULL, ended->name, ended->id, "nobody joined", ended->result);
}

static void fill_core_options(eddy_world *self, const eddy_core_options *given)
{
    self->core_options =
        given != NULL ? *given : (eddy_core_options){.size_bytes = sizeof self->core_options};
    self->core_options.driver = NULL;
    if (self->core_options.on_task_error == NULL) {
        self->core_options.on_task_error = trace_task_error;
        self->core_options.hook_arg = self;
    }
}

static int open_room(eddy_world *self, const eddy_world_options *options)
{
    eddy__sim_options room = {
        .seed = options->seed,
        .calm = options->calm,
        .faults = options->faults,
        .allocator = &self->allocator,
        .trace = options->trace,
        .trace_arg = options->trace_arg,
    };
    int error = eddy__sim_new(&room, &self->sim);

    if (error != 0)
        return error;
    self->sim->run_others = run_others;
    self->sim->others_due = others_due;
    self->sim->strike = eddy__world_strike;
    self->sim->world = self;
    return 0;
}

int eddy_world_new(const eddy_world_options *options, eddy_world **world)
{
    const eddy_world_options defaults = {.size_bytes = sizeof defaults};
    const eddy_allocator *allocator;
    eddy_world *self;
    int error;

    if (options == NULL)
        options = &defaults;
    if (options->size_bytes != sizeof *options)
        return -EINVAL;
    allocator = eddy__allocator_or_malloc(options->allocator);
    self = eddy__calloc(allocator, sizeof *self);
    if (self == NULL)
        return -ENOMEM;
    self->allocator = *allocator;
    eddy__list_init(&self->hosts);
    fill_core_options(self, options->core);
    error = open_room(self, options);
    if (error != 0) {
        eddy__free(allocator, self, sizeof *self);
        return error;
    }
    *world = self;
    return 0;
}

/* The room may stay a while: a remote of one of its loops keeps it. */
void eddy_world_free(eddy_world *self)
{
    eddy_allocator allocator;

    if (self == NULL)
        return;
    EDDY_ASSERT(!self->running, "eddy_world_free is called inside the run of the same world");
    self->sim->run_others = NULL;
    self->sim->others_due = NULL;
    self->sim->strike = NULL;
    while (!eddy__list_empty(&self->hosts))
        eddy__world_free_host(EDDY__CONTAINER(self->hosts.next, eddy_host, all));
    allocator = self->allocator;
    eddy__sim_release(self->sim);
    eddy__free(&allocator, self, sizeof *self);
}

/* ---- the run ---- */

static bool any_task(const eddy_world *self)
{
    EDDY__LIST_FOR_EACH (node, &self->hosts) {
        const eddy_host *host = EDDY__CONTAINER(node, eddy_host, all);

        if (host->core != NULL && !eddy__list_empty(&host->core->tasks))
            return true;
    }
    return false;
}

static eddy_result run(eddy_world *self, const eddy_until *until)
{
    int64_t until_ns = until->time_ns != 0 ? until->time_ns : EDDY_FOREVER;

    if (until_ns != EDDY_FOREVER && until_ns > EDDY__SIM_END_NS)
        until_ns = EDDY__SIM_END_NS;

    for (;;) {
        if (until->holds != NULL && until->holds(until->arg))
            return 0;
        if (self->sim->now_ns >= until_ns)
            return -ETIMEDOUT;
        if (!eddy__sim_step(self->sim, NULL, until_ns))
            return until->holds != NULL || any_task(self) ? EDDY_DEADLOCK : 0;
    }
}

eddy_result eddy_world_run(eddy_world *self, const eddy_until *until)
{
    const eddy_until end = {0};
    eddy_result result;

    eddy__sim_check(self->sim);
    EDDY_ASSERT(!self->running, "eddy_world_run is called inside itself");
    self->running = true;
    result = run(self, until != NULL ? until : &end);
    self->running = false;
    return result;
}

/* ---- looking at it ---- */

int64_t eddy_world_now_ns(const eddy_world *self)
{
    return self->sim->now_ns;
}

uint64_t eddy_world_hash(const eddy_world *self)
{
    return self->sim->hash;
}

void eddy_world_note(eddy_world *self, const char *what)
{
    eddy__sim_trace(self->sim, NULL, "note", 0, what, 0);
}

static const char *state_of(const eddy_host *host)
{
    if (host->core == NULL)
        return "down";
    return eddy__sim_host_stands(host->sim) ? "paused" : "up";
}

void eddy_world_dump(eddy_world *self, void (*write)(void *arg, const char *line), void *arg)
{
    EDDY__LIST_FOR_EACH (node, &self->hosts) {
        eddy_host *host = EDDY__CONTAINER(node, eddy_host, all);
        char ip[EDDY_ADDR_TEXT_MAX], line[160];

        (void)eddy_addr_print(&host->sim->addr, ip, sizeof ip);
        (void)snprintf(line, sizeof line, "host %s (%s): %s", host->sim->name, ip, state_of(host));
        write(arg, line);
        if (host->core != NULL)
            eddy_core_dump(host->core, write, arg);
    }
}
