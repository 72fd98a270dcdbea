/* SPDX-License-Identifier: MIT */
/*
 * eddy/core.h - the loop itself. eddy_core_run() drives everything on this loop until one future
 * is done; what was spawned stays and goes on at the next run.
 *
 * A core may be made on one thread and run on another; the thread that first runs it owns it from
 * then on: it alone may use the core and its handle (checked, also in release builds). Other
 * threads have an eddy_remote (eddy/remote.h). After fork(2) the child may only free the core.
 */
#ifndef EDDY_CORE_H
#define EDDY_CORE_H

#include "eddy/alloc.h"
#include "eddy/future.h"
#include "eddy/why.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_core eddy_core;

/* A pointer to an options struct with its size filled in:
 * EDDY_OPTIONS(eddy_core_options, .driver = "epoll"). C only. */
#define EDDY_OPTIONS(...)        EDDY__OPTIONS(__VA_ARGS__, )
#define EDDY__OPTIONS(type, ...) (&(type){.size_bytes = sizeof(type), __VA_ARGS__})

/** Zero means the default, for every member but size_bytes. */
typedef struct eddy_core_options {
    size_t size_bytes;               /* sizeof(eddy_core_options) */
    const char *driver;              /* "io_uring", "epoll", or "sim", a calm simulated
                                        world of its own (eddy/sim.h); default: EDDY_DRIVER in the
                                        environment, else the best of the kernel's that works */
    const eddy_allocator *allocator; /* copied; default malloc(3) */
    int64_t stall_limit_ns;    /* a poll longer than this is a stall; 10 ms; < 0: not watched */
    int64_t turn_time_ns;      /* tasks run so long, then I/O is looked after; 500 us */
    uint32_t turn_polls;       /* and at most so many polls; 256 */
    uint32_t task_budget;      /* leaf operations of one poll of a task; 128; fewer than 4 are 4 */
    uint32_t inbox_turn;       /* jobs taken from other threads per turn; 256 */
    uint32_t inbox_max;        /* jobs that may wait; rounded up to a power of two; 1024 */
    uint32_t tasks_max;        /* live tasks; 1,000,000 */
    uint32_t timer_tick_shift; /* timers fire at multiples of 2^shift ns; 20: about 1 ms */
    uint32_t driver_without;   /* features of the driver to leave off: for tests */
    size_t recv_bytes_max;     /* blocks that the kernel receives into, in all; 64 MiB. What nobody
                                  reads is copied out of them, within each stream's window */
    /* An error that a task returned and nobody joined. Default: counted, printed in debug builds */
    void (*on_task_error)(void *arg, const eddy_ended *ended);
    /* A poll that took longer than stall_limit_ns. */
    void (*on_stall)(void *arg, const char *name, uint64_t id, int64_t took_ns);
    void *hook_arg; /* handed to the hooks */
} eddy_core_options;

/** Plain counters since the core was made. Bytes count what the kernel took and gave. */
typedef struct eddy_core_stats {
    uint64_t turns, polls, wakes, spawns, tasks_live, tasks_ended, task_errors;
    uint64_t timers_started, timers_fired, timers_live;
    uint64_t bytes_received, bytes_sent, connections_accepted, connections_opened;
    uint64_t jobs_run, kernel_wakes;
    uint64_t waits, syscalls, kernel_timer_arms;
    uint64_t heap_calls; /* times the allocator was called */
    uint64_t heap_bytes; /* bytes held now */
    uint64_t stalls;     /* polls beyond stall_limit_ns */
    int64_t stall_longest_ns;
    /* how often a limit was hit */
    uint64_t limit_task_budget, limit_turn_polls, limit_turn_time, limit_inbox_turn, limit_tasks;
    uint64_t limit_recv_window, limit_send_queue, limit_buffers;
    uint64_t accept_retries, accept_dropped; /* out of descriptors or memory; aborted connections */
    uint64_t closes_cut_off, bytes_cut_off;  /* closings ended by a limit; bytes never sent */
} eddy_core_stats;

/**
 * Make a loop.
 * @param options  NULL for all defaults                       borrowed for the call
 * @param core     set to the loop, owned by the caller
 * @return         0; -EINVAL: options of an unknown size or with an impossible value, or a driver
 * of an unknown name; -ENOMEM, -EMFILE; what the driver said when it was named and does not work
 * here (-EPERM, -ENOSYS, ...)
 * Thread: any; the first to run it owns it. Allocates: yes.
 */
EDDY_API int eddy_core_new(const eddy_core_options *options, eddy_core **core);

/**
 * End the loop: drop its tasks (their `done` hooks still may spawn or close: they get
 * EDDY_LOOP_GONE), refuse what other threads send, try once more to send what streams hold, then
 * close everything. I/O objects and join handles that are still held stay safe to free.
 * @param core  loop; NULL does nothing; not inside its own run (asserted)
 * @return      bytes that writes had accepted and that the kernel did not take
 * Thread: owner, or any once the owner's thread has ended. Blocks: at most about a second, unless a
 * stream that is still held was given a linger time of the kernel's (eddy_tcp_set_linger()).
 */
EDDY_API uint64_t eddy_core_free(eddy_core *core);

/**
 * Drive the loop until `future` ends. Everything else on the loop goes on meanwhile, and stays when
 * this returns, for the next run. May be called again and again.
 * @param core    loop; not inside its own run (asserted), inside another loop's is allowed
 * @param future  not polled yet; borrowed until it ends, may live on the caller's stack. A boxed
 * one is taken over
 * @return        the future's result, never EDDY_PENDING; EDDY_DEADLOCK when nothing on this loop
 *                can ever happen again: the future was dropped, eddy_core_dump() tells what each
 * task waits for; -errno when the driver broke (the future was dropped)
 * Thread: owner. Allocates: no.
 */
EDDY_API eddy_result eddy_core_run(eddy_core *core, eddy_future *future);

/**
 * Make one turn: the tasks that are ready now are run, each once; one that is spawned meanwhile
 * waits for the next turn.
 * @param core         loop; not inside its own run (asserted)
 * @param max_wait_ns  how long to wait for something to happen when no task is ready; 0: do not
 *                     block; EDDY_FOREVER
 * @return             how many polls were made; EDDY_DEADLOCK when it would wait for ever and
 *                     nothing can happen; -errno when the driver broke
 * Thread: owner. A signal ends the wait early, which is no error.
 */
EDDY_API eddy_result eddy_core_turn(eddy_core *core, int64_t max_wait_ns);

/**
 * A descriptor by which another loop (poll(2), glib, libuv, a game's frames) drives this one: it is
 * readable, by the level, whenever eddy_core_turn() has something to do. Watch it for input and
 * answer each time with eddy_core_turn(core, 0). It is kept so at the end of each turn and run, and
 * by all that makes work between them: the kernel, timers, other threads, and what the owner does
 * from outside (spawning, waking, connecting, closing). Now and then it is readable for a turn that
 * finds nothing: a timer was stopped meanwhile, a thread's wake crossed a turn.
 * @param core  loop; not inside its own run (asserted)
 * @return      descriptor, borrowed: never read, written or closed by the caller, who stops watching
 * it before eddy_core_free(); the same at each call. -EOPNOTSUPP on the simulated driver; -EMFILE,
 * -ENFILE, -ENOMEM
 * Thread: owner, which is the thread that turns. Allocates: no. Cost: from the first call on each
 * turn costs up to two system calls more. See: epoll(7), io_uring_register_eventfd(3)
 */
EDDY_API int eddy_core_fd(eddy_core *core);

/**
 * The reference to spawn and to make I/O objects with.
 * @param core  loop
 * @return      handle, borrowed, valid as long as the core
 * Thread: owner. Allocates: no.
 */
EDDY_API eddy_handle *eddy_core_handle(eddy_core *core);

/**
 * The driver in use.
 * @param core  loop
 * @return      "io_uring", "epoll" or "sim"
 * Thread: any. Allocates: no.
 */
EDDY_API const char *eddy_core_driver_name(const eddy_core *core);

/**
 * Why that driver is in use.
 * @param core  loop
 * @return      static text, e.g. "chosen by EDDY_DRIVER", "io_uring is not permitted here"
 * Thread: any. Allocates: no.
 */
EDDY_API const char *eddy_core_driver_reason(const eddy_core *core);

/**
 * Read the counters.
 * @param core   loop
 * @param stats  filled
 * Thread: owner. Allocates: no. Cost: a few hundred loads.
 */
EDDY_API void eddy_core_stats_get(const eddy_core *core, eddy_core_stats *stats);

/**
 * Write one line for each task: number, name, age, polls, state, and all that it waits for. After
 * EDDY_DEADLOCK the future that was run is included as it was then.
 * @param core   loop
 * @param write  called with each line, without a newline; must not use the loop
 * @param arg    handed to `write`
 * Thread: owner. Allocates: no.
 */
EDDY_API void eddy_core_dump(eddy_core *core, void (*write)(void *arg, const char *line),
                             void *arg);

/**
 * The loop's clock: monotonic, read now.
 * @param handle  loop
 * @return        nanoseconds
 * Thread: loop. Allocates: no.
 */
EDDY_API int64_t eddy_now_ns(eddy_handle *handle);

/**
 * The time of day, for logs and for what is told to others. It jumps when somebody sets it: never
 * measure a duration with it.
 * @param handle  loop
 * @return        nanoseconds since 1970-01-01 00:00 UTC
 * Thread: loop. Allocates: no. See: clock_gettime(2), CLOCK_REALTIME
 */
EDDY_API int64_t eddy_wall_ns(eddy_handle *handle);

EDDY_EXTERN_C_END

#endif
