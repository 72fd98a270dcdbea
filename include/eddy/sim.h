/* SPDX-License-Identifier: MIT */
/*
 * eddy/sim.h - the simulated world: hosts, a network between them and a clock, all inside one
 * thread, decided by a seed. The same program, unchanged, that runs on the kernel runs here:
 * eddy_host_core() is a core like any other.
 *
 * Time is virtual: it stands still while tasks run and jumps to the next thing that happens, so a
 * program that sleeps for a day is tested in microseconds. Everything that the contract leaves open
 * (the order of ready tasks, latency, where reads are split, ...) and every fault is drawn from the
 * seed; the same seed gives the same run, bit for bit, on every compiler, and eddy_world_hash()
 * tells whether it was the same.
 *
 * Faults by chance are here; eddy/sim_faults.h makes one happen by call.
 *
 * A world's time ends after 73 years; what would happen later never does.
 *
 * UDP datagrams travel as segments do; between two hosts they keep their order and none is lost until
 * faults are on, within a host never. Groups and 255.255.255.255 reach every host of the world. Each
 * host has two network interfaces: 1 is its loopback, 2 the network. Unix streams connect programs of
 * one host; a path stays until it is removed, also when the host crashes.
 *
 * What it is not: a model of TCP's congestion control, or of files, processes and names. Unix
 * datagrams are not in it. All functions: the thread that made the world.
 */
#ifndef EDDY_SIM_H
#define EDDY_SIM_H

#include "eddy/addr.h"
#include "eddy/core.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_world eddy_world;
typedef struct eddy_host eddy_host;

/*
 * Everything that is left to chance: X(name, text, odds by default in millionths, what happens).
 * Those up to EDDY_CHAOS_BATCH, and EDDY_CHAOS_SPURIOUS, are no faults: a correct program does not
 * notice them.
 */
#define EDDY_CHAOS_MAP(X)                                                                          \
    X(ORDER, "order", 250000, "a turn polls its ready tasks in another order")                     \
    X(PENDING, "pending", 50000, "a poll gets a budget of 0..3: its leaves are not ready yet")     \
    X(LATENCY, "latency", 1000000, "a segment takes as long as the link's jitter allows")          \
    X(SPLIT, "split", 300000, "a read gives less than there is, down to 1 byte")                   \
    X(SHORT_WRITE, "short-write", 100000, "the system takes less than all of a send")              \
    X(IN_FLIGHT, "in-flight", 500000, "a send, or a job of a pool, takes until later")             \
    X(RING, "ring", 300000, "a loop has 1, 2 or 3 receive buffers")                                \
    X(BATCH, "batch", 200000, "a wait gives few events, in another order")                         \
    X(LOSS, "loss", 5000, "a segment is lost and sent again")                                      \
    X(REFUSE, "refuse", 20000, "a connect is refused")                                             \
    X(UNREACHABLE, "unreachable", 10000, "a connect finds no way")                                 \
    X(SILENT, "silent", 10000, "a connect is never answered")                                      \
    X(RESET, "reset", 2000, "a connection is reset in the middle of data")                         \
    X(HALF_OPEN, "half-open", 500, "one end of a connection vanishes without a word")              \
    X(CUT, "cut", 500, "a link is cut in both directions, and healed later")                       \
    X(CUT_ONE_WAY, "cut-one-way", 500, "a link is cut in one direction, and healed later")         \
    X(STALL, "stall", 2000, "a receiver takes nothing for a while: buffers fill up")               \
    X(SLOW, "slow", 1000, "a link has little bandwidth for a while")                               \
    X(EMFILE, "emfile", 10000, "accept: EMFILE")                                                   \
    X(ENFILE, "enfile", 5000, "accept: ENFILE")                                                    \
    X(ENOBUFS, "enobufs", 5000, "accept: ENOBUFS")                                                 \
    X(ECONNABORTED, "econnaborted", 10000, "accept: ECONNABORTED")                                 \
    X(NO_MEMORY, "no-memory", 500, "an allocation of a host fails")                                \
    X(CRASH, "crash", 100, "a host crashes and starts again later")                                \
    X(PAUSE, "pause", 200, "a host stands still for up to an hour")                                \
    X(DRIFT, "drift", 200000, "a host's clock runs up to 1 % fast or slow")                        \
    X(WALL_JUMP, "wall-jump", 500, "a host's wall clock jumps up to a day")                        \
    X(DGRAM_LOSS, "dgram-loss", 10000, "a datagram is lost on its way to another host")            \
    X(DGRAM_DUPLICATE, "dgram-duplicate", 5000, "a datagram comes twice to another host")          \
    X(DGRAM_REORDER, "dgram-reorder", 10000, "datagrams overtake one on its way to another host")  \
    X(DGRAM_REFUSE, "dgram-refuse", 2000, "another host refuses a datagram: ECONNREFUSED")         \
    X(DGRAM_ENOBUFS, "dgram-enobufs", 5000, "sending a datagram: ENOBUFS")                         \
    X(SPURIOUS, "spurious", 200000, "a descriptor is told to be ready and is not")

#define EDDY__CHAOS_CONSTANT(name, text, ppm, what) EDDY_CHAOS_##name,

/** What is left to chance, see EDDY_CHAOS_MAP. */
typedef enum eddy_chaos { EDDY_CHAOS_MAP(EDDY__CHAOS_CONSTANT) EDDY_CHAOS_COUNT } eddy_chaos;

#undef EDDY__CHAOS_CONSTANT

/** Zero means the default. */
typedef struct eddy_world_options {
    size_t size_bytes;               /* sizeof(eddy_world_options) */
    uint64_t seed;                   /* 0 is a seed like any other */
    bool calm;                       /* nothing is left to chance: no chaos, no faults */
    bool faults;                     /* faults too, at their default odds; else only what a correct
                                        program does not notice */
    const eddy_allocator *allocator; /* of the world and its hosts; copied; default malloc(3) */
    const eddy_core_options *core;   /* for each host's core; copied; driver and allocator are the
                                        world's */
    /* Each line of the trace. Default: to standard error when EDDY_TRACE is set to 1 */
    void (*trace)(void *arg, const char *line);
    void *trace_arg;
} eddy_world_options;

/** A link between two hosts, the same in both directions. Zero means the default. */
typedef struct eddy_link {
    size_t size_bytes;        /* sizeof(eddy_link) */
    int64_t latency_ns;       /* of whatever travels, one way; 100 us; within a host 5 us */
    int64_t jitter_ns;        /* added to it, up to so much, by chance; 1 ms; within a host 10 us */
    int64_t bytes_per_second; /* 0: no limit */
} eddy_link;

/** When eddy_world_run() is to return. Zeroed members do not count. */
typedef struct eddy_until {
    bool (*holds)(void *arg); /* asked after every step; must change nothing */
    void *arg;
    int64_t time_ns; /* the world's time, see eddy_world_now_ns() */
} eddy_until;

/**
 * Make a world without hosts, at time 0.
 * @param options  NULL for all defaults
 * @param world    set; owned by the caller
 * @return         0; -EINVAL: options of an unknown size, or a name in EDDY_CHAOS that nothing has
 *                 (told on standard error); -ENOMEM
 * EDDY_CHAOS in the environment ("calm", or a list "order,split,reset#3,...") leaves only what it
 * names of what is left to chance: see tools/explore.
 * Allocates: yes.
 * Thread: the world's.
 */
EDDY_API int eddy_world_new(const eddy_world_options *options, eddy_world **world);

/**
 * End the world: every host crashes (its cores are freed), then everything is gone.
 * @param world  world; NULL does nothing; not from within its run (asserted). Remotes and wakers of
 *               its hosts stay safe to use on this thread; I/O objects and join handles that are
 *               held outside of tasks must have been given back
 * Thread: the world's.
 */
EDDY_API void eddy_world_free(eddy_world *world);

/**
 * Add a host with one core.
 * @param world  world
 * @param name   short, for traces and reports; copied
 * @param ip     IPv4 or IPv6 address as text, e.g. "10.0.0.1", no port; no other host may have it. Each host
 *               has its loopback addresses besides
 * @param host   set; owned by the world
 * @return       0; -EINVAL: not an address that a host can have; -EADDRINUSE; -ENOMEM
 * Allocates: yes.
 * Thread: the world's.
 */
EDDY_API int eddy_world_host(eddy_world *world, const char *name, const char *ip, eddy_host **host);

/**
 * The host's core, to spawn on, to run (which drives the whole world meanwhile) or to look at. The
 * world ends it, not eddy_core_free() (asserted).
 * @param host  host
 * @return      borrowed; NULL while the host is down; another one after a restart
 * Thread: the world's.
 */
EDDY_API eddy_core *eddy_host_core(eddy_host *host);

/**
 * The host's address with a port.
 * @param host  host
 * @param port  port
 * @return      address
 * Thread: the world's.
 */
EDDY_API eddy_addr eddy_host_addr(const eddy_host *host, uint16_t port);

/**
 * Say what runs on the host: called now, and again after each restart. It spawns the first tasks.
 * @param host  host, not down
 * @param boot  returns 0, or an error: the host goes down (and is started again later when it was
 *              chance that had let it crash)
 * @param arg   handed to boot
 * @return      what boot returned
 * Thread: the world's.
 */
EDDY_API int eddy_host_boot(eddy_host *host, int (*boot)(void *arg, eddy_handle *handle),
                            void *arg);

/**
 * Go on until the condition holds, the time has come, or nothing can happen any more.
 * @param world  world; not from within its run (asserted)
 * @param until  NULL: until nothing can happen
 * @return       0: the condition holds; -ETIMEDOUT: the time has come (it comes at once when nothing
 *               can happen before it); EDDY_DEADLOCK, when no time was given: no task is
 *               ready, no timer runs, nothing is under way (eddy_world_dump() tells what each task
 *               waits for); when neither condition nor time was given, that is what was asked for,
 *               and when no task is left it is 0
 * Thread: the world's.
 */
EDDY_API eddy_result eddy_world_run(eddy_world *world, const eddy_until *until);

/**
 * The world's time: nanoseconds since it was made. A host's clock (eddy_now_ns()) may run
 * otherwise.
 * @param world  world
 * @return       nanoseconds
 * Thread: the world's.
 */
EDDY_API int64_t eddy_world_now_ns(const eddy_world *world);

/**
 * Write a line for each host and each of its tasks: what it waits for.
 * @param world  world
 * @param write  called with each line, without a newline; must not use the world
 * @param arg    handed to `write`
 * Thread: the world's.
 */
EDDY_API void eddy_world_dump(eddy_world *world, void (*write)(void *arg, const char *line),
                              void *arg);

/**
 * A number for everything that has happened: the same seed and program give the same number.
 * @param world  world
 * @return       hash of the trace so far
 * Thread: the world's.
 */
EDDY_API uint64_t eddy_world_hash(const eddy_world *world);

/**
 * A number from the seed, for the program's own choices.
 * @param world  world
 * @param below  1..2^32 - 1
 * @return       0..below - 1, evenly
 * Thread: the world's.
 */
EDDY_API uint32_t eddy_world_random(eddy_world *world, uint32_t below);

/**
 * Write a line of one's own into the trace; it counts for the hash.
 * @param world  world
 * @param what   text without a newline; copied
 * Thread: the world's.
 */
EDDY_API void eddy_world_note(eddy_world *world, const char *what);

/* ---- chance ---- */

/**
 * Change the odds of one thing.
 * @param world  world
 * @param chaos  what
 * @param ppm    millionths per occasion; 0: never
 * Thread: the world's.
 */
EDDY_API void eddy_world_odds(eddy_world *world, eddy_chaos chaos, uint32_t ppm);

/**
 * From now on no fault happens by chance, and those that last (cuts, pauses, crashes, slow links,
 * stalls), also those made by call, are over: links are healed, hosts are up (one whose boot fails
 * stays down). What eddy_host_link(), eddy_host_drift() and eddy_world_odds() have set stays.
 * @param world  world
 * Thread: the world's.
 */
EDDY_API void eddy_world_heal(eddy_world *world);

/**
 * How often something has happened by chance.
 * @param world  world
 * @param chaos  what
 * @return       times
 * Thread: the world's.
 */
EDDY_API uint64_t eddy_world_chaos_count(const eddy_world *world, eddy_chaos chaos);

EDDY_EXTERN_C_END

#endif
