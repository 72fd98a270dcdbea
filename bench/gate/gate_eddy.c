/* SPDX-License-Identifier: MIT */
/*
 * gate_eddy - the program of the gate: gate_eddy WORKLOAD [--driver=io_uring|epoll] [--rounds=N]
 * [--calls]. Does N rounds of the workload after warming up by N / 5, and prints what it counted as
 * a line of JSON. Instructions are counted by valgrind, which sees the function it is to look into:
 *
 *     valgrind --tool=callgrind --toggle-collect=eddy_core_turn --zero-before=gate_steady \
 *         build/release/bench/gate_eddy echo_c64 --driver=epoll --rounds=500
 */
#include <errno.h>
#include <gnu/libc-version.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../compose/measure.h"
#include "gate.h"

enum {
    ROUNDS = 500,
    WARM_PART = 5,
    TURNS_MAX = 100, /* of one round: what never happens is found out */
};

/* What makes instructions comparable: who compiled, how, and for what. */
#ifdef __clang__
#define COMPILER       "clang"
#define COMPILER_MAJOR __clang_major__
#else
#define COMPILER       "gcc"
#define COMPILER_MAJOR __GNUC__
#endif
#if defined(__x86_64__)
#define MACHINE "x86_64"
#elif defined(__aarch64__)
#define MACHINE "aarch64"
#else
#define MACHINE "another machine"
#endif
#ifndef GATE_BUILD
#define GATE_BUILD "Release" /* the build folder's type; cmake/EddyBench.cmake sets it */
#endif

static const char usage[] =
    "usage: gate_eddy WORKLOAD [--driver=io_uring|epoll] [--rounds=N] [--calls]";

static const struct gate_workload *const lists[] = {
    gate_tcp_workloads, gate_udp_workloads, gate_timer_workloads, gate_task_workloads, NULL};

struct gate_counts *gate_counts;
uint64_t gate_done;

struct options {
    const struct gate_workload *workload;
    const char *driver;
    uint64_t rounds;
    bool calls;
};

void gate_check(bool is_right, const char *what)
{
    if (is_right)
        return;
    fprintf(stderr, "gate_eddy: wrong: %s\n", what);
    exit(1);
}

/* ---- the run ---- */

void gate_turn(struct gate *self)
{
    eddy_result n;

    heap_is_counting = gate_counts->steady;
    gate_counts->in_turn = gate_counts->steady;
    n = eddy_core_turn(self->core, 0);
    gate_counts->in_turn = false;
    heap_is_counting = false;
    gate_counts->turns += gate_counts->steady;
    gate_check(n >= 0, "a turn");
}

uint64_t gate_round_many(struct gate *self)
{
    gate_done = 0;
    for (int turns = 0; gate_done < GATE_MANY; turns++) {
        gate_check(turns < TURNS_MAX, "nothing happens");
        gate_turn(self);
    }
    gate_check(gate_done == GATE_MANY, "more happened than should have");
    return GATE_MANY;
}

void gate_spawn(struct gate *self, eddy_future *future)
{
    gate_check(eddy_spawn(self->handle, future) == 0, "spawn");
}

/* A function, for valgrind to see where the warming up ends. */
void gate_steady(void);
__attribute__((noinline)) void gate_steady(void)
{
    gate_counts->steady = true;
}

/* Limits on time are off: they are looked at by the processor's counter, which does not stand still. */
static int new_core(const char *driver, eddy_core **core)
{
    return eddy_core_new(EDDY_OPTIONS(eddy_core_options, .driver = driver, .stall_limit_ns = -1,
                                      .turn_time_ns = 3600 * EDDY_SECOND,
                                      .timer_tick_shift = GATE_TICK_SHIFT),
                         core);
}

/* That a machine does not permit a driver is no fault of ours; the exit status says so. */
static int say_no_core(const char *driver, int error)
{
    fprintf(stderr, "gate_eddy: %s: %s\n", driver, eddy_strerror(error));
    return error == -EPERM || error == -EACCES || error == -ENOSYS ? GATE_NO_DRIVER : 1;
}

static int run(void *arg)
{
    const struct options *options = arg;
    struct gate gate;
    int error = new_core(options->driver, &gate.core);

    if (error != 0)
        return say_no_core(options->driver, error);
    gate.handle = eddy_core_handle(gate.core);
    options->workload->start(&gate);
    for (uint64_t i = 0; i < options->rounds / WARM_PART; i++)
        (void)options->workload->round(&gate);
    gate_steady();
    for (uint64_t i = 0; i < options->rounds; i++)
        gate_counts->requests += options->workload->round(&gate);
    gate_counts->heap = heap_counted();
    eddy_core_free(gate.core);
    return 0;
}

/* ---- the command line ---- */

static void fail(const char *what)
{
    fprintf(stderr, "gate_eddy: %s\n%s\nworkloads:", what, usage);
    for (const struct gate_workload *const *list = lists; *list != NULL; list++)
        for (const struct gate_workload *at = *list; at->name != NULL; at++)
            fprintf(stderr, " %s", at->name);
    fprintf(stderr, "\n");
    exit(2);
}

static const struct gate_workload *find(const char *name)
{
    for (const struct gate_workload *const *list = lists; *list != NULL; list++)
        for (const struct gate_workload *at = *list; at->name != NULL; at++)
            if (strcmp(at->name, name) == 0)
                return at;
    fail("no such workload");
    return NULL;
}

static void parse(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--driver=", 9) == 0)
            options->driver = argv[i] + 9;
        else if (strncmp(argv[i], "--rounds=", 9) == 0)
            options->rounds = strtoull(argv[i] + 9, NULL, 10);
        else if (strcmp(argv[i], "--calls") == 0)
            options->calls = true;
        else
            options->workload = find(argv[i]);
    }
    if (options->workload == NULL)
        fail("no workload");
    if (options->rounds == 0)
        fail("no rounds");
}

static void print(const struct options *options)
{
    printf("{\"workload\":\"%s\",\"driver\":\"%s\",\"toolchain\":\"%s %d, %s, glibc %s, %s\",",
           options->workload->name, options->driver, COMPILER, COMPILER_MAJOR, MACHINE,
           gnu_get_libc_version(), GATE_BUILD);
    if (options->calls)
        gate_calls_print();
    printf("\"rounds\":%" PRIu64 ",\"requests\":%" PRIu64 ",\"turns\":%" PRIu64
           ",\"heap_calls\":%" PRIu64 ",\"clock_reads\":%" PRIu64 "}\n",
           options->rounds, gate_counts->requests, gate_counts->turns, gate_counts->heap,
           gate_counts->clock_reads);
}

int main(int argc, char **argv)
{
    struct options options = {.driver = "epoll", .rounds = ROUNDS};
    int status;

    parse(argc, argv, &options);
    gate_counts =
        mmap(NULL, sizeof *gate_counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    gate_check(gate_counts != MAP_FAILED, "memory");
    status = options.calls ? gate_calls_count(run, &options) : run(&options);
    if (status == 0)
        print(&options);
    return status;
}
