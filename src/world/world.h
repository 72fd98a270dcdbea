/* SPDX-License-Identifier: MIT */
/*
 * world.h - the inside of a simulated world: what its files share. The room below it (sim/) knows
 * sockets and time; the world adds loops: a host of the room with a core on it.
 *
 *   world.c     its life, its run: whose turn it is
 *   host.c      hosts: boot, crash, restart, memory
 *   faults.c    chance, and faults by call
 *   explore.c   a scenario over many seeds
 */
#ifndef EDDY__WORLD_H
#define EDDY__WORLD_H

#include "eddy/sim.h"
#include "eddy/sim_faults.h"
#include "reactor/core.h"

struct eddy_world {
    eddy__sim *sim;
    eddy_allocator allocator;
    eddy_core_options core_options;
    eddy__node hosts;
    uint32_t hosts_n;
    eddy__node *next; /* whose turn comes first */
    bool running;
};

struct eddy_host {
    eddy_world *world;
    eddy__sim_host *sim;
    eddy_core *core; /* NULL: down */
    bool crashing;   /* its old core is being ended */
    eddy__node all;  /* in world->hosts */
    int (*boot)(void *arg, eddy_handle *handle);
    void *boot_arg;
    eddy_allocator memory; /* the core's: fails when told to */
    uint64_t blocks_out;   /* of it */
    uint64_t fail_memory;  /* so many allocations from now, one fails; 0: none */
    bool fail_memory_more; /* and all after it */
    bool struck; /* a crash or pause that chance has decided, when no loop is in the middle of */
    eddy_chaos struck_by;
    eddy__sim_event power; /* after a crash by chance: on again */
};

/* host.c */
void eddy__world_free_host(eddy_host *host);
void eddy__world_struck(eddy_host *host);
/* faults.c: the room's dice have decided it. */
void eddy__world_strike(void *world, eddy__sim_host *host, eddy_chaos chaos);

#endif
